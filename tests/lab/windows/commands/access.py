# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cacls PATH /S, and icacls with /inheritance:r, /grant:r and /remove:g."""

from __future__ import annotations

import re

from ..process import Context, Unsimulated
from ..rights import NAMES, SHORT

_GRANT = re.compile(r"\*(S-1-[0-9-]+):((?:\((?:OI|CI|IO|NP)\))*)([A-Z]+)\Z")


def cacls(context: Context) -> int:
    if len(context.arguments) != 2 or context.arguments[1].lower() != "/s":
        raise Unsimulated(f"cacls {' '.join(context.arguments)}")
    path = _directory(context)
    if path is None:
        return 2
    context.out(f'{path} "{context.machine.access.sddl(path)}"\r\n\r\n')
    return 0


def icacls(context: Context) -> int:
    path = _directory(context)
    if path is None:
        return 2
    own = context.machine.access.own(path)
    switch = ""
    for word in context.arguments[1:]:
        if word.startswith("/"):
            switch = word.lower()
            if switch == "/inheritance:r":
                own.protected = True
        elif switch == "/grant:r" and (grant := _GRANT.match(word)) and grant[3] in SHORT:
            trustee = NAMES.get(grant[1], grant[1])
            own.remove(trustee)
            own.entries.append((re.sub(r"[()]", "", grant[2]), SHORT[grant[3]], trustee))
        elif switch == "/remove:g" and word.startswith("*S-1-"):
            own.remove(NAMES.get(word[1:], word[1:]))
        else:
            raise Unsimulated(f"icacls {' '.join(context.arguments)}")
    context.out(f"processed file: {path}\r\nSuccessfully processed 1 files; Failed processing 0 files\r\n")
    return 0


def _directory(context: Context) -> str | None:
    if not context.arguments:
        raise Unsimulated("cacls or icacls without a path")
    local = context.machine.drive.local(context.arguments[0], context.cwd)
    if local.is_dir():
        return context.machine.drive.windows(local)
    context.err("The system cannot find the file specified.\r\n")
    return None
