# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions: the lower half of the parser."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from ..errors import SqlError, keyword, refusal, syntax
from ..wire import types
from . import lexer
from . import nodes as n
from .lexer import Token

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BACKUP BEGIN BETWEEN BREAK BROWSE BULK BY CASCADE CASE CHECK
CHECKPOINT CLOSE CLUSTERED COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTAINSTABLE CONTINUE
CONVERT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DBCC
DEALLOCATE DECLARE DEFAULT DELETE DENY DESC DISK DISTINCT DISTRIBUTED DOUBLE DROP DUMP ELSE END ERRLVL ESCAPE
EXCEPT EXEC EXECUTE EXISTS EXIT EXTERNAL FETCH FILE FILLFACTOR FOR FOREIGN FREETEXT FREETEXTTABLE FROM FULL
FUNCTION GOTO GRANT GROUP HAVING HOLDLOCK IDENTITY IDENTITYCOL IDENTITY_INSERT IF IN INDEX INNER INSERT
INTERSECT INTO IS JOIN KEY KILL LEFT LIKE LINENO LOAD MERGE NATIONAL NOCHECK NONCLUSTERED NOT NULL NULLIF OF
OFF OFFSETS ON OPEN OPENDATASOURCE OPENQUERY OPENROWSET OPENXML OPTION OR ORDER OUTER OVER PERCENT PIVOT PLAN
PRECISION PRIMARY PRINT PROC PROCEDURE PUBLIC RAISERROR READ READTEXT RECONFIGURE REFERENCES REPLICATION
RESTORE RESTRICT RETURN REVERT REVOKE RIGHT ROLLBACK ROWCOUNT ROWGUIDCOL RULE SAVE SCHEMA SECURITYAUDIT SELECT
SEMANTICKEYPHRASETABLE SESSION_USER SET SETUSER SHUTDOWN SOME STATISTICS SYSTEM_USER TABLE TABLESAMPLE
TEXTSIZE THEN TO TOP TRAN TRANSACTION TRIGGER TRUNCATE TRY_CONVERT TSEQUAL UNION UNIQUE UNPIVOT UPDATE
UPDATETEXT USE USER VALUES VARYING VIEW WAITFOR WHEN WHERE WHILE WITH WITHIN WRITETEXT
""",
    )
)
_RESERVED_CALLS = frozenset({"COALESCE", "NULLIF", "CONVERT", "TRY_CONVERT", "LEFT", "RIGHT", "UPDATE"})
_BARE_CALLS = frozenset({"CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"})
_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "!<", "!>"})
_DATE_PARTS = frozenset({"DATEADD", "DATEDIFF", "DATEDIFF_BIG", "DATEPART", "DATENAME", "DATETRUNC"})
_CONSTANTS = {"NULL": "null", "DEFAULT": "default"}
MAX_DEPTH = 500
# Words and marks of T-SQL's clauses that the lab does not build: where one is unexpected, the statement may be valid.
_NOT_BUILT = frozenset(
    re.findall(
        r"\S+",
        """
AT BROWSE BULK CONTAINS CONTAINSTABLE CUBE CURRENT CURSOR DISTRIBUTED EDGE ENCRYPTED EXTERNAL FOR FREETEXT
FREETEXTTABLE GENERATED GROUPING IDENTITYCOL IGNORE INLINE MASKED MATCH NODE OFFSETS OPENDATASOURCE OPENQUERY
OPENROWSET OPENXML PERCENT PERIOD PIVOT RESPECT ROLLUP ROWGUIDCOL SEMANTICKEYPHRASETABLE SETS SYSTEM_TIME
TABLESAMPLE UNPIVOT WINDOW WITHIN WITHOUT XMLNAMESPACES $ { :: ::=
""",
    )
)
_TYPES_NOT_BUILT = frozenset({"hierarchyid", "geography", "geometry", "json", "vector"})
CAST_LENGTH = 30  # of CAST (x AS varchar)


def _integer(token: Token) -> n.Expr:
    number = int(token.text)
    return n.Literal("int", number) if number < 2**63 else n.Literal("number", Decimal(number))


def _hex(token: Token) -> n.Expr:
    digits = token.text[2:]
    return n.Literal("hex", bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits))


_LEAVES: dict[int, Callable[[Token], n.Expr]] = {
    lexer.VARIABLE: lambda token: n.Variable(token.text.lower()),
    lexer.GLOBAL: lambda token: n.Global(token.up),
    lexer.INTEGER: _integer,
    lexer.STRING: lambda token: n.Literal("string", token.text),
    lexer.NSTRING: lambda token: n.Literal("nstring", token.text),
    lexer.NUMBER: lambda token: n.Literal("number", Decimal(token.text)),
    lexer.FLOAT: lambda token: n.Literal("float", float(token.text)),
    lexer.HEX: _hex,
}


class ExpressionParser:
    """Walks the tokens; the upper half (statements, queries) is built on it."""

    def __init__(self, source: str, quoted_identifier: bool = True) -> None:
        self.source = source
        self.tokens = lexer.tokenize(source, quoted_identifier)
        self.i = 0
        self.depth = 0

    # ---- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.i]

    def up(self, ahead: int = 0) -> str:
        i = self.i + ahead
        return self.tokens[i].up if i < len(self.tokens) else ""

    def at(self, *words: str) -> bool:
        """Whether the coming tokens are these words."""
        return all(self.up(k) == word for k, word in enumerate(words))

    def accept(self, *words: str) -> bool:
        if self.at(*words):
            self.i += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        for word in words:
            if self.up() != word:
                raise self.unexpected()
            self.i += 1

    def unexpected(self) -> SqlError:
        token = self.token
        line = lexer.line_of(self.source, token.start)
        if token.kind == lexer.END:
            last = self.tokens[self.i - 1] if self.i else token
            return syntax(last.text, lexer.line_of(self.source, last.start))
        if token.up in _NOT_BUILT or self.up(1) in _NOT_BUILT or (self.i and self.tokens[self.i - 1].up in _NOT_BUILT):
            return refusal(token.text, self.source)
        if token.kind == lexer.WORD and token.up in RESERVED:
            return keyword(token.text, line)
        return syntax(token.text, line)

    def text_between(self, start: int, end: int) -> str:
        """The source from token number `start` up to (not including) token number `end`."""
        return self.source[self.tokens[start].start : self.tokens[end - 1].end] if end > start else ""

    # ---- names

    def identifier(self) -> str:
        token = self.token
        if token.kind == lexer.QUOTED or (token.kind == lexer.WORD and token.up not in RESERVED):
            self.i += 1
            if len(token.text) > 128:
                raise SqlError(
                    103,
                    f"The identifier that starts with '{token.text[:128]}' is too long. Maximum length is 128.",
                    15,
                    aborts="batch",
                )
            return token.text
        raise self.unexpected()

    def name(self) -> n.Name:
        """One to four parts; `db..table` leaves the schema empty."""
        parts = [self.identifier()]
        while self.up() == ".":
            self.i += 1
            parts.append("" if self.up() == "." else self.identifier())
        if len(parts) > 4:
            raise syntax(parts[-1])
        return tuple(parts)

    def alias(self) -> str:
        """An optional alias."""
        if self.accept("AS"):
            if self.token.kind in (lexer.STRING, lexer.NSTRING):
                self.i += 1
                return self.tokens[self.i - 1].text
            return self.identifier()
        token = self.token
        if token.kind == lexer.QUOTED or (
            token.kind == lexer.WORD and token.up not in RESERVED and not self._starts_statement()
        ):
            self.i += 1
            return token.text
        return ""

    def _starts_statement(self) -> bool:
        """Words that are not reserved but begin a statement or clause where an alias could stand."""
        up = self.up()
        if up == "THROW":
            return self.token.kind == lexer.WORD
        if up in ("OUTPUT", "OFFSET", "WINDOW"):
            return True
        if up == "USING":
            return True
        return up in ("ENABLE", "DISABLE") and self.up(1) == "TRIGGER"

    def data_type(self, length: int = 1) -> types.SqlType:
        """`length` is that of a string or binary type without one."""
        token = self.token
        if token.kind not in (lexer.WORD, lexer.QUOTED):
            raise self.unexpected()
        word = self._type_name()
        if word in _TYPES_NOT_BUILT:
            raise refusal(f"the type {word}", self.source)
        if word not in types.KNOWN:
            error = SqlError(2715, f"Column, parameter, or variable: Cannot find data type {token.text}.")
            error.line = lexer.line_of(self.source, token.start)
            raise error
        args = self._type_arguments()
        return types.build(word, args or ((length,) if word in types.SIZED else ()))

    def _type_name(self) -> str:
        """The name in lower case, with what the standard's longer forms mean."""
        word = self.token.text.lower()
        self.i += 1
        if self.accept("."):
            word = self.identifier().lower()
        if word == "national":
            word = "n" + self.identifier().lower()
        if word == "double":
            self.expect("PRECISION")
            word = "float"
        if word in ("char", "character", "varchar", "nchar") and self.accept("VARYING"):
            word = "nvarchar" if word == "nchar" else "varchar"
        return word

    def _type_arguments(self) -> tuple[int, ...]:
        args: list[int] = []
        if not self.accept("("):
            return ()
        while True:
            if self.accept("MAX"):
                args.append(types.MAX)
            else:
                if self.token.kind != lexer.INTEGER:
                    raise self.unexpected()
                args.append(int(self.token.text))
                self.i += 1
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(args)

    def integer(self) -> int:
        sign = -1 if self.accept("-") else 1
        self.accept("+")
        if self.token.kind != lexer.INTEGER:
            raise self.unexpected()
        self.i += 1
        return sign * int(self.tokens[self.i - 1].text)

    # ---- expressions

    def expression(self) -> n.Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SqlError(
                191,
                "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up "
                "into smaller queries.",
                15,
                aborts="batch",
            )
        try:
            left = self._and()
            while self.up() == "OR":
                self.i += 1
                left = n.Binary("OR", left, self._and())
            return left
        finally:
            self.depth -= 1

    def _and(self) -> n.Expr:
        left = self._not()
        while self.up() == "AND":
            self.i += 1
            left = n.Binary("AND", left, self._not())
        return left

    def _not(self) -> n.Expr:
        if self.up() == "NOT":
            self.i += 1
            return n.Not(self._not())
        return self._predicate()

    def _predicate(self) -> n.Expr:
        left = self.additive()
        while True:
            up = self.up()
            if up in _COMPARISONS:
                self.i += 1
                left = self._comparison({"!=": "<>", "!<": ">=", "!>": "<="}.get(up, up), left)
                continue
            if up == "IS":
                left = self._is(left)
                continue
            negated = up == "NOT" and self.up(1) in ("BETWEEN", "IN", "LIKE")
            if negated:
                self.i += 1
                up = self.up()
            if up == "BETWEEN":
                self.i += 1
                low = self.additive()
                self.expect("AND")
                left = n.Between(left, low, self.additive(), negated)
            elif up == "LIKE":
                self.i += 1
                pattern = self.additive()
                escape = self.additive() if self.accept("ESCAPE") else None
                left = n.Like(left, pattern, escape, negated)
            elif up == "IN":
                self.i += 1
                self.expect("(")
                if self.up() in ("SELECT", "WITH"):
                    left = n.InQuery(left, self.query(), negated)
                else:
                    left = n.InList(left, self.expression_list(), negated)
                self.expect(")")
            else:
                return left

    def _comparison(self, op: str, left: n.Expr) -> n.Expr:
        if self.up() not in ("ALL", "ANY", "SOME"):
            return n.Binary(op, left, self.additive())
        quantifier = self.up()
        self.i += 1
        self.expect("(")
        quantified = n.Quantified(op, left, quantifier, self.query())
        self.expect(")")
        return quantified

    def _is(self, left: n.Expr) -> n.Expr:
        self.expect("IS")
        negated = self.accept("NOT")
        if self.at("DISTINCT", "FROM"):
            raise refusal("IS DISTINCT FROM", self.source)
        self.expect("NULL")
        return n.IsNull(left, negated)

    def expression_list(self) -> list[n.Expr]:
        items = [self.expression()]
        while self.accept(","):
            items.append(self.expression())
        return items

    def additive(self) -> n.Expr:
        left = self._multiplicative()
        while self.up() in ("+", "-", "&", "|", "^"):
            op = self.up()
            self.i += 1
            left = n.Binary(op, left, self._multiplicative())
        return left

    def _multiplicative(self) -> n.Expr:
        left = self._unary()
        while self.up() in ("*", "/", "%"):
            op = self.up()
            self.i += 1
            left = n.Binary(op, left, self._unary())
        return left

    def _unary(self) -> n.Expr:
        up = self.up()
        if up in ("-", "+", "~"):
            self.i += 1
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise SqlError(191, "Some part of your SQL statement is nested too deeply.", 15, aborts="batch")
            inner = self._unary()
            self.depth -= 1
            return inner if up == "+" else n.Unary(up, inner)
        return self._postfix()

    def _postfix(self) -> n.Expr:
        left = self._primary()
        while True:
            if self.up() == "COLLATE":
                self.i += 1
                left = n.Collate(left, self.identifier())
            elif self.at("AT", "TIME", "ZONE"):
                raise refusal("AT TIME ZONE", self.source)
            else:
                return left

    def _primary(self) -> n.Expr:
        token = self.token
        if token.kind == lexer.WORD:
            return self._word(token)
        if token.kind == lexer.QUOTED:
            return self._name_or_call()
        leaf = _LEAVES.get(token.kind)
        if leaf is not None:
            self.i += 1
            if token.kind == lexer.VARIABLE and self.up() == ".":
                raise refusal("a method of a type", self.source)
            return leaf(token)
        if token.up == "(":
            self.i += 1
            inner = n.Scalar(self.query()) if self.up() in ("SELECT", "WITH") else self.expression()
            self.expect(")")
            return inner
        if token.up == "*":
            self.i += 1
            return n.Star(())
        if token.up == "$" and self.up(1) == "ACTION":
            self.i += 2
            return n.Column(("$action",))
        raise self.unexpected()

    def _word(self, token: Token) -> n.Expr:
        up = token.up
        if up in _CONSTANTS:
            self.i += 1
            return n.Literal(_CONSTANTS[up], None)
        if up == "CASE":
            return self._case()
        if up in _BARE_CALLS:
            self.i += 1
            return n.Call((up.lower(),), [])
        if up == "NEXT" and self.at("NEXT", "VALUE", "FOR"):
            self.i += 3
            sequence = n.NextValue(self.name())
            if self.up() == "OVER":
                raise refusal("NEXT VALUE FOR ... OVER", self.source)
            return sequence
        if self.up(1) == "(":
            return self._word_with_parentheses(token)
        return self._name_or_call()

    def _word_with_parentheses(self, token: Token) -> n.Expr:
        up = token.up
        if up in ("CAST", "TRY_CAST", "CONVERT", "TRY_CONVERT"):
            self.i += 2
            return self._convert(up)
        if up == "EXISTS":
            self.i += 2
            query = self.query()
            self.expect(")")
            return n.Exists(query)
        if up in _RESERVED_CALLS:
            self.i += 1
            return self._call((token.text,))
        return self._name_or_call()

    def _convert(self, word: str) -> n.Expr:
        """CAST (expression AS type), CONVERT (type, expression, style), and their TRY_ forms."""
        style = None
        if word.endswith("CAST"):
            inner = self.expression()
            self.expect("AS")
            kind = self.data_type(CAST_LENGTH)
        else:
            kind = self.data_type(CAST_LENGTH)
            self.expect(",")
            inner = self.expression()
            style = self.expression() if self.accept(",") else None
        self.expect(")")
        return n.CastExpr(inner, kind, style, word.startswith("TRY_"))

    def _case(self) -> n.Expr:
        self.expect("CASE")
        operand = None if self.up() == "WHEN" else self.expression()
        whens = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            whens.append((condition, self.expression()))
        if not whens:
            raise self.unexpected()
        otherwise = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        return n.Case(operand, whens, otherwise)

    def _name_or_call(self) -> n.Expr:
        parts = [self.identifier()]
        while self.up() == ".":
            self.i += 1
            if self.up() == "*":
                self.i += 1
                return n.Star(tuple(parts))
            parts.append("" if self.up() == "." else self.identifier())
        if self.up() == "(":
            return self._call(tuple(parts))
        return n.Column(tuple(parts))

    def _call(self, name: n.Name) -> n.Expr:
        self.expect("(")
        upper = name[-1].upper()
        args: list[n.Expr] = []
        distinct = False
        if self.up() != ")":
            distinct = self.accept("DISTINCT")
            self.accept("ALL")
            if len(name) == 1 and upper in _DATE_PARTS:
                args.append(n.Literal("string", self.identifier().lower()))
                self.expect(",")
                args.extend(self.expression_list())
            else:
                args.extend(self.expression_list())
                if upper == "TRIM" and self.accept("FROM"):
                    args.insert(0, self.expression())  # TRIM (characters FROM text)
        self.expect(")")
        call = n.Call(name, args, distinct)
        if self.at("WITHIN", "GROUP"):
            self.i += 2
            self.expect("(", "ORDER", "BY")
            call.within = self.order_list()
            self.expect(")")
        if self.up() in ("IGNORE", "RESPECT"):
            raise refusal(f"{self.up()} NULLS", self.source)
        if self.up() == "OVER":
            if self.up(1) != "(":
                raise refusal("a named window", self.source)
            self.i += 1
            call.over = self._over()
        return call

    def _over(self) -> n.Over:
        self.expect("(")
        over = n.Over([], [])
        if self.accept("PARTITION", "BY"):
            over.partition = self.expression_list()
        if self.accept("ORDER", "BY"):
            over.order = self.order_list()
        if self.up() in ("ROWS", "RANGE"):
            start = self.i
            while self.up() != ")":
                if self.token.kind not in (lexer.WORD, lexer.INTEGER):
                    raise self.unexpected()
                self.i += 1
            over.frame = self.text_between(start, self.i)
        self.expect(")")
        return over

    def order_list(self) -> list[n.OrderItem]:
        items = []
        while True:
            expr = self.expression()
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            items.append(n.OrderItem(expr, descending))
            if not self.accept(","):
                return items

    def query(self) -> n.Query:
        raise NotImplementedError
