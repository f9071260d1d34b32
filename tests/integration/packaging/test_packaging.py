# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball: what is in it, and that it works from a path where nothing else is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
NAME = "zero_downtime.dotnet"
RUN_TIME = ("meta/", "plugins/", "roles/", "playbooks/")
BESIDE = ("docs/", "examples/", "changelogs/")
SINGLE = {
    "MANIFEST.json", "FILES.json", "README.md", "COPYING", "CHANGELOG.md", "SECURITY.md",
    "requirements.txt", "requirements.lock", "bindep.txt",
}  # fmt: skip

#: What may lie beside the sources of a team, and must not reach the tarball.
STRAY = (
    ".vault_pass", "deploy.pem", "vault.yml", "hosts.ini", "examples/inventory/group_vars/all/vault.yml",
    "examples/.vault_pass", "playbooks/deploy.key", "plugins/modules/notes.txt", "roles/web_node/files/server.pfx",
    "docs/report.html", "meta/token.yml", "roles/web_node/vars/vault.yml", "roles/web_node/files/shop_vault.yml",
    "playbooks/group_vars/all/vault.yml", "docs/credentials.json", "docs/secrets.json",
)  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """The collection in a path of its own."""

    names: list[str]
    path: Path
    home: Path

    def run(self, program: str, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A program of Ansible's that knows of no other path with collections."""
        ours = ("ANSIBLE_", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment |= {
            "ANSIBLE_COLLECTIONS_PATH": str(self.path),
            "HOME": str(self.home),
            "ANSIBLE_NOCOLOR": "1",
        } | variables
        command = [str(BIN / program), *args]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.home, env=environment, timeout=120
        )


def _sync(tree: Path) -> None:
    """A repository with a copy of what is tracked here."""
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    subprocess.run([sys.executable, str(ROOT / "scripts/_sync.py"), str(ROOT), str(tree)], check=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built from what is tracked, as a release is, and installed into an empty path without a network."""
    work = tmp_path_factory.mktemp("packaging")
    tree = work / "tree"
    _sync(tree)
    for stray in STRAY:
        (tree / stray).parent.mkdir(parents=True, exist_ok=True)
        (tree / stray).write_text("a secret\n", encoding="utf-8")
    galaxy = str(BIN / "ansible-galaxy")
    subprocess.run(
        [galaxy, "collection", "build", "--output-path", str(work), str(tree)], check=True, capture_output=True
    )
    (tarball,) = work.glob("zero_downtime-dotnet-*.tar.gz")
    with tarfile.open(tarball) as archive:
        names = [member.name for member in archive.getmembers() if member.isfile()]
    collection = Installed(names, work / "collections", work / "home")
    collection.home.mkdir()
    ended = collection.run(
        "ansible-galaxy", "collection", "install", "--offline", "-p", str(collection.path), str(tarball)
    )
    assert "was installed successfully" in ended.stdout, ended.stdout + ended.stderr
    return collection


def test_only_what_is_for_users_is_in_it(installed: Installed) -> None:
    strange = [name for name in installed.names if not name.startswith((*RUN_TIME, *BESIDE)) and name not in SINGLE]
    assert strange == []
    assert [name for name in installed.names if name.endswith((".pyc", ".log"))] == []


def test_a_stray_file_stays_out(installed: Installed) -> None:
    assert sorted(set(STRAY) & set(installed.names)) == []


def test_the_script_builds_from_what_is_tracked(tmp_path: Path) -> None:
    """A file whose kind belongs in a collection, in a directory that does, but which nobody has added."""
    tree = tmp_path / "tree"
    _sync(tree)
    (tree / "roles/web_node/vars/vault.yml").write_text("---\npassword: secret\n", encoding="utf-8")
    environment = {**os.environ, "VENV": str(Path(sys.prefix))}
    subprocess.run([str(tree / "scripts/build"), str(tmp_path)], check=True, capture_output=True, env=environment)
    (tarball,) = tmp_path.glob("zero_downtime-dotnet-*.tar.gz")
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert "roles/web_node/vars/main.yml" in names
    assert "roles/web_node/vars/vault.yml" not in names
    _check_what_lies_beside(tmp_path, tarball)


def test_the_script_refuses_tracked_files_that_are_not_as_committed(tmp_path: Path) -> None:
    """A password that was written into an example to try it."""
    tree = tmp_path / "tree"
    _sync(tree)
    with (tree / "examples/inventory/group_vars/all/main.yml").open("a", encoding="utf-8") as example:
        example.write("dotnet_db_password: secret\n")
    environment = {**os.environ, "VENV": str(Path(sys.prefix))}
    command = [str(tree / "scripts/build"), str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert ended.returncode == 1
    assert "differ from the last commit" in ended.stderr
    assert "examples/inventory/group_vars/all/main.yml" in ended.stderr
    assert list(tmp_path.glob("*.tar.gz")) == []


def _check_what_lies_beside(directory: Path, tarball: Path) -> None:
    """The checksums are those of the files; the list of components names the tarball's and what users install."""
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    listed = (directory / "SHA256SUMS").read_text(encoding="utf-8")
    assert subprocess.run(check, cwd=directory, check=False, capture_output=True).returncode == 0
    [sbom] = directory.glob("*.cdx.json")
    assert {line.split()[1] for line in listed.splitlines()} == {tarball.name, sbom.name}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.read_text(encoding="utf-8")) is None
    bom = json.loads(sbom.read_text(encoding="utf-8"))
    collection = bom["metadata"]["component"]
    assert (collection["name"], collection["version"]) == (NAME, "0.1.0")
    assert collection["hashes"][0]["content"] == hashlib.sha256(tarball.read_bytes()).hexdigest()
    packages = {component["name"] for component in bom["components"]}
    assert {"ansible-core", "pywinrm", "pyodbc", "jmespath", "cryptography"} <= packages
    assert "pytest" not in packages
    tarball.write_bytes(tarball.read_bytes() + b"x")
    assert subprocess.run(check, cwd=directory, check=False, capture_output=True).returncode == 1


def test_all_that_is_for_users_is_in_it(installed: Installed) -> None:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    kept = (*RUN_TIME, *BESIDE)
    wanted = [name for name in listed.stdout.splitlines() if name.startswith(kept) and (ROOT / name).is_file()]
    assert wanted
    assert set(wanted) <= set(installed.names)


def test_every_module_is_documented_from_there(installed: Installed) -> None:
    modules = [Path(name).stem for name in installed.names if name.startswith("plugins/modules/")]
    shown = installed.run("ansible-doc", *[f"{NAME}.{module}" for module in modules])
    assert shown.returncode == 0, shown.stderr
    for module in modules:
        assert f"{NAME}.{module}" in shown.stdout
    unknown = installed.run("ansible-doc", f"{NAME}.no_such_module")
    assert "no_such_module" not in unknown.stdout


def test_every_playbook_runs_by_its_name(installed: Installed) -> None:
    playbooks = [
        Path(name).stem
        for name in installed.names
        if name.startswith("playbooks/") and name.count("/") == 1 and name.endswith(".yml")
    ]
    assert "rolling_deploy" in playbooks
    for playbook in playbooks:
        checked = installed.run("ansible-playbook", f"{NAME}.{playbook}", "--syntax-check")
        assert checked.returncode == 0, f"{playbook}: {checked.stderr}"
    unknown = installed.run("ansible-playbook", f"{NAME}.no_such_playbook", "--syntax-check")
    assert unknown.returncode != 0


def test_every_role_is_documented_from_there(installed: Installed) -> None:
    roles = {name.split("/")[1] for name in installed.names if name.startswith("roles/") and "/tasks/" in name}
    shown = installed.run("ansible-doc", "-t", "role", *[f"{NAME}.{role}" for role in roles])
    assert shown.returncode == 0, shown.stderr
    for role in roles:
        assert f"{NAME}.{role}" in shown.stdout


def test_a_module_runs_from_there(installed: Installed) -> None:
    task = ["-m", f"{NAME}.http_probe", "-a", "url=http://127.77.1.1:9/ timeout_s=0"]
    interpreter = ["-e", f"ansible_python_interpreter={sys.executable}"]
    ended = installed.run("ansible", "localhost", "-i", "localhost,", "-c", "local", *interpreter, *task)
    assert ended.returncode != 0
    assert "127.77.1.1:9 refused the connection" in ended.stdout


def test_the_examples_work_with_the_installed_collection(installed: Installed) -> None:
    examples = ROOT / "examples"
    inventory = ["-i", str(examples / "inventory")]
    for playbook in ("rolling_deploy.yml", "drain.yml", "enable.yml"):
        checked = installed.run("ansible-playbook", *inventory, str(examples / playbook), "--syntax-check")
        assert checked.returncode == 0, f"{playbook}: {checked.stderr}"
    listed = installed.run("ansible-inventory", *inventory, "--list")
    hosts = json.loads(listed.stdout)
    assert hosts["web"]["hosts"] == ["web01", "web02"]
    assert hosts["lb"]["hosts"]


def test_the_wrapper_refuses_an_inventory_without_web_servers(installed: Installed) -> None:
    wrapper = str(ROOT / "examples/rolling_deploy.yml")
    ended = installed.run("ansible-playbook", "-i", "localhost,", wrapper, "-e", "dotnet_release=/nonexistent")
    assert ended.returncode != 0
    assert "dotnet_web_hosts=web" in ended.stdout + ended.stderr


def test_private_role_vars_are_refused(installed: Installed) -> None:
    """With them the plays would not see what the role variables maps."""
    examples = ROOT / "examples"
    command = [
        "-i",
        str(examples / "inventory"),
        str(examples / "rolling_deploy.yml"),
        "-e",
        "dotnet_release=/nonexistent",
    ]
    ended = installed.run("ansible-playbook", *command, ANSIBLE_PRIVATE_ROLE_VARS="true")
    assert ended.returncode != 0
    assert "private_role_vars is on" in ended.stdout + ended.stderr, ended.stdout + ended.stderr
    assert "private_role_vars" not in installed.run("ansible-playbook", *command).stdout
