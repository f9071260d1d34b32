# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many rows a statement can touch before its locks are released. Private to the collection.

Few means: proven fewer than 5,000, the number of locks at which SQL Server tries to escalate to a lock on the table
("Resolve blocking problems caused by lock escalation" in its documentation). Anything not proven is not few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .analysis import Script, Unit
from .lexer import NUMBER, QUOTED, STRING, VARIABLE, WORD, Token, string_value
from .live import TableFacts
from .statements import Name, select_top

FEW = 5000


@dataclass(frozen=True)
class Extent:
    """Whether a statement touches few rows, and the words for why not."""

    few: bool
    why: str = ""
    accumulates: bool = False
    """Few in each round of a loop, but all rounds run in the script's one transaction."""


def extent(script: Script, unit: Unit, facts: TableFacts | None) -> Extent:
    """What is proven about the rows of an UPDATE, a DELETE or the like.

    ``facts`` is the target as it is in the database, or None where that is not known.
    """
    if facts is not None and facts.rows < FEW:
        return Extent(True)
    top = top_of(unit)
    where = where_of(unit)
    if not (is_few(top) or pins_key(where, facts) or joined_to_few(unit)):
        return Extent(False, _why(top, where))
    if in_loop(unit) and _in_one_transaction(script, unit):
        return Extent(False, "in a loop, whose rounds all run in the script's one transaction", accumulates=True)
    return Extent(True)


def _why(top: str, where: Sequence[Token]) -> str:
    if not where:
        why = "with no WHERE"
    elif says_nothing(where):
        why = "with a WHERE that every row fulfils"
    else:
        why = "with a WHERE that any number of rows can fulfil"
    return f"{why} and TOP ({top}), which is not known to be below {FEW}" if top else why


def is_few(top: str) -> bool:
    """Whether TOP is a number below 5,000."""
    return top.isdigit() and int(top) < FEW


def top_of(unit: Unit) -> str:
    """TOP of the statement, or of the common table expression that it changes; '' where there is none."""
    statement = unit.statement
    return statement.options.get("top", "") + (" PERCENT" if "percent" in statement.flags else "")


def where_of(unit: Unit) -> Sequence[Token]:
    """The tokens behind WHERE."""
    statement = unit.statement
    if "where" not in statement.options:
        return ()
    return unit.tokens[int(statement.options["where"]) + 1 : statement.last]


def in_loop(unit: Unit) -> bool:
    return any(guard.word == "WHILE" for guard in unit.guards)


def _in_one_transaction(script: Script, unit: Unit) -> bool:
    """Whether the locks of one statement are still held when the next one of the script runs."""
    return unit.module is None and not script.no_transaction


# -- WHERE

_NO_COLUMN = frozenset(
    """AND OR NOT NULL IS IN LIKE BETWEEN EXISTS SELECT WHERE CAST CONVERT AS INT BIT LEN GETDATE SYSDATETIME
    ISNULL COALESCE OPTION RECOMPILE MAXDOP""".split()  # noqa: SIM905
)


def says_nothing(words: Sequence[Token]) -> bool:
    """A WHERE that every row fulfils: no column in it (1 = 1), or one compared with itself."""
    columns = [
        token
        for at, token in enumerate(words)
        if token.kind in (WORD, QUOTED)
        and token.key not in _NO_COLUMN
        and not (at + 1 < len(words) and words[at + 1].key == "(")
    ]
    if not columns:
        return not any(token.kind == VARIABLE for token in words)
    plain = [token for token in words if token.key not in ("(", ")", ";")]
    half = len(plain) // 2
    if len(plain) % 2 == 1 and plain[half].key in ("=", ">=", "<="):
        return [token.text.lower() for token in plain[:half]] == [token.text.lower() for token in plain[half + 1 :]]
    return False


def conditions(words: Sequence[Token]) -> list[list[Token]]:
    """The conditions that AND joins at the top of a WHERE; one alone where an OR stands there."""
    found: list[list[Token]] = [[]]
    depth = 0
    between = False
    for token in words:
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.kind == WORD:
            if token.key == "OPTION":
                break
            if token.key == "OR":
                return [list(words)]
            between = between or token.key == "BETWEEN"
            if token.key == "AND" and not between:
                found.append([])
                continue
            between = between and token.key != "AND"
        if token.key != ";":
            found[-1].append(token)
    return found


def null_tests(words: Sequence[Token]) -> list[str]:
    """The columns that a WHERE wants to be NULL, in lower case."""
    found = []
    for condition in conditions(words):
        keys = [token.key for token in condition]
        if keys[-2:] == ["IS", "NULL"] and _column(condition[:-2]):
            found.append(_column(condition[:-2]))
    return found


def pins_key(words: Sequence[Token], facts: TableFacts | None) -> bool:
    """Whether a WHERE gives every column of a unique key of the live table few values."""
    if facts is None or not facts.keys:
        return False
    pinned = {column for condition in conditions(words) if (column := _pinned(condition))}
    return any(key <= pinned for key in facts.keys)


def _pinned(condition: Sequence[Token]) -> str:
    """The column that a condition compares with a value, or with a list of values; '' for any other condition."""
    for at, token in enumerate(condition):
        if token.key == "=":
            left, right = condition[:at], condition[at + 1 :]
            if _value(right):
                return _column(left)
            return _column(right) if _value(left) else ""
        if token.key == "IN" and at and condition[at - 1].key != "NOT":
            return _column(condition[:at]) if _few_values(condition[at + 1 :]) else ""
    return ""


def _few_values(words: Sequence[Token]) -> bool:
    inner = words[1:-1]
    listed = len(inner) < 2 * FEW and all(token.key == "," or _value([token]) for token in inner)
    return bool(inner) and words[0].key == "(" and words[-1].key == ")" and listed


def _value(words: Sequence[Token]) -> bool:
    if len(words) == 2 and words[0].key in ("-", "+"):
        return words[1].kind == NUMBER
    return len(words) == 1 and words[0].kind in (NUMBER, STRING, VARIABLE)


def _column(words: Sequence[Token]) -> str:
    """The column that is named, without its table, in lower case; '' for an expression."""
    if len(words) in (1, 3, 5) and all(token.key == "." for token in words[1::2]):
        last = words[-1]
        if last.kind in (WORD, QUOTED) and last.key not in _NO_COLUMN:
            return string_value(last).lower()
    return ""


def joined_to_few(unit: Unit) -> bool:
    """Joined to the rows that a trigger is for, or, in a loop, to a temporary table that holds the keys of a batch."""
    statement = unit.statement
    words = unit.words()
    if not any(token.key == "JOIN" for token in words) or any(token.key in ("LEFT", "FULL") for token in words):
        return False
    if statement.module is not None and statement.module.kind == "TRIGGER":
        return any(source.base.lower() in ("inserted", "deleted") and not source.schema for source in statement.sources)
    if not in_loop(unit):
        return False
    return any(source.temporary for source in statement.sources) or any(
        one.key in ("JOIN", "FROM") and two.kind == VARIABLE for one, two in zip(words, words[1:])
    )


# -- the table that is written, SET, and the source of an INSERT


def target(unit: Unit) -> Name | None:
    """The table that is meant. UPDATE and DELETE may name an alias of their own FROM, which a subquery's is not."""
    statement = unit.statement
    name = statement.name
    if name is None or name.schema or name.temporary or statement.kind not in ("UPDATE", "DELETE"):
        return name
    sources = {id(source.token): source for source in statement.sources}
    words = unit.words()
    wanted = name.base.lower()
    hidden = _in_subqueries(words)
    for at, token in enumerate(words):
        if not at or at in hidden or token.kind not in (WORD, QUOTED) or string_value(token).lower() != wanted:
            continue
        end = at - 2 if words[at - 1].key == "AS" else at - 1
        for first in range(end, max(end - 8, -1), -2):
            source = sources.get(id(words[first]))
            if source is not None and (len(source.parts) - 1) * 2 == end - first:
                return source
    return name


def _in_subqueries(words: Sequence[Token]) -> set[int]:
    """The places of the tokens inside a SELECT in parentheses."""
    found: set[int] = set()
    inside: list[bool] = []
    for at, token in enumerate(words):
        if token.key == "(":
            begins = at + 1 < len(words) and words[at + 1].key == "SELECT"
            inside.append(begins or (bool(inside) and inside[-1]))
        elif token.key == ")" and inside:
            inside.pop()
        elif inside and inside[-1]:
            found.add(at)
    return found


def assignments(unit: Unit) -> list[tuple[str, Sequence[Token]]]:
    """The columns that SET of an UPDATE assigns, as they are written, each with the tokens of its value."""
    words = list(unit.words())
    start = next((at for at, token in enumerate(words) if token.key == "SET"), None)
    if start is None:
        return []
    found: list[tuple[str, Sequence[Token]]] = []
    piece: list[Token] = []
    depth = 0
    for token in [*words[start + 1 :], None]:
        depth += 0 if token is None else (token.key == "(") - (token.key == ")")
        ends = token is None or (depth == 0 and token.key in ("FROM", "WHERE", "OUTPUT", "OPTION", ";"))
        if ends or (depth == 0 and token is not None and token.key == ","):
            equals = next((at for at, one in enumerate(piece) if one.key == "="), None)
            if equals is not None:
                column = string_value(piece[equals - 1]) if _column(piece[:equals]) else ""
                found.append((column, piece[equals + 1 :]))
            piece = []
            if ends:
                break
        elif token is not None:
            piece.append(token)
    return found


def columns_in(words: Sequence[Token]) -> list[str]:
    """Names in an expression that may be columns, each once. Functions and keywords are none."""
    found = []
    for at, token in enumerate(words):
        following = words[at + 1].key if at + 1 < len(words) else ""
        if token.kind in (WORD, QUOTED) and token.key not in _NO_COLUMN and following not in ("(", "."):
            found.append(string_value(token))
    return list(dict.fromkeys(found))


_KEEP_VALUES = frozenset({"UPPER", "LOWER", "LTRIM", "RTRIM", "TRIM", "LEN", "CONCAT", "ABS"})


def null_only_from_columns(words: Sequence[Token]) -> bool:
    """Whether an expression is NULL only if a column in it is: columns, constants, operators, a few functions."""
    for at, token in enumerate(words):
        following = words[at + 1].key if at + 1 < len(words) else ""
        if token.kind == WORD and (token.key in _NO_COLUMN or token.key == "CASE"):
            return False
        if following == "(" and token.kind in (WORD, QUOTED) and token.key not in _KEEP_VALUES:
            return False
    return bool(words)


def copies_few(script: Script, unit: Unit, facts_of: Callable[[Name | None], TableFacts | None]) -> bool:
    """Whether the source of an INSERT or a MERGE is proven to have few rows.

    ``facts_of`` gives a table as it is in the database, or None.
    """
    statement = unit.statement
    if "exec" in statement.flags:
        return False
    sources = [source for source in _read_from(unit) if source.base.lower() not in ("inserted", "deleted")]
    if in_loop(unit) and _in_one_transaction(script, unit) and sources:
        return False
    if is_few(_select_top(unit)):
        return True
    product = 1
    for source in sources:
        facts = facts_of(source)
        if facts is None:
            return False
        product *= max(facts.rows, 1)
    return product < FEW


def _read_from(unit: Unit) -> list[Name]:
    """The tables that a query takes its rows from: not those in conditions, such as WHERE NOT EXISTS (SELECT ...)."""
    words = unit.words()
    if any(token.key in ("UNION", "INTERSECT", "EXCEPT") for token in words):
        return list(unit.statement.sources)
    selects = next((at for at, token in enumerate(words) if token.key in ("SELECT", "USING", "WITH")), 0)
    inside, depth = False, 0
    chosen: set[int] = set()
    for token in words[selects:]:
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.key in ("FROM", "USING", "WITH"):
            inside = True
        elif depth == 0 and token.key in ("WHERE", "GROUP", "HAVING", "ORDER", "OPTION", "WHEN"):
            inside = False
        if inside:
            chosen.add(token.start)
    return [source for source in unit.statement.sources if source.token.start in chosen]


def _select_top(unit: Unit) -> str:
    """TOP of the SELECT that an INSERT takes its rows from."""
    words = unit.words()
    at = next((at for at, token in enumerate(words) if token.key == "SELECT"), len(words))
    combined = any(token.key in ("UNION", "INTERSECT", "EXCEPT") for token in words)
    return "" if combined else select_top(words[at:])
