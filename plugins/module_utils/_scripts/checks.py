# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a script unfit to run, whatever its statements are. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .._tsql.lexer import QUOTED, STRING, WORD, Lines, Scan, Token, scan
from .batches import Batch
from .errors import ScriptError
from .header import Header
from .phases import Phase
from .sqlcmd import Inside

_MODULES = frozenset({"PROC", "PROCEDURE", "TRIGGER", "FUNCTION", "VIEW"})
OUTSIDE_A_TRANSACTION = (
    "does not run inside a transaction: put the statement into a script of its own with the header "
    "'-- migrate: no-transaction'"
)
_LONE_RETURN = re.compile(r"\r(?!\r*\n)")
_TRANSACTION = re.compile(r"\b(?:commit|begin)\b", re.IGNORECASE)


def find_problems(phase: Phase, header: Header, found: Scan, batches: Sequence[Batch]) -> Iterator[ScriptError]:
    """All that is wrong with a script whose text was scanned, its variables replaced."""
    if not found.tokens:
        yield ScriptError("the script is empty, it holds no statement: remove it, or write what it should do")
        return
    yield from _line_ends(found)
    yield from _repeats(batches)
    yield from _header(phase, header, found, batches)
    if not found.text.isascii() or _TRANSACTION.search(found.text):
        yield from _transactions(batches)


def _line_ends(found: Scan) -> Iterator[ScriptError]:
    """Tools and servers do not agree about a carriage return alone, so a statement could hide behind one."""
    if "\r" not in found.text:
        return
    literals = Inside([(token.start, token.end) for token in found.tokens if token.kind in (STRING, QUOTED)])
    for hit in _LONE_RETURN.finditer(found.text):
        if not literals.holds(hit.start()):
            line, column = Lines(found.text).position(hit.start())
            yield ScriptError(
                "this line ends with a carriage return alone: save the file with line ends LF or CRLF", line, column
            )
            return


def _repeats(batches: Sequence[Batch]) -> Iterator[ScriptError]:
    for batch in batches:
        if batch.repeat < 1:
            yield ScriptError("the batch has a GO 0, so it would never run: remove it, or its count", batch.line)


def _header(phase: Phase, header: Header, found: Scan, batches: Sequence[Batch]) -> Iterator[ScriptError]:
    if header.no_transaction and (len(batches) != 1 or batches[0].repeat != 1):
        yield ScriptError(
            "the script runs without a transaction (-- migrate: no-transaction), so one statement and no GO is "
            f"expected; {len(batches)} batches were found: split it"
        )
    yield from _memory_optimised(header, found)
    if header.batch_rows is None:
        return
    if not phase.batched:
        yield ScriptError(
            f"the header of a backfill (-- migrate: batch) is not obeyed in the phase {phase}: "
            "move the script to the backfill phase"
        )
    silenced = sets_nocount(found.tokens)
    if silenced is not None:
        line, column = Lines(found.text).position(silenced.start)
        yield ScriptError(
            "SET NOCOUNT ON, but the script runs until a round changes no row, so its rows have to be counted: "
            "remove it",
            line,
            column,
        )


def _memory_optimised(header: Header, found: Scan) -> Iterator[ScriptError]:
    token = None if header.no_transaction else memory_optimised(found.tokens)
    if token is not None:
        line, column = Lines(found.text).position(token.start)
        yield ScriptError(f"{token.key} {OUTSIDE_A_TRANSACTION}", line, column)


def memory_optimised(tokens: Sequence[Token]) -> Token | None:
    """What tells DDL of memory-optimised tables and native modules, which fails in a user's transaction (error 12331).

    Only hash indexes, which memory-optimised tables alone have, have buckets.
    """
    for at, token in enumerate(tokens):
        if token.key in ("NATIVE_COMPILATION", "BUCKET_COUNT"):
            return token
        if token.key == "MEMORY_OPTIMIZED" and [one.key for one in tokens[at + 1 : at + 3]] == ["=", "ON"]:
            return token
    return None


def sets_nocount(tokens: Sequence[Token]) -> Token | None:
    """The SET of the first SET NOCOUNT ON."""
    for at in range(len(tokens) - 2):
        words = [token.key for token in tokens[at : at + 3]]
        if words == ["SET", "NOCOUNT", "ON"]:
            return tokens[at]
    return None


def _transactions(batches: Sequence[Batch]) -> Iterator[ScriptError]:
    """A COMMIT without its own BEGIN TRANSACTION would end the engine's transaction, journal row and all.

    Pairs, as Entity Framework Core writes them, nest inside the engine's transaction and are harmless. ROLLBACK is
    left to the check behind the script: in a CATCH block it is right. What a module's body does, it does later.
    """
    depth = 0
    for batch in batches:
        tokens = scan(batch.text).tokens
        if _defines_module(tokens):
            continue
        for at, token in enumerate(tokens):
            if token.kind != WORD:
                continue
            depth += _depth_change(token, tokens[at + 1].key if at + 1 < len(tokens) else "")
            if depth < 0:
                line, column = Lines(batch.text).position(token.start)
                yield ScriptError(
                    "COMMIT of a transaction that the script did not begin: the task owns the transaction, "
                    "remove the COMMIT",
                    batch.line + line - 1,
                    column,
                )
                return
    if depth > 0:
        yield ScriptError(
            f"the script begins {depth} more transaction(s) than it commits: the task owns the transaction, remove them"
        )


def _depth_change(token: Token, following: str) -> int:
    if token.key == "BEGIN":
        return int(following in ("TRAN", "TRANSACTION", "DISTRIBUTED"))
    return -1 if token.key == "COMMIT" else 0


def _defines_module(tokens: Sequence[Token]) -> bool:
    words = [token.key for token in tokens[:4]]
    if words[:1] == ["ALTER"]:
        return len(words) > 1 and words[1] in _MODULES
    if words[:3] == ["CREATE", "OR", "ALTER"]:
        return len(words) > 3 and words[3] in _MODULES
    return words[:1] == ["CREATE"] and len(words) > 1 and words[1] in _MODULES
