# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ODBC driver to use. Private to this collection."""

from __future__ import annotations

import importlib.util
import pathlib
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .errors import MssqlError

INSTALL = (
    "install Microsoft's msodbcsql18 package, or the Python package mssql-python-odbc, "
    "or FreeTDS (packages tdsodbc, unixodbc and odbcinst on Debian)"
)
_MICROSOFT = re.compile(r"ODBC Driver (\d+) for SQL Server\Z")
_FAMILIES = (
    ("alpine", ("alpine",)),
    ("debian_ubuntu", ("debian", "ubuntu")),
    ("rhel", ("rhel", "fedora", "centos")),
    ("suse", ("suse", "sles", "opensuse")),
)


@dataclass(frozen=True)
class Driver:
    """An ODBC driver: its name or the path of its library, and which dialect of connection strings it takes."""

    name: str
    free_tds: bool


def describe(name: str) -> Driver:
    """A driver that the user named, or that the driver manager lists."""
    lowered = pathlib.PurePath(name).name.lower()
    return Driver(name, free_tds="freetds" in lowered or "tdsodbc" in lowered)


def find_driver(wanted: str | None, installed: Sequence[str], packaged: Callable[[], str | None]) -> Driver:
    """The driver to use: the wanted one, or the best of those that are there."""
    if wanted:
        if pathlib.PurePath(wanted).is_absolute():
            if not pathlib.Path(wanted).exists():
                raise MssqlError(f"The ODBC driver {wanted} does not exist; {_installed(installed)}.")
        elif wanted not in installed:
            raise MssqlError(f"The ODBC driver {wanted!r} is not installed; {_installed(installed)}; {INSTALL}.")
        return describe(wanted)
    versions = [(int(match.group(1)), name) for name in installed if (match := _MICROSOFT.match(name))]
    if versions:
        return describe(max(versions)[1])
    path = packaged()
    if path:
        return describe(path)
    for name in installed:
        if describe(name).free_tds:
            return describe(name)
    raise MssqlError(f"No ODBC driver for SQL Server was found; {_installed(installed)}; {INSTALL}.")


def _installed(names: Sequence[str]) -> str:
    return f"installed are: {', '.join(names)}" if names else "the driver manager lists none"


def packaged_driver() -> str | None:
    """The library inside the Python package mssql-python-odbc, for this machine's distribution and processor."""
    spec = importlib.util.find_spec("mssql_python_odbc")
    if spec is None or spec.origin is None or platform.system() != "Linux":
        return None
    root = pathlib.Path(spec.origin).parent / "libs" / "linux"
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    folder = root / _family(_os_release()) / machine / "lib"
    found = sorted(folder.glob("libmsodbcsql*")) if folder.is_dir() else []
    return str(found[-1]) if found else None


def _os_release() -> str:
    try:
        return pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""


def _family(os_release: str) -> str:
    words: list[str] = []
    for line in os_release.splitlines():
        key, _equals, value = line.partition("=")
        if key in ("ID", "ID_LIKE"):
            words += value.strip("\"'").lower().split()
    for family, members in _FAMILIES:
        if any(word.startswith(members) for word in words):
            return family
    return "debian_ubuntu"
