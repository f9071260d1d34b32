# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management: logins, shells, streams, quotas, and the faults that tests order."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from lab.control import ask
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WSManFaultError

QUOTA, SHELLS, NO_SHELL, NO_FILE = 0x803381A6, 0x803381A5, 0x8033805B, 0x80070002
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
APPCMD = r"C:\Windows\System32\inetsrv\appcmd.exe"


@pytest.mark.parametrize(
    ("scheme", "port", "transport"), [("http", 5985, "ntlm"), ("https", 5986, "ntlm"), ("https", 5986, "basic")]
)
def test_logins(host: Any, open_shell: Callable[..., Any], scheme: str, port: int, transport: str) -> None:
    options = {"endpoint": f"{scheme}://{host.address}:{port}/wsman", "transport": transport}
    shell = open_shell(host.protocol(**options, ca_trust_path=str(host.authority.ca)))
    assert shell.cmd("echo %COMPUTERNAME% %USERNAME%") == (0, "WEB01 deploy\r\n", "")
    shell.protocol.close_shell(shell.id)
    with pytest.raises(InvalidCredentialsError):
        host.protocol(**options, ca_trust_path=str(host.authority.ca), password="wrong").open_shell()


def test_basic_without_tls_is_refused(host: Any) -> None:
    with pytest.raises(InvalidCredentialsError):
        host.protocol(transport="plaintext").open_shell()


def test_an_untrusted_certificate_is_refused(host: Any) -> None:
    protocol = host.protocol(endpoint=f"https://{host.address}:5986/wsman", transport="basic")
    with pytest.raises(requests.exceptions.SSLError):
        protocol.open_shell()


def test_a_program_is_run_without_cmd(shell: Any) -> None:
    code, out, _unused = shell.run(APPCMD, "list", "apppool", "/text:APPPOOL.NAME")
    assert (code, out) == (0, "shop\r\n")
    assert shell.run(r"C:\Windows\System32\hostname.exe") == (0, "WEB01\r\n", "")
    assert shell.run("hostname") == (0, "WEB01\r\n", "")
    with pytest.raises(WSManFaultError) as missing:
        shell.run("appcmd", "list", "site")  # not on the path
    assert missing.value.wsman_fault_code == NO_FILE
    assert shell.cmd("nonesuch")[0] == 1


def test_variables_and_operators_are_cmds_alone(shell: Any) -> None:
    assert shell.cmd("echo %WINDIR%&& echo b")[1] == "C:\\Windows\r\nb\r\n"
    code, _unused, err = shell.run("hostname", "&&", "hostname")
    assert code == 250
    assert "not simulated" in err


def test_input_reaches_the_program_whole(host: Any, shell: Any) -> None:
    content = bytes(range(256)) * 2000
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("sub/data.bin")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    assert shell.cmd(r"mkdir C:\in")[0] == 0
    result = shell.run(r"C:\Windows\System32\tar.exe", "-xf", "-", "-C", r"C:\in", stdin=packed.getvalue())
    assert result == (0, "", "")
    assert (host.drive / "in" / "sub" / "data.bin").read_bytes() == content
    code, out, _unused = shell.raw(r"type C:\in\sub\data.bin", skip=False)  # and a large output comes back in parts
    assert (code, out) == (0, content)


def test_input_in_console_mode_is_refused(host: Any, shell: Any) -> None:
    command = shell.protocol.run_command(shell.id, "tar", ["-xf", "-"], skip_cmd_shell=True)
    with pytest.raises(WSManFaultError, match="CONSOLEMODE"):
        shell.protocol.send_command_input(shell.id, command, b"x", end=True)
    shell.protocol.cleanup_command(shell.id, command)
    assert any("console mode" in text for text in host.ask(refusals=True)["refusals"])


def test_a_silent_program_meets_the_operation_timeout_and_is_ended_by_the_signal(
    host: Any, open_shell: Callable[..., Any]
) -> None:
    shell = open_shell(host.protocol(operation_timeout_sec=1, read_timeout_sec=60))
    command = shell.protocol.run_command(shell.id, "tar", ["-xf", "-"], console_mode_stdin=False, skip_cmd_shell=True)
    began = time.monotonic()
    with pytest.raises(WinRMOperationTimeoutError):
        shell.protocol.get_command_output_raw(shell.id, command)
    assert time.monotonic() - began > 0.9
    shell.protocol.cleanup_command(shell.id, command)
    with pytest.raises(WSManFaultError):
        shell.protocol.get_command_output_raw(shell.id, command)
    shell.protocol.close_shell(shell.id)
    with pytest.raises(WSManFaultError) as gone:
        shell.cmd("echo")
    assert gone.value.wsman_fault_code == NO_SHELL


def test_quotas(hosts: Any, open_shell: Callable[..., Any]) -> None:
    host = hosts(winrm={"http_port": 5985, "https_port": 0, "max_operations": 5, "max_shells": 2})
    shell = open_shell(host.protocol())
    for _unused in range(5):
        assert shell.cmd("echo")[0] == 0
    with pytest.raises(WSManFaultError) as full:
        shell.cmd("echo")
    assert full.value.wsman_fault_code == QUOTA
    shell.protocol.close_shell(shell.id, close_session=False)
    first, _second = open_shell(shell.protocol), open_shell(shell.protocol)
    assert first.cmd("echo")[0] == 0  # a new shell starts at zero
    with pytest.raises(WSManFaultError) as many:
        open_shell(shell.protocol)
    assert many.value.wsman_fault_code == SHELLS
    other = open_shell(host.protocol(username="other", password="0ther!"))  # another user has his own
    with pytest.raises(WSManFaultError) as foreign:
        other.protocol.get_command_output_raw(first.id, "x")
    assert foreign.value.wsman_fault_code == NO_SHELL


def test_down_up_hang_and_drops(hosts: Any, open_shell: Callable[..., Any]) -> None:
    host = hosts()
    basic = {"endpoint": f"https://{host.address}:5986/wsman", "transport": "basic"}
    trusted = {"ca_trust_path": str(host.authority.ca), "operation_timeout_sec": 1, "read_timeout_sec": 2}
    shell = open_shell(host.protocol(**basic, **trusted))
    host.ask(winrm="down")
    with pytest.raises(requests.exceptions.ConnectionError):
        shell.cmd("echo")
    host.ask(winrm="up")
    assert shell.cmd("echo a")[1] == "a\r\n"  # the shell has outlived the wire
    host.ask(winrm="hang")
    with pytest.raises(requests.exceptions.Timeout):
        shell.cmd("echo")
    host.ask(winrm="up")
    host.ask(winrm_drop_in_command="list site")
    assert shell.cmd("hostname")[0] == 0
    with pytest.raises(requests.exceptions.ConnectionError):
        shell.run(APPCMD, "list", "site")
    assert host.ask(transcript=True)["transcript"][-1] == f"{APPCMD} list site"  # it was run
    host.ask(winrm="up")
    host.ask(winrm_drop_after=4)
    assert shell.cmd("echo b")[0] == 0
    with pytest.raises(requests.exceptions.ConnectionError):
        shell.cmd("echo c")
    host.ask(winrm="up", winrm_drop_after=None)


def test_unknown_orders_and_settings_are_refused(host: Any, tmp_path: Any) -> None:
    with pytest.raises(RuntimeError, match="unknown order"):
        ask(host.socket, {"nonesuch": 1})
    file = tmp_path / "config.json"
    file.write_text(json.dumps(host.config | {"nonesuch": 1}))
    done = subprocess.run(
        [sys.executable, "-m", "lab.windows", file], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == 2
    assert "unknown keys nonesuch" in done.stderr
