# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check, passed and failed."""

from __future__ import annotations

import re

import jmespath
import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.checks import (
    BodyCheck,
    Check,
    HeaderCheck,
    JsonCheck,
    LatencyCheck,
    StatusCheck,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.masking import HIDDEN, without
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import Response
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._text import excerpt

JSON = Response(
    200,
    "OK",
    {"content-type": "application/json", "x-node": "web01"},
    b'{"version": "2.0.0", "things": [1, 2], "queue": 0, "ok": true, "gone": null}',
    latency_ms=12,
)


def json_check(expression: str) -> JsonCheck:
    return JsonCheck(expression, jmespath.compile(expression).search)


@pytest.mark.parametrize(
    ("check", "passes"),
    [
        (StatusCheck([200]), True),
        (StatusCheck([201, 204]), False),
        (LatencyCheck(12), True),
        (LatencyCheck(11), False),
        (BodyCheck(re.compile("2[.]0")), True),
        (BodyCheck(re.compile("3[.]0")), False),
        (HeaderCheck(re.compile("^web01$"), "X-Node"), True),
        (HeaderCheck(re.compile("^web02$"), "X-Node"), False),
        (HeaderCheck(re.compile(""), "X-Missing"), False),
        (json_check("version == '2.0.0'"), True),
        (json_check("version == '1.0.0'"), False),
        (json_check("length(things) > `1`"), True),
        (json_check("length(things) > `2`"), False),
        (json_check("ok"), True),
        (json_check("gone"), False),
        (json_check("queue"), True),
        (json_check("things[?@ > `5`]"), False),
        (json_check("length(queue)"), False),
    ],
)
def test_each_check_can_hold_and_can_break(check: Check, passes: bool) -> None:
    assert check.judge(JSON).passed is passes


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "x; charset=unknown"])
def test_a_byte_order_mark_is_no_error(content_type: str) -> None:
    response = Response(200, "OK", {"content-type": content_type}, b"\xef\xbb\xbf" + JSON.body)
    assert json_check("version == '2.0.0'").judge(response).passed is True
    assert BodyCheck(re.compile(r"\A\{")).judge(response).passed is True


def test_a_broken_check_says_what_was_found_and_what_was_expected() -> None:
    assert str(StatusCheck([200, 204]).judge(Response(503))) == "status is 503, expected 200 or 204"
    assert str(json_check("version == '1.0.0'").judge(JSON)).startswith(
        'json version == \'1.0.0\' is false in {"version": "2.0.0",'
    )


@pytest.mark.parametrize("body", [b"<html>Server Error</html>", b"", b"\xff\xfe"])
def test_a_body_that_is_no_json_breaks_the_check_and_is_shown(body: bytes) -> None:
    outcome = json_check("ok").judge(Response(200, body=body))
    assert not outcome.passed
    assert excerpt(Response(200, body=body).text) in outcome.found


@pytest.mark.parametrize("check", [BodyCheck(re.compile("version")), json_check("version")])
def test_a_body_that_was_cut_is_never_judged_by_its_beginning(check: Check) -> None:
    cut = Response(200, body=JSON.body, truncated=True)
    assert check.judge(JSON).passed
    assert not check.judge(cut).passed


def test_an_unknown_charset_does_not_end_in_a_traceback() -> None:
    assert Response(200, headers={"content-type": "text/html; charset=klingon"}, body=b"Qapla").text == "Qapla"
    assert Response(200, headers={"content-type": 'text/html; charset="latin-1"'}, body=b"\xe9").text == "\u00e9"


def test_secrets_are_replaced_whole_and_word_by_word() -> None:
    assert without(["Bearer abcdefgh", ""], "x Bearer abcdefgh y abcdefgh Bearer") == f"x {HIDDEN} y {HIDDEN} Bearer"
    assert without(["session=0123456789; theme=dark"], "0123456789 dark") == f"{HIDDEN} dark"


def test_checks_do_not_repeat_a_secret_of_the_request() -> None:
    response = Response(
        200, headers={"x-echo": "t0p-s3cret"}, body=b'{"sent": "t0p-s3cret", "ok": false}', secrets=("t0p-s3cret",)
    )
    checks: list[Check] = [json_check("ok"), json_check("sent"), json_check("length(ok)")]
    checks += [BodyCheck(re.compile("no match")), HeaderCheck(re.compile("other"), "X-Echo")]
    for check in checks:
        assert "t0p" not in str(check.judge(response)), check


def test_the_value_of_a_cookie_is_not_shown() -> None:
    response = Response(200, headers={"set-cookie": "session=c00kie"})
    assert "c00kie" not in str(HeaderCheck(re.compile("other"), "Set-Cookie").judge(response))
