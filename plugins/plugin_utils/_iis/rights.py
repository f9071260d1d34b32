# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may change a directory of the node, read from the SDDL of its access list.

Source: Microsoft's pages "ACE Strings", "SID Strings" and "Well-known SIDs". Not yet run on Windows.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import IisError

_ACE = re.compile(
    r"\(([A-Z]{1,3});([A-Z]{0,20});([A-Za-z0-9]{0,40});[^;()]{0,80};[^;()]{0,80};([A-Za-z0-9-]{1,200})[;)]"
)
_DACL = re.compile(r"D:(?P<flags>[A-Z]{0,30})(?P<aces>(?:\([^()]{0,500}\))*)(?:S:.*)?\Z")
_ALLOWS = frozenset({"A", "XA"})

#: Rights by which somebody can put a file there, change or remove one, or give that right: by name, and as a mask.
_WRITING_NAMES = frozenset({"GA", "GW", "FA", "FW", "KA", "KW", "DC", "LC", "DT", "SD", "WD", "WO"})
_WRITING_MASK = 0x10000000 | 0x40000000 | 0x10000 | 0x40000 | 0x80000 | 0x2 | 0x4 | 0x40

_SIDS = {
    "WD": "S-1-1-0", "CO": "S-1-3-0", "CG": "S-1-3-1", "OW": "S-1-3-4", "NU": "S-1-5-2", "IU": "S-1-5-4",
    "SU": "S-1-5-6", "AN": "S-1-5-7", "AU": "S-1-5-11", "IS": "S-1-5-17", "SY": "S-1-5-18", "LS": "S-1-5-19",
    "NS": "S-1-5-20", "BA": "S-1-5-32-544", "BU": "S-1-5-32-545", "BG": "S-1-5-32-546", "PU": "S-1-5-32-547",
}  # fmt: skip
_NAMES = {
    "S-1-1-0": "Everyone",
    "S-1-5-4": "Interactive",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
}
_TRUSTED_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
#: The system, administrators of the computer, the domain and the forest. A creator needs the right to create first.
_TRUSTED = frozenset({"S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-1", _TRUSTED_INSTALLER, "LA", "DA", "EA"})
_DOMAIN_ADMINISTRATORS = re.compile(r"S-1-5-21-[0-9]{1,10}-[0-9]{1,10}-[0-9]{1,10}-(?:500|512|519)\Z")

PROTECTED = (
    "/inheritance:r", "/grant:r", "*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", "*S-1-5-32-545:(OI)(CI)RX",
    "*S-1-5-32-568:(OI)(CI)RX",
)  # fmt: skip
"""What icacls gives a directory of releases: administrators and the system write, users and IIS_IUSRS read."""


def writers(sddl: str, trusted: Iterable[str]) -> list[str]:
    """SIDs that may change the directory, besides administrators, the system and the trusted ones.

    Raises IisError when the access list is not understood.
    """
    if sddl.startswith("D:NO_ACCESS_CONTROL"):
        return ["S-1-1-0"]
    found = _DACL.match(sddl)
    if not found or found["aces"].count("(") != len(_ACE.findall(found["aces"])):
        raise IisError(f"The access list {sddl[:200]!r} is not understood: who may change the directory is unknown.")
    if not found["aces"]:
        return ["S-1-1-0"]
    accepted = {name.upper() for name in trusted} | _TRUSTED
    others = []
    for kind, _flags, rights, trustee in _ACE.findall(found["aces"]):
        sid = _SIDS.get(trustee, trustee)
        if kind in _ALLOWS and _writes(rights) and sid not in accepted and not _DOMAIN_ADMINISTRATORS.match(sid):
            others.append(sid)
    return sorted(set(others))


def explain(root: str, others: Iterable[str]) -> str:
    """One sentence about those who may write, with the command that takes the right from them."""
    sids = list(others)
    names = ", ".join(f"{_NAMES[sid]} ({sid})" if sid in _NAMES else sid for sid in sids)
    words = " ".join(f'"{word}"' if "*" in word else word for word in PROTECTED)
    removed = "".join(f" /remove:g *{sid}" for sid in sids)
    return (
        f"{names} may write into {root}, and could put a release there or change one: run as an administrator on the "
        f'node icacls "{root}" {words}{removed}, or, where it has to be so, name the SID in writers '
        "(dotnet_release_writers)."
    )


def _writes(rights: str) -> bool:
    if rights[:2].lower() == "0x":
        return bool(int(rights, 16) & _WRITING_MASK)
    names = {rights[at : at + 2] for at in range(0, len(rights), 2)}
    return bool(names & _WRITING_NAMES)
