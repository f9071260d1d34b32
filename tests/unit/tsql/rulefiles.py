# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules' examples: tests/unit/tsql/rules/RULE.sql, each a script that must be caught or a near miss.

A line ``--== catch [options]: title`` or ``--== near miss [options]: title`` begins an example. Options:
``phase=contract``, ``edition=standard``, ``version=2019``, ``live`` (the schema of `live_schema`), ``uses`` (in
contract, with a release that uses things).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.manifest import Manifest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import Linter
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.live import (
    ColumnFacts,
    LiveSchema,
    ModuleFacts,
    TableFacts,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import VERSIONS
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.usage import Usage

RULES = Path(__file__).parent / "rules"
_EXAMPLE = re.compile(r"^--== (?P<kind>catch|near miss)(?: \[(?P<options>[^\]]*)\])?: (?P<title>.*)$", re.M)
_RELEASE = Manifest(
    Path("release-1/release.yml"),
    "shop",
    "1.0.0",
    "web.zip",
    "0" * 64,
    uses=["dbo.spFindAllThings", "dbo.Things", "dbo.Owners.Name"],
)


@dataclass(frozen=True)
class Example:
    rule: str
    caught: bool
    title: str
    options: tuple[str, ...]
    text: str

    @property
    def ident(self) -> str:
        return f"{self.rule}: {'catch' if self.caught else 'near miss'}: {self.title}"

    def option(self, name: str) -> str:
        for one in self.options:
            key, _equals, value = one.partition("=")
            if key == name:
                return value or "yes"
        return ""


def examples() -> list[Example]:
    found = []
    for path in sorted(RULES.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        hits = list(_EXAMPLE.finditer(text))
        for hit, following in zip(hits, [*hits[1:], None], strict=True):
            end = following.start() if following else len(text)
            options = tuple(one.strip() for one in (hit.group("options") or "").split(",") if one.strip())
            body = text[hit.end() : end].strip("\n") + "\n"
            found.append(Example(path.stem, hit.group("kind") == "catch", hit.group("title"), options, body))
    return found


def check(example: Example) -> Report:
    uses = bool(example.option("uses"))
    phase = example.option("phase") or ("contract" if uses else "expand")
    options = Options(
        phase=phase, edition=example.option("edition"), version=VERSIONS.get(example.option("version"), 0)
    )
    linter = Linter(options, live_schema() if example.option("live") else None)
    if uses:
        linter.usage = Usage([_RELEASE], [])
    linter.read_and_check(f"{example.rule}.sql", example.text)
    return linter.result


def live_schema() -> LiveSchema:
    """A small database: Things, Owners, Log, Nothing (empty), a procedure, a view, types."""

    def table(name: str, rows: int, *columns: ColumnFacts) -> TableFacts:
        return TableFacts("dbo", name, rows, rows // 1000, {column.name.lower(): column for column in columns})

    tables = [
        table(
            "Things",
            120_000,
            ColumnFacts("ThingId", "int", 4, False),
            ColumnFacts("Name", "nvarchar", 400, False),
            ColumnFacts("Colour", "nvarchar", 60, True),
        ),
        table("Owners", 300, ColumnFacts("Name", "nvarchar", 200, False)),
        table("Log", 5_000, ColumnFacts("ThingId", "int", 4, False)),
        table("Nothing", 0, ColumnFacts("Id", "int", 4, False)),
    ]
    tables[0].keys = [frozenset({"thingid"})]
    modules = [
        ModuleFacts(
            "dbo",
            "spFindAllThings",
            "PROCEDURE",
            "CREATE PROCEDURE dbo.spFindAllThings AS SELECT ThingId FROM dbo.Things",
        ),
        ModuleFacts("dbo", "spLog", "PROCEDURE", "CREATE PROCEDURE dbo.spLog @id int AS INSERT dbo.Log VALUES (@id)"),
        ModuleFacts("dbo", "vOwners", "VIEW", "CREATE VIEW dbo.vOwners AS SELECT * FROM dbo.Owners"),
    ]
    return LiveSchema(
        version=16,
        edition="enterprise",
        database="Shop",
        tables={(one.schema, one.name.lower()): one for one in tables},
        modules={(one.schema, one.name.lower()): one for one in modules},
        types={("dbo", "idlist"): True, ("dbo", "code"): False},
        schemas={"dbo", "sales"},
        constraints={
            ("dbo", "things", "ck_things_named_wrong"): "D",
            ("dbo", "things", "df_things_named_wrong"): "C",
        },
    )
