# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record that a staged release carries: what it was made from, so that a second run compares content and not names.

It lies in App_Data, which IIS never serves. Settings are recorded as a salted, slow hash: they may hold secrets.

Private to the collection.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MARKER = "App_Data/zero_downtime.json"
HISTORY = "zero_downtime.json"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_FORMAT = 1
_ITERATIONS = 50_000


@dataclass(frozen=True)
class Marker:
    """What a directory was staged from."""

    version: str
    checksum: str
    staged_at: str
    files_digest: str
    format: int = _FORMAT

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), sort_keys=True) + "\n").encode()

    def proves(self, version: str, checksum: str, files: Mapping[str, str]) -> bool:
        """Whether it was made from exactly this."""
        return self.version == version and self.checksum == checksum and digest_matches(self.files_digest, files)


@dataclass(frozen=True)
class History:
    """The last switch."""

    version: str
    previous_version: str | None
    previous_path: str | None
    switched_at: str

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), sort_keys=True) + "\n").encode()


def read_marker(text: str | None) -> Marker | None:
    """The record, or None when there is none that can be trusted."""
    found = _load(text)
    if found.get("format") != _FORMAT:
        return None
    version, checksum, staged_at, files_digest = (
        str(found.get(name, "")) for name in ("version", "checksum", "staged_at", "files_digest")
    )
    return Marker(version, checksum, staged_at, files_digest) if version and checksum and files_digest else None


def read_history(text: str | None) -> History | None:
    """The last switch, if it is recorded."""
    found = _load(text)
    version, switched_at = found.get("version"), found.get("switched_at")
    if not isinstance(version, str) or not isinstance(switched_at, str):
        return None
    name, path = found.get("previous_version"), found.get("previous_path")
    return History(
        version, name if isinstance(name, str) else None, path if isinstance(path, str) else None, switched_at
    )


def digest_files(files: Mapping[str, str], salt: bytes | None = None) -> str:
    """A salted hash of all settings files."""
    salt = os.urandom(16) if salt is None else salt
    content = json.dumps(dict(files), sort_keys=True).encode()
    return f"{salt.hex()}:{hashlib.pbkdf2_hmac('sha256', content, salt, _ITERATIONS).hex()}"


def digest_matches(digest: str, files: Mapping[str, str]) -> bool:
    """Whether a hash was made from these files."""
    salt = digest.partition(":")[0]
    try:
        return hmac.compare_digest(digest, digest_files(files, bytes.fromhex(salt)))
    except ValueError:
        return False


def _load(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
