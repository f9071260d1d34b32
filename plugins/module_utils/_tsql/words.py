# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that begin statements, and what is said of a token that fits nowhere. Private to the collection."""

from __future__ import annotations

from collections.abc import Sequence

from .lexer import QUOTED, STRING, Token, string_value

END = 0
"""The kind of the token behind the last one."""

STARTERS = frozenset(
    """SELECT INSERT UPDATE DELETE MERGE CREATE ALTER DROP TRUNCATE EXEC EXECUTE DECLARE SET IF WHILE BEGIN
    PRINT RAISERROR RETURN GRANT DENY REVOKE USE BACKUP RESTORE DBCC WAITFOR GOTO BREAK CONTINUE COMMIT ROLLBACK
    SAVE OPEN CLOSE FETCH DEALLOCATE KILL CHECKPOINT RECONFIGURE SHUTDOWN BULK READTEXT WRITETEXT UPDATETEXT
    SETUSER REVERT ADD LINENO DUMP LOAD WITH END ELSE""".split()  # noqa: SIM905
)
"""Reserved words that can begin a statement, and WITH, END and ELSE, which can end one."""


class Unrecognised(Exception):  # not an error: the classifier answers it with an UNKNOWN statement
    """No shape fits from this token on."""

    def __init__(self, token: Token, message: str) -> None:
        super().__init__(message)
        self.token = token
        self.message = message


def spell(tokens: Sequence[Token]) -> str:
    """Tokens in one spelling, to compare conditions by."""
    return " ".join(
        token.key or (string_value(token).upper() if token.kind in (QUOTED, STRING) else token.text.upper())
        for token in tokens
    )


def misplaced(token: Token) -> str:
    """What is wrong with a token of kind BAD."""
    if token.text.upper() == "GO":
        return "GO stands alone on its line, with nothing behind it but a count, and comments that end there"
    return f"the character {token.text[:1]!r} has no place here"
