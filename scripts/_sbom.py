# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of components (SBOM, CycloneDX 1.6) of TARBALL on standard output: the collection and what users install.

The packages are those of requirements.lock, which is in the tarball with their hashes.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^ \\]+)(?: ; (?P<marker>[^\\]+?))? *\\?$", re.MULTILINE)
_DIRECT = re.compile(r"^([A-Za-z0-9_.-]+)>=", re.MULTILINE)


def packages() -> Iterator[Component]:
    """The pinned packages; one that differs by version of Python is there twice."""
    for found in _PINNED.finditer((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        purl = PackageURL("pypi", None, found["name"], found["version"])
        yield Component(
            name=found["name"],
            version=found["version"],
            purl=purl,
            bom_ref=str(purl),
            description=f"where {found['marker']}" if found["marker"] else None,
        )


def collection(tarball: Path) -> Component:
    """The collection itself, with the tarball's checksum."""
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    name, version = f"{galaxy['namespace']}.{galaxy['name']}", galaxy["version"]
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        description=galaxy["description"],
        purl=PackageURL("generic", None, name, version),
        bom_ref=f"{name}@{version}",
        licenses=[DisjunctiveLicense(id=identifier) for identifier in galaxy["license"]],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(tarball.read_bytes()).hexdigest())],
    )


def main() -> None:
    components = list(packages())
    direct = set(_DIRECT.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    missing = direct - {component.name for component in components}
    if missing:
        sys.exit(f"sbom: requirements.lock lacks {', '.join(sorted(missing))} of requirements.txt: run scripts/lock")
    bom = Bom(components=components)
    root = collection(Path(sys.argv[1]))
    bom.metadata.component = root
    bom.register_dependency(root, [component for component in components if component.name in direct])
    sys.stdout.write(JsonV1Dot6(bom).output_as_string(indent=2) + "\n")


if __name__ == "__main__":
    main()
