# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linter: scripts in, findings out. Private to the collection, and free of anything but the standard library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .._scripts.phases import named
from .._scripts.reader import parse_text
from .analysis import Script, Unit, read_script
from .breaking import BreakingChange
from .findings import ERROR, OFF, WARNING, Advice, Finding, Report
from .lexer import ScriptError, Token
from .live import LiveSchema, TableFacts
from .options import Options
from .ownership import Ownership
from .rules import FAMILIES
from .rules.family import AS_IS, SILENT, Rule, StatementCheck
from .rules.releases import RELEASE_USES
from .rules.unreadable import NOT_RUNNABLE, RUNS_LATER, UNKNOWN
from .statements import Module, Name
from .usage import Usage
from .waivers import Waivers


def _by_kind() -> dict[str, list[StatementCheck]]:
    found: dict[str, list[StatementCheck]] = {}
    for family in FAMILIES:
        for kind, checks in family.by_kind.items():
            found.setdefault(kind, []).extend(checks)
    return found


_BY_KIND = _by_kind()
_EVERY_STATEMENT = [check for family in FAMILIES for check in family.statement_checks]
_EVERY_SCRIPT = [check for family in FAMILIES for check in family.script_checks]
_AFTER_WAIVERS = [check for family in FAMILIES for check in family.waiver_checks]


class Linter:
    """Checks scripts one after the other; what the first ones make is new to the later ones."""

    def __init__(self, options: Options, live: LiveSchema | None = None) -> None:
        self.options = options
        self.live = live
        self.own = Ownership(live)
        self.script = read_script("", "")
        self.result = Report(live=live is not None)
        self._findings: list[Finding] = []
        self._batches = 0
        self._later: list[tuple[Finding, Module]] = []
        """What was found in the bodies of modules that run later."""
        self._compared: set[tuple[int, BreakingChange]] = set()
        """By statement: one statement may break the same thing by several rules."""
        self.usage: Usage | None = None
        """What supported releases use, compared with the breaking changes that the rules declare."""

    # -- what rules ask

    def table_facts(self, name: Name | None) -> TableFacts | None:
        if self.live is None or name is None:
            return None
        return self.live.tables.get(name.key)

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
        module = unit.module
        if breaks is not None and module is None:
            self._compare(unit, breaks, message, token, exempt)
        if exempt:
            return
        level = self._severity(rule, severity, table)
        if module is not None and rule.in_body != AS_IS:
            if level == ERROR and module.name is not None:
                self._in_body(module.name, rule, message)
            if rule.in_body == SILENT:
                return
            if module.kind != "TRIGGER":
                level = WARNING if level == ERROR else level
        at = token if token is not None else unit.statement.token
        place = unit.locate(at.start) if offset is None else offset
        length = at.end - at.start if offset is None else 1
        found = self._add(rule, level, place, message, advice, table, unit.root, length)
        if found is not None and module is not None and module.kind != "TRIGGER" and rule.in_body != AS_IS:
            self._later.append((found, module))

    def report_at(
        self, offset: int, rule: Rule, message: str, *, advice: Advice | None = None, severity: str | None = None
    ) -> None:
        self._add(rule, self._severity(rule, severity, None), offset, message, advice)

    def _compare(self, unit: Unit, change: BreakingChange, message: str, token: Token | None, exempt: bool) -> None:
        """Report a breaking change that meets a release which uses what it changes, or which may do so."""
        if self.usage is None or (unit.number, change) in self._compared:
            return
        self._compared.add((unit.number, change))
        users = self.usage.users(change, self.options.phase)
        silent = self.usage.silent() if not exempt else []
        if users:
            message = f"{message}, which release {' and '.join(users)} uses"
            advice = f"Wait until release {users[-1]} is no longer supported."
        elif silent:
            message = f"{message}, and release {' and '.join(silent)} does not say what it uses"
            advice = (
                f"List in the release.yml of release {silent[-1]} what it uses, or 'uses: []' where it uses nothing of "
                "the database; or wait until it is no longer supported."
            )
        else:
            return
        self.report(unit, RELEASE_USES, message, token=token, advice=Advice(advice))

    def _in_body(self, module: Name, rule: Rule, message: str) -> None:
        """Remember what a module's body does, for the day somebody runs it; one finding of a rule is enough."""
        known = self.own.bodies.setdefault(module.key, [])
        if not any(rule == one for one, _message in known):
            known.append((rule, message))

    def _severity(self, rule: Rule, wanted: str | None, table: Name | None) -> str:
        """The severity in this phase, for a table of this size, unless the user set one."""
        override = self.options.severities.get(rule.id)
        if override:
            return override
        phase = self.options.phase
        level = rule.severity(phase)
        if wanted is not None and level != OFF:
            level = wanted
        if rule.blocking and not named(phase).strict and level == WARNING and self.options.max_rows is not None:
            facts = self.table_facts(table)
            if facts is not None and facts.rows > self.options.max_rows:
                level = ERROR
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
    ) -> Finding | None:
        if level == OFF:
            return None
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
            advice.render() if advice else rule.instead,
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

    def check(self, file: str, text: str, problems: Sequence[ScriptError] = ()) -> list[Finding]:
        """Check one script, and remember what it makes. Findings that are waived are not among the result.

        `problems` are the reader's, for a script that the engine is to run.
        """
        script = self._read(file, text)
        self.script = script
        self._findings = []
        self._later = []
        self._compared = set()
        self.result.files.append(file)
        if script.failure is not None:
            self._fail(script.failure)
            return self._findings
        self.result.statements += len(script.units)
        self._unfit(problems)
        for unit in script.units:
            if self._skipped(unit):
                continue
            for check in (*_BY_KIND.get(unit.statement.kind, ()), *_EVERY_STATEMENT):
                check(self, unit)
            self.own.apply(unit)
        for script_check in _EVERY_SCRIPT:
            script_check(self)
        return self._conclude()

    def read_and_check(self, file: str, text: str) -> list[Finding]:
        """The same for a text that nobody has read yet, in the phase of the options."""
        script = parse_text(text, named(self.options.phase), file)
        if not script.readable:
            self.refuse(file, script.problems[0])
            return self._findings
        return self.check(file, script.text, script.problems)

    def _skipped(self, unit: Unit) -> bool:
        """Whether the script passes over a statement: its migration is in Entity Framework Core's history."""
        known = self.live.migrations if self.live is not None else frozenset()
        return bool(known) and any(guard.migration.lower() in known for guard in unit.guards if guard.migration)

    def learn(self, file: str, text: str) -> None:
        """A pending script that is not checked here, but runs before those that are: what it creates is new to them."""
        for unit in self._read(file, text).units:
            if not self._skipped(unit):
                self.own.apply(unit)

    def _read(self, file: str, text: str) -> Script:
        """A script whose batches are counted on from those of the scripts before it."""
        script = read_script(file, text)
        for unit in script.units:
            unit.batch += self._batches
        self._batches += script.batches
        return script

    def remember(self, file: str, text: str) -> None:
        """A script that a former run of this release applied: what it created is the release's own."""
        for unit in read_script(file, text).units:
            self.own.apply(replace(unit, guards=(), jumps=False), applied=True)

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
        self._add(UNKNOWN, ERROR, offset, failure.message)
        self.result.findings.extend(self._findings)

    def _unfit(self, problems: Sequence[ScriptError]) -> None:
        """What the engine refuses to run; no setting makes it less than an error."""
        for problem in problems:
            offset = self.script.lines.offset(problem.line) + problem.column - 1
            self._add(NOT_RUNNABLE, ERROR, offset, problem.message)

    def _conclude(self) -> list[Finding]:
        """Apply the waivers, and take findings that were reported twice for one."""
        waivers = Waivers(self.script)
        found, self._findings = self._findings, []
        kept = self._findings
        seen: set[tuple[str, int, int, str]] = set()
        for finding in found:
            mark = (finding.rule, finding.line, finding.column, finding.message)
            if mark in seen:
                continue
            seen.add(mark)
            if waivers.waive(finding):
                self.result.waived.append(finding)
            else:
                kept.append(finding)
        self._summarise(waivers)
        for check in _AFTER_WAIVERS:
            check(self, waivers)
        self.result.waivers.extend(waivers.found)
        kept.sort(key=lambda finding: (finding.line, finding.column))
        if self.options.advice:
            for finding in kept:
                if finding.scripts:
                    self._prove(finding)
        self.result.findings.extend(kept)
        return kept

    def _summarise(self, waivers: Waivers) -> None:
        """Let one finding stand for all that were found in the body of a module that runs later."""
        left = {id(finding) for finding in self._findings}
        bodies: dict[int, tuple[Module, list[Finding]]] = {}
        for finding, module in self._later:
            if id(finding) in left:
                bodies.setdefault(id(module), (module, []))[1].append(finding)
        gone = {id(finding) for _module, found in bodies.values() for finding in found}
        self._findings[:] = [finding for finding in self._findings if id(finding) not in gone]
        makers = {id(unit.statement): unit for unit in self.script.units} if bodies else {}
        for module, found in bodies.values():
            maker = makers[id(module.statement)]
            at = module.name.token if module.name is not None else maker.statement.token
            message = f"the body of {module.kind.lower()} {module.name}, which runs later, {_listed(found)}"
            length = at.end - at.start
            place = maker.locate(at.start)
            one = self._add(RUNS_LATER, self._severity(RUNS_LATER, None, None), place, message, root=maker.root)
            if one is None:
                continue
            one.length = length
            if waivers.waive(one):
                self._findings.remove(one)
                self.result.waived.append(one)

    def _prove(self, finding: Finding) -> None:
        """Take advice back that the linter itself would refuse."""
        sound = []
        for phase, sql in finding.scripts:
            other = Linter(replace(self.options, phase=phase, advice=False, severities={}, max_rows=None))
            if not any(one.severity == ERROR for one in other.read_and_check("advice", sql)):
                sound.append((phase, sql))
        if len(sound) != len(finding.scripts):
            text = finding.advice.split("\n-- ", 1)[0]
            finding.scripts = tuple(sound)
            finding.advice = Advice("" if text.startswith("-- ") else text, finding.scripts).render()


def _listed(found: list[Finding]) -> str:
    """What a body does: in its own words where it is one thing, otherwise how often each rule was met, and where."""
    if len(found) == 1:
        return f"{found[0].message} ({found[0].rule}, line {found[0].line})"
    lines: dict[str, list[int]] = {}
    for finding in found:
        lines.setdefault(finding.rule, []).append(finding.line)
    met = [
        f"{rule} {len(at)} times from line {at[0]} on" if at[1:] else f"{rule} in line {at[0]}"
        for rule, at in lines.items()
    ]
    return f"has {len(found)} findings: {', '.join(met)}"


def check_scripts(scripts: Iterable[tuple[str, str]], options: Options, live: LiveSchema | None = None) -> Report:
    """Check scripts in their order, as those of one release: (file, text) each."""
    linter = Linter(options, live)
    for file, text in scripts:
        linter.read_and_check(file, text)
    return linter.result


def check_text(text: str, phase: str = "expand", file: str = "script.sql") -> Sequence[Finding]:
    """The findings of one script with default options."""
    return check_scripts([(file, text)], Options(phase=phase)).findings
