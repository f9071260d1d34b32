# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rules are written down: a function for the kinds of statements that it looks at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ..analysis import Script, Unit
from ..findings import Advice
from ..lexer import Token
from ..live import LiveSchema, TableFacts
from ..release import CERTAIN, Objects
from ..statements import Name, plain


@dataclass
class Options:
    """What the user sets."""

    phase: str = "expand"
    edition: str = ""
    """standard, enterprise, developer, express, web, azure; empty where it is not known."""
    version: int = 0
    """SQL Server's major version: 13 is 2016, 15 is 2019, 16 is 2022, 17 is 2025; 0 where it is not known."""
    severities: dict[str, str] = field(default_factory=dict)
    max_rows: int | None = None
    """In contract and undo, rules about locks are errors for tables of more rows than this."""
    advice: bool = True

    @property
    def always_offline(self) -> bool:
        """Whether the edition builds no index online and writes rows for a new default."""
        return self.edition in ("standard", "express", "web")

    @property
    def sure_online(self) -> bool:
        return self.edition in ("enterprise", "developer", "azure")


class Context(Protocol):
    """What a rule can ask and do."""

    options: Options
    objects: Objects
    script: Script
    live: LiveSchema | None

    def report(
        self,
        unit: Unit,
        rule: str,
        message: str,
        *,
        token: Token | None = None,
        advice: Advice | None = None,
        severity: str | None = None,
        table: Name | None = None,
    ) -> None: ...

    def new_table(self, name: Name | None, unit: Unit, at_least: int = CERTAIN) -> bool: ...

    def new_module(self, name: Name | None, unit: Unit) -> bool: ...

    def table_facts(self, name: Name | None) -> TableFacts | None: ...


RuleFunction = Callable[[Context, Unit], None]

REGISTRY: dict[str, list[RuleFunction]] = {}


def on(*kinds: str) -> Callable[[RuleFunction], RuleFunction]:
    """Let a function look at all statements of these kinds."""

    def register(function: RuleFunction) -> RuleFunction:
        for kind in kinds:
            REGISTRY.setdefault(kind, []).append(function)
        return function

    return register


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
    hit = re.search(r"_(\d{1,4})$", base)
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
