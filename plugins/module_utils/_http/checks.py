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
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Callable, ClassVar

from .._text import excerpt
from .bounded import OutOfBounds, within
from .transport import Response

Query = Callable[[Any], Any]
#: Response headers whose values nobody may see.
_LONGEST_PLAIN = 200
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

    @property
    def is_bounded(self) -> bool:
        """Whether it costs little, whatever the response holds."""
        return True

    @abc.abstractmethod
    def judge(self, response: Response) -> Outcome:
        """Check the response."""

    def outcome(self, passed: bool, found: str, shows_body: bool = False) -> Outcome:
        """An outcome of this check."""
        return Outcome(self.subject, passed, found, self.wanted, shows_body)

    @property
    @abc.abstractmethod
    def subject(self) -> str:
        """What is checked, for messages."""

    @property
    @abc.abstractmethod
    def wanted(self) -> str:
        """What is expected, for messages."""


def judge_all(checks: Sequence[Check], response: Response, limit_s: float) -> list[Outcome]:
    """The outcome of each check, within a time for all of them. What cannot be judged has not passed."""
    if all(check.is_bounded for check in checks):
        return [check.judge(response) for check in checks]
    try:
        found = within(limit_s, lambda: [astuple(check.judge(response)) for check in checks])
        return [Outcome(*values) for values in found]
    except OutOfBounds as error:
        reason = f"not known, because its check {error}"
        return [check.judge(response) if check.is_bounded else check.outcome(False, reason) for check in checks]


@dataclass(frozen=True)
class _PatternCheck(Check):
    """A regular expression, which a release may give."""

    pattern: re.Pattern[str]

    @property
    def is_bounded(self) -> bool:
        # Without repetition, alternatives and groups each place of the text is tried once.
        text = self.pattern.pattern
        return len(text) <= _LONGEST_PLAIN and not set(text) & set("*+?{(|")

    @property
    def wanted(self) -> str:
        return f"a match of /{excerpt(self.pattern.pattern)}/"


@dataclass(frozen=True)
class StatusCheck(Check):
    expected: Collection[int]

    subject: ClassVar[str] = "status"

    @property
    def wanted(self) -> str:
        return " or ".join(str(status) for status in self.expected)

    def judge(self, response: Response) -> Outcome:
        return self.outcome(response.status in self.expected, str(response.status))


@dataclass(frozen=True)
class LatencyCheck(Check):
    most_ms: int

    subject: ClassVar[str] = "latency"

    @property
    def wanted(self) -> str:
        return f"at most {self.most_ms} ms"

    def judge(self, response: Response) -> Outcome:
        return self.outcome(response.latency_ms <= self.most_ms, f"{response.latency_ms} ms")


@dataclass(frozen=True)
class BodyCheck(_PatternCheck):
    subject: ClassVar[str] = "body"

    def judge(self, response: Response) -> Outcome:
        if response.truncated:
            return self.outcome(False, "longer than body_limit_kib")
        found = excerpt(response.shown(response.text))
        return self.outcome(bool(self.pattern.search(response.text)), found, shows_body=True)


@dataclass(frozen=True)
class HeaderCheck(_PatternCheck):
    name: str = ""

    @property
    def subject(self) -> str:
        return f"header {self.name}"

    def judge(self, response: Response) -> Outcome:
        name = self.name.lower()
        value = response.headers.get(name)
        passed = value is not None and bool(self.pattern.search(value))
        found = "absent"
        if value is not None:
            found = "present, its value is not shown" if name in SECRET_HEADERS else excerpt(response.shown(value))
        return self.outcome(passed, found)


@dataclass(frozen=True)
class JsonCheck(Check):
    """One JMESPath expression over the body, whose result must be true and not empty."""

    expression: str
    query: Query
    wanted: ClassVar[str] = "something true and not empty"

    @property
    def is_bounded(self) -> bool:
        return False

    @property
    def subject(self) -> str:
        return f"json {excerpt(self.expression)}"

    def judge(self, response: Response) -> Outcome:
        passed, found = self._judge(response)
        return self.outcome(passed, found, shows_body=not passed and not response.truncated)

    def _judge(self, response: Response) -> tuple[bool, str]:
        if response.truncated:
            return False, "not known, because the body is longer than body_limit_kib"
        body = excerpt(response.shown(response.text))
        try:
            found = self.query(json.loads(response.text))
        except RecursionError:
            return False, f"not known (nested too deep) from {body}"
        except ValueError as error:
            # jmespath's own errors, such as a wrong argument type, are ValueErrors too
            return False, f"not known ({excerpt(response.shown(str(error)))}) from {body}"
        shown = excerpt(response.shown(json.dumps(found, ensure_ascii=False, default=str)))
        # JMESPath treats 0 as true.
        passed = found not in (None, False, "", [], {}) or (found == 0 and not isinstance(found, bool))
        return passed, shown if passed else f"{shown} in {body}"
