# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a connection, and the connection string that they give.

Private to this collection.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .drivers import Driver
from .errors import MssqlError

FREETDS_SECTION = "target"


@dataclass(frozen=True)
class ConnectionOptions:
    """The connection options (doc fragment `mssql`)."""

    database: str
    host: str | None = None
    port: int = 1433
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    driver: str | None = None
    dsn: str | None = field(default=None, repr=False)
    encrypt: bool = True
    validate_certs: bool = True
    ca_path: str | None = None
    certificate_hostname: str | None = None
    login_timeout_s: int = 15
    multi_subnet_failover: bool = False
    application: str = "zero_downtime.dotnet"

    @property
    def named_instance(self) -> bool:
        return self.host is not None and "\\" in self.host

    @property
    def where(self) -> str:
        """The server, for messages."""
        if self.host is None:
            return "the server of the data source"
        return self.host if self.named_instance else f"{self.host}:{self.port}"


def argument_spec() -> dict[str, dict[str, Any]]:
    """The options of the doc fragment `mssql`, one to one."""
    return {
        "login_host": {"type": "str"},
        "login_port": {"type": "int", "default": 1433},
        "login_user": {"type": "str"},
        "login_password": {"type": "str", "no_log": True},
        "database": {"type": "str", "required": True},
        "driver": {"type": "str"},
        "dsn": {"type": "str", "no_log": True},
        "encrypt": {"type": "bool", "default": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "certificate_hostname": {"type": "str"},
        "login_timeout_s": {"type": "int", "default": 15},
        "multi_subnet_failover": {"type": "bool", "default": False},
    }


def from_params(params: Mapping[str, Any], module: str) -> ConnectionOptions:
    """The options from a module's parameters."""
    if not params.get("login_host") and not params.get("dsn"):
        raise MssqlError("login_host or dsn is expected, neither was given: name the SQL Server.")
    if params.get("login_host") and params.get("dsn"):
        raise MssqlError("login_host and dsn were both given: name the SQL Server in one of them.")
    return ConnectionOptions(
        database=params["database"],
        host=params["login_host"] or None,
        port=params["login_port"],
        user=params["login_user"],
        password=params["login_password"],
        driver=params["driver"],
        dsn=params["dsn"] or None,
        encrypt=params["encrypt"],
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        certificate_hostname=params["certificate_hostname"],
        login_timeout_s=params["login_timeout_s"],
        multi_subnet_failover=params["multi_subnet_failover"],
        application=f"zero_downtime.dotnet/{module}",
    )


def braced(value: str, free_tds: bool = False) -> str:
    """A value of a connection string that cannot end itself, whatever it holds.

    FreeTDS does not know doubled braces: it reads to the first closing brace with a semicolon behind it.
    """
    if free_tds:
        if "};" in value:
            raise MssqlError(
                "A value of the connection holds a closing brace with a semicolon behind it, which FreeTDS cannot be "
                "told: use Microsoft's driver, or another password."
            )
        return "{" + value + "}"
    return "{" + value.replace("}", "}}") + "}"


def check(options: ConnectionOptions, driver: Driver | None) -> None:
    """Refuse options that contradict each other or that the driver cannot honour, before anything is sent."""
    if options.user and options.password is None:
        raise MssqlError(f"login_user is {options.user} and login_password is missing: give both or neither.")
    if options.password is not None and not options.user:
        raise MssqlError("login_password was given without login_user: give both or neither.")
    if options.ca_path is not None and not pathlib.Path(options.ca_path).is_file():
        raise MssqlError(f"ca_path {options.ca_path} is not a file: name the PEM file of the certificate authority.")
    values = (
        options.host,
        options.user,
        options.password,
        options.database,
        options.certificate_hostname,
        options.ca_path,
    )
    for text in values:
        if text is not None and ("\0" in text or "\n" in text or "\r" in text):
            raise MssqlError("A value of the connection holds a line end or NUL character: remove it.")
    _check_driver(options, driver)


def _check_driver(options: ConnectionOptions, driver: Driver | None) -> None:
    if driver is None and any("}" in (text or "") for text in (options.user, options.password, options.database)):
        raise MssqlError(
            "A value of the connection holds a closing brace. Each driver reads it in its own way, and which one is "
            "behind dsn is not known: name the server in login_host, or use another password."
        )
    if driver is None or not driver.free_tds:
        return
    if options.encrypt and options.validate_certs:
        raise MssqlError(
            f"The driver {driver.name} (FreeTDS) goes on without encryption behind the login when the server's answer "
            "asks for it, so somebody on the way could read and change the rest: use Microsoft's driver, or accept "
            "it with validate_certs: false. The certificate is still verified at the login where ca_path is set."
        )
    for wanted, name in (
        (options.multi_subnet_failover, "multi_subnet_failover"),
        (options.certificate_hostname is not None, "certificate_hostname"),
    ):
        if wanted:
            raise MssqlError(f"The driver {driver.name} (FreeTDS) does not know {name}: use Microsoft's driver for it.")


def connection_string(options: ConnectionOptions, driver: Driver | None) -> str:
    """The string for SQLDriverConnect. It holds the password: never show it."""
    parts: list[tuple[str, str]] = []
    free_tds = driver.free_tds if driver is not None else "freetds" in (options.dsn or "").lower()
    if options.dsn is not None:
        head = options.dsn.rstrip("; ") + ";" if "=" in options.dsn else f"DSN={options.dsn};"
    elif driver is None:
        raise ValueError("a driver is expected where there is no data source")
    else:
        head = f"Driver={braced(driver.name)};"
        if driver.free_tds:
            parts.append(("Servername", FREETDS_SECTION))
        else:
            parts += _microsoft(options)
    if options.database:
        parts.append(("Database", braced(options.database, free_tds)))
    parts.append(("APP", braced(options.application, free_tds)))
    if options.user:
        parts += [("UID", braced(options.user, free_tds)), ("PWD", braced(options.password or "", free_tds))]
    elif options.dsn is None and driver is not None:
        parts.append(("Trusted_Connection", "yes"))
    return head + "".join(f"{key}={value};" for key, value in parts)


def _microsoft(options: ConnectionOptions) -> list[tuple[str, str]]:
    host = options.host or ""
    server = host if options.named_instance else f"tcp:{host},{options.port}"
    parts = [
        ("Server", braced(server)),
        ("Encrypt", "yes" if options.encrypt else "no"),
        ("TrustServerCertificate", "no" if options.validate_certs else "yes"),
        # A session that comes back silently has lost its lock: a broken connection must be seen as broken.
        ("ConnectRetryCount", "0"),
    ]
    if options.multi_subnet_failover:
        parts.append(("MultiSubnetFailover", "yes"))
    if options.certificate_hostname is not None:
        parts.append(("HostnameInCertificate", braced(options.certificate_hostname)))
    return parts


def freetds_conf(options: ConnectionOptions) -> str:
    """A configuration file for FreeTDS: only there can it be told which authority to trust."""
    host, _backslash, instance = (options.host or "").partition("\\")
    lines = [f"[{FREETDS_SECTION}]", f"host = {host}", "tds version = 7.4", "client charset = UTF-8"]
    lines.append(f"instance = {instance}" if instance else f"port = {options.port}")
    lines.append(f"encryption = {'require' if options.encrypt else 'off'}")
    if options.encrypt and options.ca_path:
        lines += [f"ca file = {options.ca_path}", "check certificate hostname = yes"]
    return "\n\t".join(lines) + "\n"
