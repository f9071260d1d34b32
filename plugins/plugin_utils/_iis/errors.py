# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong on the way to a Windows node; each message is one sentence for a person.

Private to the collection.
"""

from __future__ import annotations


class IisError(Exception):
    """Something that a task reports as failed, with a sentence that says what to do."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    @property
    def connection_is_gone(self) -> bool:
        """Whether anything more can be done on the node."""
        return False


class RefusedValue(IisError):
    """A value from the user that cannot be put on a Windows command line safely, or that names a place it must not."""


class ConnectionLost(IisError):
    """The node cannot be reached, or stopped answering: what it did last is not known for sure."""

    @property
    def connection_is_gone(self) -> bool:
        return True


class CommandTimeout(IisError):
    """A program on the node did not end within its time and was told to terminate."""


class ProgramMissing(IisError):
    """The node does not have the program."""


class AppcmdError(IisError):
    """appcmd ended with an exit code that is not success; `code` is the low word of the HRESULT."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, appcmd_code=code)
        self.code = code
