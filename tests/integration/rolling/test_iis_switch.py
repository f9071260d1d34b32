# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single steps of the node driver iis_switch, with the variables that people set."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import ansible_cli
from lab.stack import Lab
from lab.waiting import wait_until

STEP = str(Path(__file__).parent / "driver_step.yml")
EXIT_TIMEOUT_S = 2


def _step(lab: Lab, step: str, **extra_vars: Any) -> ansible_cli.Run:
    return lab.playbook(STEP, extra_vars={"driver_step": step, **extra_vars})


def _pool(lab: Lab, state: str) -> dict[str, Any]:
    """Brings the pool of web01 into a state, and returns what the module says."""
    done = lab.adhoc("web01", "-m", "zero_downtime.dotnet.iis_app_pool", "-a", f"name=shop state={state}", "-o")
    assert done.returncode == 0, done.output
    found: dict[str, Any] = json.loads(done.output.partition("=>")[2])
    return found


@pytest.fixture(name="frozen_worker")
def _frozen_worker(lab: Lab) -> Iterator[int]:
    """A worker of web01 that does not end when it is told to; IIS kills it after its shutdownTimeLimit."""
    assert lab.get("/health", "web01")[0] == 200
    pid = _pool(lab, "started")["worker_pids"][0]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        _pool(lab, "stopped")
        _pool(lab, "started")


def test_the_worker_gets_as_long_to_end_as_the_variable_says(lab: Lab, frozen_worker: int) -> None:
    done = _step(lab, "stop", dotnet_exit_timeout_s=EXIT_TIMEOUT_S)
    assert done.returncode == 2, done.story
    assert f"not stopped {EXIT_TIMEOUT_S} s after the stop began: worker {frozen_worker} still runs" in done.story
    assert "The pool was Started and is Stopping now." in done.story


INSECURE = {
    "the certificate is not verified": (
        {"ansible_winrm_server_cert_validation": "ignore"},
        "does not verify the certificate",
    ),
    "Basic over HTTP": ({"ansible_winrm_scheme": "http", "ansible_winrm_transport": "basic"}, "HTTP with basic"),
    "HTTP by its port": (
        {"ansible_winrm_scheme": None, "ansible_port": 5985, "ansible_winrm_transport": None},
        "HTTP with plaintext",
    ),
    "NTLM without encryption": (
        {
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": ["ntlm"],
            "ansible_winrm_message_encryption": "never",
        },
        "HTTP with ntlm",
    ),
}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(*case, id=name, marks=[pytest.mark.long] if at > 1 else [])
        for at, (name, case) in enumerate(INSECURE.items())
    ],
)
def test_a_connection_that_somebody_else_could_read_needs_consent(lab: Lab, given: dict[str, Any], words: str) -> None:
    refused = _step(lab, "preflight", **given)
    assert refused.returncode == 2, refused.story
    assert words in refused.story
    assert "Read what the node runs" not in refused.output


def test_with_consent_the_certificate_is_not_verified(lab: Lab) -> None:
    done = _step(lab, "preflight", ansible_winrm_server_cert_validation="ignore", dotnet_winrm_insecure=True)
    assert done.returncode == 0, done.story


def test_the_log_of_the_running_release_is_read(lab: Lab) -> None:
    # A worker that started later would write a log of its own.
    wait_until(lambda: lab.get("/health", "web01")[0] == 200, "a worker on web01")
    release = lab.drive("web01") / "releases" / "shop" / "1.0.0"
    config = release / "web.config"
    text = config.read_text()
    log = release / "logs" / "stdout_20261120112600_4004.log"
    log.parent.mkdir()
    try:
        config.write_text(
            text.replace('stdoutLogEnabled="false"', r'stdoutLogEnabled="true" stdoutLogFile=".\logs\stdout"')
        )
        log.write_text("".join(f"line {number}\n" for number in range(30)))
        done = _step(lab, "log", dotnet_log_lines=2)
    finally:
        config.write_text(text)
        shutil.rmtree(log.parent)
    assert done.returncode == 0, done.story
    assert '"line 28",' in done.output, done.story
    assert '"line 27"' not in done.output
