# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the state of the database refuses before a release is deployed: journal and scripts, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.loading import find
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.refusals import refusals
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.journal import Entry, State
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import PHASES, named
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import checksum

from .world import WHEN, World

TEXT = "SELECT 1"
Row = tuple[str, str, str, str]
"""Phase, script, state and release of an entry of the journal."""
OLDER: Row = ("expand", "0_z.sql", "applied", "1.0")


def refused(root: Path, scripts: dict[str, str], *rows: Row, release: str | None = "2.0") -> list[str]:
    world = World(root)
    for path, text in scripts.items():
        world.put(path, text)
    entries: dict[str, dict[str, Entry]] = {phase.name: {} for phase in PHASES}
    for at, (phase, script, state, brought) in enumerate(rows):
        was = TEXT if f"{phase}/{script}" in scripts else script
        entries[phase][script] = Entry(at, "shop", phase, script, checksum(was), State(state), brought, WHEN)
    files = {phase: find(str(root), phase) for phase in PHASES}
    return refusals(release, files, {named(name): known for name, known in entries.items()}, {})


def test_a_whole_release_is_not_refused(tmp_path: Path) -> None:
    scripts = {"expand/0_z.sql": TEXT, "expand/1_a.sql": TEXT + " AS a", "undo/1_a.sql": TEXT}
    assert refused(tmp_path, scripts, OLDER) == []


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ((), "2_b.sql"),
        # An earlier run has applied it: the whole release is undone, or nothing.
        ((("expand", "2_b.sql", "applied", "2.0"),), "2_b.sql"),
        # 1.0 applied it, so the undo of 2.0 leaves it alone.
        ((("expand", "2_b.sql", "applied", "1.0"),), ""),
        # It was undone in between, and will be applied again.
        ((("expand", "2_b.sql", "undone", "2.0"),), "2_b.sql"),
    ],
)
def test_an_expand_script_without_undo_script(tmp_path: Path, rows: tuple[Row, ...], missing: str) -> None:
    scripts = {"expand/1_a.sql": TEXT + " AS a", "expand/2_b.sql": TEXT, "undo/1_a.sql": TEXT}
    found = refused(tmp_path, scripts, OLDER, *rows)
    assert ["none for " + missing in sentence for sentence in found] == ([True] if missing else [])


def test_the_first_release_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    """Nor after an interrupted run of itself."""
    scripts = {"expand/1_a.sql": TEXT, "expand/2_b.sql": TEXT + " AS b", "undo/1_a.sql": TEXT}
    assert refused(tmp_path, scripts) == []
    assert refused(tmp_path, scripts, ("expand", "1_a.sql", "applied", "2.0")) == []


def test_an_expand_script_that_another_release_left_unfinished(tmp_path: Path) -> None:
    begun: Row = ("expand", "9_other.sql", "begun", "3.0")
    (sentence,) = refused(tmp_path, {"expand/1_a.sql": TEXT + " AS a"}, OLDER, begun)
    assert sentence.startswith("The expand script 9_other.sql of 3.0 was begun at 2026-11-01T08:30:00Z and did not end")
    assert "2.0 does not have it" in sentence
    # Its own release runs it again.
    assert refused(tmp_path, {"expand/9_other.sql": TEXT}, OLDER, begun, release="3.0") == []


def test_an_undo_script_that_did_not_end(tmp_path: Path) -> None:
    """Its expand script counts as applied: the release would run on what is half undone."""
    rows: tuple[Row, ...] = (("expand", "1_a.sql", "applied", "2.0"), ("undo", "1_a.sql", "begun", "2.0"))
    scripts = {"expand/1_a.sql": TEXT, "undo/1_a.sql": TEXT}
    (sentence,) = refused(tmp_path, scripts, OLDER, *rows)
    assert "expand/1_a.sql may be half undone: run the phase undo of that release to its end first" in sentence


def test_an_undo_script_that_was_changed_after_it_ran(tmp_path: Path) -> None:
    """Undo runs the script as it is now: a release that was undone, corrected and deployed again is not refused."""
    rows: tuple[Row, ...] = (("expand", "1_a.sql", "undone", "2.0"), ("undo", "1_a.sql", "applied", "2.0"))
    corrected = {"expand/1_a.sql": TEXT + " AS a", "undo/1_a.sql": TEXT + " AS b"}
    assert refused(tmp_path, corrected, OLDER, *rows) == []
    # And it is read, because it will run again.
    (sentence,) = refused(tmp_path, {"undo/1_a.sql": "SELECT $(Nowhere)"}, OLDER, *rows)
    assert "Nowhere" in sentence
