# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about constraints and indexes."""

from __future__ import annotations

from ..analysis import Unit
from ..findings import Advice
from ..statements import Action, Name, plain
from .registry import Context, full, in_contract, on

_LOW_PRIORITY = "ONLINE = ON (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF))"


@on("ALTER TABLE")
def add_constraint(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    for action in statement.actions:
        if (
            action.kind in ("ADD CHECK", "ADD FOREIGN KEY")
            and action.nocheck
            and table is not None
            and not table.temporary
        ):
            context.objects.unchecked[(*table.key, action.name.lower())] = (unit, action.name)
        if context.new_table(table, unit, 1):
            continue
        if action.kind == "ADD CHECK":
            context.report(
                unit,
                "add-check",
                f"adds CHECK constraint {plain(action.name) or 'without a name'} to {full(table)}",
                token=action.token,
                table=table,
                advice=_later(unit, table, action),
            )
        elif action.kind == "ADD FOREIGN KEY":
            context.report(
                unit,
                "add-foreign-key",
                f"adds foreign key {plain(action.name) or 'without a name'} from {full(table)} to {full(action.target)}",
                token=action.token,
                table=table,
                advice=_later(unit, table, action),
            )
        elif action.kind in ("ADD PRIMARY KEY", "ADD UNIQUE") or (
            action.kind == "ADD INDEX" and "UNIQUE" in action.words
        ):
            context.report(
                unit,
                "add-unique",
                f"adds {action.kind[4:]} {plain(action.name) or 'without a name'} to {full(table)}",
                token=action.token,
                table=table,
                advice=_duplicates(table, action, in_contract(unit, "")),
            )
        elif action.kind == "ADD INDEX":
            context.report(
                unit,
                "index-offline",
                f"builds index {plain(action.name)} on {full(table)}, by ALTER TABLE, which cannot do it online",
                token=action.token,
                table=table,
                advice=Advice("CREATE INDEX ... WITH (ONLINE = ON)."),
            )
        elif action.kind == "ADD DEFAULT":
            if table is not None and action.columns:
                made = context.objects.columns.get((*table.key, action.columns[0].lower()))
                if context.objects.newness(made, unit, table.schema):
                    continue
                facts = context.table_facts(table)
                column = facts.columns.get(action.columns[0].lower()) if facts else None
                if column is not None and not column.has_default:
                    continue
            context.report(
                unit,
                "change-default",
                f"sets a default for column {plain(action.columns[0]) if action.columns else '?'} of {full(table)}",
                token=action.token,
                advice=Advice(
                    "Where the column has none so far this is harmless; otherwise add a new column with the new default."
                ),
            )


def _later(unit: Unit, table: Name | None, action: Action) -> Advice:
    """Unchecked first, so that the lock is short; the check of the old rows later."""
    name = action.name
    if not name or unit.dynamic or len([one for one in unit.statement.actions if one.kind.startswith("ADD ")]) != 1:
        return Advice("In contract: add it WITH NOCHECK, then WITH CHECK CHECK CONSTRAINT in a script of its own.")
    source = unit.source.strip().rstrip(";")
    after = source.upper().find("ADD")
    if after < 0:
        return Advice("In contract: add it WITH NOCHECK, then WITH CHECK CHECK CONSTRAINT in a script of its own.")
    rest = source[after:]
    return Advice(
        "In contract, and in two steps: the first holds the lock for a moment, the second reads the rows.",
        (
            (
                "contract",
                f"ALTER TABLE {full(table)} WITH NOCHECK {rest};\nGO\nALTER TABLE {full(table)} WITH CHECK CHECK CONSTRAINT {plain(name)};\n",
            ),
        ),
    )


def _duplicates(table: Name | None, action: Action, later: Advice) -> Advice:
    columns = ", ".join(plain(column) for column in action.columns)
    if not columns or not later.scripts:
        return Advice("In contract, after a look for duplicates.", later.scripts)
    check = (
        f"IF EXISTS (SELECT {columns} FROM {full(table)} GROUP BY {columns} HAVING COUNT(*) > 1)\nBEGIN;\n"
        f"    THROW 50000, N'{full(table).replace(chr(39), chr(39) * 2)} holds duplicates', 1;\nEND;\n"
    )
    return Advice(
        "In contract, after a look for duplicates.", tuple((phase, check + sql) for phase, sql in later.scripts)
    )


@on("ALTER TABLE")
def checking(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    for action in statement.actions:
        if action.kind == "NOCHECK CONSTRAINT":
            if table is not None and table.temporary:
                continue
            if action.name == "ALL":
                context.report(
                    unit,
                    "trigger-off",
                    f"switches all constraints of {full(table)} off",
                    token=action.token,
                    advice=Advice("Leave them on."),
                )
            elif table is not None:
                context.objects.unchecked[(*table.key, action.name.lower())] = (unit, action.name)
        elif action.kind == "CHECK CONSTRAINT":
            trusted = action.words and action.words[0] == "CHECK"
            if table is None:
                continue
            if trusted:
                if action.name == "ALL":
                    for key in [key for key in context.objects.unchecked if key[:2] == table.key]:
                        del context.objects.unchecked[key]
                else:
                    context.objects.unchecked.pop((*table.key, action.name.lower()), None)
            elif not context.new_table(table, unit, 1):
                context.report(
                    unit,
                    "untrusted",
                    f"switches {plain(action.name)} of {full(table)} on without looking at the rows",
                    token=action.token,
                    advice=Advice(
                        "In contract, with the check.",
                        (
                            (
                                "contract",
                                f"ALTER TABLE {full(table)} WITH CHECK CHECK CONSTRAINT {_all(action.name)};\n",
                            ),
                        ),
                    ),
                )


def _all(name: str) -> str:
    return "ALL" if name == "ALL" else plain(name)


def unchecked(context: Context) -> None:
    """After a script: what it leaves unchecked."""
    for key, (unit, name) in list(context.objects.unchecked.items()):
        table = unit.statement.name
        del context.objects.unchecked[key]
        if context.new_table(table, unit):
            continue
        context.report(
            unit,
            "untrusted",
            f"leaves {plain(name) or 'a constraint'} of {full(table)} unchecked",
            advice=Advice(
                "Check the rows, in a script of its own.",
                (("contract", f"ALTER TABLE {full(table)} WITH CHECK CHECK CONSTRAINT {plain(name)};\n"),)
                if name
                else (),
            ),
        )


@on("CREATE INDEX")
def create_index(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    options = statement.options
    index = statement.actions[0] if statement.actions else None
    name = plain(index.name) if index else "?"
    _kill(context, unit, options.get("ONLINE", ""))
    if "RESUMABLE" in options and options["RESUMABLE"].startswith("ON"):
        _outside_transaction(context, unit, "a resumable index build")
    if context.new_table(table, unit, 1):
        return
    existing_view = table is not None and (
        table.key in context.objects.modules or (context.live is not None and table.key in context.live.modules)
    )
    if "UNIQUE" in statement.words and index is not None:
        online = _online(unit)
        context.report(
            unit,
            "add-unique",
            f"builds unique index {name} on {full(table)}",
            table=table,
            advice=_duplicates(table, index, Advice("", (("contract", online),) if online else ())),
        )
    special = [word for word in ("XML", "SPATIAL") if word in statement.words]
    computed = [
        column
        for column in (index.columns if index else ())
        if table is not None
        and ((*table.key, column.lower()) in context.objects.computed or _computed(context, table, column))
    ]
    if "filtered" in statement.flags or special or computed or existing_view:
        what = (
            "filtered"
            if "filtered" in statement.flags
            else (special[0] if special else "indexed-view" if existing_view else "computed-column")
        )
        context.report(
            unit,
            "index-set-options",
            f"builds {what} index {name} on {full(table)}",
            table=table,
            advice=Advice(
                "Look whether all procedures that write to the table have uses_quoted_identifier = 1 in sys.sql_modules and the application "
                "connects with the usual SET options; then allow it with a waiver that says so."
            ),
        )
    if options.get("DROP_EXISTING", "").startswith("ON"):
        context.report(
            unit,
            "drop-index",
            f"puts another index in the place of {name} of {full(table)} (DROP_EXISTING)",
            table=table,
            advice=Advice(
                "Build it under a name of its own, and drop the old one in contract; to rebuild, ALTER INDEX ... REBUILD."
            ),
        )
    _offline(context, unit, name, table)


def _computed(context: Context, table: Name, column: str) -> bool:
    facts = context.table_facts(table)
    if facts is None:
        return False
    found = facts.columns.get(column.lower())
    return found is not None and found.computed


def _kill(context: Context, unit: Unit, online: str) -> None:
    if "BLOCKERS" in online:
        context.report(
            unit,
            "kill-blockers",
            "ends the application's transactions (ABORT_AFTER_WAIT = BLOCKERS)",
            advice=Advice("ABORT_AFTER_WAIT = SELF"),
        )


def _outside_transaction(context: Context, unit: Unit, what: str) -> None:
    if not context.script.no_transaction:
        context.report(
            unit,
            "no-transaction",
            f"{what} cannot run inside a transaction",
            advice=Advice("Put it into a script of its own that begins with: -- migrate: no-transaction"),
        )


def _version(context: Context) -> int:
    return context.options.version or (context.live.version if context.live else 0)


def _offline(context: Context, unit: Unit, name: str, table: Name | None) -> None:
    online = unit.statement.options.get("ONLINE", "")
    edition = context.options.edition or (context.live.edition if context.live else "")
    never = edition in ("standard", "express", "web")
    facts = context.table_facts(table)
    if facts is not None and facts.rows == 0:
        return
    if not online.startswith("ON") or never:
        sql = _online(unit, low_priority=_version(context) == 0 or _version(context) >= 16)
        if never:
            advice = Advice(
                f"{edition.capitalize()} edition builds no index online: choose a quiet window, and name it in a waiver: "
                "-- lint: allow index-offline <which window, how many rows>"
            )
        else:
            advice = Advice(
                "Build it online (Enterprise edition, Developer or Azure).",
                (("expand", sql),) if sql and "UNIQUE" not in unit.statement.words else (),
            )
        context.report(
            unit,
            "index-offline",
            f"builds index {name} on {full(table)} "
            + (f"on {edition.capitalize()} edition, which cannot do it online" if never else "without ONLINE = ON"),
            table=table,
            advice=advice,
        )
    elif "WAIT_AT_LOW_PRIORITY" not in online and (_version(context) == 0 or _version(context) >= 16):
        sql = _online(unit, low_priority=True)
        context.report(
            unit,
            "index-no-lowpri",
            f"builds index {name} on {full(table)} with no WAIT_AT_LOW_PRIORITY",
            table=table,
            severity=None,
            advice=Advice(
                "On SQL Server 2022 and newer:",
                (("expand", sql),) if sql and "UNIQUE" not in unit.statement.words else (),
            ),
        )


def _online(unit: Unit, low_priority: bool = True) -> str:
    """The statement at hand, with ONLINE = ON."""
    if unit.dynamic:
        return ""
    words = list(unit.words())
    depth = 0
    stop = len(words)
    seen_on = 0
    for at, token in enumerate(words):
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.key == "ON":
            seen_on += 1
        if depth == 0 and (token.key in (";", "WITH") or (token.key == "ON" and seen_on > 1)):
            stop = at
            break
    if not stop:
        return ""
    head = unit.text[words[0].start : words[stop - 1].end]
    extra = _LOW_PRIORITY if low_priority else "ONLINE = ON"
    return f"{head}\nWITH ({extra});\n"


@on("ALTER INDEX")
def alter_index(context: Context, unit: Unit) -> None:
    statement = unit.statement
    _kill(context, unit, statement.options.get("ONLINE", ""))
    if statement.options.get("RESUMABLE", "").startswith("ON") or statement.words in (
        ("RESUME",),
        ("PAUSE",),
        ("ABORT",),
    ):
        _outside_transaction(context, unit, "a resumable index build")
    if statement.words != ("REBUILD",) or context.new_table(statement.name, unit, 1):
        return
    name = plain(statement.actions[0].name) if statement.actions else "?"
    _rebuild(context, unit, f"rebuilds index {name} of {full(statement.name)}", statement.options.get("ONLINE", ""))


@on("ALTER TABLE")
def rebuild(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    for action in unit.statement.actions:
        online = action.options.get("ONLINE", "")
        _kill(context, unit, online)
        _kill(context, unit, " ".join(action.options.values()) if "WAIT_AT_LOW_PRIORITY" in action.options else "")
        if action.kind == "REBUILD" and not context.new_table(table, unit, 1):
            _rebuild(context, unit, f"rebuilds table {full(table)}", online)


def _rebuild(context: Context, unit: Unit, message: str, online: str) -> None:
    table = unit.statement.name
    if not online.startswith("ON"):
        context.report(
            unit,
            "index-offline",
            f"{message} without ONLINE = ON",
            table=table,
            advice=Advice("WITH (ONLINE = ON), on an edition that has it; or REORGANIZE, which never blocks for long."),
        )
    elif "WAIT_AT_LOW_PRIORITY" not in online:
        context.report(
            unit,
            "index-no-lowpri",
            f"{message} with no WAIT_AT_LOW_PRIORITY",
            table=table,
            advice=Advice(f"WITH ({_LOW_PRIORITY})"),
        )


@on("CREATE FULLTEXT", "ALTER FULLTEXT", "DROP FULLTEXT")
def fulltext(context: Context, unit: Unit) -> None:
    _outside_transaction(context, unit, "a full-text statement")
    if unit.statement.kind == "ALTER FULLTEXT" and {"DROP", "DISABLE"} & set(unit.statement.words):
        context.report(
            unit, "drop-index", "switches a full-text index off, or takes a column out of it", advice=in_contract(unit)
        )
