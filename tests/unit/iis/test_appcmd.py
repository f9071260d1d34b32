# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""appcmd's XML, exit codes and retries."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd import Appcmd, code_of
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import (
    AppcmdError,
    IisError,
    ProgramMissing,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.pool_api import Worker
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import CommandResult

from .conftest import Clock, ScriptedNode, pool, request, worker, xml


@pytest.mark.parametrize(
    ("exit_code", "stdout", "code"),
    [
        (0, "ERROR ( hresult:80070425 )", 0),
        (1062, "", 1062),
        (0x80070425, "", 1061),
        (-2147023835, "", 1061),
        (0x80070020, "", 32),
        (1, "ERROR ( hresult:800706be, message:Fehler )", 1726),
        (1, "", 1),
    ],
)
def test_the_low_word_of_the_hresult_counts(exit_code: int, stdout: str, code: int) -> None:
    assert code_of(CommandResult(exit_code, stdout)) == code


def test_rows_come_from_xml(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", xml(worker(4004, "My &amp; Pool"), worker(5, "B")))
    assert AppcmdPools(appcmd).workers() == [Worker(4004, "My & Pool"), Worker(5, "B")]


def test_nothing_matched_is_an_empty_list(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", xml(), 1)
    assert appcmd.rows("wp") == []
    node.done()


EMPTY = [("", 0), ("", 1), (xml(), 0)]


@pytest.mark.parametrize(("stdout", "exit_code"), EMPTY)
def test_an_empty_output_is_believed_when_appcmd_lists_the_pools(
    appcmd: Appcmd, node: ScriptedNode, stdout: str, exit_code: int
) -> None:
    node.expect("appcmd list wp /xml", stdout, exit_code)
    node.expect("appcmd list apppool /xml", xml(pool("Shop", "Started")))
    assert appcmd.rows("wp") == []
    node.done()


@pytest.mark.parametrize(("stdout", "exit_code"), EMPTY)
@pytest.mark.parametrize(("pools", "code"), [("", 0), ("", 1), (xml(), 0), (xml(), 1), ("ERROR", 5)])
def test_an_empty_output_is_no_evidence_when_appcmd_lists_no_pools_either(
    appcmd: Appcmd, node: ScriptedNode, stdout: str, exit_code: int, pools: str, code: int
) -> None:
    node.expect("appcmd list wp /xml", stdout, exit_code).expect("appcmd list apppool /xml", pools, code)
    with pytest.raises(IisError, match="printed nothing, and appcmd lists no application pools"):
        appcmd.rows("wp")


def test_objects_with_the_code_of_nothing_matched_are_a_failure(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", xml(worker(4, "A")), 1)
    with pytest.raises(IisError, match="ended as if there were none"):
        appcmd.rows("wp")


@pytest.mark.parametrize(
    ("kind", "element", "words"),
    [
        ("wp", '<WP WP.NAME="4"/>', "without its application pool"),
        ("wp", '<WP WP.NAME="4" APPPOOL.NAME=""/>', "without its application pool"),
        ("wp", '<WP WP.NAME="x" APPPOOL.NAME="A"/>', "a process id was expected"),
        ("requests", '<REQUEST REQUEST.NAME="1" Url="/" Verb="GET" Time="1" WP.NAME="4"/>', "without its application"),
    ],
)
def test_a_worker_or_request_that_belongs_to_no_pool_is_a_failure(
    appcmd: Appcmd, node: ScriptedNode, kind: str, element: str, words: str
) -> None:
    node.expect(f"appcmd list {kind} /xml", xml(element))
    pools = AppcmdPools(appcmd)
    with pytest.raises(IisError, match=words):
        pools.workers() if kind == "wp" else pools.requests()


@pytest.mark.parametrize(
    ("wrong", "words"), [({"limit": "soon"}, "a time span"), ({"gap": "perhaps"}, "true or false was expected")]
)
def test_settings_that_cannot_be_read_are_a_failure(
    appcmd: Appcmd, node: ScriptedNode, wrong: dict[str, str], words: str
) -> None:
    node.expect("appcmd list apppool /config:* /xml", xml(pool("A", "Started", **wrong)))
    with pytest.raises(IisError, match=words):
        AppcmdPools(appcmd).pools(with_config=True)


def test_access_denied_is_not_a_missing_role_service(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list requests /xml", "ERROR", 5)
    with pytest.raises(AppcmdError, match="access denied"):
        AppcmdPools(appcmd).requests()


def test_a_failure_is_never_read_as_an_empty_list(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", "ERROR ( message:Es ist etwas schiefgegangen. )", 1)
    with pytest.raises(AppcmdError, match="exit code 1"):
        appcmd.rows("wp")


@pytest.mark.parametrize("exit_code", [0, 1, 1168])
def test_an_error_in_xml_is_a_failure_too(appcmd: Appcmd, node: ScriptedNode, exit_code: int) -> None:
    node.expect("appcmd list requests /xml", xml('<ERROR message="Es ist etwas schiefgegangen." />'), exit_code)
    with pytest.raises(IisError, match="Web-Request-Monitor"):
        AppcmdPools(appcmd).requests()


def test_a_transient_error_in_xml_is_tried_again(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", xml('<ERROR hresult="800706be" message="x" />'), 1)
    node.expect("appcmd list wp /xml", xml(worker(4, "A")))
    assert AppcmdPools(appcmd).workers() == [Worker(4, "A")]


@pytest.mark.parametrize("element", ['<SITE SITE.NAME="x"/>', "<WP/>", '<WP APPPOOL.NAME="A"/>'])
def test_objects_of_another_kind_or_without_a_name_are_a_failure(
    appcmd: Appcmd, node: ScriptedNode, element: str
) -> None:
    node.expect("appcmd list wp /xml", xml(worker(4, "A"), element))
    with pytest.raises(IisError, match="other objects than WP"):
        appcmd.rows("wp")


def test_output_that_is_cut_off_is_an_error(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", xml(worker(1, "A"))[:-20])
    with pytest.raises(IisError, match="no readable XML"):
        appcmd.rows("wp")


def test_without_the_role_service_requests_are_an_error(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list requests /xml", "ERROR ( message:Objekt REQUEST )", 50)
    with pytest.raises(IisError, match="Web-Request-Monitor"):
        AppcmdPools(appcmd).requests()


def test_the_query_string_of_a_request_is_left_out(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list requests /xml", xml(request("A", 7, "/slow?token=secret")))
    found = AppcmdPools(appcmd).requests()
    assert [(r.path, r.pid, r.running_ms) for r in found] == [("/slow", 7, 1200)]


def test_a_locked_configuration_is_tried_again(appcmd: Appcmd, node: ScriptedNode, clock: Clock) -> None:
    for _dummy in range(3):
        node.expect("appcmd start apppool /apppool.name:A", exit_code=0x80070020)
    node.expect("appcmd start apppool /apppool.name:A", '"A" successfully started.')
    AppcmdPools(appcmd).start("A")
    node.done()
    assert clock.sleeps == [0.1, 0.2, 0.4]


def test_retries_end(appcmd: Appcmd, node: ScriptedNode, clock: Clock) -> None:
    for _dummy in range(40):
        node.expect("appcmd stop apppool /apppool.name:A", exit_code=0x80070425)
    with pytest.raises(AppcmdError, match="stayed busy") as caught:
        AppcmdPools(appcmd).stop("A")
    assert caught.value.code == 1061
    assert 15 < sum(clock.sleeps) <= 20


def test_a_failed_call_is_tried_again_for_reads_only(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd list wp /xml", exit_code=0x800706BE).expect("appcmd list wp /xml", xml())
    assert appcmd.rows("wp") == []
    node.expect("appcmd recycle apppool /apppool.name:A", exit_code=0x800706BE)
    with pytest.raises(AppcmdError, match="0x800706be"):
        AppcmdPools(appcmd).recycle("A")
    node.done()


def test_stopping_what_is_stopped_and_starting_what_is_started_is_fine(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect("appcmd stop apppool /apppool.name:A", exit_code=1062)
    node.expect("appcmd start apppool /apppool.name:A", exit_code=1056)
    AppcmdPools(appcmd).stop("A")
    AppcmdPools(appcmd).start("A")
    node.done()


def test_a_name_with_a_blank_is_one_argument(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect('appcmd stop apppool "/apppool.name:A /text:state"')
    AppcmdPools(appcmd).stop("A /text:state")
    node.done()


def test_a_node_without_iis(appcmd: Appcmd, node: ScriptedNode) -> None:
    node.expect_raise("appcmd list wp /xml", ProgramMissing("no"))
    with pytest.raises(IisError, match="install IIS"):
        appcmd.rows("wp")


def test_configuration_is_read_and_has_defaults(appcmd: Appcmd, node: ScriptedNode) -> None:
    bare = '<APPPOOL APPPOOL.NAME="B" state="Stopped"><add name="B"/></APPPOOL>'
    node.expect("appcmd list apppool /config:* /xml", xml(pool("A", "Started", "AlwaysRunning", "00:00:05"), bare))
    first, second = AppcmdPools(appcmd).pools(with_config=True)
    assert first.config is not None
    assert second.config is not None
    assert (first.config.start_mode, first.config.shutdown_time_limit_s) == ("AlwaysRunning", 5.0)
    assert (second.config.start_mode, second.config.shutdown_time_limit_s, second.config.auto_start) == (
        "OnDemand",
        90.0,
        True,
    )
