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
