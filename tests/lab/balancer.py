# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancer of a lab: Debian's HAProxy, configured as the README recommends, with one backend `shop`."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from .net import HAPROXY_ADMIN_PORT, HAPROXY_FRONTEND_PORT, SITE_HOST, SITE_PORT, Net
from .proc import Process, ProcessGroup

BACKEND = "shop"
_LONGEST_SOCKET_PATH = 90  # of 107, because HAProxy binds under a longer temporary name first


def configuration(net: Net, nodes: Sequence[str], directory: Path, *, cookie: bool = False) -> str:
    """The text of haproxy.cfg. `cookie` adds persistence: a user stays with the server that answered first."""
    servers = "\n".join(
        f"    server {name} {net.web(index)}:{SITE_PORT} check{f' cookie {name}' if cookie else ''}"
        for index, name in enumerate(nodes, 1)
    )
    persistence = "    cookie SERVERID insert indirect nocache\n" if cookie else ""
    return f"""\
global
    master-worker
    maxconn 2000
    stats socket {directory}/admin.sock mode 600 level admin expose-fd listeners
    stats socket ipv4@{net.haproxy}:{HAPROXY_ADMIN_PORT} level admin
    stats timeout 5m
    server-state-file {directory}/servers.state
    hard-stop-after 60s

defaults
    mode http
    timeout connect 3s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s
    timeout queue 10s
    # A machine that is short of processor time for some seconds must not cost a healthy server its place.
    timeout check 5s
    # In a reload, idle clients are let go with an answer, not with a reset that crosses their next request.
    option idle-close-on-response
    load-server-state-from-file global
    default-server inter 500ms fastinter 250ms downinter 500ms rise 2 fall 3 init-addr last,libc,none

frontend {BACKEND}
    bind {net.haproxy}:{HAPROXY_FRONTEND_PORT}
    default_backend {BACKEND}

backend {BACKEND}
    balance roundrobin
{persistence}    option httpchk
    http-check send meth GET uri /health ver HTTP/1.1 hdr Host {SITE_HOST}
    http-check expect status 200
{servers}
"""


def start(processes: ProcessGroup, net: Net, nodes: Sequence[str], directory: Path, *, cookie: bool = False) -> Process:
    """Starts HAProxy in master-worker mode. Sockets: admin.sock and master.sock in `directory`, TCP on port 9999."""
    directory.mkdir(parents=True, exist_ok=True)
    if len(str(directory / "master.sock")) > _LONGEST_SOCKET_PATH:
        raise RuntimeError(f"{directory} is too long a path for HAProxy's unix sockets: use a shorter state directory")
    (directory / "servers.state").write_text("1\n")  # the version of the format, and no server yet
    file = directory / "haproxy.cfg"
    file.write_text(configuration(net, nodes, directory, cookie=cookie))
    return processes.start(
        "haproxy", ["haproxy", "-W", "-S", f"{directory / 'master.sock'},mode,600,level,admin", "-f", file]
    )


def command(path: Path, text: str, timeout_s: float = 30.0) -> str:
    """One command over a unix socket of HAProxy and the whole answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(text.encode() + b"\n")
        chunks = []
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks).decode()


def servers(path: Path, backend: str = BACKEND) -> dict[str, dict[str, str]]:
    """The rows of `show stat` for the servers of a backend, keyed by name."""
    header, *lines = command(path, "show stat").lstrip("# ").splitlines()
    names = header.split(",")
    rows = [dict(zip(names, line.split(","), strict=False)) for line in lines if line]
    return {row["svname"]: row for row in rows if row["pxname"] == backend and row["type"] == "2"}
