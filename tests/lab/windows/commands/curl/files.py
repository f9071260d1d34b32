# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""file:// addresses, whole, the first or the last bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from ...drive import Refused
from ...process import Context, Unsimulated
from .options import CurlError, Options
from .transfer import Answer


def read_file(context: Context, options: Options, url: str, write: Callable[[bytes], None]) -> Answer:
    """curl reads no further back than the beginning of a file: a longer range than the file ends with code 36."""
    if options.proto is not None and options.proto.lstrip("=") != "file":
        raise CurlError(1, 'Protocol "file" disabled')
    if options.output is not None:
        raise Unsimulated("curl: file:// into a file")
    parts = urlsplit(url)
    try:
        content = context.machine.drive.local(unquote(parts.path).lstrip("/"), context.cwd).read_bytes()
    except (Refused, OSError) as error:
        raise CurlError(37, f"Couldn't open file {unquote(parts.path)}") from error
    if options.range is not None:
        content = _part(content, options.range)
    write(content)
    return Answer(0, len(content), "", url)


def _part(content: bytes, wanted: str) -> bytes:
    first = re.fullmatch(r"0-(\d+)", wanted)
    if first:
        return content[: int(first[1]) + 1]
    last = re.fullmatch(r"-(\d+)", wanted)
    if not last:
        raise Unsimulated(f"curl: --range {wanted} of a file")
    if int(last[1]) > len(content):
        raise CurlError(36, "Couldn't resume download")
    return content[len(content) - int(last[1]) :]
