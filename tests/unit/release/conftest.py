# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release on disk."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest


def _artifact() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("web.config", "the web application")
    return made.getvalue()


ARTIFACT = _artifact()
SHA256 = hashlib.sha256(ARTIFACT).hexdigest()
LEAST = f"app: shop\nversion: 2.0.0\nweb: {{artifact: web.zip, sha256: {SHA256}}}\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A release with an artifact and a script, and no key that it could do without."""
    path = tmp_path / "shop-2.0.0"
    (path / "db" / "expand").mkdir(parents=True)
    (path / "db" / "expand" / "0001.sql").write_text("SELECT 1;\n")
    (path / "web.zip").write_bytes(ARTIFACT)
    (path / "release.yml").write_text(LEAST)
    return path
