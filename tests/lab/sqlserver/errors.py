# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the server, with the numbers and texts of SQL Server."""

from __future__ import annotations

# What the lab does not know, it refuses with this number and a text that names the lab.
LAB_REFUSAL = 49990


class SqlError(Exception):
    """An error message for the client. `aborts` says how far it reaches when nothing catches it."""

    def __init__(self, number: int, text: str, severity: int = 16, state: int = 1, *, aborts: str = "") -> None:
        super().__init__(text)
        self.number = number
        self.text = text
        self.severity = severity
        self.state = state
        self.line = 0
        self.procedure = ""
        self.aborts = aborts or DEFAULT_REACH.get(number, "statement")
        self.user_raised = False
        self.scope: object = None
        self.first: SqlError | None = None  # an error that is sent before this one


# How far an error reaches without XACT_ABORT and outside TRY: it ends the statement (the default), its scope or the
# whole batch; "transaction" also rolls back.
DEFAULT_REACH = {
    102: "batch",
    137: "batch",
    156: "batch",
    207: "scope",
    208: "scope",
    4104: "scope",
    209: "scope",
    1205: "transaction",
    3930: "transaction",
    3906: "batch",
    235: "transaction",  # conversions that fail end the batch and roll back; overflows end the statement
    241: "transaction",
    245: "transaction",
    8114: "transaction",
    8169: "transaction",
    3609: "transaction",
    2714: "scope",
    2705: "scope",
    4902: "scope",
    4924: "scope",
    3728: "scope",
    1505: "scope",
    5074: "scope",
    1913: "scope",
    2812: "statement",
    LAB_REFUSAL: "transaction",
    0: "transaction",
}
COMPILE_ERRORS = frozenset({207, 208, 209, 4104, 137, 102, 156})


class Cancelled(Exception):
    """The client sent an attention."""


class ConnectionGone(Exception):
    """The client has disconnected, or the control socket cut the connection."""


def refusal(what: str, text: str = "") -> SqlError:
    shown = " ".join(text.split())
    if len(shown) > 400:
        shown = shown[:400] + "..."
    return SqlError(
        LAB_REFUSAL, f"lab.sqlserver does not know this and refuses it: {what}" + (f": {shown}" if shown else "")
    )


def syntax(near: str, line: int = 1) -> SqlError:
    error = SqlError(102, f"Incorrect syntax near '{near}'.", 15)
    error.line = line
    return error


def keyword(near: str, line: int = 1) -> SqlError:
    error = SqlError(156, f"Incorrect syntax near the keyword '{near}'.", 15)
    error.line = line
    return error
