# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for secrets finds them, also in disguise, and does not print them."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from lab import inventory, secrets_watch
from lab.waiting import wait_until

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


@contextlib.contextmanager
def _sleeper(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[None]:
    """A process that runs for as long as the block does, and has begun its own program before the block does."""
    program = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        yield


def test_a_secret_in_the_process_list_is_seen() -> None:
    with secrets_watch.ProcessListWatch(SECRETS) as watch, _sleeper(SECRET):
        wait_until(lambda: watch.found, "a finding")
    assert len(watch.found) == 1
    assert SECRET not in str(watch.found)


def test_a_secret_in_the_environment_is_not_in_the_process_list() -> None:
    with secrets_watch.ProcessListWatch(SECRETS) as watch, _sleeper(environment={"P": SECRET}):
        seen = watch.samples
        wait_until(lambda: watch.samples >= seen + 3, "three samples")
    assert watch.found == set()


def test_secrets_of_an_inventory_are_in_files_of_mode_600(tmp_path: Path) -> None:
    inventory.Inventory(
        nodes={"web01": "127.77.7.11"},
        all_vars={"dotnet_db_host": "127.77.7.20"},
        web_secrets={"ansible_password": SECRET},
    ).write(tmp_path)
    holders = [path for path in tmp_path.rglob("*.yml") if SECRET in path.read_text()]
    assert [path.relative_to(tmp_path).as_posix() for path in holders] == ["group_vars/web/secrets.yml"]
    assert holders[0].stat().st_mode & 0o777 == 0o600
