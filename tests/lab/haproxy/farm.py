# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of HAProxy: every way of setting it up in which a simple drain loses requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..net import HAPROXY_ADMIN_PORT, HAPROXY_FRONTEND_PORT, SITE_PORT, Net

BACKEND = "web"
AGENT_PORT = 9100


@dataclass(frozen=True)
class Farm:
    """What a configuration has. The defaults are a plain HTTP farm of two servers with health checks."""

    servers: int = 2
    mode: str = "http"
    cookie: bool = False
    stick: bool = False
    agent: bool = False
    checks: bool = True
    rise: int = 2
    fall: int = 2
    server_options: str = ""
    backend_lines: tuple[str, ...] = ()
    frontend_lines: tuple[str, ...] = ()
    global_lines: tuple[str, ...] = ()
    state_file: bool = False
    more_backends: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    """Lines of more sections, at the end."""
    idle: int = 0
    """So many more servers that nobody serves, for figures of cost."""
    sites: dict[str, str] = field(default_factory=dict)
    """Addresses of servers that live elsewhere, by name."""

    def text(self, net: Net, directory: Path, *, host: int = 1) -> str:
        """The text of haproxy.cfg."""
        state = [f"server-state-file {directory}/servers.state"] if self.state_file else []
        lines = [
            "global",
            "    master-worker",
            "    maxconn 500",
            "    nbthread 1",
            f"    stats socket {directory}/admin.sock mode 600 level admin expose-fd listeners",
            f"    stats socket {directory}/operator.sock mode 600 level operator",
            f"    stats socket {directory}/user.sock mode 600 level user",
            f"    stats socket ipv4@{net.address(host)}:{HAPROXY_ADMIN_PORT} level admin",
            *(f"    {line}" for line in (*state, *self.global_lines)),
            "defaults",
            f"    mode {self.mode}",
            "    timeout connect 1s",
            "    timeout client 600s",  # a held request lasts as long as a slow machine needs
            "    timeout server 600s",
            "    timeout queue 60s",
            "    timeout check 5s",
            "    retries 0",
            *(["    load-server-state-from-file global"] if self.state_file else []),
            f"    default-server inter 200ms fastinter 100ms downinter 200ms rise {self.rise} fall {self.fall}",
            "frontend users",
            f"    bind {net.address(host)}:{HAPROXY_FRONTEND_PORT}",
            *(f"    {line}" for line in self.frontend_lines),
            f"    default_backend {BACKEND}",
        ]
        for backend in (BACKEND, *self.more_backends):
            lines += self._backend(backend, net)
        return "\n".join([*lines, *self.sections]) + "\n"

    def _backend(self, name: str, net: Net) -> list[str]:
        lines = [f"backend {name}", "    balance roundrobin", *(f"    {line}" for line in self.backend_lines)]
        if self.cookie:
            lines.append("    cookie SERVED insert indirect nocache")
        if self.stick:
            lines += ["    stick-table type string len 32 size 10k expire 5m", "    stick on url_param(user)"]
        own = any(line.startswith("option httpchk") for line in self.backend_lines)
        if self.mode == "http" and self.checks and not own:
            lines.append("    option httpchk GET /health")
        for index in range(1, self.servers + 1):
            server = f"web{index:02}"
            options = [f"cookie {server}"] if self.cookie else []
            options += ["check"] if self.checks else []
            options += [f"agent-check agent-port {AGENT_PORT} agent-inter 300ms"] if self.agent else []
            lines.append(
                f"    server {server} {self.sites.get(server, f'{net.web(index)}:{SITE_PORT}')} "
                f"{' '.join(options)} {self.server_options}".rstrip()
            )
        for index in range(self.idle):
            lines.append(f"    server idle{index:03} {net.address(9)}:{SITE_PORT} disabled")
        return lines
