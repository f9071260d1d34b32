# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig with a simulated Windows host of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lab import control, net

from .rig import QUICK_HOST, SITE_HOST, Rig

MOST_COMMANDS = 60  # of a user's shells together; one that was lost keeps what it has spent


class SimulatedRig(Rig):
    """A host `web01` from tests/lab/windows."""

    host, other_host = "web01", "ntlm"
    site, quick, idle_pool = "Shop", "Quick", "My Pool (idle)"
    root = r"C:\releases\shop"
    site_port = net.SITE_PORT
    simulated = True

    def __init__(self, where: net.Net, state: Path) -> None:
        super().__init__(state)
        self.net = where
        self.drive = state / "drive"
        self.address = where.web(1)
        self.secrets["winrm"] = "Lab-winrm-5ecret!"
        self.control = Path(f"/tmp/zd-iis-{where.number}.sock")
        self.inventory = str(state / "inventory.yml")

    @property
    def releases(self) -> Path:
        """The root as a directory of this machine."""
        return self.drive / "releases" / "shop"

    def start(self, **host: Any) -> None:
        for application in ("shop", "quick"):
            for name, content in self.release_files("1.0").items():
                path = self.drive / "releases" / application / "1.0" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.start_python("web01", "lab.windows", {**self.host_config(), **host}).wait_ready(30)
        self.start_artifacts(self.net.artifacts, net.ARTIFACTS_PORT)
        self._write_inventory()

    def host_config(self) -> dict[str, Any]:
        certificate = self.authority.issue("web01", [self.address, "web01"])
        return {
            "name": "web01",
            "address": self.address,
            "drive": str(self.drive),
            "cert": str(certificate.cert),
            "key": str(certificate.key),
            "ca_bundle": str(self.authority.ca),
            "users": {"deployer": self.secrets["winrm"]},
            "winrm": {"http_port": 5985, "https_port": 5986, "basic": True, "max_operations": MOST_COMMANDS},
            "pools": [
                {"name": self.site, "start_mode": "AlwaysRunning", "shutdown_time_limit_s": 60},
                {"name": self.quick, "start_mode": "AlwaysRunning", "shutdown_time_limit_s": 3},
                {"name": self.idle_pool, "state": "Stopped"},
            ],
            "sites": [
                self._site_config(self.site, 1, f"{self.root}\\1.0", SITE_HOST),
                self._site_config(self.quick, 2, r"C:\releases\quick\1.0", QUICK_HOST),
            ],
            "control": str(self.control),
            "log": str(self.state / "logs" / "host.log"),
        }

    def _site_config(self, name: str, number: int, path: str, host: str) -> dict[str, Any]:
        binding = f"http/*:{self.site_port}:{host}"
        return {"name": name, "id": number, "pool": name, "path": path, "bindings": [binding]}

    def stop(self) -> None:
        self.processes.stop()
        self.control.unlink(missing_ok=True)

    def fault(self, **command: Any) -> dict[str, Any]:
        """Inject a fault, or ask for the state of the host."""
        return control.ask(self.control, command)

    def files(self) -> dict[str, bytes]:
        """Every file of the drive."""
        return {
            os.path.relpath(path, self.releases): path.read_bytes()
            for path in sorted(self.drive.rglob("*"))
            if path.is_file()
        }

    def entries(self) -> list[str]:
        return sorted(path.name for path in self.releases.iterdir())

    def pool_names(self) -> list[str]:
        return [self.site, self.quick, self.idle_pool]

    def site_names(self) -> list[str]:
        return [self.site, self.quick]

    def process_runs(self, pid: int) -> bool:
        return Path(f"/proc/{pid}").exists()

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
        self.write_inventory(
            {
                "web01": winrm,
                "ntlm": ntlm,
                "wrong_password": {**winrm, "ansible_password": "not-the-pa55word"},
                "wrong_password_ntlm": {**ntlm, "ansible_password": "not-the-pa55word"},
                "untrusted": {k: v for k, v in winrm.items() if k != "ansible_winrm_ca_trust_path"},
                "dead_port": {**winrm, "ansible_port": 5401},
                "unknown_name": {**winrm, "ansible_host": "web401.invalid"},
                "no_tls": {**winrm, "ansible_port": 5985, "ansible_winrm_scheme": "https"},
                "psrp": {**winrm, "ansible_connection": "psrp"},
            }
        )
