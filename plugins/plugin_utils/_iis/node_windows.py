# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a node, by the tools of Windows Server 2019: cmd.exe, fsutil, certutil, curl and tar. No PowerShell.

Their output is localized: only digits, names and exit codes are read. Not yet run on Windows.

Private to the collection.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from . import archive, fetch
from .archive import Listing
from .errors import CommandTimeout, IisError, ProgramMissing
from .fetch import Source
from .node_api import NodeFiles
from .quoting import cmd_word
from .rights import PROTECTED
from .transport import Command, CommandResult, CommandRunner
from .tree import DIRECTORY, Entry, Tree

# Bounded repetitions: a node may print megabytes of anything.
_HASH = re.compile(r"^[ \t]{0,9}((?:[0-9a-f]{2}[ \t]?){32})[ \t\r]{0,9}$", re.IGNORECASE | re.MULTILINE)
_VERSION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9}){1,5})")
_ENTRY = re.compile(
    r"^:(?P<attributes>[-a-z]{1,20}):(?P<size>[0-9]{0,20}):(?P<time>[^\\\r\n]{0,60}):(?P<path>[A-Za-z]:\\[^\r\n]+)",
    re.MULTILINE,
)
_EMPTY = hashlib.sha256(b"").hexdigest()
_LONG_S = 600.0
_MISSING = 3
_MOST_DIGITS = 20  # of 2**64
_RANGE_BEYOND_BEGINNING = 36  # CURLE_BAD_DOWNLOAD_RESUME


class WindowsFiles(NodeFiles):
    """The node's own tools over a command runner."""

    def __init__(self, runner: CommandRunner, system_root: str) -> None:
        self._runner = runner
        self._bin = rf"{system_root}\System32"

    # cmd.exe

    def directories(self, path: str) -> list[str] | None:
        result = self._cmd(f"dir /b /ad {cmd_word(path)}")
        if result.exit_code:
            return self._without_directories(path)
        return [line.strip("\r") for line in result.stdout.split("\n") if line.strip()]

    def _without_directories(self, path: str) -> list[str] | None:
        """dir fails for a directory without subdirectories, for a missing one, and for one that it may not list."""
        if not self._is_directory(path):
            return None
        # The long listing of a readable directory has at least the entries . and ..
        listing = self._cmd(f"dir /a {cmd_word(path)}")
        if listing.exit_code:
            raise IisError(
                f"The directory {path} cannot be listed on the node ({listing.summary}): check the rights of the user."
            )
        return []

    def read_text(self, path: str) -> str | None:
        result = self._cmd(f"type {cmd_word(path)}")
        if not result.exit_code:
            return result.stdout
        if self._is_file(path):
            raise IisError(f"The file {path} cannot be read on the node ({result.summary}).")
        return None

    def newest_file(self, pattern: str) -> str | None:
        directory = pattern.rpartition("\\")[0]
        result = self._cmd(f"dir /b /a-d /o-d {cmd_word(pattern)}")
        name = result.stdout.partition("\n")[0].strip()
        return rf"{directory}\{name}" if name and not result.exit_code else None

    def read_tail(self, path: str, limit_bytes: int) -> str:
        # Windows has no tail, but its curl reads a range of a file. It refuses one beyond the beginning of the file.
        result = self._range(path, f"-{limit_bytes}")
        if result.exit_code == _RANGE_BEYOND_BEGINNING:
            result = self._cmd(f"type {cmd_word(path)}")
        if result.exit_code:
            raise IisError(f"The file {path} cannot be read on the node ({result.summary}).")
        return result.stdout

    def _range(self, path: str, wanted: str) -> CommandResult:
        cmd_word(path)
        address = "file:///" + quote(path.replace("\\", "/"), safe="/:")
        return self._run("curl.exe", "-q", "--silent", "--show-error", "--proto", "=file", "--range", wanted, address)

    def make_directory(self, path: str) -> None:
        result = self._cmd(f"mkdir {cmd_word(path)}")
        if result.exit_code:
            raise IisError(f"The directory {path} cannot be created on the node ({result.summary}).")

    def access_list(self, path: str) -> str:
        # icacls names accounts in the language of the system; cacls /S prints SDDL, which has none.
        result = self._run("cacls.exe", path, "/S")
        found = re.search(r'"(D:[^"\r\n]{0,20000})"', result.stdout)
        if result.exit_code or not found:
            raise IisError(
                f"The access list of {path} cannot be read on the node ({result.summary}): "
                "who may change it is unknown."
            )
        return found[1]

    def restrict(self, path: str) -> None:
        result = self._run("icacls.exe", path, *PROTECTED)
        if result.exit_code:
            raise IisError(f"icacls cannot set the access list of {path} on the node ({result.summary}).")

    def rename(self, path: str, name: str) -> bool:
        return self._cmd(f"ren {cmd_word(path)} {cmd_word(name, 'name')}").exit_code == 0

    def remove_directory(self, path: str) -> bool:
        # rmdir may end with 0 although files in use remain, so the result is checked.
        self._cmd(f"rmdir /s /q {cmd_word(path)}", _LONG_S)
        return not self._is_directory(path)

    def remove_files(self, pattern: str) -> None:
        self._cmd(f"del /f /q {cmd_word(pattern)}")

    def _is_directory(self, path: str) -> bool:
        return self._exists(path + "\\")

    def _is_file(self, path: str) -> bool:
        return self._exists(path)

    def _exists(self, path: str) -> bool:
        result = self._cmd(f"if exist {cmd_word(path)} (exit 0) else (exit {_MISSING})")
        if result.exit_code not in (0, _MISSING):
            raise IisError(
                f"cmd.exe on the node ended with {result.exit_code} when it was asked for {path} ({result.summary}): "
                "whether it exists is unknown."
            )
        return result.exit_code == 0

    def _cmd(self, line: str, timeout_s: float = 60.0) -> CommandResult:
        # /s: cmd removes the outer quotes and nothing else; /v:off: no ! expansion; /d: no AutoRun
        return self._run("cmd.exe", tail=f'/d /v:off /s /c "{line}"', timeout_s=timeout_s)

    # fsutil and certutil

    def free_bytes(self, path: str) -> int:
        result = self._run("fsutil.exe", "volume", "diskfree", path[:2])
        for line in result.stdout.splitlines():
            # The first line has the free bytes in every language. Newer versions group digits and add a rounded size.
            number = re.sub(r"[^0-9]", "", line.partition(":")[2].partition("(")[0])
            if 0 < len(number) <= _MOST_DIGITS and not result.exit_code:
                return int(number)
        raise IisError(f"The free space of {path[:2]} cannot be read on the node ({result.summary}).")

    def sha256(self, path: str) -> str:
        result = self._run("certutil.exe", "-hashfile", path, "SHA256", timeout_s=_LONG_S)
        match = _HASH.search(result.stdout)
        if result.exit_code or not match:
            raise IisError(f"certutil cannot hash {path} on the node ({result.summary}).")
        return re.sub(r"\s", "", match[1]).lower()

    # curl

    def remote_size(self, source: Source) -> int | None:
        result = self._curl(fetch.configuration(source, 60, None), 90)
        return fetch.size_of_head(source, result.exit_code, result.stdout, result.stderr)

    def download(self, source: Source, path: str, timeout_s: float, most_bytes: int) -> None:
        result = self._curl(fetch.configuration(source, timeout_s, path, most_bytes), timeout_s + 30)
        fetch.check_download(source, result.exit_code, result.stdout, result.stderr)

    def _curl(self, configuration: bytes, timeout_s: float) -> CommandResult:
        return self._run("curl.exe", "-q", "--config", "-", stdin=configuration, timeout_s=timeout_s)

    # tar

    def inspect_archive(self, path: str, reserved: str) -> Listing:
        # tar reads many formats, whatever the file is called.
        head = self._range(path, f"0-{archive.HEAD_BYTES - 1}")
        if head.exit_code:
            raise IisError(f"The archive cannot be read on the node ({head.summary}).")
        archive.check_head(head.stdout)
        names, verbose = (self._run("tar.exe", option, path, timeout_s=_LONG_S) for option in ("-tf", "-tvf"))
        for result in (names, verbose):
            if result.exit_code:
                raise IisError(f"The archive cannot be read by tar on the node ({result.summary}).")
        return archive.inspect(names.stdout, verbose.stdout, reserved)

    def unpack(self, archive: str, directory: str, timeout_s: float) -> None:
        result = self._run("tar.exe", "-xf", archive, "-C", directory, timeout_s=timeout_s)
        if result.exit_code:
            raise IisError(f"tar could not unpack the archive on the node ({result.summary}).")

    # a tree of files

    def tree(self, directory: str, hashes: bool) -> Tree:
        # dir lists hidden files too. What %~a prints has l for a link; certutil cannot hash an empty file.
        hashing = rf'& if not exist "%f\" {self._bin}\certutil.exe -hashfile "%f" SHA256' if hashes else ""
        listing = f"dir /s /b /a {cmd_word(directory)}"
        result = self._cmd(f"for /f \"delims=\" %f in ('{listing}') do @(echo :%~af:%~zf:%~tf:%f{hashing})", _LONG_S)
        found: dict[str, Entry] = {}
        for line, hashed in _entries(result.stdout):
            path = self._relative(line["path"], directory)
            if "l" in line["attributes"][1:]:
                raise IisError(f"{line['path']} is a link: a release has none. Remove it, or stage the release again.")
            content = _content(line, hashed) if hashes else None
            if hashes and content is None:
                raise IisError(f"certutil cannot hash {line['path']} on the node ({result.summary}).")
            found[path] = Entry(f"{line['attributes']} {line['size']} {line['time']}", content)
        if not found or len(found) != len(re.findall(r"^:", result.stdout, re.MULTILINE)):
            raise IisError(f"The files in {directory} cannot be listed on the node ({result.summary}).")
        return found

    def _relative(self, path: str, directory: str) -> str:
        if not path.casefold().startswith(f"{directory}\\".casefold()):
            raise IisError(f"dir listed {path} for {directory}: its content is unknown.")
        return path[len(directory) + 1 :]

    def write_files(self, directory: str, files: Mapping[str, bytes]) -> None:
        packed = archive.pack(files, int(time.time()))
        result = self._run("tar.exe", "-xf", "-", "-C", directory, stdin=packed)
        if result.exit_code:
            raise IisError(f"tar could not write {', '.join(sorted(files))} into {directory} ({result.summary}).")

    def tools(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for name in ("curl", "tar"):
            try:
                result = self._run(f"{name}.exe", "--version")
                match = _VERSION.search(result.stdout)
                found[name] = None if result.exit_code else match[1] if match else ""
            except (ProgramMissing, CommandTimeout):
                found[name] = None
        found["certutil"] = "" if self._is_file(rf"{self._bin}\certutil.exe") else None
        return found

    def _run(
        self, program: str, *arguments: str, stdin: bytes | None = None, timeout_s: float = 60.0, tail: str = ""
    ) -> CommandResult:
        return self._runner.run(Command(rf"{self._bin}\{program}", arguments, stdin, timeout_s, tail))


def _entries(output: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each entry that the loop printed, with what certutil printed behind it."""
    found = list(_ENTRY.finditer(output))
    ends = [entry.start() for entry in found[1:]] + [len(output)]
    for entry, end in zip(found, ends):
        yield entry, output[entry.end() : end]


def _content(entry: re.Match[str], hashed: str) -> str | None:
    if entry["attributes"].startswith("d"):
        return DIRECTORY
    match = _HASH.search(hashed)
    if match:
        return re.sub(r"\s", "", match[1]).lower()
    return _EMPTY if entry["size"] == "0" else None
