# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a release as they are on the node, and what proves that they are those that were staged.

Private to the collection.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

DIRECTORY = "directory"
_NAMED = 5


@dataclass(frozen=True)
class Entry:
    """One file or directory: its attributes, size and time as the node prints them, and its SHA-256 where it was asked.

    `content` is the hash in hexadecimal, DIRECTORY for a directory, and None where no hash was asked for.
    """

    stamp: str
    content: str | None


Tree = Mapping[str, Entry]
"""Entries by relative path, with \\ as separator."""


def contents(tree: Tree, reserved: str) -> dict[str, str]:
    """What each path holds, without the reserved file and the directory that it is in.

    That directory is not compared, because the record itself is written into it; each other file in it is.
    """
    own = reserved.replace("/", "\\").casefold()
    left_out = {own, own.rpartition("\\")[0]}
    return {path: entry.content or "" for path, entry in tree.items() if path.casefold() not in left_out}


def digest(found: Mapping[str, str], salt: bytes | None = None) -> str:
    """One salted hash of a whole tree, `SALT:HASH`.

    Salted, because it is kept in the ledger: settings files may hold a secret that could be guessed from a plain hash.
    """
    salt = os.urandom(16) if salt is None else salt
    content = json.dumps(sorted((path.casefold(), held) for path, held in found.items())).encode()
    return f"{salt.hex()}:{hmac.new(salt, content, hashlib.sha256).hexdigest()}"


def digest_matches(expected: str, found: Mapping[str, str]) -> bool:
    """Whether a digest is that of this tree."""
    try:
        salt = bytes.fromhex(expected.partition(":")[0])
    except ValueError:
        return False
    return bool(salt) and hmac.compare_digest(expected, digest(found, salt))


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What is different, for a message: at most some names of each kind; empty when nothing is."""
    before = {path.casefold(): held for path, held in expected.items()}
    now = {path.casefold(): held for path, held in found.items()}
    kinds = {
        "changed": [path for path, held in found.items() if before.get(path.casefold(), held) != held],
        "added": [path for path in found if path.casefold() not in before],
        "missing": [path for path in expected if path.casefold() not in now],
    }
    return "; ".join(f"{kind}: {_some(sorted(names))}" for kind, names in kinds.items() if names)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
