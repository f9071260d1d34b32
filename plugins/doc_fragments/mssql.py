# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DOCUMENTATION: how a database is reached, for all its modules. SCRIPTS: for those that read migration scripts."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  login_host:
    description:
      - Name of the SQL Server or of its availability group listener; C(NAME\INSTANCE) for a named instance.
      - With Microsoft's driver use the DNS name that stands in the server's certificate, or set
        O(certificate_hostname). That driver compares names only and never matches an IP address.
      - Required unless O(dsn) is given.
    type: str
  login_port:
    description: TCP port of the SQL Server. Not used for a named instance.
    type: int
    default: 1433
  login_user:
    description: SQL login. Without it the connection is an integrated one (Kerberos, with the ticket of the user who
      runs Ansible).
    type: str
  login_password:
    description: Password of O(login_user). It never appears in a process list, log, message or result.
    type: str
  database:
    description: Database to connect to.
    type: str
    required: true
  driver:
    description:
      - Name of an installed ODBC driver as C(odbcinst -q -d) prints it, or the full path of a driver's library.
      - Without it the newest Microsoft driver is taken, then the one in the Python package C(mssql-python-odbc), then
        FreeTDS.
    type: str
  dsn:
    description:
      - Name of an ODBC data source, or a raw ODBC connection string, instead of O(login_host) and O(driver).
      - O(login_user), O(login_password) and O(database) are added to it. Encryption and the verification of the
        certificate are what the data source says.
      - It counts as a secret, because a connection string may hold a password.
    type: str
  encrypt:
    description: Encrypt the connection. Switch it off only where the network is trusted.
    type: bool
    default: true
  validate_certs:
    description:
      - Verify the server's certificate and its name.
      - FreeTDS goes on without encryption behind the login when the server's answer asks for it, so it needs V(false)
        here as your explicit consent. With O(ca_path) it still verifies the certificate at the login.
    type: bool
    default: true
  ca_path:
    description:
      - PEM file with the certificate authorities that the server's certificate may come from.
        It replaces the system's trust store for this connection.
      - Without it Microsoft's driver uses the system's trust store.
    type: path
  certificate_hostname:
    description: The name to expect in the server's certificate, when it is not O(login_host). Only Microsoft's driver
      knows this.
    type: str
  login_timeout_s:
    description: How long to wait for the connection, in seconds.
    type: int
    default: 15
  multi_subnet_failover:
    description: Set it for an availability group listener with addresses in several subnets. Only Microsoft's driver
      knows this.
    type: bool
    default: false
requirements:
  - pyodbc >= 5.1 (Python package)
  - an ODBC driver for SQL Server (Microsoft's, version 17 or newer, or FreeTDS 1.3 or newer)
notes:
  - The sessions are named C(zero_downtime.dotnet/<module>) in C(sys.dm_exec_sessions).
  - Not yet run on SQL Server itself. It was tested with both drivers against the simulated server of the collection's
    lab.
"""

    SCRIPTS = r"""
options:
  encoding:
    description:
      - What scripts without a byte order mark are in. Files with one are read as UTF-8 or UTF-16, as it says.
      - A release states it in its C(release.yml) (C(encoding)). Without either it is V(utf-8).
    type: str
    choices: [utf-8, cp1250, cp1251, cp1252]
"""
