# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that describe the collection agree with what is in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from .conftest import NAMESPACE, ROOT, load

PINNED = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(\[[a-z,]+\])?>=(?P<least>[0-9][0-9.]*)$")

#: The versions that fix the last known vulnerability of what the run-time requirements bring along: CVE-2025-27516,
#: CVE-2026-25645, CVE-2026-44431 and CVE-2026-44432, CVE-2026-69247.
FLOORS = {"jinja2": "3.1.6", "requests": "2.33.0", "urllib3": "2.7.0", "cryptography": "50.0.0"}


def requirements(name: str) -> dict[str, str]:
    """Lower bounds by name, of a requirements file in which each line must have one."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            match = PINNED.match(line)
            assert match, f"{name}: {line!r} has no lower bound"
            found[match["name"]] = match["least"]
    return found


def test_every_module_is_in_the_action_group_all_and_nothing_else_is(modules: list[str]) -> None:
    assert sorted(load("meta/runtime.yml")["action_groups"]["all"]) == sorted(modules)


def test_each_module_says_in_which_action_groups_it_is(documentation: dict[str, Any]) -> None:
    groups = load("meta/runtime.yml")["action_groups"]
    for name, page in documentation.items():
        stated = {entry.rpartition(".")[2] for entry in page["doc"]["attributes"]["action_group"]["membership"]}
        assert stated == {group for group, members in groups.items() if name in members}, name


@pytest.mark.parametrize("attribute", ["check_mode", "diff_mode", "idempotent", "platform"])
def test_each_module_states_its_attributes(documentation: dict[str, Any], attribute: str) -> None:
    for name, page in documentation.items():
        assert attribute in page["doc"]["attributes"], name
        assert page["doc"]["attributes"][attribute].get("support"), f"{name}: {attribute}"


def without_sample(entries: dict[str, Any], at: str) -> list[str]:
    """What is documented to be returned and has no sample, neither as a whole nor in each of its parts."""
    found = []
    for key, entry in entries.items():
        if "sample" not in entry:
            found += without_sample(entry["contains"], f"{at}{key}.") if entry.get("contains") else [f"{at}{key}"]
    return found


def test_each_module_says_what_it_returns_with_samples(documentation: dict[str, Any]) -> None:
    for name, page in documentation.items():
        assert page["return"], name
        assert without_sample(page["return"], f"{name}: ") == []


def test_a_result_without_a_sample_is_found() -> None:
    entries = {"a": {"sample": 1}, "b": {"contains": {"c": {"sample": 1}, "d": {}}}, "e": {}}
    assert without_sample(entries, "") == ["b.d", "e"]


def test_each_module_has_examples_that_name_it_in_full(documentation: dict[str, Any]) -> None:
    for name, page in documentation.items():
        tasks = yaml.safe_load(page["examples"])
        assert any(f"{NAMESPACE}.{name}" in str(task) for task in tasks), name


def test_windows_modules_say_that_they_never_ran_on_windows(documentation: dict[str, Any]) -> None:
    for name, page in documentation.items():
        if name.startswith("iis_"):
            assert re.search(
                r"(?i)not (yet )?(been )?run on Windows|never run on Windows", yaml.safe_dump(page["doc"], width=10000)
            ), name


def test_sql_modules_say_that_they_never_ran_on_sql_server(documentation: dict[str, Any]) -> None:
    for name, page in documentation.items():
        if name.startswith(("mssql_", "deployment")):
            assert re.search(
                r"(?i)not (yet )?(been )?run on (a )?(real )?SQL Server", yaml.safe_dump(page["doc"], width=10000)
            ), name


def test_the_versions_agree() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    assert load("galaxy.yml")["version"] == project["version"]


def test_requires_ansible_is_the_lower_bound_that_pip_installs() -> None:
    assert load("meta/runtime.yml")["requires_ansible"] == f">={requirements('requirements.txt')['ansible-core']}"


def test_run_time_needs_are_the_four_that_are_documented() -> None:
    assert set(requirements("requirements.txt")) == {"ansible-core", "pywinrm", "pyodbc", "jmespath", *FLOORS}


def below(floors: dict[str, str], bounds: dict[str, str]) -> list[str]:
    """Packages whose lower bound allows a version with a known vulnerability."""
    return [name for name, least in floors.items() if name not in bounds or Version(bounds[name]) < Version(least)]


def test_no_lower_bound_allows_a_known_vulnerability() -> None:
    assert below(FLOORS, requirements("requirements.txt")) == []
    assert below({"jinja2": "3.1.6", "urllib3": "2.7.0"}, {"jinja2": "3.1.5"}) == ["jinja2", "urllib3"]


def unlocked(requirements_file: str, lock: str) -> list[str]:
    """Requirements that the lock does not fulfil, and locked packages without a hash."""
    pinned: dict[str, list[str]] = {}
    wrong = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        name, _equals, rest = entry.partition("==")
        pinned.setdefault(name, []).append(rest.split()[0])
        if not re.search(r"--hash=sha256:[0-9a-f]{64}", rest):
            wrong.append(f"{name} has no hash")
    for line in requirements_file.splitlines():
        if line and not line.startswith(("#", "-r ")):
            needed = Requirement(line)
            versions = pinned.get(needed.name.lower().replace("_", "-"), [])
            if not versions or not all(needed.specifier.contains(version) for version in versions):
                wrong.append(f"{line}: {versions}")
    return wrong


@pytest.mark.parametrize(
    ("requirements_file", "lock"),
    [
        ("requirements.txt", "requirements.lock"),
        ("requirements.txt", "requirements-dev.lock"),
        ("requirements-dev.txt", "requirements-dev.lock"),
    ],
)
def test_the_lock_has_every_requirement_with_its_hash(requirements_file: str, lock: str) -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in (requirements_file, lock)]
    assert unlocked(*texts) == []


def test_a_requirement_that_is_not_locked_is_found() -> None:
    lock = f"one==1.0 \\\n    --hash=sha256:{'0' * 64}\ntwo==2.0"
    assert unlocked("one>=1.0\ntwo", lock) == ["two has no hash"]
    assert unlocked("one>=1.1\nthree", lock) == ["two has no hash", "one>=1.1: ['1.0']", "three: []"]


def test_users_and_developers_have_the_same_versions() -> None:
    users, developers = (
        set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert users
    assert users <= developers


def test_the_execution_environment_has_what_the_collection_needs() -> None:
    environment = load("meta/execution-environment.yml")
    assert environment["dependencies"]["python"] == "requirements.txt"
    system = (ROOT / environment["dependencies"]["system"]).read_text(encoding="utf-8")
    assert "unixODBC" in system
    assert "unixodbc" in system


def test_every_role_has_an_argument_spec_for_each_entry_point(root: Path) -> None:
    roles = [path for path in (root / "roles").iterdir() if path.is_dir()]
    assert roles
    for role in roles:
        specs = load(f"roles/{role.name}/meta/argument_specs.yml")["argument_specs"]
        assert bool(specs) == (role / "tasks").is_dir(), role.name
        for entry, spec in specs.items():
            assert (role / "tasks" / f"{entry}.yml").is_file(), f"{role.name}: {entry}"
            assert spec.get("short_description"), f"{role.name}: {entry}"
            for option, described in spec.get("options", {}).items():
                assert option.startswith(f"{role.name}_"), f"{role.name}: {option}"
                assert described.get("description"), f"{role.name}: {option}"


def plays(root: Path, pattern: str) -> list[tuple[str, dict[str, Any]]]:
    """Every play of the playbooks that match, with the name of its file."""
    found = sorted((root / "playbooks").glob(pattern))
    return [(path.stem, play) for path in found for play in load(str(path.relative_to(root)))]


def test_playbooks_can_be_named_from_an_installed_collection(root: Path) -> None:
    found = plays(root, "**/*.yml")
    assert {name for name, _play in found} >= {"rolling_deploy", "contract", "drain", "enable", "roll_out"}
    for name, play in found:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        if "hosts" in play:
            # the first play of each fails when the pattern of the others matches nothing
            chosen = "{{" in play["hosts"] or play["hosts"] == "all:localhost"
            assert chosen, f"{name}: hosts of {play.get('name')} cannot be chosen"


def test_a_playbook_is_a_list_of_stages(root: Path) -> None:
    for name, play in plays(root, "*.yml"):
        stage = play.get("ansible.builtin.import_playbook", "")
        assert stage.startswith("stages/"), f"{name}: {play.get('name')} is not a stage"
        assert (root / "playbooks" / stage).is_file(), f"{name}: {stage}"


def test_every_play_with_a_connection_has_the_same_head(root: Path) -> None:
    """Ansible cannot say it once for several plays, and a play that forgets it reaches another database, or none."""
    heads = [
        (name, {key: play.get(key) for key in ("gather_facts", "roles", "module_defaults")})
        for name, play in plays(root, "stages/*.yml")
        if "zero_downtime.dotnet" in str(play["tasks"]) and name != "plan"
    ]
    assert len(heads) > 8
    for name, head in heads:
        assert head == heads[0][1], name


def test_every_python_file_has_its_licence_and_postponed_annotations(tracked: list[str]) -> None:
    for name in tracked:
        text = (ROOT / name).read_text(encoding="utf-8") if name.endswith(".py") else ""
        if text:
            assert "# SPDX-License-Identifier: GPL-3.0-or-later" in text, name
            assert "from __future__ import annotations" in text, name


def test_the_changelog_tells_of_every_module_and_role(modules: list[str]) -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "changelogs/fragments").glob("*.yml"))
    told += (ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"[a-z_]+", told))
    roles = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert not {*modules, *roles, *playbooks} - named
