# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: the run fails with one clear message, nothing was touched, and no secret is told even at -vvv."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab import pki, secrets_watch
from lab.stack import Lab

FAILED = 2


@dataclass(frozen=True)
class Case:
    """One mistake and what has to be said about it."""

    message: str
    extra_vars: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


#: More of a kind of which the suite has another.
LONG = {
    "unknown backend", "a file that is no socket", "psrp", "unknown site", "wrong SQL password",
    "damaged artifact in the release", "an undo script that cannot run", "a version that is no name",
}  # fmt: skip


def _params(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in names]


CASES = {
    "unknown member": Case(r"web99", {"dotnet_member": "{{ 'web99' if inventory_hostname == 'web01' else omit }}"}),
    "unknown backend": Case(r"nothere", {"dotnet_backend": "nothere"}),
    "no socket of the load balancer": Case(r"/nowhere/admin\.sock", {"dotnet_lb_socket": "/nowhere/admin.sock"}),
    "a file that is no socket": Case(r"/etc/hostname", {"dotnet_lb_socket": "/etc/hostname"}),
    "wrong WinRM password": Case(r"rejected the login of deployer", {"ansible_password": "not-the-password"}),
    "become": Case(r"become", {"ansible_become": True, "ansible_become_method": "ansible.builtin.runas"}),
    "psrp": Case(r"psrp", {"ansible_connection": "psrp"}),
    "unknown pool": Case(r"nopool", {"dotnet_app_pool": "nopool"}),
    "unknown site": Case(r"nosite", {"dotnet_site": "nosite"}),
    "no room": Case(r"MiB free", {"dotnet_min_free_mib": 1_000_000_000}),
    "database unreachable": Case(r"14330", {"dotnet_db_port": 14330}),
    "wrong SQL password": Case(r"refused the login 'deploy'", {"dotnet_db_password": "not-the-password"}),
    "mistyped group": Case(r"dotnet_web_hosts=wbe", {"dotnet_web_hosts": "wbe"}),
    "other nodes than expected": Case(r"dotnet_expected_nodes", {"dotnet_expected_nodes": ["web01", "web02", "web03"]}),
    "limit to nothing": Case(r"Nothing was touched", arguments=("--limit", "lb01")),
    "no release": Case(r"No release at", {"dotnet_release": "/nowhere/2.0.0"}),
}


@pytest.fixture(name="before", scope="module")
def _before(lab: Lab) -> dict[str, Any]:
    return lab.fingerprint()


@pytest.fixture(name="untouched")
def _untouched(lab: Lab, before: dict[str, Any]) -> Iterator[None]:
    """Whatever the test does: the farm is afterwards as it was."""
    yield
    assert lab.fingerprint() == before
    assert not lab.lease()["held"]


def _refused(lab: Lab, case: Case) -> None:
    extra_vars = {"dotnet_release": str(lab.build("2.0.0")), **case.extra_vars}
    done = lab.playbook("rolling_deploy", "-vvv", "--diff", *case.arguments, extra_vars=extra_vars)
    assert done.returncode == FAILED, done.story
    assert re.search(case.message, done.output), done.story
    assert "Traceback" not in done.output, done.story
    assert secrets_watch.found_in(done.output, lab.secrets) == []


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", _params(CASES))
def test_refused(lab: Lab, name: str) -> None:
    _refused(lab, CASES[name])


@pytest.mark.usefixtures("untouched")
def test_an_untrusted_certificate(lab: Lab, tmp_path: Path) -> None:
    stranger = pki.Authority(tmp_path, "some other authority")
    case = Case(r"certificate of .* is not trusted", {"ansible_winrm_ca_trust_path": str(stranger.ca)})
    _refused(lab, case)


@pytest.mark.usefixtures("untouched")
def test_a_second_deployment_while_one_runs(lab: Lab) -> None:
    lease = {"owner": "somebody else", "run_id": "another-run", "state": "leased"}
    assert lab.lease_module(**lease).returncode == 0
    try:
        _refused(lab, Case(r"somebody else is deploying shop"))
    finally:
        assert lab.lease_module(run_id="another-run", state="released").returncode == 0


# -- bundles with a mistake in them
def _copy(lab: Lab, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lab.build("2.0.0"), tmp_path / "2.0.0"))


def _manifest(bundle: Path, **different: Any) -> None:
    file = bundle / "release.yml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **different}))


def _publish(lab: Lab, bundle: Path, archive: bytes) -> None:
    """The archive on the artifact server, and its checksum in the release."""
    (lab.artifacts_root / "shop" / "2.0.0" / "web.zip").write_bytes(archive)
    (bundle / "web.zip").unlink()
    _manifest(bundle, web={"artifact": "web.zip", "sha256": sha256(archive).hexdigest()})


def _other_artifact(lab: Lab, bundle: Path) -> None:
    (bundle / "web.zip").unlink()
    _manifest(bundle, web={"artifact": "web.zip", "sha256": "0" * 64})


def _damaged_artifact(_lab: Lab, bundle: Path) -> None:
    (bundle / "web.zip").write_bytes(b"damaged")


def _missing_artifact(lab: Lab, bundle: Path) -> None:
    (lab.artifacts_root / "shop" / "2.0.0" / "web.zip").unlink()
    (bundle / "web.zip").unlink()


def _archive_that_climbs(lab: Lab, bundle: Path) -> None:
    path = bundle / "climbing.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("web.config", "<configuration/>")
        archive.writestr("../../outside.txt", "I am outside")
    _publish(lab, bundle, path.read_bytes())


def _syntax_error(_lab: Lab, bundle: Path) -> None:
    (bundle / "db" / "expand" / "0003_wrong.sql").write_text("CREATE TABEL dbo.Wrong (Id int);\nGO\n")


def _breaking_script(_lab: Lab, bundle: Path) -> None:
    (bundle / "db" / "expand" / "0003_breaking.sql").write_text("ALTER TABLE dbo.Things DROP COLUMN Name;\nGO\n")


def _no_version(_lab: Lab, bundle: Path) -> None:
    _manifest(bundle, version="2.0.0; rm -rf")


def _contract_that_cannot_run(_lab: Lab, bundle: Path) -> None:
    (bundle / "db" / "contract" / "0003_variable.sql").write_text("SELECT N'$(Nowhere)' AS Missing;\nGO\n")


def _undo_that_cannot_run(_lab: Lab, bundle: Path) -> None:
    (bundle / "db" / "expand" / "0003_more.sql").write_text(
        "CREATE TABLE dbo.More (Id int NOT NULL PRIMARY KEY);\nGO\n"
    )
    (bundle / "db" / "undo" / "0003_more.sql").write_text("DROP TABLE dbo.$(Nowhere);\nGO\n")


def _undo_that_is_not_whole(_lab: Lab, bundle: Path) -> None:
    (bundle / "db" / "expand" / "0003_more.sql").write_text(
        "CREATE TABLE dbo.More (Id int NOT NULL PRIMARY KEY);\nGO\n"
    )


def _directory_that_is_not_there(_lab: Lab, bundle: Path) -> None:
    _manifest(bundle, database={"expand": "db/expnad"})


BUNDLES: dict[str, tuple[Callable[[Lab, Path], None], str]] = {
    "checksum mismatch on the node": (_other_artifact, r"(?i)sha-?256|checksum"),
    "damaged artifact in the release": (_damaged_artifact, r"SHA-256"),
    "missing artifact": (_missing_artifact, r"404"),
    "an archive that climbs out": (_archive_that_climbs, r"\.\./\.\./outside\.txt"),
    "a script with a syntax error": (_syntax_error, r"0003_wrong\.sql"),
    "a script that breaks version 1": (_breaking_script, r"0003_breaking\.sql"),
    "a contract script that cannot run": (_contract_that_cannot_run, r"0003_variable\.sql[^\n]*Nowhere"),
    "an undo script that cannot run": (_undo_that_cannot_run, r"undo/0003_more\.sql[^\n]*Nowhere"),
    "an expand script without its undo": (_undo_that_is_not_whole, r"none for 0003_more\.sql[^\n]*Nothing was touched"),
    "a directory of scripts that is not there": (_directory_that_is_not_there, r"db/expnad[^\n]*no such directory"),
    "a version that is no name": (_no_version, r"letters, digits, dots"),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", _params(BUNDLES))
def test_refused_bundle(lab: Lab, tmp_path: Path, name: str) -> None:
    spoil, message = BUNDLES[name]
    bundle = _copy(lab, tmp_path)
    spoil(lab, bundle)
    case = Case(message, {"dotnet_release": str(bundle)})
    done = lab.playbook("rolling_deploy", "-vvv", "--diff", extra_vars=case.extra_vars)
    assert done.returncode == FAILED, done.story
    assert re.search(case.message, done.output), done.story
    assert "Traceback" not in done.output
    assert secrets_watch.found_in(done.output, lab.secrets) == []


def test_the_fingerprint_is_not_blind(lab: Lab) -> None:
    """The twin of all the tests above: something that was touched is seen. The last test of the file."""
    before = lab.fingerprint()
    (lab.drive("web01") / "releases" / "shop" / "9.9.9").mkdir()
    assert lab.fingerprint() != before
