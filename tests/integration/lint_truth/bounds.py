# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements that change rows, with and without what looks like a bound; how many rows they touch is counted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .case import Case, Script

ROWS = 6000
_LOOP = "WHILE 1 = 1\nBEGIN\n    {statement}\n    IF @@ROWCOUNT = 0 BREAK;\nEND"

UPDATES = {
    "no bound": "UPDATE dbo.{T} SET {set};",
    "WHERE true of all": "UPDATE dbo.{T} SET {set} WHERE Amount = 0;",
    "WHERE the target IS NULL": "UPDATE dbo.{T} SET {set} WHERE {column} IS NULL;",
    "by key": "UPDATE dbo.{T} SET {set} WHERE Id = 5;",
    "by a range of keys": "UPDATE dbo.{T} SET {set} WHERE Id BETWEEN 1 AND 100;",
    "by a range of all keys": "UPDATE dbo.{T} SET {set} WHERE Id > 0;",
    "TOP (100)": "UPDATE TOP (100) dbo.{T} SET {set} WHERE {column} IS NULL;",
    "TOP (1000000000)": "UPDATE TOP (1000000000) dbo.{T} SET {set} WHERE {column} IS NULL;",
    "TOP (100) PERCENT": "UPDATE TOP (100) PERCENT dbo.{T} SET {set};",
    "TOP (1) PERCENT": "UPDATE TOP (1) PERCENT dbo.{T} SET {set};",
    "TOP (@n) of a large number": "DECLARE @n int = 1000000;\nUPDATE TOP (@n) dbo.{T} SET {set};",
    "TOP (@n) of a small number": "DECLARE @n int = 10;\nUPDATE TOP (@n) dbo.{T} SET {set};",
    "TOP of an expression": "UPDATE TOP (1000 * 1000) dbo.{T} SET {set};",
    "CTE of all": "WITH c AS (SELECT {column} FROM dbo.{T}) UPDATE c SET {set};",
    "CTE with TOP (100)": "WITH c AS (SELECT TOP (100) {column} FROM dbo.{T} ORDER BY Id) UPDATE c SET {set};",
    "CTE with TOP (1000000000)": (
        "WITH c AS (SELECT TOP (1000000000) {column} FROM dbo.{T} ORDER BY Id) UPDATE c SET {set};"
    ),
    "CTE with TOP (100) PERCENT": "WITH c AS (SELECT TOP (100) PERCENT {column} FROM dbo.{T}) UPDATE c SET {set};",
    "CTE in which another query has the TOP": (
        "WITH one AS (SELECT TOP (1) Id FROM dbo.{T} ORDER BY Id), c AS (SELECT {column} FROM dbo.{T} WHERE Id > 0) "
        "UPDATE c SET {set};"
    ),
    "joined with itself": "UPDATE t SET {set} FROM dbo.{T} AS t JOIN dbo.{T} AS o ON o.Id = t.Id;",
    "MERGE": (
        "MERGE dbo.{T} AS t USING (SELECT Id FROM dbo.{T}) AS s ON t.Id = s.Id WHEN MATCHED THEN UPDATE SET {set};"
    ),
    "MERGE TOP (100)": (
        "MERGE TOP (100) dbo.{T} AS t USING (SELECT Id FROM dbo.{T}) AS s ON t.Id = s.Id "
        "WHEN MATCHED THEN UPDATE SET {set};"
    ),
}
DELETES = {
    "DELETE": "DELETE FROM dbo.{T};",
    "DELETE TOP (100)": "DELETE TOP (100) FROM dbo.{T};",
    "DELETE TOP (1000000000)": "DELETE TOP (1000000000) FROM dbo.{T};",
    "DELETE by key": "DELETE FROM dbo.{T} WHERE Id = 5;",
    "DELETE by CTE with TOP (1000000000)": (
        "WITH c AS (SELECT TOP (1000000000) Id FROM dbo.{T} ORDER BY Id) DELETE FROM c;"
    ),
    "DELETE by CTE with TOP (100)": "WITH c AS (SELECT TOP (100) Id FROM dbo.{T} ORDER BY Id) DELETE FROM c;",
}
INSERTS = {
    "INSERT ... SELECT": "INSERT dbo.{T} (Name) SELECT Name FROM dbo.{T};",
    "INSERT ... SELECT TOP (100)": "INSERT dbo.{T} (Name) SELECT TOP (100) Name FROM dbo.{T} ORDER BY Id;",
    "INSERT ... SELECT TOP (100) PERCENT": "INSERT dbo.{T} (Name) SELECT TOP (100) PERCENT Name FROM dbo.{T};",
    "INSERT ... VALUES": "INSERT dbo.{T} (Name) VALUES (N'one'), (N'two');",
}
LOOPS = {
    "a loop in one transaction": (_LOOP, "UPDATE TOP (1000) dbo.{T} SET {set} WHERE {column} IS NULL;"),
    "a loop outside of a transaction": (
        "-- migrate: no-transaction\n" + _LOOP,
        "UPDATE TOP (1000) dbo.{T} SET {set} WHERE {column} IS NULL;",
    ),
    "a loop whose rounds are large": (
        "-- migrate: no-transaction\n" + _LOOP,
        "UPDATE TOP (1000000000) dbo.{T} SET {set} WHERE {column} IS NULL;",
    ),
}
BATCHES = {
    "batches of the engine": (
        "-- migrate: batch 1000\nUPDATE TOP ($(BatchSize)) dbo.{T} SET {set} WHERE {column} IS NULL;"
    ),
    "batches of the engine, without TOP": "-- migrate: batch 1000\nUPDATE dbo.{T} SET {set} WHERE {column} IS NULL;",
}
COLUMNS = {
    "old column": ("Code", "Code = N'x'", ""),
    "new column": ("C", "C = 1", "ALTER TABLE dbo.{T} ADD C int NULL;"),
}


def _case(name: str, text: str, phase: str, column: str) -> Case:
    target, change, add = COLUMNS[column]
    text = text.replace("{set}", change).replace("{column}", target)
    header, body = text.split("\n", 1) if text.startswith("-- migrate:") else ("", text)
    scripts = [Script(phase, text)]
    if add and phase == "expand":
        scripts = [Script(phase, "\n".join(filter(None, [header, add, "GO", body])))]
    elif add:
        scripts = [Script("expand", add), *scripts]
    # The rows that INSERT ... SELECT reads may be few: lint cannot know, and warns.
    heeded = ("error", "warning") if name in INSERTS else ("error",)
    return Case(f"{name}; {column}; {phase}", tuple(scripts), rows=ROWS, statements=(), counted=True, heeded=heeded)


def cases() -> Iterator[Case]:
    """Every combination, in a fixed order."""
    for (name, text), phase, column in itertools.product(UPDATES.items(), ("expand", "backfill"), COLUMNS):
        yield _case(name, text, phase, column)
    for (name, text), phase in itertools.product({**DELETES, **INSERTS}.items(), ("expand", "backfill")):
        yield _case(name, text, phase, "old column")
    for (name, (loop, statement)), phase, column in itertools.product(LOOPS.items(), ("expand", "backfill"), COLUMNS):
        yield _case(name, loop.replace("{statement}", statement), phase, column)
    for (name, text), column in itertools.product(BATCHES.items(), COLUMNS):
        yield _case(name, text, "backfill", column)


def one_of_each() -> Iterator[Case]:
    """One case of each form, in a phase and with a column that change from form to form."""
    forms: dict[str, list[Case]] = {}
    for case in cases():
        forms.setdefault(case.ident.split(";")[0], []).append(case)
    for number, form in enumerate(forms.values()):
        yield form[number * 3 % len(form)]
