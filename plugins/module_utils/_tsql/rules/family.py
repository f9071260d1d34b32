# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rules are written: a family is one file, which declares its rules and the checks that find them.

A rule says once what it is: name, severity by phase, title, reason, what to write instead. A check reports it with the
message, the advice and the breaking changes of the statement at hand. Private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..._scripts.phases import named
from ..analysis import Script, Unit
from ..breaking import BreakingChange
from ..findings import ERROR, OFF, WARNING, Advice
from ..lexer import Token
from ..live import LiveSchema, TableFacts
from ..options import Options
from ..ownership import Ownership
from ..statements import Name

if TYPE_CHECKING:
    from ..waivers import Waivers

LATER, SILENT, AS_IS = "later", "silent", "as is"
"""What a finding is in the body of a procedure, view or function: a warning that says it runs later, nothing, or what
it is anywhere else."""


@dataclass(frozen=True)
class Rule:
    """What is refused, and why."""

    id: str
    mark: str
    """E: an error in expand and backfill. A: an error in every phase. W: a warning."""
    title: str
    reason: str
    """Why it breaks or blocks the version that is still running."""
    instead: str
    """The safe form, in a few words."""
    blocking: bool = False
    """About locks: holds in contract and undo too, as a warning, or as an error above a size that the user sets."""
    contract: str = OFF
    """For marks E and W: the severity in contract and undo."""
    in_body: str = LATER
    waivable: bool = True

    def severity(self, phase: str) -> str:
        if self.mark == "A":
            return ERROR
        if not named(phase).strict:
            return WARNING if self.blocking else self.contract
        return ERROR if self.mark == "E" else WARNING


class Context(Protocol):
    """What a check can ask and do."""

    options: Options
    own: Ownership
    script: Script
    live: LiveSchema | None

    def report(
        self,
        unit: Unit,
        rule: Rule,
        message: str,
        *,
        token: Token | None = None,
        offset: int | None = None,
        advice: Advice | None = None,
        severity: str | None = None,
        table: Name | None = None,
        breaks: BreakingChange | None = None,
        exempt: bool = False,
    ) -> None:
        """A finding about a statement: at a token of it, or at an offset in the file, or at its first token.

        ``breaks`` is compared with what supported releases use, whatever the severity. With ``exempt`` that is all:
        the rule does not apply, such as to what this release itself created.
        """

    def report_at(
        self, offset: int, rule: Rule, message: str, *, advice: Advice | None = None, severity: str | None = None
    ) -> None:
        """A finding about a place in the file that belongs to no statement."""

    def table_facts(self, name: Name | None) -> TableFacts | None: ...


StatementCheck = Callable[[Context, Unit], None]
ScriptCheck = Callable[[Context], None]
WaiverCheck = Callable[[Context, "Waivers"], None]


class Family:
    """The rules of one file and their checks, which a decorator adds to the stage at which they run."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.by_kind: dict[str, list[StatementCheck]] = {}
        self.statement_checks: list[StatementCheck] = []
        self.script_checks: list[ScriptCheck] = []
        self.waiver_checks: list[WaiverCheck] = []

    def rule(
        self,
        ident: str,
        mark: str,
        title: str,
        *,
        reason: str,
        instead: str,
        blocking: bool = False,
        contract: str = OFF,
        in_body: str = LATER,
        waivable: bool = True,
    ) -> Rule:
        """Declare a rule of this family."""
        made = Rule(ident, mark, title, reason, instead, blocking, contract, in_body, waivable)
        self.rules.append(made)
        return made

    def on(self, *kinds: str) -> Callable[[StatementCheck], StatementCheck]:
        """A check of all statements of these kinds."""

        def register(check: StatementCheck) -> StatementCheck:
            for kind in kinds:
                self.by_kind.setdefault(kind, []).append(check)
            return check

        return register

    def every_statement(self, check: StatementCheck) -> StatementCheck:
        """A check of each statement, whatever its kind."""
        self.statement_checks.append(check)
        return check

    def every_script(self, check: ScriptCheck) -> ScriptCheck:
        """A check of each script, after all of its statements."""
        self.script_checks.append(check)
        return check

    def after_waivers(self, check: WaiverCheck) -> WaiverCheck:
        """A check of a script's waivers, after they were applied to the findings."""
        self.waiver_checks.append(check)
        return check
