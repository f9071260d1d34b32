# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests a page until enough responses in a row pass their checks, or until the deadline.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from .._progress import Progress
from .._text import excerpt
from .._wait import Clock, Deadline
from .checks import Check, Outcome, judge_all
from .transport import InvalidRequest, Request, Response, Transport, TransportFailure

MOST_REDIRECTS = 5
_LEAST_JUDGING_S = 1.0  # a process has to start
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class Report:
    """The result of a probe: its last response with the outcome of each check."""

    passed: bool = False
    attempts: int = 0
    successes: int = 0
    waited_ms: int = 0
    response: Response | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    failure: str = ""
    unanswered: bool = False
    """Whether the last attempt had no response at all."""


class Probe:
    """One request, its checks, and how many times in a row they must pass."""

    def __init__(
        self,
        transport: Transport,
        request: Request,
        checks: Sequence[Check],
        successes: int = 1,
        follow_redirects: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._transport = transport
        self._request = request
        self._checks = checks
        self._successes = successes
        self._follow_redirects = follow_redirects
        self._progress = progress or Progress(path="")

    def run(self, deadline: Deadline) -> Report:
        report = Report()
        while True:
            permanent = self._attempt(report, deadline)
            report.waited_ms = deadline.elapsed_ms
            if report.successes >= self._successes:
                report.passed = True
                return report
            if permanent or deadline.expired:
                return report
            self._progress.tell(lambda: self._line(report))
            deadline.sleep()

    def _attempt(self, report: Report, deadline: Deadline) -> bool:
        """Send one request and record its outcome. True when another attempt cannot help."""
        report.attempts += 1
        began = deadline.clock()
        # The first attempt has its full time limit, even where the deadline allows no second one.
        left = deadline.left_s if report.attempts > 1 else max(deadline.left_s, self._request.timeout_s)
        limit = min(self._request.timeout_s, max(left, 0.1))
        try:
            response = self._ask(dataclasses.replace(self._request, timeout_s=limit), deadline.clock)
        except TransportFailure as failure:
            report.response, report.outcomes, report.successes, report.unanswered = None, [], 0, True
            report.failure = str(failure)
            return failure.permanent
        report.response, report.unanswered = response, False
        report.outcomes = judge_all(self._checks, response, max(_LEAST_JUDGING_S, began + limit - deadline.clock()))
        wrong = [outcome for outcome in report.outcomes if not outcome.passed]
        report.failure = "; ".join(str(outcome) for outcome in wrong)
        report.successes = 0 if wrong else report.successes + 1
        return False

    def _ask(self, request: Request, clock: Clock) -> Response:
        """The response, of the last redirect where they are followed: all of them within one time limit."""
        end = clock() + request.timeout_s
        response = self._transport.send(request)
        followed = 0
        while self._follow_redirects and response.status in REDIRECTS and "location" in response.headers:
            followed += 1
            if followed > MOST_REDIRECTS:
                raise TransportFailure(f"more than {MOST_REDIRECTS} redirects, the last one to {_location(response)}")
            left_s = end - clock()
            if left_s <= 0:
                raise TransportFailure(f"no complete answer after {followed - 1} redirects in time")
            request = dataclasses.replace(redirected(request, response), timeout_s=left_s)
            answer = self._transport.send(request)
            response = dataclasses.replace(answer, latency_ms=response.latency_ms + answer.latency_ms)
        return response

    def _line(self, report: Report) -> str:
        state = f"{report.successes} of {self._successes} in a row" if not report.failure else report.failure
        return f"{self._request}: {state}, attempt {report.attempts}, {report.waited_ms / 1000:.0f} s"


def _location(response: Response) -> str:
    """Where a redirect leads, for messages."""
    return excerpt(response.shown(response.headers["location"]))


def redirected(request: Request, response: Response) -> Request:
    """The request that follows a redirect, to the same address: a probe never leaves its node.

    Raises TransportFailure for a redirect to another node.
    """
    location, shown = response.headers["location"], _location(response)
    asked = request.split
    logical = asked._replace(netloc=request.host_header).geturl()
    try:
        split = urlsplit(urljoin(logical, location))
        port = split.port
    except ValueError as error:
        raise TransportFailure(
            f"redirected to {shown}: {excerpt(response.shown(str(error)))}", permanent=True
        ) from error
    if split.scheme not in ("http", "https") or (split.hostname or "").lower() not in (
        request.name.lower(),
        asked.hostname,
    ):
        raise TransportFailure(
            f"redirected to {shown}, which is not {request.name}: a probe stays on its node", permanent=True
        )
    netloc = asked.netloc
    if (split.scheme, split.netloc) != (asked.scheme, request.host_header):
        address = f"[{asked.hostname}]" if ":" in (asked.hostname or "") else str(asked.hostname)
        netloc = f"{address}:{port}" if port else address
    try:
        return dataclasses.replace(
            request,
            url=split._replace(netloc=netloc, fragment="").geturl(),
            host=split.netloc if request.host else None,
        )
    except InvalidRequest as error:
        raise TransportFailure(
            f"redirected to {shown}: {excerpt(response.shown(str(error)))}", permanent=True
        ) from error
