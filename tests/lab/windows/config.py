# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of one simulated host: a JSON file, refused when it has anything unknown in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")


class ConfigError(ValueError):
    """The configuration cannot be used; the message says what was found and what was expected."""


@dataclass
class WinrmConfig:
    """The WinRM service. `https_port` 0 or `http_port` 0: no such listener."""

    http_port: int = 5985
    https_port: int = 5986
    basic: bool = True
    max_operations: int = 1500
    max_shells: int = 30
    max_envelope_kb: int = 500


@dataclass
class PoolConfig:
    """One application pool."""

    name: str
    auto_start: bool = True
    start_mode: str = "OnDemand"
    shutdown_time_limit_s: float = 90.0
    disallow_overlapping_rotation: bool = False
    rapid_fail_protection: bool = True
    rapid_fail_max_crashes: int = 5
    rapid_fail_interval_s: float = 300.0
    queue_length: int = 1000
    idle_timeout_s: float = 1200.0
    preload: bool = True
    state: str = "Started"


@dataclass
class VirtualDirectoryConfig:
    """A virtual directory below an application: `name` is its URL path without the slashes."""

    name: str
    path: str


@dataclass
class ApplicationConfig:
    """One more application of a site, below its root: `name` is its URL path without the slashes."""

    name: str
    pool: str
    path: str
    virtual_directories: list[VirtualDirectoryConfig] = field(default_factory=list)


@dataclass
class SiteConfig:
    """One site with its root application. `path` is the physical path, a Windows path on drive C:."""

    name: str
    id: int
    pool: str
    path: str
    bindings: list[str]
    state: str = "Started"
    applications: list[ApplicationConfig] = field(default_factory=list)
    virtual_directories: list[VirtualDirectoryConfig] = field(default_factory=list)


@dataclass
class RoleServices:
    """Optional parts of IIS."""

    request_monitor: bool = True


@dataclass
class Config:
    """One host."""

    name: str
    address: str
    drive: Path
    users: dict[str, str]
    cert: Path | None = None
    key: Path | None = None
    ca_bundle: Path | None = None
    winrm: WinrmConfig = field(default_factory=WinrmConfig)
    pools: list[PoolConfig] = field(default_factory=list)
    sites: list[SiteConfig] = field(default_factory=list)
    role_services: RoleServices = field(default_factory=RoleServices)
    control: Path | None = None
    log: Path | None = None
    drive_limit_bytes: int | None = None
    language: str = "en"
    windows: str = "2019"
    missing_tools: list[str] = field(default_factory=list)
    files_held_after_exit_s: float = 0.0
    curl_version: str = "8.9.1"
    revocation_check: bool = False


def load(path: Path) -> Config:
    """The configuration in the JSON file at `path`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as JSON: {error}") from error
    return parse(document)


def parse(document: Any) -> Config:
    """The configuration in a document that JSON gave."""
    raw = _mapping(document, "the configuration")
    if "winrm" in raw:
        raw["winrm"] = _build(WinrmConfig, raw["winrm"], "winrm")
    if "role_services" in raw:
        raw["role_services"] = _build(RoleServices, raw["role_services"], "role_services")
    raw["pools"] = [_build(PoolConfig, item, "a pool") for item in raw.get("pools", [])]
    raw["sites"] = [build_site(item) for item in raw.get("sites", [])]
    for name in ("drive", "cert", "key", "ca_bundle", "control", "log"):
        if raw.get(name) is not None:
            raw[name] = Path(raw[name])
    config = _build(Config, raw, "the configuration")
    _check(config)
    return config


def build_site(document: Any) -> SiteConfig:
    """A site with its applications and virtual directories."""
    site = _build(SiteConfig, document, "a site")
    site.applications = [_build(ApplicationConfig, item, "an application") for item in site.applications]
    owners: list[SiteConfig | ApplicationConfig] = [site, *site.applications]
    for owner in owners:
        owner.virtual_directories = [
            _build(VirtualDirectoryConfig, item, "a virtual directory") for item in owner.virtual_directories
        ]
    return site


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{what} is {type(value).__name__}, an object was expected")
    return dict(value)


def _build(kind: type[T], value: Any, what: str) -> T:
    raw = _mapping(value, what)
    known = {item.name for item in fields(cast(Any, kind))}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise ConfigError(f"{what} has the unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    try:
        return kind(**raw)
    except TypeError as error:
        raise ConfigError(f"{what}: {error}") from error


def _check(config: Config) -> None:
    pools = {pool.name for pool in config.pools}
    used: dict[str, str] = {}
    wanted = [(f"{site.name}/", site.pool) for site in config.sites]
    wanted += [(f"{site.name}/{app.name}", app.pool) for site in config.sites for app in site.applications]
    for application, pool_name in wanted:
        if pool_name not in pools:
            raise ConfigError(f"{application} wants the pool {pool_name}, which is not among {sorted(pools)}")
        if pool_name in used:
            raise ConfigError(
                f"{used[pool_name]} and {application} share the pool {pool_name}: one application a pool is simulated"
            )
        used[pool_name] = application
    for pool in config.pools:
        if pool.start_mode not in ("OnDemand", "AlwaysRunning"):
            raise ConfigError(f"pool {pool.name} has start_mode {pool.start_mode}, OnDemand or AlwaysRunning expected")
    if config.language not in ("en", "de"):
        raise ConfigError(f"language {config.language} found, en or de expected")
    if config.windows not in ("2019", "2022"):
        raise ConfigError(f"windows {config.windows} found, 2019 or 2022 expected")
    if config.curl_version not in ("7.55.1", "8.9.1"):
        raise ConfigError(f"curl_version {config.curl_version} found, 7.55.1 or 8.9.1 expected")
    if config.winrm.https_port and not (config.cert and config.key):
        raise ConfigError("winrm.https_port needs cert and key")
