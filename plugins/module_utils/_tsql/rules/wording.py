# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and statements as they stand in messages and advice. Private to the collection."""

from __future__ import annotations

import re

from ..analysis import Unit
from ..findings import Advice
from ..statements import Name, plain


def targets(unit: Unit) -> list[Name | None]:
    """What a statement names, or one unknown thing where its names could not be read."""
    return [*unit.statement.names] or [None]


def full(name: Name | None) -> str:
    """A name with its schema, dbo where none is written."""
    if name is None:
        return "?"
    if name.temporary or len(name.parts) > 2:
        return name.text
    return f"{plain(name.schema or 'dbo')}.{plain(name.base)}"


def constraint_name(prefix: str, *words: str) -> str:
    """A name for a constraint, made of what it is about."""
    made = "_".join([prefix, *(re.sub(r"\W", "_", word) for word in words)])
    return plain(made[:128])


def next_version(base: str) -> str:
    """``spFind`` to ``spFind_2``, ``spFind_2`` to ``spFind_3``."""
    hit = re.search(r"_(\d{1,4})\Z", base)
    if hit:
        return f"{base[: hit.start()]}_{int(hit.group(1)) + 1}"
    return f"{base}_2"


def in_contract(
    unit: Unit, text: str = "Move this statement into a contract script, for a release that no older one has to share."
) -> Advice:
    """The same statement, in the phase where it belongs."""
    source = unit.source.strip().rstrip(";")
    if not source or unit.dynamic or unit.statement.last <= unit.statement.first:
        return Advice(text)
    return Advice(text, (("contract", source + ";\n"),))
