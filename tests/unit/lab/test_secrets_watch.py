# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for secrets finds them, also in disguise, and does not print them."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from lab import inventory, secrets_watch

SECRET = "Lab-winrm-0123456789abcdef!"
SECRETS = {"WinRM password": SECRET}


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"https://user:{quote(SECRET)}@host/",
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode("utf-16-le")).decode(),
    ],
)
def test_a_secret_is_found_and_only_its_name_is_told(text: str) -> None:
    assert secrets_watch.found_in(f"some output {text} more", SECRETS) == ["WinRM password"]


def test_no_false_alarm() -> None:
    assert secrets_watch.found_in("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER ********", SECRETS) == []


def test_a_secret_in_the_process_list_is_seen() -> None:
    with secrets_watch.ProcessListWatch(SECRETS) as watch:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.4)", SECRET], check=True)
    assert len(watch.found) == 1
    assert SECRET not in str(watch.found)


def test_a_secret_in_the_environment_is_not_in_the_process_list() -> None:
    with secrets_watch.ProcessListWatch(SECRETS) as watch:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.2)"], env={"P": SECRET}, check=True)
        time.sleep(0.1)
    assert watch.found == set()
    assert watch.samples > 0


def test_secrets_of_an_inventory_are_in_files_of_mode_600(tmp_path: Path) -> None:
    inventory.Inventory(
        nodes={"web01": "127.77.7.11"},
        all_vars={"dotnet_db_host": "127.77.7.20"},
        web_secrets={"ansible_password": SECRET},
    ).write(tmp_path)
    holders = [path for path in tmp_path.rglob("*.yml") if SECRET in path.read_text()]
    assert [path.relative_to(tmp_path).as_posix() for path in holders] == ["group_vars/web/secrets.yml"]
    assert holders[0].stat().st_mode & 0o777 == 0o600
