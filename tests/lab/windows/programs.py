# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program a command line names, and running it."""

from __future__ import annotations

import errno
from collections.abc import Callable

from . import argv as windows_argv
from .commands import access, certutil, fsutil, small
from .commands.appcmd import program as appcmd
from .commands.cmd import program as cmd
from .commands.curl import program as curl
from .commands.tar import program as tar
from .drive import Refused, disk_full
from .machine import TOOLS
from .process import TERMINATED_EXIT, UNSIMULATED_EXIT, Context, Terminated, Unsimulated

Program = Callable[[Context], int]

PROGRAMS: dict[str, Program] = {
    "appcmd.exe": appcmd.run,
    "cacls.exe": access.cacls,
    "certutil.exe": certutil.run,
    "chcp.com": small.chcp,
    "cmd.exe": cmd.run,
    "curl.exe": curl.run,
    "fsutil.exe": fsutil.run,
    "hostname.exe": small.hostname,
    "icacls.exe": access.icacls,
    "netsh.exe": small.netsh,
    "tar.exe": tar.run,
    "timeout.exe": small.timeout,
    "where.exe": small.where,
    "whoami.exe": small.whoami,
}


class NoSuchProgram(Exception):
    """CreateProcess finds no such file."""


def find(context: Context) -> Program:
    """The program that the context's first argument names, found as CreateProcess does."""
    named = context.argv[0].replace("/", "\\")
    base = named.rsplit("\\", 1)[-1].lower()
    candidates = [base] if "." in base else [base + ".exe", base + ".com"]
    for candidate in candidates:
        path = TOOLS.get(candidate)
        if path is None:
            continue
        if "\\" in named:
            full = context.machine.drive.normal(named, context.cwd).lower()
            if not full.endswith(candidate):
                full = full.removesuffix(base) + candidate
            if full != path.lower():
                continue
        elif path.rsplit("\\", 1)[0].lower() != "c:\\windows\\system32":
            continue
        if not context.machine.drive.local(path).is_file():
            continue
        return PROGRAMS[candidate]
    if base.removesuffix(".exe") in ("powershell", "pwsh"):
        raise Unsimulated("powershell.exe: the simulated host has no PowerShell engine")
    raise NoSuchProgram(context.argv[0])


def run(program: Program, context: Context) -> int:
    """Runs a program to its end; errors become its output and exit code."""
    try:
        return program(context)
    except Unsimulated as refused:
        return refuse(context, str(refused))
    except Terminated:
        return TERMINATED_EXIT
    except Refused as refused:
        context.err(refused.text + "\r\n")
        return refused.code
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        context.err(disk_full().text + "\r\n")
        return disk_full().code


def refuse(context: Context, what: str) -> int:
    """Reports that the lab does not simulate this."""
    context.machine.record.refusals.append(what)
    context.err(f"LAB: not simulated: {what}\r\n")
    return UNSIMULATED_EXIT


def parse(line: str) -> list[str]:
    """The arguments of a command line."""
    return windows_argv.split(line)
