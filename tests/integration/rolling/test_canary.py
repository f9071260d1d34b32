# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing from outside is code: a canary travels through every value that somebody else can give.

The playbooks and roles are the real ones. In place of each module stands one that returns what this table says: a
release, a node, a load balancer, SQL Server and an application, all of them hostile. The canary is a template whose
evaluation makes a file. Each row lets one step fail, or end, with it.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "action").glob("[a-z]*.py"))
SHARED = ("meta", "roles", "playbooks", "galaxy.yml")

STUB = """
import json, os
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _requires_connection = False
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        name = self._task.action.rpartition(".")[2]
        with open(os.environ["CANARY_RESULTS"], encoding="utf-8") as stream:
            for rule in json.load(stream):
                same = all(str(self._task.args.get(key)) == value for key, value in rule["when"].items())
                if rule["module"] == name and same:
                    result.update(rule["result"])
                    return result
        raise AssertionError(name)
"""


def canary(file: Path) -> str:
    """A text that makes the file, in each of the ways in which a text could be evaluated."""
    touch = f"lookup('pipe', 'touch {file}')"
    return f"{{{{ {touch} }}}}{{% if {touch} %}}x{{% endif %}} !unsafe {{# x #}} \U0001f600 \" ' \\ #jinja2: x:y"


def rule(module: str, result: dict[str, Any], **when: str) -> dict[str, Any]:
    return {"module": module, "when": when, "result": result}


def failing(text: str) -> dict[str, Any]:
    return {"failed": True, "msg": text}


def hostile(c: str) -> list[dict[str, Any]]:
    """What each module returns when all goes well: every text is the canary, or holds it."""
    release = {
        "app": "shop", "version": f"2.0.0{c}", "description": c, "web": {"artifact": c, "sha256": c},
        "database": {"expand": c, "backfill": c, "contract": c}, "encoding": c, "modules": c, "uses": [c], "path": c,
        "smoke": [{"path": f"/{c}", "headers": {c: c}, "body": c, "response_headers": {c: c}, "json": [c]}],
        "supports": {"contract_after": 1},
    }  # fmt: skip
    member = {"member": c, "backend": c, "state": "enabled", "up": True, "status": c, "address": c}
    lease = {"held": False, "owner": c, "version": c, "run_id": c, "acquired_at": c, "expires_at": c}
    script = {"script": c, "phase": "expand", "state": "applied", "release": c, "written_at": c}
    return [
        rule("release_info", {"release": release, "artifact_path": c, "temporary": False}),
        rule("iis_release_info", {
            "current_app": "shop",
            "current_version": f"1.0.0{c}", "current_path": f"C:\\{c}", "versions": [{"version": c, "path": c}],
            "free_bytes": 10**12, "root_writers": [], "tools": {"curl": c, "tar": c, "certutil": c}, "warnings": [c],
            "application_log": {"path": c, "lines": [c, c]}, "restarted_sites": [c],
        }),
        rule("iis_app_pool_info", {"pools": [{"name": c, "state": "Started"}], "request_monitor": True}),
        rule("iis_app_pool", {"changed": True, "diff": {"before": c, "after": c}}),
        rule("iis_release", {"changed": True, "diff": {"before": {c: c}, "after": {c: c}}, "path": c, "manifest": c}),
        rule("lb_member_info", {"members": [member]}),
        rule("lb_member", {
            "changed": True, "previous_state": "enabled", "waited_ms": 10, "in_flight_at_start": 1, "members": [member],
        }),
        rule("http_probe", {"response": {"reason": c, "headers": {c: c}, "body_excerpt": c}}),
        rule("deployment_info", {
            "lease": lease, "nodes": [{"name": "web01", "version": c, "outcome": "succeeded"}],
            "staged": [{"node": "web01", "version": c, "manifest": f"{c} of before"}],
        }),
        rule("deployment", {"changed": True, "lease": lease, "previous": {"owner": c}}),
        rule("mssql_migration_info", {
            "refusals": [], "scripts": [script],
            "phases": {"expand": {"unfinished": [], "pending": []}, "undo": {"pending": [], "missing": []}},
        }),
        rule("mssql_migration", {"applied": [script], "waiting": [{"script": c, "release": c, "reason": c}]}),
        rule("mssql_migration_lint", {"report": c, "findings": [{"message": c, "file": c}]}),
    ]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What differs from the row where all goes well, and where the canary has to arrive."""

    differs: tuple[tuple[str, dict[str, str], str], ...] = ()
    """The module, the arguments of the call, and how it ends: "failed", or the name of a result below."""
    arrives: str = ""
    """The key of the report in which the text is found as it was."""
    succeeds: bool = False
    playbook: str = "rolling_deploy"
    long: bool = False
    """Left to make test-long: the way there is that of another row."""


def endings(c: str) -> dict[str, dict[str, Any]]:
    pending = {"expand": {"unfinished": [], "pending": [c]}, "undo": {"pending": [], "missing": []}}
    lease = {"held": True, **dict.fromkeys(("owner", "version", "run_id", "acquired_at", "expires_at"), c)}
    return {
        "failed": failing(c),
        "refused": {"failed": True, "refused": False, "msg": c},
        "other app": {"release": {"app": c, "version": c, "path": c, "database": {}, "web": {"sha256": c}}},
        "held": {"lease": lease, "nodes": [], "staged": []},
        "refusals": {"refusals": [c], "scripts": [], "phases": pending},
        "no room": {
            "current_app": "shop",
            "current_version": c, "current_path": c, "versions": [],
            "root_writers": [c], "free_bytes": 1, "tools": {"curl": None, c: None},
        },
    }  # fmt: skip


TABLE: dict[str, Row] = {
    "all goes well": Row(succeeds=True),
    "the release cannot be read": Row((("release_info", {}, "failed"),), long=True),
    "the release is of another application": Row((("release_info", {}, "other app"),), long=True),
    "lint refuses": Row((("mssql_migration_lint", {}, "failed"),), long=True),
    "another run has the lease": Row((("deployment_info", {}, "held"),), long=True),
    "the journal refuses": Row((("mssql_migration_info", {}, "refusals"),)),
    "a node has no room": Row((("iis_release_info", {}, "no room"),), long=True),
    "nothing is staged": Row((("iis_release", {"state": "staged"}, "failed"),), "failure", long=True),
    "an expand script throws": Row(
        (("mssql_migration", {"phase": "expand", "lock_timeout_ms": "500"}, "failed"),), "failure", long=True
    ),
    "a drain fails": Row((("lb_member", {"state": "drained", "timeout_s": "120"}, "failed"),), "failure", long=True),
    "a switch fails": Row((("iis_release", {"state": "current"}, "failed"),), "failure", long=True),
    "a smoke test fails": Row((("http_probe", {"method": ""}, "failed"),), "failure", long=True),
    "a backfill throws": Row(
        (("mssql_migration", {"phase": "backfill", "lock_timeout_ms": "500"}, "failed"),), "backfill_failure", long=True
    ),
    "the ledger is lost": Row((("deployment", {"state": "recorded"}, "refused"),), "failure", long=True),
    "the lease cannot be released": Row((("deployment", {"state": "released"}, "refused"),), "", long=True),
    "scripts wait": Row(succeeds=True, playbook="contract"),
    "a node is enabled": Row(succeeds=True, playbook="enable", long=True),
    "an enable fails": Row((("lb_member", {"state": "enabled"}, "failed"),), playbook="enable", long=True),
}
"""One row for each step at which a text of somebody else ends up in a message, a fact, a label or a name."""


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, its modules replaced."""
    base: Path = tmp_path_factory.mktemp("collections")
    root = base / "ansible_collections" / "zero_downtime" / "dotnet"
    (root / "plugins" / "action").mkdir(parents=True)
    for name in SHARED:
        (root / name).symlink_to(ROOT / name)
    for path in PLUGINS.iterdir():
        if path.name != "action":
            (root / "plugins" / path.name).symlink_to(path)
    for name in MODULES:
        (root / "plugins" / "action" / f"{name}.py").write_text(STUB)
    return base


@dataclass
class Bench:
    """One run of a playbook over hostile modules."""

    collections: Path
    directory: Path

    @property
    def made(self) -> Path:
        """The file that an evaluated canary makes."""
        return self.directory / "evaluated"

    @property
    def report(self) -> Path:
        return self.directory / "report.json"

    @property
    def canary(self) -> str:
        return canary(self.made)

    def rules(self, row: Row) -> list[dict[str, Any]]:
        known = endings(self.canary)
        found = [rule(module, copy.deepcopy(known[how]), **when) for module, when, how in row.differs]
        if row.differs and row.differs[0][0] == "http_probe":
            # The smoke test is the probe with a body; the others succeed.
            found[0]["when"] = {"body": self.canary}
        return [*found, *hostile(self.canary)]

    def run(self, playbook: str, rules: list[dict[str, Any]], *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.directory / "results.json").write_text(json.dumps(rules))
        hosts: dict[str, Any] = {"web": {"hosts": {"web01": None}}, "lb": {"hosts": {"lb01": None}}}
        hosts["web"]["vars"] = {
            "ansible_connection": "local", "dotnet_site": "Shop", "dotnet_app_pool": "Shop", "dotnet_soak_s": 0,
            "dotnet_node_url": "http://127.0.0.1:9", "dotnet_artifact_url": "https://localhost/web.zip",
            "dotnet_app": "shop",
            "dotnet_db_host": "localhost", "dotnet_report": str(self.report), "dotnet_release": "/nowhere",
        }  # fmt: skip
        (self.directory / "hosts.yml").write_text(yaml.safe_dump(hosts))
        command = [
            str(Path(os.environ.get("CANARY_ANSIBLE", sys.executable)).parent / "ansible-playbook"),
            "-i", str(self.directory / "hosts.yml"), "--diff", "-v", playbook, *arguments,
        ]  # fmt: skip
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(self.directory / "home"),
            "ANSIBLE_LOCAL_TEMP": str(self.directory / "local"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "CANARY_RESULTS": str(self.directory / "results.json"),
            "PYTHONPATH": "",
        }
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)


@pytest.fixture
def bench(collections: Path, tmp_path: Path) -> Bench:
    return Bench(collections, tmp_path)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if row.long else []) for name, row in TABLE.items()]
)
def test_a_text_from_outside_is_a_text(bench: Bench, name: str) -> None:
    row = TABLE[name]
    done = bench.run(f"zero_downtime.dotnet.{row.playbook}", bench.rules(row))
    said = done.stdout + done.stderr
    assert not bench.made.exists(), said
    assert done.returncode == (0 if row.succeeds else 2), said
    assert "touch" in said, said  # it was there, and shown as it is
    assert "Traceback" not in said and "is not a valid" not in said, said
    if row.arrives:
        report = json.loads(bench.report.read_text())
        found = [report.get(row.arrives, ""), *(node.get(row.arrives, "") for node in report["nodes"].values())]
        assert any(bench.canary in text for text in found), report
    elif row.playbook == "rolling_deploy" and row.succeeds:
        report = json.loads(bench.report.read_text())
        assert report["version"] == f"2.0.0{bench.canary}"
        assert report["nodes"]["web01"]["previous_version"] == f"1.0.0{bench.canary}"


def test_the_canary_would_be_heard(bench: Bench) -> None:
    """The twin, and why docs/security.md warns of it: a report as extra variables is code, whoever wrote its texts."""
    done = bench.run("zero_downtime.dotnet.rolling_deploy", bench.rules(TABLE["an expand script throws"]))
    assert not bench.made.exists()
    report = json.loads(bench.report.read_text())
    assert done.returncode == 2 and bench.canary in report["nodes"]["web01"]["failure"], done.stdout
    show = [{"hosts": "web01", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"var": "nodes"}}]}]
    (bench.directory / "show.yml").write_text(yaml.safe_dump(show))
    bench.run(str(bench.directory / "show.yml"), [], "-e", f"@{bench.report}")
    assert bench.made.exists()


def test_each_module_is_in_the_table() -> None:
    assert sorted({one["module"] for one in hostile("x")}) == MODULES
