# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds release bundles of the sample application: `python -m lab.shop.bundle DIRECTORY [VERSION ...]`.

A bundle is what an application's own build would hand over: release.yml, web.zip, db/. It holds no settings and no
secrets.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

APP = "shop"
SOURCES = Path(__file__).parent
_TIMESTAMP = (2026, 1, 1, 0, 0, 0)  # the same sources give the same zip, so its checksum is stable
_ASSET_LINES = 400


@dataclass(frozen=True)
class Version:
    """One version of the application: what is built in, which database scripts come along, whose assets it carries."""

    name: str
    database: str
    find: str
    add: str
    colours: bool = False
    flaw: str = ""
    warm_up_s: float = 2.0
    carries_assets_of: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    def build_json(self) -> dict[str, Any]:
        return {
            "version": self.name,
            "find": self.find,
            "add": self.add,
            "colours": self.colours,
            "flaw": self.flaw,
            "warm_up_s": self.warm_up_s,
            **self.extra,
        }


_ADD_1 = "EXEC dbo.spAddThing @RequestId = ?, @Name = ?"
_ADD_2 = "EXEC dbo.spAddThing_2 @RequestId = ?, @Name = ?, @Colour = ?"
_USES_1 = ("dbo.spFindAllThings", "dbo.spAddThing", "dbo.spTouchSession")
_USES_2 = ("dbo.spFindAllThings_2", "dbo.spAddThing_2", "dbo.spTouchSession")


def _second(name: str, **different: Any) -> Version:
    return Version(
        name,
        database="2.0.0",
        find="EXEC dbo.spFindAllThings_2",
        add=_ADD_2,
        colours=True,
        carries_assets_of=("1.0.0",),
        uses=_USES_2,
        **different,
    )


VERSIONS: dict[str, Version] = {
    version.name: version
    for version in (
        Version("1.0.0", database="1.0.0", find="EXEC dbo.spFindAllThings", add=_ADD_1, uses=_USES_1),
        _second("2.0.0"),
        _second("2.0.1"),
        _second("2.0.1-broken", flaw="smoke"),
        _second("2.0.1-slow", flaw="slow", warm_up_s=45.0),
        _second("2.0.1-crashing", flaw="crash", extra={"crash_after_s": 2.0}),
    )
}


def build(version: Version, target: Path) -> Path:
    """Makes the bundle of `version` in `target`/<app>/<version> and returns that directory."""
    directory = target / APP / version.name
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    archive = directory / "web.zip"
    _write_archive(version, archive)
    databases = {}
    for phase in ("expand", "backfill", "contract", "undo"):
        scripts = SOURCES / "database" / version.database / phase
        if scripts.is_dir():
            shutil.copytree(scripts, directory / "db" / phase)
            databases[phase] = f"db/{phase}"
    manifest = {
        "app": APP,
        "version": version.name,
        "web": {"artifact": "web.zip", "sha256": hashlib.sha256(archive.read_bytes()).hexdigest()},
        "database": databases,
        "smoke": [
            {"path": "/version", "status": 200, "json": [f"version == '{version.name}'"]},
            {
                "path": "/smoke",
                "status": 200,
                "json": ["database == 'ok'", f"version == '{version.name}'"],
                "timeout_s": 10,
            },
            {"path": f"/assets/{version.name}/app.js", "status": 200},
        ],
        "uses": list(version.uses),
        "supports": {"contract_after": 1},
    }
    (directory / "release.yml").write_text("---\n" + yaml.safe_dump(manifest, sort_keys=False))
    return directory


def asset(version: str) -> bytes:
    """The script that pages of that version load: long enough that a cut transfer shows."""
    lines = [f"// shop {version}", *(f'window.line{i} = "{version} {i:05d}";' for i in range(_ASSET_LINES))]
    return ("\n".join(lines) + "\n").encode()


def _write_archive(version: Version, archive: Path) -> None:
    files = {
        "web.config": (SOURCES / "app" / "web.config").read_bytes(),
        "shop.py": (SOURCES / "app" / "shop.py").read_bytes(),
        "build.json": json.dumps(version.build_json(), indent=1).encode(),
    }
    for carried in (*version.carries_assets_of, version.name):
        files[f"wwwroot/assets/{carried}/app.js"] = asset(carried)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(files):
            file.writestr(zipfile.ZipInfo(name, _TIMESTAMP), files[name], zipfile.ZIP_DEFLATED)


def main(argv: list[str]) -> int:
    target, *names = argv
    for name in names or list(VERSIONS):
        print(build(VERSIONS[name], Path(target)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
