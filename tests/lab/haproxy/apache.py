# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Apache with mod_proxy_balancer, in front of the same servers and users as HAProxy."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .. import net as lab_net
from ..net import HAPROXY_FRONTEND_PORT, SITE_PORT, Net
from ..proc import Process
from ..waiting import LIMIT_S
from .launch import launch
from .scene import wait_busy
from .users import MIXED, Kind, Users

_MODULES = Path("/usr/lib/apache2/modules")
_WANTED = (
    "mpm_event authn_core authn_file authz_core authz_host authz_user auth_basic slotmem_shm proxy proxy_http "
    "proxy_balancer proxy_hcheck watchdog lbmethod_byrequests status headers"
)
_START_S = LIMIT_S
USER = "deploy"
PASSWORD = "manager-password"


class Apache:
    """One Apache with one balancer of two workers."""

    def __init__(self, net: Net, directory: Path, *, sticky: bool = False) -> None:
        self.net = net
        self.directory = directory
        self.sticky = sticky
        self.frontend = (net.address(1), HAPROXY_FRONTEND_PORT)
        self.base = f"http://{net.address(1)}:{HAPROXY_FRONTEND_PORT}"
        self.manager = f"{self.base}/balancer-manager"
        self.server_status = f"{self.base}/server-status"
        self._process: Process | None = None
        self._origins: dict[str, Process] = {}

    def _text(self) -> str:
        loads = [
            f"LoadModule {name}_module {_MODULES}/mod_{name}.so"
            for name in _WANTED.split()
            if (_MODULES / f"mod_{name}.so").exists()
        ]
        sticky = " stickysession=ROUTE" if self.sticky else ""
        cookie = ['Header add Set-Cookie "ROUTE=.%{BALANCER_WORKER_ROUTE}e; path=/" env=BALANCER_ROUTE_CHANGED']
        members = [
            f"  BalancerMember http://{self.net.web(index)}:{SITE_PORT} route=web{index:02} "
            f"hcmethod=GET hcuri=/health hcinterval=1 hcpasses=2 hcfails=2"
            for index in (1, 2)
        ]
        guarded = [
            f"<Location /{name}>\n  SetHandler {name}\n  AuthType Basic\n  AuthName lab\n  AuthBasicProvider file\n"
            f"  AuthUserFile {self.directory}/users\n  Require valid-user\n</Location>\nProxyPass /{name} !"
            for name in ("balancer-manager", "server-status")
        ]
        return "\n".join(
            [
                *loads,
                "ServerName lb01",
                "User nobody",
                "Group nogroup",
                f"DefaultRuntimeDir {self.directory}",
                f"PidFile {self.directory}/pid",
                f"ErrorLog {self.directory}/error.log",
                f"Listen {self.frontend[0]}:{self.frontend[1]}",
                "StartServers 1",
                "ServerLimit 8",
                "ThreadsPerChild 40",
                "MaxRequestWorkers 80",
                "KeepAliveTimeout 20",
                "Timeout 600",
                "<Proxy balancer://web>",
                *members,
                f"  ProxySet lbmethod=byrequests{sticky}",
                "</Proxy>",
                *guarded,
                *(cookie if self.sticky else []),
                "ProxyPass / balancer://web/",
            ]
        )

    def start(self) -> None:
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        (self.directory / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
        (self.directory / "users").chmod(0o644)
        self.directory.chmod(0o755)
        config = self.directory / "apache.conf"
        config.write_text(self._text() + "\n")
        self._process = launch("apache", ["apache2", "-f", config, "-D", "FOREGROUND"], self.directory)
        self._process.wait_ready(_START_S, self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.base}/fast", timeout=2):
            return True
        return False

    def graceful(self) -> None:
        """A graceful restart: the old processes work off what they have."""
        assert self._process is not None
        before = self._page(self.server_status + "?auto").split("ParentServerMPMGeneration: ")[1].split()[0]
        self._process.popen.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(OSError, IndexError):
                page = self._page(self.server_status + "?auto")
                if page.split("ParentServerMPMGeneration: ")[1].split()[0] != before:
                    return
            if time.monotonic() > deadline:
                raise TimeoutError("Apache did not restart")
            time.sleep(0.05)

    def _page(self, url: str) -> str:
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}", "Referer": self.manager})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return str(answer.read().decode())

    def worker(self, name: str, field: str) -> str:
        """A field of a worker, by its route."""
        for part in self._page(self.manager + "?xml=1").split("<httpd:worker>")[1:]:
            if f"<httpd:route>{name}<" in part:
                return part.split(f"<httpd:{field}>")[1].split("<")[0].strip()
        raise LookupError(name)

    def start_origin(self, name: str, *options: str) -> None:
        address = self.net.web(int(name[3:]))
        process = launch(
            f"origin-{name}",
            [
                sys.executable,
                "-m",
                "lab.haproxy.origin",
                address,
                "--release",
                str(self.directory / "release"),
                *options,
            ],
            self.directory,
        )
        self._origins[name] = process
        process.wait_ready(_START_S)

    def kill_origin(self, name: str) -> None:
        self._origins.pop(name).kill()

    def release(self) -> None:
        """What /hold holds comes to its end, and is held no more."""
        (self.directory / "release").touch()

    def users(self, kinds: tuple[Kind, ...] = MIXED) -> Users:
        return Users(self.frontend, kinds, self.release)

    def wait_busy(self, least: int = 1, timeout_s: float = LIMIT_S) -> None:
        wait_busy(lambda: int(self.worker("web01", "busy")), least, timeout_s)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(3.0)
        for process in self._origins.values():
            process.kill()


@contextlib.contextmanager
def apache(*, sticky: bool = False) -> Iterator[Apache]:
    """Apache with both servers up."""
    with lab_net.allocate() as net, tempfile.TemporaryDirectory(prefix="zd") as directory:
        made = Apache(net, Path(directory), sticky=sticky)
        try:
            made.start_origin("web01")
            made.start_origin("web02")
            made.start()
            yield made
        finally:
            made.stop()
