# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of directories on drive C:, inherited from above: shown and changed, but nobody is restricted here."""

from __future__ import annotations

from dataclasses import dataclass, field

_FULL, _READ, _MODIFY = "FA", "0x1200a9", "0x1301bf"
SHORT = {"F": _FULL, "RX": _READ, "M": _MODIFY}
#: Well-known accounts, by the name that SDDL has for them.
NAMES = {
    "S-1-5-18": "SY",
    "S-1-5-32-544": "BA",
    "S-1-5-32-545": "BU",
    "S-1-5-11": "AU",
    "S-1-1-0": "WD",
    "S-1-3-0": "CO",
}

_ADMINISTRATORS = [("OICI", _FULL, "BA"), ("OICI", _FULL, "SY")]
_READERS = ("OICI", _READ, "BU")


@dataclass
class AccessList:
    """Entries of a directory's own: flags of inheritance, rights, trustee."""

    protected: bool = False
    entries: list[tuple[str, str, str]] = field(default_factory=list)

    def remove(self, trustee: str) -> None:
        self.entries = [entry for entry in self.entries if entry[2] != trustee]


class AccessLists:
    """What Windows Server has after its setup, C:\\releases as in docs/real-servers.md, and what icacls changed."""

    def __init__(self) -> None:
        # Users may create directories in C:\, and files in what they created.
        anybody = [("CI", "LC", "BU"), ("CIIO", "DC", "BU"), ("OICIIO", "GA", "CO")]
        self._own = {
            "c:": AccessList(True, [*_ADMINISTRATORS, _READERS, *anybody]),
            "c:\\inetpub": AccessList(True, [*_ADMINISTRATORS, _READERS]),
            "c:\\releases": AccessList(True, [*_ADMINISTRATORS, _READERS]),
        }

    def own(self, path: str) -> AccessList:
        return self._own.setdefault(_key(path), AccessList())

    def sddl(self, path: str) -> str:
        """The list as Windows shows it: own entries first, then those from above, with ID."""
        key = _key(path)
        own = self._own.get(key, AccessList())
        entries = [f"(A;{flags};{rights};;;{trustee})" for flags, rights, trustee in own.entries]
        if not own.protected:
            entries += [f"(A;{flags}ID;{rights};;;{trustee})" for flags, rights, trustee in self._above(key)]
        return f"D:{'P' if own.protected else ''}AI{''.join(entries)}"

    def _above(self, key: str) -> list[tuple[str, str, str]]:
        parent = key.rpartition("\\")[0]
        if not parent:
            return []
        own = self._own.get(parent, AccessList())
        entries = [
            (flags.replace("IO", ""), rights, trustee) for flags, rights, trustee in own.entries if "CI" in flags
        ]
        return entries if own.protected else entries + self._above(parent)


def _key(path: str) -> str:
    return path.rstrip("\\").lower()
