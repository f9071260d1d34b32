# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools and sites: what clients see while they start, stop, recycle, crash and are switched."""

from __future__ import annotations

import http.client
import os
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from lab.waiting import LIMIT_S, wait_until


@pytest.fixture(name="started")
def _started(host: Any, shell: Any, until: Callable[..., None]) -> Iterator[Any]:
    """The host with its pool started, on version 1, with a worker; left so whatever the test does."""

    def settle() -> None:
        until(lambda: host.ask(state=True)["state"]["pools"]["shop"]["state"] != "Stopping")
        if host.ask(state=True)["state"]["pools"]["shop"]["state"] == "Stopped":
            shell.appcmd("start", "apppool", "/apppool.name:shop")

    settle()
    assert host.get()[0] == 200
    yield host
    settle()


def state(host: Any) -> str:
    return str(host.ask(state=True)["state"]["pools"]["shop"]["state"])


def pids(shell: Any) -> list[int]:
    _unused, out = shell.appcmd("list", "wp", "/xml")
    return [int(row.attrib["WP.NAME"]) for row in ET.fromstring(out)]


class Held:
    """A request in flight until `finish()`, in a thread."""

    def __init__(self, host: Any) -> None:
        self._host = host
        self._name = uuid.uuid4().hex
        self.path = f"/hold/{self._name}"
        pool = ThreadPoolExecutor(1)
        before = host.ask(state=True)["state"]["pools"]["shop"]["in_flight"]
        self.answer: Future[tuple[int, str]] = pool.submit(host.get, self.path)
        pool.shutdown(wait=False)
        wait_until(lambda: host.ask(state=True)["state"]["pools"]["shop"]["in_flight"] > before, "a request in flight")

    def finish(self) -> tuple[int, str]:
        self._host.release(self._name)
        return self.answer.result()


def test_lists(started: Any, shell: Any) -> None:
    code, out = shell.appcmd("list", "apppool", "/config:*", "/xml")
    row = ET.fromstring(out)[0]
    assert code == 0
    assert row.attrib["state"] == "Started"
    model = row.find("add/processModel")
    assert model is not None
    assert model.attrib["shutdownTimeLimit"] == "00:01:30"
    assert shell.appcmd("list", "site")[1] == 'SITE "Shop" (id:1,bindings:http/*:8080:shop.test,state:Started)\r\n'
    assert shell.appcmd("list", "vdir", "Shop/", "/text:physicalPath") == (0, "C:\\releases\\shop\\1\r\n")
    assert shell.appcmd("list", "app", "/site.name:Shop", "/text:APPPOOL.NAME") == (0, "shop\r\n")
    assert shell.appcmd("list", "apppool", "nonesuch")[0] == 1
    assert shell.appcmd("list", "apppool", "/state:Stopped")[0] == 1
    (pid,) = pids(shell)
    os.kill(pid, 0)
    assert str(pid) in started.get()[1]


def test_requests_in_flight_are_listed_with_their_time(started: Any, shell: Any) -> None:
    assert shell.appcmd("list", "requests", "/xml")[0] == 1
    request = Held(started)
    time.sleep(0.3)
    code, out = shell.appcmd("list", "requests", "/apppool.name:shop", "/xml")
    (row,) = ET.fromstring(out)
    assert code == 0
    assert row.attrib["Url"] == request.path
    assert row.attrib["APPPOOL.NAME"] == "shop"
    assert int(row.attrib["WP.NAME"]) in pids(shell)
    assert int(row.attrib["Time"]) >= 250
    assert shell.appcmd("list", "requests", "/elapsed:600000")[0] == 1
    assert request.finish()[0] == 200
    assert shell.appcmd("list", "requests")[0] == 1
    started.ask(request_monitor=False)
    code, out = shell.appcmd("list", "requests", "/xml")
    assert code == 50
    assert "hresult:80070032" in out
    started.ask(request_monitor=True)


def test_codes_of_commands_that_do_not_fit(started: Any, shell: Any, until: Callable[..., None]) -> None:
    assert shell.appcmd("start", "apppool", "/apppool.name:shop")[0] == 1056
    assert shell.appcmd("stop", "apppool", "/apppool.name:nonesuch")[0] == 1168
    request = Held(started)
    assert shell.appcmd("stop", "apppool", "/apppool.name:SHOP") == (0, '"shop" successfully stopped\r\n')
    assert state(started) == "Stopping"
    assert shell.appcmd("start", "apppool", "/apppool.name:shop")[0] == 1061
    assert request.finish()[0] == 200
    until(lambda: state(started) == "Stopped")
    assert shell.appcmd("stop", "apppool", "/apppool.name:shop")[0] == 1062
    assert shell.appcmd("recycle", "apppool", "/apppool.name:shop")[0] == 1062
    assert shell.appcmd("frobnicate", "apppool", "shop")[0] == 250
    assert shell.appcmd("list", "apppool", "/nonesuch:1")[0] == 250
    assert shell.appcmd("list", "nonesuch")[0] == 87


def test_stop_refuses_new_requests_and_lets_old_ones_finish(
    started: Any, shell: Any, until: Callable[..., None]
) -> None:
    (pid,) = pids(shell)
    request = Held(started)
    shell.appcmd("stop", "apppool", "/apppool.name:shop")
    connection = http.client.HTTPConnection(started.address, 8080, timeout=LIMIT_S)
    connection.request("GET", "/", headers={"Host": "shop.test"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (503, "close")
    connection.close()
    assert pids(shell) == [pid]
    assert request.finish()[0] == 200
    until(lambda: state(started) == "Stopped")
    assert pids(shell) == []
    assert started.get()[0] == 503


def test_a_worker_that_does_not_finish_in_time_is_killed(
    hosts: Any, open_shell: Any, until: Callable[..., None]
) -> None:
    host = hosts(pools=[{"name": "shop", "shutdown_time_limit_s": 2}])
    shell = open_shell(host.protocol())
    assert host.get()[0] == 200
    (pid,) = pids(shell)
    request = Held(host)
    began = time.monotonic()
    shell.appcmd("stop", "apppool", "/apppool.name:shop")
    with pytest.raises(ConnectionResetError):
        request.answer.result()
    assert time.monotonic() - began > 1.8
    until(lambda: state(host) == "Stopped")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def load(
    host: Any, stop: threading.Event, path: str = "/", seen: list[tuple[int, str]] | None = None
) -> list[tuple[int, str]]:
    """One client with keep-alive; (0, error) stands for a request without an answer."""
    seen = [] if seen is None else seen
    connection = http.client.HTTPConnection(host.address, 8080, timeout=LIMIT_S)
    while not stop.is_set():
        try:
            connection.request("GET", path, headers={"Host": "shop.test"})
            answer = connection.getresponse()
            seen.append((answer.status, answer.read().decode()))
        except OSError as error:
            seen.append((0, repr(error)))
            connection.close()
        time.sleep(0.01)
    connection.close()
    return seen


@pytest.mark.parametrize("action", ["recycle", "switch"])
def test_recycle_and_switch_lose_nothing(started: Any, shell: Any, action: str, until: Callable[..., None]) -> None:
    (old,) = pids(shell)
    started.write_release("2")
    stop = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(load, started, stop) for _unused in range(6)]
        clients += [pool.submit(load, started, stop, "/sleep/0.5") for _unused in range(2)]
        try:
            time.sleep(0.3)
            if action == "recycle":
                assert shell.appcmd("recycle", "apppool", "/apppool.name:shop")[0] == 0
            else:
                assert shell.appcmd("set", "vdir", "Shop/", r"/physicalPath:C:\releases\shop\2")[0] == 0
            until(lambda: old not in pids(shell) and len(pids(shell)) == 1)
            time.sleep(0.3)
        finally:
            stop.set()
        seen = [result for client in clients for result in client.result()]
    assert {status for status, _unused in seen} == {200}
    bodies = {body for _unused, body in seen}
    assert len(bodies) == 2
    if action == "switch":
        assert {body.split()[0] for body in bodies} == {"1", "2"}
        shell.appcmd("set", "vdir", "Shop/", r"/physicalPath:C:\releases\shop\1")


def test_stop_and_start_under_load_lose_requests(started: Any, shell: Any, until: Callable[..., None]) -> None:
    stop = threading.Event()
    seen: list[tuple[int, str]] = []
    with ThreadPoolExecutor(2) as pool:
        pool.submit(load, started, stop, "/", seen)
        try:
            shell.appcmd("stop", "apppool", "/apppool.name:shop")
            until(lambda: 503 in {status for status, _unused in seen}, "a request that is refused")
            until(lambda: state(started) == "Stopped")
            shell.appcmd("start", "apppool", "/apppool.name:shop")
            until(lambda: started.get()[0] == 200)
        finally:
            stop.set()


def test_recycle_without_overlap_leaves_a_gap_and_no_failure(
    hosts: Any, open_shell: Any, until: Callable[..., None]
) -> None:
    host = hosts(pools=[{"name": "shop", "shutdown_time_limit_s": 5, "disallow_overlapping_rotation": True}])
    shell = open_shell(host.protocol())
    assert host.get()[0] == 200
    (old,) = pids(shell)
    request = Held(host)
    shell.appcmd("recycle", "apppool", "/apppool.name:shop")
    with ThreadPoolExecutor(1) as pool:
        during = pool.submit(host.get)
        try:
            with pytest.raises(TimeoutError):
                during.result(0.5)  # no worker answers before the old one has ended
        finally:
            answer = request.finish()
        status, body = during.result()
    assert (status, answer[0]) == (200, 200)
    assert str(old) not in body


def test_crashes(hosts: Any, open_shell: Any, until: Callable[..., None]) -> None:
    pool = {"name": "shop", "start_mode": "AlwaysRunning", "rapid_fail_max_crashes": 3}
    host = hosts(pools=[pool])
    shell = open_shell(host.protocol())
    until(lambda: len(pids(shell)) == 1)
    assert host.get("/crash")[0] == 502
    until(lambda: host.get()[0] == 200)
    with pytest.raises((http.client.HTTPException, OSError)):
        host.get("/half")
    until(lambda: host.get()[0] == 200)
    assert shell.appcmd("list", "apppool", "/text:state")[1] == "Started\r\n"
    pid = host.ask(crash_worker="shop")["crash_worker"]
    until(lambda: pid not in pids(shell))
    until(lambda: host.ask(state=True)["state"]["pools"]["shop"]["state"] == "Stopped")
    assert host.get()[0] == 503
    assert host.ask(counters=True)["counters"]["rapid_fail_stops"] == 1
    assert shell.appcmd("start", "apppool", "/apppool.name:shop")[0] == 0
    assert host.get()[0] == 200


def test_cold_start_and_failing_start(hosts: Any, open_shell: Any, until: Callable[..., None]) -> None:
    host = hosts()
    shell = open_shell(host.protocol())
    host.write_release("slow", slow="0.7")
    host.write_release("broken", broken="")
    (host.drive / "releases" / "shop" / "empty").mkdir()
    for version, status in (("slow", 200), ("broken", 502), ("empty", 404), ("nonesuch", 404), ("1", 200)):
        shell.appcmd("set", "vdir", "Shop/", f"/physicalPath:C:\\releases\\shop\\{version}")
        with ThreadPoolExecutor(5) as pool:
            results = [future.result() for future in [pool.submit(host.get) for _unused in range(5)]]
        assert {found for found, _unused in results} == {status}, version
        if status == 502:
            assert "502.5" in results[0][1]


def test_settings_and_paths_outlive_the_host(hosts: Any, open_shell: Any) -> None:
    host = hosts()
    host.write_release("2")
    shell = open_shell(host.protocol())
    shell.appcmd("set", "vdir", "/vdir.name:Shop/", r"/physicalPath:C:\Releases\Shop\2")
    assert shell.appcmd("set", "apppool", "shop", "/processModel.shutdownTimeLimit:00:01:30")[0] == 0
    shell.appcmd("stop", "apppool", "/apppool.name:shop")
    host.stop()
    host.start()
    assert host.get()[1].startswith("2 ")  # autoStart revives the pool
    shell = open_shell(host.protocol())
    assert shell.appcmd("list", "apppool", "/text:processModel.shutdownTimeLimit")[1] == "00:01:30\r\n"


def test_workers_end_with_the_host(hosts: Any, open_shell: Any) -> None:
    host = hosts()
    assert host.get()[0] == 200
    (pid,) = pids(open_shell(host.protocol()))
    host.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_two_sites_change_bindings_in_one_commit(hosts: Any, open_shell: Any, until: Callable[..., None]) -> None:
    host = hosts(
        pools=[{"name": "a"}, {"name": "b"}],
        sites=[
            {"name": "A", "id": 1, "pool": "a", "path": r"C:\releases\shop\1", "bindings": ["http/*:8080:shop.test"]},
            {"name": "B", "id": 2, "pool": "b", "path": r"C:\releases\shop\2", "bindings": ["http/*:8080:b.test"]},
        ],
    )
    host.write_release("2")
    shell = open_shell(host.protocol())
    edit = "/{}[name='{}'].bindings.[protocol='http',bindingInformation='*:8080:{}']"
    words = [edit.format(*e) for e in (("-", "A", "shop.test"), ("+", "B", "shop.test"), ("+", "A", "a.test"))]
    assert host.get()[1].startswith("1 ")
    section = "-section:system.applicationHost/sites"
    assert shell.appcmd("set", "config", section, *words, "/commit:apphost")[0] == 0
    assert host.get()[1].startswith("2 ")
    assert host.get(host="a.test")[1].startswith("1 ")
    wrong = edit.format("-", "A", "nonesuch")
    assert shell.appcmd("set", "config", section, edit.format("-", "B", "shop.test"), wrong)[0] == 4312
    assert host.get()[1].startswith("2 ")  # all or nothing
    # what another started site has stops the site that takes it
    assert (
        shell.appcmd("set", "site", "A", "/+bindings.[protocol='http',bindingInformation='*:8080:shop.test']")[0] == 0
    )
    assert shell.appcmd("list", "site", "A", "/text:state")[1] == "Stopped\r\n"
    assert shell.appcmd("start", "site", "/site.name:A")[0] == 183
    assert host.get(host="a.test")[0] == 404
    assert shell.appcmd("set", "site", "B", "/+bindings.[protocol='http',bindingInformation='*:8081:']")[0] == 0

    def at_8081() -> bool:
        connection = http.client.HTTPConnection(host.address, 8081, timeout=LIMIT_S)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    until(at_8081)
    assert shell.appcmd("stop", "site", "/site.name:B")[0] == 0
    until(lambda: not at_8081())


def test_failures_of_appcmd_by_order(started: Any, shell: Any) -> None:
    started.ask(appcmd_fail={"match": "list wp", "code": 1726, "times": 2})
    codes = [shell.appcmd("list", "wp", "/xml")[0] for _unused in range(3)]
    assert codes == [1726, 1726, 0]
    assert shell.appcmd("list", "site")[0] == 0


def test_an_application_below_the_root_has_a_pool_and_a_path_of_its_own(hosts: Any, open_shell: Any) -> None:
    site = {
        "name": "Shop",
        "id": 1,
        "pool": "shop",
        "path": r"C:\releases\shop\1",
        "bindings": ["http/*:8080:shop.test"],
    }
    application = {"name": "api", "pool": "api", "path": r"C:\releases\shop\api1"}
    host = hosts(pools=[{"name": "shop"}, {"name": "api"}], sites=[site | {"applications": [application]}])
    host.write_release("api1")
    host.write_release("api2")
    shell = open_shell(host.protocol())
    assert [host.get(p)[1].split()[0] for p in ("/", "/api", "/API/x?y", "/apix")] == ["1", "api1", "api1", "1"]
    assert shell.appcmd("list", "vdir", "/text:VDIR.NAME")[1] == "Shop/\r\nShop/api/\r\n"
    assert shell.appcmd("list", "app", "/text:APP.NAME")[1] == "Shop/\r\nShop/api\r\n"
    assert shell.appcmd("set", "vdir", "/vdir.name:Shop/api/", r"/physicalPath:C:\releases\shop\api2")[0] == 0
    assert shell.appcmd("stop", "apppool", "/apppool.name:shop")[0] == 0
    assert host.get("/api")[1].startswith("api2 ")
    assert host.get("/")[0] == 503
    assert len(pids(shell)) in (1, 2)
    host.stop()
    host.start()
    assert host.get("/api/")[1].startswith("api2 ")


def test_objects_are_added_and_deleted(hosts: Any, open_shell: Any, until: Callable[..., None]) -> None:
    host = hosts(pools=[{"name": "shop"}, {"name": "DefaultAppPool"}])
    host.write_release("2")
    shell = open_shell(host.protocol())
    site = ["/name:New", "/bindings:http/*:8080:new.test", r"/physicalPath:C:\releases\shop\2"]
    assert shell.appcmd("add", "apppool", "/name:newpool", "/startMode:AlwaysRunning")[0] == 0
    assert shell.appcmd("add", "apppool", "/name:NewPool")[0] == 183
    assert shell.appcmd("add", "site", *site)[0] == 0
    assert shell.appcmd("set", "app", "New/", "/applicationPool:newpool")[0] == 0
    assert shell.appcmd("add", "app", "/site.name:New", "/path:/api", r"/physicalPath:C:\releases\shop\1")[0] == 0
    assert shell.appcmd("add", "vdir", "/app.name:New/api", "/path:/img", r"/physicalPath:C:\releases\shop\2")[0] == 0
    assert host.get(host="new.test")[1].startswith("2 ")
    names = shell.appcmd("list", "vdir", "/text:VDIR.NAME")[1].split("\r\n")
    assert names == ["Shop/", "New/", "New/api/", "New/api/img", ""]
    host.stop()
    host.start()
    shell = open_shell(host.protocol())
    assert shell.appcmd("list", "vdir", "New/api/img", "/text:physicalPath") == (0, "C:\\releases\\shop\\2\r\n")
    assert shell.appcmd("delete", "site", "/site.name:New")[0] == 0
    assert shell.appcmd("delete", "apppool", "/apppool.name:NewPool")[0] == 0
    until(lambda: shell.appcmd("list", "apppool", "/text:APPPOOL.NAME")[1] == "shop\r\nDefaultAppPool\r\n")
    assert host.get(host="new.test")[0] == 404
    assert host.get()[0] == 200


def test_every_write_of_the_configuration_restarts_aspnet_core_applications(hosts: Any, open_shell: Any) -> None:
    sites = [
        {
            "name": name,
            "id": number,
            "pool": name,
            "path": rf"C:\releases\shop\{name}",
            "bindings": [f"http/*:8080:{name}"],
        }
        for number, name in enumerate(("a", "b", "c"), 1)
    ]
    host = hosts(pools=[{"name": name} for name in ("a", "b", "c")], sites=sites)
    for name in ("a", "b", "c", "a2"):
        host.write_release(name)
    stays = '<handlerSettings><handlerSetting name="disallowRotationOnConfigChange" value="true"/></handlerSettings>'
    config = host.drive / "releases" / "shop" / "c" / "web.config"
    config.write_text(config.read_text().replace("/></system", f">{stays}</aspNetCore></system"))
    shell = open_shell(host.protocol())
    before = {name: host.get(host=name)[1] for name in ("a", "b", "c")}
    assert shell.appcmd("set", "vdir", "/vdir.name:a/", r"/physicalPath:C:\releases\shop\a2")[0] == 0
    after = {name: host.get(host=name)[1] for name in ("a", "b", "c")}
    assert {name for name in before if before[name] != after[name]} == {"a", "b"}
