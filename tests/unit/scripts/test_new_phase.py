# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A phase is added by its policy, in one file: tried with a toy, in a copy of the code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
POLICY = 'SEED = Phase("seed", "db/seed", 2, strict=True, batched=True, due=Due.AFTER_EXPAND)\n\n'
ASK = """
import json, sys
from pathlib import Path
from module_utils._migration import forward, loading, tasks
from module_utils._release.schema import SCHEMA
from module_utils._scripts.phases import NAMES, named
from module_utils._tsql.run import Request, run

release = sys.argv[1]
seed = named("seed")
report = run(Request([release]))
json.dump({
    "names": NAMES,
    "schema": sorted(SCHEMA["properties"]["database"]["properties"]),
    "engine": [file.label for file in loading.find(release, seed)],
    "runs forward": tasks.runner_of(seed) is forward.run,
    "linted": [Path(file).name for file in report.files],
    "refused": [(finding.rule, finding.phase) for finding in report.findings if finding.severity == "error"],
}, sys.stdout)
"""


def test_a_phase_is_its_policy(tmp_path: Path) -> None:
    copy = tmp_path / "plugins" / "module_utils"
    shutil.copytree(ROOT / "plugins/module_utils", copy, ignore=shutil.ignore_patterns("__pycache__"))
    phases = copy / "_scripts" / "phases.py"
    text = phases.read_text(encoding="utf-8")
    for before, after in (
        ("PHASES = (", f"{POLICY}PHASES = ("),
        ("(EXPAND, BACKFILL, CONTRACT, UNDO)", "(EXPAND, BACKFILL, SEED, CONTRACT, UNDO)"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    phases.write_text(text, encoding="utf-8")

    release = tmp_path / "release"
    (release / "db/seed").mkdir(parents=True)
    (release / "db/seed/0001.sql").write_text("DROP TABLE dbo.Things;\n")
    sha256 = "0" * 64
    (release / "release.yml").write_text(
        f"app: shop\nversion: 2.0.0\nweb: {{artifact: web.zip, sha256: {sha256}}}\ndatabase: {{seed: db/seed}}\n"
    )
    command = [sys.executable, "-c", ASK, str(release)]
    done = subprocess.run(command, cwd=tmp_path / "plugins", capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["names"] == ["expand", "backfill", "seed", "contract", "undo"]
    assert answer["schema"] == sorted(answer["names"])
    assert answer["engine"] == ["seed/0001.sql"]
    assert answer["runs forward"]
    assert answer["linted"] == ["0001.sql"]
    assert answer["refused"] == [["drop-table", "seed"]]
