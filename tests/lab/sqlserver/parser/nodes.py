# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The syntax tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..wire.types import SqlType

Name = tuple[str, ...]


class Expr:
    __slots__ = ()


@dataclass(slots=True, eq=False)
class Literal(Expr):
    kind: str  # string, nstring, int, number, float, hex, null, default
    value: Any


@dataclass(slots=True, eq=False)
class Variable(Expr):
    name: str


@dataclass(slots=True, eq=False)
class Global(Expr):
    name: str


@dataclass(slots=True, eq=False)
class Column(Expr):
    parts: Name


@dataclass(slots=True, eq=False)
class Star(Expr):
    qualifier: Name


@dataclass(slots=True, eq=False)
class Call(Expr):
    name: Name
    args: list[Expr]
    distinct: bool = False
    over: Over | None = None
    within: list[OrderItem] | None = None


@dataclass(slots=True, eq=False)
class Over:
    partition: list[Expr]
    order: list[OrderItem]
    frame: str = ""


@dataclass(slots=True, eq=False)
class OrderItem:
    expr: Expr
    descending: bool = False


@dataclass(slots=True, eq=False)
class CastExpr(Expr):
    expr: Expr
    type: SqlType
    style: Expr | None = None
    tries: bool = False


@dataclass(slots=True, eq=False)
class Unary(Expr):
    op: str
    expr: Expr


@dataclass(slots=True, eq=False)
class Binary(Expr):
    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False)
class Not(Expr):
    expr: Expr


@dataclass(slots=True, eq=False)
class IsNull(Expr):
    expr: Expr
    negated: bool


@dataclass(slots=True, eq=False)
class Between(Expr):
    expr: Expr
    low: Expr
    high: Expr
    negated: bool


@dataclass(slots=True, eq=False)
class Like(Expr):
    expr: Expr
    pattern: Expr
    escape: Expr | None
    negated: bool


@dataclass(slots=True, eq=False)
class InList(Expr):
    expr: Expr
    options: list[Expr]
    negated: bool


@dataclass(slots=True, eq=False)
class InQuery(Expr):
    expr: Expr
    query: Query
    negated: bool


@dataclass(slots=True, eq=False)
class Exists(Expr):
    query: Query


@dataclass(slots=True, eq=False)
class Quantified(Expr):
    op: str
    expr: Expr
    quantifier: str
    query: Query


@dataclass(slots=True, eq=False)
class Case(Expr):
    operand: Expr | None
    whens: list[tuple[Expr, Expr]]
    otherwise: Expr | None


@dataclass(slots=True, eq=False)
class Scalar(Expr):
    query: Query


@dataclass(slots=True, eq=False)
class Collate(Expr):
    expr: Expr
    collation: str


@dataclass(slots=True, eq=False)
class NextValue(Expr):
    sequence: Name


# ---- queries


class Source:
    __slots__ = ()


@dataclass(slots=True, eq=False)
class TableRef(Source):
    name: Name
    alias: str = ""
    hints: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class QueryRef(Source):
    query: Query
    alias: str
    columns: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ValuesRef(Source):
    rows: list[list[Expr]]
    alias: str
    columns: list[str]


@dataclass(slots=True, eq=False)
class CallRef(Source):
    name: Name
    args: list[Expr]
    alias: str = ""
    columns: list[str] = field(default_factory=list)
    schema: list[ColumnDef] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Join(Source):
    kind: str  # INNER, LEFT, RIGHT, FULL, CROSS, CROSS APPLY, OUTER APPLY
    left: Source
    right: Source
    on: Expr | None


@dataclass(slots=True, eq=False)
class SelectItem:
    expr: Expr
    alias: str = ""
    variable: str = ""
    operator: str = "="


@dataclass(slots=True, eq=False)
class Cte:
    name: str
    columns: list[str]
    query: Query


class Query:
    __slots__ = ()


@dataclass(slots=True, eq=False)
class Select(Query):
    items: list[SelectItem]
    source: Source | None = None
    where: Expr | None = None
    group: list[Expr] = field(default_factory=list)
    having: Expr | None = None
    order: list[OrderItem] = field(default_factory=list)
    distinct: bool = False
    top: Expr | None = None
    ties: bool = False
    offset: Expr | None = None
    fetch: Expr | None = None
    into: Name | None = None
    ctes: list[Cte] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class SetOperation(Query):
    op: str
    left: Query
    right: Query
    order: list[OrderItem] = field(default_factory=list)
    offset: Expr | None = None
    fetch: Expr | None = None
    ctes: list[Cte] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Values(Query):
    rows: list[list[Expr]]


# ---- statements. `cache` keeps translations; `span` is the statement's place in its batch


class Statement:
    __slots__ = ("cache", "end", "line", "start")
    start: int
    end: int
    line: int
    cache: dict[Any, Any]


def place(
    statement: Statement, start: int = 0, end: int = 0, line: int = 0, cache: dict[Any, Any] | None = None
) -> None:
    """Give a statement its place in its batch, and a cache for its translations."""
    statement.start = start
    statement.end = end
    statement.line = line
    statement.cache = {} if cache is None else cache


@dataclass(slots=True, eq=False)
class SelectStatement(Statement):
    query: Query


@dataclass(slots=True, eq=False)
class OutputClause:
    items: list[SelectItem]
    into: Name | None = None
    into_columns: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Insert(Statement):
    target: Name
    columns: list[str]
    rows: Query | Exec | None  # None: DEFAULT VALUES
    output: OutputClause | None = None
    ctes: list[Cte] = field(default_factory=list)
    hints: tuple[str, ...] = ()
    top: Expr | None = None


@dataclass(slots=True, eq=False)
class Assignment:
    column: str
    op: str
    value: Expr
    variable: str = ""


@dataclass(slots=True, eq=False)
class Update(Statement):
    target: Name
    assignments: list[Assignment]
    source: Source | None = None
    where: Expr | None = None
    top: Expr | None = None
    output: OutputClause | None = None
    ctes: list[Cte] = field(default_factory=list)
    hints: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Delete(Statement):
    target: Name
    source: Source | None = None
    where: Expr | None = None
    top: Expr | None = None
    output: OutputClause | None = None
    ctes: list[Cte] = field(default_factory=list)
    hints: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class MergeWhen:
    matched: str  # MATCHED, NOT MATCHED, NOT MATCHED BY SOURCE
    condition: Expr | None
    action: str  # UPDATE, DELETE, INSERT
    assignments: list[Assignment] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    row: list[Expr] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Merge(Statement):
    target: Name
    alias: str
    source: Source
    on: Expr
    whens: list[MergeWhen]
    output: OutputClause | None = None
    ctes: list[Cte] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Block(Statement):
    body: list[Statement]


@dataclass(slots=True, eq=False)
class If(Statement):
    condition: Expr
    then: Statement
    otherwise: Statement | None


@dataclass(slots=True, eq=False)
class While(Statement):
    condition: Expr
    body: Statement


@dataclass(slots=True, eq=False)
class Break(Statement):
    pass


@dataclass(slots=True, eq=False)
class Continue(Statement):
    pass


@dataclass(slots=True, eq=False)
class Return(Statement):
    value: Expr | None


@dataclass(slots=True, eq=False)
class TryCatch(Statement):
    body: Block
    handler: Block


@dataclass(slots=True, eq=False)
class Declaration:
    name: str
    type: SqlType | None
    value: Expr | None = None
    table: CreateTable | None = None
    table_type: Name | None = None


@dataclass(slots=True, eq=False)
class Declare(Statement):
    items: list[Declaration]


@dataclass(slots=True, eq=False)
class SetVariable(Statement):
    name: str
    op: str
    value: Expr


@dataclass(slots=True, eq=False)
class SetOption(Statement):
    options: list[str]
    value: Any


@dataclass(slots=True, eq=False)
class Print(Statement):
    value: Expr


@dataclass(slots=True, eq=False)
class RaisError(Statement):
    message: Expr
    severity: Expr
    state: Expr
    args: list[Expr]
    log: bool = False


@dataclass(slots=True, eq=False)
class Throw(Statement):
    number: Expr | None
    message: Expr | None
    state: Expr | None


@dataclass(slots=True, eq=False)
class WaitFor(Statement):
    delay: Expr


@dataclass(slots=True, eq=False)
class Transaction(Statement):
    action: str  # BEGIN, COMMIT, ROLLBACK, SAVE
    name: str = ""


@dataclass(slots=True, eq=False)
class Argument:
    name: str
    value: Expr
    output: bool = False


@dataclass(slots=True, eq=False)
class Exec(Statement):
    procedure: Name
    args: list[Argument]
    result: str = ""
    variable: str = ""  # EXEC @name


@dataclass(slots=True, eq=False)
class ExecString(Statement):
    text: Expr


@dataclass(slots=True, eq=False)
class Use(Statement):
    database: str


# ---- definitions


@dataclass(slots=True, eq=False)
class ForeignKey:
    columns: list[str]
    table: Name
    references: list[str]
    on_delete: str = ""
    on_update: str = ""


@dataclass(slots=True, eq=False)
class Constraint:
    kind: str  # PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY, DEFAULT
    name: str = ""
    columns: list[tuple[str, bool]] = field(default_factory=list)
    expr: Expr | None = None
    text: str = ""
    foreign: ForeignKey | None = None
    clustered: bool | None = None


@dataclass(slots=True, eq=False)
class ColumnDef:
    name: str
    type: SqlType | None
    nullable: bool | None = None
    identity: tuple[int, int] | None = None
    constraints: list[Constraint] = field(default_factory=list)
    computed: Expr | None = None
    computed_text: str = ""
    persisted: bool = False
    with_values: bool = False
    path: str = ""  # OPENJSON ... WITH


@dataclass(slots=True, eq=False)
class CreateTable(Statement):
    name: Name
    columns: list[ColumnDef]
    constraints: list[Constraint]
    indexes: list[CreateIndex] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class AlterAdd(Statement):
    table: Name
    columns: list[ColumnDef]
    constraints: list[Constraint]
    nocheck: bool = False


@dataclass(slots=True, eq=False)
class AlterColumn(Statement):
    table: Name
    column: ColumnDef


@dataclass(slots=True, eq=False)
class AlterDrop(Statement):
    table: Name
    items: list[tuple[str, str, bool]]  # COLUMN or CONSTRAINT, name, if exists


@dataclass(slots=True, eq=False)
class AlterCheck(Statement):
    table: Name
    enable: bool
    names: list[str]  # empty: ALL
    with_check: bool


@dataclass(slots=True, eq=False)
class AlterTrigger(Statement):
    table: Name
    enable: bool
    names: list[str]  # empty: ALL


@dataclass(slots=True, eq=False)
class CreateIndex(Statement):
    name: str
    table: Name
    columns: list[tuple[str, bool]]
    unique: bool = False
    clustered: bool = False
    include: list[str] = field(default_factory=list)
    where: Expr | None = None
    where_text: str = ""
    drop_existing: bool = False


@dataclass(slots=True, eq=False)
class DropIndex(Statement):
    items: list[tuple[str, Name]]
    if_exists: bool = False


@dataclass(slots=True, eq=False)
class AlterIndex(Statement):
    name: str
    table: Name
    action: str


@dataclass(slots=True, eq=False)
class DropObjects(Statement):
    kind: str
    names: list[Name]
    if_exists: bool = False


@dataclass(slots=True, eq=False)
class CreateSchema(Statement):
    name: str
    owner: str = "dbo"
    exists: bool = False  # ALTER AUTHORIZATION


@dataclass(slots=True, eq=False)
class CreateSequence(Statement):
    name: Name
    type: SqlType
    first: int
    increment: int
    alter: bool = False


@dataclass(slots=True, eq=False)
class CreateSynonym(Statement):
    name: Name
    target: Name


@dataclass(slots=True, eq=False)
class CreateType(Statement):
    name: Name
    base: SqlType | None
    nullable: bool
    table: CreateTable | None = None


@dataclass(slots=True, eq=False)
class Truncate(Statement):
    table: Name


@dataclass(slots=True, eq=False)
class Permission(Statement):
    action: str  # GRANT, REVOKE, DENY
    permissions: list[str]
    kind: str  # OBJECT, SCHEMA, DATABASE
    target: Name
    principals: list[str]


@dataclass(slots=True, eq=False)
class Principal(Statement):
    action: str  # CREATE, DROP, ADD MEMBER, DROP MEMBER
    kind: str  # USER, ROLE
    name: str
    member: str = ""


@dataclass(slots=True, eq=False)
class AlterDatabase(Statement):
    name: str
    option: str
    new_name: str = ""  # MODIFY NAME


@dataclass(slots=True, eq=False)
class UpdateStatistics(Statement):
    table: Name
    names: list[str]  # indexes and statistics; empty: all


@dataclass(slots=True, eq=False)
class TransferSchema(Statement):
    schema: str
    name: Name


@dataclass(slots=True, eq=False)
class Parameter:
    name: str
    type: SqlType | None
    default: Expr | None = None
    output: bool = False
    table_type: Name | None = None


@dataclass(slots=True, eq=False)
class Module(Statement):
    """CREATE or ALTER of a procedure, view, trigger or function: always the only statement of its batch."""

    kind: str  # P, V, TR, FN, IF
    name: Name
    mode: str  # CREATE, ALTER, CREATE OR ALTER
    params: list[Parameter] = field(default_factory=list)
    body: list[Statement] = field(default_factory=list)
    query: Query | None = None
    columns: list[str] = field(default_factory=list)
    table: Name = ()
    events: tuple[str, ...] = ()
    returns: SqlType | None = None
    returns_expr: Expr | None = None
    schemabinding: bool = False
    text: str = ""
    alias_names: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class NoOperation(Statement):
    what: str
