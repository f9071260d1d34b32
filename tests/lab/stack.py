# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole lab: certificate authority, SQL Server, Windows hosts, HAProxy, artifact server; version 1 is serving.

`python -m lab.stack up --net 24 [--nodes 4]` keeps one running for a person to play with; `down --net 24` ends it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import secrets
import shlex
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pyodbc

from . import ansible_cli, balancer, control, net, pki
from .inventory import Inventory
from .proc import Process, ProcessGroup
from .shop import bundle

ROOT = ansible_cli.ROOT
DATABASE = "Shop"
SITE = "shop"
POOL = "shop"
RELEASES = "C:\\releases\\shop"
FIRST_VERSION = "1.0.0"
SQL_NAME = "sql.shop.test"
_READY_S = 60.0


def _secret(kind: str) -> str:
    """A password that is easy to find again in output where it must not be."""
    return f"Lab-{kind}-{secrets.token_hex(8)}!"


class Lab:
    """Everything that a deployment needs, on one loopback net. A context manager: it starts on entry, stops on exit."""

    def __init__(
        self,
        where: net.Net,
        nodes: int = 2,
        *,
        first_version: str = FIRST_VERSION,
        cookie: bool = False,
        state: Path | None = None,
    ) -> None:
        self.net = where
        self.nodes = {f"web{index:02d}": where.web(index) for index in range(1, nodes + 1)}
        self.first_version = first_version
        self.cookie = cookie
        self.state = state or ROOT / "build" / "lab" / str(where.number)
        self.logs = self.state / "logs"
        self.artifacts_root = self.state / "artifacts"
        self.inventory = self.state / "inventory"
        self.admin_socket = self.state / "haproxy" / "admin.sock"
        self.master_socket = self.state / "haproxy" / "master.sock"
        self.frontend = (where.haproxy, net.HAPROXY_FRONTEND_PORT)
        self.winrm_user = "deployer"
        self.winrm_password = _secret("winrm")
        self.sql_users = {"deploy": _secret("sql"), "shop": _secret("shop")}
        self.artifact_user = "releases"
        self.artifact_password = _secret("artifact")
        self.session_key = _secret("session")
        self.processes = ProcessGroup(self.logs)
        self.windows: dict[str, Process] = {}
        self.haproxy: Process | None = None
        self.sqlserver: Process | None = None
        self._environment: dict[str, str] = {}

    # -- start and stop
    def start(self) -> None:
        """Brings everything up; when any part fails, nothing is left running."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        shutil.rmtree(self.state, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.authority = pki.Authority(self.state / "pki")
        self._write_inventory()
        self._environment = ansible_cli.environment(self.state / "ansible", self.inventory)
        self.build(self.first_version)
        self.sqlserver = self._start_sqlserver()
        artifacts = self._start_artifacts()
        for name in self.nodes:
            self._write_release(name, self.first_version)
        self.sqlserver.wait_ready(_READY_S)
        self._first_deployment()
        for name in self.nodes:
            self.start_windows(name)
        self.haproxy = balancer.start(
            self.processes, self.net, list(self.nodes), self.admin_socket.parent, cookie=self.cookie
        )
        artifacts.wait_ready(_READY_S)
        for process in self.windows.values():
            process.wait_ready(_READY_S)
        self._wait_until_serving()
        self._write_environment_file()

    def stop(self) -> None:
        self.processes.stop()

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- the parts
    def _python(self, name: str, module: str, config: dict[str, Any]) -> Process:
        """Starts `python -m MODULE CONFIG.json` as a process of the lab."""
        file = self._config_file(name, config)
        environ = {"PYTHONPATH": str(ROOT / "tests"), "PYTHONUNBUFFERED": "1"}
        return self.processes.start(name, [sys.executable, "-m", module, file], env=environ)

    def _config_file(self, name: str, config: dict[str, Any]) -> Path:
        file = self.state / "config" / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(config, stream, indent=1)
        return file

    def _start_sqlserver(self) -> Process:
        certificate = self.authority.issue("sql", [SQL_NAME, self.net.sqlserver])
        return self._python(
            "sqlserver",
            "lab.sqlserver",
            {
                "address": self.net.sqlserver,
                "port": net.SQLSERVER_PORT,
                "cert": str(certificate.cert),
                "key": str(certificate.key),
                "state_dir": str(self.state / "sqlserver"),
                "logins": {user: {"password": password} for user, password in self.sql_users.items()},
                "databases": [DATABASE],
                "control": str(self.control_socket("sqlserver")),
            },
        )

    def _start_artifacts(self) -> Process:
        certificate = self.authority.issue("artifacts", ["artifacts.shop.test", self.net.artifacts])
        return self._python(
            "artifacts",
            "lab.artifacts",
            {
                "address": self.net.artifacts,
                "port": net.ARTIFACTS_PORT,
                "cert": str(certificate.cert),
                "key": str(certificate.key),
                "root": str(self.artifacts_root),
                "users": {self.artifact_user: self.artifact_password},
            },
        )

    def start_windows(self, name: str) -> Process:
        """Starts the Windows host of that name, or starts it again after it was killed: its drive is kept."""
        address = self.nodes[name]
        certificate = self.authority.issue(name, [f"{name}.shop.test", address])
        process = self._python(
            name,
            "lab.windows",
            {
                "name": name.upper(),
                "address": address,
                "drive": str(self.drive(name)),
                "cert": str(certificate.cert),
                "key": str(certificate.key),
                "ca_bundle": str(self.authority.ca),
                "users": {self.winrm_user: self.winrm_password},
                "winrm": {"http_port": 5985, "https_port": 5986, "basic": True, "max_operations": 1500},
                "pools": [{"name": POOL, "shutdown_time_limit_s": 20}],
                "sites": [
                    {
                        "name": SITE,
                        "id": 1,
                        "pool": POOL,
                        "path": f"{RELEASES}\\{self.first_version}",
                        "bindings": [f"http/*:{net.SITE_PORT}:{net.SITE_HOST}"],
                    }
                ],
                "role_services": {"request_monitor": True},
                "control": str(self.control_socket(name)),
                "log": str(self.logs / f"{name}.events.log"),
            },
        )
        self.windows[name] = process
        return process

    def reset(self) -> None:
        """Every node back on the first version and serving, by force: for tests that start from there."""
        for name, process in self.windows.items():
            process.kill()
            shutil.rmtree(self.drive(name))
            self._write_release(name, self.first_version)
        for name in self.nodes:
            self.start_windows(name)
        for process in self.windows.values():
            process.wait_ready(_READY_S)
        for name in self.nodes:
            balancer.command(self.admin_socket, f"set server {balancer.BACKEND}/{name} state ready")
        self._wait_until_serving()

    def _wait_until_serving(self) -> None:
        assert self.haproxy is not None
        self.haproxy.wait_ready(_READY_S, self._serves)

    def drive(self, node: str) -> Path:
        """The directory that plays drive C: of a node."""
        return self.state / node / "c"

    def control_socket(self, part: str) -> Path:
        """Where faults are asked for: of a Windows host or of the SQL Server."""
        return self.state / f"{part}.control"

    def control(self, part: str, **command: Any) -> dict[str, Any]:
        """One command to a control socket, and the answer."""
        return control.ask(self.control_socket(part), command)

    # -- releases
    def build(self, version: str) -> Path:
        """Builds the bundle of a version, publishes it on the artifact server, and returns its directory."""
        return bundle.build(bundle.VERSIONS[version], self.artifacts_root)

    def settings(self) -> str:
        """appsettings.json of this environment. It holds a password, so it comes from the inventory, not the bundle."""
        connection = self.connection_string("shop")
        return json.dumps({"ConnectionStrings": {"Shop": connection}, "SessionKey": self.session_key})

    def connection_string(self, user: str) -> str:
        """For the lab's programs: FreeTDS, encrypted, the server's certificate not verified (the modules do verify)."""
        return (
            f"Driver={{FreeTDS}};Server={self.net.sqlserver};Port={net.SQLSERVER_PORT};TDS_Version=7.4;"
            f"Encryption=require;Database={DATABASE};UID={user};PWD={self.sql_users[user]};"
        )

    def _write_release(self, node: str, version: str) -> None:
        directory = self.drive(node) / "releases" / "shop" / version
        directory.mkdir(parents=True)
        with zipfile.ZipFile(self.artifacts_root / bundle.APP / version / "web.zip") as archive:
            archive.extractall(directory)
        (directory / "appsettings.json").write_text(self.settings())

    def _first_deployment(self) -> None:
        done = self.playbook(
            str(ROOT / "tests" / "lab" / "playbooks" / "first_deploy.yml"),
            extra_vars={
                "dotnet_release": str(self.artifacts_root / bundle.APP / self.first_version),
            },
        )
        if done.returncode:
            raise RuntimeError(f"the first deployment failed:\n{done.output}")

    # -- Ansible
    def _write_inventory(self) -> None:
        Inventory(
            nodes=self.nodes,
            all_vars={
                "ansible_python_interpreter": sys.executable,
                "dotnet_db_host": self.net.sqlserver,
                "dotnet_db_port": net.SQLSERVER_PORT,
                "dotnet_db_name": DATABASE,
                "dotnet_db_user": "deploy",
                "dotnet_db_ca_path": str(self.authority.ca),
                "dotnet_db_certificate_hostname": SQL_NAME,
            },
            all_secrets={"dotnet_db_password": self.sql_users["deploy"]},
            web_vars={
                "ansible_connection": "winrm",
                "ansible_port": 5986,
                "ansible_winrm_scheme": "https",
                "ansible_winrm_transport": "ntlm",
                "ansible_winrm_server_cert_validation": "validate",
                "ansible_winrm_ca_trust_path": str(self.authority.ca),
                "ansible_user": self.winrm_user,
                "dotnet_app": "shop",
                "dotnet_site": SITE,
                "dotnet_app_pool": POOL,
                "dotnet_release_root": RELEASES,
                "dotnet_backend": balancer.BACKEND,
                "dotnet_node_url": f"http://{{{{ ansible_host }}}}:{net.SITE_PORT}",
                "dotnet_host_header": net.SITE_HOST,
                "dotnet_artifact_url": f"https://{self.net.artifacts}:{net.ARTIFACTS_PORT}"
                "/{{ dotnet_bundle.app }}/{{ dotnet_bundle.version }}/{{ dotnet_bundle.web.artifact }}",
                "dotnet_artifact_username": self.artifact_user,
                "dotnet_min_free_mib": 64,
            },
            web_secrets={
                "ansible_password": self.winrm_password,
                "dotnet_artifact_password": self.artifact_password,
                "dotnet_settings": {"appsettings.json": self.settings()},
            },
            lb_vars={
                "ansible_connection": "local",
                "dotnet_lb_socket": str(self.admin_socket),
                "dotnet_lb_master_socket": str(self.master_socket),
                "dotnet_lb_state_file": str(self.admin_socket.parent / "servers.state"),
            },
        ).write(self.inventory)

    @property
    def secrets(self) -> dict[str, str]:
        """What must never be seen, by name."""
        return {
            "WinRM password": self.winrm_password,
            "SQL password of the deployments": self.sql_users["deploy"],
            "SQL password of the application": self.sql_users["shop"],
            "artifact password": self.artifact_password,
            "session key": self.session_key,
        }

    @property
    def environment(self) -> dict[str, str]:
        return dict(self._environment)

    def playbook(self, name: str, *arguments: str, **options: Any) -> ansible_cli.Run:
        """Runs ansible-playbook to its end. A name without a slash is one of the collection's playbooks."""
        target = name if "/" in name else f"zero_downtime.dotnet.{name}"
        return ansible_cli.run(self._environment, "ansible-playbook", target, *arguments, **options)

    def adhoc(self, *arguments: str, **options: Any) -> ansible_cli.Run:
        return ansible_cli.run(self._environment, "ansible", *arguments, **options)

    def deploy(self, version: str, *arguments: str, **options: Any) -> ansible_cli.Run:
        """The rolling upgrade to `version`, run to its end."""
        extra_vars = {"dotnet_release": str(self.build(version)), **options.pop("extra_vars", {})}
        return self.playbook("rolling_deploy", *arguments, extra_vars=extra_vars, **options)

    # -- looking at it from outside
    def get(self, path: str, node: str | None = None, timeout_s: float = 5.0) -> tuple[int, bytes]:
        """One request through HAProxy, or straight to a node."""
        address, port = (self.nodes[node], net.SITE_PORT) if node else self.frontend
        connection = http.client.HTTPConnection(address, port, timeout=timeout_s)
        try:
            connection.request("GET", path, headers={"Host": net.SITE_HOST})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def versions(self) -> dict[str, str]:
        """What each node says that it runs; an empty text where it says nothing."""
        found = {}
        for name in self.nodes:
            found[name] = ""
            with contextlib.suppress(OSError, ValueError, KeyError, http.client.HTTPException):
                found[name] = json.loads(self.get("/version", name)[1])["version"]
        return found

    def lease(self) -> dict[str, Any]:
        """The lease of the application, read past the collection."""
        rows = self.query("SELECT held, owner, run_id FROM deploy.deployment_lease WHERE app = N'shop'")
        held, owner, run_id = rows[0] if rows else (False, "", "")
        return {"held": bool(held), "owner": owner, "run_id": run_id}

    def lease_module(self, **options: Any) -> ansible_cli.Run:
        """The module `deployment`, ad hoc."""
        return self._run_module("deployment", options)

    def migration_module(self, **options: Any) -> ansible_cli.Run:
        """The module `mssql_migration`, ad hoc."""
        return self._run_module("mssql_migration", options)

    def _run_module(self, name: str, options: dict[str, Any]) -> ansible_cli.Run:
        connection = {
            "app": bundle.APP,
            "login_host": "{{ dotnet_db_host }}",
            "login_user": "{{ dotnet_db_user }}",
            "login_password": "{{ dotnet_db_password }}",
            "database": "{{ dotnet_db_name }}",
            "ca_path": "{{ dotnet_db_ca_path }}",
            "certificate_hostname": "{{ dotnet_db_certificate_hostname }}",
        }
        arguments = json.dumps({**connection, **options})
        return self.adhoc("lb01", "-m", f"zero_downtime.dotnet.{name}", "-a", arguments, "-o")

    def start_load(self, config: dict[str, Any]) -> Process:
        """The load generator with this configuration; it takes commands on standard input."""
        file = self._config_file("load", config)
        process = self.processes.start(
            "load", [sys.executable, "-m", "lab.load", file], env={"PYTHONPATH": str(ROOT / "tests")}, stdin=True
        )
        process.wait_ready(_READY_S)
        return process

    def members(self) -> dict[str, str]:
        """Status of each server in HAProxy: UP, DRAIN, MAINT, DOWN, and their in-betweens."""
        return {name: row["status"] for name, row in balancer.servers(self.admin_socket).items()}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query, as the deployments' login."""
        connection = pyodbc.connect(self.connection_string("deploy"), timeout=10, autocommit=True)
        try:
            return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]
        finally:
            connection.close()

    def releases(self, node: str) -> list[str]:
        """The releases on a node's drive."""
        return sorted(path.name for path in (self.drive(node) / "releases" / "shop").iterdir())

    def fingerprint(self) -> dict[str, Any]:
        """What a deployment can touch: a run that touched nothing leaves it as it was."""
        tables = "SELECT SCHEMA_NAME(schema_id), name FROM sys.objects WHERE type IN ('U', 'P', 'V')"
        return {
            "versions": self.versions(),
            "members": self.members(),
            "releases": {name: self.releases(name) for name in self.nodes},
            "objects": sorted(self.query(tables)),
            "journal": sorted(self.query("SELECT phase, script, checksum FROM deploy.migration_journal")),
            "workers": {name: json.loads(self.get("/version", name)[1])["pid"] for name in self.nodes},
        }

    def _serves(self) -> bool:
        try:
            return set(self.members().values()) == {"UP"} and all(self.get("/things", n)[0] == 200 for n in self.nodes)
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def _write_environment_file(self) -> None:
        lines = [f"export {name}={shlex.quote(text)}\n" for name, text in sorted(self._environment.items())]
        lines.append(f"export LAB_STATE={shlex.quote(str(self.state))}\n")
        (self.state / "env.sh").write_text("".join(lines))


# -- the command
def _state(number: int) -> Path:
    return ROOT / "build" / "lab" / str(number)


@contextlib.contextmanager
def _until_told(process_file: Path) -> Iterator[None]:
    process_file.write_text(str(os.getpid()))
    try:
        yield
    finally:
        process_file.unlink(missing_ok=True)


def up(number: int, nodes: int, *, background: bool, cookie: bool) -> int:
    if background:
        return _up_in_background(number, nodes, cookie=cookie)
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with net.hold(number) as where, contextlib.suppress(KeyboardInterrupt):
        lab = Lab(where, nodes, cookie=cookie)
        begin = time.monotonic()
        with lab, _until_told(lab.state / "stack.pid"):
            print(f"lab {number} serves on http://{lab.frontend[0]}:{lab.frontend[1]} (Host: {net.SITE_HOST})")
            print(f"after {time.monotonic() - begin:.1f} s; `. {lab.state}/env.sh` and run ansible-playbook")
            for version in bundle.VERSIONS:
                print(f"  -e dotnet_release={lab.build(version)}")
            print("READY", flush=True)
            while not lab.processes.ended():
                time.sleep(0.5)
            for process in lab.processes.ended():
                print(f"{process.name} ended by itself:\n{process.tail()}", file=sys.stderr)
            return 1
    return 0 if stopped else 130


def _up_in_background(number: int, nodes: int, *, cookie: bool) -> int:
    arguments = ["up", "--net", str(number), "--nodes", str(nodes), *(["--cookie"] if cookie else [])]
    logs = ROOT / "build" / "lab"
    process = Process(f"stack-{number}", [sys.executable, "-m", "lab.stack", *arguments], logs, outlives=True)
    process.wait_ready(3 * _READY_S)
    print(process.tail(), flush=True)
    return 0


def down(number: int, timeout_s: float = 30.0) -> int:
    file = _state(number) / "stack.pid"
    if not file.exists():
        print(f"lab {number} is not running")
        return 0
    pid = int(file.read_text())
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    if b"lab.stack" not in words:
        file.unlink()
        print(f"lab {number} is not running: its process {pid} is gone")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return 1 if file.exists() else 0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.stack", description="A lab for a person to play with.")
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("--net", type=int, required=True, help="number of the loopback net 127.77.N.0/24")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--background", action="store_true", help="return once it serves; end it with `down`")
    parser.add_argument("--cookie", action="store_true", help="cookie persistence in HAProxy")
    options = parser.parse_args(argv)
    if options.command == "down":
        return down(options.net)
    return up(options.net, options.nodes, background=options.background, cookie=options.cookie)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
