# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The staging record of a release, with which a second run compares content instead of names.

It is in App_Data, which IIS never serves. Settings may contain secrets and are recorded as a salted, slow hash.

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
    """The source of a staged directory, and what its files were when it was complete."""

    version: str
    checksum: str
    staged_at: str
    files_digest: str
    manifest: dict[str, str]
    manifest_digest: str
    app: str = ""
    """The application that it was staged for; empty when the task did not name one."""
    format: int = _FORMAT

    def to_json(self) -> bytes:
        return (json.dumps(asdict(self), sort_keys=True) + "\n").encode()

    def proves(self, app: str, version: str, checksum: str, files: Mapping[str, str]) -> bool:
        """Whether the directory was staged from exactly this."""
        staged, wanted = (self.app, self.version, self.checksum), (app, version, checksum)
        return staged == wanted and digest_matches(self.files_digest, files)


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
    """The staging record; None when it is missing, damaged or incomplete."""
    found = _load(text)
    if found.get("format") != _FORMAT:
        return None
    version, checksum, staged_at, files_digest = (
        str(found.get(name, "")) for name in ("version", "checksum", "staged_at", "files_digest")
    )
    manifest, manifest_digest = found.get("manifest"), str(found.get("manifest_digest", ""))
    if not (version and checksum and files_digest and isinstance(manifest, dict) and manifest):
        return None
    held = {str(path): str(content) for path, content in manifest.items()}
    return Marker(version, checksum, staged_at, files_digest, held, manifest_digest, str(found.get("app", "")))


def read_history(text: str | None) -> History | None:
    """The last switch; None when it is not recorded."""
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
    """Whether the hash is that of these files."""
    salt = digest.partition(":")[0]
    try:
        return hmac.compare_digest(digest, digest_files(files, bytes.fromhex(salt)))
    except ValueError:
        return False


def _load(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads((text or "").lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
