# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of WS-Management, with the codes that Windows uses."""

from __future__ import annotations


class Fault(Exception):
    """A fault with its Windows code."""

    def __init__(self, code: int, text: str, subcode: str = "w:InternalError", sender: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.subcode = subcode
        self.sender = sender


def operation_timeout() -> Fault:
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout."
    return Fault(0x80338029, text, "w:TimedOut")


def shell_not_found() -> Fault:
    text = "The request for the Windows Remote Shell with ShellId failed because the shell was not found on the server."
    return Fault(0x8033805B, text, "w:InvalidSelectors", sender=True)


def command_not_found() -> Fault:
    text = "The parameter is incorrect: no such command in this shell."
    return Fault(0x80070057, text, "w:InvalidParameter", sender=True)


def too_many_operations(most: int) -> Fault:
    text = (
        "The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{most} concurrent operations, which has been exceeded. Close existing operations for this user, or raise "
        "the quota for this user."
    )
    return Fault(0x803381A6, text, "w:QuotaLimit")


def too_many_shells(most: int) -> Fault:
    text = (
        "The WS-Management service cannot process the request. This user is allowed a maximum number of "
        f"{most} concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user."
    )
    return Fault(0x803381A5, text, "w:QuotaLimit")


def no_such_file() -> Fault:
    return Fault(0x80070002, "The system cannot find the file specified.")


def line_too_long() -> Fault:
    return Fault(0x800700CE, "The filename or extension is too long.")


def unsupported(what: str) -> Fault:
    return Fault(0x80338021, f"LAB: not simulated: {what}", "a:ActionNotSupported", sender=True)
