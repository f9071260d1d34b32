# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider health_page through Ansible's winrm connection, on a simulated Windows host behind a real HAProxy.

HAProxy plays a load balancer without an API here: it only follows the page.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lab import ansible_cli, net, pki
from lab.haproxy.balancer import Balancer
from lab.haproxy.farm import Farm
from lab.haproxy.users import Kind, Users
from lab.proc import Process, ProcessGroup

PASSWORD = "Lab-winrm-5ecret!"
WEB_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
<system.webServer><aspNetCore processPath="python" arguments=".\\app.py" /></system.webServer>
</configuration>
"""
APP = """\
import os, signal, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "lb" / "up.html"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.startswith("/slow/"):
            time.sleep(float(path[6:]))
        self.send_response(404 if path == "/up.html" and not PAGE.exists() else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


signal.signal(signal.SIGTERM, lambda *arguments: sys.exit(0))
ThreadingHTTPServer((os.environ["ASPNETCORE_ADDRESS"], int(os.environ["ASPNETCORE_PORT"])), Handler).serve_forever()
"""


class Shop:
    """Two Windows hosts behind a load balancer that follows the page /up.html."""

    def __init__(self, where: net.Net, state: Path) -> None:
        self.where = where
        self.state = state
        self.processes = ProcessGroup(state / "logs")
        self.authority = pki.Authority(state / "pki")
        checks = ("option httpchk", "http-check send meth GET uri /up.html ver HTTP/1.1 hdr Host shop.test")
        self.balancer = Balancer(Farm(backend_lines=checks), where, state / "lb")
        self.hosts = {f"web{index:02}": self._start(index) for index in (1, 2)}
        for host in self.hosts.values():
            host.wait_ready(30)
        self.balancer.start()
        self.balancer.wait_status("UP")
        self.balancer.wait_status("UP", "web02")
        self.environ = ansible_cli.environment(state / "ansible", self._inventory())

    def _start(self, index: int) -> Process:
        name, address = f"web{index:02}", self.where.web(index)
        drive = self.state / name
        release = drive / "releases" / "shop" / "1.0"
        release.mkdir(parents=True)
        (release / "web.config").write_text(WEB_CONFIG)
        (release / "app.py").write_text(APP)
        (drive / "lb").mkdir()
        (drive / "lb" / "up.html").write_text("up")
        certificate = self.authority.issue(name, [address, name])
        root = "C:\\releases\\shop\\1.0"
        config = {
            "name": name,
            "address": address,
            "drive": str(drive),
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "ca_bundle": str(self.authority.ca),
            "users": {"deployer": PASSWORD},
            "winrm": {"http_port": 5985, "https_port": 5986, "basic": True, "max_operations": 1500},
            "pools": [{"name": "Shop", "start_mode": "AlwaysRunning"}],
            "sites": [{"name": "Shop", "id": 1, "pool": "Shop", "path": root, "bindings": ["http/*:8080:shop.test"]}],
            "control": f"/tmp/zd-page-{self.where.number}-{index}.sock",
            "log": str(self.state / f"{name}.host.log"),
        }
        file = self.state / f"{name}.json"
        file.write_text(json.dumps(config))
        environ = {"PYTHONPATH": str(ansible_cli.ROOT / "tests"), "PYTHONUNBUFFERED": "1"}
        return self.processes.start(name, [sys.executable, "-m", "lab.windows", file], env=environ)

    def _inventory(self) -> Path:
        winrm = {
            "ansible_host": self.where.web(1),
            "ansible_connection": "winrm",
            "ansible_user": "deployer",
            "ansible_password": PASSWORD,
            "ansible_winrm_transport": "basic",
            "ansible_port": 5986,
            "ansible_winrm_ca_trust_path": str(self.authority.ca),
        }
        file = self.state / "inventory.yml"
        file.write_text(yaml.safe_dump({"all": {"hosts": {"web01": winrm}}}))
        return file

    def lb_member(self, state: str, *flags: str, others: int = 2) -> ansible_cli.Run:
        options = {
            "provider": "health_page",
            "member": "web01",
            "state": state,
            "health_url": f"http://{self.where.web(1)}:8080/up.html",
            "health_host": "shop.test",
            "health_file": "C:\\lb\\up.html",
            "health_pool": "Shop",
            "other_health_urls": [f"http://{self.where.web(2)}:{8080 if others == 2 else 1}/up.html"],
            "down_after_s": 1.5,
            "up_after_s": 1.5,
            "timeout_s": 20,
        }
        play = [{"hosts": "web01", "gather_facts": False, "tasks": [{"zero_downtime.dotnet.lb_member": options}]}]
        playbook = self.state / "play.yml"
        playbook.write_text(yaml.safe_dump(play))
        return ansible_cli.run(self.environ, "ansible-playbook", str(playbook), *flags)

    def stop(self) -> None:
        self.balancer.stop()
        self.processes.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, lab_net_of_module: net.Net) -> Iterator[Shop]:
    made = Shop(lab_net_of_module, tmp_path_factory.mktemp("page"))
    yield made
    made.stop()


def test_a_life_under_load(shop: Shop) -> None:
    with Users(shop.balancer.frontend, (Kind(4), Kind(3, "/slow/1.5"))) as users:
        time.sleep(0.5)
        run = shop.lb_member("drained", "--check", "--diff")
        assert (run.returncode, shop.balancer.status()) == (0, "UP"), run.output
        run = shop.lb_member("drained")
        assert run.returncode == 0, run.output
        assert "until the load balancer has noticed" in run.output
        assert shop.balancer.status() == "DOWN"
        assert shop.balancer.column("scur") == "0"
        assert (shop.state / "web01" / "lb" / "up.html.out").exists()
        assert "changed=0" in shop.lb_member("drained").output
        run = shop.lb_member("enabled")
        assert run.returncode == 0, run.output
        assert shop.balancer.status() == "UP"
        time.sleep(0.5)
    assert users.tally.failed == 0, users.tally
    assert users.tally.requests > 100
    assert PASSWORD not in run.output


def test_the_last_node_stays(shop: Shop) -> None:
    run = shop.lb_member("drained", others=1)
    assert run.returncode != 0, run.output
    assert "stays in service" in run.output
    assert shop.balancer.status() == "UP"
