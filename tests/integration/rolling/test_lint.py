# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint is right: what it refuses does fail requests when it is forced through.

The tests share one lab and run in this order.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from lab.loadrun import LoadRun
from lab.stack import Lab
from lab.watch import watch_playbook

# Version 2 does without the column Name, version 1 reads it.
BREAKING = """
{waiver}ALTER TABLE dbo.Things DROP COLUMN Name;
GO
CREATE OR ALTER PROCEDURE dbo.spFindAllThings_2
AS
BEGIN
    SET NOCOUNT ON;
    SELECT TOP (20) ThingId, RequestId, N'a thing' AS Name, ISNULL(Colour, N'unpainted') AS Colour
    FROM dbo.Things
    ORDER BY ThingId DESC;
END
GO
CREATE OR ALTER PROCEDURE dbo.spAddThing_2
    @RequestId nvarchar(64),
    @Name nvarchar(200),
    @Colour nvarchar(30)
AS
BEGIN
    SET NOCOUNT ON;
    INSERT INTO dbo.Things (RequestId, Colour) VALUES (@RequestId, @Colour);
END
GO
"""
# What version 1 calls, with a column less.
IN_PLACE = """
CREATE OR ALTER PROCEDURE dbo.spFindAllThings
AS
BEGIN
    SET NOCOUNT ON;
    SELECT TOP (20) ThingId, RequestId FROM dbo.Things ORDER BY ThingId DESC;
END
GO
"""
WAIVER = "-- lint: allow drop-column nobody reads it, we are sure\n"


def _release(lab: Lab, tmp_path: Path, waiver: str) -> Path:
    bundle = Path(shutil.copytree(lab.build("2.0.0"), tmp_path / "2.0.0"))
    (bundle / "db" / "expand" / "0003_without_name.sql").write_text(BREAKING.format(waiver=waiver))
    # A release undoes all of its expand scripts or none.
    (bundle / "db" / "undo" / "0003_without_name.sql").write_text(
        "ALTER TABLE dbo.Things ADD Name nvarchar(200) NULL;\n"
    )
    return bundle


def test_a_release_that_drops_a_column_in_use_is_refused(lab: Lab, tmp_path: Path) -> None:
    before = lab.fingerprint()
    refused = {
        "dotnet_release": str(_release(lab, tmp_path, "")),
        "dotnet_supported_releases": [str(lab.build("1.0.0"))],
    }
    done = lab.playbook("rolling_deploy", extra_vars=refused)
    assert done.returncode == 2, done.story
    assert re.search(r"0003_without_name\.sql[^\n]*drop-column|drop-column[^\n]*0003_without_name\.sql", done.output), (
        done.story
    )
    assert lab.fingerprint() == before
    assert not lab.lease()["held"]


def test_the_release_says_whether_its_procedures_change_in_place(lab: Lab, tmp_path: Path) -> None:
    """With in_place the procedure is compared with the one in the database; versioned refuses it unread."""
    before = lab.fingerprint()
    bundle = Path(shutil.copytree(lab.build("2.0.0"), tmp_path / "2.0.0"))
    (bundle / "db" / "expand" / "0003_in_place.sql").write_text(IN_PLACE)
    manifest = bundle / "release.yml"
    text = manifest.read_text()
    for policy in ("versioned", "in_place"):
        manifest.write_text(f"{text}\nmodules: {policy}\n")
        done = lab.playbook("rolling_deploy", extra_vars={"dotnet_release": str(bundle)})
        assert done.returncode == 2, done.story
        assert "0003_in_place.sql" in done.output and "alter-module" in done.output, done.story
        assert ("it returned" in done.output) == (policy == "in_place"), done.story
    assert lab.fingerprint() == before


def test_forced_through_it_fails_requests(lab: Lab, tmp_path: Path) -> None:
    bundle = _release(lab, tmp_path, WAIVER)
    with LoadRun(lab, "forced", tmp_path, rate=70.0, slow_rate=2.0) as load:
        forced = {"dotnet_release": str(bundle), "dotnet_soak_s": 1}
        watched = watch_playbook(lab, load, "rolling_deploy", extra_vars=forced)
    assert watched.load["failed_by_kind"].get("5xx", 0) >= 10, f"{watched.load}\n{watched.story}"
    assert "nobody reads it, we are sure" in watched.output, watched.story
