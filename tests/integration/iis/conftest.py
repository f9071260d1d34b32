# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated Windows host and one artifact server, and the real ansible-playbook against them."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab import ansible_cli, control, net, pki
from lab.proc import Process, ProcessGroup
from lab.waiting import LIMIT_S, wait_until

HERE = Path(__file__).parent
COLLECTION = "zero_downtime.dotnet"
ROOT = "C:\\releases\\shop"
SITE = "Shop"
MOST_COMMANDS = 12  # of a shell
WEB_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration><system.webServer>
<aspNetCore processPath="python" arguments=".\\app.py" shutdownTimeLimit="{shutdown_s}" />
</system.webServer></configuration>
"""


def snapshot(directory: Path) -> dict[str, str]:
    """Every file below a directory with a hash of its content."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


class Rig:
    """A host `web01` whose site runs version 1.0, and releases to fetch."""

    def __init__(self, where: net.Net, state: Path) -> None:
        self.net = where
        self.state = state
        self.drive = state / "drive"
        self.processes = ProcessGroup(state / "logs")
        self.authority = pki.Authority(state / "pki")
        self.secrets = {
            "winrm": "Lab-winrm-5ecret!",
            "artifact": 'Lab "arti\\fact" 5ecret',
            "settings": "Lab-sql-5ecret!",
        }
        self.address = where.web(1)
        self.control = Path(f"/tmp/zd-iis-{where.number}.sock")
        self.artifacts = state / "artifacts"
        self.artifacts.mkdir(parents=True)
        self.runs = 0
        self.environment = ansible_cli.environment(state / "ansible", state / "inventory.yml")

    # releases

    def build(self, version: str, extra: dict[str, bytes] | None = None, shutdown_s: int = 10) -> dict[str, str]:
        """A release to fetch; comes back as the options that name it."""
        files = {
            "web.config": WEB_CONFIG.format(shutdown_s=shutdown_s).encode(),
            "app.py": (HERE / "app.py").read_bytes(),
            "version.txt": version.encode(),
            "bin/": b"",
            "bin/shop.dll": b"MZ" + version.encode() * 1000,
            **(extra or {}),
        }
        archive = self.artifacts / f"{version}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in files.items():
                zipped.writestr(name, content)
        return self.options(version, archive.read_bytes())

    def options(self, version: str, content: bytes) -> dict[str, str]:
        return {
            "site": SITE,
            "root": ROOT,
            "state": "staged",
            "version": version,
            "url": f"https://{self.net.artifacts}:{net.ARTIFACTS_PORT}/{version}.zip",
            "checksum": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "username": "releases",
            "password": "{{ artifact_password }}",
        }

    def _lay(self, application: str, version: str) -> None:
        target = self.drive / "releases" / application / version
        (target / "bin").mkdir(parents=True)
        (target / "web.config").write_text(WEB_CONFIG.format(shutdown_s=10))
        (target / "version.txt").write_text(version)
        (target / "bin" / "shop.dll").write_bytes(b"MZ")
        shutil.copy(HERE / "app.py", target / "app.py")

    # the parts

    def start(self, **host: Any) -> None:
        self._lay("shop", "1.0")
        self._lay("quick", "1.0")
        certificate = self.authority.issue("web01", [self.address, "web01"])
        config = {
            "name": "web01",
            "address": self.address,
            "drive": str(self.drive),
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "ca_bundle": str(self.authority.ca),
            "users": {"deployer": self.secrets["winrm"]},
            "winrm": {"http_port": 5985, "https_port": 5986, "basic": True, "max_operations": MOST_COMMANDS},
            "pools": [
                {"name": "Shop", "start_mode": "AlwaysRunning", "shutdown_time_limit_s": 60},
                {"name": "Quick", "start_mode": "AlwaysRunning", "shutdown_time_limit_s": 3},
                {"name": "My Pool (idle)", "state": "Stopped"},
            ],
            "sites": [
                {"name": SITE, "id": 1, "pool": "Shop", "path": f"{ROOT}\\1.0", "bindings": ["http/*:8080:shop.test"]},
                {
                    "name": "Quick",
                    "id": 2,
                    "pool": "Quick",
                    "path": "C:\\releases\\quick\\1.0",
                    "bindings": ["http/*:8080:quick.test"],
                },
            ],
            "control": str(self.control),
            "log": str(self.state / "logs" / "host.log"),
            **host,
        }
        self._python("web01", "lab.windows", config).wait_ready(30)
        artifact = self.authority.issue("artifacts", [self.net.artifacts])
        self._python(
            "artifacts",
            "lab.artifacts",
            {
                "address": self.net.artifacts,
                "port": net.ARTIFACTS_PORT,
                "cert": str(artifact.cert),
                "key": str(artifact.key),
                "root": str(self.artifacts),
                "users": {"releases": self.secrets["artifact"]},
            },
        ).wait_ready(30)
        self._write_inventory()

    def _python(self, name: str, module: str, config: dict[str, Any]) -> Process:
        file = self.state / f"{name}.json"
        file.write_text(json.dumps(config))
        environ = {"PYTHONPATH": str(ansible_cli.ROOT / "tests"), "PYTHONUNBUFFERED": "1"}
        return self.processes.start(name, [sys.executable, "-m", module, file], env=environ)

    def stop(self) -> None:
        self.processes.stop()
        self.control.unlink(missing_ok=True)

    def fault(self, **command: Any) -> dict[str, Any]:
        """An order to the host: a fault, or a question."""
        return control.ask(self.control, command)

    # ansible

    def _write_inventory(self) -> None:
        winrm = {
            "ansible_host": self.address,
            "ansible_connection": "winrm",
            "ansible_user": "deployer",
            "ansible_password": self.secrets["winrm"],
            "ansible_winrm_transport": "basic",
            "ansible_port": 5986,
            "ansible_winrm_ca_trust_path": str(self.authority.ca),
            "ansible_winrm_operation_timeout_sec": 3,
            "ansible_winrm_read_timeout_sec": 15,
        }
        ntlm = {**winrm, "ansible_winrm_transport": "ntlm", "ansible_port": 5985, "ansible_winrm_scheme": "http"}
        hosts: dict[str, Any] = {
            "web01": winrm,
            "ntlm": ntlm,
            "wrong_password": {**winrm, "ansible_password": "not-the-pa55word"},
            "wrong_password_ntlm": {**ntlm, "ansible_password": "not-the-pa55word"},
            "untrusted": {k: v for k, v in winrm.items() if k != "ansible_winrm_ca_trust_path"},
            "dead_port": {**winrm, "ansible_port": 5999},
            "no_tls": {**winrm, "ansible_port": 5985, "ansible_winrm_scheme": "https"},
            "psrp": {**winrm, "ansible_connection": "psrp"},
        }
        secret = {"artifact_password": self.secrets["artifact"], "settings_password": self.secrets["settings"]}
        inventory = self.state / "inventory.yml"
        inventory.touch(0o600)
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": secret}}))

    def write_play(self, tasks: list[dict[str, Any]], hosts: str = "web01") -> tuple[Path, Path]:
        """A playbook whose tasks all run, and the file that their results go to."""
        self.runs += 1
        results = self.state / f"results-{self.runs}"
        named = []
        for index, task in enumerate(tasks):
            module, options = next((k, v) for k, v in task.items() if k.startswith("iis_"))
            rest = {k: v for k, v in task.items() if k != module}
            named.append(
                {
                    "name": f"task {index}",
                    "block": [
                        {"name": f"{module}", f"{COLLECTION}.{module}": options, "register": f"r{index}", **rest}
                    ],
                    "rescue": [{"name": "rescued", "ansible.builtin.set_fact": {f"rescued{index}": True}}],
                }
            )
        dump = {
            "name": "results",
            "ansible.builtin.copy": {
                "content": "{{ [" + ", ".join(f"r{i}" for i in range(len(tasks))) + "] | to_json }}",
                "dest": f"{results}-{{{{ inventory_hostname }}}}.json",
            },
            "delegate_to": "localhost",
            "check_mode": False,
            "connection": "local",
            "no_log": True,
            "become": False,
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        }
        playbook = self.state / f"play-{self.runs}.yml"
        playbook.write_text(
            yaml.safe_dump([{"hosts": hosts, "gather_facts": False, "tasks": [*named, dump]}], sort_keys=False)
        )
        return playbook, results

    def play(self, *tasks: dict[str, Any], hosts: str = "web01", flags: tuple[str, ...] = ()) -> Played:
        """Run tasks; the results of the first host, in their order."""
        playbook, results = self.write_play(list(tasks), hosts)
        run = ansible_cli.run(self.environment, "ansible-playbook", str(playbook), *flags)
        assert "unreachable=0" in run.output, run.output
        found = {path.name.removeprefix(results.name + "-").removesuffix(".json"): json.loads(path.read_text())
                 for path in self.state.glob(results.name + "-*.json")}  # fmt: skip
        assert found, run.output
        return Played(found, run.output)

    def start_play(self, *tasks: dict[str, Any]) -> Playing:
        """Run tasks while something else happens."""
        return Playing(self, list(tasks))

    # http

    def get(self, path: str = "/version", host: str = net.SITE_HOST, timeout_s: float = 120.0) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, net.SITE_PORT, timeout=timeout_s)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def wait_for(self, version: str, host: str = net.SITE_HOST) -> None:
        wait_until(lambda: self.get(host=host) == (200, version), f"release {version} at {host}")

    @contextmanager
    def held(self, host: str = net.SITE_HOST) -> Iterator[Held]:
        """A request that is in flight until the test lets it go, or the block ends."""
        request = Held(self, host)
        try:
            yield request
        finally:
            request.let_go()


class Held:
    """A request in a thread."""

    def __init__(self, rig: Rig, host: str) -> None:
        rig.runs += 1
        self.error: Exception | None = None
        self._rig = rig
        self._host = host
        self._answer: tuple[int, str] | None = None
        self._until = rig.state / f"let-go-{rig.runs}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_until(self._in_flight, "a request in flight")

    def _in_flight(self) -> bool:
        """Asked of the host and not of what is tested."""
        pools = self._rig.fault(state=True)["state"]["pools"]
        return any(pool["in_flight"] for pool in pools.values())

    def _run(self) -> None:
        try:
            self._answer = self._rig.get(f"/hold?until={self._until}", self._host)
        except (OSError, http.client.HTTPException) as error:
            self.error = error

    def let_go(self) -> tuple[int, str] | None:
        """The answer, or None when the request was cut."""
        self._until.touch()
        self._thread.join(LIMIT_S)
        return self._answer


class Playing:
    """A play in the background."""

    def __init__(self, rig: Rig, tasks: list[dict[str, Any]]) -> None:
        playbook, self._results = rig.write_play(tasks)
        command = ansible_cli.argv("ansible-playbook", str(playbook))
        self._process = ansible_cli.start(rig.environment, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = ""

    def wait_for(self, words: str) -> None:
        """Until it prints a line with these words."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line.decode(errors="replace")
            if words in self.output:
                return
        raise AssertionError(f"{words!r} was never printed:\n{self.output}")

    def finish(self, timeout_s: float = 2 * LIMIT_S) -> Played:
        try:
            self.output += self._process.communicate(timeout=timeout_s)[0].decode(errors="replace")
        finally:
            self._process.kill()
            self._process.wait()
        return Played({"web01": json.loads(Path(f"{self._results}-web01.json").read_text())}, self.output)


class Played:
    """What a play left: the results of each host and everything that was printed."""

    def __init__(self, hosts: dict[str, list[dict[str, Any]]], output: str) -> None:
        self.hosts = hosts
        self.output = output

    @property
    def results(self) -> list[dict[str, Any]]:
        return next(iter(self.hosts.values()))

    @property
    def result(self) -> dict[str, Any]:
        return self.results[0]

    @property
    def messages(self) -> list[str]:
        return [str(result.get("msg", "")) for result in self.results]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, lab_net_of_module: net.Net) -> Iterator[Rig]:
    rig = Rig(lab_net_of_module, tmp_path_factory.mktemp("iis"))
    try:
        rig.start()
        yield rig
    finally:
        rig.stop()


@pytest.fixture
def small_disk(tmp_path: Path, lab_net: net.Net) -> Iterator[Rig]:
    """A newer host, in German, whose drive holds 3 MiB."""
    rig = Rig(lab_net, tmp_path)
    try:
        rig.start(drive_limit_bytes=3 * 1024 * 1024, language="de", windows="2022")
        yield rig
    finally:
        rig.stop()
