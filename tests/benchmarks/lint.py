# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the migration linter takes, and how it takes hostile input: writes build/bench/lint.json.

Ends with status 1 where a goal is missed: fifty times as fast as sqlfluff, ten thousand scripts within ten seconds,
time linear in the length of the text, no input on which it crashes.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.batches import split_batches
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "unit" / "tsql" / "corpus"
OPTIONS = Options(phase="expand")
FASTER_THAN_SQLFLUFF = 50
SECONDS_FOR_10000 = 10.0
LINEAR_WITHIN = 1.6
"""How much more than in proportion eight times the text may take."""


def check(text: str) -> Report:
    return check_scripts([("bench.sql", text)], OPTIONS)


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor: all of it is one thread that waits for nothing, and other processes do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def piece(number: int) -> str:
    """Twenty-five lines such as migrations have, different for each number."""
    return f"""-- things of kind {number}
IF COL_LENGTH(N'dbo.Things', N'Colour{number}') IS NULL
    ALTER TABLE dbo.Things ADD Colour{number} nvarchar(30) NULL;
GO
CREATE TABLE dbo.Kind{number} (
    KindId int IDENTITY(1, 1) NOT NULL,
    Name nvarchar(100) NOT NULL,
    Price decimal(18, 2) NULL CONSTRAINT DF_Kind{number}_Price DEFAULT (0),
    CONSTRAINT PK_Kind{number} PRIMARY KEY (KindId)
);
GO
INSERT INTO dbo.Kind{number} (Name, Price) VALUES (N'wood', 1.5), (N'glass', 2.5), (N'it''s tin', NULL);
GO
CREATE PROCEDURE dbo.spFindKind{number} @id int AS
BEGIN
    SET NOCOUNT ON;
    SELECT k.KindId, k.Name, CASE WHEN k.Price > 2 THEN N'dear' ELSE N'cheap' END AS Class
    FROM dbo.Kind{number} AS k
    WHERE k.KindId = @id
    ORDER BY k.Name;
END
GO
GRANT EXECUTE ON dbo.spFindKind{number} TO shop;
GO

"""


def lines(count: int) -> str:
    text = "".join(piece(number) for number in range(count // 25 + 1))
    return "\n".join(text.split("\n")[:count]) + "\n"


def lines_5000(with_sqlfluff: bool) -> dict[str, float]:
    text = lines(5000)
    text = text[: text.rindex("\nGO\n") + 4]
    found: dict[str, float] = {"ours_s": min(seconds(lambda: check(text)) for _unused in range(3))}
    if with_sqlfluff:
        from sqlfluff.core import FluffConfig, Linter

        linter = Linter(config=FluffConfig(overrides={"dialect": "tsql"}))
        found["sqlfluff_s"] = seconds(lambda: linter.parse_string(text))
        found["times_faster"] = found["sqlfluff_s"] / found["ours_s"]
    return found


def scripts_10000() -> dict[str, float]:
    scripts = [(f"{number:05}.sql", piece(number)) for number in range(10_000)]
    report: list[Report] = []
    took = seconds(lambda: report.append(check_scripts(scripts, OPTIONS)))
    return {"seconds": took, "statements": report[0].statements, "errors": report[0].count("error")}


def scaling() -> dict[str, float]:
    texts = {str(times): lines(4000 * times) for times in (1, 2, 4, 8)}
    return {times: min(seconds(lambda text=text: check(text)) for _unused in range(2)) for times, text in texts.items()}  # type: ignore[misc]


def nested_exec(depth: int) -> str:
    text = "DROP TABLE dbo.Things"
    for _unused in range(depth):
        text = "EXEC('" + text.replace("'", "''") + "')"
    return text


def hostile() -> dict[str, dict[str, float | int | bool]]:
    count = 1_000_000
    texts = {
        "a_10_mb_string": "PRINT '" + "x" * 10_000_000 + "'",
        "a_10_mb_string_never_closed": "PRINT '" + "''" * 5_000_000,
        "a_million_parentheses": "SELECT " + "(" * count + "1" + ")" * count,
        "a_million_parentheses_open": "SELECT " + "(" * count,
        "blocks_100000_deep": "BEGIN " * 100_000 + "DROP TABLE dbo.Things" + " END" * 100_000,
        "ifs_100000_deep": "IF 1 = 1 " * 100_000 + "DROP TABLE dbo.Things",
        "cases_100000_deep": "SELECT " + "CASE WHEN 1 = 1 THEN " * 100_000 + "1" + " END" * 100_000,
        "comments_a_million_deep": "/*" * count + "*/" * count + "DROP TABLE dbo.Things",
        "exec_16_deep": nested_exec(16),
        "go_500000_times": "GO\n" * 500_000,
        "a_million_semicolons": ";" * count,
        "pieces_of_a_string": "EXEC(" + "+".join(["'DROP '"] * 20_000) + ")",
        "waivers_20000": "-- lint: allow drop-table because\nDROP TABLE dbo.Things;\n" * 20_000,
        "procedures_20000_in_a_batch": "ALTER PROCEDURE dbo.p AS " * 20_000,
        "views_20000": "CREATE VIEW dbo.v AS SELECT a.* FROM dbo.a AS a\nGO\n" * 20_000,
        "sources_100000": "UPDATE t SET a = 1 FROM " + ", ".join(["x.dbo.t t"] * 100_000),
        "options_without_end": "FROBNICATE WITH ( " * 50_000,
        "drops_20000": "DROP TABLE dbo.Things " * 20_000,
    }
    found: dict[str, dict[str, float | int | bool]] = {}
    for name, text in texts.items():
        reports: list[Report] = []
        took = seconds(lambda text=text, reports=reports: reports.append(check(text)))  # type: ignore[misc]
        dangerous = "DROP TABLE" in text
        found[name] = {
            "characters": len(text),
            "seconds": took,
            "found": reports[0].refused or bool(reports[0].waived) or not dangerous,
        }
    return found


def corpus() -> dict[str, float]:
    statements = unknown = refused = harmless = 0
    for path in sorted(CORPUS.glob("*/*.sql")):
        report = check(path.read_text(encoding="utf-8"))
        statements += report.statements
        unknown += sum(1 for finding in report.findings if finding.rule == "unknown")
        if path.parent.name == "expand":
            harmless += report.statements
            refused += report.count("error")
    return {
        "statements": statements,
        "unknown": unknown,
        "unknown_rate": unknown / statements,
        "harmless_statements": harmless,
        "harmless_refused": refused,
        "refusal_rate": refused / harmless,
    }


def missed(result: dict[str, object]) -> list[str]:
    """The goals that were not reached."""
    out = []
    five = result["lines_5000"]
    assert isinstance(five, dict)
    if "times_faster" in five and five["times_faster"] < FASTER_THAN_SQLFLUFF:
        out.append(f"{five['times_faster']:.0f} times as fast as sqlfluff, the goal is {FASTER_THAN_SQLFLUFF}")
    ten = result["scripts_10000_s"]
    assert isinstance(ten, float)
    if ten > SECONDS_FOR_10000:
        out.append(f"10,000 scripts took {ten:.1f} s, the goal is {SECONDS_FOR_10000:.0f}")
    steps = result["scaling"]
    assert isinstance(steps, dict)
    if steps["8"] > steps["1"] * 8 * LINEAR_WITHIN:
        out.append(f"8 times the text took {steps['8'] / steps['1']:.1f} times as long")
    kinds = result["hostile"]
    assert isinstance(kinds, dict)
    out += [f"{name}: the statement was not found" for name, one in kinds.items() if not one["found"]]
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-sqlfluff", action="store_true", help="leave the comparison out")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench" / "lint.json")
    options = parser.parse_args()
    began = time.perf_counter()
    ten = scripts_10000()
    result: dict[str, object] = {
        "python": platform.python_version(),
        "lines_5000": lines_5000(not options.no_sqlfluff),
        "scripts_10000_s": ten["seconds"],
        "scripts_10000": ten,
        "scaling": scaling(),
        "split_100000_lines_s": seconds(lambda: split_batches(lines(100_000))),
        "hostile": hostile(),
        "corpus": corpus(),
    }
    result["wall_clock_of_all_s"] = time.perf_counter() - began
    result["missed"] = missed(result)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    print(f"written to {options.output}")
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
