# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WinRM listeners: who may log in and how, and the faults that tests ask for (down, hang, drop)."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass
from functools import partial

from ..config import WinrmConfig
from ..machine import Machine
from . import basic
from .http import HttpConnection, HttpRequest, HttpResponse, Link
from .ntlm import Credentials, NtlmLogin
from .shells import Shells
from .wsman import Service

_SOAP = "application/soap+xml;charset=UTF-8"


@dataclass
class Disturbance:
    """What is wrong with the service, by order of a test."""

    hang: bool = False
    drop_after: int | None = None
    drop_in_command: str | None = None


class Winrm:
    """Listens on the host's HTTP and HTTPS ports."""

    def __init__(self, machine: Machine, config: WinrmConfig, tls: ssl.SSLContext | None) -> None:
        self._machine = machine
        self._config = config
        self._tls = tls
        self.shells = Shells(machine, config)
        self._service = Service(machine, self.shells)
        self._connections: set[HttpConnection] = set()
        self._servers: list[asyncio.Server] = []
        self._credentials = Credentials(machine.name, machine.config.users)
        self.disturbance = Disturbance()

    # up and down

    async def up(self) -> None:
        self.disturbance.hang = False
        for connection in list(self._connections):
            if connection.deaf:
                connection.drop()
        if self._servers:
            return
        loop = asyncio.get_running_loop()
        most = self._config.max_envelope_kb * 1024 + 64 * 1024
        for port, tls in ((self._config.http_port, None), (self._config.https_port, self._tls)):
            if port:
                self._servers.append(
                    await loop.create_server(
                        partial(HttpConnection, self._handle, tls is not None, most, self._connections),
                        self._machine.config.address,
                        port,
                        ssl=tls,
                    )
                )

    def down(self) -> None:
        """Nothing listens any more, every connection is cut, and shells and their commands go on as they would."""
        for server in self._servers:
            server.close()
        self._servers = []
        for connection in list(self._connections):
            connection.drop()

    def hang(self) -> None:
        """Connections are accepted and never answered."""
        self.disturbance.hang = True

    def close(self) -> None:
        self.down()
        self.shells.close_all()
        self._credentials.close()

    # requests

    async def _handle(self, link: Link, request: HttpRequest) -> HttpResponse:
        if self.disturbance.hang:
            await asyncio.Event().wait()
        if request.method != "POST":
            return HttpResponse(405)
        if request.path.split("?")[0] != "/wsman":
            return HttpResponse(404)
        login = link.state.setdefault("ntlm", NtlmLogin())
        assert isinstance(login, NtlmLogin)
        kind, _unused, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() in ("negotiate", "ntlm"):
            return await self._ntlm(login, request, kind, token)
        user = login.user
        if kind.lower() == "basic" and self._basic_allowed(request):
            user = basic.user_of(token, self._machine.config.users)
        if user is None:
            return self._unauthorized(request)
        return await self._serve(user, login, request, [])

    async def _ntlm(self, login: NtlmLogin, request: HttpRequest, kind: str, token: str) -> HttpResponse:
        try:
            reply = login.step(token)
        except ValueError:
            self._machine.record.count("logins_failed")
            return self._unauthorized(request)
        headers = [("WWW-Authenticate", f"{kind} {base64.b64encode(reply).decode()}")] if reply else []
        if login.user is None:
            return HttpResponse(401, headers=headers)
        return await self._serve(login.user, login, request, headers)

    async def _serve(
        self, user: str, login: NtlmLogin, request: HttpRequest, headers: list[tuple[str, str]]
    ) -> HttpResponse:
        if not request.body:
            return HttpResponse(200, headers=headers)
        sealed = "multipart/encrypted" in request.headers.get("content-type", "")
        body = request.body
        if sealed:
            if login.user is None:
                return HttpResponse(400)
            try:
                body = login.unwrap(body)
            except Exception:
                return HttpResponse(400)
        elif not request.tls:
            return HttpResponse(500, headers=headers)  # AllowUnencrypted is false, as Windows ships
        if len(body) > self._config.max_envelope_kb * 1024:
            return HttpResponse(413, close=True)
        self._disturb(body)
        status, answer = await self._service.answer(user, body)
        if not sealed:
            return HttpResponse(status, answer, _SOAP, headers)
        wrapped, content_type = login.wrap(answer)
        return HttpResponse(status, wrapped, content_type, headers)

    def _disturb(self, body: bytes) -> None:
        """Cuts the wire when a test has asked for it: after so many operations, or in the middle of a command."""
        fault = self.disturbance
        if fault.drop_after is not None:
            fault.drop_after -= 1
            if fault.drop_after < 0:
                fault.drop_after = None
                self.down()
                return
        if fault.drop_in_command is not None and b"shell/Receive<" in body:
            running = [c for shell in self.shells.all() for c in shell.commands.values()]
            if any(fault.drop_in_command.lower() in command.context.line.lower() for command in running):
                fault.drop_in_command = None
                self.down()

    def _basic_allowed(self, request: HttpRequest) -> bool:
        return self._config.basic and request.tls

    def _unauthorized(self, request: HttpRequest) -> HttpResponse:
        self._machine.record.count("unauthorized")
        offers = [("WWW-Authenticate", "Negotiate")]
        if self._basic_allowed(request):
            offers.append(("WWW-Authenticate", 'Basic realm="WSMAN"'))
        return HttpResponse(401, headers=offers)
