# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PostgreSQL's errors with the numbers and texts of SQL Server."""

from __future__ import annotations

import re
from typing import Any

from .backend import BackendError
from .catalog import lookup
from .catalog.catalog import ObjectInfo
from .errors import LAB_REFUSAL, SqlError, refusal

_QUOTED = re.compile(r'"([^"]*)"')
_DETAIL_KEY = re.compile(r"\((.*)\)=\((.*)\)")


def to_sql_error(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    state = error.sqlstate
    if state == "MS001":  # raised by a function of the lab, with SQL Server's number
        return SqlError(int(error.detail), error.message)
    handler = _HANDLERS.get(state)
    if handler is not None:
        return handler(error, session, verb, info, spelling, text)
    if state in _SIMPLE:
        number, message = _SIMPLE[state]
        return SqlError(number, message)
    shown = refusal(f"PostgreSQL answers {state} {error.message}", text)
    return SqlError(LAB_REFUSAL, shown.text)


_SIMPLE = {
    "22012": (8134, "Divide by zero error encountered."),
    "55P03": (1222, "Lock request time out period exceeded."),
    "40P01": (
        1205,
        "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. "
        "Rerun the transaction.",
    ),
    "40001": (
        1205,
        "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. "
        "Rerun the transaction.",
    ),
    "21000": (
        512,
        "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= "
        "or when "
        "the subquery is used as an expression.",
    ),
    "42P19": (252, "Recursive common table expression does not contain a top-level UNION ALL operator."),
    "54001": (8621, "The query processor ran out of stack space during query optimization."),
    "22008": (517, "Adding a value to a 'datetime2' column caused an overflow."),
    "53100": (1105, "Could not allocate space for an object because the filegroup is full."),
    "2200H": (11728, "The sequence object has reached its minimum or maximum value."),
}


def _label(info: ObjectInfo | None, error: BackendError) -> str:
    if info is not None:
        return info.label
    schema = error.schema.rpartition(".")[2] or "dbo"
    return f"{schema}.{error.table}" if error.table else "?"


def _unique(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = _DETAIL_KEY.search(error.detail)
    values = f"({match[2]})" if match else "()"
    if error.schema == "pg_catalog" or error.table.startswith("pg_"):
        return SqlError(2714, "There is already an object named like this in the database.")
    if verb in ("CREATE", "ALTER"):
        return SqlError(
            1505,
            f"The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name "
            f"'{_label(info, error)}' and the index name '{lookup.constraint_name(session, error.constraint)[0]}'. "
            f"The duplicate "
            f"key value is {values}.",
        )
    name, kind = lookup.constraint_name(session, error.constraint)
    label = lookup.table_label(session, error.schema, error.table) or _label(info, error)
    if kind in ("PK", "UQ"):
        what = "PRIMARY KEY" if kind == "PK" else "UNIQUE KEY"
        return SqlError(
            2627,
            f"Violation of {what} constraint '{name}'. Cannot insert duplicate key in object '{label}'. "
            f"The duplicate key value is {values}.",
            14,
        )
    return SqlError(
        2601,
        f"Cannot insert duplicate key row in object '{label}' with unique index '{name}'. "
        f"The duplicate key value is {values}.",
        14,
    )


def _not_null(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    label = lookup.table_label(session, error.schema, error.table) or _label(info, error)
    column = lookup.column_label(session, error.schema, error.table, error.column)
    action = {"INSERT": "INSERT", "MERGE": "MERGE"}.get(verb, "UPDATE")
    return SqlError(
        515,
        f"Cannot insert the value NULL into column '{column}', table '{session.db_name}.{label}'; column does not "
        f"allow nulls. {action} fails.",
    )


def _foreign(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    name, _unused = lookup.constraint_name(session, error.constraint)
    label = lookup.table_label(session, error.schema, error.table) or _label(info, error)
    if "still referenced" in error.detail or verb == "DELETE":
        return SqlError(
            547,
            f'The {verb} statement conflicted with the REFERENCE constraint "{name}". The conflict occurred in '
            f'database "{session.db_name}", table "{label}".',
        )
    verb = "ALTER TABLE" if verb == "ALTER" else verb
    return SqlError(
        547,
        f'The {verb} statement conflicted with the FOREIGN KEY constraint "{name}". The conflict occurred in '
        f'database "{session.db_name}", table "{label}".',
    )


def _check(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    if error.constraint.endswith("_check") and "tinyint" in str(info.columns if info else ""):
        return SqlError(220, "Arithmetic overflow error for data type tinyint.")
    if error.constraint.startswith("lab_units_"):
        return _too_long(error, session, verb, info, spelling, text)
    name, _unused = lookup.constraint_name(session, error.constraint)
    label = lookup.table_label(session, error.schema, error.table) or _label(info, error)
    verb = "ALTER TABLE" if verb == "ALTER" else verb
    return SqlError(
        547,
        f'The {verb} statement conflicted with the CHECK constraint "{name}". The conflict occurred in database '
        f'"{session.db_name}", table "{label}".',
    )


def _column(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = re.search(r'column "?(.*?)"? (?:of relation .* )?does not exist', error.message)
    name = match[1] if match else error.message
    name = name.replace('"', "").rpartition(".")[2]
    return SqlError(207, f"Invalid column name '{spelling.get(name.lower(), name)}'.")


def _ambiguous(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = _QUOTED.search(error.message)
    name = match[1] if match else "?"
    return SqlError(209, f"Ambiguous column name '{spelling.get(name, name)}'.")


def _conversion(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = re.search(r'type (\w[\w ]*): "(.*)"', error.message)
    kind, value = (match[1], match[2]) if match else ("int", "?")
    if kind.startswith(("timestamp", "date", "time")):
        return SqlError(241, "Conversion failed when converting date and/or time from character string.")
    if kind in ("numeric", "double precision", "real"):
        return SqlError(8114, f"Error converting data type nvarchar to {'float' if kind != 'numeric' else kind}.")
    if kind == "uuid":
        return SqlError(8169, "Conversion failed when converting from a character string to uniqueidentifier.")
    name = {"integer": "int", "bigint": "int", "smallint": "smallint"}.get(kind, kind)
    return SqlError(245, f"Conversion failed when converting the nvarchar value '{value}' to data type {name}.")


def _date(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    return SqlError(241, "Conversion failed when converting date and/or time from character string.")


def _too_long(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    label = f"{session.db_name}.{info.label}" if info is not None else "?"
    return SqlError(2628, f"String or binary data would be truncated in table '{label}'.")


def _table(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = _QUOTED.search(error.message)
    name = match[1] if match else "?"
    if "FROM-clause" in error.message:
        return SqlError(4104, f'The multi-part identifier "{spelling.get(name, name)}" could not be bound.')
    return SqlError(208, f"Invalid object name '{spelling.get(name.rpartition('.')[2], name)}'.")


def _grouping(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = re.search(r'column "(.*?)"', error.message)
    name = match[1] if match else "?"
    return SqlError(
        8120,
        f"Column '{name}' is invalid in the select list because it is not contained in either an aggregate "
        "function or the GROUP BY clause.",
    )


def _overflow(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    """PostgreSQL says which type is out of range at the beginning of its message."""
    word = error.message.split(" ", 1)[0]
    name = {"bigint": "bigint", "smallint": "smallint", "numeric": "numeric", "value": "float", '"': "float"}.get(word)
    return SqlError(8115, f"Arithmetic overflow error converting expression to data type {name or 'int'}.")


def _exists(
    error: BackendError, session: Any, verb: str, info: ObjectInfo | None, spelling: dict[str, str], text: str
) -> SqlError:
    match = _QUOTED.search(error.message)
    return SqlError(2714, f"There is already an object named '{match[1] if match else '?'}' in the database.")


_HANDLERS = {
    "22003": _overflow,
    "23505": _unique,
    "23502": _not_null,
    "23503": _foreign,
    "23514": _check,
    "42703": _column,
    "42702": _ambiguous,
    "22P02": _conversion,
    "22007": _date,
    "22001": _too_long,
    "42P01": _table,
    "42803": _grouping,
    "42P07": _exists,
}
