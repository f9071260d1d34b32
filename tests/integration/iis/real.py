# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig with a Windows host from an inventory: it creates two sites and three pools there, and removes them.

Only appcmd, cmd, tar and netsh run on the host, over the WinRM connection of the inventory.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.rights import PROTECTED
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import Command, CommandResult
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.winrm import WinrmRunner
from lab import ansible_cli

from .rig import QUICK_HOST, SITE_HOST, Rig

GROUP = "web"
DEFAULTS = {
    "zero_downtime_test_site": "ZeroDowntimeTest",
    "zero_downtime_test_directory": r"C:\zero_downtime_test",
    "zero_downtime_test_site_port": 8080,
    "zero_downtime_test_artifact_address": None,
    "zero_downtime_test_artifact_port": 8443,
    "zero_downtime_test_python": "python",
}
SYSTEM32 = r"C:\Windows\System32"


class RealRig(Rig):
    """The first host of the group `web`."""

    simulated = False

    def __init__(self, inventory: str, state: Path) -> None:
        super().__init__(state)
        self._given_inventory = str(Path(inventory).resolve())
        self.host, self._variables = _first_host(self._given_inventory, state)
        self.other_host = self.host
        self.address = str(self._variables.get("ansible_host", self.host))
        self.site = str(self._setting("zero_downtime_test_site"))
        self.quick, self.idle_pool = f"{self.site}Quick", f"{self.site} Pool (idle)"
        self.directory = str(self._setting("zero_downtime_test_directory"))
        self.root = rf"{self.directory}\shop"
        self.site_port = int(str(self._setting("zero_downtime_test_site_port")))
        self.python = str(self._setting("zero_downtime_test_python"))
        self.inventory = f"{self._given_inventory},{state / 'inventory.yml'}"
        self.secrets["winrm"] = str(self._variables.get("ansible_password", ""))
        self.source_options = {"ca_path": rf"{self.directory}\ca.pem", "check_revocation": "none"}
        self._runner: WinrmRunner | None = None
        self._connection: Any = None
        self._created = False

    def _setting(self, name: str) -> object:
        value = os.environ.get(name.upper()) or self._variables.get(name) or DEFAULTS[name]
        if value is None:
            raise ValueError(f"{name} is not set: set it for the host in the inventory, or {name.upper()}.")
        return value

    # preparation

    def start(self) -> None:
        address = str(self._setting("zero_downtime_test_artifact_address"))
        self.start_artifacts(address, int(str(self._setting("zero_downtime_test_artifact_port"))))
        self._refuse_existing()
        self._created = True
        self._make_directories()
        for pool, mode, limit in (
            (self.site, "AlwaysRunning", "00:01:00"),
            (self.quick, "AlwaysRunning", "00:00:03"),
            (self.idle_pool, "OnDemand", "00:01:30"),
        ):
            self._appcmd("add", "apppool", f"/name:{pool}", f"/startMode:{mode}", "/managedRuntimeVersion:")
            self._appcmd("set", "apppool", f"/apppool.name:{pool}", f"/processModel.shutdownTimeLimit:{limit}")
        self._appcmd("stop", "apppool", f"/apppool.name:{self.idle_pool}")
        for site, host, directory in ((self.site, SITE_HOST, "shop"), (self.quick, QUICK_HOST, "quick")):
            binding = f"/bindings:http/*:{self.site_port}:{host}"
            path = rf"/physicalPath:{self.directory}\{directory}\1.0"
            self._appcmd("add", "site", f"/name:{site}", binding, path)
            self._appcmd("set", "app", f"/app.name:{site}/", f"/applicationPool:{site}")
        self._firewall("add", "dir=in", "action=allow", "protocol=TCP", f"localport={self.site_port}")
        self.write_inventory(
            {
                "wrong_password": {**self._variables, "ansible_password": "not-the-pa55word"},
                "dead_port": {**self._variables, "ansible_port": 5999},
                "psrp": {**self._variables, "ansible_connection": "psrp"},
            }
        )

    def _refuse_existing(self) -> None:
        mine = {self.site.lower(), self.quick.lower(), self.idle_pool.lower()}
        existing = [name for name in (*self.pool_names(), *self.site_names()) if name.lower() in mine]
        if existing or self._cmd(f'if exist "{self.directory}\\" (exit 0) else (exit 3)').exit_code == 0:
            raise AssertionError(
                f"{self.host} already has {', '.join(existing) or self.directory}: remove it, or choose other names."
            )

    def _make_directories(self) -> None:
        contents: dict[str, bytes] = {"ca.pem": self.authority.ca.read_bytes()}
        for application in ("shop", "quick"):
            for name, content in self.release_files("1.0").items():
                contents[f"{application}/1.0/{name}"] = content
        self._expect(self._cmd(f'mkdir "{self.directory}"'))
        self._expect(self._run("icacls.exe", self.directory, *PROTECTED))
        self._expect(self._run("tar.exe", "-xf", "-", "-C", self.directory, stdin=_tar_of(contents)))

    def stop(self) -> None:
        """Remove what was created; fails when something is left."""
        try:
            if self._created:
                self._remove()
        finally:
            self.processes.stop()
            if self._connection is not None:
                self._connection.close()

    def _remove(self) -> None:
        for site in (self.site, self.quick):
            self._appcmd("delete", "site", f"/site.name:{site}", expect=False)
        for pool in (self.site, self.quick, self.idle_pool):
            self._appcmd("stop", "apppool", f"/apppool.name:{pool}", expect=False)
            self._appcmd("delete", "apppool", f"/apppool.name:{pool}", expect=False)
        self._firewall("delete")
        deadline = time.monotonic() + 30
        while self._cmd(f'if exist "{self.directory}\\" (exit 0) else (exit 3)').exit_code == 0:
            assert time.monotonic() < deadline, f"{self.directory} could not be removed from {self.host}"
            self._cmd(f'rmdir /s /q "{self.directory}"')
            time.sleep(0.5)
        left = {self.site, self.quick, self.idle_pool} & {*self.pool_names(), *self.site_names()}
        assert not left, f"{', '.join(sorted(left))} could not be removed from {self.host}"

    def _firewall(self, verb: str, *words: str) -> None:
        self._run("netsh.exe", "advfirewall", "firewall", verb, "rule", f"name={self.site}", *words)

    # reading

    def files(self) -> dict[str, bytes]:
        code, archive, _error = self._raw("tar.exe", "-cf", "-", "-C", self.root, ".")
        assert code == 0, archive
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            return {
                entry.name.removeprefix("./"): tar.extractfile(entry).read()  # type: ignore[union-attr]
                for entry in tar
                if entry.isfile()
            }

    def entries(self) -> list[str]:
        return sorted(self._expect(self._cmd(f'dir /b "{self.root}"')).stdout.split("\r\n")[:-1])

    def pool_names(self) -> list[str]:
        return self._names("apppool", "APPPOOL.NAME")

    def site_names(self) -> list[str]:
        return self._names("site", "SITE.NAME")

    def process_runs(self, pid: int) -> bool:
        return str(pid) in self._names("wp", "WP.NAME")

    def _names(self, kind: str, attribute: str) -> list[str]:
        result = self._run(r"inetsrv\appcmd.exe", "list", kind, "/xml")
        assert result.exit_code in (0, 1), result
        return [str(row.get(attribute)) for row in ElementTree.fromstring(result.stdout)]

    # commands

    def _appcmd(self, *words: str, expect: bool = True) -> None:
        result = self._run(r"inetsrv\appcmd.exe", *words)
        if expect:
            self._expect(result)

    def _expect(self, result: CommandResult) -> CommandResult:
        assert result.exit_code == 0, result
        return result

    def _cmd(self, line: str) -> CommandResult:
        return self._connected().run(Command(rf"{SYSTEM32}\cmd.exe", tail=f'/d /s /c "{line}"'))

    def _run(self, program: str, *arguments: str, stdin: bytes | None = None) -> CommandResult:
        return self._connected().run(Command(rf"{SYSTEM32}\{program}", arguments, stdin))

    def _raw(self, program: str, *arguments: str) -> tuple[int, bytes, bytes]:
        """Exit code and output as bytes."""
        self._connected()
        protocol, shell = self._connection.protocol, self._connection.shell_id
        command = protocol.run_command(shell, rf"{SYSTEM32}\{program}", arguments, skip_cmd_shell=True)
        out, error, code = protocol.get_command_output(shell, command)
        protocol.cleanup_command(shell, command)
        return code, out, error

    def _connected(self) -> WinrmRunner:
        if self._runner is None:
            self._connection = connection_loader.get("winrm", PlayContext())
            extras = {name: value for name, value in self._variables.items() if name.startswith("ansible_winrm_")}
            variables = {"inventory_hostname": self.host, **self._variables, "_extras": extras}
            self._connection.set_options(var_options=variables)
            self._runner = WinrmRunner(self._connection)
            self._runner.connect()
        return self._runner


def _first_host(inventory: str, state: Path) -> tuple[str, dict[str, Any]]:
    """Name and variables of the first host of the group."""
    environment = {**os.environ, **ansible_cli.environment(state / "ansible", Path(inventory))}
    listed = subprocess.run(
        ansible_cli.argv("ansible-inventory", "--list"), env=environment, capture_output=True, text=True, check=True
    )
    document = json.loads(listed.stdout)
    hosts = document.get(GROUP, {}).get("hosts", [])
    if not hosts:
        raise ValueError(f"The inventory {inventory} has no host in the group {GROUP}.")
    return hosts[0], document["_meta"]["hostvars"].get(hosts[0], {})


def _tar_of(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
