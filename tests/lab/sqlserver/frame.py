# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One running batch, procedure, trigger or dynamic string, with its variables and its caller."""

from __future__ import annotations

from typing import Any

from . import conversion
from .catalog.catalog import ObjectInfo
from .errors import SqlError
from .wire.types import SqlType

MAX_NESTING = 32


class Frame:
    """Variables by lower-cased name, with their types."""

    __slots__ = (
        "caught",
        "identity",
        "level",
        "parent",
        "procedure",
        "procedure_id",
        "schema",
        "source",
        "tables",
        "temp",
        "trigger",
        "types",
        "values",
    )

    def __init__(
        self, source: str, parent: Frame | None = None, procedure: str = "", procedure_id: int = 0, schema: str = "dbo"
    ) -> None:
        self.source = source
        self.parent = parent
        self.procedure = procedure
        self.procedure_id = procedure_id
        self.schema = schema
        self.level: int = parent.level + 1 if parent is not None else 0
        self.values: dict[str, Any] = {}
        self.types: dict[str, SqlType] = {}
        self.tables: dict[str, ObjectInfo] = {}
        self.temp: list[str] = []  # temporary tables that end with this frame
        self.identity: int | None = None
        self.trigger: TriggerContext | None = parent.trigger if parent is not None and not procedure else None
        self.caught: list[SqlError] = []

    def declare(self, name: str, kind: SqlType, value: Any = None) -> None:
        self.types[name] = kind
        self.values[name] = None if value is None else conversion.coerce(value, kind)

    def get(self, name: str) -> Any:
        """The value; NULL for a variable whose DECLARE has not been reached."""
        if name not in self.types:
            raise undeclared(name)
        return self.values.get(name)

    def set(self, name: str, value: Any) -> None:
        kind = self.types.get(name)
        if kind is None:
            raise undeclared(name)
        self.values[name] = conversion.coerce(value, kind)


class TriggerContext:
    """The rows that fired a trigger, in PostgreSQL's text format."""

    __slots__ = ("deleted", "event", "inserted", "table", "updated")

    def __init__(self, table: ObjectInfo, event: str, inserted: str, deleted: str, updated: frozenset[str]) -> None:
        self.table = table
        self.event = event
        self.inserted = inserted or "{}"
        self.deleted = deleted or "{}"
        self.updated = updated


def check_nesting(level: int) -> None:
    if level > MAX_NESTING:
        raise SqlError(
            217, f"Maximum stored procedure, function, trigger, or view nesting level exceeded (limit {MAX_NESTING})."
        )


def undeclared(name: str) -> SqlError:
    return SqlError(137, f'Must declare the scalar variable "{name}".', 15)


class Signal(Exception):
    """Control of flow."""


class BreakSignal(Signal):
    pass


class ContinueSignal(Signal):
    pass


class ReturnSignal(Signal):
    def __init__(self, value: int) -> None:
        super().__init__()
        self.value = value


class ScopeAbort(Signal):
    """The frame ends; its error has been reported."""


class BatchAbort(Signal):
    """The batch ends; its error has been reported."""
