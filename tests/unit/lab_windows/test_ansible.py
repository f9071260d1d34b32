# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own winrm connection, unmodified: login, shell, and failures as on Windows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import ConnectionLost
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import Command
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.winrm import WinrmRunner


def connect(host: Any, **options: Any) -> Any:
    connection = connection_loader.get("winrm", PlayContext())
    known = {
        "remote_addr": host.address,
        "remote_user": "deploy",
        "remote_password": "Pass w0rd!",
        "port": 5986,
        "scheme": "https",
        "transport": ["ntlm"],
    }
    connection.set_options(
        var_options={"_extras": {"ansible_winrm_ca_trust_path": str(host.authority.ca)}}, direct=known | options
    )
    return connection


@pytest.mark.parametrize(
    ("port", "scheme", "transport"), [(5986, "https", "ntlm"), (5986, "https", "basic"), (5985, "http", "ntlm")]
)
def test_the_collections_runner_over_ansibles_connection(host: Any, port: int, scheme: str, transport: str) -> None:
    connection = connect(host, port=port, scheme=scheme, transport=[transport])
    runner = WinrmRunner(connection)
    runner.connect()
    assert runner.run(Command(r"C:\Windows\System32\hostname.exe")).stdout == "WEB01\r\n"
    big = b"x" * 250_000
    result = runner.run(Command(r"C:\Windows\System32\cmd.exe", stdin=big, tail='/c "hostname"'))
    assert result.exit_code == 0
    connection.close()
    assert host.ask(counters=True)["counters"]["open_shells"] == 0


def test_powershell_is_refused(host: Any) -> None:
    connection = connect(host)
    connection._connect()
    code, _unused, err = connection.exec_command("Get-Process")
    assert code == 250
    assert b"PowerShell" in err
    connection.close()


def test_a_new_shell_after_the_quota(hosts: Any) -> None:
    host = hosts(winrm={"max_operations": 3})
    runner = WinrmRunner(connect(host))
    runner.connect()
    for _unused in range(8):
        assert runner.run(Command(r"C:\Windows\System32\hostname.exe")).exit_code == 0
    assert host.ask(counters=True)["counters"]["shells"] >= 3


def test_wrong_password_and_lost_connection(hosts: Any) -> None:
    host = hosts()
    with pytest.raises(AnsibleConnectionFailure, match="credentials"):
        connect(host, remote_password="wrong")._connect()
    runner = WinrmRunner(connect(host))
    runner.connect()
    host.ask(winrm="down")
    with pytest.raises(ConnectionLost):
        runner.run(Command(r"C:\Windows\System32\hostname.exe"))
