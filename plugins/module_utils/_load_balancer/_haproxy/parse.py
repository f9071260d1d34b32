# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses HAProxy's replies. Columns are found by name, as versions differ; what is unexpected raises BadReply.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from ..._text import one_line
from ..errors import BadReply, CutOff

_SHOWN = 120
_INFO_LINE = re.compile(r"([A-Za-z][\w .-]*):(?: (.*))?\Z")
_TABLE_LINE = re.compile(r"# table: ([A-Za-z0-9_.:/-]+), type: .*, used:([0-9]{1,20})\Z")
_TABLE_SERVER = re.compile(r" server_id=([0-9]{1,20})(?: |$)", re.MULTILINE)
_SESSION_LINE = re.compile(r" be=(\S+) srv=(\S+) .*?\bage=((?:[0-9]{1,20}[dhms]){1,4}) ")
_AGE_PART = re.compile(r"([0-9]+)([dhms])")
_UNIT_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PROC_LINE = re.compile(r"(\d+)\s+(\S+)\s+(.*)\Z")


def excerpt(text: str) -> str:
    """A reply as messages show it: short and on one line."""
    return repr(one_line(text, _SHOWN))


def sections(text: str, count: int, command: str) -> list[str]:
    """The answers to several commands in one exchange; each ends with an empty line."""
    parts = text.split("\n\n")
    if len(parts) != count + 1 or parts[-1] != "":
        raise CutOff(
            f"HAProxy's answer to '{command}' was cut off or is not understood: {len(parts) - 1} complete answers "
            f"found, {count} expected; it begins with {excerpt(text)}."
        )
    return parts[:-1]


def expect_empty_reply(text: str, command: str) -> None:
    """Check the answer to a command that changes something: only an empty line means success."""
    if text != "\n":
        found = excerpt(text) if text else "nothing at all (the answer was cut off)"
        raise BadReply(f"HAProxy did not accept '{command}': it answered {found}.")


@dataclass(frozen=True)
class Row:
    """One line of a table with named columns."""

    columns: dict[str, int]
    fields: tuple[str, ...]
    source: str

    def has(self, column: str) -> bool:
        return column in self.columns

    def text(self, column: str) -> str:
        """A column that must be there; it may be empty."""
        try:
            return self.fields[self.columns[column]]
        except (KeyError, IndexError):
            raise BadReply(
                f"HAProxy's answer to '{self.source}' has no column {column}: HAProxy 2.4 or newer is expected."
            ) from None

    def optional(self, column: str) -> str:
        """A column that this version of HAProxy may lack."""
        return self.text(column) if column in self.columns else ""

    def number(self, column: str) -> int:
        """A number that must be there."""
        text = self.text(column)
        if not re.match(r"-?[0-9]{1,19}\Z", text):
            raise BadReply(
                f"HAProxy's answer to '{self.source}' has {excerpt(text)} in column {column}: a number is expected."
            )
        return int(text)

    def number_or_none(self, column: str) -> int | None:
        """A number that is left out where it has no meaning."""
        return self.number(column) if self.optional(column) != "" else None


def _table(header: list[str], lines: list[list[str]], source: str, key: str) -> list[Row]:
    names = [name for name in header if name]
    if len(set(names)) != len([name for name in names if name != "-"]) + ("-" in names):
        raise BadReply(f"HAProxy's answer to '{source}' has a column twice.")
    columns = {name: place for place, name in enumerate(header) if name}
    if key not in columns:
        raise BadReply(f"HAProxy's answer to '{source}' has no column {key}.")
    rows = []
    for line in lines:
        if len(line) != len(header):
            raise BadReply(
                f"HAProxy's answer to '{source}' was cut off or is not understood: {len(line)} fields found in a "
                f"line, {len(header)} expected."
            )
        rows.append(Row(columns, tuple(line), source))
    return rows


def stat(text: str, source: str = "show stat") -> list[Row]:
    """The rows of "show stat": CSV with a header."""
    if not text.startswith("# pxname,svname,"):
        raise BadReply(f"HAProxy's answer to '{source}' is not understood: it begins with {excerpt(text)}.")
    try:
        header, *lines = csv.reader(text[2:].split("\n"), strict=True)
    except csv.Error as error:
        raise BadReply(f"HAProxy's answer to '{source}' is not CSV: {error}.") from None
    return _table(header, lines, source, "svname")


def servers_state(text: str, source: str = "show servers state") -> list[Row]:
    """The rows of "show servers state": a version, a header, and fields between blanks."""
    lines = text.split("\n")
    if len(lines) < 2 or lines[0] != "1" or not lines[1].startswith("# be_id "):
        raise BadReply(f"HAProxy's answer to '{source}' is not understood: it begins with {excerpt(text)}.")
    return _table(lines[1][2:].split(" "), [line.split(" ") for line in lines[2:]], source, "srv_admin_state")


def info(text: str) -> dict[str, str]:
    """The lines of "show info"."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _INFO_LINE.match(line)
        if not match:
            raise BadReply(f"HAProxy's answer to 'show info' is not understood at {excerpt(line)}.")
        found[match.group(1)] = match.group(2) or ""
    for wanted in ("Pid", "Version"):
        if not found.get(wanted):
            raise BadReply(f"HAProxy's answer to 'show info' lacks {wanted}: {excerpt(text)}.")
    return found


def variable(text: str) -> str:
    """The value in the answer to "show env NAME", or nothing where it is not set or may not be read."""
    line = text.rstrip("\n")
    if "\n" in line or "=" not in line:
        return ""
    return line.partition("=")[2]


def tables(text: str) -> dict[str, int]:
    """Stick tables and their number of entries, from the answer to "show table"."""
    found = {}
    for line in filter(None, text.split("\n")):
        match = _TABLE_LINE.match(line)
        if not match:
            raise BadReply(f"HAProxy's answer to 'show table' is not understood at {excerpt(line)}.")
        found[match.group(1)] = int(match.group(2))
    return found


def table_servers(text: str) -> list[int]:
    """The server id of each entry of a stick table that has one."""
    return [int(match.group(1)) for match in _TABLE_SERVER.finditer(text)]


def oldest_age_s(text: str, members: set[tuple[str, str]]) -> int | None:
    """The age of the oldest session with one of the servers, from the answer to "show sess"; None: there is none."""
    ages = []
    for line in text.split("\n"):
        match = _SESSION_LINE.search(line)
        if match and (match.group(1), match.group(2)) in members:
            parts = _AGE_PART.findall(match.group(3))
            ages.append(sum(int(number) * _UNIT_S[unit] for number, unit in parts))
    return max(ages) if ages else None


@dataclass(frozen=True)
class Processes:
    """The worker processes by pid."""

    workers: tuple[str, ...]
    old_workers: tuple[str, ...]


def processes(text: str) -> Processes:
    """The answer of the master process to "show proc"."""
    lines = text.split("\n")
    if not lines[0].startswith("#<PID>"):
        raise BadReply(f"The master process's answer to 'show proc' is not understood: {excerpt(text)}.")
    places: dict[str, list[str]] = {"": [], "# workers": [], "# old workers": [], "# programs": []}
    section = ""
    for line in lines[1:]:
        if line.startswith("# "):
            section = line.strip()
            if section not in places and section != "# old programs":
                raise BadReply(f"The master process's answer to 'show proc' has an unknown section {excerpt(line)}.")
            places.setdefault(section, [])
            continue
        match = _PROC_LINE.match(line)
        if not match:
            raise BadReply(f"The master process's answer to 'show proc' is not understood at {excerpt(line)}.")
        places[section].append(match.group(1))
    if len(places[""]) != 1 or not places["# workers"]:
        raise BadReply(f"The master process's answer to 'show proc' names no master or no worker: {excerpt(text)}.")
    return Processes(tuple(places["# workers"]), tuple(places["# old workers"]))
