# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all scripts: nothing crashes the linter, nothing hides from it, and looks do not matter."""

from __future__ import annotations

import functools
from pathlib import Path

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.batches import split_batches
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.analysis import read_script
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.lexer import (
    QUOTED,
    STRING,
    WORD,
    ScriptError,
    scan,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.tsql.dangers import DANGERS

OPTIONS = Options(advice=False)
RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
CORPUS = Path(__file__).parent / "corpus" / "expand"
WORDS = [
    *"""SELECT INSERT UPDATE DELETE MERGE CREATE ALTER DROP TRUNCATE EXEC EXECUTE DECLARE SET IF WHILE BEGIN END
    ELSE CASE WHEN THEN TABLE COLUMN VIEW PROCEDURE INDEX TRIGGER ADD CONSTRAINT DEFAULT NOT NULL FROM WHERE
    INTO VALUES AS ON WITH GO OR AND sp_rename dbo Things x @a @@b #t [q] N'a' 'b' ''' ( ) , . ; = * + - : :: {
    } $ 1 1e 0x 1.5 -- /* */ ? \\ TRAN TRY CATCH""".split(),  # noqa: SIM905
    "\n",
    "\t",
    "\u00a0",
]


def rules(text: str, phase: str = "expand") -> list[tuple[str, str]]:
    found = check_scripts([("p.sql", text)], Options(phase=phase, advice=False)).findings
    return sorted((one.rule, one.severity) for one in found)


@settings(max_examples=400, deadline=None, suppress_health_check=RELAXED)
@given(st.text(max_size=200))
def test_no_text_crashes_it(text: str) -> None:
    rules(text)


@settings(max_examples=600, deadline=None, suppress_health_check=RELAXED)
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from(["expand", "contract"]))
def test_no_words_crash_it(words: list[str], phase: str) -> None:
    rules(" ".join(words), phase)


@functools.cache
def corpus() -> list[str]:
    """The batches of the ordinary scripts."""
    found = []
    for path in sorted(CORPUS.glob("*.sql")):
        found += [batch.text for batch in split_batches(path.read_text(encoding="utf-8"))]
    return found


@functools.cache
def boundaries(text: str) -> list[int]:
    """Where statements begin, outside strings and outside the bodies of modules."""
    script = read_script("b.sql", text)
    return sorted(
        {
            unit.statement.token.start
            for unit in script.units
            if not unit.in_string
            and unit.statement.module is None
            and unit.tokens[unit.statement.first].start == unit.statement.token.start
            and not (unit.statement.first and unit.tokens[unit.statement.first - 1].key in ("FOR", "EXEC"))
            and unit.statement.kind != "ELSE"
        }
    )


@settings(max_examples=500, deadline=None, suppress_health_check=RELAXED)
@given(st.data())
def test_a_danger_at_any_statement_boundary_is_found(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([one for one in corpus() if boundaries(one)]))
    place = data.draw(st.sampled_from(boundaries(text)))
    rule, statement = DANGERS[data.draw(st.sampled_from(sorted(DANGERS)))]
    glue = data.draw(st.sampled_from(["; ", " ", "\n", "/**/", ";"]))
    script = f"{text[:place]} {statement}{glue}{text[place:]}"
    found = {name for name, severity in rules(script) if severity == ERROR}
    assert rule in found, script


@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
@given(st.data())
def test_layout_never_changes_the_findings(data: st.DataObject) -> None:
    """White space, comments and the case of words; names in brackets and strings are not touched."""
    pool = [*corpus(), *(statement for _rule, statement in DANGERS.values())]
    text = data.draw(st.sampled_from(pool))
    spaces = st.sampled_from([" ", "\n", "\t", "  ", "\r\n", "/* c */", " /* /* x */ ' */ ", " -- it's\n", "\u00a0"])
    tokens = scan(text).tokens
    out: list[str] = []
    before = None
    for token in tokens:
        glued = before is not None and before.end == token.start
        if before is not None and (not glued or token.text in "(),;=" or before.text in "(),;="):
            out.append(data.draw(spaces))
        elif before is not None and glued and {before.kind, token.kind} <= {WORD, QUOTED, STRING}:
            out.append(" ")
        piece = token.text
        if token.kind == WORD:
            piece = data.draw(st.sampled_from([piece, piece.lower(), piece.upper(), piece.swapcase()]))
        out.append(piece)
        before = token
    changed = "".join(out)
    assert rules(changed) == rules(text), changed


@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
@given(st.lists(st.sampled_from(sorted(DANGERS)), min_size=1, max_size=6), st.sampled_from([" ", ";\n", "\nGO\n"]))
def test_many_dangers_are_all_found(names: list[str], glue: str) -> None:
    text = glue.join(DANGERS[name][1] for name in names)
    found = {rule for rule, severity in rules(text) if severity == ERROR}
    assert {DANGERS[name][0] for name in names} <= found, text


@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
@given(
    st.lists(
        st.sampled_from(
            ["GO", "GO 2", "go -- x", "SELECT 1", "PRINT 'GO'", "'", "/*", "*/", "[", "]", "", "  GO", "GO x"]
        ),
        max_size=12,
    )
)
def test_batches_are_parts_of_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        found = split_batches(text)
    except ScriptError:
        return
    at = 0
    for batch in found:
        assert batch.offset >= at
        assert text[batch.offset : batch.offset + len(batch.text)] == batch.text
        assert batch.line == text.count("\n", 0, batch.offset) + 1
        at = batch.offset + len(batch.text)
