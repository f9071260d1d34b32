# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What callers of a module see of it: its parameters and the columns that it returns. Private to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .analysis import Script, Unit, read_script
from .lexer import VARIABLE, WORD, Token
from .shape import outside, read_query
from .statements import Statement
from .words import spell


@dataclass(frozen=True)
class Parameter:
    """A parameter of a procedure or function."""

    name: str
    """With its @, in lower case."""
    type_text: str
    """Its type and OUTPUT or READONLY, in one spelling."""
    optional: bool


@dataclass(frozen=True)
class Interface:
    """A module as its callers see it."""

    kind: str
    parameters: tuple[Parameter, ...]
    returns: str
    """The return type of a function, in one spelling."""
    results: tuple[tuple[str, ...], ...] | None
    """The columns of each result set; None where the text does not say them."""


def of_text(name: str, definition: str) -> Interface | None:
    """The interface of a module by its text; None for a text that is not one module."""
    script = read_script(name, definition)
    for unit in script.units:
        if "after_name" in unit.statement.options:
            return of_unit(script, unit)
    return None


def of_unit(script: Script, unit: Unit) -> Interface | None:
    """The interface of the module that a statement creates or alters."""
    statement = unit.statement
    header = _header(unit)
    names = [at for at in outside(header) if header[at].kind == VARIABLE]
    ends = [at for at in outside(header) if header[at].key in ("WITH", "AS") and header[at - 1].kind != VARIABLE]
    end = min(ends, default=len(header))
    returns = next((at for at in outside(header) if header[at].key == "RETURNS"), end)
    parameters = tuple(_parameter(piece) for piece in _pieces(header, names, min(returns, end)))
    body = script.body(unit)
    results = None if any(_hides_rows(one) for one in body) else _results(statement, body)
    return Interface(
        statement.kind.rpartition(" ")[2],
        parameters,
        spell(header[returns:end]),
        results,
    )


def _hides_rows(unit: Unit) -> bool:
    """Whether a statement may return rows that its text does not say."""
    if unit.statement.kind in ("UNKNOWN", "EXEC") or unit.dynamic:
        return True
    keys = [token.key for token in unit.words() if token.kind == WORD]
    writes = unit.statement.kind in ("INSERT", "UPDATE", "DELETE", "MERGE")
    return writes and "OUTPUT" in keys and "INTO" not in keys[keys.index("OUTPUT") :]


def _header(unit: Unit) -> Sequence[Token]:
    """The tokens between the module's name and its body, without those of a list in parentheses around parameters."""
    after = int(unit.statement.options.get("after_name", "0"))
    words = [token for token in unit.words() if token.start >= after]
    if words and words[0].key == "(" and len(words) > 1 and words[1].kind == VARIABLE:
        depth = 0
        for at, token in enumerate(words):
            depth += (token.key == "(") - (token.key == ")")
            if depth == 0:
                return [*words[1:at], *words[at + 1 :]]
    return words


def _pieces(header: Sequence[Token], starts: list[int], end: int) -> Iterator[Sequence[Token]]:
    starts = [at for at in starts if at < end]
    for at, following in zip(starts, [*starts[1:], end]):
        yield header[at:following]


def _parameter(piece: Sequence[Token]) -> Parameter:
    words = [token for token in piece[1:] if token.key not in (",", "AS")]
    equals = next((at for at, token in enumerate(words) if token.key == "="), len(words))
    direction = [token.key for token in words if token.key in ("OUTPUT", "OUT", "READONLY")]
    kind = [token for token in words[:equals] if token.key not in ("OUTPUT", "OUT", "READONLY")]
    return Parameter(piece[0].text.lower(), " ".join([spell(kind), *direction]), equals < len(words))


def _results(statement: Statement, body: list[Unit]) -> tuple[tuple[str, ...], ...] | None:
    found: list[tuple[str, ...]] = []
    for one in body:
        inner = one.statement
        returned = inner.kind == "RETURN" and "inline" in statement.flags
        if not (returned or inner.kind == "SELECT") or {"assigns", "into"} & inner.flags:
            continue
        words = one.words()
        if returned and len(words) <= 1:
            continue
        columns = read_query(words).columns
        if columns is None:
            return None
        found.append(columns)
    return tuple(found)


def difference(old: Interface, new: Interface) -> str:
    """What a caller of the old module would notice; '' for nothing."""
    if old.kind != new.kind:
        return f"it was a {old.kind.lower()}"
    return _in_parameters(old, new) or _in_results(old, new)


def _in_parameters(old: Interface, new: Interface) -> str:
    for at, parameter in enumerate(old.parameters):
        if at >= len(new.parameters):
            return f"parameter {parameter.name} is gone"
        changed = _in_parameter(parameter, new.parameters[at])
        if changed:
            return changed
    added = new.parameters[len(old.parameters) :]
    if added and new.kind == "FUNCTION":
        return f"parameter {added[0].name} is new, and a call of a function names all of them"
    required = next((parameter.name for parameter in added if not parameter.optional), "")
    return f"parameter {required} is new and has no default" if required else ""


def _in_parameter(old: Parameter, new: Parameter) -> str:
    if new.name != old.name:
        return f"parameter {old.name} was in the place of {new.name}"
    if new.type_text != old.type_text:
        return f"parameter {old.name} was {old.type_text.strip()}, and is {new.type_text.strip()}"
    return f"parameter {old.name} has lost its default" if old.optional and not new.optional else ""


def _in_results(old: Interface, new: Interface) -> str:
    if old.returns != new.returns:
        return f"it returned {old.returns}, and returns {new.returns}"
    if old.results is None or new.results is None:
        return "the columns that it returns cannot be read from its text"
    if old.results != new.results:
        return f"it returned {_shown(old.results)}, and returns {_shown(new.results)}"
    return ""


def _shown(results: tuple[tuple[str, ...], ...]) -> str:
    return " and ".join(f"({', '.join(columns)})" for columns in results) or "no rows"
