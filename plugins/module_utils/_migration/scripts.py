# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of a release: found, ordered, read, and refused when they cannot be what was meant.

Order: a name that begins with a number comes before one that does not; numbers compare as numbers, part by part
(`2_x.sql` before `10_x.sql`, `1.2_x.sql` before `1.10_x.sql`, `V3__x.sql` counts as 3), other names by code point.
Private to this collection.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._tsql.batches import Batch, decode_script, find_sqlcmd, split_batches
from .._tsql.lexer import WORD, Lines, ScriptError, Token, scan
from .errors import MigrationError

_NUMBER = re.compile(r"[Vv]?(\d+(?:\.\d+)*)")
_HEADER = re.compile(r"--\s*migrate:\s*(.*?)\s*\Z", re.IGNORECASE)
_BATCH = re.compile(r"batch\s+(\d{1,7})(?:\s+pause\s+(\d{1,7})\s*ms)?\Z", re.IGNORECASE)
_LONGEST_NAME = 255
# Without these there is nothing of sqlcmd's, and no transaction, and the text need not be looked at once more.
_SQLCMD = re.compile(r"\$\(|^[^\S\n]*(?::|!!)", re.MULTILINE)
_TRANSACTION = re.compile(r"\b(?:commit|begin)\b", re.IGNORECASE)

# What a script can leave behind in its session: a new session follows.
_SESSION_OPTIONS = re.compile(
    r"ANSI_\w+|ARITH\w+|CONCAT_NULL_YIELDS_NULL|CONTEXT_INFO|CURSOR_CLOSE_ON_COMMIT|DATE(FIRST|FORMAT)|"
    r"DEADLOCK_PRIORITY|FIPS_FLAGGER|FMTONLY|FORCEPLAN|IMPLICIT_TRANSACTIONS|LANGUAGE|LOCK_TIMEOUT|NOCOUNT|NOEXEC|"
    r"NUMERIC_ROUNDABORT|PARSEONLY|QUERY_GOVERNOR_COST_LIMIT|QUOTED_IDENTIFIER|REMOTE_PROC_TRANSACTIONS|ROWCOUNT|"
    r"SHOWPLAN_\w+|STATISTICS|TEXTSIZE|TRANSACTION|XACT_ABORT"
)
_TRACES = re.compile(
    r"USE|CURSOR|REVERT|SETUSER|DBCC|SP_(UN)?SETAPPROLE|SP_SET_SESSION_CONTEXT|SP_GETAPPLOCK|SP_XML_PREPAREDOCUMENT|SP_PREPARE"
)
_MODULES = frozenset({"PROC", "PROCEDURE", "TRIGGER", "FUNCTION", "VIEW"})


@dataclass(frozen=True)
class ScriptFile:
    """A script as it lies on disk. Its text is not kept."""

    phase: str
    name: str
    path: str
    checksum: str

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.phase}/{self.name}"


@dataclass(frozen=True)
class Header:
    """What the comments at the top of a script ask for."""

    no_transaction: bool = False
    batch_rows: int | None = None
    pause_ms: int = 0
    release: str | None = None
    remaining: str | None = None


@dataclass(frozen=True)
class Script:
    """A script that is ready to run."""

    file: ScriptFile
    source: str
    """The text as it was written: with its variables, not with their values, so it can be shown."""
    batches: Sequence[Batch]
    header: Header
    leaves_traces: bool = False
    guarded: bool = False
    """Begins with IF: what is there already is left alone."""
    counts_rows: bool = True
    sends: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sends", sum(batch.repeat for batch in self.batches))


def order(name: str) -> tuple[int, tuple[int, ...], str]:
    """What scripts are sorted by."""
    number = _number(name)
    return (0, number, name) if number is not None else (1, (), name)


def _number(name: str) -> tuple[int, ...] | None:
    match = _NUMBER.match(name)
    return tuple(int(part) for part in match.group(1).split(".")) if match else None


def find_scripts(root: str, phase: str) -> list[ScriptFile]:
    """The scripts of a phase, in order. A release without a directory for the phase has none."""
    if not os.path.isdir(root):
        raise MigrationError(f"The directory of the scripts, {root}, does not exist or is no directory.")
    directory = os.path.join(root, phase)
    if not os.path.isdir(directory):
        if os.path.exists(directory):
            raise MigrationError(f"{directory} is no directory: the scripts of the phase are expected in it.")
        return []
    names: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir():
                _refuse_nested(entry.path, directory)
            elif entry.name.lower().endswith(".sql"):
                names.append(entry.name)
    names.sort(key=order)
    _refuse_duplicates(names, phase)
    return [_describe(directory, phase, name) for name in names]


def _refuse_nested(path: str, directory: str) -> None:
    for _base, _directories, files in os.walk(path):
        for name in files:
            if name.lower().endswith(".sql"):
                raise MigrationError(
                    f"{path} holds {name}, but only scripts directly in {directory} are run: move them there."
                )


def _refuse_duplicates(names: Sequence[str], phase: str) -> None:
    seen: dict[object, str] = {}
    for name in names:
        if len(name) > _LONGEST_NAME:
            raise MigrationError(
                f"{phase}/{name[:40]}...: a script's name may have {_LONGEST_NAME} characters at most."
            )
        for key in (_number(name), name.casefold()):
            if key is None:
                continue
            if key in seen:
                raise MigrationError(
                    f"{phase}/{seen[key]} and {phase}/{name} have the same number or name, so their order is not "
                    "clear: give each script a number of its own."
                )
            seen[key] = name


def _describe(directory: str, phase: str, name: str) -> ScriptFile:
    path = os.path.join(directory, name)
    return ScriptFile(phase, name, path, checksum(read_text(path, f"{phase}/{name}")))


def read_text(path: str, label: str) -> str:
    """A script's text, its line ends made one kind."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise MigrationError(f"{label} could not be read: {error.strerror}.") from None
    try:
        text = decode_script(data)
    except ScriptError as error:
        raise MigrationError(f"{label}: {error}.") from None
    if "\0" in text:
        raise MigrationError(f"{label} holds NUL characters: save it as UTF-8, or as UTF-16 with a byte order mark.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def checksum(text: str) -> str:
    """SHA-256 of the text, whatever its encoding and line ends were on disk."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load(file: ScriptFile, variables: Mapping[str, str]) -> Script:
    """Read a script again, and make it ready to run. Refuses what could only half be meant."""
    source = read_text(file.path, file.label)
    if checksum(source) != file.checksum:
        raise MigrationError(f"{file.label} was changed on disk while the task ran: run the task again.")
    try:
        header = _header(source, file.label)
        text = _substitute(source, {**_provided(header), **variables}, file.label)
        batches = split_batches(text)
        tokens = scan(text).tokens
    except ScriptError as error:
        raise MigrationError(f"{file.label}: {error}.") from None
    if not tokens:
        raise MigrationError(f"{file.label} is empty: it holds no statement. Remove it, or write what it should do.")
    if not text.isascii() or _TRANSACTION.search(text):
        _refuse_own_commit(batches, file.label)
    if header.no_transaction and (len(batches) != 1 or batches[0].repeat != 1):
        raise MigrationError(
            f"{file.label} runs without a transaction (-- migrate: no-transaction), so it may hold one statement and no "
            f"GO; {len(batches)} batches were found: split it."
        )
    if any(batch.repeat < 1 for batch in batches):
        raise MigrationError(f"{file.label} has a GO 0: a batch that never runs is not meant.")
    return Script(
        file,
        source,
        batches,
        header,
        leaves_traces=_leaves_traces(tokens),
        guarded=bool(tokens) and tokens[0].key == "IF",
        counts_rows=not _sets_nocount(tokens),
    )


def _header(source: str, label: str) -> Header:
    values: dict[str, object] = {}
    for line in source.splitlines():
        stripped = line.strip()
        if not stripped:
            continue
        if not stripped.startswith("--"):
            break
        match = _HEADER.match(stripped)
        if not match:
            continue
        wish = match.group(1)
        word, _space, rest = wish.partition(" ")
        batch = _BATCH.match(wish)
        if wish.lower() == "no-transaction":
            values["no_transaction"] = True
        elif batch and int(batch.group(1)) > 0:
            values["batch_rows"] = int(batch.group(1))
            values["pause_ms"] = int(batch.group(2) or 0)
        elif word.lower() in ("release", "remaining") and rest.strip():
            values[word.lower()] = rest.strip()
        else:
            raise MigrationError(
                f"{label}: the header '-- migrate: {wish}' is not known; known are 'no-transaction', "
                "'batch ROWS pause MILLISECONDSms', 'remaining SELECT ...' and 'release VERSION'."
            )
    return Header(**values)  # type: ignore[arg-type]


def _provided(header: Header) -> dict[str, str]:
    return {"BatchSize": str(header.batch_rows)} if header.batch_rows is not None else {}


def _substitute(source: str, variables: Mapping[str, str], label: str) -> str:
    uses = find_sqlcmd(source) if _SQLCMD.search(source) else []
    if not uses:
        return source
    known = {name.lower(): value for name, value in variables.items()}
    lines = Lines(source)
    parts: list[str] = []
    at = 0
    for use in uses:
        if use.kind == "directive":
            raise MigrationError(
                f"{label}, line {use.line}: {use.text} is a directive of sqlcmd, which this task does not obey: "
                "write what it stands for, and give variables in the task."
            )
        name = use.text[2:-1]
        if name.lower() not in known:
            given = ", ".join(sorted(variables)) or "none"
            raise MigrationError(
                f"{label}, line {use.line}: the variable {use.text} has no value; given are: {given}. "
                "Add it to the task's variables."
            )
        value = known[name.lower()]
        if "\n" in value or "\r" in value or "\0" in value:
            raise MigrationError(f"The value of the variable {name} holds a line end or NUL character: remove it.")
        offset = lines.offset(use.line) + use.column - 1
        parts += [source[at:offset], value]
        at = offset + len(use.text)
    return "".join(parts) + source[at:]


def _refuse_own_commit(batches: Sequence[Batch], label: str) -> None:
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
            if token.key == "BEGIN":
                following = tokens[at + 1].key if at + 1 < len(tokens) else ""
                depth += following in ("TRAN", "TRANSACTION", "DISTRIBUTED")
            elif token.key == "COMMIT":
                depth -= 1
            if depth < 0:
                line = batch.line + batch.text.count("\n", 0, token.start)
                raise MigrationError(
                    f"{label}, line {line}, commits a transaction that it did not begin: the task owns the transaction, "
                    "remove the COMMIT. Nothing was applied."
                )
    if depth > 0:
        raise MigrationError(
            f"{label} begins {depth} more transaction(s) than it commits: the task owns the transaction, remove them. "
            "Nothing was applied."
        )


def _defines_module(tokens: Sequence[Token]) -> bool:
    words = [token.key for token in tokens[:4]]
    if words[:1] == ["ALTER"]:
        return len(words) > 1 and words[1] in _MODULES
    if words[:3] == ["CREATE", "OR", "ALTER"]:
        return len(words) > 3 and words[3] in _MODULES
    return words[:1] == ["CREATE"] and len(words) > 1 and words[1] in _MODULES


def _leaves_traces(tokens: Sequence[Token]) -> bool:
    for at, token in enumerate(tokens):
        if token.kind != WORD:
            continue
        following = tokens[at + 1].key if at + 1 < len(tokens) else ""
        if token.key == "SET" and _SESSION_OPTIONS.fullmatch(following):
            return True
        if token.key in ("EXEC", "EXECUTE") and following == "AS":
            return True
        if _TRACES.fullmatch(token.key) or token.text.startswith("#"):
            return True
    return False


def _sets_nocount(tokens: Sequence[Token]) -> bool:
    for at in range(len(tokens) - 2):
        if tokens[at].key == "SET" and tokens[at + 1].key == "NOCOUNT":
            return tokens[at + 2].key == "ON"
    return False
