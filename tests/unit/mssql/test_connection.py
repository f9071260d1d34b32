# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import odbc
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.api import literal
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.drivers import Driver, find_driver
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.options import (
    ConnectionOptions,
    check,
    connection_string,
    freetds_conf,
)

MICROSOFT = Driver("ODBC Driver 18 for SQL Server", free_tds=False)
FREETDS = Driver("FreeTDS", free_tds=True)


def options(**different: Any) -> ConnectionOptions:
    values: dict[str, Any] = {"database": "Shop", "host": "sql01", "user": "deploy", "password": "p"}
    return ConnectionOptions(**{**values, **different})


def none() -> str | None:
    return None


def test_newest_microsoft_driver_is_taken() -> None:
    installed = ["FreeTDS", "ODBC Driver 9 for SQL Server", "ODBC Driver 18 for SQL Server", "PostgreSQL"]
    assert find_driver(None, installed, none).name == "ODBC Driver 18 for SQL Server"


def test_packaged_driver_is_taken_before_freetds() -> None:
    assert find_driver(None, ["FreeTDS"], lambda: "/x/libmsodbcsql.so") == Driver("/x/libmsodbcsql.so", False)
    assert find_driver(None, ["FreeTDS"], none) == FREETDS


def test_without_a_driver_the_message_lists_what_is_there_and_what_to_install() -> None:
    with pytest.raises(MssqlError, match=r"installed are: PostgreSQL; install Microsoft's msodbcsql18"):
        find_driver(None, ["PostgreSQL"], none)
    with pytest.raises(MssqlError, match="the driver manager lists none"):
        find_driver(None, [], none)


def test_a_wanted_driver_must_be_there() -> None:
    with pytest.raises(MssqlError, match=r"'Nope' is not installed; installed are: FreeTDS"):
        find_driver("Nope", ["FreeTDS"], none)
    with pytest.raises(MssqlError, match=r"/nope.so does not exist"):
        find_driver("/nope.so", ["FreeTDS"], none)


@pytest.mark.parametrize("value", ["a;b", "a}b", "a}};PWD=x", "{a}", "a=b", " a ", "'\"", "}"])
def test_no_value_can_end_itself(value: str) -> None:
    text = connection_string(options(password=value), MICROSOFT)
    pairs = _parse(text)
    assert pairs["PWD"] == value
    assert pairs["Encrypt"] == "yes"
    assert pairs["TrustServerCertificate"] == "no"


def test_behind_a_data_source_no_value_can_end_itself() -> None:
    """Which driver is behind it is unknown, and each reads a closing brace in its own way."""
    for name in ("password", "user", "database"):
        given = {"user": "deploy", "password": "secret", name: "x};Server=evil;y={"}
        with pytest.raises(MssqlError, match=r"closing brace.*dsn is not known") as failure:
            check(options(host=None, dsn="Driver=/opt/libtdsodbc.so;Server=db", **given), None)
        assert "evil" not in str(failure.value)
    check(options(host=None, dsn="prod", user="deploy", password="a{b;c=d"), None)


@pytest.mark.parametrize("value", ["a;b", "a}b", "{a}", "}", "a}}b"])
def test_freetds_gets_its_own_kind_of_braces(value: str) -> None:
    assert connection_string(options(password=value), FREETDS).endswith(f"PWD={{{value}}};")


def test_what_freetds_cannot_be_told_is_refused() -> None:
    with pytest.raises(MssqlError, match="closing brace with a semicolon"):
        connection_string(options(password="a};UID=sa"), FREETDS)


def _parse(text: str) -> dict[str, str]:
    """A connection string, read as ODBC reads it."""
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        equals = text.index("=", at)
        key, at = text[at:equals], equals + 1
        if text[at] == "{":
            at += 1
            value = ""
            while True:
                brace = text.index("}", at)
                value += text[at:brace]
                if text[brace + 1 : brace + 2] == "}":
                    value += "}"
                    at = brace + 2
                    continue
                at = brace + 1
                break
            assert text[at] == ";"
        else:
            semicolon = text.index(";", at)
            value, at = text[at:semicolon], semicolon
        assert key not in pairs
        pairs[key] = value
        at += 1
    return pairs


def test_options_reach_the_connection_string() -> None:
    pairs = _parse(
        connection_string(
            options(
                port=1500, encrypt=False, validate_certs=False, multi_subnet_failover=True, certificate_hostname="db"
            ),
            MICROSOFT,
        )
    )
    assert pairs["Server"] == "tcp:sql01,1500"
    assert (pairs["Encrypt"], pairs["TrustServerCertificate"]) == ("no", "yes")
    assert (pairs["MultiSubnetFailover"], pairs["HostnameInCertificate"]) == ("Yes".lower(), "db")
    assert pairs["ConnectRetryCount"] == "0"


def test_named_instance_has_no_port() -> None:
    assert _parse(connection_string(options(host="sql01\\X"), MICROSOFT))["Server"] == "sql01\\X"
    assert "instance = X" in freetds_conf(options(host="sql01\\X"))


def test_without_a_login_the_connection_is_integrated() -> None:
    pairs = _parse(connection_string(options(user=None, password=None), MICROSOFT))
    assert pairs["Trusted_Connection"] == "yes"
    assert "PWD" not in pairs


def test_a_data_source_gets_login_and_database() -> None:
    assert connection_string(options(host=None, dsn="prod"), None).startswith("DSN=prod;Database={Shop};")
    assert connection_string(options(host=None, dsn="Driver=x;Server=y;"), None).startswith("Driver=x;Server=y;Data")


def test_freetds_is_taken_with_consent_only(tmp_path: Path) -> None:
    """What it verifies at the login does not hold for what follows."""
    ca = tmp_path / "ca.pem"
    ca.write_text("x")
    for ca_path in (None, str(ca)):
        with pytest.raises(MssqlError, match=r"without encryption behind the login.*use Microsoft's driver, or accept"):
            check(options(ca_path=ca_path), FREETDS)
    check(options(validate_certs=False), FREETDS)
    check(options(validate_certs=False, ca_path=str(ca)), FREETDS)
    check(options(encrypt=False), FREETDS)
    check(options(ca_path=str(ca)), MICROSOFT)


def test_freetds_verifies_at_the_login_where_it_has_a_ca_file() -> None:
    assert "ca file = /ca.pem" in freetds_conf(options(validate_certs=False, ca_path="/ca.pem"))
    assert "check certificate hostname = yes" in freetds_conf(options(validate_certs=False, ca_path="/ca.pem"))
    assert "ca file" not in freetds_conf(options(validate_certs=False))


@pytest.mark.parametrize(
    ("different", "message"),
    [
        ({"password": None}, "login_password is missing"),
        ({"user": None}, "login_password was given without login_user"),
        ({"ca_path": "/nope.pem"}, "ca_path /nope.pem is not a file"),
        ({"host": "a\nb"}, "line end"),
    ],
)
def test_bad_options_are_refused(different: dict[str, Any], message: str) -> None:
    with pytest.raises(MssqlError, match=message):
        check(options(**different), MICROSOFT)


@pytest.mark.parametrize("different", [{"multi_subnet_failover": True}, {"certificate_hostname": "x"}])
def test_what_freetds_does_not_know_is_refused(different: dict[str, Any]) -> None:
    with pytest.raises(MssqlError, match="does not know"):
        check(options(validate_certs=False, **different), FREETDS)


class FakeError(Exception):
    pass


MS = "[Microsoft][ODBC Driver 18 for SQL Server]"
FAILED = "certificate verify failed"
TLS = f"{MS}SSL Provider: [error:0A000086:SSL routines::{FAILED}:"

ERRORS = [
    ("28000", f"{MS}[SQL Server]Login failed for user 'deploy'. (18456)", "refused the login 'deploy'"),
    ("42000", "[FreeTDS][SQL Server]Login failed for user 'deploy'. (18456)", "refused the login 'deploy'"),
    ("42000", f'{MS}[SQL Server]Cannot open database "Shop" requested by the login. (4060)', "has no database 'Shop'"),
    ("08001", f"{TLS}unable to get local issuer certificate] (-1)", "could not be verified"),
    ("08001", f"{TLS}subject name does not match host name] (-1)", "is for another name"),
    ("01000", "[unixODBC][Driver Manager]Can't open lib '/x.so' : file not found (0)", "could not be loaded"),
    ("HYT00", f"{MS}Login timeout expired (0)", "No connection with SQL Server at sql01:1433: Login timeout expired"),
]


@pytest.mark.parametrize(("state", "text", "wanted"), ERRORS)
def test_each_failure_to_connect_is_told_apart(state: str, text: str, wanted: str) -> None:
    message = odbc.explain(FakeError(state, f"[{state}] {text} (SQLDriverConnect)"), options(), MICROSOFT)
    assert wanted in message
    assert "\n" not in message


def test_freetds_says_little_about_certificates_so_the_message_says_more() -> None:
    text = "[08001] [FreeTDS][SQL Server]Unable to connect to data source (0) (SQLDriverConnect)"
    assert "the authority in ca_path" in odbc.explain(FakeError("08001", text), options(), FREETDS)


@pytest.mark.parametrize(
    ("state", "text", "number", "plain", "lost"),
    [
        ("42S02", f"{MS}[SQL Server]Invalid object name 'x'. (208)", 208, "Invalid object name 'x'.", False),
        ("42S02", "[FreeTDS][SQL Server]Invalid object name 'x'. (208)", 208, "Invalid object name 'x'.", False),
        ("08S01", f"{MS}TCP Provider: Error code 0x68 (104)", 104, "TCP Provider: Error code 0x68", True),
        (
            "08S01",
            "[FreeTDS][SQL Server]Read from the server failed (20004)",
            20004,
            "Read from the server failed",
            True,
        ),
        (
            "HYT00",
            f"{MS}Query timeout expired (0)",
            0,
            "the statement ran into its time limit",
            False,
        ),
    ],
)
def test_server_errors_keep_number_and_text(state: str, text: str, number: int, plain: str, lost: bool) -> None:
    error = odbc.server_error(FakeError(state, f"[{state}] {text} (SQLExecDirectW)"))
    assert (error.number, error.text, error.lost) == (number, plain, lost)


def test_a_lost_connection_is_never_retryable() -> None:
    assert odbc.server_error(FakeError("40001", "[40001] [x]deadlocked (1205) (SQLExecDirectW)")).retryable
    assert not odbc.server_error(FakeError("08S01", "[08S01] [x]gone (1205) (SQLExecDirectW)")).retryable


def test_the_password_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "s3cr3t-Pa55"

    class Driverless:
        Error = FakeError

        @staticmethod
        def drivers() -> list[str]:
            return ["FreeTDS"]

        @staticmethod
        def connect(text: str, **_unused: Any) -> None:
            raise FakeError("HY000", f"[HY000] cannot connect with {text} (0) (SQLDriverConnect)")

    monkeypatch.setattr(odbc, "pyodbc", lambda: Driverless)
    monkeypatch.setattr(odbc.OdbcConnector, "_reach", lambda self: None)
    wanted = options(password=secret, validate_certs=False, driver="FreeTDS")
    with pytest.raises(MssqlError) as caught:
        odbc.OdbcConnector(wanted, 500).connect()
    assert secret not in str(caught.value)
    assert "cannot connect" in str(caught.value)
    assert caught.value.__suppress_context__
    assert secret not in repr(wanted)


@pytest.mark.parametrize(("found", "refused"), [("Other", True), ("shop", False), ("Shop", False)])
def test_a_connection_that_leads_to_another_database_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: str, refused: bool
) -> None:
    """A data source may name a database of its own; which of the two names counts depends on the driver."""
    closed: list[bool] = []

    class Cursor:
        noscan = False
        messages: tuple[Any, ...] = ()
        description = (("db",),)
        rowcount = -1

        def execute(self, sql: str) -> Self:
            assert sql.endswith("SELECT DB_NAME() AS db;")
            return self

        def fetchall(self) -> list[tuple[str]]:
            return [(found,)]

        def nextset(self) -> bool:
            return False

        def close(self) -> None:
            pass

    class Raw:
        timeout = 0

        def cursor(self) -> Cursor:
            return Cursor()

        def close(self) -> None:
            closed.append(True)

    connector = odbc.OdbcConnector(ConnectionOptions(database="Shop", dsn="Driver=x;Server=y;Database=Other"), 500)
    monkeypatch.setattr(connector, "_open", lambda _options: Raw())
    if refused:
        with pytest.raises(MssqlError, match="leads to the database Other, Shop is expected"):
            connector.connect()
    else:
        connector.connect()
    assert closed == ([True] if refused else [])


def test_the_environment_of_a_driver_lasts_for_one_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("x")
    seen: dict[str, str | None] = {}

    class Watching:
        Error = FakeError

        @staticmethod
        def drivers() -> list[str]:
            return ["ODBC Driver 18 for SQL Server"]

        @staticmethod
        def connect(_text: str, **_unused: Any) -> None:
            seen["file"] = os.environ.get("SSL_CERT_FILE")
            raise FakeError("HY000", "x")

    monkeypatch.setenv("SSL_CERT_FILE", "/before")
    monkeypatch.setattr(odbc, "pyodbc", lambda: Watching)
    monkeypatch.setattr(odbc.OdbcConnector, "_reach", lambda self: None)
    with pytest.raises(MssqlError):
        odbc.OdbcConnector(options(ca_path=str(ca)), 500).connect()
    assert seen["file"] == str(ca)
    assert os.environ["SSL_CERT_FILE"] == "/before"


def test_an_unreachable_server_is_told_at_once() -> None:
    connector = odbc.OdbcConnector(options(host="127.0.0.1", port=1, validate_certs=False, driver="FreeTDS"), 500)
    with pytest.raises(MssqlError, match=r"127.0.0.1:1 is not reachable \(Connection refused\)"):
        connector.connect()


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (None, "NULL"),
        (7, "7"),
        (True, "1"),
        ("a", "N'a'"),
        ("it's", "N'it''s'"),
        ("';DROP TABLE x--", "N''';DROP TABLE x--'"),
        ("a\\\nb", "N'a' + N'\\' + NCHAR(10) + N'b'"),
    ],
)
def test_literals_cannot_be_left(value: str | int | None, source: str) -> None:
    assert literal(value) == source


def test_a_nul_character_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b")
