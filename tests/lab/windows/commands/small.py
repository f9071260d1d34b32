# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small programs: chcp, hostname, netsh, timeout, where, whoami."""

from __future__ import annotations

from ..drive import Refused
from ..machine import TOOLS
from ..process import Context, Unsimulated


def hostname(context: Context) -> int:
    if context.arguments:
        raise Unsimulated("hostname with arguments")
    context.out(context.machine.name + "\r\n")
    return 0


def whoami(context: Context) -> int:
    if context.arguments:
        raise Unsimulated("whoami with arguments")
    context.out(f"{context.machine.name.lower()}\\{context.env.get('USERNAME', '').lower()}\r\n")
    return 0


def chcp(context: Context) -> int:
    if not context.arguments:
        context.out(f"Active code page: {context.codepage}\r\n")
        return 0
    if context.arguments[0] not in ("437", "850", "1252", "65001"):
        context.out("Invalid code page\r\n")
        return 1
    context.codepage = int(context.arguments[0])
    context.out(f"Active code page: {context.codepage}\r\n")
    return 0


def timeout(context: Context) -> int:
    """Windows refuses to wait when standard input is not a console, which it never is over WinRM."""
    context.err("ERROR: Input redirection is not supported, exiting the process immediately.\r\n")
    return 1


def netsh(context: Context) -> int:
    """Rules of the firewall, which the simulated host does not have: a command is checked and has no effect."""
    words = [word.lower() for word in context.arguments]
    if words[:2] != ["advfirewall", "firewall"] or words[2:4] not in (["add", "rule"], ["delete", "rule"]):
        raise Unsimulated(f"netsh {' '.join(context.arguments)}")
    if not words[4].startswith("name="):
        context.out("A specified value is not valid.\r\n")
        return 1
    context.out("Ok.\r\n")
    return 0


def where(context: Context) -> int:
    code = 0
    for word in context.arguments:
        if word.lower() == "/q":
            continue
        if word.startswith("/"):
            raise Unsimulated(f"where: option {word}")
        base = word.lower()
        names = [base] if "." in base else [base + ".exe", base + ".com"]
        found = [TOOLS[n] for n in names if n in TOOLS and "inetsrv" not in TOOLS[n]]
        found = [path for path in found if _exists(context, path)]
        if found:
            context.out("".join(path + "\r\n" for path in found))
        else:
            context.err("INFO: Could not find files for the given pattern(s).\r\n")
            code = 1
    return code


def _exists(context: Context, path: str) -> bool:
    try:
        return context.machine.drive.local(path).is_file()
    except Refused:
        return False
