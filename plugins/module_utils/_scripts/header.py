# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header of a script: `-- migrate: ...` comments before its first statement.

A header that nothing would obey is an error, never a comment. Private to this collection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from .._tsql.lexer import Lines, Scan
from .errors import ScriptError

_HEADER = re.compile(r"--\s*migrate\s*:\s*(.*?)\s*\Z", re.IGNORECASE | re.DOTALL)
_INSIDE = re.compile(r"^[\s*]*(?:--\s*)?migrate\s*:", re.IGNORECASE | re.MULTILINE)
# Without the colon a comment is prose, unless the whole of it is a header.
_NO_COLON = re.compile(
    r"--\s*migrate\s+(?:no-transaction|batch\s+\d+(?:\s+pause\s+\d+\s*m?s)?|remaining\s+SELECT\b.*|release\s+v?\d[\w.+-]*)\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_BATCH = re.compile(r"(\d{1,7})(?:\s+pause\s+(\d{1,7})\s*(ms|s))?\Z", re.IGNORECASE)
_KNOWN = "'no-transaction', 'batch ROWS pause MILLISECONDSms', 'remaining SELECT ...' and 'release VERSION'"


@dataclass(frozen=True)
class Header:
    """What the comments at the top of a script ask for."""

    no_transaction: bool = False
    batch_rows: int | None = None
    pause_ms: int = 0
    release: str | None = None
    remaining: str | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The sqlcmd variables that the header gives."""
        return {"BatchSize": str(self.batch_rows)} if self.batch_rows is not None else {}


def read_header(found: Scan, lines: Lines) -> tuple[Header, list[ScriptError]]:
    """The header of a scanned text, and what is wrong with it."""
    header = Header()
    problems: list[ScriptError] = []
    seen: set[str] = set()
    first = found.tokens[0].start if found.tokens else len(found.text)
    if found.separators:
        first = min(first, found.separators[0].start)
    for comment in found.comments:
        line, column = lines.position(comment.start)
        try:
            wish = _wish(comment.text, comment.start > first)
            if wish is not None:
                word, _space, rest = wish.partition(" ")
                header = _with(header, wish, word.lower(), rest.strip(), seen)
        except ScriptError as error:
            problems.append(ScriptError(error.message, line, column))
    problems += [ScriptError(message) for message in _contradictions(header)]
    return header, problems


def _wish(comment: str, late: bool) -> str | None:
    """What stands behind `-- migrate:`; None for a comment that is no header.

    Raises ScriptError for a header that would be ignored.
    """
    if comment.startswith("/*"):
        if _INSIDE.search(comment[2:]):
            raise ScriptError("a header in a block comment is not read: write it as a -- comment, or remove it")
        return None
    match = _HEADER.match(comment)
    if match is None:
        if _NO_COLON.match(comment):
            raise ScriptError(f"'{comment.strip()[:60]}' has no colon and would be ignored: write -- migrate: ...")
        return None
    if late:
        raise ScriptError(
            f"'{comment.strip()[:60]}' stands behind the first statement and would be ignored: move it to the top"
        )
    return match.group(1)


def _no_transaction(rest: str) -> dict[str, object] | None:
    return None if rest else {"no_transaction": True}


def _batch(rest: str) -> dict[str, object] | None:
    match = _BATCH.match(rest)
    if match is None or int(match.group(1)) == 0:
        return None
    factor = 1000 if (match.group(3) or "").lower() == "s" else 1
    return {"batch_rows": int(match.group(1)), "pause_ms": int(match.group(2) or 0) * factor}


def _text(name: str) -> Callable[[str], dict[str, object] | None]:
    return lambda rest: {name: rest} if rest else None


_READERS: dict[str, Callable[[str], dict[str, object] | None]] = {
    "no-transaction": _no_transaction,
    "batch": _batch,
    "release": _text("release"),
    "remaining": _text("remaining"),
}


def _with(header: Header, wish: str, word: str, rest: str, seen: set[str]) -> Header:
    read = _READERS.get(word)
    values = read(rest) if read is not None else None
    if values is None:
        raise ScriptError(f"the header '-- migrate: {wish}' is not known: known are {_KNOWN}")
    if word in seen:
        raise ScriptError(f"the header '-- migrate: {word}' is given twice: remove one of them")
    seen.add(word)
    return replace(header, **values)  # type: ignore[arg-type]


def _contradictions(header: Header) -> list[str]:
    found = []
    if header.batch_rows is not None and header.no_transaction:
        found.append("the script asks for batch and for no-transaction: a round is a transaction")
    if header.remaining is not None and header.batch_rows is None:
        found.append(
            "the header '-- migrate: remaining' is read with 'batch' only: add that header, or remove this one"
        )
    return found
