# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cmd.exe and its builtins."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.quoting import cmd_word
from hypothesis import given
from hypothesis import strategies as st
from lab.windows.commands.cmd import builtins
from lab.windows.commands.cmd.syntax import Parser, Simple, expand
from winrm.exceptions import WSManFaultError


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("echo a & echo b", 0, "a \r\nb\r\n"),
        ("rmdir C:\\nonesuch && echo yes", 2, ""),
        ("rmdir C:\\nonesuch || echo no", 0, "no\r\n"),
        ("rmdir C:\\nonesuch 2>nul & echo after", 0, "after\r\n"),
        ("if exist C:\\Windows (echo yes) else (echo no)", 0, "yes\r\n"),
        ("if exist C:\\WINDOWS\\system32\\ echo there", 0, "there\r\n"),
        ("if exist C:\\Windows\\System32\\cmd.exe\\ (exit 0) else (exit 3)", 3, ""),
        ("if not exist C:\\x echo 1 & echo 2", 0, "1 \r\n2\r\n"),
        ("if exist C:\\x echo 1 & echo 2", 0, ""),
        ("set A=5&& echo %NONESUCH%", 0, "%NONESUCH%\r\n"),
        ("exit 7", 7, ""),
        ("exit /b 8", 8, ""),
        ('echo "a & b"', 0, '"a & b"\r\n'),
        ("echo a^&b", 0, "a&b\r\n"),
        ("cd /d C:\\Windows & cd", 0, "C:\\Windows\r\n"),
        ("cd /d D:\\", 1, ""),
        ("echo text>C:\\t.txt&type C:\\T.TXT", 0, "text\r\n"),
        ("echo more>>C:\\t.txt&type C:\\t.txt", 0, "text\r\nmore\r\n"),
        ("where curl", 0, "C:\\Windows\\System32\\curl.exe\r\n"),
        ("where appcmd", 1, ""),
        ("for %i in (1) do echo", 250, ""),
        ("(if not exist C:\\none echo a)&echo b", 0, "a\r\nb\r\n"),
        ("""for /f "delims=" %i in ('echo a ^& b') do @echo [%i]""", 0, "[a & b]\r\n"),
        (
            'md C:\\t& echo 12>"C:\\t\\a & b.txt"& '
            """for /f "delims=" %i in ('dir /s /b /a "C:\\t"') do @(echo %~zi:%~ai:%i)""",
            0,
            "4:--a------:C:\\t\\a & b.txt\r\n",
        ),
        ("dir /q C:\\", 250, ""),
        ("powershell -Command 1", 250, ""),
        ('cmd.exe /d /s /c "echo in ^& out"', 0, "in & out\r\n"),
        ("ver", 0, "\r\nMicrosoft Windows [Version 10.0.17763.6414]\r\n"),
    ],
)
def test_lines(shell: Any, line: str, code: int, out: str) -> None:
    assert shell.cmd(line)[:2] == (code, out)


@given(st.text(st.sampled_from("aB .'-_(){}[]$#@,;=+~/é"), min_size=1, max_size=12))
def test_a_quoted_word_reaches_a_builtin_as_it_is(word: str) -> None:
    node = Parser(expand(f"mkdir {cmd_word(word)}", {"A": "b"})).parse()
    assert isinstance(node, Simple)
    name, rest = builtins.split_name(node.text)
    found = [match[0].replace('"', "") for match in builtins._WORD.finditer(rest)]
    assert (name, found) == ("mkdir", [word])


def test_lines_have_a_limit(shell: Any) -> None:
    assert shell.cmd("echo " + "x" * 8000)[0] == 0
    code, _unused, err = shell.cmd("echo " + "x" * 8200)
    assert (code, "too long" in err) == (1, True)
    with pytest.raises(WSManFaultError):
        shell.run("hostname", "x" * 33_000)


def test_nested_quotes_as_ansible_sends_them(shell: Any) -> None:
    exe = r"C:\Windows\System32\cmd.exe"
    assert shell.run(exe, '/d /v:off /s /c "mkdir "C:\\a dir\\b" && dir /b /ad "C:\\a dir""')[:2] == (0, "b\r\n")
    assert shell.run(exe, '/c "C:\\Windows\\System32\\hostname.exe"')[:2] == (0, "WEB01\r\n")


def test_files_are_found_without_regard_to_case(host: Any, shell: Any) -> None:
    shell.cmd(r"mkdir C:\Case\Deep")
    assert shell.cmd(r"mkdir c:\CASE\deep")[0] == 1
    assert shell.cmd("mkdir c:/CASE/deep")[0] == 250  # a slash begins a switch
    assert shell.cmd(r'mkdir "c:/CASE/deep"')[0] == 1
    assert shell.cmd(r"echo x>C:\CASE\DEEP\File.txt")[0] == 0
    assert [p.name for p in (host.drive / "Case" / "Deep").iterdir()] == ["File.txt"]
    assert shell.cmd(r"ren C:\case\deep\FILE.TXT other.txt")[0] == 0
    assert shell.cmd(r"dir /b C:\Case\deep")[1] == "other.txt\r\n"
    assert shell.cmd(r"copy /y C:\case\deep\other.txt C:\case")[0] == 0
    assert shell.cmd(r"move C:\case\other.txt C:\case\moved.txt")[0] == 0
    assert shell.cmd(r"del /f /q C:\case\m*.txt")[0] == 0
    assert shell.cmd(r"dir /b /a-d C:\case")[0] == 1
    assert shell.cmd(r"rmdir C:\case")[0] == 145
    assert shell.cmd(r"rmdir /s /q C:\case")[0] == 0
    assert not (host.drive / "Case").exists()


@pytest.mark.parametrize("path", [r"C:\a<b", r"C:\con", r"C:\x\nul.txt", r"\\server\share\x", r"Z:\x"])
def test_names_that_windows_refuses(shell: Any, path: str) -> None:
    assert shell.cmd(f'mkdir "{path}"')[0] != 0


def test_no_path_leaves_the_drive(host: Any, shell: Any) -> None:
    shell.cmd(r"mkdir C:\..\..\outside")
    assert (host.drive / "outside").is_dir()
    (host.drive / "link").symlink_to("/etc")
    assert shell.cmd(r"type C:\link\hostname")[0] != 0
    (host.drive / "link").unlink()


def test_files_of_a_running_release_are_locked(host: Any, shell: Any, until: Any) -> None:
    host.write_release("1", notes="x")
    assert host.get()[0] == 200
    assert shell.cmd(r"ren C:\releases\shop\1 old")[0] == 1
    assert shell.cmd(r"move C:\releases C:\moved")[0] == 1
    assert shell.cmd(r"rmdir /s /q C:\releases")[0] == 5
    release = host.drive / "releases" / "shop" / "1"
    assert (release / "app.py").exists()
    assert not (release / "notes").exists()  # files that are not in use are removed
    code, _unused, err = shell.cmd(r"del C:\releases\shop\1\app.py")
    assert (code, "Access is denied" in err) == (0, True)
    assert (release / "app.py").exists()
    shell.appcmd("stop", "apppool", "/apppool.name:shop")
    until(lambda: shell.appcmd("list", "apppool", "/text:state")[1] == "Stopped\r\n")
    assert shell.cmd(r"rmdir /s /q C:\releases")[0] == 0
    assert not (host.drive / "releases").exists()


def test_paths_that_are_too_long_for_all_but_tar(host: Any, shell: Any) -> None:
    deep = host.drive / "long" / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    (deep / ("f" * 40)).touch()
    assert shell.cmd('type "C:/long/' + "d" * 120 + "/" + "e" * 120 + "/" + "f" * 40 + '"')[0] != 0
    code, _unused, err = shell.cmd(r"rmdir /s /q C:\long")
    assert (code, "too long" in err) == (206, True)
    assert deep.is_dir()


def test_locks_that_outlive_the_worker_and_those_of_other_programs(hosts: Any, open_shell: Any, until: Any) -> None:
    host = hosts(files_held_after_exit_s=1.5)
    shell = open_shell(host.protocol())
    assert host.get()[0] == 200
    shell.appcmd("stop", "apppool", "/apppool.name:shop")
    until(lambda: shell.appcmd("list", "apppool", "/text:state")[1] == "Stopped\r\n")
    assert shell.cmd(r"ren C:\releases\shop\1 old")[0] == 1
    until(lambda: shell.cmd(r"ren C:\releases\shop\1 old")[0] == 0)
    host.ask(hold=r"C:\releases\shop\old")
    assert shell.cmd(r"ren C:\releases\shop\old older")[0] == 1
    host.ask(let_go=r"C:\releases\shop\old")
    assert shell.cmd(r"ren C:\releases\shop\old older")[0] == 0
