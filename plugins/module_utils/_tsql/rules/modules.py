# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about procedures, views, functions, triggers, types and synonyms."""

from __future__ import annotations

from itertools import islice

from ..analysis import Unit
from ..findings import ERROR, Advice
from ..statements import Statement, plain
from .registry import Context, full, in_contract, next_version, on

_VERBS = ("CREATE OR ALTER", "ALTER")
_LONGEST = 100_000
_AGGREGATES = frozenset({"COUNT", "COUNT_BIG", "SUM", "AVG", "MIN", "MAX", "STRING_AGG"})
_KINDS = ("PROCEDURE", "VIEW", "FUNCTION", "TRIGGER")


@on(*[f"{verb} {kind}" for verb in _VERBS for kind in _KINDS])
def alter_module(context: Context, unit: Unit) -> None:
    statement = unit.statement
    name = statement.name
    verb, _space, kind = statement.kind.rpartition(" ")
    if name is None or name.temporary or context.new_module(name, unit):
        return
    if context.live is not None and not context.live.exists(name.key):
        return
    certainly = verb == "ALTER" or (context.live is not None and context.live.exists(name.key))
    context.report(
        unit,
        "alter-module",
        f"changes {kind.lower()} {full(name)} in place"
        if certainly
        else f"CREATE OR ALTER changes {kind.lower()} {full(name)}, where it exists",
        token=name.token,
        advice=_beside(unit, statement, kind, changed=certainly),
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


@on(*[f"CREATE {kind}" for kind in _KINDS], "CREATE SYNONYM", "CREATE TYPE", "CREATE SEQUENCE")
def recreate(context: Context, unit: Unit) -> None:
    statement = unit.statement
    name = statement.name
    kind = statement.kind[7:]
    if name is None or name.key not in context.objects.dropped.get(kind, set()):
        return
    rule = {"SYNONYM": "synonym-retarget", "TYPE": "table-type"}.get(kind, "recreate-module")
    if kind == "TYPE" and "table" not in statement.flags:
        rule = "recreate-module"
    context.report(
        unit,
        rule,
        f"makes {kind.lower()} {full(name)} anew, which this release drops",
        token=name.token,
        advice=Advice(
            f"Make {plain(name.schema or 'dbo')}.{plain(next_version(name.base))} beside it, and drop the old one in contract."
        ),
    )


@on("CREATE TRIGGER", "CREATE OR ALTER TRIGGER")
def trigger_add(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if "database" in statement.flags or "server" in statement.flags:
        context.report(
            unit,
            "database",
            "a trigger on the database or the server",
            advice=Advice("Have an administrator set it up."),
        )
        return
    table = statement.names[1] if len(statement.names) > 1 else None
    if context.new_table(table, unit, 1) or (table is not None and context.new_module(table, unit)):
        return
    context.report(
        unit,
        "trigger-add",
        f"puts trigger {full(statement.name)} on {full(table)}",
        token=table.token if table else None,
        table=table,
        advice=Advice(
            "See that the running version declares HasTrigger for the table (or writes with no OUTPUT clause); then allow it with a waiver that "
            f"says so: -- lint: allow trigger-add <version> declares HasTrigger for {full(table)}"
        ),
    )


def body_of(context: Context, unit: Unit) -> list[Unit]:
    """The statements in the body of the module that this unit makes."""
    found = []
    for one in islice(context.script.units, unit.number + 1, None):
        if one.statement.module is None or one.statement.module.statement is not unit.statement:
            break
        found.append(one)
    return found


@on("CREATE TRIGGER", "CREATE OR ALTER TRIGGER", "ALTER TRIGGER")
def trigger_quality(context: Context, unit: Unit) -> None:
    if {"database", "server"} & unit.statement.flags:
        return
    name = full(unit.statement.name)
    body = body_of(context, unit)
    counts = any(
        one.statement.kind == "SET" and "NOCOUNT" in one.statement.words and one.statement.options.get("value") == "ON"
        for one in body
    )
    if not counts:
        context.report(
            unit,
            "trigger-quality",
            f"trigger {name} has no SET NOCOUNT ON",
            advice=Advice("SET NOCOUNT ON; as the first statement of its body."),
        )
    previous = ""
    for one in body:
        statement = one.statement
        inserted = any(
            source.base.lower() in ("inserted", "deleted") and not source.schema for source in statement.sources
        )
        scalar = (statement.kind == "SELECT" and "assigns" in statement.flags) or (
            statement.kind in ("SET", "DECLARE") and "cursor" not in statement.flags
        )
        if inserted and scalar and not any(token.key in _AGGREGATES for token in one.words()):
            context.report(
                one,
                "trigger-quality",
                f"trigger {name} takes one row of inserted or deleted; a statement may write many",
                advice=Advice("Join inserted and deleted in one INSERT, UPDATE or DELETE."),
                severity=ERROR,
            )
        elif statement.kind == "SELECT" and not {"assigns", "into"} & statement.flags and previous != "DECLARE":
            context.report(
                one,
                "trigger-quality",
                f"trigger {name} returns rows to its caller",
                advice=Advice("Take the SELECT out."),
                severity=ERROR,
            )
        previous = statement.kind if statement.kind == "DECLARE" and "cursor" in statement.flags else ""


@on(
    "CREATE VIEW", "CREATE OR ALTER VIEW", "ALTER VIEW", "CREATE FUNCTION", "CREATE OR ALTER FUNCTION", "ALTER FUNCTION"
)
def view_star(context: Context, unit: Unit) -> None:
    statement = unit.statement
    view = statement.kind.endswith("VIEW")
    if not view and "inline" not in statement.flags:
        return
    for one in body_of(context, unit):
        stars = [action for action in one.statement.actions if action.kind == "STAR"]
        harmless = _in_exists(one) if stars else set()
        for action in stars:
            if action.token.start not in harmless:
                context.report(
                    one,
                    "view-star",
                    f"SELECT * in {'view' if view else 'function'} {full(statement.name)}",
                    token=action.token,
                    advice=Advice("List the columns by name."),
                    severity=ERROR,
                )


def _in_exists(unit: Unit) -> set[int]:
    """Where * stands right inside EXISTS ( ... ), where it means nothing."""
    found: set[int] = set()
    opened: list[bool] = []
    before = ""
    for token in unit.words():
        if token.key == "(":
            opened.append(before == "EXISTS")
        elif token.key == ")" and opened:
            opened.pop()
        elif token.key == "*" and opened and opened[-1]:
            found.add(token.start)
        before = token.key
    return found


@on(*[f"{verb} {kind}" for verb in ("CREATE", *_VERBS) for kind in ("VIEW", "FUNCTION")])
def schemabinding(context: Context, unit: Unit) -> None:
    if "schemabinding" not in unit.statement.flags:
        return
    for one in body_of(context, unit):
        for source in one.statement.sources:
            if not context.new_table(source, one, 1) and not context.new_module(source, one):
                context.report(
                    unit,
                    "schemabinding",
                    f"{full(unit.statement.name)} is bound to {full(source)}, which older releases share",
                    advice=Advice("Leave SCHEMABINDING out, unless the view is to be indexed."),
                )
                return


@on("DISABLE TRIGGER", "ALTER TABLE")
def trigger_off(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.kind == "DISABLE TRIGGER":
        if statement.name is None or not context.new_table(statement.name, unit):
            context.report(
                unit,
                "trigger-off",
                f"switches triggers of {full(statement.name) if statement.name else 'the database'} off",
                advice=Advice("Leave them on; drop a trigger in contract when nothing needs it."),
            )
        return
    for action in statement.actions:
        if action.kind == "DISABLE TRIGGER" and not context.new_table(statement.name, unit):
            context.report(
                unit,
                "trigger-off",
                f"switches trigger {plain(action.name)} of {full(statement.name)} off",
                token=action.token,
                advice=Advice("Leave it on; drop it in contract when nothing needs it."),
            )


@on("ALTER SEQUENCE")
def sequence(context: Context, unit: Unit) -> None:
    name = unit.statement.name
    if not context.new_module(name, unit):
        new = f"{plain(name.schema or 'dbo')}.{plain(next_version(name.base))}" if name else "?"
        context.report(
            unit,
            "sequence-reseed",
            f"changes sequence {full(name)}",
            advice=Advice(
                "A new sequence beside it.", (("expand", f"CREATE SEQUENCE {new} AS bigint START WITH 1;\n"),)
            ),
        )


@on("DBCC")
def reseed(context: Context, unit: Unit) -> None:
    statement = unit.statement
    word = statement.words[0] if statement.words else ""
    if word == "CHECKIDENT":
        values = [argument.token.key or argument.token.text for argument in statement.args]
        if "NORESEED" not in values:
            context.report(
                unit,
                "sequence-reseed",
                "sets an identity anew (DBCC CHECKIDENT)",
                advice=Advice("DBCC CHECKIDENT (..., NORESEED) only looks."),
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
        context.report(unit, "database", f"DBCC {word} reaches the whole server")
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
        context.report(unit, "unknown", f"DBCC {word} is not known to the linter")


_TAKING = {"DENY": "denies rights", "REVOKE": "revokes rights", "DROP USER": "drops a user", "DROP ROLE": "drops a role",
           "DROP LOGIN": "drops a login", "DROP APPLICATION ROLE": "drops an application role",
           "ALTER AUTHORIZATION": "changes an owner"}  # fmt: skip


@on(*_TAKING, "ALTER USER", "ALTER LOGIN", "ALTER ROLE")
def permissions(context: Context, unit: Unit) -> None:
    statement = unit.statement
    if statement.kind in _TAKING:
        context.report(unit, "permissions", _TAKING[statement.kind], advice=in_contract(unit))
    elif statement.kind == "ALTER ROLE" and statement.words != ("ADD",):
        context.report(
            unit,
            "permissions",
            "takes a member out of a role" if statement.words == ("DROP",) else "renames a role",
            advice=in_contract(unit),
        )
    elif statement.kind in ("ALTER USER", "ALTER LOGIN"):
        context.report(
            unit,
            "permissions",
            f"changes {statement.kind[6:].lower()} {plain(statement.name.base) if statement.name else '?'}",
            advice=in_contract(unit),
        )
