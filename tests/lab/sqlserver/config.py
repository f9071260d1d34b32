# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration file."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Login:
    """A login. `rights` are roles and permissions in every database it may use."""

    name: str
    password: str
    rights: tuple[str, ...] = ("db_owner",)
    databases: dict[str, tuple[str, ...]] | None = None  # None: all databases
    sysadmin: bool = False

    def rights_in(self, database: str) -> tuple[str, ...] | None:
        """Its rights in a database; None when it has no access."""
        if self.sysadmin:
            return ("db_owner",)
        if self.databases is None:
            return self.rights
        return next((rights for name, rights in self.databases.items() if name.lower() == database.lower()), None)


@dataclass
class Config:
    """See README.md for the keys of the file."""

    address: str
    state_dir: Path
    port: int = 1433
    cert: str = ""
    key: str = ""
    logins: dict[str, Login] = field(default_factory=dict)
    databases: list[str] = field(default_factory=lambda: ["Shop"])
    control: str = ""
    log: str = ""
    version: str = "16.0.4135.4"
    edition: str = "Developer Edition (64-bit)"
    engine_edition: int = 3
    force_encryption: bool = False
    trace: bool = False  # every batch and call goes to the log

    @property
    def version_numbers(self) -> tuple[int, int, int]:
        major, minor, build = self.version.split(".")[:3]
        return int(major), int(minor), int(build)

    @property
    def default_database(self) -> str:
        return "master"

    def login(self, name: str) -> Login:
        return self.logins[name.lower()]

    def accepts(self, name: str, password: str) -> bool:
        login = self.logins.get(name.lower())
        return login is not None and hmac.compare_digest(login.password.encode(), password.encode())


def load(path: str | Path) -> Config:
    data: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    known = {
        "address",
        "port",
        "cert",
        "key",
        "state_dir",
        "logins",
        "databases",
        "control",
        "log",
        "version",
        "edition",
        "engine_edition",
        "force_encryption",
        "trace",
        "name",
    }
    unknown = set(data) - known
    if unknown:
        raise ValueError(f"{path}: unknown keys {sorted(unknown)}; known are {sorted(known)}")
    logins = {}
    for name, entry in data.get("logins", {}).items():
        given = entry if isinstance(entry, dict) else {"password": entry}
        databases = given.get("databases")
        if isinstance(databases, list):
            databases = {d: given.get("rights", ["db_owner"]) for d in databases}
        rights = given.get("rights", ["db_owner"])
        logins[name.lower()] = Login(
            name,
            given["password"],
            tuple([rights] if isinstance(rights, str) else rights),
            None if databases is None else {d: tuple(r) for d, r in databases.items()},
            bool(given.get("sysadmin", name.lower() == "sa")),
        )
    data.pop("name", None)
    data["logins"] = logins
    data["state_dir"] = Path(data["state_dir"])
    return Config(**data)
