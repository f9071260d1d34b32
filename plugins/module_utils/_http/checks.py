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

from .._text import excerpt
from .transport import Response

Query = Callable[[Any], Any]
#: Response headers whose values nobody may see.
SECRET_HEADERS = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True)
class Outcome:
    """What one check found, and what it expected."""

    check: str
    passed: bool
    found: str
    expected: str
    shows_body: bool = False
    """Whether ``found`` quotes the body."""

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
        found = excerpt(response.shown(response.text))
        return Outcome("body", bool(self.pattern.search(response.text)), found, expected, shows_body=True)


@dataclass(frozen=True)
class HeaderCheck(Check):
    name: str
    pattern: re.Pattern[str]

    def judge(self, response: Response) -> Outcome:
        name = self.name.lower()
        value = response.headers.get(name)
        passed = value is not None and bool(self.pattern.search(value))
        found = "absent"
        if value is not None:
            found = "present, its value is not shown" if name in SECRET_HEADERS else excerpt(response.shown(value))
        return Outcome(f"header {self.name}", passed, found, f"a match of /{self.pattern.pattern}/")


@dataclass(frozen=True)
class JsonCheck(Check):
    """One JMESPath expression over the body, whose result must be true and not empty."""

    expression: str
    query: Query

    def judge(self, response: Response) -> Outcome:
        passed, found = self._judge(response)
        shows_body = not passed and not response.truncated
        return Outcome(f"json {self.expression}", passed, found, "something true and not empty", shows_body)

    def _judge(self, response: Response) -> tuple[bool, str]:
        if response.truncated:
            return False, "not known, because the body is longer than body_limit_kib"
        body = excerpt(response.shown(response.text))
        try:
            found = self.query(json.loads(response.text))
        except ValueError as error:
            # jmespath's own errors, such as a wrong argument type, are ValueErrors too
            return False, f"not known ({excerpt(response.shown(str(error)))}) from {body}"
        shown = excerpt(response.shown(json.dumps(found, ensure_ascii=False, default=str)))
        # JMESPath treats 0 as true.
        passed = found not in (None, False, "", [], {}) or (found == 0 and not isinstance(found, bool))
        return passed, shown if passed else f"{shown} in {body}"
