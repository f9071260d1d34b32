# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Windows host with sites, one artifact server, and the real ansible-playbook against them."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import subprocess
import sys
import threading
import uuid
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from lab import ansible_cli, pki
from lab.proc import Process, ProcessGroup
from lab.waiting import LIMIT_S, wait_until

HERE = Path(__file__).parent
COLLECTION = "zero_downtime.dotnet"
SITE_HOST, QUICK_HOST = "shop.test", "quick.test"
WEB_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration><system.webServer>
<handlers><add name="app" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" /></handlers>
<aspNetCore processPath="{python}" arguments=".\\app.py" hostingModel="outofprocess" shutdownTimeLimit="{shutdown_s}" />
</system.webServer></configuration>
"""


class Rig(ABC):
    """A host whose site runs version 1.0, and releases to fetch.

    `host` is its inventory name, `other_host` an entry for the same host with other connection settings where it has
    them. The site `site` runs in a pool of its name with a shutdownTimeLimit of 60 s, `quick` in one with 3 s;
    `idle_pool` is stopped and used by no site.
    """

    host: str
    other_host: str
    address: str
    site: str
    quick: str
    idle_pool: str
    root: str
    site_port: int
    inventory: str
    artifact_url: str
    simulated: bool
    python = "python"
    source_options: dict[str, str]

    def __init__(self, state: Path) -> None:
        self.state = state
        self.processes = ProcessGroup(state / "logs")
        self.authority = pki.Authority(state / "pki")
        self.secrets = {"artifact": 'Lab "arti\\fact" 5ecret', "settings": "Lab-sql-5ecret!"}
        self.artifacts = state / "artifacts"
        self.artifacts.mkdir(parents=True)
        self.runs = 0
        self.source_options = {}

    # the host

    @abstractmethod
    def start(self) -> None:
        """Start or prepare the host and start the artifact server."""

    @abstractmethod
    def stop(self) -> None:
        """Stop or clean up what `start` made."""

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """Every file of the host that these tests may change, by its path below the root with / as separator."""

    @abstractmethod
    def entries(self) -> list[str]:
        """The sorted names in the root."""

    @abstractmethod
    def pool_names(self) -> list[str]:
        """Every application pool of the host."""

    @abstractmethod
    def site_names(self) -> list[str]:
        """Every site of the host."""

    @abstractmethod
    def process_runs(self, pid: int) -> bool:
        """Whether a worker process has not ended."""

    @property
    def environment(self) -> dict[str, str]:
        return ansible_cli.environment(self.state / "ansible", Path(self.inventory))

    def snapshot(self) -> dict[str, str]:
        """Every file with a hash of its content."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files().items()}

    def start_artifacts(self, address: str, port: int) -> None:
        certificate = self.authority.issue("artifacts", [address])
        config = {
            "address": address,
            "port": port,
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "root": str(self.artifacts),
            "users": {"releases": self.secrets["artifact"]},
        }
        self.start_python("artifacts", "lab.artifacts", config).wait_ready(30)
        self.artifact_url = f"https://{address}:{port}"

    def start_python(self, name: str, module: str, config: dict[str, Any]) -> Process:
        file = self.state / f"{name}.json"
        file.write_text(json.dumps(config))
        environ = {"PYTHONPATH": str(ansible_cli.ROOT / "tests"), "PYTHONUNBUFFERED": "1"}
        return self.processes.start(name, [sys.executable, "-m", module, file], env=environ)

    # releases

    def release_files(self, version: str, shutdown_s: int = 10) -> dict[str, bytes]:
        return {
            "web.config": WEB_CONFIG.format(shutdown_s=shutdown_s, python=self.python).encode(),
            "app.py": (HERE / "app.py").read_bytes(),
            "version.txt": version.encode(),
            "bin/shop.dll": b"MZ" + version.encode() * 1000,
        }

    def build(self, version: str, extra: dict[str, bytes] | None = None, shutdown_s: int = 10) -> dict[str, Any]:
        """A release to fetch, as options of iis_release."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("bin/", b"")
            for name, data in {**self.release_files(version, shutdown_s), **(extra or {})}.items():
                zipped.writestr(name, data)
        (self.artifacts / f"{version}.zip").write_bytes(content.getvalue())
        return {
            "site": self.site,
            "root": self.root,
            "state": "staged",
            "version": version,
            "url": f"{self.artifact_url}/{version}.zip",
            "checksum": f"sha256:{hashlib.sha256(content.getvalue()).hexdigest()}",
            "username": "releases",
            "password": "{{ artifact_password }}",
            **self.source_options,
        }

    # tasks

    @property
    def info(self) -> dict[str, Any]:
        return {"iis_release_info": {"site": self.site, "root": self.root}}

    def pool(self, state: str, **options: Any) -> dict[str, Any]:
        return {"iis_app_pool": {"name": self.site.lower(), "state": state, **options}}

    def current(self, version: str) -> dict[str, Any]:
        return {"iis_release": {"site": self.site, "root": self.root, "state": "current", "version": version}}

    def current_path(self, version: str) -> dict[str, Any]:
        path = f"{self.root}\\{version}"
        return {"iis_release": {"site": self.site, "root": self.root, "state": "current", "path": path}}

    def staged(self, options: dict[str, Any]) -> dict[str, Any]:
        settings = '{"ConnectionStrings": {"Shop": "Password={{ settings_password }}"}}'
        return {"iis_release": {**options, "files": {"appsettings.json": settings}}}

    def absent(self, version: str) -> dict[str, Any]:
        return {"iis_release": {"site": self.site, "root": self.root, "state": "absent", "version": version}}

    # ansible

    def write_inventory(self, hosts: dict[str, Any]) -> Path:
        """Hosts and the secrets of the tests, readable for this user only."""
        secret = {"artifact_password": self.secrets["artifact"], "settings_password": self.secrets["settings"]}
        inventory = self.state / "inventory.yml"
        inventory.touch(0o600)
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": secret}}))
        return inventory

    def write_play(self, tasks: list[dict[str, Any]], hosts: str) -> tuple[Path, Path]:
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

    def play(self, *tasks: dict[str, Any], hosts: str | None = None, flags: tuple[str, ...] = ()) -> Played:
        """Run tasks; the results of the first host, in their order."""
        playbook, results = self.write_play(list(tasks), hosts or self.host)
        run = ansible_cli.run(self.environment, "ansible-playbook", str(playbook), *flags)
        assert "unreachable=0" in run.output, run.output
        found = {
            path.name.removeprefix(results.name + "-").removesuffix(".json"): json.loads(path.read_text())
            for path in self.state.glob(results.name + "-*.json")
        }
        assert found, run.output
        return Played(found, run.output)

    def start_play(self, *tasks: dict[str, Any]) -> Playing:
        """Run tasks in the background."""
        return Playing(self, list(tasks))

    # http

    def get(self, path: str = "/version", host: str = SITE_HOST, timeout_s: float = 120.0) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, self.site_port, timeout=timeout_s)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def wait_for(self, version: str, host: str = SITE_HOST) -> None:
        wait_until(lambda: self.get(host=host) == (200, version), f"release {version} at {host}")

    @contextmanager
    def held(self, host: str = SITE_HOST) -> Iterator[Held]:
        """A request that is in flight until the test releases it, or the block ends."""
        request = Held(self, host)
        try:
            yield request
        finally:
            request.release()


class Held:
    """A request in a thread."""

    def __init__(self, rig: Rig, host: str) -> None:
        self.error: Exception | None = None
        self._rig = rig
        self._host = host
        self._answer: tuple[int, str] | None = None
        self._name = uuid.uuid4().hex
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_until(lambda: rig.get(f"/held?name={self._name}", host)[0] == 200, "a request in flight")

    def _run(self) -> None:
        try:
            self._answer = self._rig.get(f"/hold?name={self._name}", self._host)
        except (OSError, http.client.HTTPException) as error:
            self.error = error

    def release(self) -> tuple[int, str] | None:
        """The response, or None when the request was cut."""
        if self._thread.is_alive():
            self._rig.get(f"/release?name={self._name}", self._host)
        self._thread.join(LIMIT_S)
        return self._answer


class Playing:
    """A play in the background."""

    def __init__(self, rig: Rig, tasks: list[dict[str, Any]]) -> None:
        playbook, self._results = rig.write_play(tasks, rig.host)
        command = ansible_cli.argv("ansible-playbook", str(playbook))
        self._process = ansible_cli.start(rig.environment, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._host = rig.host
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
        results = json.loads(Path(f"{self._results}-{self._host}.json").read_text())
        return Played({self._host: results}, self.output)


class Played:
    """The results of each host of a play, and its output."""

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
