# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of T-SQL as PostgreSQL's SQL. Every result is a pair: the SQL and, where it is known, the type."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol

from ..catalog.catalog import ObjectInfo
from ..errors import SqlError, refusal
from ..parser import nodes as n
from ..wire import types
from ..wire.types import TEMPORALS, SqlType
from . import arithmetic, conversions
from .names import BINARIES, INTEGERS, NUMBERS, ident, pg_type, quote, schema_ident

Typed = tuple[str, SqlType | None]
# A parameter of the translated statement: ("var", name), ("global", name) or ("call", function's name, arguments).
Param = tuple[Any, ...]


class Scope(Protocol):
    """What a translation needs to know of the session and of the place where the statement stands."""

    db: str

    def variable_type(self, name: str) -> SqlType: ...

    def table(self, name: n.Name) -> ObjectInfo | str:
        """The table, view or function; or ready SQL for what the server itself provides."""

    def module_query(self, info: ObjectInfo) -> n.Module: ...

    def same_owner(self, one: ObjectInfo, other: ObjectInfo) -> bool: ...


class _Source:
    """A table, query or function in FROM: its columns where they are known."""

    __slots__ = ("columns", "info")

    def __init__(self, info: ObjectInfo | None, columns: dict[str, SqlType | None] | None = None) -> None:
        self.info = info
        self.columns = columns

    def known(self) -> Collection[str] | None:
        """The names of all columns in lower case; None when they are not known here."""
        if self.info is not None and self.info.columns:
            return self.info.by_name.keys()
        # exactly a dict: a subclass finds columns that it does not list
        return self.columns if self.columns.__class__ is dict else None

    def has(self, low: str) -> bool:
        if self.info is not None:
            return low in self.info.by_name
        return self.columns is not None and low in self.columns

    def type_of(self, low: str) -> SqlType | None:
        if self.info is not None and self.info.columns:
            column = self.info.by_name.get(low)
            return column.type if column is not None else None
        return (self.columns or {}).get(low)


def is_text(kind: SqlType | None) -> bool:
    return kind is not None and kind.is_string


def has_column(e: Any) -> bool:
    """Whether a column (with its collation) takes part in the expression."""
    if isinstance(e, (n.Column, n.Scalar)):
        return True
    if isinstance(e, n.Binary):
        return has_column(e.left) or has_column(e.right)
    if isinstance(e, (n.Unary, n.CastExpr, n.Collate)):
        return has_column(e.expr)
    if isinstance(e, n.Call):
        return any(has_column(a) for a in e.args) or e.name[0].lower() in ("object_name", "schema_name")
    if isinstance(e, n.Case):
        return any(has_column(b) for _unused, b in e.whens) or has_column(e.otherwise)
    return False


def variables_of(e: Any, found: set[str]) -> set[str]:
    """Names of the variables in a tree of nodes, tuples and lists."""
    if isinstance(e, n.Variable):
        found.add(e.name)
    elif isinstance(e, (list, tuple)):
        for part in e:
            variables_of(part, found)
    elif hasattr(e, "__dataclass_fields__") and not isinstance(e, SqlType):
        for name in e.__dataclass_fields__:
            variables_of(getattr(e, name), found)
    return found


class ExpressionTranslator:
    """Walks one statement. `params` grows as variables and session functions are met."""

    def __init__(self, scope: Scope, *, definition: bool = False) -> None:
        self.scope = scope
        self.definition = definition  # DDL takes no parameters
        self.params: list[Param] = []
        self.spelling: dict[str, str] = {}
        self.sources: list[dict[str, _Source]] = [{}]
        self.ctes: list[dict[str, dict[str, SqlType | None] | None]] = []
        self.inline: list[dict[str, str]] = []  # parameters of inlined functions
        self.tables: set[tuple[str, str]] = set()  # what it touches: permission and object
        self.objects: list[tuple[str, ObjectInfo]] = []
        self.in_output = False  # in OUTPUT, where inserted and deleted stand beside the table
        self.last_types: list[SqlType | None] = []  # of the select list that was translated last

    # ---- helpers

    def param(self, what: Param, cast: str = "") -> str:
        if self.definition:
            raise refusal("a variable in a definition")
        self.params.append(what)
        return f"${len(self.params)}" + (f"::{cast}" if cast else "")

    def sql(self, e: n.Expr) -> str:
        return self.x(e)[0]

    def text(self, e: n.Expr) -> str:
        """An argument that must be a text for PostgreSQL."""
        return self.as_text(e, *self.x(e))

    def as_text(self, e: n.Expr, sql: str, kind: SqlType | None) -> str:
        return conversions.to_text(plain(e, sql, kind), kind)

    def converted(self, e: n.Expr, sql: str, source: SqlType | None, kind: SqlType, style: str = "0") -> str:
        """An expression as another type, with SQL Server's errors."""
        return conversions.convert(plain(e, sql, source), source, kind, style)

    def unify(self, parts: list[n.Expr]) -> tuple[list[str], SqlType | None]:
        """Expressions that make one column: their SQL and the type that wins."""
        typed = [(e, *self.x(e)) for e in parts]
        kinds = [kind for e, _sql, kind in typed if not _is_null_literal(e)]
        known = [kind for kind in kinds if kind is not None]
        if not known or len(known) < len(kinds):
            same = known[0] if known and all(k == known[0] for k in known) else None
            return [sql for _e, sql, _kind in typed], same
        target = conversions.common(known)
        assert target is not None
        return [sql if _is_null_literal(e) else self._as_branch(e, sql, kind, target) for e, sql, kind in typed], target

    def _as_branch(self, e: n.Expr, sql: str, kind: SqlType | None, target: SqlType) -> str:
        if target.is_string:
            return conversions.to_text(plain(e, sql, kind), kind, target)
        if kind == target or (kind is not None and kind.name in INTEGERS and target.name in INTEGERS):
            return sql
        return self.converted(e, sql, kind, target)

    def x(self, e: n.Expr) -> Typed:
        handler = _DISPATCH.get(type(e))
        if handler is None:
            raise refusal(f"an expression of the kind {type(e).__name__}")
        return handler(self, e)

    # ---- leaves

    def _literal(self, e: n.Literal) -> Typed:
        kind, value = e.kind, e.value
        if kind == "int":
            return str(value), (types.INT if -(2**31) <= value < 2**31 else types.BIGINT)
        if kind in ("string", "nstring"):
            if "\0" in value:
                raise refusal("a character with the code 0 in a string")
            length = max(len(value), 1)
            name = "varchar" if kind == "string" else "nvarchar"
            return quote(value), SqlType(name, length if length <= 4000 else types.MAX)
        if kind == "null":
            return "NULL", None
        if kind == "number":
            exponent = -value.as_tuple().exponent
            digits = max(len(value.as_tuple().digits), exponent)
            return f"{value}::numeric({digits},{exponent})", SqlType("decimal", 0, digits, exponent)
        if kind == "float":
            return f"{value!r}::float8", types.FLOAT
        if kind == "hex":
            return f"'\\x{value.hex()}'::bytea", SqlType(
                "varbinary", max(len(value), 1) if len(value) <= 8000 else types.MAX
            )
        if kind == "default":
            return "DEFAULT", None
        raise refusal(f"a literal of the kind {kind}")

    def _variable(self, e: n.Variable) -> Typed:
        for names in reversed(self.inline):
            if e.name in names:
                return names[e.name], None
        kind = self.scope.variable_type(e.name)
        if kind.is_string:
            return self.param(("var", e.name)), kind
        return self.param(("var", e.name), pg_type(kind)), kind

    def _global(self, e: n.Global) -> Typed:
        kind = GLOBALS.get(e.name)
        if kind is None:
            raise refusal(f"the function {e.name}")
        if self.definition:
            return f"lab.session({quote(e.name.lower().strip('@'))})", types.NVARCHAR_4000
        return self.param(("global", e.name), pg_type(kind)), kind

    def _column(self, e: n.Column) -> Typed:
        parts = e.parts
        low = parts[-1].lower()
        self.spelling.setdefault(low, parts[-1])
        if len(parts) == 1:
            self._check_column(parts[0])
            return ident(parts[0]), self._find(low)
        alias = parts[-2].lower()
        self.spelling.setdefault(alias, parts[-2])
        for frame in reversed(self.sources):
            source = frame.get(alias)
            if source is not None:
                known = source.known()
                if known is not None and low not in known:
                    raise SqlError(207, f"Invalid column name '{parts[-1]}'.")
                return f"{ident(alias)}.{ident(low)}", source.type_of(low)
        raise SqlError(4104, f'The multi-part identifier "{".".join(p for p in parts if p)}" could not be bound.')

    def _check_column(self, name: str) -> None:
        """Refuse a column that is in none of the sources, or in two; sources with unknown columns may have it."""
        low = name.lower()
        for frame in reversed(self.sources):
            known = [source.known() for source in frame.values()]
            if any(columns is None for columns in known):
                return
            count = sum(1 for columns in known if columns is not None and low in columns)
            if count > 1 and not self.in_output:
                raise SqlError(209, f"Ambiguous column name '{name}'.")
            if count:
                return
        raise SqlError(207, f"Invalid column name '{name}'.")

    def _find(self, low: str) -> SqlType | None:
        for frame in reversed(self.sources):
            for source in frame.values():
                if source.has(low):
                    return source.type_of(low)
        return None

    def not_null_column(self, e: n.Expr) -> bool:
        """Whether the expression is a column that surely holds no NULL (one table in FROM, declared NOT NULL)."""
        if not isinstance(e, n.Column) or len(self.sources[-1]) != 1:
            return False
        source = next(iter(self.sources[-1].values()))
        column = source.info.by_name.get(e.parts[-1].lower()) if source.info is not None else None
        return column is not None and not column.nullable

    # ---- operators

    def _unary(self, e: n.Unary) -> Typed:
        sql, kind = self.x(e.expr)
        if is_text(kind):
            sql, kind = self.converted(e.expr, sql, kind, types.INT), types.INT
        if e.op == "-" and kind is not None and kind.name in ("tinyint", "bit"):
            kind = types.SMALLINT
        return f"({e.op} {sql})", kind

    def _binary(self, e: n.Binary) -> Typed:
        op = e.op
        if op in ("AND", "OR"):
            return f"({self.sql(e.left)} {op} {self.sql(e.right)})", None
        if op in _COMPARISONS:
            return self._compare(op, e.left, e.right), None
        left, lk = self.x(e.left)
        right, rk = self.x(e.right)
        if op == "+" and (is_text(lk) or is_text(rk)) and not _higher(lk) and not _higher(rk):
            return self._concatenate(e, left, lk, right, rk)
        if op == "+" and lk is not None and rk is not None and lk.name in BINARIES and rk.name in BINARIES:
            return f"({left} || {right})", types.VARBINARY_MAX
        if is_text(lk) and rk is not None:
            left, lk = self.converted(e.left, left, lk, rk), rk
        if is_text(rk) and lk is not None:
            right, rk = self.converted(e.right, right, rk, lk), lk
        return arithmetic.apply(op, left, arithmetic.operand(e.left, lk), right, arithmetic.operand(e.right, rk))

    def _concatenate(self, e: n.Binary, left: str, lk: SqlType | None, right: str, rk: SqlType | None) -> Typed:
        left = f"({left})::text" if lk is None else plain(e.left, left, lk)
        right = f"({right})::text" if rk is None else plain(e.right, right, rk)
        return f"({left} || {right})", _concatenated(lk, rk)

    def _compare(self, op: str, a: n.Expr, b: n.Expr) -> str:
        left, lk = self.x(a)
        right, rk = self.x(b)
        return self.compared(op, a, left, lk, b, right, rk)

    def compared(
        self, op: str, a: n.Expr, left: str, lk: SqlType | None, b: n.Expr, right: str, rk: SqlType | None
    ) -> str:
        if is_text(lk) and is_text(rk):
            explicit = isinstance(a, n.Collate) or isinstance(b, n.Collate)
            collate = "" if explicit or has_column(a) or has_column(b) else " COLLATE lab.ci"
            return f"({stripped(a, left)}{collate} {op} {stripped(b, right)})"
        if lk is not None and rk is not None and _GROUPS[lk.name] != _GROUPS[rk.name]:
            target = conversions.common([lk, rk])
            assert target is not None
            if is_text(lk) or is_text(rk):
                target = _wide(target)
            if _GROUPS[lk.name] != _GROUPS[target.name]:
                left = self.converted(a, left, lk, target)
            if _GROUPS[rk.name] != _GROUPS[target.name]:
                right = self.converted(b, right, rk, target)
        return f"({left} {op} {right})"

    def _not(self, e: n.Not) -> Typed:
        return f"(NOT {self.sql(e.expr)})", None

    def _is_null(self, e: n.IsNull) -> Typed:
        inner = self.text(e.expr) if isinstance(e.expr, (n.Variable, n.Literal)) else self.sql(e.expr)
        return f"({inner} IS {'NOT ' if e.negated else ''}NULL)", None

    def _between(self, e: n.Between) -> Typed:
        low = self._compare(">=", e.expr, e.low)
        high = self._compare("<=", e.expr, e.high)
        return (f"(NOT ({low} AND {high}))" if e.negated else f"({low} AND {high})"), None

    def _like(self, e: n.Like) -> Typed:
        value = self.text(e.expr)
        negated = "NOT " if e.negated else ""
        if isinstance(e.pattern, n.Literal) and e.escape is None and "[" not in str(e.pattern.value):
            return f"(({value}) COLLATE \"default\" {negated}ILIKE {quote(str(e.pattern.value))} ESCAPE '')", None
        escape = f", {self.text(e.escape)}" if e.escape is not None else ""
        return f"({negated}lab.is_like({value}, {self.text(e.pattern)}{escape}))", None

    def _in_list(self, e: n.InList) -> Typed:
        left, lk = self.x(e.expr)
        options = [(option, *self.x(option)) for option in e.options]
        kinds = [lk, *(kind for option, _sql, kind in options if not _is_null_literal(option))]
        known = [kind for kind in kinds if kind is not None]
        if known and len(known) == len(kinds):
            if all(kind.is_string for kind in known):
                left = stripped(e.expr, left) + ("" if has_column(e.expr) else " COLLATE lab.ci")
                options = [(o, sql if _is_null_literal(o) else stripped(o, sql), kind) for o, sql, kind in options]
            elif len({_GROUPS[kind.name] for kind in known}) > 1:
                target = conversions.common(known)
                assert target is not None
                target = _wide(target)
                left = self.converted(e.expr, left, lk, target)
                options = [(o, self.converted(o, sql, kind, target), kind) for o, sql, kind in options]
        listed = ", ".join(sql for _option, sql, _kind in options)
        return f"({left} {'NOT ' if e.negated else ''}IN ({listed}))", None

    def _in_query(self, e: n.InQuery) -> Typed:
        left, lk = self.x(e.expr)
        if is_text(lk):
            left = stripped(e.expr, left) + ("" if has_column(e.expr) else " COLLATE lab.ci")
        return f"({left} {'NOT ' if e.negated else ''}IN ({self.query(e.query)}))", None

    def _exists(self, e: n.Exists) -> Typed:
        return f"EXISTS ({self.query(e.query)})", None

    def _quantified(self, e: n.Quantified) -> Typed:
        return f"({self.sql(e.expr)} {e.op} {e.quantifier} ({self.query(e.query)}))", None

    def _case(self, e: n.Case) -> Typed:
        branches = [value for _unused, value in e.whens]
        if e.otherwise is not None:
            branches.append(e.otherwise)
        if all(_is_null_literal(branch) for branch in branches):
            raise SqlError(
                8133,
                "At least one of the result expressions in a CASE specification must be an expression other than the "
                "NULL constant.",
            )
        values, kind = self.unify(branches)
        parts = ["CASE"]
        for (condition, _unused), value in zip(e.whens, values):
            when = self._compare("=", e.operand, condition) if e.operand is not None else self.sql(condition)
            parts.append(f"WHEN {when} THEN {value}")
        if e.otherwise is not None:
            parts.append(f"ELSE {values[-1]}")
        return " ".join(parts) + " END", kind

    def _scalar(self, e: n.Scalar) -> Typed:
        sql = self.query(e.query)
        kind = None
        if isinstance(e.query, n.Select) and len(self.last_types) == 1:
            kind = self.last_types[0]
        return f"({sql})", kind

    def _collate(self, e: n.Collate) -> Typed:
        sql = self.text(e.expr)
        low = e.collation.lower()
        collation = '"C"' if "_bin" in low or "_cs_" in low else "lab.ci"
        return f"({sql} COLLATE {collation})", types.NVARCHAR_4000

    def _star(self, e: n.Star) -> Typed:
        if e.qualifier:
            return f"{ident(e.qualifier[-1])}.*", None
        return "*", None

    def _next_value(self, e: n.NextValue) -> Typed:
        info = self.scope.table(e.sequence)
        if isinstance(info, str) or info.kind != "SO":
            raise SqlError(11723, f"Object '{'.'.join(e.sequence)}' is not a sequence object.")
        return f"nextval({quote(info.ref)}::regclass)", types.BIGINT

    def query(self, query: n.Query) -> str:
        raise NotImplementedError

    # ---- conversions

    def _cast(self, e: n.CastExpr) -> Typed:
        sql, source = self.x(e.expr)
        style = "0" if e.style is None else self.sql(e.style)
        if e.tries:
            return self._try_cast(e, sql, source, style), e.type
        return self.converted(e.expr, sql, source, e.type, style), e.type

    def cast(self, sql: str, source: SqlType | None, kind: SqlType, *, literal: bool = False) -> str:
        if literal and is_text(source):
            sql = f"({sql})::text"
        return conversions.convert(sql, source, kind)

    def _try_cast(self, e: n.CastExpr, sql: str, source: SqlType | None, style: str) -> str:
        """NULL where the conversion fails: the conversion runs in a function that catches its error."""
        value = "$1" if source is None or source.is_string else f"$1::{pg_type(source)}"
        if not style.lstrip("-").isdigit():
            raise refusal("TRY_CONVERT with a style that is not a number")
        conversion = conversions.convert(value, source or types.NVARCHAR_4000, e.type, style)
        return f"lab.try({plain(e.expr, sql, source)}::text, {quote(conversion)})::{pg_type(e.type)}"

    def assigned(self, e: n.Expr, sql: str, source: SqlType | None, kind: SqlType) -> str:
        """A value on its way into a column of the type."""
        if source is None or (isinstance(e, n.Literal) and e.kind in ("null", "default")):
            return sql
        if kind.name in ("binary", "varbinary") and kind.length > 0:
            value = sql if source.name in BINARIES else self.converted(e, sql, source, types.VARBINARY_MAX)
            return f"lab.store_bytes({value}, {kind.length}, {kind.name == 'binary'})"
        if kind.is_string:
            return sql if source.is_string else conversions.to_text(sql, source, kind)
        if _stores(e, source, kind):
            return sql
        return self.converted(e, sql, source, kind)

    # ---- calls

    def _call(self, e: n.Call) -> Typed:
        from .functions import FUNCTIONS, NOT_BUILT, SESSION_FUNCTIONS

        if len(e.name) == 1 or (len(e.name) == 2 and e.name[0].lower() == "sys"):
            low = e.name[-1].lower()
            handler = FUNCTIONS.get(low)
            if handler is not None:
                sql, kind = handler(self, e)
                if e.over is not None and low not in ("count", "count_big"):
                    sql += self._over(e.over)
                return sql, kind
            session = SESSION_FUNCTIONS.get(low)
            if session is not None:
                return self._session_call(low, session, e.args)
            if low in NOT_BUILT:
                raise refusal(f"the function {e.name[-1]}")
            raise SqlError(195, f"'{e.name[-1]}' is not a recognized built-in function name.", 15)
        return self._user_function(e)

    def _session_call(self, low: str, kind: SqlType, args: list[n.Expr]) -> Typed:
        if self.definition:
            if args:
                raise refusal(f"the function {low} with arguments in a definition")
            return f"lab.session({quote(low)})", kind
        if low != "update" and any(has_column(a) for a in args):
            raise refusal(f"the function {low} of a column")
        if (
            low == "serverproperty"
            and isinstance(args[0], n.Literal)
            and str(args[0].value).lower() in _WHOLE_PROPERTIES
        ):
            kind = types.INT
        return self.param(("call", low, args), "text" if kind.is_string else pg_type(kind)), kind

    def _user_function(self, e: n.Call) -> Typed:
        info = self.scope.table(e.name)
        if isinstance(info, str) or info.kind != "FN":
            raise SqlError(
                4121,
                f'Cannot find either column "{e.name[0]}" or the user-defined function or aggregate '
                f'"{".".join(e.name)}", or the name is ambiguous.',
            )
        self.objects.append(("EXECUTE", info))
        module = self.scope.module_query(info)
        names = {}
        for i, parameter in enumerate(module.params):
            if i >= len(e.args) or (isinstance(e.args[i], n.Literal) and e.args[i].kind == "default"):  # type: ignore[attr-defined]
                if parameter.default is None:
                    raise SqlError(
                        313,
                        f"An insufficient number of arguments were supplied for the procedure or function "
                        f"{info.label}.",
                    )
                value = parameter.default
            else:
                value = e.args[i]
            sql, source = self.x(value)
            assert parameter.type is not None
            names[parameter.name] = self.cast(
                sql, source, parameter.type, literal=isinstance(value, (n.Literal, n.Variable))
            )
        self.inline.append(names)
        self.sources.append({})
        try:
            assert module.returns_expr is not None and module.returns is not None
            sql, source = self.x(module.returns_expr)
            return self.cast(f"({sql})", source, module.returns), module.returns
        finally:
            self.inline.pop()
            self.sources.pop()

    def _over(self, over: n.Over) -> str:
        parts = []
        if over.partition:
            parts.append("PARTITION BY " + ", ".join(self.sql(p) for p in over.partition))
        if over.order:
            parts.append("ORDER BY " + self.order(over.order))
        if over.frame:
            parts.append(over.frame)
        return f" OVER ({' '.join(parts)})"

    def order(self, items: list[n.OrderItem]) -> str:
        """NULLs come first in SQL Server; columns without NULLs are left to the index."""
        parts = []
        for item in items:
            sql = self.sql(item.expr)
            if (isinstance(item.expr, n.Literal) and item.expr.kind == "int") or self.not_null_column(item.expr):
                parts.append(sql + (" DESC" if item.descending else ""))
            else:
                parts.append(sql + (" DESC NULLS LAST" if item.descending else " NULLS FIRST"))
        return ", ".join(parts)

    def schema(self, name: str) -> str:
        return schema_ident(self.scope.db, name)


def _higher(kind: SqlType | None) -> bool:
    """Whether a string beside it is converted to the other's type."""
    return kind is not None and not kind.is_string and kind.name not in BINARIES


def _is_null_literal(e: n.Expr) -> bool:
    return isinstance(e, n.Literal) and e.kind == "null"


def plain(e: n.Expr, sql: str, kind: SqlType | None) -> str:
    """A string as PostgreSQL's text: char(n) with its blanks, literals and variables with a type."""
    if kind is None or not kind.is_string:
        return sql
    if kind.name in ("char", "nchar") and kind.length > 0:
        return f"rpad(({sql})::text, {kind.length})"
    return f"({sql})::text" if isinstance(e, (n.Literal, n.Variable)) else sql


def stripped(e: n.Expr, sql: str) -> str:
    """Trailing blanks do not count in comparisons."""
    if isinstance(e, n.Literal) and isinstance(e.value, str):
        return f"{quote(e.value.rstrip(' '))}::text"
    return f"rtrim(({sql})::text, ' ')"


def _concatenated(left: SqlType | None, right: SqlType | None) -> SqlType:
    kinds = [kind for kind in (left, right) if kind is not None]
    name = "nvarchar" if any(kind.is_unicode for kind in kinds) else "varchar"
    if any(kind.length == types.MAX for kind in kinds):
        return SqlType(name, types.MAX)
    length = sum(kind.length or 1 for kind in kinds) if len(kinds) == 2 else 8000
    return SqlType(name, max(1, min(length, 4000 if name == "nvarchar" else 8000)))


def _wide(kind: SqlType) -> SqlType:
    """A decimal for comparisons must not cut what it is compared with."""
    return SqlType("decimal", 0, 38, 12) if kind.name in ("decimal", "numeric", "money", "smallmoney") else kind


def _stores(e: n.Expr, source: SqlType, kind: SqlType) -> bool:
    """Whether PostgreSQL's own assignment gives what SQL Server's would, without an error to tell apart."""
    if source == kind:
        return True
    if kind.name in INTEGERS and source.name in INTEGERS and kind.name != "bit":
        if isinstance(e, n.Literal) and isinstance(e.value, int):
            low, high = types.INT_LIMITS[kind.name]
            return low <= e.value <= high
        return kind.precision >= source.precision and kind.name != "tinyint"
    if kind.name == "bit":
        return isinstance(e, n.Literal) and e.value in (0, 1) and not isinstance(e.value, str)
    return kind.name in ("float", "real") and source.name in NUMBERS


_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
_GROUPS: dict[str, str] = {
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(TEMPORALS - {"time"}, "date"),
    "time": "time",
    **dict.fromkeys(types.STRINGS, "string"),
    **dict.fromkeys(BINARIES, "binary"),
    "uniqueidentifier": "guid",
}
_WHOLE_PROPERTIES = frozenset(
    {"engineedition", "isclustered", "ishadrenabled", "isintegratedsecurityonly", "isxtpsupported"}
)
GLOBALS: dict[str, SqlType] = {
    "@@ROWCOUNT": types.INT,
    "@@TRANCOUNT": types.INT,
    "@@ERROR": types.INT,
    "@@SPID": types.SMALLINT,
    "@@IDENTITY": SqlType("numeric", 0, 38, 0),
    "@@NESTLEVEL": types.INT,
    "@@VERSION": types.NVARCHAR_4000,
    "@@SERVERNAME": types.SYSNAME,
    "@@SERVICENAME": types.SYSNAME,
    "@@LOCK_TIMEOUT": types.INT,
    "@@MAX_PRECISION": types.TINYINT,
    "@@LANGUAGE": types.SYSNAME,
    "@@DATEFIRST": types.TINYINT,
    "@@LANGID": types.SMALLINT,
    "@@PROCID": types.INT,
    "@@OPTIONS": types.INT,
    "@@FETCH_STATUS": types.INT,
    "@@MICROSOFTVERSION": types.INT,
    "@@TEXTSIZE": types.INT,
    "@@MAX_CONNECTIONS": types.INT,
    "@@DBTS": types.VARBINARY_MAX,
}
_T = ExpressionTranslator
_DISPATCH: dict[type, Callable[[Any, Any], Typed]] = {
    n.Literal: _T._literal,
    n.Variable: _T._variable,
    n.Global: _T._global,
    n.Column: _T._column,
    n.Unary: _T._unary,
    n.Binary: _T._binary,
    n.Not: _T._not,
    n.IsNull: _T._is_null,
    n.Between: _T._between,
    n.Like: _T._like,
    n.InList: _T._in_list,
    n.InQuery: _T._in_query,
    n.Exists: _T._exists,
    n.Quantified: _T._quantified,
    n.Case: _T._case,
    n.Scalar: _T._scalar,
    n.Collate: _T._collate,
    n.Star: _T._star,
    n.NextValue: _T._next_value,
    n.CastExpr: _T._cast,
    n.Call: _T._call,
}
