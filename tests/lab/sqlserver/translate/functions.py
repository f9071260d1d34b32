# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of T-SQL: those that PostgreSQL computes, and those whose answer the session knows."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import SqlError, refusal
from ..parser import nodes as n
from ..wire import types
from ..wire.types import TEMPORALS, SqlType
from .conversions import convert, shown
from .expressions import ExpressionTranslator as T
from .expressions import Typed, plain
from .names import BINARIES, INTEGERS, NUMBERS, pg_type, quote

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


def _string_call(target: str) -> Handler:
    """All arguments are texts, and the result is one of the first argument's kind."""

    def handler(t: T, e: n.Call) -> Typed:
        sql, kind = t.x(e.args[0])
        rest = "".join(", " + t.text(a) for a in e.args[1:])
        return f"{target}({t.as_text(e.args[0], sql, kind)}{rest})", _varying(kind)

    return handler


def _varying(kind: SqlType | None) -> SqlType:
    """The type of a string function's result: varchar of varchar, nvarchar of nvarchar."""
    if kind is None:
        return V
    if kind.is_string and kind.length == types.MAX:
        return types.NVARCHAR_MAX if kind.is_unicode else VARCHAR_MAX
    return V if kind.is_unicode else types.VARCHAR_8000


def _plain_call(target: str, result: SqlType | None) -> Handler:
    return lambda t, e: (f"{target}({', '.join(t.sql(a) for a in e.args)})", result)


def _float_call(target: str) -> Handler:
    return lambda t, e: (
        f"{target}({', '.join(f'({_number(t, a, types.FLOAT)})::float8' for a in e.args)})",
        types.FLOAT,
    )


def _number(t: T, e: n.Expr, kind: SqlType) -> str:
    """An argument that must be a number: texts are converted."""
    sql, source = t.x(e)
    return t.converted(e, sql, source, kind) if source is not None and source.is_string else sql


def _int(t: T, e: n.Expr) -> str:
    sql, source = t.x(e)
    return t.converted(e, sql, source, types.INT) if source is not None else f"({sql})::int4"


def _same(target: str) -> Handler:
    """The result has the type of the first argument."""

    def handler(t: T, e: n.Call) -> Typed:
        sql, kind = t.x(e.args[0])
        rest = "".join(", " + t.sql(a) for a in e.args[1:])
        return f"{target}({sql}{rest})", kind

    return handler


VARCHAR_MAX = SqlType("varchar", types.MAX)
for _name, _target in {
    "upper": "upper",
    "lower": "lower",
    "reverse": "reverse",
    "ltrim": "ltrim",
    "rtrim": "rtrim",
    "trim": "btrim",
    "replace": "lab.replace",
    "translate": "lab.translate",
}.items():
    FUNCTIONS[_name] = _string_call(_target)
FUNCTIONS["len"] = _text_call("lab.len", types.INT)
FUNCTIONS["patindex"] = _text_call("lab.patindex", types.INT)
FUNCTIONS["quotename"] = _text_call("lab.quotename", SqlType("nvarchar", 258))
FUNCTIONS["json_value"] = _text_call("lab.json_value")
FUNCTIONS["json_query"] = _text_call("lab.json_query", types.NVARCHAR_MAX)
FUNCTIONS["isjson"] = _text_call("lab.isjson", types.INT)
for _name in ("ascii", "unicode"):
    FUNCTIONS[_name] = lambda t, e: (f"nullif(ascii({t.text(e.args[0])}), 0)", types.INT)
for _name, _target in {
    "sqrt": "sqrt",
    "exp": "exp",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "cot": "cot",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "atn2": "atan2",
    "pi": "pi",
    "log10": "log",
}.items():
    FUNCTIONS[_name] = _float_call(_target)
for _name in ("row_number", "rank", "dense_rank"):
    FUNCTIONS[_name] = _plain_call(_name, types.BIGINT)
FUNCTIONS["ntile"] = lambda t, e: (f"ntile({_int(t, e.args[0])})", types.BIGINT)
for _name in ("max", "min", "first_value", "last_value"):
    FUNCTIONS[_name] = _same(_name)


@_function("lag", "lead")
def _lag(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    parts = [sql] + ([_int(t, e.args[1])] if len(e.args) > 1 else [])
    if len(e.args) > 2:
        other, source = t.x(e.args[2])
        parts.append(t.converted(e.args[2], other, source, kind) if kind is not None else other)
    return f"{e.name[-1].lower()}({', '.join(parts)})", kind


@_function("abs", "ceiling", "floor", "sign")
def _of_a_number(t: T, e: n.Call) -> Typed:
    name = e.name[-1].lower()
    sql, kind = t.x(e.args[0])
    if kind is not None and kind.is_string:
        sql, kind = t.converted(e.args[0], sql, kind, types.FLOAT), types.FLOAT
    if kind is not None and kind.name in INTEGERS:
        if name in ("ceiling", "floor"):
            return sql, kind
        return f"({name}({sql}))::{pg_type(kind)}", kind
    if kind is not None and kind.name in ("decimal", "numeric") and name in ("ceiling", "floor"):
        kind = SqlType(kind.name, 0, kind.precision, 0)
    return f"{ {'ceiling': 'ceil'}.get(name, name) }({sql})", kind


@_function("log")
def _log(t: T, e: n.Call) -> Typed:
    value = f"({_number(t, e.args[0], types.FLOAT)})::float8"
    if len(e.args) == 1:
        return f"ln({value})", types.FLOAT
    return f"(ln({value}) / ln(({_number(t, e.args[1], types.FLOAT)})::float8))", types.FLOAT


@_function("square")
def _square(t: T, e: n.Call) -> Typed:
    return f"power(({_number(t, e.args[0], types.FLOAT)})::float8, 2)", types.FLOAT


def _utc(precision: int) -> str:
    return f"(statement_timestamp() AT TIME ZONE 'UTC')::timestamp({precision})"


for _name in ("getdate", "getutcdate", "current_timestamp"):
    FUNCTIONS[_name] = lambda t, e: (f"lab.to_datetime({_utc(3)})", types.DATETIME)
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
    if kind is not None and kind.name not in NUMBERS:
        raise SqlError(8117, f"Operand data type {kind.name} is invalid for {name} operator.")
    return f"lab.{name}({'DISTINCT ' if e.distinct else ''}{sql})", _sum_type(name, kind)


def _sum_type(name: str, kind: SqlType | None) -> SqlType | None:
    if kind is None:
        return None
    if kind.name in INTEGERS:
        return types.BIGINT if kind.name == "bigint" else types.INT
    if kind.name in ("float", "real"):
        return types.FLOAT
    if kind.name in ("money", "smallmoney"):
        return types.build("money")
    return SqlType("decimal", 0, 38, kind.scale if name == "sum" else max(kind.scale, 6))


@_function("string_agg")
def _string_agg(t: T, e: n.Call) -> Typed:
    order = f" ORDER BY {t.order(e.within)}" if e.within else ""
    return f"string_agg({t.text(e.args[0])}, {t.text(e.args[1])}{order})", types.NVARCHAR_MAX


@_function("isnull")
def _isnull(t: T, e: n.Call) -> Typed:
    """The type is the first argument's, and the second is cut to it."""
    first, kind = t.x(e.args[0])
    second, other = t.x(e.args[1])
    if kind is None:
        return f"COALESCE({first}, {second})", other
    if kind.is_string:
        first = plain(e.args[0], first, kind)
    if other is not None:
        second = t.converted(e.args[1], second, other, kind)
    return f"COALESCE({first}, {second})", kind


@_function("coalesce")
def _coalesce(t: T, e: n.Call) -> Typed:
    values, kind = t.unify(e.args)
    if all(value == "NULL" for value in values):
        raise SqlError(
            4127, "At least one of the arguments to COALESCE must be an expression that is not the NULL constant."
        )
    return f"COALESCE({', '.join(values)})", kind


@_function("greatest", "least")
def _greatest(t: T, e: n.Call) -> Typed:
    values, kind = t.unify(e.args)
    return f"{e.name[-1].lower()}({', '.join(values)})", kind


@_function("checksum")
def _checksum(t: T, e: n.Call) -> Typed:
    if any(isinstance(a, n.Star) for a in e.args):
        raise refusal("CHECKSUM (*)")
    return f"lab.checksum({', '.join(t.text(a) for a in e.args)})", types.INT


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


@_function("concat", "concat_ws")
def _concat(t: T, e: n.Call) -> Typed:
    typed = [(a, *t.x(a)) for a in e.args]
    kinds = [kind for _a, _sql, kind in typed if kind is not None]
    name = "nvarchar" if any(kind.is_unicode for kind in kinds) else "varchar"
    most = types.MAX if any(kind.length == types.MAX for kind in kinds) else 4000 if name == "nvarchar" else 8000
    texts = ", ".join("NULL" if sql == "NULL" else t.as_text(a, sql, kind) for a, sql, kind in typed)
    return f"{e.name[-1].lower()}({texts})", SqlType(name, most)


@_function("left", "right")
def _left(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    return f"lab.{e.name[-1].lower()}({t.as_text(e.args[0], sql, kind)}, {_int(t, e.args[1])})", _varying(kind)


@_function("substring")
def _substring(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    if kind is not None and kind.name in BINARIES:
        return f"substring({sql} FROM {_int(t, e.args[1])} FOR {_int(t, e.args[2])})", types.VARBINARY_MAX
    text = t.as_text(e.args[0], sql, kind)
    return f"lab.substring({text}, {_int(t, e.args[1])}, {_int(t, e.args[2])})", _varying(kind)


@_function("charindex")
def _charindex(t: T, e: n.Call) -> Typed:
    start = f", {_int(t, e.args[2])}" if len(e.args) > 2 else ""
    return f"lab.charindex({t.text(e.args[0])}, {t.text(e.args[1])}{start})", types.INT


@_function("stuff")
def _stuff(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    text = t.as_text(e.args[0], sql, kind)
    return f"lab.stuff({text}, {_int(t, e.args[1])}, {_int(t, e.args[2])}, {t.text(e.args[3])})", _varying(kind)


@_function("replicate")
def _replicate(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    result = _varying(kind)
    return f"lab.replicate({t.as_text(e.args[0], sql, kind)}, {_int(t, e.args[1])}, {result.length})", result


@_function("space")
def _space(t: T, e: n.Call) -> Typed:
    return f"lab.replicate(' ', {_int(t, e.args[0])}, 8000)", types.VARCHAR_8000


@_function("char", "nchar")
def _char(t: T, e: n.Call) -> Typed:
    wide = e.name[-1].lower() == "nchar"
    return f"lab.char({_int(t, e.args[0])}, {65535 if wide else 255})", SqlType("nvarchar" if wide else "varchar", 1)


@_function("str")
def _str(t: T, e: n.Call) -> Typed:
    width = _int(t, e.args[1]) if len(e.args) > 1 else "10"
    places = _int(t, e.args[2]) if len(e.args) > 2 else "0"
    return f"lab.str(({_number(t, e.args[0], types.FLOAT)})::float8, {width}, {places})", types.VARCHAR_8000


@_function("datalength")
def _datalength(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    if kind is not None and kind.is_string:
        text = plain(e.args[0], sql, kind)
        return (f"lab.units({text}) * 2" if kind.is_unicode else f"length({text})"), types.INT
    if kind is not None and kind.name in BINARIES:
        return f"length({sql})", types.INT
    return f"CASE WHEN ({sql}) IS NULL THEN NULL ELSE {kind.max_length if kind else 8} END", types.INT


@_function("round")
def _round(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[0])
    if kind is not None and kind.is_string:
        sql, kind = t.converted(e.args[0], sql, kind, types.FLOAT), types.FLOAT
    function = "round"
    if len(e.args) > 2:
        function = f"CASE WHEN {_int(t, e.args[2])} = 0 THEN round({{0}}) ELSE trunc({{0}}) END"
    inner = f"({sql})::numeric, {_int(t, e.args[1])}"
    value = function.format(inner) if len(e.args) > 2 else f"round({inner})"
    return (f"({value})::{pg_type(kind)}", kind) if kind is not None else (value, None)


@_function("power")
def _power(t: T, e: n.Call) -> Typed:
    """The result has the type of the first argument: POWER(2, -1) is 0."""
    sql, kind = t.x(e.args[0])
    exponent = f"({_number(t, e.args[1], types.FLOAT)})::float8"
    if kind is not None and (kind.name in INTEGERS or kind.name in ("decimal", "numeric", "money", "smallmoney")):
        result = types.BIGINT if kind.name == "bigint" else types.INT if kind.name in INTEGERS else kind
        if result.name in ("decimal", "numeric"):
            result = SqlType(result.name, 0, 38, result.scale)
        power = f"power(({sql})::numeric, ({exponent})::numeric)"
        return convert(power, SqlType("numeric", 0, 38, 10), result), result
    return f"power(({_number(t, e.args[0], types.FLOAT)})::float8, {exponent})", types.FLOAT


def _part(e: n.Call) -> str:
    first = e.args[0]
    assert isinstance(first, n.Literal)
    return quote(str(first.value))


def _stamp(t: T, e: n.Expr) -> str:
    return _as_stamp(e, t, *t.x(e))


def _as_stamp(e: n.Expr, t: T, sql: str, kind: SqlType | None) -> str:
    if kind is None:
        return f"({sql})::timestamp"
    if kind.is_string:
        return f"lab.parse_time({plain(e, sql, kind)}, {quote(shown(kind))}, 'datetime2', 0)"
    if kind.name == "time":
        return f"(timestamp '1900-01-01' + ({sql}))"
    if kind.name in NUMBERS:
        return t.converted(e, sql, kind, types.DATETIME)
    return f"({sql})::timestamp"


@_function("dateadd")
def _dateadd(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[2])
    result = kind if kind is not None and kind.name in TEMPORALS else types.DATETIME
    stamp = t.converted(e.args[2], sql, kind, types.DATETIME) if kind is not None and kind.is_string else None
    stamp = stamp or _as_stamp(e.args[2], t, sql, kind)
    moved = f"lab.dateadd({_part(e)}, {_int(t, e.args[1])}, {stamp}, {quote(result.name)})"
    return f"({moved})::{pg_type(result)}", result


@_function("datediff", "datediff_big")
def _datediff(t: T, e: n.Call) -> Typed:
    big = e.name[-1].lower() == "datediff_big"
    sql = f"lab.datediff({_part(e)}, {_stamp(t, e.args[1])}, {_stamp(t, e.args[2])})"
    return (sql, types.BIGINT) if big else (f"lab.diff_int({sql})", types.INT)


@_function("datepart")
def _datepart(t: T, e: n.Call) -> Typed:
    return f"lab.datepart({_part(e)}, {_stamp(t, e.args[1])})", types.INT


@_function("datename")
def _datename(t: T, e: n.Call) -> Typed:
    return f"lab.datename({_part(e)}, {_stamp(t, e.args[1])})", SqlType("nvarchar", 30)


@_function("year", "month", "day")
def _year(t: T, e: n.Call) -> Typed:
    return f"lab.datepart('{e.name[-1].lower()}', {_stamp(t, e.args[0])})", types.INT


def _from_parts(t: T, kind: str, parts: list[str], result: SqlType) -> Typed:
    sql = f"lab.from_parts({quote(kind)}, {', '.join(parts)})"
    return f"({sql})::{pg_type(result)}", result


@_function("datefromparts", "datetimefromparts", "smalldatetimefromparts")
def _datefromparts(t: T, e: n.Call) -> Typed:
    name = e.name[-1].lower().removesuffix("fromparts")
    parts = [_int(t, a) for a in e.args]
    if name == "datetime":
        parts[6] = f"({parts[6]}) * 1000"
    return _from_parts(t, name, (parts + ["0"] * 4)[:7], types.build(name))


@_function("datetime2fromparts", "timefromparts")
def _fractions_from_parts(t: T, e: n.Call) -> Typed:
    """The last two arguments: fractions, and how many digits they have."""
    name = e.name[-1].lower().removesuffix("fromparts")
    scale = e.args[-1]
    if not isinstance(scale, n.Literal) or scale.kind != "int":
        raise refusal(f"{e.name[-1]} with a precision that is not a number")
    parts = [_int(t, a) for a in e.args[:-1]]
    parts[-1] = f"(({parts[-1]}) * power(10, {6 - scale.value}))::int4"
    if name == "time":
        parts = ["1900", "1", "1", *parts]
    return _from_parts(t, name, parts, types.build(name, (scale.value,)))


@_function("eomonth")
def _eomonth(t: T, e: n.Call) -> Typed:
    months = _int(t, e.args[1]) if len(e.args) > 1 else "0"
    first = f"date_trunc('month', {_stamp(t, e.args[0])})"
    return f"({first} + make_interval(months => 1 + {months}) - interval '1 day')::date", types.DATE


@_function("hashbytes")
def _hashbytes(t: T, e: n.Call) -> Typed:
    sql, kind = t.x(e.args[1])
    if kind is not None and kind.is_string:
        sql = plain(e.args[1], sql, kind)
        sql = f"lab.utf16({sql})" if kind.is_unicode else f"convert_to({sql}, 'WIN1252')"
    elif kind is None:
        raise refusal("HASHBYTES of a value whose type is not known")
    return f"lab.hashbytes({t.text(e.args[0])}, {sql})", SqlType("varbinary", 8000)


# Functions that SQL Server has and the lab does not build.
NOT_BUILT = frozenset(
    re.findall(
        r"\S+",
        """
approx_count_distinct approx_percentile_cont approx_percentile_disc asymkey_id asymkeyproperty binary_checksum
bit_count cert_id certencoded certprivatekey certproperty checksum_agg collationproperty columns_updated
compress containstable crypt_gen_random cube cume_dist current_timezone current_timezone_id cursor_status
databaseproperty date_bucket datetrunc decompress decryptbyasymkey decryptbycert decryptbykey
decryptbypassphrase degrees difference encryptbyasymkey encryptbycert encryptbykey encryptbypassphrase
eventdata file_id file_idex file_name filegroup_id filegroup_name filegroupproperty fileproperty format
fulltextcatalogproperty fulltextserviceproperty get_bit get_filestream_transaction_context grouping_id
ident_incr ident_seed index_col indexkey_property is_objectsigned json_array json_modify json_object
json_path_exists key_guid key_id key_name left_shift loginproperty opendatasource openquery openrowset openxml
original_db_name parse pathname percent_rank percentile_cont percentile_disc permissions publishingservername
pwdcompare pwdencrypt radians regexp_like right_shift rollup servererror set_bit signbyasymkey signbycert
soundex sql_variant_property stats_date stdev stdevp string_escape suser_sid switchoffset symkeyproperty
tertiary_weights textptr textvalid todatetimeoffset try_parse typeproperty var varp vector_distance
verifysignedbyasymkey verifysignedbycert
""",
    )
)


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
