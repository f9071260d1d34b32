# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections through pyodbc. Private to this collection."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
import pathlib
import re
import socket
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from .._names import same
from . import options as connection_options
from .api import Connection, Connector, Reply
from .drivers import INSTALL, Driver, find_driver, packaged_driver
from .errors import MssqlError, ServerError
from .options import ConnectionOptions
from .session import pins

LEDGER_TIMEOUT_S = 30
"""For each statement of the ledger: a server that accepts it and never answers counts as lost."""
_LOST = ("08", "HYT01")
# FreeTDS numbers its own messages from 20000: cannot read, cannot write, unexpected end, dead.
_FREETDS_LOST = frozenset({20004, 20006, 20017, 20047})
_NUMBER = re.compile(r"\((-?\d+)\) \(SQL\w+\)")
_PREFIX = re.compile(
    r"\A(?:\[\w{5}\] )?(?:\[(?:Microsoft|FreeTDS|unixODBC|ODBC Driver[^\]]*|Driver Manager|SQL Server)\])*"
)
_TAIL = re.compile(r" \((-?\d+)\) \(SQL\w+\)[\s\S]*\Z")
_MORE = re.compile(r"; +\[\w{5}\] (?=\[)")


@functools.cache
def pyodbc() -> Any:
    """The package; raises ImportError. It loads the driver manager, so only a process that connects imports it."""
    package: Any = importlib.import_module("pyodbc")
    # A pooled session would keep its lock after close().
    package.pooling = False
    return package


def import_error() -> str | None:
    """The traceback when pyodbc cannot be imported."""
    try:
        pyodbc()
    except ImportError:
        return traceback.format_exc()
    return None


class OdbcConnector(Connector):
    """Opens sessions with the server that the options name."""

    def __init__(self, options: ConnectionOptions, lock_timeout_ms: int, statement_timeout_s: int = 0) -> None:
        self.options = options
        self._lock_timeout_ms = lock_timeout_ms
        self._statement_timeout_s = statement_timeout_s
        self.driver: Driver | None = None
        self._reached = False
        if options.dsn is None:
            self.driver = find_driver(options.driver, list(pyodbc().drivers()), packaged_driver)
        connection_options.check(options, self.driver)

    def connect(self) -> Connection:
        if not self._reached:
            self._reach()
            self._reached = True
        try:
            raw = self._open(self.options)
        except pyodbc().Error as error:
            message = explain(error, self.options, self.driver)
            if self._database_is_the_reason(error):
                message = _no_database(self.options)
            # `from None`: the driver's own exception may hold the connection string.
            raise MssqlError(self._scrub(message)) from None
        raw.timeout = self._statement_timeout_s
        connection = OdbcConnection(raw)
        try:
            database = str(connection.row(f"{pins(self._lock_timeout_ms)} SELECT DB_NAME() AS db;")[0])
            self._refuse_another(database)
        except MssqlError:
            connection.close()
            raise
        return connection

    def _refuse_another(self, database: str) -> None:
        """A data source may name a database of its own, and which name counts depends on the driver."""
        if self.options.database and not same(database, self.options.database):
            raise MssqlError(
                f"The connection leads to the database {database}, {self.options.database} is expected (option "
                "database): take Database out of dsn, or name the same one."
            )

    def _open(self, options: ConnectionOptions) -> Any:
        text = connection_options.connection_string(options, self.driver)
        with self._environment():
            return pyodbc().connect(text, autocommit=True, timeout=options.login_timeout_s)

    def _database_is_the_reason(self, error: Exception) -> bool:
        """FreeTDS tells of an unknown database only that the login failed: whether it opens without one tells more."""
        if self.driver is None or not self.driver.free_tds or "(18456)" not in str(error):
            return False
        try:
            self._open(dataclasses.replace(self.options, database="")).close()
        except pyodbc().Error:
            return False
        return True

    def _reach(self) -> None:
        """Report an unreachable server at once, by name: the drivers wait long and then say only "timeout"."""
        options = self.options
        if options.host is None or options.named_instance or options.multi_subnet_failover:
            return
        try:
            socket.create_connection((options.host, options.port), timeout=options.login_timeout_s).close()
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise MssqlError(
                f"SQL Server at {options.where} is not reachable ({reason}): check login_host, login_port, "
                "the server and the firewall."
            ) from None

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """Environment variables and files that a driver reads, for the duration of one connect."""
        options = self.options
        if self.driver is not None and self.driver.free_tds:
            with tempfile.TemporaryDirectory(prefix="zero_downtime_") as directory:
                path = pathlib.Path(directory) / "freetds.conf"
                path.write_text(connection_options.freetds_conf(options), encoding="utf-8")
                with _variables({"FREETDSCONF": str(path)}):
                    yield
        elif options.ca_path is not None and options.encrypt and options.validate_certs:
            # Microsoft's driver takes OpenSSL's default locations; the directory is one that holds nothing.
            with (
                tempfile.TemporaryDirectory(prefix="zero_downtime_") as directory,
                _variables({"SSL_CERT_FILE": options.ca_path, "SSL_CERT_DIR": directory}),
            ):
                yield
        else:
            yield

    def _scrub(self, text: str) -> str:
        for secret in (self.options.password, self.options.dsn):
            if secret:
                text = text.replace(secret, "********")
        return text


class OdbcConnection(Connection):
    """One session through pyodbc, in autocommit mode."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def execute(self, sql: str, *, keep_rows: bool = True) -> Reply:
        reply = Reply()
        cursor = None
        try:
            cursor = self._raw.cursor()
            # ODBC's own {escapes} have no place in a script.
            cursor.noscan = True
            return self._read(cursor.execute(sql), reply, keep_rows)
        except pyodbc().Error as error:
            raise server_error(error) from None
        finally:
            if cursor is not None:
                with suppress(pyodbc().Error):
                    cursor.close()

    @staticmethod
    def _read(cursor: Any, reply: Reply, keep_rows: bool) -> Reply:
        while True:
            reply.messages += [_plain(text) for _kind, text in cursor.messages or ()]
            if cursor.description is not None:
                # Rows that nobody wants are not fetched: the driver reads over them on its way to the next result.
                # FreeTDS has a message behind rows at their end, where pyodbc does not look for one.
                if keep_rows:
                    reply.sets.append(cursor.fetchall())
            elif cursor.rowcount >= 0:
                reply.rows_affected += cursor.rowcount
                reply.counted = True
            if not cursor.nextset():
                return reply

    def close(self) -> None:
        with suppress(pyodbc().Error):
            self._raw.close()


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _sqlstate_and_text(error: Exception) -> tuple[str, str]:
    arguments = [str(argument) for argument in error.args]
    if len(arguments) >= 2:
        return arguments[0], arguments[1]
    return "", arguments[0] if arguments else type(error).__name__


def _plain(text: str) -> str:
    """A driver's message without its prefixes in brackets and its trailing number."""
    return _TAIL.sub("", _PREFIX.sub("", text)).strip()


def server_error(error: Exception) -> ServerError:
    """What pyodbc raised, as the error of the server that it reports."""
    sqlstate, text = _sqlstate_and_text(error)
    number = 0
    for found in _NUMBER.findall(text):
        # The first record that the server itself numbered; the driver's own have 0 or less.
        if int(found) > 0:
            number = int(found)
            break
    first = _MORE.split(text)[0]
    if sqlstate == "HYT00":
        return ServerError("the statement ran into its time limit", 0, sqlstate)
    return ServerError(_plain(first) or sqlstate, number, sqlstate, lost=_is_lost(sqlstate, number, text))


def _is_lost(sqlstate: str, number: int, text: str) -> bool:
    return sqlstate.startswith(_LOST) or number in _FREETDS_LOST or "Communication link failure" in text


def explain(error: Exception, options: ConnectionOptions, driver: Driver | None) -> str:
    """Why a connection could not be made, as one sentence."""
    sqlstate, text = _sqlstate_and_text(error)
    numbers = {int(found) for found in _NUMBER.findall(text)}
    lowered = text.lower()
    name = driver.name if driver else "of the data source"
    if "can't open lib" in lowered or sqlstate in ("IM002", "IM003", "IM004"):
        return (
            f"The ODBC driver {name} could not be loaded, or one of the libraries that it needs is missing "
            f"({_plain(_MORE.split(text)[0])}): {INSTALL}."
        )
    if 4060 in numbers or "cannot open database" in lowered:
        return _no_database(options)
    if numbers & {18456, 18452, 18470, 18486, 18487, 18488} or sqlstate == "28000":
        return f"SQL Server at {options.where} refused {_login(options)}: check login_user and login_password."
    if "subject name does not match" in lowered or "hostname does not match" in lowered:
        return (
            f"The certificate of the SQL Server at {options.where} is for another name: set login_host to the DNS name "
            "in the certificate, or certificate_hostname (Microsoft's driver never matches an IP address)."
        )
    if "certificate verify failed" in lowered or "ssl provider" in lowered:
        return (
            f"The certificate of the SQL Server at {options.where} could not be verified "
            f"({_plain(_MORE.split(text)[0])}): set ca_path to the PEM file of the authority that issued it."
        )
    if driver is not None and driver.free_tds and options.encrypt and sqlstate == "08001":
        return (
            f"SQL Server at {options.where} answers, but no encrypted and verified connection was made: check that "
            "its certificate is for login_host and comes from the authority in ca_path, and that it speaks TLS 1.2."
        )
    return f"No connection with SQL Server at {options.where}: {_plain(_MORE.split(text)[0])}."


def _no_database(options: ConnectionOptions) -> str:
    return (
        f"SQL Server at {options.where} has no database {options.database!r}, or {_login(options)} may not "
        "open it: check database and the login's rights."
    )


def _login(options: ConnectionOptions) -> str:
    return f"the login {options.user!r}" if options.user else "the integrated login"
