# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SELECT and its sources."""

from __future__ import annotations

from ..errors import refusal
from . import lexer
from . import nodes as n
from .expressions import ExpressionParser

_HINTS = frozenset(
    {
        "NOLOCK",
        "READUNCOMMITTED",
        "UPDLOCK",
        "HOLDLOCK",
        "SERIALIZABLE",
        "ROWLOCK",
        "PAGLOCK",
        "TABLOCK",
        "TABLOCKX",
        "XLOCK",
        "READPAST",
        "READCOMMITTED",
        "READCOMMITTEDLOCK",
        "REPEATABLEREAD",
        "NOWAIT",
        "FORCESEEK",
        "FORCESCAN",
        "NOEXPAND",
        "SNAPSHOT",
        "KEEPIDENTITY",
        "KEEPDEFAULTS",
    }
)


class QueryParser(ExpressionParser):
    """Queries, alone or inside other statements."""

    def query(self) -> n.Query:
        ctes = self.ctes() if self.up() == "WITH" else []
        query = self._union()
        if isinstance(query, (n.Select, n.SetOperation)):
            query.ctes = ctes
            self._tail(query)
        return query

    def ctes(self) -> list[n.Cte]:
        self.expect("WITH")
        found = []
        while True:
            name = self.identifier()
            columns = self.column_list() if self.up() == "(" else []
            self.expect("AS", "(")
            found.append(n.Cte(name, columns, self.query()))
            self.expect(")")
            if not self.accept(","):
                return found

    def column_list(self) -> list[str]:
        self.expect("(")
        names = [self.identifier()]
        while self.accept(","):
            names.append(self.identifier())
        self.expect(")")
        return names

    def _union(self) -> n.Query:
        left = self._intersect()
        while self.up() in ("UNION", "EXCEPT"):
            op = self.up()
            self.i += 1
            if op == "UNION" and self.accept("ALL"):
                op = "UNION ALL"
            left = n.SetOperation(op, left, self._intersect())
        return left

    def _intersect(self) -> n.Query:
        left = self._term()
        while self.accept("INTERSECT"):
            left = n.SetOperation("INTERSECT", left, self._term())
        return left

    def _term(self) -> n.Query:
        if self.accept("("):
            inner = self.query()
            self.expect(")")
            return inner
        if self.up() == "VALUES":
            return n.Values(self.value_rows())
        return self._select()

    def value_rows(self) -> list[list[n.Expr]]:
        self.expect("VALUES")
        rows = []
        while True:
            self.expect("(")
            rows.append(self.expression_list())
            self.expect(")")
            if not self.accept(","):
                return rows

    def _tail(self, query: n.Select | n.SetOperation) -> None:
        if self.accept("ORDER", "BY"):
            query.order = self.order_list()
        if self.up() == "OFFSET" and query.order:
            self.i += 1
            query.offset = self.additive()
            if not self.accept("ROWS"):
                self.expect("ROW")
            if self.accept("FETCH"):
                if not self.accept("NEXT"):
                    self.expect("FIRST")
                query.fetch = self.additive()
                if not self.accept("ROWS"):
                    self.expect("ROW")
                self.expect("ONLY")
        if self.up() == "FOR" and self.up(1) in ("XML", "JSON", "BROWSE"):
            raise refusal("FOR " + self.up(1), self.source)
        self.query_option()

    def query_option(self) -> None:
        """OPTION (...): hints for the optimizer, which the lab ignores."""
        if self.accept("OPTION"):
            self.skip_parentheses()

    def skip_parentheses(self) -> None:
        self.expect("(")
        depth = 1
        while depth:
            if self.token.kind == lexer.END:
                raise self.unexpected()
            depth += {"(": 1, ")": -1}.get(self.up(), 0)
            self.i += 1

    def top(self) -> tuple[n.Expr | None, bool]:
        if not self.accept("TOP"):
            return None, False
        count: n.Expr
        if self.accept("("):
            count = self.expression()
            self.expect(")")
        else:
            count = self._primary()
        if self.up() == "PERCENT":
            raise refusal("TOP ... PERCENT", self.source)
        ties = self.accept("WITH", "TIES")
        return count, ties

    def _select(self) -> n.Select:
        self.expect("SELECT")
        select = n.Select([])
        select.distinct = self.accept("DISTINCT")
        self.accept("ALL")
        select.top, select.ties = self.top()
        select.items = self.select_items()
        if self.accept("INTO"):
            select.into = self.name()
        if self.accept("FROM"):
            select.source = self.sources()
        if self.accept("WHERE"):
            select.where = self.expression()
        if self.accept("GROUP", "BY"):
            select.group = self.expression_list()
        if self.accept("HAVING"):
            select.having = self.expression()
        return select

    def select_items(self) -> list[n.SelectItem]:
        items = []
        while True:
            items.append(self._select_item())
            if not self.accept(","):
                return items

    def _select_item(self) -> n.SelectItem:
        token = self.token
        following = self.up(1)
        if token.kind == lexer.VARIABLE and following in ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="):
            self.i += 2
            return n.SelectItem(self.expression(), "", token.text.lower(), following)
        if following == "=" and (
            token.kind in (lexer.QUOTED, lexer.STRING, lexer.NSTRING)
            or (token.kind == lexer.WORD and token.up not in ("CASE",))
        ):
            self.i += 2
            return n.SelectItem(self.expression(), token.text)
        expr = self.expression()
        if isinstance(expr, n.Star):
            return n.SelectItem(expr)
        if self.token.kind in (lexer.STRING, lexer.NSTRING):
            self.i += 1
            return n.SelectItem(expr, self.tokens[self.i - 1].text)
        return n.SelectItem(expr, self.alias())

    # ---- FROM

    def sources(self) -> n.Source:
        left = self.joined()
        while self.accept(","):
            left = n.Join("CROSS", left, self.joined(), None)
        return left

    def joined(self) -> n.Source:
        left = self._source()
        while True:
            kind = self._join_kind()
            if not kind:
                return left
            if kind in ("CROSS", "CROSS APPLY", "OUTER APPLY"):
                left = n.Join(kind, left, self._source(), None)
                continue
            right = self._source()
            # a JOIN b JOIN c ON .. ON ..: the inner pair belongs together
            while self.up() != "ON":
                inner = self._join_kind()
                if not inner:
                    raise self.unexpected()
                third = self._source()
                self.expect("ON")
                right = n.Join(inner, right, third, self.expression())
            self.expect("ON")
            left = n.Join(kind, left, right, self.expression())

    def _join_kind(self) -> str:
        up, following = self.up(), self.up(1)
        if up == "CROSS" and following in ("JOIN", "APPLY"):
            self.i += 2
            return "CROSS" if following == "JOIN" else "CROSS APPLY"
        if up == "OUTER" and following == "APPLY":
            self.i += 2
            return "OUTER APPLY"
        if up == "JOIN":
            self.i += 1
            return "INNER"
        if up == "INNER":
            self.i += 1
            self._join_hint()
            self.expect("JOIN")
            return "INNER"
        if up in ("LEFT", "RIGHT", "FULL"):
            self.i += 1
            self.accept("OUTER")
            self._join_hint()
            self.expect("JOIN")
            return up
        return ""

    def _join_hint(self) -> None:
        if self.up() in ("LOOP", "HASH", "MERGE", "REMOTE"):
            self.i += 1

    def _source(self) -> n.Source:
        if self.accept("("):
            if self.up() in ("SELECT", "WITH"):
                query = self.query()
                self.expect(")")
                alias = self.alias()
                if not alias:
                    raise self.unexpected()
                return n.QueryRef(query, alias, self.column_list() if self.up() == "(" else [])
            if self.up() == "VALUES":
                rows = self.value_rows()
                self.expect(")")
                alias = self.alias()
                return n.ValuesRef(rows, alias, self.column_list())
            if self.up() == "MERGE":
                raise refusal("a MERGE as a source", self.source)
            inner = self.joined()
            self.expect(")")
            return inner
        token = self.token
        if token.kind == lexer.VARIABLE:
            self.i += 1
            return n.TableRef((token.text.lower(),), self.alias(), self.hints())
        name = self.name()
        if self.up() == "(" and not self._is_hint_list():
            return self._call_source(name)
        hints = self.hints()
        if self.up() == "FOR" and self.up(1) == "SYSTEM_TIME":
            raise refusal("FOR SYSTEM_TIME", self.source)
        alias = self.alias()
        if self.up() == "TABLESAMPLE":
            raise refusal("TABLESAMPLE", self.source)
        return n.TableRef(name, alias, hints or self.hints())

    def _call_source(self, name: n.Name) -> n.Source:
        self.expect("(")
        args = [] if self.up() == ")" else self.expression_list()
        self.expect(")")
        schema: list[n.ColumnDef] = []
        if name[-1].upper() == "OPENJSON" and self.accept("WITH"):
            self.expect("(")
            while True:
                column = n.ColumnDef(self.identifier(), self.data_type())
                if self.token.kind in (lexer.STRING, lexer.NSTRING):
                    column.path = self.token.text
                    self.i += 1
                schema.append(column)
                if not self.accept(","):
                    break
            self.expect(")")
        alias = self.alias()
        columns = self.column_list() if alias and self.up() == "(" else []
        return n.CallRef(name, args, alias, columns, schema)

    def _is_hint_list(self) -> bool:
        """The old form: FROM t (NOLOCK)."""
        return self.up(1) in _HINTS and self.up(2) in (")", ",")

    def hints(self) -> tuple[str, ...]:
        if self.up() == "WITH" and self.up(1) == "(":
            self.i += 1
        elif not (self.up() == "(" and self._is_hint_list()):
            return ()
        self.expect("(")
        found = []
        while not self.accept(")"):
            word = self.up()
            self.i += 1
            if word == "INDEX":
                if self.up() == "(":
                    self.skip_parentheses()
                else:
                    self.expect("=")
                    if self.up() == "(":
                        self.skip_parentheses()
                    else:
                        self.i += 1
            elif word not in _HINTS:
                self.i -= 1
                raise self.unexpected()
            found.append(word)
            self.accept(",")
        return tuple(found)
