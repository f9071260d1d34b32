# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the rollout: old rows are backfilled, and what version 1 needed goes only when the ledger allows it.

The tests share one lab and run in this order.
"""

from __future__ import annotations

from lab.ansible_cli import Run
from lab.stack import Lab

ROWS = 1200
QUICK = {"dotnet_soak_s": 0}


def _unpainted(lab: Lab) -> int:
    return int(lab.query("SELECT COUNT(*) FROM dbo.Things WHERE Colour IS NULL")[0][0])


def _old_procedures(lab: Lab) -> set[str]:
    found = lab.query("SELECT name FROM sys.objects WHERE type = 'P' AND name IN ('spFindAllThings', 'spAddThing')")
    return {str(name) for (name,) in found}


def _contract(lab: Lab, *arguments: str) -> Run:
    return lab.playbook("contract", *arguments, extra_vars={"dotnet_release": str(lab.build("2.0.0"))})


def test_rows_of_version_1_are_backfilled(lab: Lab) -> None:
    lab.query(
        "SET NOCOUNT ON; DECLARE @n INT = 0; "
        f"WHILE @n < {ROWS} BEGIN EXEC dbo.spAddThing @RequestId = N'old', @Name = N'old'; SET @n = @n + 1 END; "
        "SELECT @n AS n"
    )
    done = lab.deploy("2.0.0", extra_vars=QUICK)
    assert done.returncode == 0, done.story
    assert _unpainted(lab) == 0
    assert int(lab.query("SELECT COUNT(*) FROM dbo.Things WHERE Colour = N'unpainted'")[0][0]) >= ROWS


def test_the_contract_waits_for_the_next_release(lab: Lab) -> None:
    done = _contract(lab)
    assert done.returncode == 0, done.story
    assert "0002_drop_version_1.sql of 2.0.0 waits" in done.output, done.story
    assert _old_procedures(lab) == {"spFindAllThings", "spAddThing"}
    assert not lab.lease()["held"]


def test_the_contract_is_due_after_the_next_release(lab: Lab) -> None:
    deployed = lab.deploy("2.0.1", extra_vars=QUICK)
    assert deployed.returncode == 0, deployed.story
    planned = _contract(lab, "--check", "--diff")
    assert planned.returncode == 0, planned.story
    assert "DROP PROCEDURE dbo.spFindAllThings" in planned.output
    assert _old_procedures(lab) == {"spFindAllThings", "spAddThing"}
    done = _contract(lab)
    assert done.returncode == 0, done.story
    assert _old_procedures(lab) == set()
    again = _contract(lab)
    assert again.returncode == 0, again.story
    assert "changed=1" not in again.output


def test_one_old_node_holds_the_contract_back(lab: Lab) -> None:
    """The twin: what the ledger says decides, and nothing else."""
    lease = {"run_id": "test", "owner": "test"}
    assert lab.lease_module(state="leased", version="1.0.0", **lease).returncode == 0
    for outcome in ("started", "succeeded"):
        recorded = lab.lease_module(state="recorded", run_id="test", node="web09", outcome=outcome, version="1.0.0")
        assert recorded.returncode == 0, recorded.output
    assert lab.lease_module(state="released", run_id="test").returncode == 0
    lab.query("SET NOCOUNT ON; DELETE FROM deploy.migration_journal WHERE phase = 'contract'; SELECT 1 AS done")
    done = _contract(lab)
    assert done.returncode == 0, done.story
    assert "web09 runs 1.0.0" in done.output, done.story
