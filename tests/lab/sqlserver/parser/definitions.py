# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CREATE, ALTER, DROP and what else defines things."""

from __future__ import annotations

from ..errors import SqlError, refusal
from ..wire import types
from . import lexer
from . import nodes as n
from .queries import QueryParser

_PERMISSION_WORDS = frozenset({"ON", "TO", "FROM"})


class DefinitionParser(QueryParser):
    """Data definition; modules (procedures and the like) are in `statements`."""

    # ---- tables

    def create_table_body(self, name: n.Name) -> n.CreateTable:
        table = n.CreateTable(name, [], [])
        self.expect("(")
        while True:
            if self._starts_constraint():
                table.constraints.append(self._constraint())
            elif self.up() == "INDEX":
                table.indexes.append(self._inline_index(name))
            elif self.up() == "PERIOD":
                raise refusal("temporal tables", self.source)
            else:
                table.columns.append(self.column_definition())
            if not self.accept(","):
                break
            if self.up() == ")":
                break
        self.expect(")")
        return table

    def table_options(self) -> None:
        """ON [PRIMARY], TEXTIMAGE_ON [PRIMARY], WITH (...): storage, which the lab ignores."""
        while True:
            if self.accept("ON"):
                self.i += 1
                if self.up() == "(":
                    self.skip_parentheses()
            elif self.up() == "TEXTIMAGE_ON":
                self.i += 2
            elif self.up() == "WITH" and self.up(1) == "(":
                start = self.i
                self.i += 1
                self.skip_parentheses()
                if "SYSTEM_VERSIONING" in self.text_between(start, self.i).upper():
                    raise refusal("temporal tables", self.source)
            else:
                return

    def _starts_constraint(self) -> bool:
        return self.up() in ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "DEFAULT")

    def column_definition(self) -> n.ColumnDef:
        column = n.ColumnDef(self.identifier(), None)
        if self.accept("AS"):
            self._computed(column)
            return column
        column.type = self.data_type()
        while self._column_property(column) or self._column_constraint(column):
            pass
        if self.up() in ("GENERATED", "MASKED", "ENCRYPTED", "HIDDEN", "FILESTREAM"):
            raise refusal(f"a column with {self.up()}", self.source)
        return column

    def _computed(self, column: n.ColumnDef) -> None:
        start = self.i
        column.computed = self.additive()
        column.computed_text = self.text_between(start, self.i)
        column.persisted = self.accept("PERSISTED")
        if column.persisted and self.accept("NOT"):
            self.expect("NULL")
            column.nullable = False

    def _column_property(self, column: n.ColumnDef) -> bool:
        if self.accept("NOT", "NULL"):
            column.nullable = False
        elif self.accept("NULL"):
            column.nullable = True
        elif self.accept("COLLATE"):
            self.identifier()
        elif self.accept("IDENTITY"):
            self._identity(column)
        elif self.at("WITH", "VALUES"):
            self.i += 2
            column.with_values = True
        else:
            return self.accept("ROWGUIDCOL") or self.accept("SPARSE")
        return True

    def _identity(self, column: n.ColumnDef) -> None:
        column.identity = (1, 1)
        if self.accept("("):
            seed = self.integer()
            self.expect(",")
            column.identity = (seed, self.integer())
            self.expect(")")
        self.accept("NOT", "FOR", "REPLICATION")

    def _column_constraint(self, column: n.ColumnDef) -> bool:
        if not self._starts_constraint() and self.up() != "REFERENCES":
            return False
        column.constraints.append(self._constraint(column.name))
        return True

    def _constraint(self, column: str = "") -> n.Constraint:
        """A constraint of the table, or of the column that is named."""
        name = self.identifier() if self.accept("CONSTRAINT") else ""
        if self.accept("PRIMARY", "KEY"):
            return self._key("PRIMARY KEY", name, column)
        if self.accept("UNIQUE"):
            return self._key("UNIQUE", name, column)
        if self.accept("CHECK"):
            return self._check(name, column)
        if self.accept("DEFAULT"):
            return self._default(name, column)
        return self._foreign_key(name, column)

    def _key(self, kind: str, name: str, column: str) -> n.Constraint:
        constraint = n.Constraint(kind, name)
        if self.accept("CLUSTERED"):
            constraint.clustered = True
        elif self.accept("NONCLUSTERED"):
            constraint.clustered = False
        constraint.columns = self.index_columns() if self.up() == "(" else [(column, False)]
        self._index_options()
        return constraint

    def _check(self, name: str, column: str) -> n.Constraint:
        self.accept("NOT", "FOR", "REPLICATION")
        self.expect("(")
        start = self.i
        expr = self.expression()
        text = self.text_between(start, self.i)
        self.expect(")")
        return n.Constraint("CHECK", name, [(column, False)] if column else [], expr, text)

    def _default(self, name: str, column: str) -> n.Constraint:
        start = self.i
        expr = self.additive()
        constraint = n.Constraint("DEFAULT", name, [(column, False)], expr, self.text_between(start, self.i))
        if not column:
            self.expect("FOR")
            constraint.columns = [(self.identifier(), False)]
        return constraint

    def _foreign_key(self, name: str, column: str) -> n.Constraint:
        columns = [column]
        if self.accept("FOREIGN", "KEY") and self.up() == "(":
            columns = self.column_list()
        self.expect("REFERENCES")
        foreign = n.ForeignKey(columns, self.name(), [])
        if self.up() == "(":
            foreign.references = self.column_list()
        while self.up() == "ON" and self.up(1) in ("DELETE", "UPDATE"):
            which = self.up(1)
            self.i += 2
            if which == "DELETE":
                foreign.on_delete = self._referential_action()
            else:
                foreign.on_update = self._referential_action()
        self.accept("NOT", "FOR", "REPLICATION")
        return n.Constraint("FOREIGN KEY", name, [(c, False) for c in columns], None, "", foreign)

    def _referential_action(self) -> str:
        if self.accept("NO", "ACTION"):
            return "NO ACTION"
        if self.accept("CASCADE"):
            return "CASCADE"
        self.expect("SET")
        action = "SET " + self.up()
        if not (self.accept("NULL") or self.accept("DEFAULT")):
            raise self.unexpected()
        return action

    def index_columns(self) -> list[tuple[str, bool]]:
        self.expect("(")
        columns = []
        while True:
            name = self.identifier()
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            columns.append((name, descending))
            if not self.accept(","):
                break
        self.expect(")")
        return columns

    def _index_options(self) -> bool:
        """WITH (...) and ON filegroup; True when DROP_EXISTING is on."""
        drop = False
        while True:
            if self.up() == "WITH" and self.up(1) == "(":
                start = self.i
                self.i += 1
                self.skip_parentheses()
                drop = "DROP_EXISTING=ON" in self.text_between(start, self.i).upper().replace(" ", "")
            elif self.up() == "ON" and self.up(1) not in ("DELETE", "UPDATE"):
                self.i += 2
                if self.up() == "(":
                    self.skip_parentheses()
            else:
                return drop

    def _inline_index(self, table: n.Name) -> n.CreateIndex:
        self.expect("INDEX")
        index = n.CreateIndex(self.identifier(), table, [])
        index.unique = self.accept("UNIQUE")
        index.clustered = self.accept("CLUSTERED")
        self.accept("NONCLUSTERED")
        index.columns = self.index_columns()
        self._index_rest(index)
        return index

    def _index_rest(self, index: n.CreateIndex) -> None:
        if self.accept("INCLUDE"):
            index.include = self.column_list()
        if self.accept("WHERE"):
            start = self.i
            index.where = self.expression()
            index.where_text = self.text_between(start, self.i)
        index.drop_existing = self._index_options()

    def create_index(self) -> n.CreateIndex:
        unique = self.accept("UNIQUE")
        clustered = self.accept("CLUSTERED")
        self.accept("NONCLUSTERED")
        if self.up() in ("COLUMNSTORE", "XML", "SPATIAL", "FULLTEXT"):
            raise refusal(f"a {self.up()} index", self.source)
        self.expect("INDEX")
        name = self.identifier()
        self.expect("ON")
        index = n.CreateIndex(name, self.name(), [], unique, clustered)
        index.columns = self.index_columns()
        self._index_rest(index)
        return index

    # ---- ALTER TABLE

    def alter_table(self) -> n.Statement:
        table = self.name()
        with_check: bool | None = None
        if self.up() == "WITH" and self.up(1) in ("CHECK", "NOCHECK"):
            with_check = self.up(1) == "CHECK"
            self.i += 2
        if self.accept("ADD"):
            return self._alter_add(table, with_check is False)
        if self.accept("ALTER", "COLUMN"):
            return self._alter_column(table)
        if self.accept("DROP"):
            return self._alter_drop(table)
        if self.up() in ("CHECK", "NOCHECK"):
            enable = self.up() == "CHECK"
            self.i += 1
            self.expect("CONSTRAINT")
            names = [] if self.accept("ALL") else self._identifiers()
            return n.AlterCheck(table, enable, names, bool(with_check))
        if self.up() in ("ENABLE", "DISABLE") and self.up(1) == "TRIGGER":
            enable = self.up() == "ENABLE"
            self.i += 2
            names = [] if self.accept("ALL") else self._identifiers()
            return n.AlterTrigger(table, enable, names)
        if self.up() in ("REBUILD", "SET"):
            what = self.up()
            self.i += 1
            if self.up() == "WITH":
                self.i += 1
            if self.up() == "(":
                self.skip_parentheses()
            return n.NoOperation(f"ALTER TABLE ... {what}")
        raise refusal("this form of ALTER TABLE", self.source)

    def _identifiers(self) -> list[str]:
        names = [self.identifier()]
        while self.accept(","):
            names.append(self.identifier())
        return names

    def _alter_add(self, table: n.Name, nocheck: bool) -> n.AlterAdd:
        add = n.AlterAdd(table, [], [], nocheck)
        parenthesised = self.up() == "("
        if parenthesised:
            self.i += 1
        while True:
            if self._starts_constraint():
                constraint = self._constraint()
                if constraint.kind == "DEFAULT":
                    self.accept("WITH", "VALUES")
                add.constraints.append(constraint)
            else:
                self.accept("COLUMN")
                add.columns.append(self.column_definition())
            if not self.accept(","):
                break
        if parenthesised:
            self.expect(")")
        return add

    def _alter_column(self, table: n.Name) -> n.Statement:
        name = self.identifier()
        if self.up() in ("ADD", "DROP"):
            raise refusal("ALTER COLUMN ... ADD/DROP", self.source)
        column = n.ColumnDef(name, self.data_type())
        while True:
            if self.accept("COLLATE"):
                self.identifier()
            elif self.accept("NOT", "NULL"):
                column.nullable = False
            elif self.accept("NULL"):
                column.nullable = True
            elif self.accept("SPARSE"):
                pass
            elif self.up() == "WITH" and self.up(1) == "(":
                self.i += 1
                self.skip_parentheses()
            else:
                return n.AlterColumn(table, column)

    def _alter_drop(self, table: n.Name) -> n.AlterDrop:
        drop = n.AlterDrop(table, [])
        kind = "CONSTRAINT"
        while True:
            if self.accept("COLUMN"):
                kind = "COLUMN"
            elif self.accept("CONSTRAINT"):
                kind = "CONSTRAINT"
            if_exists = self.accept("IF", "EXISTS")
            drop.items.append((kind, self.identifier(), if_exists))
            if self.up() == "WITH" and self.up(1) == "(":
                self.i += 1
                self.skip_parentheses()
            if not self.accept(","):
                return drop

    # ---- the rest

    def create_schema(self) -> n.CreateSchema:
        name = "" if self.up() == "AUTHORIZATION" else self.identifier()
        owner = self.identifier() if self.accept("AUTHORIZATION") else "dbo"
        return n.CreateSchema(name or owner, owner)

    def alter_authorization(self) -> n.CreateSchema:
        self.expect("ON")
        if self.up() != "SCHEMA":
            raise refusal(f"ALTER AUTHORIZATION ON {self.token.text}", self.source)
        self.i += 2 if self.up(1) == "::" else 3
        name = self.identifier()
        self.expect("TO")
        return n.CreateSchema(name, self.identifier(), exists=True)

    def create_sequence(self, alter: bool) -> n.CreateSequence:
        sequence = n.CreateSequence(self.name(), types.BIGINT, 1, 1, alter)
        while True:
            if self.accept("AS"):
                sequence.type = self.data_type()
            elif self.accept("START", "WITH") or self.accept("RESTART", "WITH"):
                sequence.first = self.integer()
            elif self.accept("INCREMENT", "BY"):
                sequence.increment = self.integer()
            elif self.up() in ("MINVALUE", "MAXVALUE", "CACHE"):
                self.i += 1
                if self.token.kind == lexer.INTEGER or self.up() == "-":
                    self.integer()
            elif self.up() == "NO" and self.up(1) in ("MINVALUE", "MAXVALUE", "CACHE", "CYCLE"):
                self.i += 2
            elif self.accept("CYCLE"):
                raise refusal("a cycling sequence", self.source)
            else:
                return sequence

    def create_type(self) -> n.CreateType:
        name = self.name()
        if self.accept("AS", "TABLE"):
            return n.CreateType(name, None, True, self.create_table_body(name))
        self.expect("FROM")
        base = self.data_type()
        nullable = not self.accept("NOT", "NULL")
        if nullable:
            self.accept("NULL")
        return n.CreateType(name, base, nullable)

    def drop(self) -> n.Statement:
        self.expect("DROP")
        word = self.up()
        kinds = {
            "TABLE": "U",
            "PROC": "P",
            "PROCEDURE": "P",
            "VIEW": "V",
            "TRIGGER": "TR",
            "FUNCTION": "FN",
            "SYNONYM": "SN",
            "SEQUENCE": "SO",
            "TYPE": "TYPE",
            "SCHEMA": "SCHEMA",
            "DATABASE": "DATABASE",
        }
        if word == "INDEX":
            self.i += 1
            return self._drop_index()
        if word in ("USER", "ROLE", "LOGIN"):
            self.i += 1
            self.accept("IF", "EXISTS")
            return n.Principal("DROP", word, self.identifier())
        if word not in kinds:
            raise refusal(f"DROP {self.token.text}", self.source)
        self.i += 1
        if_exists = self.accept("IF", "EXISTS")
        names = [self.name()]
        while self.accept(","):
            names.append(self.name())
        return n.DropObjects(kinds[word], names, if_exists)

    def _drop_index(self) -> n.DropIndex:
        drop = n.DropIndex([], self.accept("IF", "EXISTS"))
        while True:
            name = self.name()
            if self.accept("ON"):
                drop.items.append((name[-1], self.name()))
            elif len(name) > 1:
                drop.items.append((name[-1], name[:-1]))
            else:
                raise self.unexpected()
            if self.up() == "WITH" and self.up(1) == "(":
                self.i += 1
                self.skip_parentheses()
            if not self.accept(","):
                return drop

    def alter_index(self) -> n.AlterIndex:
        name = "" if self.accept("ALL") else self.identifier()
        self.expect("ON")
        table = self.name()
        action = self.up()
        if action not in ("REBUILD", "REORGANIZE", "DISABLE"):
            raise refusal(f"ALTER INDEX ... {self.token.text}", self.source)
        self.i += 1
        if self.accept("PARTITION"):
            self.expect("=")
            self.i += 1
        if self.up() == "WITH" and self.up(1) == "(":
            self.i += 1
            self.skip_parentheses()
        return n.AlterIndex(name, table, action)

    def permission(self) -> n.Permission:
        action = self.up()
        self.i += 1
        self.accept("GRANT", "OPTION", "FOR")
        permissions = self._permission_names()
        kind: str = "DATABASE"
        target: n.Name = ()
        if self.accept("ON"):
            kind = "OBJECT"
            if self.up(1) == "::" or (self.up(1) == ":" and self.up(2) == ":"):
                kind = self.up()
                self.i += 2 if self.up(1) == "::" else 3
            target = self.name()
            if self.up() == "(":
                raise refusal("column permissions", self.source)
        if not self.accept("TO"):
            self.expect("FROM")
        principals = [self._grantee()]
        while self.accept(","):
            principals.append(self._grantee())
        self.accept("CASCADE")
        self.accept("WITH", "GRANT", "OPTION")
        return n.Permission(action, permissions, kind, target, principals)

    def _grantee(self) -> str:
        return "public" if self.accept("PUBLIC") else self.identifier()

    def _permission_names(self) -> list[str]:
        permissions = []
        words: list[str] = []
        while self.up() not in _PERMISSION_WORDS:
            if self.token.kind == lexer.END:
                raise self.unexpected()
            if self.up() == "(":
                raise refusal("column permissions", self.source)
            if self.accept(","):
                permissions.append(" ".join(words))
                words = []
            else:
                words.append(self.up())
                self.i += 1
        return [*permissions, " ".join(words)]

    def principal(self, action: str) -> n.Statement:
        kind = self.up()
        self.i += 1
        name = self.identifier()
        if action == "CREATE" and kind == "USER":
            if self.up() in ("FOR", "FROM"):
                self.i += 1
                self.expect("LOGIN")
                login = self.identifier()
                if login.lower() != name.lower():
                    raise refusal("a user whose name is not its login's", self.source)
            elif self.accept("WITHOUT", "LOGIN"):
                pass
            if self.accept("WITH"):
                self.expect("DEFAULT_SCHEMA", "=")
                self.identifier()
            return n.Principal("CREATE", "USER", name)
        if action == "CREATE" and kind == "ROLE":
            if self.accept("AUTHORIZATION"):
                self.identifier()
            return n.Principal("CREATE", "ROLE", name)
        if action == "ALTER" and kind == "ROLE" and self.up() in ("ADD", "DROP"):
            word = self.up()
            self.i += 1
            self.expect("MEMBER")
            return n.Principal(f"{word} MEMBER", "ROLE", name, self.identifier())
        raise refusal(f"{action} {kind}", self.source)

    def alter_database(self) -> n.AlterDatabase:
        name = "" if self.accept("CURRENT") else self.identifier()
        if self.accept("MODIFY", "NAME"):
            self.expect("=")
            return n.AlterDatabase(name, "", self.identifier())
        if self.up() != "SET":
            raise refusal(f"ALTER DATABASE ... {self.token.text}", self.source)
        self.i += 1
        if self.up() in ("READ_ONLY", "READ_WRITE"):
            option = self.up()
            self.i += 1
            if self.accept("WITH") and not self.accept("NO_WAIT") and not self.accept("ROLLBACK", "IMMEDIATE"):
                raise refusal("this form of ALTER DATABASE", self.source)
            return n.AlterDatabase(name, option)
        if self.up() in (
            "READ_COMMITTED_SNAPSHOT",
            "ALLOW_SNAPSHOT_ISOLATION",
            "RECOVERY",
            "AUTO_CLOSE",
            "PAGE_VERIFY",
        ):
            while self.token.kind != lexer.END and self.up() != ";":
                self.i += 1
            return n.AlterDatabase(name, "")
        raise refusal("this form of ALTER DATABASE", self.source)

    def extent(self, error: SqlError) -> SqlError:
        """An error with the line of the token at hand."""
        error.line = lexer.line_of(self.source, self.token.start)
        return error
