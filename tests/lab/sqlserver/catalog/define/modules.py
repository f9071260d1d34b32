# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Procedures, views, triggers and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import SqlError
from ...frame import Frame, TriggerContext
from ...parser import nodes as n
from ...running import binding, results, translated
from ...running.scope import Scope
from ...translate.dml import DmlTranslator
from ...translate.names import quote
from ...wire.types import SqlType
from .. import lookup
from ..catalog import ObjectInfo
from .objects import Objects

if TYPE_CHECKING:
    from ...session import Session


class _Params:
    """Only the parameters of a translation."""

    def __init__(self, params: list[Any]) -> None:
        self.params = params


def _tables_in(e: Any) -> set[tuple[str, str]]:
    """Schema and name of what a module names: its dependencies, approximately."""
    found: set[tuple[str, str]] = set()
    if isinstance(e, n.TableRef):
        if not e.name[0].startswith(("@", "#")):
            found.add((e.name[-2] if len(e.name) > 1 else "", e.name[-1]))
    elif isinstance(e, n.Exec) and e.procedure:
        found.add((e.procedure[-2] if len(e.procedure) > 1 else "", e.procedure[-1]))
    if isinstance(e, (n.Insert, n.Update, n.Delete, n.Merge)) and not e.target[0].startswith(("@", "#")):
        found.add((e.target[-2] if len(e.target) > 1 else "", e.target[-1]))
    if isinstance(e, n.Call) and len(e.name) > 1:
        found.add((e.name[-2], e.name[-1]))
    if isinstance(e, (list, tuple)):
        for part in e:
            found |= _tables_in(part)
    elif hasattr(e, "__dataclass_fields__"):
        for name in e.__dataclass_fields__:
            found |= _tables_in(getattr(e, name))
    return found


class Modules(Objects):
    """Modules are stored as text. A view's query is checked; a trigger's table captures its changed rows."""

    def module(self, s: Session, m: n.Module, frame: Frame) -> None:
        s.server.rights.require(
            s, {"P": "CREATE PROCEDURE", "V": "CREATE VIEW", "TR": "CREATE PROCEDURE"}.get(m.kind, "CREATE FUNCTION")
        )
        existing = self._existing(s, m)
        if m.kind == "V":
            self._view_columns(s, m, frame)
        parent = self._trigger_parent(s, m) if m.kind == "TR" else "0"
        if m.body:
            self._bind_body(s, m)
        text = quote(m.text)
        quoted, ansi_nulls = s.settings.quoted_identifier, True
        if existing is not None:
            object_id = existing.object_id
            commands = [
                f"UPDATE lab.modules SET definition = {text}, quoted = {quoted}, ansi_nulls = {ansi_nulls}, events = "
                f"{quote(','.join(m.events))}, schemabinding = {m.schemabinding} WHERE object_id = {object_id}",
                "UPDATE lab.objects SET modify_date = clock_timestamp() AT TIME ZONE 'UTC', "
                f"parent_object_id = {parent} WHERE object_id = {object_id}",
                f"DELETE FROM lab.parameters WHERE object_id = {object_id}",
                f"DELETE FROM lab.dependencies WHERE referencing = {object_id}",
                f"DELETE FROM lab.columns WHERE object_id = {object_id}",
            ]
        else:
            db, schema, name = self.free(s, m.name)
            object_id = self._next_id(s)
            commands = [
                self.register(db, schema, name, m.kind, parent, str(object_id)),
                "INSERT INTO lab.modules (object_id, definition, quoted, ansi_nulls, schemabinding, events) VALUES "
                f"({object_id}, {text}, {quoted}, {ansi_nulls}, {m.schemabinding}, {quote(','.join(m.events))})",
            ]
        s.backend.command("; ".join([*commands, *self._details(m, object_id)]))
        if m.kind == "V":
            self._record_view(s, object_id)

    def _existing(self, s: Session, m: n.Module) -> ObjectInfo | None:
        """The module that ALTER changes; refuses what CREATE and ALTER may not do."""
        existing = lookup.find(s, m.name)
        if m.mode == "ALTER" and existing is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(m.name)}'.", 16, 6)
        if existing is not None and m.mode == "CREATE":
            raise SqlError(2714, f"There is already an object named '{m.name[-1]}' in the database.", 16, 3)
        if existing is not None and existing.kind != m.kind:
            raise SqlError(
                2010, f"Cannot perform alter on '{'.'.join(m.name)}' because it is an incompatible object type."
            )
        return existing

    def _trigger_parent(self, s: Session, m: n.Module) -> str:
        table = lookup.find(s, m.table)
        if table is None or table.kind != "U":
            raise SqlError(8197, f"The object '{'.'.join(m.table)}' does not exist or is invalid for this operation.")
        s.server.rights.require(s, "ALTER", table)
        self._capture(s, table)
        return str(table.object_id)

    @staticmethod
    def _bind_body(s: Session, m: n.Module) -> None:
        """CREATE and ALTER bind the names of a procedure or trigger as far as their tables exist."""
        frame = Frame(m.text)
        for p in m.params:
            if p.type is not None:
                frame.types[p.name] = p.type
        if m.kind == "TR":
            table = lookup.find(s, m.table)
            assert table is not None
            frame.trigger = TriggerContext(table, m.events[0], "", "", frozenset())
        try:
            binding.bind(s, m.body, frame)
        except SqlError as error:
            error.procedure = m.name[-1]
            raise

    @staticmethod
    def _details(m: n.Module, object_id: int) -> list[str]:
        """The rows of its parameters and of what it names."""
        commands = []
        for at, p in enumerate(m.params, 1):
            kind = p.type or SqlType("table type")
            commands.append(
                f"INSERT INTO lab.parameters VALUES ({object_id}, {at}, {quote(p.name)}, {quote(kind.name)}, "
                f"{kind.length}, {kind.precision}, {kind.scale}, {p.output}, {p.default is not None})"
            )
        for schema_name, entity in sorted(_tables_in(m)):
            schema = quote(schema_name) if schema_name else "NULL"
            commands.append(f"INSERT INTO lab.dependencies VALUES ({object_id}, {schema}, {quote(entity)})")
        return commands

    def _view_columns(self, s: Session, m: n.Module, frame: Frame) -> None:
        """A view's query must be valid when it is made."""
        assert m.query is not None
        if isinstance(m.query, n.Select) and m.query.order and m.query.top is None and m.query.offset is None:
            raise SqlError(
                1033,
                "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common "
                "table "
                "expressions, unless TOP, OFFSET or FOR XML is also specified.",
                15,
            )
        translator = DmlTranslator(Scope(s, Frame(m.text)))
        sql = translator.query(m.query)
        values = translated.parameters(s, _Params(translator.params), Frame(m.text))  # type: ignore[arg-type]
        result = s.backend.query(f"SELECT * FROM ({sql}) lab_view LIMIT 0", values)
        from ...translate.dml import Translation

        translation = Translation("SELECT", sql, translator)
        translation.outputs = translator.outputs
        columns, _unused = results.shape(s, translation, result)
        shape = []
        for i, column in enumerate(columns):
            name = m.columns[i] if i < len(m.columns) else column.name
            if not name:
                raise SqlError(
                    4511, f"Create View or Function failed because no column name was specified for column {i + 1}."
                )
            shape.append((name, column.type))
        s.context["view_shape"] = shape

    def _record_view(self, s: Session, object_id: int) -> None:
        rows = []
        for at, (name, kind) in enumerate(s.context.pop("view_shape"), 1):
            length = kind.length if kind.is_string or kind.name in ("binary", "varbinary") else kind.max_length
            rows.append(
                f"({object_id}, {at}, {at}, {quote(name)}, {quote(kind.name)}, {length}, {kind.precision}, "
                f"{kind.scale}, true)"
            )
        s.backend.command(
            "INSERT INTO lab.columns (object_id, column_id, attnum, name, type, length, prec, scale, nullable) VALUES "
            + ", ".join(rows)
        )

    def _capture(self, s: Session, table: ObjectInfo) -> None:
        """PostgreSQL triggers that capture the changed rows; created with the table's first trigger."""
        if s.backend.query(
            f"SELECT 1 FROM pg_trigger WHERE tgrelid = {table.object_id} AND tgname = 'lab_capture_insert'"
        ).rows:
            return
        s.backend.command(
            "; ".join(
                [
                    f"CREATE TRIGGER lab_capture_insert AFTER INSERT ON {table.ref} REFERENCING NEW TABLE AS lab_new "
                    f"FOR EACH STATEMENT EXECUTE "
                    "FUNCTION lab.capture()",
                    f"CREATE TRIGGER lab_capture_update AFTER UPDATE ON {table.ref} REFERENCING OLD TABLE AS lab_old "
                    f"NEW TABLE AS lab_new FOR EACH "
                    "STATEMENT EXECUTE FUNCTION lab.capture()",
                    f"CREATE TRIGGER lab_capture_delete AFTER DELETE ON {table.ref} REFERENCING OLD TABLE AS lab_old "
                    f"FOR EACH STATEMENT EXECUTE "
                    "FUNCTION lab.capture()",
                ]
            )
        )
