# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builtins of cmd.exe that work on files, with its texts and exit codes."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from ...drive import MAX_PATH, Drive, Refused, access_denied, file_not_found, in_use, name_too_long, path_not_found
from ...process import Context, Unsimulated

Builtin = Callable[[Context, str], int]
_NAME = re.compile(r'([a-z]+)(?=[\s./\\"=,;]|$)', re.IGNORECASE)
# a slash outside of quotes begins a switch, and , ; = part words as blanks do
_WORD = re.compile(r'/[^\s/",;=]*|(?:"[^"]*"?|[^\s",;=/])+')
_INCORRECT = "The syntax of the command is incorrect.\r\n"


def split_name(text: str) -> tuple[str, str]:
    """The builtin that the text may name, in small letters, and what stands behind it."""
    match = _NAME.match(text)
    if not match or match[1].lower() not in BUILTINS | {"exit": None}:
        return "", text
    behind = text[match.end() :]
    if behind.startswith((".exe", ".EXE", ":")):
        return "", text
    return match[1].lower(), behind


def words(context: Context, text: str, allowed: str, name: str) -> tuple[list[str], set[str]]:
    """Words without their quotes, and the switches; any other than the allowed ones raises Unsimulated."""
    found: list[str] = []
    switches: set[str] = set()
    for match in _WORD.finditer(text):
        word = match[0]
        if word.startswith("/"):
            switch = word[1:].lower()
            if switch not in allowed.split():
                raise Unsimulated(f"cmd.exe {name}: switch {word}")
            switches.add(switch)
        else:
            found.append(word.replace('"', ""))
    return found, switches


def exists(context: Context, path: str) -> bool:
    """if exist: files, directories and patterns."""
    try:
        if "*" in path or "?" in path:
            return bool(_matching(context.machine.drive, path, context.cwd))
        local = context.machine.drive.local(path, context.cwd)
    except Refused:
        return False
    return local.is_dir() if path.endswith(("\\", "/")) else os.path.lexists(local)


def _matching(drive: Drive, path: str, cwd: str) -> list[Path]:
    parent, _unused, pattern = path.replace("/", "\\").rpartition("\\")
    if "\\" not in path.replace("/", "\\"):
        parent, pattern = ".", path
    directory = drive.local(parent or "\\", cwd)
    if not directory.is_dir():
        return []
    if pattern == "*.*":
        pattern = "*"
    return sorted(
        (p for p in directory.iterdir() if fnmatch.fnmatchcase(p.name.lower(), pattern.lower())),
        key=lambda p: p.name.lower(),
    )


def _local(context: Context, path: str) -> Path:
    return context.machine.drive.local(path, context.cwd)


def echo(context: Context, text: str) -> int:
    context.out(text[1:] + "\r\n" if text[:1] in (" ", ".", ":", "(") else "ECHO is on.\r\n")
    return 0


def ver(context: Context, text: str) -> int:
    build = {"2019": "10.0.17763.6414", "2022": "10.0.20348.2700"}[context.machine.config.windows]
    context.out(f"\r\nMicrosoft Windows [Version {build}]\r\n")
    return 0


def rem(context: Context, text: str) -> int:
    return 0


def cd(context: Context, text: str) -> int:
    paths, _unused = words(context, text, "d", "cd")
    if not paths:
        context.out(context.cwd + "\r\n")
        return 0
    local = _local(context, " ".join(paths))
    if not local.is_dir():
        context.err("The system cannot find the path specified.\r\n")
        return 1
    context.cwd = context.machine.drive.windows(local)
    return 0


def set_(context: Context, text: str) -> int:
    text = text.strip()
    if text.startswith("/"):
        raise Unsimulated("cmd.exe set: switches")
    if text.startswith('"'):
        text = text[1:].rpartition('"')[0]
    name, equals, value = text.partition("=")
    if equals:
        context.env[name.upper()] = value
        return 0
    shown = [f"{k}={v}\r\n" for k, v in sorted(context.env.items()) if k.startswith(name.upper())]
    if not shown:
        context.err(f"Environment variable {name} not defined\r\n")
        return 1
    context.out("".join(shown))
    return 0


def mkdir(context: Context, text: str) -> int:
    code = 0
    paths, _unused = words(context, text, "", "mkdir")
    if not paths:
        context.err(_INCORRECT)
        return 1
    for path in paths:
        local = _local(context, path)
        if os.path.lexists(local):
            context.err(f"A subdirectory or file {path} already exists.\r\n")
            code = 1
            continue
        try:
            local.mkdir(parents=True)
        except (FileExistsError, NotADirectoryError):
            context.err("The system cannot find the path specified.\r\n")
            code = 1
        except OSError:
            context.err("There is not enough space on the disk.\r\n")
            code = 1
    return code


def rmdir(context: Context, text: str) -> int:
    paths, switches = words(context, text, "s q", "rmdir")
    if not paths:
        context.err(_INCORRECT)
        return 1
    code = 0
    for path in paths:
        code = max(code, _rmdir(context, path, switches))
    return code


def _rmdir(context: Context, path: str, switches: set[str]) -> int:
    local = _local(context, path)
    if not os.path.lexists(local):
        context.err("The system cannot find the file specified.\r\n")
        return 2
    if local == context.machine.drive.root:
        context.err("Access is denied.\r\n")
        return 5
    if local.is_symlink():
        local.unlink()
        return 0
    if not local.is_dir():
        context.err("The directory name is invalid.\r\n")
        return 267
    if "s" not in switches:
        if any(local.iterdir()):
            context.err("The directory is not empty.\r\n")
            return 145
        if context.machine.drive.is_held(local):
            context.err(in_use().text + "\r\n")
            return 32
        local.rmdir()
        return 0
    if "q" not in switches:
        raise Unsimulated("cmd.exe rmdir /s without /q: it asks")
    return _remove_tree(context, local, path)


def _remove_tree(context: Context, local: Path, shown: str) -> int:
    """Removes a tree; files in use stay, with their directories, and each is reported."""
    drive = context.machine.drive
    code = 0
    for entry in sorted(local.iterdir()):
        context.check()
        name = f"{shown}\\{entry.name}"
        if len(drive.windows(entry)) > MAX_PATH:
            context.err(f"{name} - {name_too_long().text}\r\n")
            code = 206
        elif entry.is_dir() and not entry.is_symlink():
            code = max(code, _remove_tree(context, entry, name))
        elif drive.is_held(entry):
            context.err(f"{name} - Access is denied.\r\n")
            code = 5
        else:
            entry.unlink()
    if drive.is_held(local):
        context.err(f"{shown} - {in_use().text}\r\n")
        return max(code, 5)
    if not any(local.iterdir()):
        local.rmdir()
    return code


def delete(context: Context, text: str) -> int:
    """del ends with 0 even when it could not delete."""
    paths, _unused = words(context, text, "f q s a", "del")
    if not paths:
        context.err(_INCORRECT)
        return 1
    for path in paths:
        pattern = "*" in path or "?" in path
        files = _matching(context.machine.drive, path, context.cwd) if pattern else [_local(context, path)]
        if len(files) == 1 and files[0].is_dir():
            raise Unsimulated("cmd.exe del of a directory")
        files = [file for file in files if file.is_file() or file.is_symlink()]
        if not files:
            context.err(f"Could Not Find {context.machine.drive.normal(path, context.cwd)}\r\n")
        for file in files:
            if context.machine.drive.is_held(file):
                context.err(f"{context.machine.drive.windows(file)}\r\nAccess is denied.\r\n")
            else:
                file.unlink()
    return 0


def directory(context: Context, text: str) -> int:
    paths, switches = words(context, text, "b s a a:d ad a:-d a-d o:n on o:-n o-n o:d od o:-d o-d -c", "dir")
    shown = paths[0] if paths else "."
    if len(paths) > 1:
        raise Unsimulated("cmd.exe dir of several paths")
    local = None if "*" in shown or "?" in shown else _local(context, shown)
    if local is not None and not os.path.lexists(local):
        context.err("File Not Found\r\n" if local.parent.is_dir() else "The system cannot find the path specified.\r\n")
        return 1
    if "s" in switches:
        return _below(context, local, switches)
    entries = _entries(context, shown, local)
    if switches & {"a:d", "ad"}:
        entries = [entry for entry in entries if entry.is_dir()]
    if switches & {"a:-d", "a-d"}:
        entries = [entry for entry in entries if not entry.is_dir()]
    entries.sort(key=lambda entry: entry.name.lower())
    if switches & {"o:d", "od", "o:-d", "o-d"}:
        entries.sort(key=lambda entry: entry.lstat().st_mtime)
    if switches & {"o:-d", "o-d", "o:-n", "o-n"}:
        entries.reverse()
    if "b" not in switches:
        return _long_listing(context, local or _local(context, "."), entries)
    if not entries:
        context.err("File Not Found\r\n")
        return 1
    context.out("".join(entry.name + "\r\n" for entry in entries))
    return 0


def _entries(context: Context, shown: str, local: Path | None) -> list[Path]:
    if local is None:
        return _matching(context.machine.drive, shown, context.cwd)
    return list(local.iterdir()) if local.is_dir() else [local]


def _below(context: Context, local: Path | None, switches: set[str]) -> int:
    """dir /s /b /a: full paths, a directory's entries before those of the directories in it; links are not entered."""
    if switches != {"s", "b", "a"} or local is None or not local.is_dir():
        raise Unsimulated(f"cmd.exe dir: the switches {' '.join(sorted(switches))} together")
    found = []
    for directory, directories, files in os.walk(local):
        directories.sort(key=str.lower)
        found += sorted((Path(directory, name) for name in directories + files), key=lambda path: path.name.lower())
    if not found:
        context.err("File Not Found\r\n")
        return 1
    context.out("".join(context.machine.drive.windows(path) + "\r\n" for path in found))
    return 0


def of_file(context: Context, kinds: str, path: str) -> str:
    """%~a, %~z and %~t: attributes, size and time of a file; each is empty for a file that does not exist."""
    local = context.machine.drive.local(path, context.cwd)
    if kinds not in ("a", "z", "t"):
        raise Unsimulated(f"cmd.exe: %~{kinds}")
    if not os.path.lexists(local):
        return ""
    if kinds == "z":
        return "0" if local.is_dir() else str(local.lstat().st_size)
    if kinds == "t":
        german = context.machine.config.language == "de"
        return time.strftime(
            "%d.%m.%Y %H:%M" if german else "%m/%d/%Y %I:%M %p", time.localtime(local.lstat().st_mtime)
        )
    return (
        ("d" if local.is_dir() else "-")
        + "-"
        + ("-" if local.is_dir() else "a")
        + "-----"
        + ("l" if local.is_symlink() else "-")
    )


def _long_listing(context: Context, where: Path, entries: list[Path]) -> int:
    german = context.machine.config.language == "de"
    lines = ["", f" {'Verzeichnis von' if german else 'Directory of'} {context.machine.drive.windows(where)}", ""]
    stamp = "%d.%m.%Y  %H:%M" if german else "%m/%d/%Y  %I:%M %p"
    files = [entry for entry in entries if entry.is_file()]
    for entry in entries:
        size = "    <DIR>         " if entry.is_dir() else f"{_grouped(entry.stat().st_size, german):>18}"
        lines.append(f"{time.strftime(stamp, time.localtime(entry.stat().st_mtime))} {size} {entry.name}")
    total = sum(entry.stat().st_size for entry in files)
    words_ = (
        ("Datei(en)", "Bytes", "Verzeichnis(se)", "Bytes frei")
        if german
        else ("File(s)", "bytes", "Dir(s)", "bytes free")
    )
    free = _grouped(context.machine.drive.free(), german)
    lines.append(f"{len(files):>16} {words_[0]} {_grouped(total, german):>14} {words_[1]}")
    lines.append(f"{len(entries) - len(files):>16} {words_[2]} {free:>15} {words_[3]}")
    context.out("\r\n".join(lines) + "\r\n")
    return 0


def _grouped(number: int, german: bool) -> str:
    text = f"{number:,}"
    return text.replace(",", ".") if german else text


def move(context: Context, text: str) -> int:
    paths, _unused = words(context, text, "y -y", "move")
    if len(paths) != 2:
        context.err(_INCORRECT)
        return 1
    source, target = _local(context, paths[0]), _local(context, paths[1])
    if not os.path.lexists(source):
        context.err("The system cannot find the file specified.\r\n")
        return 1
    if target.is_dir():
        target = target / source.name
    if not target.parent.is_dir():
        context.err("The system cannot find the path specified.\r\n")
        return 1
    if _blocked(context, source) or (target.is_dir() and target != source) or _blocked(context, target):
        context.err(access_denied().text + "\r\n")
        return 1
    moved = "dir(s)" if source.is_dir() else "file(s)"
    source.replace(target)
    context.out(f"        1 {moved} moved.\r\n")
    return 0


def _blocked(context: Context, local: Path) -> bool:
    return os.path.lexists(local) and context.machine.drive.is_held(local)


def rename(context: Context, text: str) -> int:
    paths, _unused = words(context, text, "", "ren")
    if len(paths) != 2 or "\\" in paths[1] or "/" in paths[1]:
        context.err(_INCORRECT)
        return 1
    source = _local(context, paths[0])
    if not os.path.lexists(source):
        context.err("The system cannot find the file specified.\r\n")
        return 1
    context.machine.drive.normal(paths[1])
    target = source.parent / paths[1]
    taken = _local(context, context.machine.drive.windows(source.parent) + "\\" + paths[1])
    if os.path.lexists(taken) and taken != source:
        context.err("A duplicate file name exists, or the file\r\ncannot be found.\r\n")
        return 1
    if _blocked(context, source):
        context.err(in_use().text + "\r\n")
        return 1
    source.replace(target)
    return 0


def type_(context: Context, text: str) -> int:
    paths, _unused = words(context, text, "", "type")
    for path in paths:
        local = _local(context, path)
        if local.is_dir():
            raise access_denied()
        if not local.is_file():
            raise file_not_found() if local.parent.is_dir() else path_not_found()
        with local.open("rb") as file:
            while part := file.read(1 << 16):
                context.check()
                context.stdout.write(part)
    return 0


def copy(context: Context, text: str) -> int:
    paths, _unused = words(context, text, "y -y b v", "copy")
    if len(paths) != 2 or "+" in text:
        raise Unsimulated(f"cmd.exe copy {text.strip()}")
    source, target = _local(context, paths[0]), _local(context, paths[1])
    if not source.is_file():
        raise file_not_found()
    if target.is_dir():
        target = target / source.name
    drive = context.machine.drive
    with source.open("rb") as reader, drive.writer(target) as writer:
        while part := reader.read(1 << 20):
            context.check()
            writer.write(part)
    shutil.copystat(source, target)
    context.out("        1 file(s) copied.\r\n")
    return 0


BUILTINS: dict[str, Builtin] = {
    "cd": cd,
    "chdir": cd,
    "copy": copy,
    "del": delete,
    "dir": directory,
    "echo": echo,
    "erase": delete,
    "md": mkdir,
    "mkdir": mkdir,
    "move": move,
    "rd": rmdir,
    "rem": rem,
    "ren": rename,
    "rename": rename,
    "rmdir": rmdir,
    "set": set_,
    "type": type_,
    "ver": ver,
}
