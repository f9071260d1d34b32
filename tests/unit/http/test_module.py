# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own part: options that do not go together, and the sentence at the end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.checks import Outcome
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.probe import Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import InvalidRequest, Response
from ansible_collections.zero_downtime.dotnet.plugins.modules import http_probe


def params_with(**given: Any) -> dict[str, Any]:
    """What AnsibleModule makes of a task's arguments."""
    defaults = {name: option.get("default") for name, option in http_probe.argument_spec().items()}
    return {**defaults, "url": "http://127.77.1.11:8080/health", **given}


def prepare(params: dict[str, Any]) -> None:
    http_probe.check_params(params)
    http_probe.make_request(params)
    http_probe.make_checks(params)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"headers": {"X-Trace": "1"}, "secret_headers": {"Authorization": "Basic Zm9v"}},
        {"json": ["version == '2.0.0'"], "body": "ok", "response_headers": {"X": "^1"}, "max_latency_ms": 1},
        {"successes": 3, "timeout_s": 2, "interval_ms": 600},
        {"method": "HEAD", "status": [200, 204]},
    ],
)
def test_good_input_is_taken(params: dict[str, Any]) -> None:
    prepare(params_with(**params))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"headers": {"Authorization": "x"}}, "put it into secret_headers"),
        ({"headers": {"X-Api-Key": "x"}}, "put it into secret_headers"),
        ({"headers": {"cookie": "x"}}, "put it into secret_headers"),
        ({"json": ["version =="]}, "a JMESPath expression was expected"),
        ({"body": "("}, "a regular expression was expected"),
        ({"response_headers": {"X": "["}}, "a regular expression was expected"),
        ({"method": "HEAD", "body": "x"}, "use GET"),
        ({"method": "HEAD", "json": ["a"]}, "use GET"),
        ({"successes": 0}, "1 or more was expected"),
        ({"timeout_s": -1}, "0 or more was expected"),
        ({"successes": 3, "timeout_s": 1, "interval_ms": 600}, "give more time"),
        ({"successes": 2, "timeout_s": 0}, "give more time"),
        ({"status": []}, "at least one status code"),
        ({"host": "a b"}, "a host name was expected"),
        ({"url": "web01/health"}, "http://ADDRESS/PATH"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(params: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        prepare(params_with(**params))
    assert "\n" not in str(caught.value)


def test_the_sentence_says_what_was_asked_found_and_expected() -> None:
    params = params_with(host="shop.test")
    report = Report(attempts=7, waited_ms=3010, failure="status is 503, expected 200")
    assert http_probe.sentence(http_probe.make_request(params), params, report) == (
        "GET http://127.77.1.11:8080/health (Host: shop.test): status is 503, expected 200; 7 attempts in 3.0 s"
    )


PAGE = b"<h1>Server Error</h1>\r\n\r\n  \x1b[31mSqlException:\x00 Invalid column\r\n" + b"at Shop.Things\r\n" * 5000


def test_the_sentence_shows_the_status_and_the_first_lines_of_the_response() -> None:
    params = params_with(url="http://127.77.1.11:8080/things")
    request = http_probe.make_request(params)
    response = Response(500, "Internal Server Error", {"content-type": "text/html"}, PAGE)
    outcomes = [Outcome("status", False, "500", "200")]
    report = Report(response=response, outcomes=outcomes, failure="status is 500, expected 200", attempts=2)
    said = http_probe.sentence(request, params, report)
    assert said == (
        "GET http://127.77.1.11:8080/things: status is 500, expected 200; the response was 500 Internal Server Error "
        "(text/html): <h1>Server Error</h1> / SqlException:? Invalid column / at Shop.Things / at Shop.Things / "
        "at Shop.Things ...; 2 attempts in 0.0 s"
    )


def test_a_body_that_a_check_has_quoted_is_not_quoted_twice() -> None:
    params = params_with()
    response = Response(200, "OK", {}, b'{"version": "1.0"}')
    outcomes = [Outcome("json version", False, "false in {...}", "true", shows_body=True)]
    report = Report(response=response, outcomes=outcomes, failure=str(outcomes[0]), attempts=1)
    said = http_probe.sentence(http_probe.make_request(params), params, report)
    assert "; the response was 200 OK (no content type); 1 attempt" in said


def test_without_a_response_the_sentence_still_says_what_was_expected() -> None:
    params = params_with(status=[200, 204])
    report = Report(failure="127.77.1.11:8080 refused the connection", unanswered=True, attempts=1)
    said = http_probe.sentence(http_probe.make_request(params), params, report)
    assert "refused the connection; a response with status 200 or 204 expected; 1 attempt" in said


def test_the_sentence_is_bounded_and_on_one_line_whatever_came() -> None:
    params = params_with()
    response = Response(500, "x" * 9000 + "\x1b", {"content-type": "y" * 9000 + "\n"}, b"z" * 1_000_000)
    report = Report(response=response, outcomes=[Outcome("status", False, "500", "200")], failure="status is 500")
    said = http_probe.sentence(http_probe.make_request(params), params, report)
    assert len(said) < 800
    assert said.isprintable()


TOKEN = "Bearer t0p-s3cret-t0ken-of-the-page"


@pytest.mark.parametrize("before", range(360, 420, 3))
def test_a_secret_that_the_response_repeats_is_not_shown_not_even_in_part(before: int) -> None:
    """Wherever the text is cut: masking by Ansible finds only a secret that is whole."""
    params = params_with(secret_headers={"Authorization": TOKEN})
    request = http_probe.make_request(params)
    body = ("<p>" + "." * before + TOKEN + " " + TOKEN.split()[1] + "</p>").encode()
    response = Response(500, TOKEN, {"content-type": TOKEN}, body, secrets=tuple(request.secret_headers.values()))
    report = Report(response=response, outcomes=[Outcome("status", False, "500", "200")], failure="status is 500")
    said = http_probe.sentence(request, params, report) + str(http_probe.result_of(report)) + repr(request)
    assert "t0p" not in said
    assert "500" in said


def test_too_few_in_a_row_are_said_to_be_just_that() -> None:
    params = params_with(successes=5)
    report = Report(attempts=1, successes=1, waited_ms=60000)
    sentence = http_probe.sentence(http_probe.make_request(params), params, report)
    assert "1 right answers in a row, 5 expected; 1 attempt in 60.0 s" in sentence


def test_cookies_do_not_get_into_the_result() -> None:
    response = Response(200, "OK", {"set-cookie": "session=secret", "x-node": "web01"}, b"hello  there", latency_ms=3)
    result = http_probe.result_of(Report(response=response, outcomes=[Outcome("status", True, "200", "200")]))
    assert result["response"]["headers"] == {"x-node": "web01"}
    assert result["response"]["body_excerpt"] == "hello there"
    assert result["checks"] == [{"check": "status", "passed": True, "found": "200", "expected": "200"}]
