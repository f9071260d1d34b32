# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two ODBC drivers for SQL Server: where they are, a private odbcinst.ini for them, connection strings.

Nothing of the machine's own configuration is touched: `install(directory)` writes odbcinst.ini and freetds.conf there,
`environment(directory)` gives the variables that make unixODBC and FreeTDS read them. A process must have them in its
environment before it loads pyodbc.

Which certificates are trusted (found by trying, see tests/unit/lab_sqlserver/test_tls.py):
- Microsoft's driver 18 on Linux checks the chain with OpenSSL's default store, so SSL_CERT_FILE or SSL_CERT_DIR name a
  private authority; its keyword ServerCertificate changes nothing with TDS 7.4. It compares the address with DNS names
  of the certificate only, never with IP addresses: a name, or HostnameInCertificate, is needed.
- FreeTDS verifies only what its configuration has a `ca file` for, and it reads an entry of its configuration only for
  `Servername=entry`; with `Server=address` any certificate is taken.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

MICROSOFT = "ODBC Driver 18 for SQL Server"
FREETDS = "FreeTDS"
NAMES = (MICROSOFT, FREETDS)


def microsoft_library() -> Path:
    """Microsoft's driver, which the package mssql-python-odbc brings."""
    base = Path(sysconfig.get_paths()["purelib"]) / "mssql_python_odbc" / "libs" / "linux"
    found = sorted((base / "debian_ubuntu").glob("*/lib/libmsodbcsql-18*.so*"))
    if not found:
        raise RuntimeError(f"Microsoft's ODBC driver was not found under {base}: pip install mssql-python-odbc")
    return found[-1]


def freetds_library() -> Path:
    library = Path("/usr/lib")
    found = sorted([*library.glob("*/odbc/libtdsodbc.so"), *library.glob("odbc/libtdsodbc.so")])
    if not found:
        raise RuntimeError("FreeTDS's ODBC driver was not found: install the package tdsodbc")
    return found[0]


VERIFIED = "verified"


def install(directory: str | Path, ca_file: str | Path | None = None, address: str = "", port: int = 1433) -> Path:
    """Write odbcinst.ini, odbc.ini and freetds.conf; returns the directory.

    With an address, FreeTDS gets an entry that verifies the certificate: `connection_string(..., verified=True)`.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    (target / "odbcinst.ini").write_text(
        f"[{MICROSOFT}]\nDescription=Microsoft ODBC Driver 18 for SQL Server\nDriver={microsoft_library()}\n"
        "UsageCount=1\n\n"
        f"[{FREETDS}]\nDescription=FreeTDS\nDriver={freetds_library()}\nUsageCount=1\n",
        encoding="ascii",
    )
    (target / "odbc.ini").write_text("", encoding="ascii")
    lines = ["[global]", "tds version = 7.4", "client charset = UTF-8", "text size = 64512000"]
    if address:
        lines += [
            f"[{VERIFIED}]",
            f"host = {address}",
            f"port = {port}",
            "encryption = require",
            f"ca file = {ca_file}",
        ]
        lines += ["check certificate hostname = no"]
    (target / "freetds.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def environment(directory: str | Path, ca_file: str | Path | None = None) -> dict[str, str]:
    """Variables for a process that is to use the drivers."""
    target = Path(directory).resolve()
    variables = {
        "ODBCSYSINI": str(target),
        "ODBCINSTINI": "odbcinst.ini",
        "ODBCINI": str(target / "odbc.ini"),
        "FREETDSCONF": str(target / "freetds.conf"),
        "FREETDS": str(target / "freetds.conf"),
    }
    if ca_file is not None:
        variables["SSL_CERT_FILE"] = str(ca_file)
    return variables


def activate(directory: str | Path, ca_file: str | Path | None = None, address: str = "", port: int = 1433) -> None:
    """`install` and `environment` for this very process; call it before pyodbc is imported."""
    install(directory, ca_file, address, port)
    os.environ.update(environment(directory, ca_file))


def _quoted(value: str, driver: str) -> str:
    """A value in braces; Microsoft's driver wants a closing brace doubled, FreeTDS does not know that."""
    return "{" + (value if driver == FREETDS else value.replace("}", "}}")) + "}"


def connection_string(
    driver: str,
    address: str,
    user: str,
    password: str,
    database: str = "",
    *,
    port: int = 1433,
    encrypt: bool = True,
    trust: bool = False,
    verified: bool = False,
    app: str = "",
    extra: str = "",
) -> str:
    """For either driver. `trust` accepts any certificate (FreeTDS: always so, unless its configuration names a CA)."""
    parts = [f"Driver={{{driver}}}"]
    if driver == FREETDS and verified:
        parts.append(f"Servername={VERIFIED}")
    elif driver == FREETDS:
        parts += [
            f"Server={address}",
            f"Port={port}",
            "TDS_Version=7.4",
            f"Encryption={'require' if encrypt else 'off'}",
        ]
    else:
        parts += [
            f"Server={address},{port}",
            f"Encrypt={'yes' if encrypt else 'no'}",
            f"TrustServerCertificate={'yes' if trust else 'no'}",
        ]
    parts += [f"UID={_quoted(user, driver)}", f"PWD={_quoted(password, driver)}"]
    if database:
        parts.append(f"Database={database}")
    if app:
        parts.append(f"APP={app}")
    return ";".join(parts) + (";" + extra if extra else "")
