# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a script: the one reader of lint and of the engine, so that what one understands the other understands.

Private to this collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._tsql.lexer import Lines, scan
from .batches import Batch, split_batches
from .checks import find_problems
from .errors import ScriptError
from .find import ScriptFile
from .header import Header, read_header
from .phases import Phase
from .sqlcmd import substitute
from .text import checksum, decode, read_bytes, unified


@dataclass(frozen=True)
class Script:
    """A script that was read. It is fit to run when it has no problems."""

    file: ScriptFile
    source: str = ""
    """The text as it was written: with its variables, not with their values, so it can be shown."""
    sent: str = ""
    """The text with the variables' values, its line ends as in the file: what the batches are cut from."""
    header: Header = field(default_factory=Header)
    batches: Sequence[Batch] = ()
    guarded: bool = False
    """Begins with IF: what is there already is left alone."""
    problems: Sequence[ScriptError] = ()
    """Why it cannot run, each with file, line and column, in the order of the file."""
    readable: bool = True
    """Whether its text could be split into tokens at all."""

    @property
    def text(self) -> str:
        """What is sent, with one kind of line end: for everything but sending."""
        return unified(self.sent)

    @property
    def sends(self) -> int:
        """How many batches are sent when it runs once."""
        return sum(batch.repeat for batch in self.batches)


def identify(file: ScriptFile) -> ScriptFile:
    """The file with the checksum of its text. Raises PathError, and ScriptError for what is not text."""
    try:
        return replace(file, checksum=checksum(_source(file)))
    except ScriptError as error:
        error.file = file.path
        raise


def read_script(file: ScriptFile, variables: Mapping[str, str]) -> Script:
    """Read a script and all that is wrong with it. Raises PathError when the file cannot be read."""
    try:
        source = _source(file)
    except ScriptError as error:
        return Script(file, problems=[_located(error, file.path)], readable=False)
    return parse_script(replace(file, checksum=checksum(source)), source, variables)


def parse_script(file: ScriptFile, source: str, variables: Mapping[str, str]) -> Script:
    """The same for a text that is at hand."""
    try:
        header, problems = read_header(scan(source), Lines(source))
        sent, unresolved = substitute(source, {**header.variables, **variables})
        found = scan(sent)
        batches = split_batches(sent)
    except ScriptError as error:
        return Script(file, source, source, problems=[_located(error, file.path)], readable=False)
    problems += [*unresolved, *find_problems(file.phase, header, found, batches)]
    return Script(
        file,
        source,
        sent,
        header,
        batches,
        guarded=bool(found.tokens) and found.tokens[0].key == "IF",
        problems=sorted((_located(one, file.path) for one in problems), key=lambda one: (one.line, one.column)),
    )


def parse_text(text: str, phase: Phase, path: str = "script.sql") -> Script:
    """A script that is on no disk, for tests and for advice."""
    return parse_script(ScriptFile(phase, path, path), text, {})


def _source(file: ScriptFile) -> str:
    return decode(read_bytes(file.path), file.encoding)


def _located(error: ScriptError, path: str) -> ScriptError:
    error.file = path
    return error
