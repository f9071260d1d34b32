# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of a batch, one shape for each kind that is known; whatever fits none is an UNKNOWN statement.

Private to the collection. Statements need no separators in T-SQL, so a statement ends where the next word that can begin
one stands. There is no recursion in here: nesting of any depth is kept on lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .body import Body, Place
from .definitions import (
    alter_table,
    column_list,
    data_type,
    filter_predicate,
    index_options,
    items,
    rest,
)
from .lexer import BAD, NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from .statements import (
    Action,
    Argument,
    Column,
    Guard,
    Module,
    Name,
    Nested,
    Statement,
    guard,
    name_from_text,
)
from .stream import Stream
from .words import END, STARTERS, Unrecognised, misplaced, spell

_CONTROL = frozenset({"IF", "WHILE", "BEGIN", "ELSE", "END", "LABEL", "TRY"})
_MODULES = {"PROC": "PROCEDURE", "PROCEDURE": "PROCEDURE", "VIEW": "VIEW", "FUNCTION": "FUNCTION", "TRIGGER": "TRIGGER"}

_DROPS = {
    **_MODULES,
    "TABLE": "TABLE",
    "INDEX": "INDEX",
    "SCHEMA": "SCHEMA",
    "TYPE": "TYPE",
    "SYNONYM": "SYNONYM",
    "SEQUENCE": "SEQUENCE",
    "USER": "USER",
    "ROLE": "ROLE",
    "LOGIN": "LOGIN",
    "STATISTICS": "STATISTICS",
    "DATABASE": "DATABASE",
    "DEFAULT": "DEFAULT",
    "RULE": "RULE",
    "AGGREGATE": "AGGREGATE",
    "ASSEMBLY": "ASSEMBLY",
}
_PERMISSION_STARTS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "EXEC", "ALTER", "CREATE", "BACKUP"})


def _capped(guards: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """The outermost and the innermost conditions: nesting of any depth costs the same."""
    return guards if len(guards) <= 24 else guards[:8] + guards[-16:]


class Classifier:
    """Reads one batch. ``body_of`` is set while the body of a procedure, view, function or trigger is read."""

    def __init__(self, tokens: Sequence[Token], length: int) -> None:
        self.s = Stream(tokens, length)
        self.found: list[Statement] = []
        self.module: Module | None = None
        self.blocks: list[tuple[str, tuple[Guard, ...]]] = []
        self.pending: tuple[Guard, ...] = ()
        self.last_if: list[Guard] = []
        self.guard_count = 0
        self.ctes: frozenset[str] = frozenset()
        self.start = 0
        self._cte_sources: list[Name] = []
        self._cte_stars: list[Token] = []

    def run(self) -> list[Statement]:
        s = self.s
        while s.token.kind != END:
            if s.key == ";":
                s.i += 1
                continue
            start = self.start = s.i
            count = len(self.found)
            try:
                control = self._statement()
            except Unrecognised as surprise:
                control = False
                self._unknown(surprise.token, surprise.message)
                self._resync(start)
            for statement in self.found[count:]:
                if not statement.last:
                    statement.last = s.i
            if not control:
                self.pending = ()
        if self.blocks:
            token = s.back()
            if token is not None:
                self._unknown(token, f"{len(self.blocks)} BEGIN without END at the end of the batch")
        return self.found

    def _unknown(self, token: Token, message: str) -> None:
        statement = self._add("UNKNOWN", token)
        statement.message = message

    def _resync(self, start: int) -> None:
        s = self.s
        if s.i == start:
            s.i += 1
        while s.token.kind != END and s.key != ";":
            if s.trigger_switch():
                return
            # WITH ( ... ) is options of what was not recognised
            if s.token.kind == WORD and s.key in STARTERS and not (s.key == "WITH" and s.ahead().key == "("):
                return
            s.i += 1

    def _add(self, kind: str, token: Token) -> Statement:
        guards: tuple[Guard, ...] = self.blocks[-1][1] if self.blocks else ()
        if self.pending:
            guards = _capped(guards + self.pending)
        statement = Statement(kind, token, guards=guards, module=self.module, first=self.start)
        self.found.append(statement)
        return statement

    # -- one statement; True when it only controls the ones that follow

    def _statement(self) -> bool:
        s = self.s
        token = s.token
        key = token.key
        if token.kind == WORD:
            handler = _HANDLERS.get(key)
            if handler is not None:
                return bool(handler(self, token))
            if s.trigger_switch():
                self._trigger_switch(token)
                return False
            if s.ahead().key == ":" and key not in STARTERS:
                self._add("LABEL", token)
                s.i += 2
                return True
            if key == "THROW":
                self._add("THROW", token)
                s.i += 1
                s.body(Body())
                return False
        if key == "(":
            statement = self._add("SELECT", token)
            if not self._select_in_parentheses():
                raise Unrecognised(token, "a statement cannot begin with this parenthesis")
            self._finish(statement, s.body(Body(), Place(select=True)))
            return False
        if s.i == 0 and token.kind in (WORD, QUOTED) and key not in STARTERS:
            # the first statement of a batch may call a procedure without EXEC
            statement = self._add("EXEC", token)
            statement.flags.add("bare")
            statement.names.append(s.name())
            self._exec_arguments(statement)
            return False
        if token.kind == BAD:
            raise Unrecognised(token, misplaced(token))
        raise Unrecognised(token, f"no statement begins with '{token.text[:40]}'")

    def _select_in_parentheses(self) -> bool:
        i = self.s.i
        while self.s.tokens[i].key == "(":
            i += 1
        return self.s.tokens[i].key in ("SELECT", "WITH")

    def _finish(self, statement: Statement, body: Body) -> None:
        """Take over what was seen in a statement's body."""
        statement.sources.extend(name for name in body.sources if name.base.lower() not in self.ctes or name.schema)
        if body.into is not None:
            statement.names.append(body.into)
            statement.flags.add("into")
        if body.remote:
            statement.flags.add("remote")
        if body.where >= 0:
            statement.options["where"] = str(body.where)
        if body.top_from:
            statement.flags.add("from")
        if body.stars:
            statement.options["stars"] = str(body.stars[0].start)
            statement.actions.extend(Action("STAR", star) for star in body.stars)
        for at in body.dml:
            inner = Statement(
                self.s.tokens[at].key, self.s.tokens[at], guards=statement.guards, module=self.module, first=at
            )
            inner.flags.add("composed")
            inner.last = self.s.i
            self.found.append(inner)
            i = at + 1
            while self.s.tokens[i].key in ("FROM", "INTO", "TOP", "(", ")") or self.s.tokens[i].kind == NUMBER:
                i += 1
            back, self.s.i = self.s.i, i
            try:
                inner.names.append(self.s.target())
            finally:
                self.s.i = back

    # -- control of flow

    def _if(self, token: Token) -> bool:
        s = self.s
        word = token.key
        self._add(word, token)
        s.i += 1
        start = s.i
        statement = self.found[-1]
        self._finish(statement, s.body(Body(), Place(condition=True)))
        self.guard_count += 1
        condition = guard(word, spell(s.tokens[start : s.i]), self.guard_count)
        self.pending = _capped((*self.pending, condition))
        if word == "IF":
            self.last_if.append(condition)
            if len(self.last_if) > 64:
                del self.last_if[:32]
        return True

    def _else(self, token: Token) -> bool:
        self.s.i += 1
        self._add("ELSE", token)
        before = self.last_if[-1].text if self.last_if else ""
        self.guard_count += 1
        self.pending = (guard("ELSE", before, self.guard_count),)
        return True

    def _begin(self, token: Token) -> bool:
        s = self.s
        following = s.ahead().key
        if following in ("TRAN", "TRANSACTION") or (
            following == "DISTRIBUTED" and s.ahead(2).key in ("TRAN", "TRANSACTION")
        ):
            statement = self._add("BEGIN TRANSACTION", token)
            s.i += 3 if following == "DISTRIBUTED" else 2
            self._transaction_name(statement)
            if s.take("WITH", "MARK") and s.token.kind == STRING:
                s.i += 1
            return False
        if following in ("DIALOG", "CONVERSATION"):
            raise Unrecognised(token, "Service Broker is not known to the linter")
        s.i += 1
        if following in ("TRY", "CATCH"):
            s.i += 1
            self.guard_count += 1
            self.pending = _capped((*self.pending, guard(following, "", self.guard_count)))
        elif following == "ATOMIC":
            s.i += 1
            s.need("WITH")
            s.group()
        outer: tuple[Guard, ...] = self.blocks[-1][1] if self.blocks else ()
        self.blocks.append((following if following in ("TRY", "CATCH") else "", _capped(outer + self.pending)))
        self.pending = ()
        return True

    def _end(self, token: Token) -> bool:
        s = self.s
        if s.ahead().key == "CONVERSATION":
            raise Unrecognised(token, "Service Broker is not known to the linter")
        if not self.blocks:
            raise Unrecognised(token, "END without BEGIN")
        s.i += 1
        kind, _guards = self.blocks.pop()
        if kind:
            s.need(kind)
        return False

    def _transaction_name(self, statement: Statement) -> None:
        s = self.s
        if s.token.kind in (QUOTED, VARIABLE) or (s.token.kind == WORD and not s.at_end()):
            statement.flags.add("named")
            s.i += 1

    def _end_transaction(self, token: Token) -> bool:
        s = self.s
        statement = self._add(f"{token.key} TRANSACTION", token)
        s.i += 1
        if s.take_one("TRAN", "TRANSACTION", "WORK"):
            self._transaction_name(statement)
        elif token.key == "SAVE":
            raise s.surprise("expected TRANSACTION")
        if s.take("WITH"):
            s.group()
        return False

    def _simple(self, token: Token) -> bool:
        """PRINT, RETURN, RAISERROR, FETCH, ...: harmless whatever follows, up to the next statement."""
        self.s.i += 1
        statement = self._add(token.key, token)
        self._finish(statement, self.s.body(Body()))
        return False

    def _goto(self, token: Token) -> bool:
        self._add("GOTO", token)
        self.s.i += 1
        self.s.identifier()
        return False

    def _word(self, token: Token) -> bool:
        self._add(token.key, token)
        self.s.i += 1
        return False

    def _waitfor(self, token: Token) -> bool:
        s = self.s
        self._add("WAITFOR", token)
        s.i += 1
        s.need("DELAY", "TIME")
        if s.token.kind not in (STRING, VARIABLE):
            raise s.surprise("expected a time")
        s.i += 1
        return False

    def _declare(self, token: Token) -> bool:
        s = self.s
        statement = self._add("DECLARE", token)
        s.i += 1
        if s.token.kind != VARIABLE:
            s.identifier()
            while s.take_one("INSENSITIVE", "SCROLL"):
                pass
            s.need("CURSOR")
        self._finish(statement, s.body(Body()))
        if s.back() is not None and s.tokens[s.i - 1].key == "FOR" and s.key in ("SELECT", "WITH"):
            statement.flags.add("cursor")
        return False

    # -- SET

    def _set(self, token: Token) -> bool:
        s = self.s
        statement = self._add("SET", token)
        s.i += 1
        if s.token.kind == VARIABLE:
            statement.flags.add("variable")
            self._finish(statement, s.body(Body()))
            return False
        words: list[str] = []
        if s.take("TRANSACTION", "ISOLATION", "LEVEL"):
            words = ["TRANSACTION ISOLATION LEVEL"]
            level = s.need("READ", "REPEATABLE", "SNAPSHOT", "SERIALIZABLE")
            if level == "READ":
                level += " " + s.need("COMMITTED", "UNCOMMITTED")
            elif level == "REPEATABLE":
                level += " " + s.need("READ")
            statement.words = tuple(words)
            statement.options["value"] = level
            return False
        if s.take("IDENTITY_INSERT"):
            statement.words = ("IDENTITY_INSERT",)
            statement.names.append(s.name())
            statement.options["value"] = s.need("ON", "OFF")
            return False
        if s.take("STATISTICS"):
            statement.words = ("STATISTICS",)
            s.need("IO", "TIME", "XML", "PROFILE")
            while s.take(","):
                s.need("IO", "TIME", "XML", "PROFILE")
            s.need("ON", "OFF")
            return False
        while True:
            if s.token.kind != WORD or s.key not in _SET_OPTIONS:
                raise s.surprise("expected an option that SET knows")
            words.append(s.key)
            s.i += 1
            if not s.take(","):
                break
        statement.words = tuple(words)
        value = s.token
        if s.take_one("+", "-"):
            value = s.token
            if value.kind != NUMBER:
                raise s.surprise("expected a number")
        elif value.kind not in (WORD, STRING, NUMBER, VARIABLE, QUOTED) or value.key in STARTERS:
            raise s.surprise("expected a value")
        statement.options["value"] = value.key or string_value(value)
        s.i += 1
        return False

    # -- data

    def _select(self, token: Token) -> bool:
        s = self.s
        statement = self._add("SELECT", token)
        s.i += 1
        if s.token.kind == VARIABLE and s.ahead().key in ("=", "+="):
            statement.flags.add("assigns")
        before = s.i
        self._finish(statement, s.body(Body(), Place(select=True)))
        if s.tokens[before].key == "*" and "stars" not in statement.options:
            statement.options["stars"] = str(s.tokens[before].start)
        return False

    def _top(self, statement: Statement) -> None:
        s = self.s
        if s.take("TOP"):
            start = s.i
            if s.key == "(":
                s.group()
            elif s.token.kind in (NUMBER, VARIABLE):
                s.i += 1
            else:
                raise s.surprise("expected how many rows")
            if s.take("PERCENT"):
                statement.flags.add("percent")
            content = [token for token in s.tokens[start : s.i] if token.key not in ("(", ")")]
            statement.options["top"] = content[0].text if len(content) == 1 else "?"

    def _modification_target(self, statement: Statement) -> None:
        s = self.s
        if s.key in ("OPENQUERY", "OPENROWSET", "OPENDATASOURCE"):
            statement.flags.add("remote")
            s.i += 1
            s.group()
            while s.take("."):
                s.identifier()
            return
        statement.names.append(s.target())
        if s.key == "WITH" and s.ahead().key == "(":
            s.i += 1
            s.group()

    def _insert(self, token: Token) -> bool:
        s = self.s
        statement = self._add("INSERT", token)
        s.i += 1
        self._top(statement)
        s.take("INTO")
        self._modification_target(statement)
        if s.key == "(" and s.ahead().key not in ("SELECT", "("):
            statement.insert_columns = column_list(s)
        if s.key in ("OUTPUT", "VALUES"):
            start = s.i
            self._finish(statement, s.body(Body()))
            if any(one.key == "VALUES" for one in s.tokens[start : s.i]):
                statement.flags.add("values")
        if s.take("DEFAULT", "VALUES"):
            statement.flags.add("default")
        elif s.key in ("EXEC", "EXECUTE"):
            statement.flags.add("exec")
            statement.last = self.start = s.i
            self._exec(s.token)
        elif s.key == "SELECT" or (s.key == "(" and self._select_in_parentheses()):
            statement.flags.add("select")
            selects = s.i
            if s.key == "SELECT":
                s.i += 1
            body = s.body(Body())
            self._finish(statement, body)
            if s.tokens[selects + 1].key == "*" or body.stars:
                statement.flags.add("star")
        elif s.key == "WITH" and s.ahead().kind in (WORD, QUOTED):
            statement.flags.add("select")
        elif "values" not in statement.flags:
            raise s.surprise("expected VALUES, SELECT, EXEC or DEFAULT VALUES")
        return False

    def _update(self, token: Token) -> bool:
        s = self.s
        if s.ahead().key == "STATISTICS":
            statement = self._add("UPDATE STATISTICS", token)
            s.i += 2
            statement.names.append(s.name())
            rest(s)
            return False
        statement = self._add("UPDATE", token)
        s.i += 1
        self._top(statement)
        self._modification_target(statement)
        if s.key != "SET":
            raise s.surprise("expected SET")
        self._finish(statement, s.body(Body(), Place(assign=True)))
        return False

    def _delete(self, token: Token) -> bool:
        s = self.s
        statement = self._add("DELETE", token)
        s.i += 1
        self._top(statement)
        s.take("FROM")
        self._modification_target(statement)
        if not s.at_end() and s.key not in ("FROM", "WHERE", "OUTPUT", "OPTION"):
            raise s.surprise("expected FROM, WHERE, OUTPUT or the end of the statement")
        self._finish(statement, s.body(Body()))
        return False

    def _merge(self, token: Token) -> bool:
        s = self.s
        statement = self._add("MERGE", token)
        s.i += 1
        self._top(statement)
        s.take("INTO")
        self._modification_target(statement)
        start = s.i
        self._finish(statement, s.body(Body(), Place(merge=True)))
        words = s.tokens[start : s.i]
        values = any(
            one.key == "USING" and two.key == "(" and three.key == "VALUES"
            for one, two, three in zip(words, words[1:], words[2:])
        )
        if values:
            statement.flags.add("values")
        for one, two in zip(words, words[1:]):
            if one.key == "THEN" and two.key in ("UPDATE", "DELETE", "INSERT"):
                statement.flags.add(two.key.lower())
            if one.key == "BY" and two.key == "SOURCE":
                statement.flags.add("by source")
        if not statement.flags & {"update", "delete", "insert"}:
            raise s.surprise("expected WHEN ... THEN")
        return False

    def _with(self, token: Token) -> bool:
        """Common table expressions, and the statement they belong to."""
        s = self.s
        start = s.i
        s.i += 1
        names: set[str] = set()
        limited: set[str] = set()
        if s.key in ("XMLNAMESPACES", "CHANGE_TRACKING_CONTEXT") and s.ahead().key == "(":
            s.i += 1
            s.group()
            if s.take(","):
                self._cte(names, limited)
        else:
            self._cte(names, limited)
        if s.key not in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE") and s.key != "(":
            raise s.surprise("expected the statement that the common table expressions belong to")
        count = len(self.found)
        self.ctes = frozenset(names)
        sources = [name for name in self._cte_sources if name.base.lower() not in names or name.schema]
        try:
            if s.key == "(":
                if not self._select_in_parentheses():
                    raise s.surprise("expected SELECT")
                statement = self._add("SELECT", s.token)
                self._finish(statement, s.body(Body(), Place(select=True)))
            else:
                _HANDLERS[s.key](self, s.token)
        finally:
            self.ctes = frozenset()
            for statement in self.found[count:]:
                statement.sources.extend(sources)
                statement.first = min(statement.first, start)
                if statement.name is not None and statement.name.base.lower() in names and not statement.name.schema:
                    statement.flags.add("cte")
                    if statement.name.base.lower() in limited:
                        statement.options.setdefault("top", "cte")
                statement.actions.extend(Action("STAR", star) for star in self._cte_stars)
        return False

    def _cte(self, names: set[str], limited: set[str]) -> None:
        s = self.s
        self._cte_sources = []
        self._cte_stars = []
        while True:
            name = string_value(s.identifier()).lower()
            names.add(name)
            if s.key == "(":
                s.group()
            s.need("AS")
            if s.key != "(":
                raise s.surprise("expected (")
            body = Body()
            start = s.i
            s.body(body, Place(stop_after_group=True))
            if s.tokens[start + 1].key == "SELECT" and s.tokens[start + 2].key == "TOP":
                limited.add(name)
            self._cte_sources.extend(body.sources)
            self._cte_stars.extend(body.stars)
            if not s.take(","):
                return

    def _truncate(self, token: Token) -> bool:
        s = self.s
        statement = self._add("TRUNCATE TABLE", token)
        s.i += 1
        s.need("TABLE")
        statement.names.append(s.name())
        if s.take("WITH"):
            s.group()
            statement.flags.add("partitions")
        s.need_end()
        return False

    # -- EXEC

    def _exec(self, token: Token) -> bool:
        s = self.s
        statement = self._add("EXEC", token)
        s.i += 1
        if s.key == "AS" and s.ahead().key in ("USER", "LOGIN", "CALLER", "OWNER", "SELF"):
            statement.kind = "EXECUTE AS"
            rest(s)
            return False
        if s.key == "(":
            self._exec_string(statement)
            return False
        if s.token.kind == VARIABLE and s.ahead().key == "=":
            s.i += 2
        if s.token.kind == VARIABLE:
            statement.flags.add("variable")
            s.i += 1
        elif s.token.kind == STRING:
            # EXEC 'name' is not T-SQL's, but some servers of the family take it
            statement.names.append(name_from_text(string_value(s.token), s.token))
            s.i += 1
        else:
            statement.names.append(s.name())
        self._exec_arguments(statement)
        return False

    def _exec_arguments(self, statement: Statement) -> None:
        s = self.s
        if s.key == ";" and s.ahead().kind == NUMBER and s.back() is not None and s.back() is not statement.token:
            s.i += 2  # the number of a procedure in a group: name;1
        if not s.at_end():
            while True:
                name = ""
                if s.token.kind == VARIABLE and s.ahead().key == "=":
                    name = s.token.text.lower()
                    s.i += 2
                s.take_one("-", "+")
                if s.token.kind not in (STRING, NUMBER, VARIABLE, WORD, QUOTED) or s.at_end():
                    raise s.surprise("expected an argument")
                statement.args.append(Argument(name, s.token))
                s.i += 1
                while s.key == "." and s.ahead().kind in (WORD, QUOTED):
                    s.i += 2
                s.take_one("OUTPUT", "OUT", "READONLY")
                if s.key == "+":
                    # not allowed by the server; noted so that the rules call it what it is
                    statement.flags.add("concatenated")
                    s.i += 1
                    continue
                if not s.take(","):
                    break
        self._call_options()
        if not s.at_end():
            raise s.surprise("expected the end of the call")

    def _call_options(self) -> None:
        s = self.s
        if s.key == "WITH" and s.ahead().key in ("RECOMPILE", "RESULT"):
            s.i += 1
            if not s.take("RECOMPILE"):
                s.i += 1
                s.need("SETS")
                if s.key == "(":
                    s.group()
                else:
                    s.need("UNDEFINED", "NONE")

    def _exec_string(self, statement: Statement) -> None:
        s = self.s
        start = s.i + 1
        s.group()
        pieces: list[Token] = []
        expected = True
        tokens = s.tokens[start : s.i - 1]
        for index, token in enumerate(tokens):
            if token.key == ",":
                statement.args.extend(Argument("", one) for one in tokens[index + 1 :] if one.key != ",")
                break
            if expected and token.kind in (STRING, VARIABLE, QUOTED):
                pieces.append(token)
            elif expected or token.key != "+":
                statement.flags.add("expression")
            expected = not expected
        statement.nested.append(Nested(pieces))
        if s.take("AS"):
            s.need("LOGIN", "USER")
            s.need("=")
            s.i += 1
            statement.flags.add("as")
        if s.take("AT"):
            if s.take("DATA_SOURCE"):
                pass
            s.identifier()
            statement.flags.add("remote")
        self._call_options()
        s.need_end()

    # -- CREATE

    def _create(self, token: Token) -> bool:
        s = self.s
        start = s.i
        s.i += 1
        verb = "CREATE"
        if s.take("OR", "ALTER"):
            verb = "CREATE OR ALTER"
        key = s.key
        if key in _MODULES:
            return self._module(token, verb, start)
        if verb != "CREATE":
            raise s.surprise("expected PROCEDURE, VIEW, FUNCTION or TRIGGER")
        if key == "TABLE":
            return self._create_table(token)
        if key in (
            "UNIQUE",
            "CLUSTERED",
            "NONCLUSTERED",
            "COLUMNSTORE",
            "INDEX",
            "PRIMARY",
            "XML",
            "SPATIAL",
            "VECTOR",
            "JSON",
        ):
            if key == "XML" and s.ahead().key == "SCHEMA":
                return self._plain_create(token, "XML SCHEMA COLLECTION", 3)
            return self._create_index(token)
        if key == "SCHEMA":
            return self._create_schema(token)
        if key == "TYPE":
            return self._create_type(token)
        if key == "SYNONYM":
            statement = self._add("CREATE SYNONYM", token)
            s.i += 1
            statement.names.append(s.name())
            s.need("FOR")
            statement.names.append(s.name())
            s.need_end()
            return False
        if key == "FULLTEXT":
            statement = self._add("CREATE FULLTEXT", token)
            s.i += 1
            s.need("INDEX", "CATALOG", "STOPLIST")
            rest(s)
            return False
        if key == "PARTITION":
            return self._plain_create(token, f"PARTITION {s.ahead().key}", 2)
        if key in ("SEQUENCE", "USER", "ROLE", "LOGIN", "STATISTICS", "DEFAULT", "RULE", "DATABASE"):
            return self._plain_create(token, key, 1)
        if key == "APPLICATION" and s.ahead().key == "ROLE":
            return self._plain_create(token, "APPLICATION ROLE", 2)
        raise s.surprise("expected a kind of object that the linter knows")

    def _plain_create(self, token: Token, kind: str, words: int) -> bool:
        s = self.s
        statement = self._add(f"CREATE {kind}", token)
        s.i += words
        statement.names.append(s.name())
        self._finish(statement, rest(s))
        return False

    def _create_schema(self, token: Token) -> bool:
        s = self.s
        statement = self._add("CREATE SCHEMA", token)
        s.i += 1
        if s.key != "AUTHORIZATION":
            statement.names.append(s.name())
        if s.take("AUTHORIZATION"):
            s.identifier()
        s.need_end()
        return False

    def _create_table(self, token: Token) -> bool:
        s = self.s
        statement = self._add("CREATE TABLE", token)
        s.i += 1
        statement.names.append(s.name())
        if s.take("AS"):
            s.need("NODE", "EDGE", "FILETABLE")
            rest(s)
            return False
        if s.key != "(":
            raise s.surprise("expected (")
        s.i += 1
        items(s, statement, inside=True)
        s.need(")")
        while True:
            if s.take("AS"):
                s.need("NODE", "EDGE")
            elif s.take_one("ON", "TEXTIMAGE_ON", "FILESTREAM_ON"):
                if s.token.kind == STRING or s.key == "DEFAULT":
                    s.i += 1
                else:
                    s.identifier()
                if s.key == "(":
                    s.group()
            elif s.key == "WITH" and s.ahead().key == "(":
                s.i += 1
                statement.options.update(index_options(s))
            else:
                break
        s.need_end()
        return False

    def _create_type(self, token: Token) -> bool:
        s = self.s
        statement = self._add("CREATE TYPE", token)
        s.i += 1
        statement.names.append(s.name())
        if s.take("FROM"):
            column = Column("", s.token)
            data_type(s, column)
            if not s.take("NOT", "NULL"):
                s.take("NULL")
        elif s.take("AS"):
            s.need("TABLE")
            statement.flags.add("table")
            if s.key != "(":
                raise s.surprise("expected (")
            s.i += 1
            items(s, statement, inside=True)
            s.need(")")
            if s.take("WITH"):
                s.group()
        else:
            s.need("EXTERNAL")
            rest(s)
        s.need_end()
        return False

    def _create_index(self, token: Token) -> bool:
        s = self.s
        statement = self._add("CREATE INDEX", token)
        words: list[str] = []
        while s.key != "INDEX":
            words.append(
                s.need(
                    "UNIQUE", "CLUSTERED", "NONCLUSTERED", "COLUMNSTORE", "PRIMARY", "XML", "SPATIAL", "VECTOR", "JSON"
                )
            )
        s.i += 1
        statement.words = tuple(words)
        index = string_value(s.identifier())
        s.need("ON")
        statement.names.append(s.name())
        action = Action("INDEX", token, index)
        statement.actions.append(action)
        if s.key == "(":
            action.columns = column_list(s)
        while not s.at_end() or s.key == "WITH":
            if s.take("INCLUDE"):
                action.words = (*action.words, *column_list(s))
            elif s.take("WHERE"):
                statement.flags.add("filtered")
                filter_predicate(s)
            elif s.take("ORDER") or s.take("FOR"):
                s.group()
            elif s.key == "WITH" and s.ahead().key == "(":
                s.i += 1
                statement.options.update(index_options(s))
            elif s.take("WITH", "FILLFACTOR", "="):
                s.i += 1
            elif s.take("USING"):
                rest(s)
            elif s.take_one("ON", "FILESTREAM_ON"):
                if s.token.kind == STRING or s.key in ("DEFAULT", "NULL"):
                    s.i += 1
                else:
                    s.identifier()
                if s.key == "(":
                    s.group()
            elif s.key == "WITH":
                # the old spelling, without parentheses
                s.i += 1
                while s.token.kind == WORD and not s.at_end() and s.key != "ON":
                    statement.options[s.key] = "ON"
                    s.i += 1
                    if s.take("="):
                        s.i += 1
                    s.take(",")
            else:
                raise s.surprise("expected INCLUDE, WHERE, WITH, ON or the end of the statement")
        return False

    # -- modules

    def _module(self, token: Token, verb: str, start: int) -> bool:
        s = self.s
        kind = _MODULES[s.key]
        statement = self._add(f"{verb} {kind}", token)
        statement.first = start
        s.i += 1
        statement.names.append(s.name())
        statement.options["after_name"] = str(s.tokens[s.i - 1].end)
        if kind == "TRIGGER":
            s.need("ON")
            if s.take("ALL", "SERVER"):
                statement.flags.add("server")
            elif s.take("DATABASE"):
                statement.flags.add("database")
            else:
                statement.names.append(s.name())
        self._module_header(statement, kind)
        self.module = Module(kind, statement.name, verb, statement)
        statement.last = s.i
        if s.take("EXTERNAL", "NAME"):
            s.name()
            s.need_end()
        return False

    def _module_header(self, statement: Statement, kind: str) -> None:
        """Up to the AS, or a function's BEGIN or RETURN, behind which the body begins."""
        s = self.s
        while True:
            token = s.token
            key = s.key if token.kind == WORD else token.key
            if token.kind == END:
                raise s.surprise(f"expected the body of the {kind.lower()}")
            if key == "(":
                s.group()
                continue
            if key == ";" and s.ahead().kind == NUMBER and kind == "PROCEDURE":
                s.i += 2
                continue
            previous = s.tokens[s.i - 1]
            if key == "AS":
                if previous.key in ("EXECUTE", "EXEC") or (previous.kind == VARIABLE and kind == "PROCEDURE"):
                    s.i += 1
                    continue
                s.i += 1
                return
            if kind == "FUNCTION" and key in ("BEGIN", "RETURN"):
                return
            if key == "WITH":
                s.i += 1
                while True:
                    word = s.need(
                        "SCHEMABINDING", "ENCRYPTION", "VIEW_METADATA", "RECOMPILE", "EXECUTE", "EXEC", "RETURNS", "CALLED"
                        , "NATIVE_COMPILATION", "INLINE", "APPEND", "OFF"
                    )  # fmt: skip
                    if word in ("EXECUTE", "EXEC"):
                        s.need("AS")
                        if s.token.kind == STRING:
                            s.i += 1
                        else:
                            s.need("CALLER", "SELF", "OWNER")
                    elif word == "RETURNS":
                        s.need("NULL")
                        s.need("ON")
                        s.need("NULL")
                        s.need("INPUT")
                    elif word == "CALLED":
                        s.need("ON")
                        s.need("NULL")
                        s.need("INPUT")
                    elif word == "INLINE":
                        s.need("=")
                        s.need("ON", "OFF")
                    else:
                        statement.flags.add(word.lower())
                    if not s.take(","):
                        break
                continue
            if kind == "TRIGGER" and key in ("INSERT", "UPDATE", "DELETE"):
                statement.flags.add(key.lower())
                s.i += 1
                continue
            if kind == "FUNCTION" and key == "RETURNS" and s.ahead().key == "TABLE":
                statement.flags.add("inline")
            if kind == "TRIGGER" and key == "INSTEAD":
                statement.flags.add("instead")
            if key in STARTERS and token.kind == WORD:
                raise s.surprise(f"expected the AS of the {kind.lower()}")
            if key == ";":
                raise s.surprise(f"expected the AS of the {kind.lower()}")
            s.skip()

    # -- ALTER

    def _alter(self, token: Token) -> bool:
        s = self.s
        start = s.i
        s.i += 1
        key = s.key
        if key in _MODULES:
            return self._module(token, "ALTER", start)
        if key == "TABLE":
            statement = self._add("ALTER TABLE", token)
            s.i += 1
            statement.names.append(s.name())
            alter_table(s, statement)
            s.need_end()
            return False
        if key == "INDEX":
            return self._alter_index(token)
        if key == "SCHEMA":
            statement = self._add("ALTER SCHEMA", token)
            s.i += 1
            statement.names.append(s.name())
            s.need("TRANSFER")
            if s.ahead().key == "::":
                s.i += 2
            statement.names.append(s.name())
            s.need_end()
            return False
        if key == "AUTHORIZATION":
            self._add("ALTER AUTHORIZATION", token)
            rest(s)
            return False
        if key == "SERVER" and s.ahead().key != "ROLE":
            self._add("ALTER SERVER", token)
            rest(s)
            return False
        if key == "DATABASE":
            return self._alter_database(token)
        if key == "ROLE" or (key == "SERVER" and s.ahead().key == "ROLE"):
            statement = self._add("ALTER ROLE", token)
            s.i += 2 if key == "SERVER" else 1
            statement.names.append(s.name())
            if s.take("WITH"):
                statement.words = ("NAME",)
                s.need("NAME")
                s.need("=")
                s.identifier()
            else:
                statement.words = (s.need("ADD", "DROP"),)
                s.need("MEMBER")
                s.identifier()
            s.need_end()
            return False
        for kind in ("SEQUENCE", "USER", "LOGIN", "XML SCHEMA COLLECTION", "PARTITION FUNCTION", "PARTITION SCHEME"):
            words = kind.split()
            if s.take(*words):
                statement = self._add(f"ALTER {kind}", token)
                statement.names.append(s.name())
                start = s.i
                if kind == "PARTITION FUNCTION":
                    s.group()
                    s.need("SPLIT", "MERGE")
                elif kind == "XML SCHEMA COLLECTION":
                    s.need("ADD")
                rest(s)
                statement.words = tuple(one.key for one in s.tokens[start : s.i] if one.kind == WORD)
                return False
        if key == "FULLTEXT":
            statement = self._add("ALTER FULLTEXT", token)
            s.i += 1
            s.need("INDEX", "CATALOG", "STOPLIST")
            start = s.i
            while not s.at_end() or s.key in ("ADD", "DROP", "ALTER", "SET", "WITH"):
                if s.key == "(":
                    s.group()
                else:
                    if s.key in ("DROP", "ALTER") and s.ahead().key in ("TABLE", "COLUMN") and s.key == "DROP":
                        break
                    s.skip()
            statement.words = tuple(one.key for one in s.tokens[start : s.i] if one.kind == WORD)
            return False
        raise s.surprise("expected a kind of object that the linter knows")

    def _alter_index(self, token: Token) -> bool:
        s = self.s
        statement = self._add("ALTER INDEX", token)
        s.i += 1
        index = "ALL" if s.take("ALL") else string_value(s.identifier())
        s.need("ON")
        statement.names.append(s.name())
        statement.actions.append(Action("INDEX", token, index))
        word = s.need("REBUILD", "REORGANIZE", "DISABLE", "SET", "RESUME", "PAUSE", "ABORT")
        statement.words = (word,)
        if s.take("PARTITION"):
            s.need("=")
            s.i += 1
        if s.key == "WITH" and s.ahead().key == "(":
            s.i += 1
            statement.options.update(index_options(s))
        elif word == "SET":
            statement.options.update(index_options(s))
        s.need_end()
        return False

    def _alter_database(self, token: Token) -> bool:
        s = self.s
        self._add("ALTER DATABASE", token)
        s.i += 1
        if s.take("SCOPED"):
            s.need("CONFIGURATION", "CREDENTIAL")
        elif s.take("AUDIT", "SPECIFICATION") or s.take("ENCRYPTION", "KEY"):
            pass
        else:
            s.identifier()
        if s.key in ("SET", "ADD", "WITH"):
            s.i += 1
        rest(s)
        if s.key == "ROLLBACK" and s.ahead().key in ("IMMEDIATE", "AFTER"):
            s.i += 2
            rest(s)
        return False

    # -- DROP

    def _drop(self, token: Token) -> bool:
        s = self.s
        s.i += 1
        key = s.key
        if key == "PARTITION" and s.ahead().key in ("FUNCTION", "SCHEME"):
            return self._plain_drop(token, f"PARTITION {s.ahead().key}", 2)
        if key == "XML" and s.ahead().key == "SCHEMA":
            return self._plain_drop(token, "XML SCHEMA COLLECTION", 3)
        if key == "APPLICATION" and s.ahead().key == "ROLE":
            return self._plain_drop(token, "APPLICATION ROLE", 2)
        if key == "FULLTEXT":
            statement = self._add("DROP FULLTEXT", token)
            s.i += 1
            s.need("INDEX", "CATALOG", "STOPLIST")
            s.take("ON")
            statement.names.append(s.name())
            s.need_end()
            return False
        if key == "INDEX":
            return self._drop_index(token)
        if key in _DROPS:
            return self._plain_drop(token, _DROPS[key], 1)
        raise s.surprise("expected a kind of object that the linter knows")

    def _plain_drop(self, token: Token, kind: str, words: int) -> bool:
        s = self.s
        statement = self._add(f"DROP {kind}", token)
        s.i += words
        if s.take("IF", "EXISTS"):
            statement.flags.add("if exists")
        statement.names.append(s.name())
        if s.key == "(":
            s.group()
        while s.take(","):
            statement.names.append(s.name())
        if kind == "TRIGGER" and s.take("ON"):
            if not s.take("ALL", "SERVER"):
                s.need("DATABASE")
            statement.flags.add("ddl")
        if kind == "ASSEMBLY" and s.take("WITH"):
            s.i += 2
        s.need_end()
        return False

    def _drop_index(self, token: Token) -> bool:
        s = self.s
        statement = self._add("DROP INDEX", token)
        s.i += 1
        if s.take("IF", "EXISTS"):
            statement.flags.add("if exists")
        while True:
            name = s.name()
            action = Action("INDEX", name.token, name.base)
            statement.actions.append(action)
            if s.take("ON"):
                table = s.name()
                if s.key == "WITH" and s.ahead().key == "(":
                    s.i += 1
                    action.options.update(index_options(s))
            elif len(name.parts) > 1:
                table = Name(name.parts[:-1], name.token)
            else:
                raise s.surprise("expected ON and the table")
            action.target = table
            statement.names.append(table)
            if not s.take(","):
                break
        s.need_end()
        return False

    # -- the rest

    def _trigger_switch(self, token: Token) -> None:
        s = self.s
        word = s.key
        statement = self._add(f"{word} TRIGGER", token)
        s.i += 2
        if not s.take("ALL"):
            s.name()
            while s.take(","):
                s.name()
        s.need("ON")
        if not (s.take("ALL", "SERVER") or s.take("DATABASE")):
            statement.names.append(s.name())
        s.need_end()

    def _permission(self, token: Token) -> bool:
        s = self.s
        statement = self._add(token.key, token)
        s.i += 1
        s.take("GRANT", "OPTION", "FOR")
        phrase = True
        while True:
            key = s.key
            if s.token.kind == END or key == ";":
                raise s.surprise("expected ON or TO")
            if key in ("ON", "TO") or (key == "FROM" and token.key == "REVOKE"):
                break
            if key == "(":
                s.group()
                continue
            if key == ",":
                phrase = True
                s.i += 1
                continue
            if s.token.kind != WORD or (key in STARTERS and not (phrase and key in _PERMISSION_STARTS)):
                raise s.surprise("expected a permission")
            phrase = key == "ALTER" and s.ahead().key == "ANY"
            s.i += 1
        if s.take("ON"):
            if s.ahead().key == "::" or s.ahead(2).key == "::" or s.ahead(3).key == "::":
                while s.key != "::":
                    s.skip()
                s.i += 1
            statement.names.append(s.name())
            if s.key == "(":
                s.group()
        s.need("TO", "FROM")
        while True:
            s.identifier()
            if not s.take(","):
                break
        if s.take("WITH"):
            s.need("GRANT")
            s.need("OPTION")
        s.take("CASCADE")
        if s.take("AS"):
            s.identifier()
        s.need_end()
        return False

    def _use(self, token: Token) -> bool:
        s = self.s
        statement = self._add("USE", token)
        s.i += 1
        statement.names.append(s.name())
        s.need_end()
        return False

    def _dbcc(self, token: Token) -> bool:
        s = self.s
        statement = self._add("DBCC", token)
        s.i += 1
        statement.words = (s.key,)
        s.identifier()
        if s.key == "(":
            start, end = s.group()
            inside = s.tokens[start:end]
            statement.args.extend(Argument("", one) for one in inside if one.key != ",")
        if s.take("WITH"):
            while s.token.kind == WORD and not s.at_end():
                s.i += 1
                s.take(",")
        s.need_end()
        return False

    def _server_wide(self, token: Token) -> bool:
        """BACKUP, RESTORE, SHUTDOWN, RECONFIGURE, KILL, ...: refused whole, so their words carry no meaning."""
        self._add(token.key, token)
        self.s.i += 1
        rest(self.s)
        return False

    def _bulk(self, token: Token) -> bool:
        s = self.s
        statement = self._add("BULK INSERT", token)
        s.i += 1
        s.need("INSERT")
        statement.names.append(s.name())
        s.need("FROM")
        if s.token.kind != STRING:
            raise s.surprise("expected a file")
        s.i += 1
        if s.take("WITH"):
            s.group()
        s.need_end()
        return False

    def _open(self, token: Token) -> bool:
        return self._simple(token)


_SET_OPTIONS = frozenset(
    """NOCOUNT ANSI_NULLS QUOTED_IDENTIFIER ANSI_PADDING ANSI_WARNINGS ARITHABORT ARITHIGNORE
    CONCAT_NULL_YIELDS_NULL NUMERIC_ROUNDABORT XACT_ABORT DATEFORMAT DATEFIRST LANGUAGE ROWCOUNT
    DEADLOCK_PRIORITY TEXTSIZE CONTEXT_INFO FMTONLY SHOWPLAN_ALL SHOWPLAN_TEXT SHOWPLAN_XML PARSEONLY NOEXEC
    IMPLICIT_TRANSACTIONS ANSI_DEFAULTS ANSI_NULL_DFLT_ON ANSI_NULL_DFLT_OFF CURSOR_CLOSE_ON_COMMIT FORCEPLAN
    LOCK_TIMEOUT QUERY_GOVERNOR_COST_LIMIT FIPS_FLAGGER REMOTE_PROC_TRANSACTIONS""".split()  # noqa: SIM905
)

_HANDLERS: dict[str, Callable[[Classifier, Token], bool]] = {
    "IF": Classifier._if,
    "WHILE": Classifier._if,
    "ELSE": Classifier._else,
    "BEGIN": Classifier._begin,
    "END": Classifier._end,
    "COMMIT": Classifier._end_transaction,
    "ROLLBACK": Classifier._end_transaction,
    "SAVE": Classifier._end_transaction,
    "PRINT": Classifier._simple,
    "RETURN": Classifier._simple,
    "RAISERROR": Classifier._simple,
    "FETCH": Classifier._simple,
    "OPEN": Classifier._open,
    "CLOSE": Classifier._simple,
    "DEALLOCATE": Classifier._simple,
    "CHECKPOINT": Classifier._simple,
    "GOTO": Classifier._goto,
    "BREAK": Classifier._word,
    "CONTINUE": Classifier._word,
    "WAITFOR": Classifier._waitfor,
    "DECLARE": Classifier._declare,
    "SET": Classifier._set,
    "SELECT": Classifier._select,
    "INSERT": Classifier._insert,
    "UPDATE": Classifier._update,
    "DELETE": Classifier._delete,
    "MERGE": Classifier._merge,
    "WITH": Classifier._with,
    "TRUNCATE": Classifier._truncate,
    "EXEC": Classifier._exec,
    "EXECUTE": Classifier._exec,
    "CREATE": Classifier._create,
    "ALTER": Classifier._alter,
    "DROP": Classifier._drop,
    "GRANT": Classifier._permission,
    "DENY": Classifier._permission,
    "REVOKE": Classifier._permission,
    "USE": Classifier._use,
    "BULK": Classifier._bulk,
    "DBCC": Classifier._dbcc,
    "BACKUP": Classifier._server_wide,
    "RESTORE": Classifier._server_wide,
    "SHUTDOWN": Classifier._server_wide,
    "RECONFIGURE": Classifier._server_wide,
    "KILL": Classifier._server_wide,
    "REVERT": Classifier._word,
    "SETUSER": Classifier._server_wide,
}


def classify(tokens: Sequence[Token], length: int) -> list[Statement]:
    """The statements of one batch. ``length`` is where the text ends, for what is missing there."""
    return Classifier(tokens, length).run()
