# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on the way to a Windows node; each message is one sentence for a person.

Private to the collection.
"""

from __future__ import annotations


class IisError(Exception):
    """A failure of the task: a sentence that says what was found and what to do, and facts for the result."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    @property
    def connection_lost(self) -> bool:
        """Whether the node can no longer be reached."""
        return False


class RefusedValue(IisError):
    """A value that is not safe on a Windows command line, or that names a forbidden path."""


class ConnectionLost(IisError):
    """The node cannot be reached or stopped answering; the result of its last command is unknown."""

    @property
    def connection_lost(self) -> bool:
        return True


class CommandTimeout(IisError):
    """A program on the node did not end in time and was terminated."""


class ProgramMissing(IisError):
    """The node does not have the program."""


class AppcmdError(IisError):
    """appcmd ended with an exit code that is not success; `code` is the low word of the HRESULT."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, appcmd_code=code)
        self.code = code
