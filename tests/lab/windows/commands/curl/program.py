# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl.exe: options, attempts, output."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from pathlib import Path

from ...drive import Refused, Writer
from ...process import Context, Unsimulated
from .files import read_file
from .options import CurlError, Options, apply_arguments, apply_config
from .transfer import Answer, Transfer, refuse_proxy

_TRANSIENT_STATUS = {408, 500, 502, 503, 504}
_MOST_DELAY_S = 600.0


def run(context: Context) -> int:
    options = Options(version=context.machine.config.curl_version)
    try:
        if context.arguments == ["--version"]:
            library = "WinSSL" if options.version.startswith("7.") else "Schannel zlib/1.3.1"
            context.out(f"curl {options.version} (Windows) libcurl/{options.version} {library}\r\n")
            context.out("Protocols: file http https\r\n")
            return 0
        apply_arguments(options, context.arguments)
        _read_configs(context, options)
        refuse_proxy(context)
        if len(options.urls) != 1:
            if not options.urls:
                raise CurlError(2, "no URL specified!")
            raise Unsimulated("curl: several URLs")
        return _fetch(context, options)
    except CurlError as error:
        if not options.silent or options.show_error:
            context.err(f"curl: ({error.code}) {error.text}\r\n")
        return error.code


def _read_configs(context: Context, options: Options) -> None:
    taken = 0
    while taken < len(options.configs):
        name = options.configs[taken]
        taken += 1
        if name == "-":
            data = context.read_all()
        else:
            try:
                data = context.machine.drive.local(name, context.cwd).read_bytes()
            except (Refused, OSError):
                raise CurlError(2, f"error trying read config from the '{name}' file") from None
        apply_config(options, data.decode("utf-8", "replace"))


def _fetch(context: Context, options: Options) -> int:
    deadline = time.monotonic() + options.max_time if options.max_time else None
    give_up = time.monotonic() + options.retry_max_time if options.retry_max_time else None
    delay = 1.0
    attempts = options.retry
    while True:
        try:
            answer = _attempt(context, options, deadline)
            if answer.status in _TRANSIENT_STATUS and attempts:
                error = CurlError(22, f"HTTP error {answer.status}")
            else:
                _write_out(context, options, answer)
                return 0
        except CurlError as failed:
            error = failed
            transient = options.retry_all_errors or error.code == 28 or (error.code == 7 and options.retry_connrefused)
            transient = transient or (error.code == 22 and any(f" {s}" in error.text for s in _TRANSIENT_STATUS))
            if not transient or not attempts:
                raise
        attempts -= 1
        pause = options.retry_delay or delay
        if give_up is not None and time.monotonic() + pause > give_up:
            raise error
        if not options.silent:
            context.err(f"Warning: Transient problem: {error.text} Will retry in {pause:g} seconds.\r\n")
        context.wait(pause)
        delay = min(delay * 2, _MOST_DELAY_S)
        deadline = time.monotonic() + options.max_time if options.max_time else None


def _attempt(context: Context, options: Options, deadline: float | None) -> Answer:
    url = options.urls[0]
    if url.lower().startswith("file:"):
        return read_file(context, options, url, context.stdout.write)
    if options.range is not None:
        raise Unsimulated("curl: --range of HTTP")
    transfer = Transfer(context, options, deadline)
    if options.output is None or options.output == "-":
        return transfer.run(url, context.stdout.write)
    local = _target(context, options.output, options.create_dirs)
    if options.output.lower() == "nul":
        return transfer.run(url, lambda data: None)
    return _to_file(context, transfer, url, local)


def _to_file(context: Context, transfer: Transfer, url: str, local: Path) -> Answer:
    """curl makes the file when the first byte comes, so a refused request leaves none behind."""
    drive = context.machine.drive
    room = drive.room()
    with ExitStack() as stack:
        opened: list[Writer] = []

        def write(data: bytes) -> None:
            if not opened:
                opened.append(stack.enter_context(drive.writer(local, room)))
            opened[0].write(data)

        answer = transfer.run(url, write)
        if not opened:
            try:
                write(b"")
            except Refused as refused:
                raise CurlError(23, f"Failed to open the file: {refused.text}") from refused
        return answer


def _target(context: Context, output: str, create: bool) -> Path:
    try:
        local = context.machine.drive.local(output if output.lower() != "nul" else ".", context.cwd)
    except Refused as refused:
        raise CurlError(23, f"Failed to open the file {output}: {refused.text}") from refused
    if create:
        local.parent.mkdir(parents=True, exist_ok=True)
    return local


def _write_out(context: Context, options: Options, answer: Answer) -> None:
    known = {"http_code": f"{answer.status:03d}", "size_download": str(answer.size), "url_effective": answer.url}

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise Unsimulated(f"curl: --write-out %{{{match[1]}}}")
        return known[match[1]]

    text = re.sub(r"%\{(\w+)\}", value, options.write_out)
    context.out(text.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t"))
