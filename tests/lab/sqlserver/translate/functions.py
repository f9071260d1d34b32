# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of T-SQL: those that PostgreSQL computes, and those whose answer the session knows."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import refusal
from ..parser import nodes as n
from ..wire import types
from ..wire.types import SqlType
from .expressions import ExpressionTranslator as T
from .expressions import Typed, common_type
from .names import INTEGERS, pg_type, quote

Handler = Callable[[T, n.Call], Typed]
FUNCTIONS: dict[str, Handler] = {}
V = types.NVARCHAR_4000


def _function(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            FUNCTIONS[name] = handler
        return handler

    return register


def _text_call(target: str, result: SqlType | None = V) -> Handler:
    """All arguments are texts."""
    return lambda t, e: (f"{target}({', '.join(t.text(a) for a in e.args)})", result)


def _plain_call(target: str, result: SqlType | None) -> Handler:
    return lambda t, e: (f"{target}({', '.join(t.sql(a) for a in e.args)})", result)


def _same(target: str) -> Handler:
    """The result has the type of the first argument."""

    def handler(t: T, e: n.Call) -> Typed:
        sql, kind = t.x(e.args[0])
        rest = "".join(", " + t.sql(a) for a in e.args[1:])
        return f"{target}({sql}{rest})", kind

    return handler


for _name, _target in {"upper": "upper", "lower": "lower", "reverse": "reverse", "soundex": "soundex"}.items():
    FUNCTIONS[_name] = _text_call(_target)
FUNCTIONS["len"] = _text_call("lab.len", types.INT)
FUNCTIONS["ltrim"] = _text_call("ltrim")
FUNCTIONS["rtrim"] = _text_call("rtrim")
FUNCTIONS["trim"] = _text_call("btrim")
FUNCTIONS["replace"] = _text_call("lab.replace")
FUNCTIONS["quotename"] = _text_call("lab.quotename", SqlType("nvarchar", 258))
FUNCTIONS["json_value"] = _text_call("lab.json_value")
FUNCTIONS["json_query"] = _text_call("lab.json_query", types.NVARCHAR_MAX)
FUNCTIONS["isjson"] = _text_call("lab.isjson", types.INT)
FUNCTIONS["ascii"] = _text_call("ascii", types.INT)
FUNCTIONS["unicode"] = _text_call("ascii", types.INT)
for _name in ("abs", "ceiling", "floor", "sign"):
    FUNCTIONS[_name] = _same({"ceiling": "ceil"}.get(_name, _name))
for _name in ("sqrt", "exp", "sin", "cos", "tan", "pi"):
    FUNCTIONS[_name] = _plain_call(_name, types.FLOAT)
for _name in ("row_number", "rank", "dense_rank"):
    FUNCTIONS[_name] = _plain_call(_name, types.BIGINT)
for _name in ("max", "min", "lag", "lead", "first_value", "last_value"):
    FUNCTIONS[_name] = _same(_name)


def _utc(precision: int) -> str:
    return f"(statement_timestamp() AT TIME ZONE 'UTC')::timestamp({precision})"


for _name in ("getdate", "getutcdate", "current_timestamp"):
    FUNCTIONS[_name] = lambda t, e: (_utc(3), types.DATETIME)
for _name in ("sysdatetime", "sysutcdatetime"):
    FUNCTIONS[_name] = lambda t, e: (_utc(6), types.DATETIME2)
FUNCTIONS["sysdatetimeoffset"] = lambda t, e: ("statement_timestamp()", types.DATETIMEOFFSET)
FUNCTIONS["newid"] = FUNCTIONS["newsequentialid"] = lambda t, e: ("gen_random_uuid()", types.GUID)
FUNCTIONS["rand"] = lambda t, e: ("random()", types.FLOAT)


@_function("count", "count_big")
def _count(t: T, e: n.Call) -> Typed:
    big = e.name[-1].lower() == "count_big"
    inner = (
        "*"
        if not e.args or isinstance(e.args[0], n.Star)
        else ("DISTINCT " if e.distinct else "")
        + (t.text(e.args[0]) if isinstance(e.args[0], n.Literal) else t.sql(e.args[0]))
    )
    if e.over is not None:
        sql = f"count({inner}){t._over(e.over)}"
        return (sql, types.BIGINT) if big else (f"({sql})::int4", types.INT)
    return (f"count({inner})", types.BIGINT) if big else (f"count({inner})::int4", types.INT)


@_function("sum", "avg")
def _sum(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    name = e.name[-1].lower()
    if kind is not None and kind.name in ("tinyint", "smallint", "bit"):
        sql = f"({sql})::int4"
    if kind is not None and kind.name == "real":
        sql = f"({sql})::float8"
    result = None
    if kind is not None and kind.name in INTEGERS:
        result = types.BIGINT if kind.name == "bigint" else types.INT
    elif kind is not None and name == "sum" and kind.name in ("decimal", "numeric"):
        result = SqlType("decimal", 0, 38, kind.scale)
    elif kind is not None and kind.name in ("float", "real"):
        result = types.FLOAT
    return f"lab.{name}({'DISTINCT ' if e.distinct else ''}{sql})", result


@_function("string_agg")
def _string_agg(t: T, e: n.Call) -> Typed:
    order = f" ORDER BY {t.order(e.within)}" if e.within else ""
    return f"string_agg({t.text(e.args[0])}, {t.text(e.args[1])}{order})", types.NVARCHAR_MAX


@_function("isnull")
def _isnull(t: T, e: n.Call) -> Typed:
    first, kind = t.x(e.args[0])
    second, other = t.x(e.args[1])
    if kind is not None and kind.is_string:
        first = f"({first})::text" if isinstance(e.args[0], n.Variable) else first
        return f"COALESCE({first}, {t._to_string(second, other, 'text')})", kind
    return f"COALESCE({first}, {second})", kind or other


@_function("coalesce")
def _coalesce(t: T, e: n.Call) -> Typed:
    pairs = [t.x(a) for a in e.args]
    kind = common_type([k for _unused, k in pairs if k is not None])
    if kind is not None and kind.is_string:
        return f"COALESCE({', '.join(t._to_string(sql, k, 'text') for sql, k in pairs)})", kind
    return f"COALESCE({', '.join(sql for sql, _unused in pairs)})", kind


@_function("nullif")
def _nullif(t: T, e: n.Call) -> Typed:
    condition = t._compare("=", e.args[0], e.args[1])
    sql, kind = t.x(e.args[0])
    return f"CASE WHEN {condition} THEN NULL ELSE {sql} END", kind


@_function("iif")
def _iif(t: T, e: n.Call) -> Typed:
    return t.x(n.Case(None, [(e.args[0], e.args[1])], e.args[2]))


@_function("choose")
def _choose(t: T, e: n.Call) -> Typed:
    whens: list[tuple[n.Expr, n.Expr]] = [(n.Literal("int", i), a) for i, a in enumerate(e.args[1:], 1)]
    return t.x(n.Case(e.args[0], whens, None))


@_function("concat")
def _concat(t: T, e: n.Call) -> Typed:
    return f"concat({', '.join(t.text(a) for a in e.args)})", V


@_function("concat_ws")
def _concat_ws(t: T, e: n.Call) -> Typed:
    return f"concat_ws({', '.join(t.text(a) for a in e.args)})", V


@_function("left", "right")
def _left(t: T, e: n.Call) -> Typed:
    return f"{e.name[-1].lower()}({t.text(e.args[0])}, ({t.sql(e.args[1])})::int4)", V


@_function("substring")
def _substring(t: T, e: n.Call) -> Typed:
    return f"lab.substring({t.text(e.args[0])}, ({t.sql(e.args[1])})::int4, ({t.sql(e.args[2])})::int4)", V


@_function("charindex")
def _charindex(t: T, e: n.Call) -> Typed:
    start = f", ({t.sql(e.args[2])})::int4" if len(e.args) > 2 else ""
    return f"lab.charindex({t.text(e.args[0])}, {t.text(e.args[1])}{start})", types.INT


@_function("stuff")
def _stuff(t: T, e: n.Call) -> Typed:
    return (
        f"lab.stuff({t.text(e.args[0])}, ({t.sql(e.args[1])})::int4, ({t.sql(e.args[2])})::int4, {t.text(e.args[3])})",
        V,
    )


@_function("replicate")
def _replicate(t: T, e: n.Call) -> Typed:
    return f"repeat({t.text(e.args[0])}, ({t.sql(e.args[1])})::int4)", types.NVARCHAR_MAX


@_function("space")
def _space(t: T, e: n.Call) -> Typed:
    return f"repeat(' ', ({t.sql(e.args[0])})::int4)", V


@_function("char", "nchar")
def _char(t: T, e: n.Call) -> Typed:
    return f"chr(({t.sql(e.args[0])})::int4)", SqlType("nvarchar", 1)


@_function("str")
def _str(t: T, e: n.Call) -> Typed:
    width = t.sql(e.args[1]) if len(e.args) > 1 else "10"
    scale = t.sql(e.args[2]) if len(e.args) > 2 else "0"
    return f"lpad(round(({t.sql(e.args[0])})::numeric, {scale})::text, {width})", V


@_function("datalength")
def _datalength(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    if kind is not None and kind.is_string:
        return f"length({t.as_text(e.args[0], sql, kind)}) * {2 if kind.is_unicode else 1}", types.INT
    if kind is not None and kind.name in ("varbinary", "binary"):
        return f"length({sql})", types.INT
    return f"CASE WHEN ({sql}) IS NULL THEN NULL ELSE {kind.max_length if kind else 8} END", types.INT


@_function("round")
def _round(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    places = t.sql(e.args[1])
    whole = f"trunc(({sql})::numeric, {places})" if len(e.args) > 2 else f"round(({sql})::numeric, {places})"
    if kind is not None and kind.name in INTEGERS:
        return f"({whole})::int8", kind
    return whole, kind if kind is not None and kind.name in ("decimal", "numeric") else None


@_function("power")
def _power(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    if kind is not None and kind.name in INTEGERS:
        return f"lab.to_whole(power({sql}, {t.sql(e.args[1])}))::int4", types.INT
    return f"power({sql}, {t.sql(e.args[1])})", types.FLOAT


def _part(e: n.Call) -> str:
    first = e.args[0]
    assert isinstance(first, n.Literal)
    return quote(str(first.value))


def _stamp(t: T, e: n.Expr) -> str:
    return _as_stamp(*t.x(e))


def _as_stamp(sql: str, kind: SqlType | None) -> str:
    if kind is not None and kind.is_string:
        return f"({sql})::text::timestamp"
    if kind is not None and kind.name == "time":
        return f"(timestamp '1900-01-01' + ({sql}))"
    if kind is not None and kind.name in INTEGERS:
        return f"(timestamp '1900-01-01' + ({sql}) * interval '1 day')"
    return f"({sql})::timestamp"


@_function("dateadd")
def _dateadd(t: T, e: n.Call) -> Typed:
    count = t.sql(e.args[1])
    sql, kind = t.x(e.args[2])
    result = (
        kind if kind is not None and kind.name in ("datetime", "datetime2", "date", "smalldatetime") else types.DATETIME
    )
    return f"lab.dateadd({_part(e)}, ({count})::int8, {_as_stamp(sql, kind)})::{pg_type(result)}", result


@_function("datediff", "datediff_big")
def _datediff(t: T, e: n.Call) -> Typed:
    big = e.name[-1].lower() == "datediff_big"
    sql = f"lab.datediff({_part(e)}, {_stamp(t, e.args[1])}, {_stamp(t, e.args[2])})"
    return (sql, types.BIGINT) if big else (f"({sql})::int4", types.INT)


@_function("datepart")
def _datepart(t: T, e: n.Call) -> Typed:
    return f"lab.datepart({_part(e)}, {_stamp(t, e.args[1])})", types.INT


@_function("datename")
def _datename(t: T, e: n.Call) -> Typed:
    part = str(e.args[0].value)  # type: ignore[attr-defined]
    form = {"month": "FMMonth", "mm": "FMMonth", "m": "FMMonth", "weekday": "FMDay", "dw": "FMDay"}.get(part)
    if form:
        return f"to_char({_stamp(t, e.args[1])}, '{form}')", V
    return f"lab.datepart({_part(e)}, {_stamp(t, e.args[1])})::text", V


@_function("year", "month", "day")
def _year(t: T, e: n.Call) -> Typed:
    return f"lab.datepart('{e.name[-1].lower()}', {_stamp(t, e.args[0])})", types.INT


@_function("datefromparts")
def _datefromparts(t: T, e: n.Call) -> Typed:
    return f"make_date({', '.join(t.sql(a) for a in e.args)})", types.DATE


@_function("eomonth")
def _eomonth(t: T, e: n.Call) -> Typed:
    return f"(date_trunc('month', {_stamp(t, e.args[0])}) + interval '1 month - 1 day')::date", types.DATE


@_function("hashbytes")
def _hashbytes(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[1])
    if kind is not None and kind.is_string:
        sql = f"({sql})::text"
        sql = f"lab.utf16({sql})" if kind.is_unicode else f"convert_to({sql}, 'WIN1252')"
    elif kind is None:
        raise refusal("HASHBYTES of a value whose type is not known")
    return f"lab.hashbytes({t.text(e.args[0])}, {sql})", SqlType("varbinary", 8000)


@_function("format")
def _format(t: T, e: n.Call) -> Typed:
    raise refusal("the function FORMAT")


@_function("grouping")
def _grouping(t: T, e: n.Call) -> Typed:
    return f"grouping({t.sql(e.args[0])})", types.INT


# ---- names


def _db(t: T) -> str:
    return quote(t.scope.db)


@_function("object_id")
def _object_id(t: T, e: n.Call) -> Typed:
    if not t.definition and all(isinstance(a, (n.Literal, n.Variable)) for a in e.args):
        return t.param(("call", "object_id", e.args), "int4"), types.INT
    return f"lab.object_id({_db(t)}, {', '.join(t.text(a) for a in e.args)})", types.INT


@_function("object_name")
def _object_name(t: T, e: n.Call) -> Typed:
    return f"lab.object_name(({t.sql(e.args[0])})::int4)", types.SYSNAME


@_function("object_schema_name")
def _object_schema_name(t: T, e: n.Call) -> Typed:
    return f"lab.object_schema_name(({t.sql(e.args[0])})::int4)", types.SYSNAME


@_function("object_definition")
def _object_definition(t: T, e: n.Call) -> Typed:
    return f"lab.object_definition(({t.sql(e.args[0])})::int4)", types.NVARCHAR_MAX


@_function("schema_name")
def _schema_name(t: T, e: n.Call) -> Typed:
    if not e.args:
        return "'dbo'::text", types.SYSNAME
    return f"lab.schema_name({_db(t)}, ({t.sql(e.args[0])})::int4)", types.SYSNAME


@_function("schema_id")
def _schema_id(t: T, e: n.Call) -> Typed:
    return f"lab.schema_id({_db(t)}, {t.text(e.args[0]) if e.args else quote('dbo')})", types.INT


@_function("type_name")
def _type_name(t: T, e: n.Call) -> Typed:
    return f"lab.type_name(({t.sql(e.args[0])})::int4)", types.SYSNAME


@_function("col_length")
def _col_length(t: T, e: n.Call) -> Typed:
    return f"lab.col_length({_db(t)}, {t.text(e.args[0])}, {t.text(e.args[1])})", types.SMALLINT


@_function("columnproperty")
def _columnproperty(t: T, e: n.Call) -> Typed:
    return f"lab.columnproperty(({t.sql(e.args[0])})::int4, {t.text(e.args[1])}, {t.text(e.args[2])})", types.INT


@_function("objectproperty", "objectpropertyex")
def _objectproperty(t: T, e: n.Call) -> Typed:
    return f"lab.objectproperty(({t.sql(e.args[0])})::int4, {t.text(e.args[1])})", types.INT


@_function("col_name")
def _col_name(t: T, e: n.Call) -> Typed:
    return (
        f"(SELECT c.name FROM lab.columns c WHERE c.object_id = {t.sql(e.args[0])} AND c.column_id = "
        f"{t.sql(e.args[1])})",
        types.SYSNAME,
    )


# Answered by the session (procs/functions.py); arguments must not be columns.
SESSION_FUNCTIONS: dict[str, SqlType] = {
    "db_name": types.SYSNAME,
    "db_id": types.INT,
    "suser_sname": types.SYSNAME,
    "suser_name": types.SYSNAME,
    "suser_id": types.INT,
    "original_login": types.SYSNAME,
    "system_user": types.SYSNAME,
    "current_user": types.SYSNAME,
    "session_user": types.SYSNAME,
    "user": types.SYSNAME,
    "user_name": types.SYSNAME,
    "user_id": types.INT,
    "database_principal_id": types.INT,
    "host_name": types.SYSNAME,
    "host_id": types.SYSNAME,
    "app_name": types.SYSNAME,
    "program_name": types.SYSNAME,
    "scope_identity": SqlType("numeric", 0, 38, 0),
    "ident_current": SqlType("numeric", 0, 38, 0),
    "error_number": types.INT,
    "error_message": V,
    "error_severity": types.INT,
    "error_state": types.INT,
    "error_line": types.INT,
    "error_procedure": types.SYSNAME,
    "xact_state": types.SMALLINT,
    "current_transaction_id": types.BIGINT,
    "serverproperty": V,
    "databasepropertyex": V,
    "has_perms_by_name": types.INT,
    "has_dbaccess": types.INT,
    "is_member": types.INT,
    "is_rolemember": types.INT,
    "is_srvrolemember": types.INT,
    "type_id": types.INT,
    "applock_test": types.SMALLINT,
    "applock_mode": SqlType("nvarchar", 32),
    "session_context": V,
    "sessionproperty": types.INT,
    "connectionproperty": V,
    "trigger_nestlevel": types.INT,
    "rowcount_big": types.BIGINT,
    "update": types.INT,
    "context_info": types.VARBINARY_MAX,
    "isnumeric": types.INT,
    "isdate": types.INT,
    "parsename": types.SYSNAME,
    "indexproperty": types.INT,
    "min_active_rowversion": types.VARBINARY_MAX,
    "getansinull": types.INT,
    "formatmessage": V,
}
