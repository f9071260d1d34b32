# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about procedures, views, functions, types, synonyms and sequences."""

from __future__ import annotations

from ..analysis import Unit
from ..breaking import CHANGED, DROPPED, broken
from ..findings import ERROR, WARNING, Advice
from ..interface import difference, of_text, of_unit
from ..ownership import LIKELY
from ..shape import read_query
from ..statements import Statement, plain
from .family import AS_IS, Context, Family
from .server import DATABASE
from .unreadable import UNKNOWN
from .wording import full, in_contract, next_version, targets

FAMILY = Family()

DROP_MODULE = FAMILY.rule(
    "drop-module",
    "E",
    "a procedure, view, function, type, synonym, sequence or trigger is dropped",
    reason="The running version calls it.",
    instead="drop it in contract",
)
ALTER_MODULE = FAMILY.rule(
    "alter-module",
    "E",
    "a procedure, view, function or trigger is changed in place",
    reason="The running version runs the new code.",
    instead="a new name: _2, or a hash",
)
RECREATE_MODULE = FAMILY.rule(
    "recreate-module",
    "E",
    "an object is dropped and created again",
    reason="There is a gap in which the running version fails, and permissions are lost.",
    instead="a new name",
)
VIEW_STAR = FAMILY.rule(
    "view-star",
    "A",
    "SELECT * in a view or inline function",
    reason="Its columns are those of the day it was made, until sp_refreshsqlmodule; then they move.",
    instead="list the columns",
    in_body=AS_IS,
)
SCHEMABINDING = FAMILY.rule(
    "schemabinding",
    "W",
    "SCHEMABINDING over a shared table",
    reason="A later ALTER or DROP of the table fails.",
    instead="new objects only",
)
TABLE_TYPE = FAMILY.rule(
    "table-type",
    "E",
    "a table type is dropped or recreated",
    reason="There is no ALTER TYPE; callers with the old shape fail.",
    instead="a new type: Type_2",
)
SEQUENCE_RESEED = FAMILY.rule(
    "sequence-reseed",
    "E",
    "a sequence or identity is restarted",
    reason="Keys collide.",
    instead="a new sequence",
)
SYNONYM_RETARGET = FAMILY.rule(
    "synonym-retarget",
    "E",
    "a synonym gets another target",
    reason="It changes in place what the running version reads.",
    instead="a new name",
)


_DROPPED = (
    "PROCEDURE",
    "VIEW",
    "FUNCTION",
    "SYNONYM",
    "SEQUENCE",
    "TRIGGER",
    "AGGREGATE",
    "XML SCHEMA COLLECTION",
    "ASSEMBLY",
)


@FAMILY.on(*[f"DROP {kind}" for kind in _DROPPED])
def drop_module(context: Context, unit: Unit) -> None:
    kind = unit.statement.kind[5:].lower()
    for name in targets(unit):
        context.report(
            unit,
            DROP_MODULE,
            f"drops {kind} {full(name)}",
            token=name.token if name else None,
            advice=in_contract(unit),
            breaks=broken(DROPPED, name),
            exempt=name is not None and (name.temporary or context.own.module(name, unit)),
        )


@FAMILY.on("DROP TYPE")
def drop_type(context: Context, unit: Unit) -> None:
    for name in targets(unit):
        own = context.own.type(name, unit)
        table_type = name is not None and (
            (context.live is not None and context.live.types.get(name.key, False))
            or name.key in context.own.table_types
        )
        token = name.token if name else None
        if table_type and not own:
            context.report(unit, TABLE_TYPE, f"drops table type {full(name)}", token=token, advice=in_contract(unit))
        context.report(
            unit,
            DROP_MODULE,
            f"drops type {full(name)}",
            token=token,
            advice=in_contract(unit),
            breaks=broken(DROPPED, name),
            exempt=own,
        )


_VERBS = ("CREATE OR ALTER", "ALTER")


_LONGEST = 100_000


_KINDS = ("PROCEDURE", "VIEW", "FUNCTION", "TRIGGER")


@FAMILY.on(*[f"{verb} {kind}" for verb in _VERBS for kind in _KINDS])
def alter_module(context: Context, unit: Unit) -> None:
    statement = unit.statement
    name = statement.name
    verb, _space, kind = statement.kind.rpartition(" ")
    if name is None or name.temporary or context.own.module(name, unit):
        return
    if context.live is not None and not context.live.exists(name.key):
        return
    if context.options.modules == "in_place" and kind != "TRIGGER":
        _in_place(context, unit, kind)
        return
    certainly = verb == "ALTER" or (context.live is not None and context.live.exists(name.key))
    context.report(
        unit,
        ALTER_MODULE,
        f"changes {kind.lower()} {full(name)} in place"
        if certainly
        else f"CREATE OR ALTER changes {kind.lower()} {full(name)}, where it exists",
        token=name.token,
        advice=_beside(unit, statement, kind, changed=certainly),
        breaks=broken(CHANGED, name),
    )


def _in_place(context: Context, unit: Unit, kind: str) -> None:
    """The project changes modules in place: compare what callers see with what the live schema has."""
    name = unit.statement.name
    if name is None:
        return
    known = context.live.modules.get(name.key) if context.live is not None else None
    old = of_text(known.name, known.definition) if known is not None and known.definition else None
    new = of_unit(context.script, unit)
    if old is None or new is None:
        noticed = (
            "its text in the live schema cannot be read, so its callers may notice the change"
            if context.live is not None
            else "without the live schema it cannot be compared with what callers see now"
        )
    else:
        noticed = difference(old, new)
    context.report(
        unit,
        ALTER_MODULE,
        f"changes {kind.lower()} {full(name)} in place: {noticed or 'callers see the same parameters and columns'}",
        token=name.token,
        severity=ERROR if noticed else WARNING,
        advice=_beside(unit, unit.statement, kind, changed=True),
        breaks=broken(CHANGED, name) if noticed else None,
    )


def _beside(unit: Unit, statement: Statement, kind: str, *, changed: bool) -> Advice:
    name = statement.name
    if name is None or unit.dynamic or kind == "TRIGGER" or "after_name" not in statement.options:
        return in_contract(unit, "Leave the old one, and give the new one another name; replace it in contract.")
    after = int(statement.options["after_name"])
    if statement.first or unit.tokens[-1].end - after > _LONGEST:
        return Advice(f"Leave {full(name)} as it is, and give the new code a name of its own.")
    rest = unit.text[after : unit.tokens[-1].end]
    new = f"{plain(name.schema or 'dbo')}.{plain(next_version(name.base))}"
    text = f"Leave {full(name)} to the running version; the next one calls {new}."
    if not changed:
        text += " Where the name is a new one, CREATE says so, and fails if it is not."
    return Advice(text, (("expand", f"CREATE {kind} {new}{rest}\n"),))


@FAMILY.on(*[f"CREATE {kind}" for kind in _KINDS], "CREATE SYNONYM", "CREATE TYPE", "CREATE SEQUENCE")
def recreate(context: Context, unit: Unit) -> None:
    statement = unit.statement
    name = statement.name
    kind = statement.kind[7:]
    if name is None or name.key not in context.own.dropped.get(kind, set()):
        return
    rule = {"SYNONYM": SYNONYM_RETARGET, "TYPE": TABLE_TYPE}.get(kind, RECREATE_MODULE)
    if kind == "TYPE" and "table" not in statement.flags:
        rule = RECREATE_MODULE
    context.report(
        unit,
        rule,
        f"recreates {kind.lower()} {full(name)}, which this release drops",
        token=name.token,
        advice=Advice(
            f"Make {plain(name.schema or 'dbo')}.{plain(next_version(name.base))} beside it, and drop the old one in "
            "contract."
        ),
    )


@FAMILY.on(
    "CREATE VIEW", "CREATE OR ALTER VIEW", "ALTER VIEW", "CREATE FUNCTION", "CREATE OR ALTER FUNCTION", "ALTER FUNCTION"
)
def view_star(context: Context, unit: Unit) -> None:
    statement = unit.statement
    view = statement.kind.endswith("VIEW")
    if not view and "inline" not in statement.flags:
        return
    name, live = statement.name, context.live
    created = statement.kind in ("CREATE VIEW", "CREATE FUNCTION")
    new = created or (live is not None and name is not None and not live.exists(name.key))
    for one in context.script.body(unit):
        if not any(action.kind == "STAR" for action in one.statement.actions):
            continue
        for star in read_query(one.words()).moving:
            context.report(
                one,
                VIEW_STAR,
                f"SELECT * in {'view' if view else 'function'} {full(statement.name)}",
                token=star,
                advice=Advice("List the columns by name."),
                severity=WARNING if new else ERROR,
            )


@FAMILY.on(*[f"{verb} {kind}" for verb in ("CREATE", *_VERBS) for kind in ("VIEW", "FUNCTION")])
def schemabinding(context: Context, unit: Unit) -> None:
    if "schemabinding" not in unit.statement.flags:
        return
    for one in context.script.body(unit):
        for source in one.statement.sources:
            if not context.own.table(source, one, LIKELY) and not context.own.module(source, one):
                context.report(
                    unit,
                    SCHEMABINDING,
                    f"{full(unit.statement.name)} is bound to {full(source)}, which older releases share",
                    advice=Advice("Leave SCHEMABINDING out, unless the view is to be indexed."),
                )
                return


@FAMILY.on("ALTER SEQUENCE")
def sequence(context: Context, unit: Unit) -> None:
    name = unit.statement.name
    if not context.own.module(name, unit):
        new = f"{plain(name.schema or 'dbo')}.{plain(next_version(name.base))}" if name else "?"
        context.report(
            unit,
            SEQUENCE_RESEED,
            f"changes sequence {full(name)}",
            advice=Advice(
                "A new sequence beside it.", (("expand", f"CREATE SEQUENCE {new} AS bigint START WITH 1;\n"),)
            ),
        )


@FAMILY.on("DBCC")
def reseed(context: Context, unit: Unit) -> None:
    statement = unit.statement
    word = statement.words[0] if statement.words else ""
    if word == "CHECKIDENT":
        values = [argument.token.key or argument.token.text for argument in statement.args]
        if "NORESEED" not in values:
            context.report(
                unit,
                SEQUENCE_RESEED,
                "reseeds an identity (DBCC CHECKIDENT)",
                advice=Advice("DBCC CHECKIDENT (..., NORESEED) only reads."),
            )
    elif word in (
        "SHRINKFILE",
        "SHRINKDATABASE",
        "TRACEON",
        "TRACEOFF",
        "FREEPROCCACHE",
        "DROPCLEANBUFFERS",
        "FREESYSTEMCACHE",
        "FREESESSIONCACHE",
    ):
        context.report(unit, DATABASE, f"DBCC {word} reaches the whole server")
    elif word not in (
        "SHOW_STATISTICS",
        "OPENTRAN",
        "USEROPTIONS",
        "INPUTBUFFER",
        "SQLPERF",
        "SHOWCONTIG",
        "CHECKCONSTRAINTS",
        "HELP",
        "TRACESTATUS",
    ):
        context.report(unit, UNKNOWN, f"DBCC {word} is not known to the linter")


@FAMILY.on("ALTER TABLE")
def bound(context: Context, unit: Unit) -> None:
    facts = context.table_facts(unit.statement.name)
    if facts is None or not facts.bound:
        return
    if any(action.kind in ("DROP COLUMN", "ALTER COLUMN") for action in unit.statement.actions):
        context.report(
            unit,
            SCHEMABINDING,
            f"{full(unit.statement.name)} has modules bound to its columns: {', '.join(sorted(facts.bound)[:5])}",
            advice=Advice("The statement fails where it touches a bound column: replace those modules first."),
        )
