# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches and statements: the upper half of the parser."""

from __future__ import annotations

from typing import Any

from ..errors import SqlError, refusal, syntax
from . import lexer
from . import nodes as n
from .definitions import DefinitionParser
from .expressions import RESERVED

_ASSIGN = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="})
_KNOWN_UNSUPPORTED = frozenset(
    {
        "BACKUP",
        "RESTORE",
        "DBCC",
        "CHECKPOINT",
        "KILL",
        "SHUTDOWN",
        "BULK",
        "CURSOR",
        "OPEN",
        "CLOSE",
        "FETCH",
        "DEALLOCATE",
        "GOTO",
        "RECONFIGURE",
        "REVERT",
        "SETUSER",
        "DISABLE",
        "ENABLE",
        "LOAD",
        "READTEXT",
        "WRITETEXT",
        "UPDATETEXT",
        "ADD",
        "GET",
        "MOVE",
        "RECEIVE",
        "SEND",
    }
)
_ON_OFF_OPTIONS = frozenset(
    {
        "XACT_ABORT",
        "NOCOUNT",
        "ANSI_NULLS",
        "ANSI_PADDING",
        "ANSI_WARNINGS",
        "ARITHABORT",
        "CONCAT_NULL_YIELDS_NULL",
        "NUMERIC_ROUNDABORT",
        "QUOTED_IDENTIFIER",
        "IMPLICIT_TRANSACTIONS",
        "ANSI_NULL_DFLT_ON",
        "ANSI_NULL_DFLT_OFF",
        "ANSI_DEFAULTS",
        "NOEXEC",
        "PARSEONLY",
        "FMTONLY",
        "CURSOR_CLOSE_ON_COMMIT",
        "REMOTE_PROC_TRANSACTIONS",
        "FORCEPLAN",
        "ARITHIGNORE",
        "NO_BROWSETABLE",
        "SHOWPLAN_TEXT",
        "SHOWPLAN_ALL",
        "SHOWPLAN_XML",
    }
)
_VALUE_OPTIONS = frozenset(
    {
        "LOCK_TIMEOUT",
        "DEADLOCK_PRIORITY",
        "ROWCOUNT",
        "TEXTSIZE",
        "LANGUAGE",
        "DATEFORMAT",
        "DATEFIRST",
        "CONTEXT_INFO",
        "QUERY_GOVERNOR_COST_LIMIT",
    }
)
_MODULE_WORDS = frozenset({"PROC", "PROCEDURE", "VIEW", "TRIGGER", "FUNCTION"})


class Parser(DefinitionParser):
    """`batch()` gives the statements of a batch, or raises: a batch with a syntax error runs nothing."""

    def batch(self) -> list[n.Statement]:
        try:
            return self._batch()
        except RecursionError:
            raise SqlError(
                191,
                "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up "
                "into smaller queries.",
                15,
                aborts="batch",
            ) from None

    def _batch(self) -> list[n.Statement]:
        statements: list[n.Statement] = []
        if self._at_module():
            statements.append(self._module())
            return statements
        first = self.token
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == lexer.END:
                return statements
            if self._at_module():
                word = {"PROC": "PROCEDURE"}.get(self._module_word(), self._module_word())
                raise self.extent(
                    SqlError(
                        111, f"'CREATE/ALTER {word}' must be the first statement in a query batch.", 15, aborts="batch"
                    )
                )
            if self._at_bare_exec(first):
                statements.append(self._spanned(self._exec_call))
                continue
            statements.append(self.statement())

    def _at_bare_exec(self, first: lexer.Token) -> bool:
        """EXEC may be left out in a batch's first statement."""
        token = self.token
        if token is not first or token.kind not in (lexer.WORD, lexer.QUOTED):
            return False
        if self.up(1) == ":":
            return False
        return token.kind == lexer.QUOTED or (
            token.up not in RESERVED and token.up != "THROW" and token.up not in _KNOWN_UNSUPPORTED
        )

    def _spanned(self, parse: Any) -> n.Statement:
        start = self.token
        self.depth += 1
        if self.depth > 100:
            raise SqlError(191, "Some part of your SQL statement is nested too deeply.", 15, aborts="batch")
        statement: n.Statement = parse()
        self.depth -= 1
        n.place(statement, start.start, self.tokens[self.i - 1].end, lexer.line_of(self.source, start.start))
        return statement

    def statement(self) -> n.Statement:
        statement = self._spanned(self._statement)
        while self.accept(";"):
            pass
        return statement

    def _statement(self) -> n.Statement:
        token = self.token
        up = token.up if token.kind != lexer.VARIABLE else ""
        method = getattr(self, "_s_" + up.lower(), None) if up.isalpha() or "_" in up else None
        if method is not None:
            statement: n.Statement = method()
            return statement
        if token.up == "(" and self.up(1) in ("SELECT", "("):
            return n.SelectStatement(self.query())
        if up in _KNOWN_UNSUPPORTED:
            raise refusal(f"the statement {up}", self.source[token.start :])
        if token.kind == lexer.WORD and self.up(1) == ":":
            raise refusal("labels", self.source[token.start :])
        raise self.unexpected()

    # ---- data

    def _s_select(self) -> n.Statement:
        return n.SelectStatement(self.query())

    def _s_with(self) -> n.Statement:
        if self.up(1) == "XMLNAMESPACES":
            raise refusal("WITH XMLNAMESPACES", self.source)
        ctes = self.ctes()
        up = self.up()
        if up in ("SELECT", "("):
            query = self.query()
            if isinstance(query, (n.Select, n.SetOperation)):
                query.ctes = ctes
            return n.SelectStatement(query)
        if up not in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            raise self.unexpected()
        statement: Any = getattr(self, "_s_" + up.lower())()
        statement.ctes = ctes
        return statement  # type: ignore[no-any-return]

    def _target(self) -> n.Name:
        if self.token.kind == lexer.VARIABLE:
            self.i += 1
            return (self.tokens[self.i - 1].text.lower(),)
        return self.name()

    def _s_insert(self) -> n.Statement:
        self.expect("INSERT")
        top, _unused = self.top()
        self.accept("INTO")
        insert = n.Insert(self._target(), [], None, top=top)
        insert.hints = self.hints()
        if self.up() == "(" and self.up(1) not in ("SELECT", "WITH", "("):
            insert.columns = self.column_list()
        insert.output = self._output()
        if self.accept("DEFAULT", "VALUES"):
            return insert
        if self.up() in ("EXEC", "EXECUTE"):
            call = self._spanned(self._s_exec)
            if not isinstance(call, n.Exec):
                raise refusal("INSERT ... EXEC of a string", self.source)
            insert.rows = call
            return insert
        insert.rows = self.query()
        return insert

    def _output(self) -> n.OutputClause | None:
        if self.up() != "OUTPUT":
            return None
        self.i += 1
        output = n.OutputClause(self.select_items())
        if self.accept("INTO"):
            output.into = self._target()
            if self.up() == "(":
                output.into_columns = self.column_list()
        return output

    def _s_update(self) -> n.Statement:
        self.expect("UPDATE")
        if self.accept("STATISTICS"):
            return self._update_statistics()
        top, _unused = self.top()
        update = n.Update(self._target(), [], top=top)
        update.hints = self.hints()
        self.expect("SET")
        update.assignments = self._assignments()
        update.output = self._output()
        if self.accept("FROM"):
            update.source = self.sources()
        if self.accept("WHERE"):
            update.where = self._where()
        self.query_option()
        return update

    def _update_statistics(self) -> n.Statement:
        """UPDATE STATISTICS table [index or (indexes)] [WITH option, ...]"""
        statement = n.UpdateStatistics(self.name(), [])
        if self.up() == "(":
            statement.names = self.column_list()
        elif self.token.kind == lexer.QUOTED or (self.token.kind == lexer.WORD and self.up() not in RESERVED):
            statement.names = [self.identifier()]
        if self.accept("WITH"):
            while self.token.kind != lexer.END and self.up() != ";" and not self._at_statement():
                self.i += 1
        return statement

    def _at_statement(self) -> bool:
        """Whether a statement begins here. ON and OFF, INDEX and COLUMNS are options' words."""
        return self.token.kind == lexer.WORD and hasattr(self, "_s_" + self.up().lower())

    def _where(self) -> n.Expr:
        if self.at("CURRENT", "OF"):
            raise refusal("WHERE CURRENT OF", self.source)
        return self.expression()

    def _assignments(self) -> list[n.Assignment]:
        found = []
        while True:
            variable = ""
            if self.token.kind == lexer.VARIABLE:
                variable = self.token.text.lower()
                self.i += 1
                self.expect("=")
                if self.token.kind == lexer.VARIABLE or self.up(1) not in _ASSIGN:
                    raise refusal("UPDATE ... SET @variable = expression", self.source)
            name = self.name()
            op = self.up()
            if op not in _ASSIGN:
                raise self.unexpected()
            self.i += 1
            found.append(n.Assignment(name[-1], op, self.expression(), variable))
            if not self.accept(","):
                return found

    def _s_delete(self) -> n.Statement:
        self.expect("DELETE")
        top, _unused = self.top()
        self.accept("FROM")
        delete = n.Delete(self._target(), top=top)
        delete.hints = self.hints()
        delete.output = self._output()
        if self.accept("FROM"):
            delete.source = self.sources()
        if self.accept("WHERE"):
            delete.where = self._where()
        self.query_option()
        return delete

    def _s_merge(self) -> n.Statement:
        self.expect("MERGE")
        if self.up() == "TOP":
            raise refusal("MERGE TOP", self.source)
        self.accept("INTO")
        target = self._target()
        self.hints()
        alias = self.alias()
        self.expect("USING")
        source = self.joined()
        self.expect("ON")
        merge = n.Merge(target, alias, source, self.expression(), [])
        while self.accept("WHEN"):
            merge.whens.append(self._merge_when())
        merge.output = self._output()
        self.query_option()
        if self.up() != ";":
            raise self.extent(
                SqlError(10713, "A MERGE statement must be terminated by a semi-colon (;).", 15, aborts="batch")
            )
        return merge

    def _merge_when(self) -> n.MergeWhen:
        matched = "MATCHED"
        if self.accept("NOT"):
            self.expect("MATCHED")
            matched = "NOT MATCHED"
            if self.accept("BY", "SOURCE"):
                matched = "NOT MATCHED BY SOURCE"
            else:
                self.accept("BY", "TARGET")
        else:
            self.expect("MATCHED")
        when = n.MergeWhen(matched, None, "")
        if self.accept("AND"):
            when.condition = self.expression()
        self.expect("THEN")
        when.action = self.up()
        if self.accept("DELETE"):
            return when
        if self.accept("UPDATE"):
            self.expect("SET")
            when.assignments = self._assignments()
            return when
        self.expect("INSERT")
        if self.up() == "(":
            when.columns = self.column_list()
        if self.accept("DEFAULT", "VALUES"):
            return when
        self.expect("VALUES", "(")
        when.row = self.expression_list()
        self.expect(")")
        return when

    def _s_truncate(self) -> n.Statement:
        self.expect("TRUNCATE", "TABLE")
        name = self.name()
        if self.up() == "WITH":
            raise refusal("TRUNCATE TABLE of partitions", self.source)
        return n.Truncate(name)

    # ---- control of flow

    def _s_begin(self) -> n.Statement:
        self.expect("BEGIN")
        if self.up() in ("TRAN", "TRANSACTION"):
            self.i += 1
            return self._transaction("BEGIN")
        if self.up() in ("DISTRIBUTED", "DIALOG", "CONVERSATION"):
            raise refusal(f"BEGIN {self.up()}", self.source)
        if self.accept("TRY"):
            body = self._spanned(lambda: self._block("TRY"))
            while self.accept(";"):
                pass
            self.expect("BEGIN", "CATCH")
            handler = self._spanned(lambda: self._block("CATCH"))
            assert isinstance(body, n.Block) and isinstance(handler, n.Block)
            return n.TryCatch(body, handler)
        return self._block("")

    def _block(self, word: str) -> n.Block:
        body: list[n.Statement] = []
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == lexer.END:
                raise self.unexpected()
            if self.up() == "END" and (not word or self.up(1) == word):
                self.i += 2 if word else 1
                if not body and not word:
                    raise syntax("END", lexer.line_of(self.source, self.tokens[self.i - 1].start))
                return n.Block(body)
            body.append(self.statement())

    def _transaction(self, action: str) -> n.Transaction:
        name = ""
        if (
            self.token.kind in (lexer.WORD, lexer.QUOTED, lexer.VARIABLE)
            and self.token.up not in RESERVED
            and (self.token.up not in ("THROW",))
        ):
            name = self.token.text
            self.i += 1
        if action == "BEGIN" and self.accept("WITH", "MARK"):
            self.i += 1
        if action == "COMMIT" and self.up() == "WITH" and self.up(1) == "(":
            self.i += 1
            self.skip_parentheses()
        return n.Transaction(action, name)

    def _s_commit(self) -> n.Statement:
        self.expect("COMMIT")
        if self.up() in ("TRAN", "TRANSACTION"):
            self.i += 1
            return self._transaction("COMMIT")
        self.accept("WORK")
        return n.Transaction("COMMIT")

    def _s_rollback(self) -> n.Statement:
        self.expect("ROLLBACK")
        if self.up() in ("TRAN", "TRANSACTION"):
            self.i += 1
            return self._transaction("ROLLBACK")
        self.accept("WORK")
        return n.Transaction("ROLLBACK")

    def _s_save(self) -> n.Statement:
        self.expect("SAVE")
        if self.up() not in ("TRAN", "TRANSACTION"):
            raise self.unexpected()
        self.i += 1
        return self._transaction("SAVE")

    def _s_if(self) -> n.Statement:
        self.expect("IF")
        condition = self.expression()
        then = self.statement()
        otherwise = self.statement() if self.accept("ELSE") else None
        return n.If(condition, then, otherwise)

    def _s_while(self) -> n.Statement:
        self.expect("WHILE")
        condition = self.expression()
        return n.While(condition, self.statement())

    def _s_break(self) -> n.Statement:
        self.expect("BREAK")
        return n.Break()

    def _s_continue(self) -> n.Statement:
        self.expect("CONTINUE")
        return n.Continue()

    def _s_return(self) -> n.Statement:
        self.expect("RETURN")
        token = self.token
        ends = (
            token.kind == lexer.END
            or token.up in (";", "END", "ELSE")
            or (
                token.kind == lexer.WORD
                and hasattr(self, "_s_" + token.up.lower())
                and token.up not in ("LEFT", "RIGHT")
            )
        )
        return n.Return(None if ends else self.expression())

    def _s_waitfor(self) -> n.Statement:
        self.expect("WAITFOR")
        if self.up() != "DELAY":
            raise refusal("WAITFOR without DELAY", self.source)
        self.i += 1
        return n.WaitFor(self._postfix())

    def _s_print(self) -> n.Statement:
        self.expect("PRINT")
        return n.Print(self.expression())

    def _s_raiserror(self) -> n.Statement:
        self.expect("RAISERROR", "(")
        values = self.expression_list()
        self.expect(")")
        log = False
        if self.accept("WITH"):
            while True:
                if self.up() not in ("NOWAIT", "LOG", "SETERROR"):
                    raise self.unexpected()
                log = log or self.up() == "LOG"
                self.i += 1
                if not self.accept(","):
                    break
        if len(values) < 3:
            raise self.unexpected()
        return n.RaisError(values[0], values[1], values[2], values[3:], log)

    def _s_throw(self) -> n.Statement:
        self.expect("THROW")
        if self.token.kind not in (lexer.INTEGER, lexer.VARIABLE):
            return n.Throw(None, None, None)
        number = self._primary()
        self.expect(",")
        message = self._primary()
        self.expect(",")
        return n.Throw(number, message, self._primary())

    def _s_declare(self) -> n.Statement:
        self.expect("DECLARE")
        items = []
        while True:
            token = self.token
            if token.kind != lexer.VARIABLE:
                if self.up(1) == "CURSOR":
                    raise refusal("cursors", self.source)
                raise self.unexpected()
            self.i += 1
            self.accept("AS")
            name = token.text.lower()
            if self.up() == "CURSOR":
                raise refusal("cursors", self.source)
            if self.accept("TABLE"):
                items.append(n.Declaration(name, None, None, self.create_table_body((name,))))
            elif self._at_user_type():
                items.append(n.Declaration(name, None, None, None, self.name()))
            else:
                kind = self.data_type()
                items.append(n.Declaration(name, kind, self.expression() if self.accept("=") else None))
            if not self.accept(","):
                return n.Declare(items)

    def _at_user_type(self) -> bool:
        return self.up(1) == "." and self.token.text.lower() != "sys"

    def _s_set(self) -> n.Statement:
        self.expect("SET")
        if self.token.kind == lexer.VARIABLE:
            return self._set_variable()
        if self.accept("TRANSACTION", "ISOLATION", "LEVEL"):
            return n.SetOption(
                ["ISOLATION"], self._words("READ", "UNCOMMITTED", "COMMITTED", "REPEATABLE", "SNAPSHOT", "SERIALIZABLE")
            )
        if self.accept("IDENTITY_INSERT"):
            table = self.name()
            return n.SetOption(["IDENTITY_INSERT"], (table, self._on_off()))
        if self.accept("STATISTICS"):
            self._words("IO", "TIME", "XML", "PROFILE", ",")
            return n.SetOption(["STATISTICS"], self._on_off())
        if self.up() in _ON_OFF_OPTIONS:
            options = [self._next_word()]
            while self.accept(","):
                options.append(self._next_word())
            return n.SetOption(options, self._on_off())
        if self.up() in _VALUE_OPTIONS:
            return n.SetOption([self._next_word()], self._option_value())
        raise refusal(f"SET {self.token.text}", self.source)

    def _set_variable(self) -> n.Statement:
        name = self.token.text.lower()
        self.i += 1
        op = self.up()
        if op not in _ASSIGN:
            raise self.unexpected()
        self.i += 1
        return n.SetVariable(name, op, self.expression())

    def _option_value(self) -> Any:
        token = self.token
        if token.kind == lexer.VARIABLE:
            self.i += 1
            return n.Variable(token.text.lower())
        if token.kind == lexer.INTEGER or token.up == "-":
            return self.integer()
        self.i += 1
        return token.text

    def _next_word(self) -> str:
        self.i += 1
        return self.tokens[self.i - 1].up

    def _words(self, *allowed: str) -> str:
        """One or more of these words, joined by blanks."""
        found = []
        while self.up() in allowed:
            found.append(self._next_word())
        if not found:
            raise self.unexpected()
        return " ".join(found)

    def _on_off(self) -> bool:
        if self.accept("ON"):
            return True
        self.expect("OFF")
        return False

    def _s_use(self) -> n.Statement:
        self.expect("USE")
        return n.Use(self.identifier())

    # ---- EXEC

    def _s_exec(self) -> n.Statement:
        self.i += 1
        if self.up() == "(":
            self.i += 1
            text = self.expression()
            self.expect(")")
            if self.up() in ("AT",) or (self.up() == "AS" and self.up(1) in ("USER", "LOGIN")):
                raise refusal("EXEC ... AT / AS", self.source)
            return n.ExecString(text)
        if self.up() == "AS":
            raise refusal("EXECUTE AS", self.source)
        return self._exec_call()

    _s_execute = _s_exec

    def _exec_call(self) -> n.Exec:
        result = ""
        if self.token.kind == lexer.VARIABLE and self.up(1) == "=":
            result = self.token.text.lower()
            self.i += 2
        if self.token.kind == lexer.VARIABLE:
            call = n.Exec((), [], result, self.token.text.lower())
            self.i += 1
        else:
            call = n.Exec(self.name(), [], result)
        while self._at_argument():
            name = ""
            if self.token.kind == lexer.VARIABLE and self.up(1) == "=":
                name = self.token.text.lower()
                self.i += 2
            value = self._argument_value()
            output = False
            if self.up() in ("OUTPUT", "OUT"):
                self.i += 1
                output = True
            call.args.append(n.Argument(name, value, output))
            if not self.accept(","):
                break
        if self.accept("WITH"):
            self.expect("RECOMPILE")
        return call

    def _at_argument(self) -> bool:
        token = self.token
        if token.kind in (lexer.END, lexer.OPERATOR):
            return token.up == "-"
        if token.kind == lexer.WORD:
            return token.up in ("NULL", "DEFAULT") or (token.up not in RESERVED and token.up != "THROW")
        return True

    def _argument_value(self) -> n.Expr:
        token = self.token
        if token.kind in (lexer.WORD, lexer.QUOTED) and token.up not in ("NULL", "DEFAULT"):
            self.i += 1  # a bare word is a string
            return n.Literal("nstring", token.text)
        if self.accept("-"):
            return n.Unary("-", self._primary())
        return self._primary()

    # ---- definitions

    def _s_create(self) -> n.Statement:
        self.expect("CREATE")
        up = self.up()
        if up == "TABLE":
            self.i += 1
            table = self.create_table_body(self.name())
            self.table_options()
            return table
        if up in ("UNIQUE", "CLUSTERED", "NONCLUSTERED", "INDEX", "COLUMNSTORE"):
            return self.create_index()
        if up == "SCHEMA":
            self.i += 1
            return self.create_schema()
        if up == "SEQUENCE":
            self.i += 1
            return self.create_sequence(False)
        if up == "SYNONYM":
            self.i += 1
            name = self.name()
            self.expect("FOR")
            return n.CreateSynonym(name, self.name())
        if up == "TYPE":
            self.i += 1
            return self.create_type()
        if up in ("USER", "ROLE"):
            return self.principal("CREATE")
        raise refusal(f"CREATE {self.token.text}", self.source[self.tokens[self.i - 1].start :])

    def _s_alter(self) -> n.Statement:
        self.expect("ALTER")
        up = self.up()
        if up == "TABLE":
            self.i += 1
            return self.alter_table()
        if up == "INDEX":
            self.i += 1
            return self.alter_index()
        if up == "SEQUENCE":
            self.i += 1
            return self.create_sequence(True)
        if up == "DATABASE":
            self.i += 1
            return self.alter_database()
        if up in ("USER", "ROLE"):
            return self.principal("ALTER")
        if up == "AUTHORIZATION":
            self.i += 1
            return self.alter_authorization()
        if up == "SCHEMA":
            self.i += 1
            schema = self.identifier()
            self.expect("TRANSFER")
            return n.TransferSchema(schema, self.name())
        raise refusal(f"ALTER {self.token.text}", self.source[self.tokens[self.i - 1].start :])

    def _s_drop(self) -> n.Statement:
        return self.drop()

    def _s_grant(self) -> n.Statement:
        return self.permission()

    _s_revoke = _s_grant
    _s_deny = _s_grant

    def _s_enable(self) -> n.Statement:
        enable = self.up() == "ENABLE"
        if self.up(1) != "TRIGGER":
            raise self.unexpected()
        self.i += 2
        names = [] if self.accept("ALL") else [self.name()[-1]]
        while self.accept(","):
            names.append(self.name()[-1])
        self.expect("ON")
        return n.AlterTrigger(self.name(), enable, names)

    _s_disable = _s_enable

    # ---- modules

    def _module_word(self) -> str:
        k = 1
        if self.up(1) == "OR":
            k = 3
        return self.up(k)

    def _at_module(self) -> bool:
        if self.up() not in ("CREATE", "ALTER"):
            return False
        if self.up(1) == "OR" and (self.up() != "CREATE" or self.up(2) != "ALTER"):
            return False
        return self._module_word() in _MODULE_WORDS

    def _module(self) -> n.Statement:
        return self._spanned(self._module_inner)

    def _module_inner(self) -> n.Module:
        mode = self.up()
        self.i += 1
        if self.accept("OR", "ALTER"):
            mode = "CREATE OR ALTER"
        word = self.up()
        self.i += 1
        module = n.Module(
            {"PROC": "P", "PROCEDURE": "P", "VIEW": "V", "TRIGGER": "TR", "FUNCTION": "FN"}[word], self.name(), mode
        )
        module.text = self.source
        {"P": self._procedure, "V": self._view, "TR": self._trigger, "FN": self._function}[module.kind](module)
        while self.accept(";"):
            pass
        if self.token.kind != lexer.END:
            raise self.unexpected()
        return module

    def _parameters(self) -> list[n.Parameter]:
        found: list[n.Parameter] = []
        while self.token.kind == lexer.VARIABLE:
            name = self.token.text.lower()
            self.i += 1
            self.accept("AS")
            parameter = n.Parameter(name, None)
            if self._at_user_type():
                parameter.table_type = self.name()
            else:
                parameter.type = self.data_type()
            if self.up() == "VARYING":
                raise refusal("cursor parameters", self.source)
            if self.accept("NOT", "NULL") or self.accept("NULL"):
                pass
            if self.accept("="):
                parameter.default = self._argument_value()
            if self.up() in ("OUTPUT", "OUT"):
                self.i += 1
                parameter.output = True
            self.accept("READONLY")
            found.append(parameter)
            if not self.accept(","):
                break
        return found

    def _module_options(self, module: n.Module) -> None:
        if self.accept("WITH"):
            while True:
                up = self.up()
                if up in ("EXECUTE", "EXEC"):
                    self.i += 1
                    self.expect("AS")
                    self.i += 1
                elif up in ("RECOMPILE", "SCHEMABINDING", "ENCRYPTION", "VIEW_METADATA"):
                    module.schemabinding = module.schemabinding or up == "SCHEMABINDING"
                    self.i += 1
                elif up == "RETURNS":
                    self.i += 1
                    self.expect("NULL", "ON", "NULL", "INPUT")
                else:
                    raise refusal(f"the module option {self.token.text}", self.source)
                if not self.accept(","):
                    break

    def _body(self) -> list[n.Statement]:
        body: list[n.Statement] = []
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == lexer.END:
                return body
            if self._at_module():
                raise self.extent(SqlError(156, f"Incorrect syntax near the keyword '{self._module_word()}'.", 15))
            body.append(self.statement())

    def _procedure(self, module: n.Module) -> None:
        parenthesised = self.accept("(")
        module.params = self._parameters()
        if parenthesised:
            self.expect(")")
        self._module_options(module)
        if self.accept("FOR", "REPLICATION"):
            raise refusal("FOR REPLICATION", self.source)
        self.expect("AS")
        module.body = self._body()
        if not module.body:
            raise self.unexpected()

    def _view(self, module: n.Module) -> None:
        if self.up() == "(":
            module.columns = self.column_list()
        self._module_options(module)
        self.expect("AS")
        module.query = self.query()
        if self.accept("WITH", "CHECK", "OPTION"):
            pass

    def _trigger(self, module: n.Module) -> None:
        self.expect("ON")
        if self.up() in ("DATABASE", "ALL"):
            raise refusal("DDL triggers", self.source)
        module.table = self.name()
        self._module_options(module)
        if self.up() == "INSTEAD":
            raise refusal("INSTEAD OF triggers", self.source)
        if not self.accept("AFTER"):
            self.expect("FOR")
        events = []
        while True:
            if self.up() not in ("INSERT", "UPDATE", "DELETE"):
                raise self.unexpected()
            events.append(self.up())
            self.i += 1
            if not self.accept(","):
                break
        module.events = tuple(events)
        self.accept("NOT", "FOR", "REPLICATION")
        self.expect("AS")
        module.body = self._body()

    def _function(self, module: n.Module) -> None:
        self.expect("(")
        module.params = self._parameters()
        self.expect(")", "RETURNS")
        if self.accept("TABLE"):
            module.kind = "IF"
            self._module_options(module)
            self.accept("AS")
            self.expect("RETURN")
            parenthesised = self.up() == "(" and self.up(1) in ("SELECT", "WITH")
            if parenthesised:
                self.i += 1
            module.query = self.query()
            if parenthesised:
                self.expect(")")
            return
        if self.token.kind == lexer.VARIABLE:
            raise refusal("multi-statement table functions", self.source)
        module.returns = self.data_type()
        self._module_options(module)
        self.accept("AS")
        self.expect("BEGIN")
        if self.up() != "RETURN":
            raise refusal("a scalar function with more than one RETURN", self.source)
        self.i += 1
        module.returns_expr = self.expression()
        while self.accept(";"):
            pass
        self.expect("END")
