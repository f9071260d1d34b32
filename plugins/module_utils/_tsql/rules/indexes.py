# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about indexes."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import Unit, read_script
from ..findings import ERROR, WARNING, Advice
from ..lexer import Token
from ..live import ModuleFacts
from ..ownership import LIKELY
from ..statements import Action, Name, plain
from .family import SILENT, Context, Family
from .scripts import NO_TRANSACTION
from .wording import full, in_contract

FAMILY = Family()

DROP_INDEX = FAMILY.rule(
    "drop-index",
    "E",
    "an index is dropped or disabled",
    reason="The running version's queries turn into scans, and those that name the index in a hint fail.",
    instead="drop it in contract",
)
ADD_UNIQUE = FAMILY.rule(
    "add-unique",
    "E",
    "a unique index or key on an existing table",
    reason="Duplicates that the running version may write fail from now on, and the build locks the table.",
    instead="contract: check for duplicates first, then build it ONLINE",
    blocking=True,
)
INDEX_OFFLINE = FAMILY.rule(
    "index-offline",
    "E",
    "an index is built without ONLINE = ON",
    reason="Writers wait for the build; for a clustered index, everyone.",
    instead="WITH (ONLINE = ON); on Standard edition a window, with a waiver that names it",
    blocking=True,
)
INDEX_NO_LOWPRI = FAMILY.rule(
    "index-no-lowpri",
    "W",
    "ONLINE without WAIT_AT_LOW_PRIORITY",
    reason="The lock at the build's end queues everyone behind it.",
    instead="WAIT_AT_LOW_PRIORITY with ABORT_AFTER_WAIT = SELF (SQL Server 2022 and newer)",
    blocking=True,
    in_body=SILENT,
)
KILL_BLOCKERS = FAMILY.rule(
    "kill-blockers",
    "A",
    "the application's transactions are killed",
    reason="Its requests fail.",
    instead="ABORT_AFTER_WAIT = SELF",
)
INDEX_SET_OPTIONS = FAMILY.rule(
    "index-set-options",
    "W",
    "a filtered, XML, spatial or indexed-view index, or one on a computed column",
    reason="Writers with other SET options get error 1934.",
    instead="check sys.sql_modules.uses_quoted_identifier, or let lint read the live schema",
    contract=WARNING,
)


INDEX_OPTION = FAMILY.rule(
    "index-option",
    "E",
    "an index changes how the running version's writes behave",
    reason="Its writes are dropped without an error, or wait for each other.",
    instead="contract, or a new table",
)


_WAIT = " (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF))"
_LOW_PRIORITY = f"ONLINE = ON{_WAIT}"


@FAMILY.on("DROP INDEX")
def drop_index(context: Context, unit: Unit) -> None:
    for action in unit.statement.actions:
        table = action.target
        if context.own.table(table, unit) or context.own.index(table, action.name, unit):
            continue
        context.report(
            unit,
            DROP_INDEX,
            f"drops index {plain(action.name)} of {full(table)}",
            token=action.token,
            advice=in_contract(unit),
            table=table,
        )


@FAMILY.on("DROP FULLTEXT")
def drop_fulltext(context: Context, unit: Unit) -> None:
    context.report(unit, DROP_INDEX, "drops a full-text index or catalog", advice=in_contract(unit))


@FAMILY.on("ALTER INDEX")
def disable_index(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.words == ("DISABLE",) and not context.own.table(statement.name, unit):
        index = statement.actions[0].name if statement.actions else "?"
        context.report(
            unit,
            DROP_INDEX,
            f"disables index {plain(index)} of {full(statement.name)}",
            advice=in_contract(unit),
            table=statement.name,
        )


def after_duplicates(table: Name | None, action: Action, later: Advice, where: str = "") -> Advice:
    """The same in contract, behind a check for duplicates; ``where`` is the filter of the index."""
    columns = ", ".join(plain(column) for column in action.columns)
    if not columns or not later.scripts:
        return Advice("In contract, after a check for duplicates.", later.scripts)
    check = (
        f"IF EXISTS (SELECT {columns} FROM {full(table)}{where} GROUP BY {columns} HAVING COUNT(*) > 1)\nBEGIN;\n"
        f"    THROW 50000, N'{full(table).replace(chr(39), chr(39) * 2)} holds duplicates', 1;\nEND;\n"
    )
    return Advice(
        "In contract, after a check for duplicates.", tuple((phase, check + sql) for phase, sql in later.scripts)
    )


@FAMILY.on("CREATE INDEX")
def create_index(context: Context, unit: Unit) -> None:
    statement = unit.statement
    table = statement.name
    options = statement.options
    index = statement.actions[0] if statement.actions else None
    name = plain(index.name) if index else "?"
    _kill(context, unit, options.get("ONLINE", ""))
    if "RESUMABLE" in options and options["RESUMABLE"].startswith("ON"):
        _outside_transaction(context, unit, "a resumable index build")
    if not context.own.table(table, unit):
        _unique(context, unit, index, table)
    if context.own.table(table, unit, LIKELY):
        return
    what = _needs_set_options(context, unit)
    if what:
        context.report(
            unit,
            INDEX_SET_OPTIONS,
            f"builds {what} index {name} on {full(table)}",
            table=table,
            advice=Advice(
                "Check that all procedures that write to the table have uses_quoted_identifier = 1 in "
                "sys.sql_modules and the application connects with the usual SET options, as every .NET driver does."
            ),
        )
    if "COLUMNSTORE" in statement.words and "CLUSTERED" in statement.words:
        context.report(
            unit,
            INDEX_OPTION,
            f"stores {full(table)} by column: single rows are found and written slowly",
            table=table,
            advice=Advice("A new table, or a nonclustered columnstore index."),
        )
    if options.get("DROP_EXISTING", "").startswith("ON"):
        context.report(
            unit,
            DROP_INDEX,
            f"puts another index in the place of {name} of {full(table)} (DROP_EXISTING)",
            table=table,
            advice=Advice(
                "Build it under a name of its own, and drop the old one in contract; to rebuild, ALTER INDEX ... "
                "REBUILD."
            ),
        )
    _offline(context, unit, name, table)


def _unique(context: Context, unit: Unit, index: Action | None, table: Name | None) -> None:
    """It fails an INSERT of the running version, so a table that only may be new is no excuse."""
    if "UNIQUE" not in unit.statement.words or index is None:
        return
    advice = Advice(
        "Build it inside the IF that creates the table, or as a UNIQUE constraint in its CREATE TABLE: the text does "
        "not tell whether an older release has the table, the live schema does."
    )
    if not context.own.table(table, unit, LIKELY):
        online = _online(unit, low_priority=_version(context) >= _CREATE_INDEX_WAITS)
        advice = after_duplicates(table, index, Advice("", (("contract", online),) if online else ()), _filter(unit))
    context.report(
        unit, ADD_UNIQUE, f"builds unique index {plain(index.name)} on {full(table)}", table=table, advice=advice
    )


def _needs_set_options(context: Context, unit: Unit) -> str:
    """The kind of an index that writers with other SET options cannot keep up to date; '' for any other."""
    statement = unit.statement
    table = statement.name
    if table is None:
        return ""
    if "filtered" in statement.flags:
        return "filtered"
    special = next((word for word in ("XML", "SPATIAL") if word in statement.words), "")
    if special:
        return special
    if table.key in context.own.modules or (context.live is not None and table.key in context.live.modules):
        return "indexed-view"
    columns = statement.actions[0].columns if statement.actions else ()
    made = context.own.computed
    if any((*table.key, column.lower()) in made or _computed(context, table, column) for column in columns):
        return "computed-column"
    return ""


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
            KILL_BLOCKERS,
            "ends the application's transactions (ABORT_AFTER_WAIT = BLOCKERS)",
            advice=Advice("ABORT_AFTER_WAIT = SELF"),
        )


def _outside_transaction(context: Context, unit: Unit, what: str) -> None:
    if not context.script.no_transaction:
        context.report(
            unit,
            NO_TRANSACTION,
            f"{what} cannot run inside a transaction",
            advice=Advice("Put it into a script of its own that begins with: -- migrate: no-transaction"),
        )


_CREATE_INDEX_WAITS = 16
"""The version whose CREATE INDEX has WAIT_AT_LOW_PRIORITY: SQL Server 2022 (documentation of CREATE INDEX)."""


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
        sql = _online(unit, low_priority=_version(context) >= _CREATE_INDEX_WAITS)
        if never:
            advice = Advice(
                f"{edition.capitalize()} edition builds no index online: choose a quiet window, and name it in a "
                "waiver: "
                "-- lint: allow index-offline <which window, how many rows>"
            )
        else:
            advice = Advice(
                "Build it online (Enterprise edition, Developer or Azure).",
                (("expand", sql),) if sql and "UNIQUE" not in unit.statement.words else (),
            )
        context.report(
            unit,
            INDEX_OFFLINE,
            f"builds index {name} on {full(table)} "
            + (f"on {edition.capitalize()} edition, which cannot do it online" if never else "without ONLINE = ON"),
            table=table,
            advice=advice,
        )
    elif "WAIT_AT_LOW_PRIORITY" not in online and (_version(context) == 0 or _version(context) >= 16):
        sql = _online(unit, low_priority=True)
        context.report(
            unit,
            INDEX_NO_LOWPRI,
            f"builds index {name} on {full(table)} with no WAIT_AT_LOW_PRIORITY",
            table=table,
            severity=None,
            advice=Advice(
                "On SQL Server 2022 and newer:",
                (("expand", sql),) if sql and "UNIQUE" not in unit.statement.words else (),
            ),
        )


def _filter(unit: Unit) -> str:
    """The WHERE of a filtered index, with a blank before it."""
    words = [token for token in unit.words() if token.key != ";"]
    start = next((at for at, token in enumerate(words) if token.key == "WHERE"), len(words))
    end = next((at for at in range(start, len(words)) if words[at].key in ("WITH", "ON")), len(words))
    return f" {unit.text[words[start].start : words[end - 1].end]}" if start < end else ""


def _online(unit: Unit, low_priority: bool) -> str:
    """The statement with ONLINE = ON; its other options, filter and filegroup stay. '' where that cannot be told."""
    words = [token for token in unit.words() if token.key != ";"]
    depth = 0
    outer: list[tuple[int, str]] = []
    for at, token in enumerate(words):
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.key in ("WITH", "ON", "FILESTREAM_ON"):
            outer.append((at, token.key))
    if unit.dynamic or not words or not outer:
        return ""
    options = [f"ONLINE = ON{_WAIT if low_priority else ''}"]
    places = [at for at, key in outer[1:] if key == "WITH"]
    cut = places[0] if places else next((at for at, _key in outer[1:]), len(words))
    rest = cut
    if places:
        closing = _closing(words, cut + 1)
        if not closing:
            return ""
        options += [text for text in _pieces(unit, words[cut + 2 : closing]) if not text.upper().startswith("ONLINE")]
        rest = closing + 1
    head = unit.text[words[0].start : words[cut - 1].end]
    tail = f" {unit.text[words[rest].start : words[-1].end]}" if rest < len(words) else ""
    return f"{head}\nWITH ({', '.join(options)}){tail};\n"


def _closing(words: Sequence[Token], at: int) -> int:
    """Where the parentheses that open at a place close; 0 where none open there."""
    depth = 0
    for place in range(at, len(words)):
        depth += (words[place].key == "(") - (words[place].key == ")")
        if depth == 0:
            return place if place > at else 0
    return 0


def _pieces(unit: Unit, words: Sequence[Token]) -> list[str]:
    """The texts between commas outside of parentheses."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in words:
        depth += (token.key == "(") - (token.key == ")")
        if token.key == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return [unit.text[piece[0].start : piece[-1].end] for piece in found if piece]


@FAMILY.on("ALTER INDEX")
def alter_index(context: Context, unit: Unit) -> None:
    statement = unit.statement
    _kill(context, unit, statement.options.get("ONLINE", ""))
    if statement.options.get("RESUMABLE", "").startswith("ON") or statement.words in (
        ("RESUME",),
        ("PAUSE",),
        ("ABORT",),
    ):
        _outside_transaction(context, unit, "a resumable index build")
    _set_options(context, unit)
    if statement.words != ("REBUILD",) or context.own.table(statement.name, unit, LIKELY):
        return
    name = plain(statement.actions[0].name) if statement.actions else "?"
    _rebuild(context, unit, f"rebuilds index {name} of {full(statement.name)}", statement.options.get("ONLINE", ""))


_CHANGED_WRITES = {
    "IGNORE_DUP_KEY": ("ON", "duplicates of the running version are dropped without an error"),
    "ALLOW_ROW_LOCKS": ("OFF", "each of its writes locks a page or the table"),
    "ALLOW_PAGE_LOCKS": ("OFF", "its large reads and writes escalate, and the index cannot be reorganized"),
}
"""Options of an index that change what happens to the running version's writes: option, value, what happens."""


def _set_options(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if context.own.table(statement.name, unit):
        return
    for option, (value, what) in _CHANGED_WRITES.items():
        if statement.options.get(option, "").startswith(value):
            context.report(
                unit,
                INDEX_OPTION,
                f"sets {option} = {value} for an index of {full(statement.name)}: {what}",
                table=statement.name,
                advice=in_contract(unit),
            )


@FAMILY.on("ALTER TABLE")
def rebuild(context: Context, unit: Unit) -> None:
    table = unit.statement.name
    for action in unit.statement.actions:
        online = action.options.get("ONLINE", "")
        _kill(context, unit, online)
        _kill(context, unit, " ".join(action.options.values()) if "WAIT_AT_LOW_PRIORITY" in action.options else "")
        if action.kind == "REBUILD" and not context.own.table(table, unit, LIKELY):
            _rebuild(context, unit, f"rebuilds table {full(table)}", online)


def _rebuild(context: Context, unit: Unit, message: str, online: str) -> None:
    table = unit.statement.name
    if not online.startswith("ON"):
        context.report(
            unit,
            INDEX_OFFLINE,
            f"{message} without ONLINE = ON",
            table=table,
            advice=Advice("WITH (ONLINE = ON), on an edition that has it; or REORGANIZE, which never blocks for long."),
        )
    elif "WAIT_AT_LOW_PRIORITY" not in online:
        context.report(
            unit,
            INDEX_NO_LOWPRI,
            f"{message} with no WAIT_AT_LOW_PRIORITY",
            table=table,
            advice=Advice(f"WITH ({_LOW_PRIORITY})"),
        )


@FAMILY.on("CREATE FULLTEXT", "ALTER FULLTEXT", "DROP FULLTEXT")
def fulltext(context: Context, unit: Unit) -> None:
    _outside_transaction(context, unit, "a full-text statement")
    if unit.statement.kind == "ALTER FULLTEXT" and {"DROP", "DISABLE"} & set(unit.statement.words):
        context.report(
            unit, DROP_INDEX, "switches a full-text index off, or takes a column out of it", advice=in_contract(unit)
        )


@FAMILY.on("CREATE INDEX")
def quoted_identifier(context: Context, unit: Unit) -> None:
    """Names the modules that would get error 1934: those made with QUOTED_IDENTIFIER OFF that write to the table."""
    live = context.live
    table = unit.statement.name
    if live is None or table is None or not _needs_set_options(context, unit) or context.own.table(table, unit, LIKELY):
        return
    wrong = sorted(
        facts.name
        for facts in live.modules.values()
        if facts.definition and not facts.uses_quoted_identifier and writes_to(facts, table)
    )
    if wrong:
        context.report(
            unit,
            INDEX_SET_OPTIONS,
            f"made with QUOTED_IDENTIFIER OFF, so that writing to {full(table)} fails in them: {', '.join(wrong[:5])}",
            table=table,
            severity=ERROR,
            advice=Advice("Create these modules first, under new names, with QUOTED_IDENTIFIER ON."),
        )


_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE")


def writes_to(module: ModuleFacts, table: Name) -> bool:
    """Whether a module of the live schema writes to a table, or does what cannot be seen."""
    script = read_script(module.name, module.definition)
    if script.failure is not None or script.troubles:
        return True
    for unit in script.units:
        statement = unit.statement
        if statement.kind == "UNKNOWN":
            return True
        if statement.kind not in _WRITES:
            continue
        name = statement.name
        # UPDATE t ... FROM dbo.Things AS t names the table in FROM
        if name is None or any(one.key == table.key for one in (name, *statement.sources)):
            return True
    return False


@FAMILY.on("KILL")
def kill(context: Context, unit: Unit) -> None:
    context.report(
        unit,
        KILL_BLOCKERS,
        "KILL ends other sessions",
        advice=Advice("Leave it out: the migration engine waits, and gives up in time."),
    )
