# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's replies and commands: what is understood, what is refused, and that no input breaks out of a command."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy import (
    local_host,
    parse,
    state_file,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy.api import HaproxyApi
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy.master import Master
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy.names import (
    check_name,
    member_path,
    suggest,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy.runtime import (
    Endpoint,
    SocketTransport,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import (
    BadReply,
    LoadBalancerError,
    Refused,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.model import (
    Admin,
    Member,
    MemberId,
    TakenOutBy,
)
from hypothesis import given
from hypothesis import strategies as st
from unit.load_balancer.fakes import Script

WEB01 = MemberId("web", "web01")
COLUMNS = (
    "# pxname,svname,qcur,scur,slim,stot,status,weight,act,bck,iid,sid,tracked,check_status,agent_status,check_rise,"
    "check_fall,check_health,addr,cookie,mode,uweight,\n"
)
INFO = "Name: HAProxy\nVersion: 2.6.12\nPid: 42\nCurrConns: 3\n\n"
STATE = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_state "
    "srv_agent_state\n"
)
WORKERS = (
    "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
    "100             master          1 [failed: 0]   0d00h00m09s     2.6.12         \n"
    "# workers\n"
    "42              worker          0               0d00h00m05s     2.6.12         \n"
)
# HAProxy 2.4 has one more column, and names what an old worker was.
WORKERS_2_4 = (
    "#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>      \n"
    "100             master          0               1               0d00h00m09s     2.4.22         \n"
    "# workers\n"
    "42              worker          1               0               0d00h00m05s     2.4.22         \n"
    "# old workers\n"
    "41              worker          [was: 1]        1               0d00h00m09s     2.4.22         \n"
    "# programs\n\n"
)


def server(name: str = "web01", status: str = "UP", scur: int = 0, sid: int = 1, rise: str = "2,3,4") -> str:
    return f"web,{name},0,{scur},,9,{status},1,1,0,3,{sid},,L7OK,,{rise},127.0.0.1:80,,http,1,\n"


BACKEND = "web,BACKEND,0,0,,9,UP,2,2,0,3,0,,,,,,,,,http,2,\n"


def located(*calls: tuple[str, str | Exception]) -> tuple[HaproxyApi, Script]:
    script = Script(("show stat -1 4 -1", COLUMNS + server() + server("web02", sid=2) + "\n"), *calls)
    api = HaproxyApi(script)
    assert api.find("web01", None) == [WEB01]
    return api, script


# Commands

anything = st.text(max_size=40)


@given(anything)
def test_no_name_breaks_out_of_a_command(name: str) -> None:
    try:
        path = member_path(MemberId(name, name))
    except Refused:
        return
    assert path == f"{name}/{name}"
    assert not set(path) & set(" ;\n\r\t\0'\"\\@!/") - {"/"}
    assert path.count("/") == 1
    assert path.isascii()


@given(st.from_regex(r"[A-Za-z0-9_.:-]{1,60}", fullmatch=True))
def test_every_name_that_haproxy_admits_is_a_name(name: str) -> None:
    assert check_name("server", name) == name


@pytest.mark.parametrize("bad", ["web01\n", "", "a" * 256, None, 3])
def test_what_is_no_name_is_refused(bad: object) -> None:
    with pytest.raises(Refused):
        check_name("server", bad)  # type: ignore[arg-type]


@given(anything)
def test_the_transport_sends_printable_lines_only(line: str) -> None:
    transport = SocketTransport(Endpoint(path="/nonexistent/socket"))
    with pytest.raises(LoadBalancerError) as error:
        transport.exchange(line)
    assert isinstance(error.value, Refused) == (not (line.isascii() and line.isprintable()))


def test_suggestions() -> None:
    assert suggest("web1", ["web01", "db"]) == "did you mean web01?"
    assert suggest("x", []) == "there are none."
    assert suggest("x", [f"server{n}" for n in range(12)]).endswith("server7, ....")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/run/haproxy.sock", "/run/haproxy.sock"),
        ("unix@/run/haproxy.sock", "/run/haproxy.sock"),
        ("lb01:9999", "lb01:9999"),
        ("ipv4@127.0.0.1:9999", "127.0.0.1:9999"),
        ("[::1]:9999", "[::1]:9999"),
    ],
)
def test_endpoints(text: str, shown: str) -> None:
    assert str(Endpoint.of(text, "socket")) == shown


@pytest.mark.parametrize("text", ["", "haproxy.sock", "lb01", "lb01:0", "lb01:99999", "lb01:80\n", "/a\0b", "@/x:1"])
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="host:port, is expected"):
        Endpoint.of(text, "socket")


# Replies


@given(st.text(max_size=200))
def test_unknown_replies_fail(text: str) -> None:
    for read in (parse.stat, parse.servers_state, parse.info, parse.processes):
        with pytest.raises(BadReply):
            read(text)


@given(st.integers(min_value=0, max_value=len(COLUMNS + server() + server("web02", sid=2))))
def test_an_answer_cut_off_anywhere_fails(length: int) -> None:
    whole = COLUMNS + server() + server("web02", sid=2) + "\n"
    with pytest.raises(BadReply):
        parse.sections(whole[:length], 1, "show stat")
    assert len(parse.stat(parse.sections(whole, 1, "show stat")[0])) == 2


@given(st.text(max_size=100))
def test_only_an_empty_line_means_done(text: str) -> None:
    if text != "\n":
        with pytest.raises(BadReply):
            parse.expect_empty_reply(text, "set server web/web01 state drain")


def test_columns_are_found_by_name_and_missing_ones_are_told() -> None:
    (row,) = parse.stat("# pxname,svname,new_column,scur,\nweb,web01,x,5,")
    assert row.number("scur") == 5
    assert row.optional("agent_status") == ""
    with pytest.raises(BadReply, match=r"no column qcur: HAProxy 2\.4 or newer"):
        row.number("qcur")
    with pytest.raises(BadReply, match="a number is expected"):
        row.number("new_column")


def test_lines_of_another_length_fail() -> None:
    with pytest.raises(BadReply, match="3 fields found in a line, 4 expected"):
        parse.stat("# pxname,svname,scur,\nweb,web01,5")


def test_processes_of_old_and_new_versions() -> None:
    assert parse.processes(WORKERS_2_4.rstrip("\n")) == parse.Processes(("42",), ("41",))
    text = WORKERS + "# old workers\n41              worker          1               0d00h00m09s     2.6.12\n# programs"
    assert parse.processes(text) == parse.Processes(("42",), ("41",))
    with pytest.raises(BadReply, match="unknown section"):
        parse.processes(WORKERS + "# strange\n41 worker 1")


def test_the_oldest_session_of_some_servers() -> None:
    line = "0x1: proto=tcpv4 src=1 fe=users be=web srv={} ts=00 epoch=0 age={} calls=2\n"
    text = line.format("web01", "1m3s") + line.format("web01", "2s") + line.format("web02", "2h")
    assert parse.oldest_age_s(text, {("web", "web01")}) == 63
    assert parse.oldest_age_s(text, {("web", "web09")}) is None
    assert parse.oldest_age_s("anything", {("web", "web01")}) is None


# The API

SAMPLE = "show info;show stat 3 6 1"


def sampled(row: str) -> Member:
    api, script = located((SAMPLE, INFO + COLUMNS + row + BACKEND + "\n"))
    sample = api.sample([WEB01])
    script.assert_all_sent()
    assert sample.process == "42"
    return sample.member(WEB01)


@pytest.mark.parametrize(
    ("status", "admin"),
    [
        ("UP", Admin.READY),
        ("no check", Admin.READY),
        ("DRAIN", Admin.DRAIN),
        ("MAINT", Admin.MAINT),
        ("MAINT (resolution)", None),
        ("MAINT (via web/web02)", None),
        ("DRAIN (agent)", Admin.DRAIN),
        ("DOWN (agent)", None),
        ("NOLB", None),
        ("NOLB 1/3", None),
        ("UP 1/3", None),
        ("DOWN", None),
        ("something new", None),
    ],
)
def test_a_status_tells_the_state_or_not(status: str, admin: Admin | None) -> None:
    assert sampled(server(status=status)).admin is admin


@pytest.mark.parametrize(("health", "fresh"), [("2,3,4", True), ("2,3,2", False), ("1,1,1", True), ("1,1,0", False)])
def test_fresh_means_that_all_checks_succeeded(health: str, fresh: bool) -> None:
    assert sampled(server(status="DRAIN", rise=health)).fresh is fresh
    assert not sampled(server(status="UP 1/3", rise=health)).fresh


def test_a_reload_with_another_configuration_is_found_again() -> None:
    api, script = located(
        (SAMPLE, INFO + COLUMNS + server("other") + BACKEND + "\n"),
        ("show stat -1 4 -1", COLUMNS + server(sid=5) + "\n"),
        ("show info;show stat 3 6 5", INFO + COLUMNS + server(sid=5, scur=7) + BACKEND + "\n"),
    )
    assert api.sample([WEB01]).in_flight == 7
    script.assert_all_sent()


def test_a_member_that_is_gone_after_a_reload_is_an_error() -> None:
    api, _script = located(
        (SAMPLE, INFO + COLUMNS + BACKEND + "\n"), ("show stat -1 4 -1", COLUMNS + server("web02") + "\n")
    )
    with pytest.raises(LoadBalancerError, match="no longer has web/web01"):
        api.sample([WEB01])


@pytest.mark.parametrize(
    ("flags", "admin", "taken_out_by"),
    [
        (0x00, Admin.READY, TakenOutBy.HEALTH_CHECK),
        (0x01, Admin.MAINT, TakenOutBy.ADMINISTRATOR),
        (0x02, Admin.READY, TakenOutBy.TRACKING),
        (0x04, Admin.READY, TakenOutBy.HEALTH_CHECK),
        (0x05, Admin.MAINT, TakenOutBy.CONFIGURATION),
        (0x08, Admin.DRAIN, TakenOutBy.ADMINISTRATOR),
        (0x10, Admin.READY, TakenOutBy.TRACKING),
        (0x20, Admin.READY, TakenOutBy.RESOLUTION),
        (0x21, Admin.MAINT, TakenOutBy.ADMINISTRATOR),
        (0x28, Admin.DRAIN, TakenOutBy.ADMINISTRATOR),
        (0x40, Admin.READY, TakenOutBy.HEALTH_CHECK),
        (0x41, Admin.MAINT, TakenOutBy.ADMINISTRATOR),
    ],
)
def test_flags_tell_the_state_of_a_server_that_is_down(flags: int, admin: Admin, taken_out_by: TakenOutBy) -> None:
    """The flags of enum srv_admin in HAProxy's server-t.h; only forced ones are an administrator's."""
    api, _script = located(
        (SAMPLE, INFO + COLUMNS + server(status="DOWN") + BACKEND + "\n"),
        ("show servers state web", STATE + f"3 web 1 web01 127.0.0.1 0 {flags} 50 100 6 2\n\n"),
    )
    found = api.read([WEB01]).member(WEB01)
    assert (found.admin, found.weight, found.checked, found.agent.value) == (admin, 50, True, "off")
    assert found.taken_out_by is taken_out_by


@pytest.mark.parametrize(
    ("flags", "status", "agent"), [(1, "MAINT", 22), (8, "DRAIN (agent)", 22), (0, "DOWN (agent)", 22)]
)
def test_what_an_agent_check_may_have_set_is_not_called_an_administrators(flags: int, status: str, agent: int) -> None:
    api, _script = located(
        (SAMPLE, INFO + COLUMNS + server(status=status) + BACKEND + "\n"),
        ("show servers state web", STATE + f"3 web 1 web01 127.0.0.1 0 {flags} 50 100 6 {agent}\n\n"),
    )
    found = api.read([WEB01]).member(WEB01)
    assert (found.taken_out_by, found.agent.value) == (TakenOutBy.AGENT, "on")


def test_a_backup_server_is_not_another_one_up() -> None:
    backend = BACKEND.replace(",UP,2,2,0,", ",UP,2,1,1,")
    assert backend != BACKEND
    api, _script = located((SAMPLE, INFO + COLUMNS + server() + backend + "\n"))
    assert api.sample([WEB01]).others_up == {"web": 0}


@pytest.mark.parametrize("column", ["cookie", "mode"])
def test_a_missing_column_is_an_error_and_no_answer(column: str) -> None:
    api, _script = located(
        (SAMPLE, INFO + COLUMNS.replace(f",{column},", f",no_{column},") + server() + BACKEND + "\n")
    )
    with pytest.raises(BadReply, match=f"no column {column}"):
        api.sample([WEB01])


def test_traits_of_members_that_are_gone_are_not_those_of_none() -> None:
    api, _script = located(("show stat -1 4 -1", COLUMNS + server("web02", sid=2) + "\n"))
    with pytest.raises(LoadBalancerError, match="no longer has all of web/web01"):
        api.traits([WEB01])


def test_tables_that_may_not_be_read_are_not_no_tables() -> None:
    api, _script = located(("show stat -1 4 -1", COLUMNS + server() + "\n"), ("show table", "Permission denied\n\n"))
    with pytest.raises(Refused, match="does not permit 'show table'"):
        api.traits([WEB01])


def test_from_another_host_old_workers_and_the_configuration_are_unknown_and_that_is_said() -> None:
    script = Script(
        ("show stat -1 4 -1", COLUMNS + server() + "\n"),
        ("show stat -1 4 -1", COLUMNS + server() + "\n"),
        ("show table", "\n"),
    )
    api = HaproxyApi(script, local=False)
    api.find("web01", None)
    traits = api.traits([WEB01])
    assert traits.closes_on_down is None
    assert "cannot be seen from here" in traits.uncounted
    assert "give master_socket, or old_workers=ignore" in traits.uncounted


def test_refusals_by_haproxy_are_told() -> None:
    api, _script = located(("set server web/web01 state drain", "Permission denied\n\n"))
    with pytest.raises(Refused, match="level is lower than admin"):
        api.set_admin(WEB01, Admin.DRAIN)
    api, _script = located(("set server web/web01 state drain", "No such server.\n\n"))
    with pytest.raises(BadReply, match=r"it answered 'No such server\.'"):
        api.set_admin(WEB01, Admin.DRAIN)


def test_old_workers_are_summed_and_the_ones_that_end_are_let_go() -> None:
    old = (
        WORKERS
        + "# old workers\n41              worker          1               0d00h00m09s     2.6.12\n# programs\n\n"
    )
    none = WORKERS + "# programs\n\n"
    script = Script(
        ("show proc", old),
        ("@!41 show stat -1 4 -1", COLUMNS + server(sid=7) + "\n"),
        ("@!41 show stat 3 4 7", COLUMNS + server(sid=7, scur=8) + "\n"),
        ("show proc", old),
        ("@!41 show stat 3 4 7", "Can't find the target PID matching the prefix '@!41'\n"),
        ("show proc", none),
        ("show proc", none),
    )
    master = Master(script)
    assert master.older([WEB01]) == {"41": 8}
    assert master.older([WEB01]) == {}
    assert master.older([WEB01]) == {}
    script.assert_all_sent()


def test_an_old_worker_that_lives_and_does_not_answer_is_an_error() -> None:
    old = (
        WORKERS
        + "# old workers\n41              worker          1               0d00h00m09s     2.6.12\n# programs\n\n"
    )
    script = Script(("show proc", old), ("@!41 show stat -1 4 -1", ""), ("show proc", old))
    with pytest.raises(BadReply, match="Old worker 41 of HAProxy does not answer"):
        Master(script).older([WEB01])


# The host


def configuration(*files: Path | str) -> list[local_host.Directive]:
    found = local_host.directives(map(str, files))
    assert found is not None
    return found


def test_configuration_that_closes_requests_of_marked_down_servers(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text("backend web\n  # server x on-marked-down shutdown-sessions\n  server web01 10.0.0.1 check\n")
    assert not local_host.closes_on_down(configuration(file))
    file.write_text("defaults\n  default-server check on-marked-down shutdown-sessions\n")
    assert local_host.closes_on_down(configuration(tmp_path))


def test_a_configuration_that_cannot_be_read_as_a_whole_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text("backend web\n  server web01 10.0.0.1 check\n")
    assert local_host.directives([str(file), "/nonexistent"]) is None
    assert local_host.directives([]) is None
    assert local_host.directives([""]) is None


RULES = """
global
server-state-file /var/lib/haproxy/state
defaults
    option persist
    load-server-state-from-file global
backend web
use-server web01 if { req.hdr(host) smoke }  # not indented
    use-server web02 if { always_true }
    force-persist if { src 192.0.2.0/24 }
    # force-persist if { src 198.51.100.0/24 }
backend other
    use-server web01 if { always_true }
    force-persist if { always_true }
"""


def test_rules_that_ignore_a_drain_are_found_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(RULES)
    lines = local_host.rules_that_ignore_drain(configuration(file), "web", "web01")
    assert [str(line) for line in lines] == [
        f"'option persist' ({file}:5)",
        f"'use-server web01 if {{ req.hdr(host) smoke }}' ({file}:8)",
        f"'force-persist if {{ src 192.0.2.0/24 }}' ({file}:10)",
    ]


def test_the_state_file_counts_only_where_it_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(RULES)
    assert local_host.state_file_of(configuration(file)) == "/var/lib/haproxy/state"
    file.write_text(RULES.replace("load-server-state-from-file global", "load-server-state-from-file none"))
    assert local_host.state_file_of(configuration(file)) == ""


def test_siblings_of_a_worker(tmp_path: Path) -> None:
    for pid, name, parent, state in (
        ("10", "haproxy", "1", "S"),
        ("11", "haproxy", "10", "S"),
        ("12", "haproxy", "10", "S"),
        ("13", "haproxy", "10", "Z"),
        ("14", "other) (x", "10", "S"),
    ):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "stat").write_text(f"{pid} ({name}) {state} {parent} 1 1")
    (tmp_path / "10" / "cmdline").write_bytes(b"haproxy\0-Ws\0-S\0/run/master.sock,mode,600\0-f\0x\0")
    assert local_host.master_address("12", tmp_path) == "/run/master.sock,mode,600"
    assert local_host.master_address("14", tmp_path) == ""
    assert local_host.siblings("12", tmp_path) == ["11"]
    assert local_host.siblings("10", tmp_path) == []
    for pid, file in (("20", b"a"), ("21", b"a"), ("22", b"b")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "stat").write_text(f"{pid} (haproxy) S 1 1 1")
        (tmp_path / pid / "cmdline").write_bytes(b"haproxy\0-D\0-f\0" + file + b"\0")
    assert local_host.siblings("20", tmp_path) == ["21"], "daemons without a master process, one of another instance"
    assert local_host.siblings("99", tmp_path) is None, "a worker that is not seen here has unknown siblings"


def test_the_state_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "servers.state"
    file.write_text("old")
    file.chmod(0o640)
    state_file.write(str(file), "1\nnew\n")
    assert file.read_text() == "1\nnew\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["servers.state"]
    with pytest.raises(LoadBalancerError, match="could not be written"):
        state_file.write(str(tmp_path / "none" / "file"), "x")
