# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be in any tracked file: secrets, host names of package registries, how the project is made."""

from __future__ import annotations

import re

import pytest

from .conftest import ROOT

# Each pattern is written so that it does not match itself.
FORBIDDEN = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE[ ]KEY-----\s+[A-Za-z0-9+/=]{20}",
    "a cloud provider's key": r"\bAKIA[0-9A-Z]{16}\b",
    "a token of a source forge": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "a package registry": r"(?i)\b(?:files\.)?"
    r"(?:pypi[.]org|pythonhosted[.]org|registry[.]npmjs|npmjs[.]com|deb[.]debian|"
    r"archive[.]ubuntu|security[.]debian|galaxy[.]ansible[.]com|proxy[.]golang)\b",
    "a path of one machine": r"/work/(?:main|shared)\b|/root/[.]pyenv|/opt/py[p]i",
    "how the project is made": r"(?i)\bclau[d]e\b|\banthro[p]ic\b|\bchatg[p]t\b|\blanguage mo[d]el\b|"
    r"\bA[I]-generated\b|\bsub-?agen[t]s?\b",
}
SAMPLES = {
    "a private key": "-----BEGIN EC PRIVATE" + " KEY-----\n" + "M" * 64,
    "a cloud provider's key": "AKIA" + "A" * 16,
    "a token of a source forge": "ghp" + "_" + "a" * 36,
    "a package registry": "https://" + "pypi" + ".org/simple",
    "a path of one machine": "/work" + "/main/build",
    "how the project is made": "written by " + "Clau" + "de",
}
LARGEST = 512 * 1024


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_has_it(tracked: list[str], what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for name in tracked:
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        found += [f"{name}: {match.group(0)[:40]!r}" for match in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_scan_would_find_it(what: str) -> None:
    assert re.search(FORBIDDEN[what], f"first line\n{SAMPLES[what]}\n")


def test_nothing_built_and_nothing_large_is_tracked(tracked: list[str]) -> None:
    assert [
        name for name in tracked if name.startswith(("build/", ".venv/")) or name.endswith((".pyc", ".tar.gz"))
    ] == []
    assert [name for name in tracked if (ROOT / name).stat().st_size > LARGEST] == []


def test_nothing_of_a_driver_is_vendored(tracked: list[str]) -> None:
    assert [name for name in tracked if re.search(r"\.(so|dll|exe|whl)(\.|$)", name)] == []
