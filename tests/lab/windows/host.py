# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated Windows host: everything started, and everything ended."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Callable

from .config import Config
from .control import Control
from .httpsys.front import Front
from .machine import Machine
from .winrm.listener import Winrm


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.cert is None or config.key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.cert, config.key)
    return context


async def serve(config: Config, on_ready: Callable[[], None]) -> None:
    """Runs the host until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    tls = _tls(config)
    machine = Machine(config, loop)
    front = Front(machine.iis, tls)
    winrm = Winrm(machine, config.winrm, tls)
    control = Control(config.control, machine, winrm) if config.control else None
    try:
        await machine.iis.open()
        await front.open()
        await winrm.up()
        if control:
            await control.open()
        on_ready()
        await ended.wait()
    finally:
        if control:
            control.close()
        winrm.close()
        await front.close()
        await machine.iis.close()
