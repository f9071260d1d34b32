# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release or an application can make expensive ends in time, with a reason, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Any

import jmespath
import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.bounded import OutOfBounds, within
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.checks import (
    BodyCheck,
    Check,
    HeaderCheck,
    JsonCheck,
    StatusCheck,
    judge_all,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import InvalidRequest, Response
from ansible_collections.zero_downtime.dotnet.plugins.modules.http_probe import compiled, pattern

EVIL = "^(a+)+$"
LONG = b"a" * 60 + b"!"
IN_TIME_S = 20
"""Far more than a limit of one second takes on a busy machine, far less than the work would take."""


def children() -> list[int]:
    """Processes of this one that nobody has waited for."""
    try:
        return [os.waitpid(-1, os.WNOHANG)[0]]
    except ChildProcessError:
        return []


def json_check(expression: str) -> JsonCheck:
    return JsonCheck(expression, jmespath.compile(expression).search)


def test_work_returns_its_result() -> None:
    assert within(10, lambda: {"a": [1, "\U0001f600\udc80"]}) == {"a": [1, "\U0001f600\udc80"]}
    assert within(10, lambda: "x" * 500_000) == "x" * 500_000  # more than a pipe holds


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (lambda: re.search(EVIL, LONG.decode()), "took longer than 1 s"),
        (lambda: time.sleep(60), "took longer than 1 s"),
        (lambda: len("x" * 2**31), "took more memory than it may"),
        (lambda: "x" * 2_000_000, "gave more than 1048576 bytes"),
        (lambda: 1 / 0, "ended in ZeroDivisionError"),
        (lambda: os._exit(3), "took more memory than it may"),
    ],
    ids=["regex", "sleep", "memory", "result", "error", "killed"],
)
def test_work_out_of_bounds_ends(work: Callable[[], Any], reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(OutOfBounds, match=reason):
        within(1, work)
    assert time.monotonic() - began < IN_TIME_S
    assert children() == []


@pytest.mark.parametrize(
    "check",
    [
        BodyCheck(re.compile(EVIL)),
        HeaderCheck(re.compile(EVIL), "X-Long"),
        json_check("|".join(["[@,@]"] * 60)),
        json_check("|".join(["[@,@][]"] * 60)),
    ],
    ids=["body", "header", "json", "flattened json"],
)
def test_a_check_that_takes_too_long_has_not_passed(check: Check) -> None:
    """The others keep their outcomes."""
    body = b"[1]" if isinstance(check, JsonCheck) else LONG
    response = Response(200, headers={"x-long": LONG.decode()}, body=body)
    began = time.monotonic()
    status, outcome = judge_all([StatusCheck([200]), check], response, 1)
    assert time.monotonic() - began < IN_TIME_S
    assert status.passed
    assert not outcome.passed
    assert outcome.found.startswith("not known, because its check took ")


def test_the_checks_that_passed_alone_pass_together() -> None:
    """The twin: the same checks over a harmless response."""
    response = Response(200, headers={"x-long": "aaa"}, body=b"aaa")
    checks = [StatusCheck([200]), BodyCheck(re.compile(EVIL)), HeaderCheck(re.compile(EVIL), "X-Long")]
    assert [outcome.passed for outcome in judge_all(checks, response, 30)] == [True] * 3
    assert judge_all(checks, response, 30) == [check.judge(response) for check in checks]


def test_a_simple_pattern_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", None)
    (outcome,) = judge_all([BodyCheck(re.compile(r"^v[0-9]\.0.$"))], Response(200, body=b"v2.0x"), 1)
    assert outcome.passed
    assert not BodyCheck(re.compile("a" * 201)).is_bounded


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 100_000, b"[" * 50_000 + b"]" * 50_000])
def test_nested_json_is_a_check_that_failed(body: bytes) -> None:
    (outcome,) = judge_all([json_check("a")], Response(200, body=body), 30)
    assert not outcome.passed
    assert "not known" in outcome.found


@pytest.mark.parametrize(
    "charset",
    ["idna", "punycode", "undefined", "unicode_escape", "rot13", "hex", "zlib", "utf-7", "klingon", "x" * 200],
)
def test_a_charset_that_is_none_is_read_as_utf_8(charset: str) -> None:
    body = "größe".encode() + b"\\u0041" + b"a" * 200_000
    began = time.monotonic()
    text = Response(200, headers={"content-type": f"text/html; charset={charset}"}, body=body).text
    assert time.monotonic() - began < IN_TIME_S
    assert text.startswith("größe\\u0041a")


@pytest.mark.parametrize(
    ("charset", "body"),
    [("utf-16", "größe".encode("utf-16")), ("windows-1252", b"gr\xf6\xdfe"), ("ISO-8859-15", b"gr\xf6\xdfe")],
)
def test_a_charset_of_a_page_is_used(charset: str, body: bytes) -> None:
    assert Response(200, headers={"content-type": f"text/html; charset={charset}"}, body=body).text == "größe"


@pytest.mark.parametrize("regex", ["(" * 50_000, "a{99999999999}", "[", "(?<=a*)"])
def test_a_pattern_that_is_none_is_refused(regex: str) -> None:
    with pytest.raises(InvalidRequest, match="a regular expression was expected"):
        pattern("body", regex)


@pytest.mark.parametrize("expression", ["[" * 50_000, "a[", "foo(", "!" * 50_000])
def test_an_expression_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(InvalidRequest, match="a JMESPath expression was expected"):
        compiled(expression)
