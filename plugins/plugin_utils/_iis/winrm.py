# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs over the WinRM connection that Ansible has already made for the task.

The connection's own exec_command wraps every command in PowerShell; its pywinrm protocol starts a program directly.

Private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from .errors import CommandTimeout, ConnectionLost, IisError, ProgramMissing
from .transport import Command, CommandResult, CommandRunner
from .winrm_errors import (
    WinRMOperationTimeoutError,
    WSManFaultError,
    cause_of,
    is_transport_failure,
    recorded_failures,
)

QUOTA_MAX_OPERATIONS = 0x803381A6
SHELL_NOT_FOUND = 0x8033805B
FILE_NOT_FOUND = frozenset({2, 0x80070002})
STDIN_CHUNK_BYTES = 100_000  # base64 and the envelope fit into the smallest MaxEnvelopeSize that Windows ships with
UTF8_CODEPAGE = 65001
MOST_OUTPUT_BYTES = 32 * 1024 * 1024
"""Of one program: twice what the listing of an archive of 100,000 files has."""


_SENTENCES = {
    "credentials": (
        "{endpoint} rejected the login of {user}: check ansible_user, ansible_password and ansible_winrm_transport."
    ),
    "certificate": (
        "The certificate of {endpoint} is not trusted: set ansible_winrm_ca_trust_path to its CA, "
        "or install a certificate for this name."
    ),
    "tls": "{endpoint} does not speak TLS: check ansible_port and ansible_winrm_scheme.",
    "timeout": "{endpoint} did not answer in time: check the host, the network and the firewall.",
    "refused": "Nothing listens at {endpoint}: check ansible_host, ansible_port and the WinRM service.",
    "name": "The name in {endpoint} cannot be resolved: check ansible_host.",
    "other": "{endpoint} cannot be reached: {text}.",
}


def explain_connection_failure(error: BaseException, text: str, user: str, endpoint: str) -> tuple[str, str]:
    """The cause and a sentence for a failed connection. `error` decides; `text` is shown for an unknown cause."""
    cause = cause_of(error)
    return cause, _SENTENCES[cause].format(user=user, endpoint=endpoint, text=text)


def decode_output(raw: bytes) -> str:
    """Output of a Windows program: UTF-8 (the code page of the shell), UTF-16 with a BOM, or else Windows-1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


class WinrmRunner(CommandRunner):
    """One runner per task; `connection` is Ansible's winrm connection plugin."""

    def __init__(self, connection: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._monotonic = monotonic

    def connect(self) -> None:
        """Log in and open a shell; raises ConnectionLost where Ansible would report UNREACHABLE."""
        with recorded_failures() as failures:
            try:
                self._connection._connect()
            except AnsibleError as failure:
                # Without an exception of pywinrm, Ansible failed before: a library or a Kerberos ticket is missing.
                if failures:
                    self._refuse(failures[-1], failure)
                self._discard_connection()
                sentence = f"The WinRM connection to {self._endpoint} cannot be set up: {failure}"
                if isinstance(failure, AnsibleConnectionFailure):
                    raise ConnectionLost(sentence, connection_error="other") from failure
                raise IisError(sentence) from failure
            except Exception as failure:
                if not is_transport_failure(failure):
                    raise
                self._refuse(failure, failure)

    def _refuse(self, cause: BaseException, failure: BaseException) -> NoReturn:
        self._discard_connection()
        reason, sentence = explain_connection_failure(cause, str(failure), self._user, self._endpoint)
        raise ConnectionLost(sentence, connection_error=reason) from failure

    def run(self, command: Command) -> CommandResult:
        try:
            return self._run(command)
        except WSManFaultError as fault:
            if _codes(fault) & FILE_NOT_FOUND:
                raise ProgramMissing(f"The node has no {command.program}.") from fault
            raise self._connection_lost(fault) from fault
        except Exception as broken:
            if not is_transport_failure(broken):
                raise
            raise self._connection_lost(broken) from broken

    # one command

    def _run(self, command: Command) -> CommandResult:
        deadline = self._monotonic() + command.timeout_s
        command_id = self._start(command)
        protocol, shell_id = self._connection.protocol, self._connection.shell_id
        try:
            for chunk, last in _chunks(command.stdin):
                self._send(protocol, shell_id, command_id, chunk, last)
            result = self._receive(command, command_id, deadline)
        except IisError:
            protocol.cleanup_command(shell_id, command_id)  # ends the program
            raise
        protocol.cleanup_command(shell_id, command_id)  # frees its place in the shell
        return result

    def _start(self, command: Command) -> str:
        try:
            return self._start_in_shell(command)
        except WSManFaultError as fault:
            if not _codes(fault) & {QUOTA_MAX_OPERATIONS, SHELL_NOT_FOUND}:
                raise
        # Windows limits the commands in the life of a shell: a new shell starts at zero.
        self._new_shell()
        return self._start_in_shell(command)

    def _start_in_shell(self, command: Command) -> str:
        line = command.argument_line
        command_id: str = self._connection.protocol.run_command(
            self._connection.shell_id,
            command.program,
            [line] if line else [],
            console_mode_stdin=command.stdin is None,
            skip_cmd_shell=True,
        )
        return command_id

    def _new_shell(self) -> None:
        protocol, old = self._connection.protocol, self._connection.shell_id
        try:
            protocol.close_shell(old, close_session=False)
        except Exception as broken:
            if not is_transport_failure(broken):  # the old shell may be closed already
                raise
        self._connection.shell_id = protocol.open_shell(codepage=UTF8_CODEPAGE)

    def _send(self, protocol: Any, shell_id: str, command_id: str, chunk: bytes, last: bool) -> None:
        # A slow server still reads the input after a time-out; the exit code of the program shows the result.
        with suppress(WinRMOperationTimeoutError):
            protocol.send_command_input(shell_id, command_id, chunk, end=last)

    def _receive(self, command: Command, command_id: str, deadline: float) -> CommandResult:
        stdout: list[bytes] = []
        stderr: list[bytes] = []
        size = 0
        while True:
            try:
                out, err, exit_code, done = self._connection.protocol.get_command_output_raw(
                    self._connection.shell_id, command_id
                )
                stdout.append(out)
                stderr.append(err)
                size += len(out) + len(err)
                if done:
                    return CommandResult(exit_code, decode_output(b"".join(stdout)), decode_output(b"".join(stderr)))
            except WinRMOperationTimeoutError:
                pass  # no output yet
            if size > MOST_OUTPUT_BYTES:
                raise IisError(
                    f"{command.name} printed more than {MOST_OUTPUT_BYTES} bytes on the node and was terminated."
                )
            if self._monotonic() > deadline:
                raise CommandTimeout(f"{command.name} did not end within {command.timeout_s:g} s and was terminated.")

    # lost connections

    def _connection_lost(self, broken: BaseException) -> ConnectionLost:
        self._discard_connection()
        cause = cause_of(broken)
        if cause == "credentials":
            return ConnectionLost("the node no longer accepts the login", connection_error=cause)
        return ConnectionLost(f"{type(broken).__name__}: {broken}", connection_error=cause)

    def _discard_connection(self) -> None:
        """Close the connection here, so that Ansible does not wait for a dead node when it closes it."""
        protocol = getattr(self._connection, "protocol", None)
        if protocol is not None:
            try:
                protocol.transport.close_session()
            except Exception as broken:
                if not is_transport_failure(broken):
                    raise
        self._connection.protocol = None
        self._connection.shell_id = None
        self._connection._connected = False

    @property
    def _user(self) -> str:
        return str(getattr(self._connection, "_winrm_user", "") or "the user")

    @property
    def _endpoint(self) -> str:
        host = getattr(self._connection, "_winrm_host", "the node")
        port = getattr(self._connection, "_winrm_port", "")
        return f"{host}:{port} (WinRM)" if port else f"{host} (WinRM)"


def _codes(fault: WSManFaultError) -> set[int]:
    return {code for code in (fault.wsman_fault_code, fault.wmierror_code) if code is not None}


def _chunks(stdin: bytes | None) -> Iterator[tuple[bytes, bool]]:
    if stdin is None:
        return
    for start in range(0, max(len(stdin), 1), STDIN_CHUNK_BYTES):
        yield stdin[start : start + STDIN_CHUNK_BYTES], start + STDIN_CHUNK_BYTES >= len(stdin)
