# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linter: scripts in, findings out. Private to the collection, and free of anything but the standard library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from .analysis import HOLE, Script, Unit, read_script
from .batches import find_sqlcmd
from .findings import ERROR, OFF, WARNING, Advice, Finding, Report, Rule
from .lexer import ScriptError, Token
from .live import LiveSchema, TableFacts
from .release import CERTAIN, Objects
from .rules.catalogue import CATALOGUE
from .rules.constraints import unchecked
from .rules.every import REGISTRY
from .rules.registry import Options
from .rules.scripts import cross_database, name_length, not_idempotent, same_batch
from .statements import Name
from .usage import Taken
from .waivers import Waivers

_BODY_SILENT = frozenset(
    {"transaction", "session", "data-meaning", "unqualified", "unnamed", "untrusted", "dynamic", "same-batch"}
    | {"not-idempotent", "no-transaction", "index-no-lowpri"}
)
"""What is ordinary in the body of a procedure that nobody runs yet."""
_BODY_KEEPS = frozenset({"view-star", "trigger-quality", "cross-database", "name-length"})
"""What is as wrong in a body as anywhere."""


class Linter:
    """Checks scripts one after the other; what the first ones make is new to the later ones."""

    def __init__(self, options: Options, live: LiveSchema | None = None) -> None:
        self.options = options
        self.live = live
        self.objects = Objects()
        self.script = read_script("", "")
        self.result = Report(live=live is not None)
        self._findings: list[Finding] = []
        self.usage: Callable[[Unit], list[tuple[Taken, list[str]]]] | None = None
        """What a statement takes away, and which supported releases use it."""

    # -- what rules ask

    def table_facts(self, name: Name | None) -> TableFacts | None:
        if self.live is None or name is None:
            return None
        return self.live.tables.get(name.key)

    def new_table(self, name: Name | None, unit: Unit, at_least: int = CERTAIN) -> bool:
        if name is None:
            return False
        if self.objects.new_table(name, unit) >= at_least:
            return True
        return (
            self.live is not None
            and HOLE not in name.parts
            and not name.database
            and self.objects.new_table(name, unit) >= 1
            and not self.live.exists(name.key)
        )

    def new_module(self, name: Name | None, unit: Unit) -> bool:
        if name is None:
            return False
        found = self.objects.new_module(name, unit)
        return found >= CERTAIN or (self.live is not None and found >= 1 and not self.live.exists(name.key))

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
    ) -> None:
        known = CATALOGUE[rule]
        level = self._severity(known, severity, table)
        statement = unit.statement
        module = statement.module
        if module is not None and module.statement is not statement and rule not in _BODY_KEEPS:
            if level == ERROR and module.name is not None:
                self._in_body(module.name, rule, message)
            if module.kind != "TRIGGER" or rule in _BODY_SILENT:
                if rule in _BODY_SILENT:
                    return
                level = WARNING if level == ERROR else level
                message = f"in the body of {module.name}, which runs later: {message}"
        if level == OFF:
            return
        at = token if token is not None else statement.token
        self._add(known, level, unit.locate(at.start), message, advice, table, unit.root, at.end - at.start)

    def _in_body(self, module: Name, rule: str, message: str) -> None:
        """Remember what a module's body does, for the day somebody runs it; one finding of a rule is enough."""
        known = self.objects.bodies.setdefault(module.key, [])
        if not any(rule == one for one, _message in known):
            known.append((rule, message))

    def _severity(self, rule: Rule, wanted: str | None, table: Name | None) -> str:
        phase = self.options.phase
        level = rule.severity(phase)
        if wanted is not None and level != OFF:
            level = wanted
        if rule.blocking and phase in ("contract", "undo") and level == WARNING and self.options.max_rows is not None:
            facts = self.table_facts(table)
            if facts is not None and facts.rows > self.options.max_rows:
                level = ERROR
        override = self.options.severities.get(rule.id)
        if override and level != OFF:
            level = override
        elif override:
            level = override if rule.severity("expand") != OFF and rule.id in self.options.severities else level
        return level

    def _add(
        self,
        rule: Rule,
        level: str,
        offset: int,
        message: str,
        advice: Advice | None = None,
        table: Name | None = None,
        root: int = -1,
        length: int = 1,
    ) -> Finding:
        line, column = self.script.lines.position(offset)
        facts = self.table_facts(table)
        finding = Finding(
            rule.id,
            level,
            self.script.file,
            line,
            column,
            message,
            rule.reason,
            advice.render() if advice else rule.safe,
            advice.scripts if advice else (),
            self.options.phase,
            self.script.lines.source(line),
            max(1, length),
            facts.rows if facts else None,
            root=root,
        )
        self._findings.append(finding)
        return finding

    # -- a script

    def check(self, file: str, text: str) -> list[Finding]:
        """Check one script, and remember what it makes. Findings that are waived are not among the result."""
        script = read_script(file, text)
        self.script = script
        self._findings = []
        self.result.files.append(file)
        if script.failure is not None:
            self._fail(script.failure)
            return self._findings
        self.result.statements += len(script.units)
        self._sqlcmd(script)
        for number, unit in enumerate(script.units):
            for function in REGISTRY.get(unit.statement.kind, ()):
                function(self, unit)
            self._for_all(unit)
            if self.usage is not None:
                self._used(unit, self.usage(unit))
            for trouble in script.troubles.get(number, ()):
                self._trouble(unit, trouble.rule, trouble.message, trouble.offset)
            statement = unit.statement
            if (
                statement.kind.endswith(("PROCEDURE", "FUNCTION"))
                and statement.name is not None
                and statement.kind.startswith("CREATE")
            ):
                self.objects.bodies.setdefault(statement.name.key, [])
            self.objects.apply(unit)
        same_batch(self, script)
        unchecked(self)
        return self._conclude(script)

    def remember(self, file: str, text: str) -> None:
        """A script of the release that was applied before: what it made is the release's own."""
        for unit in read_script(file, text).units:
            self.objects.apply(replace(unit, guards=(), jumps=False))

    def refuse(self, file: str, failure: ScriptError) -> None:
        """A script whose text cannot even be read."""
        self.script = read_script(file, "")
        self._findings = []
        self.result.files.append(file)
        self._fail(failure)
        self._findings[0].line, self._findings[0].column = failure.line, failure.column

    def _fail(self, failure: ScriptError) -> None:
        """Nothing else is known of such a script, so no setting makes it less than an error."""
        offset = self.script.lines.offset(failure.line) + failure.column - 1
        self._add(CATALOGUE["unknown"], ERROR, offset, failure.message)
        self.result.findings.extend(self._findings)

    def _used(self, unit: Unit, found: list[tuple[Taken, list[str]]]) -> None:
        for one, labels in found:
            if labels:
                self.report(
                    unit,
                    "release-uses",
                    f"{one.text}, which release {' and '.join(labels)} uses",
                    advice=Advice(f"Wait until release {labels[-1]} is no longer supported."),
                )

    def _for_all(self, unit: Unit) -> None:
        statement = unit.statement
        if statement.names or statement.sources or statement.actions or "remote" in statement.flags:
            cross_database(self, unit)
        name_length(self, unit)
        if self.script.no_transaction:
            not_idempotent(self, unit)

    def _trouble(self, unit: Unit, rule: str, message: str, offset: int) -> None:
        known = CATALOGUE[rule]
        level = self._severity(known, None, None)
        module = unit.statement.module
        if module is not None and module.statement is not unit.statement:
            if module.name is not None:
                self._in_body(module.name, rule, message)
            if rule in _BODY_SILENT or module.kind != "TRIGGER":
                return
        if level != OFF:
            advice = Advice("Write the SQL as one literal, which the linter reads like the script itself.")
            self._add(known, level, offset, message, advice, None, unit.root)

    def _sqlcmd(self, script: Script) -> None:
        if not script.scan.directives:
            return
        known = CATALOGUE["dynamic"]
        for use in find_sqlcmd(script.text):
            if use.kind == "directive":
                harmless = use.text in (":setvar", ":on", ":reset", ":list", ":listvar", ":help", ":perftrace")
                offset = script.lines.offset(use.line) + use.column - 1
                level = self._severity(known, WARNING if harmless else None, None)
                if level != OFF:
                    what = (
                        "sqlcmd's own, which no driver understands"
                        if harmless
                        else "which brings in what is not in this script"
                    )
                    self._add(
                        known,
                        level,
                        offset,
                        f"{use.text} is a directive {what}",
                        Advice("Take sqlcmd's directives out of the script."),
                    )

    def _conclude(self, script: Script) -> list[Finding]:
        waivers = Waivers(script)
        kept: list[Finding] = []
        seen: set[tuple[str, int, int, str]] = set()
        for finding in self._findings:
            mark = (finding.rule, finding.line, finding.column, finding.message)
            if mark in seen:
                continue
            seen.add(mark)
            if waivers.waive(finding):
                self.result.waived.append(finding)
            else:
                kept.append(finding)
        self._findings = kept
        for offset, message in waivers.invalid:
            level = self._severity(CATALOGUE["waiver"], None, None)
            if level != OFF:
                self._add(CATALOGUE["waiver"], level, offset, message)
        for waiver in waivers.stale:
            level = self._severity(CATALOGUE["stale-waiver"], None, None)
            if level != OFF:
                self._add(
                    CATALOGUE["stale-waiver"],
                    level,
                    script.lines.offset(waiver.line),
                    f"the waiver for {waiver.rule} covers nothing: no such finding in the statement behind it",
                )
        self.result.waivers.extend(waivers.found)
        kept.sort(key=lambda finding: (finding.line, finding.column))
        if self.options.advice:
            for finding in kept:
                if finding.scripts:
                    self._prove(finding)
        self.result.findings.extend(kept)
        return kept

    def _prove(self, finding: Finding) -> None:
        """Take advice back that the linter itself would refuse."""
        sound = []
        for phase, sql in finding.scripts:
            other = Linter(replace(self.options, phase=phase, advice=False, severities={}, max_rows=None))
            if not any(one.severity == ERROR for one in other.check("advice", sql)):
                sound.append((phase, sql))
        if len(sound) != len(finding.scripts):
            text = finding.advice.split("\n-- ", 1)[0]
            finding.scripts = tuple(sound)
            finding.advice = Advice("" if text.startswith("-- ") else text, finding.scripts).render()


def check_scripts(scripts: Iterable[tuple[str, str]], options: Options, live: LiveSchema | None = None) -> Report:
    """Check scripts in their order, as those of one release: (file, text) each."""
    linter = Linter(options, live)
    for file, text in scripts:
        linter.check(file, text)
    return linter.result


def check_text(text: str, phase: str = "expand", file: str = "script.sql") -> Sequence[Finding]:
    """The findings of one script with default options."""
    return check_scripts([(file, text)], Options(phase=phase)).findings
