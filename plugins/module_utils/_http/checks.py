# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a response. Each reports what it found and what it expected.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import abc
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Callable

from .transport import Response

Query = Callable[[Any], Any]
LONGEST = 200


@dataclass(frozen=True)
class Outcome:
    """What one check found, and what it expected."""

    check: str
    passed: bool
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.check} is {self.found}, expected {self.expected}"


class Check(abc.ABC):
    """One check."""

    @abc.abstractmethod
    def judge(self, response: Response) -> Outcome:
        """Check the response."""


@dataclass(frozen=True)
class StatusCheck(Check):
    expected: Collection[int]

    def judge(self, response: Response) -> Outcome:
        wanted = " or ".join(str(status) for status in self.expected)
        return Outcome("status", response.status in self.expected, str(response.status), wanted)


@dataclass(frozen=True)
class LatencyCheck(Check):
    most_ms: int

    def judge(self, response: Response) -> Outcome:
        found = response.latency_ms
        return Outcome("latency", found <= self.most_ms, f"{found} ms", f"at most {self.most_ms} ms")


@dataclass(frozen=True)
class BodyCheck(Check):
    pattern: re.Pattern[str]

    def judge(self, response: Response) -> Outcome:
        expected = f"a match of /{self.pattern.pattern}/"
        if response.truncated:
            return Outcome("body", False, "longer than body_limit_kib", expected)
        return Outcome("body", bool(self.pattern.search(response.text)), excerpt(response.text), expected)


@dataclass(frozen=True)
class HeaderCheck(Check):
    name: str
    pattern: re.Pattern[str]

    def judge(self, response: Response) -> Outcome:
        value = response.headers.get(self.name.lower())
        return Outcome(
            f"header {self.name}",
            value is not None and bool(self.pattern.search(value)),
            "absent" if value is None else excerpt(value),
            f"a match of /{self.pattern.pattern}/",
        )


@dataclass(frozen=True)
class JsonCheck(Check):
    """One JMESPath expression over the body, whose result must be true and not empty."""

    expression: str
    query: Query

    def judge(self, response: Response) -> Outcome:
        return Outcome(f"json {self.expression}", *self._judge(response), "something true and not empty")

    def _judge(self, response: Response) -> tuple[bool, str]:
        if response.truncated:
            return False, "not to be told from a body longer than body_limit_kib"
        try:
            found = self.query(json.loads(response.text))
        except ValueError as error:
            # jmespath's own errors, such as a wrong argument type, are ValueErrors too
            return False, f"not to be told ({excerpt(str(error))}) from {excerpt(response.text)}"
        shown = excerpt(json.dumps(found, ensure_ascii=False, default=str))
        # JMESPath treats 0 as true.
        passed = found not in (None, False, "", [], {}) or (found == 0 and not isinstance(found, bool))
        return passed, shown if passed else f"{shown} in {excerpt(response.text)}"


def excerpt(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return (line if len(line) <= longest else line[: longest - 3] + "...") or "empty"
