# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a probe against a script of answers, on a clock that only the script moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.checks import StatusCheck
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.probe import Probe, Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import (
    Request,
    Response,
    Transport,
    TransportFailure,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._wait import Deadline

Answer = Response | TransportFailure
OK = Response(200, latency_ms=5)
COLD = Response(503)
REFUSED = TransportFailure("127.77.1.11:80 refused the connection")


@dataclass
class Script(Transport):
    """Plays answers one after the other; each costs time. Asked once too often, it fails the test."""

    answers: list[Answer]
    costs_s: float = 0.0
    now: float = 1000.0
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        assert self.answers, "one request too many"
        self.asked.append(request)
        self.now += min(self.costs_s, request.timeout_s)
        answer = self.answers.pop(0)
        if isinstance(answer, TransportFailure):
            raise answer
        return answer

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def deadline(self, timeout_s: float, interval_s: float = 0.5) -> Deadline:
        return Deadline(timeout_s, interval_s, interval_s, clock=lambda: self.now, pause=self.pause)


def probe(
    answers: Sequence[Answer],
    successes: int = 1,
    timeout_s: float = 60,
    costs_s: float = 0.0,
    follow: bool = False,
    request: Request | None = None,
) -> tuple[Report, Script]:
    script = Script(list(answers), costs_s)
    asked = request or Request("http://127.77.1.11:8080/health", host="shop.test")
    report = Probe(script, asked, [StatusCheck([200])], successes, follow).run(script.deadline(timeout_s))
    assert not script.answers, "the probe ended before the script"
    return report, script


def test_one_right_answer_is_enough_by_default() -> None:
    report, _script = probe([OK])
    assert (report.passed, report.attempts, report.successes, report.waited_ms) == (True, 1, 1, 0)


def test_it_goes_on_through_refusals_and_cold_answers() -> None:
    report, _script = probe([REFUSED, COLD, OK])
    assert (report.passed, report.attempts, report.waited_ms) == (True, 3, 1000)


def test_successes_count_only_in_a_row() -> None:
    report, _script = probe([OK, OK, COLD, OK, OK, OK], successes=3)
    assert (report.passed, report.attempts, report.successes) == (True, 6, 3)


def test_a_failure_between_two_successes_keeps_it_from_passing() -> None:
    report, _script = probe([OK, REFUSED, OK, REFUSED], successes=2, timeout_s=1.5)
    assert not report.passed
    assert report.failure == str(REFUSED)
    assert report.response is None


def test_at_the_deadline_it_says_what_it_saw_last() -> None:
    report, _script = probe([REFUSED, COLD, COLD], timeout_s=1.0)
    assert not report.passed
    assert report.failure == "status is 503, expected 200"
    assert report.waited_ms == 1000
    assert [outcome.passed for outcome in report.outcomes] == [False]


def test_with_no_time_at_all_the_first_answer_decides() -> None:
    passed, _script = probe([OK], timeout_s=0)
    failed, _script = probe([COLD], timeout_s=0)
    assert (passed.passed, failed.passed, failed.attempts) == (True, False, 1)


def test_with_no_time_at_all_the_one_request_still_has_its_own() -> None:
    _report, script = probe([OK], timeout_s=0)
    assert script.asked[0].timeout_s == Request("http://x/").timeout_s


def test_a_request_never_runs_far_beyond_the_deadline() -> None:
    _report, script = probe([REFUSED, REFUSED], timeout_s=50, costs_s=30)
    assert [request.timeout_s for request in script.asked] == [30, 19.5]


def test_a_certificate_that_is_not_trusted_is_not_asked_again() -> None:
    report, _script = probe([TransportFailure("the certificate is not trusted", permanent=True)])
    assert (report.passed, report.attempts) == (False, 1)


def test_a_redirect_is_the_answer_unless_it_is_to_be_followed() -> None:
    away = Response(302, headers={"location": "/login"})
    report, _script = probe([away], timeout_s=0)
    assert report.failure == "status is 302, expected 200"
    followed, script = probe([away, OK], timeout_s=0, follow=True)
    assert followed.passed
    assert script.asked[1].url == "http://127.77.1.11:8080/login"


@pytest.mark.parametrize(
    ("location", "url", "host"),
    [
        ("/b?c=1", "http://127.77.1.11:8080/b?c=1", "shop.test"),
        ("b", "http://127.77.1.11:8080/a/b", "shop.test"),
        ("http://shop.test/b", "http://127.77.1.11:8080/b", "shop.test"),
        ("https://shop.test/b", "https://127.77.1.11/b", "shop.test"),
        ("https://SHOP.test:8443/b", "https://127.77.1.11:8443/b", "SHOP.test:8443"),
    ],
)
def test_a_redirect_is_followed_at_the_same_address(location: str, url: str, host: str) -> None:
    request = Request("http://127.77.1.11:8080/a/", host="shop.test")
    _report, script = probe([Response(301, headers={"location": location}), OK], 1, 0, follow=True, request=request)
    assert (script.asked[1].url, script.asked[1].host) == (url, host)


@pytest.mark.parametrize(
    "location",
    ["http://elsewhere.test/", "//elsewhere.test/", "ftp://shop.test/", "http://[::1/", "http://shop.test:x/"],
)
def test_a_redirect_to_somewhere_else_is_not_followed(location: str) -> None:
    report, script = probe([Response(302, headers={"location": location})], timeout_s=0, follow=True)
    assert not report.passed
    assert "redirected to" in report.failure
    assert len(script.asked) == 1


def test_redirects_in_a_circle_end() -> None:
    report, _script = probe([Response(302, headers={"location": "/a"})] * 6, timeout_s=0, follow=True)
    assert not report.passed
    assert "more than 5 redirects" in report.failure
