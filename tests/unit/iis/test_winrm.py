# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner over Ansible's winrm connection: shells, quotas, input, output, and broken wires."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

import pytest
import requests.exceptions
import urllib3.exceptions
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import winrm
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import (
    CommandTimeout,
    ConnectionLost,
    IisError,
    ProgramMissing,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import Command
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.winrm import (
    QUOTA_MAX_OPERATIONS,
    STDIN_CHUNK_BYTES,
    WinrmRunner,
    decode_output,
)
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol as RealProtocol

from .conftest import Clock


def fault(code: int, wmi: bool = False) -> WSManFaultError:
    return WSManFaultError(
        500, "m", "r", "a reason", wsman_fault_code=None if wmi else code, wmierror_code=code if wmi else None
    )


def answering(output: Any) -> Callable[[], Any]:
    """What gives an output, or raises it."""

    def answer() -> Any:
        if isinstance(output, Exception):
            raise output
        return output

    return answer


class Protocol:
    """pywinrm's protocol as far as the runner uses it; records calls and plays answers."""

    def __init__(self, *outputs: Any) -> None:
        self.outputs: list[Callable[[], Any]] = [answering(output) for output in outputs]
        self.calls: list[tuple[Any, ...]] = []
        self.start_failures: list[Exception] = []
        self.send_failures: list[Exception] = []
        self.cleanup_failure: Exception | None = None
        self.transport = self
        self.closed_sessions = 0

    def run_command(self, shell: str, program: str, arguments: list[str], **options: Any) -> str:
        self.calls.append(("run", shell, program, arguments, options))
        if self.start_failures:
            raise self.start_failures.pop(0)
        return "command-1"

    def send_command_input(self, shell: str, command: str, data: bytes, end: bool) -> None:
        self.calls.append(("send", data, end))
        if self.send_failures:
            raise self.send_failures.pop(0)

    def get_command_output_raw(self, _shell: str, _command: str) -> tuple[bytes, bytes, int, bool]:
        if not self.outputs:
            return b"", b"", 0, True
        out, err, code, done = self.outputs.pop(0)()
        return out, err, code, done

    def cleanup_command(self, _shell: str, _command: str) -> None:
        self.calls.append(("signal",))
        if self.cleanup_failure:
            raise self.cleanup_failure

    def open_shell(self, codepage: int) -> str:
        self.calls.append(("open", codepage))
        return "shell-2"

    def close_shell(self, shell: str, close_session: bool) -> None:
        self.calls.append(("close", shell, close_session))

    def close_session(self) -> None:
        self.closed_sessions += 1

    def names(self) -> list[str]:
        return [call[0] for call in self.calls]


class Connection:
    """Ansible's connection plugin as far as the runner uses it."""

    _winrm_user, _winrm_host, _winrm_port = "deploy", "web01", 5986

    def __init__(self, protocol: Protocol | None, failure: Exception | None = None) -> None:
        self.protocol = protocol
        self.shell_id: str | None = "shell-1"
        self._connected = True
        self._failure = failure

    def _connect(self) -> None:
        if self._failure:
            raise self._failure


def runner(*outputs: Any) -> tuple[WinrmRunner, Protocol, Connection]:
    protocol = Protocol(*outputs)
    connection = Connection(protocol)
    return WinrmRunner(connection), protocol, connection


def test_a_program_is_started_directly_with_quoted_arguments() -> None:
    run, protocol, _connection = runner((b"a", b"", -1, False), (b"b", b"e", 7, True))
    result = run.run(Command(r"C:\x\appcmd.exe", ("list", "two words")))
    assert (result.exit_code, result.stdout, result.stderr) == (7, "ab", "e")
    assert protocol.calls[0] == (
        "run",
        "shell-1",
        r"C:\x\appcmd.exe",
        ['list "two words"'],
        {"console_mode_stdin": True, "skip_cmd_shell": True},
    )  # fmt: skip
    assert protocol.names() == ["run", "signal"]


def test_input_goes_in_chunks_and_ends_once() -> None:
    run, protocol, _connection = runner()
    data = bytes(range(256)) * 900
    run.run(Command("tar.exe", ("-xf", "-"), stdin=data))
    sends = [call for call in protocol.calls if call[0] == "send"]
    assert b"".join(call[1] for call in sends) == data
    assert [call[2] for call in sends] == [False] * (len(sends) - 1) + [True]
    assert max(len(call[1]) for call in sends) <= STDIN_CHUNK_BYTES
    assert protocol.calls[0][4]["console_mode_stdin"] is False


def test_empty_input_is_ended_too() -> None:
    run, protocol, _connection = runner()
    run.run(Command("x.exe", stdin=b""))
    assert ("send", b"", True) in protocol.calls


@pytest.mark.parametrize("wmi", [True, False])
def test_an_exhausted_shell_is_replaced(wmi: bool) -> None:
    run, protocol, connection = runner((b"ok", b"", 0, True))
    protocol.start_failures = [fault(QUOTA_MAX_OPERATIONS, wmi)]
    assert run.run(Command("x.exe")).stdout == "ok"
    assert protocol.names() == ["run", "close", "open", "run", "signal"]
    assert protocol.calls[1] == ("close", "shell-1", False)
    assert protocol.calls[3][1] == connection.shell_id == "shell-2"


def test_a_new_shell_that_is_refused_too_is_a_lost_connection() -> None:
    run, protocol, _connection = runner()
    protocol.start_failures = [fault(QUOTA_MAX_OPERATIONS), fault(QUOTA_MAX_OPERATIONS)]
    with pytest.raises(ConnectionLost):
        run.run(Command("x.exe"))


@pytest.mark.parametrize("code", [2, 0x80070002])
def test_a_program_that_is_not_there(code: int) -> None:
    run, protocol, _connection = runner()
    protocol.start_failures = [fault(code)]
    with pytest.raises(ProgramMissing, match=r"no C:\\x\.exe"):
        run.run(Command(r"C:\x.exe"))


def test_a_silent_program_is_asked_again_until_its_time_is_up() -> None:
    clock = Clock()

    def silent() -> float:
        clock.now += 20
        return clock.now

    protocol = Protocol(*[WinRMOperationTimeoutError() for _dummy in range(9)])
    connection = Connection(protocol)
    ticking = WinrmRunner(connection, monotonic=silent)
    with pytest.raises(CommandTimeout, match=r"slow\.exe did not end within 60 s"):
        ticking.run(Command(r"C:\slow.exe", timeout_s=60))
    assert protocol.names() == ["run", "signal"]
    assert 4 < len(protocol.outputs) < 9


def test_a_program_that_prints_without_end_is_terminated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winrm, "MOST_OUTPUT_BYTES", 1000)
    run, protocol, _connection = runner(*[(b"x" * 300, b"y" * 300, -1, False)] * 1000)
    with pytest.raises(IisError, match=r"loud\.exe printed more than 1000 bytes on the node and was terminated"):
        run.run(Command(r"C:\x\loud.exe"))
    assert protocol.names() == ["run", "signal"]
    assert len(protocol.outputs) == 998


def test_a_slow_send_is_no_failure() -> None:
    run, protocol, _connection = runner((b"done", b"", 0, True))
    protocol.send_failures = [WinRMOperationTimeoutError()]
    assert run.run(Command("x.exe", stdin=b"abc")).stdout == "done"


def caused(outer: Exception, *causes: BaseException) -> Exception:
    """An exception with a chain of causes, as urllib3 and requests make them."""
    last: BaseException = outer
    for cause in causes:
        last.__cause__ = cause
        last = cause
    return outer


def wrapped(reason: Exception) -> requests.exceptions.ConnectionError:
    """The exception of requests for what urllib3 gives up on; its text has a host and a port that look like codes."""
    given_up = urllib3.exceptions.MaxRetryError(
        cast(Any, "HTTPSConnectionPool(host='web401.example', port=5401)"), "/wsman", reason
    )
    return requests.exceptions.ConnectionError(given_up)


REFUSED = caused(Exception("[Errno 111]"), ConnectionRefusedError(111, "Connection refused"))
NAME = caused(Exception("NameResolutionError"), socket.gaierror(-2, "Name or service not known"))
TLS = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed")
CAUSES = [
    (wrapped(REFUSED), "refused"),
    (wrapped(NAME), "name"),
    (wrapped(Exception("RemoteDisconnected")), "other"),
    (requests.exceptions.ConnectTimeout("port 5401"), "timeout"),
    (requests.exceptions.ReadTimeout("Read timed out."), "timeout"),
    (WinRMOperationTimeoutError(), "timeout"),
    (caused(requests.exceptions.SSLError("web401.example"), CERTIFICATE), "certificate"),
    (requests.exceptions.SSLError(urllib3.exceptions.SSLError(CERTIFICATE)), "certificate"),
    (requests.exceptions.SSLError(urllib3.exceptions.SSLError(TLS)), "tls"),
    (WinRMTransportError("http", 503, "status 401 refused certificate timed out"), "other"),
    (WinRMTransportError("http", 401, ""), "credentials"),
    (InvalidCredentialsError("the specified credentials were rejected by the server"), "credentials"),
    (ConnectionResetError(104, "reset by web401.example:5401, refused"), "other"),
    (fault(1234), "other"),
    (AssertionError("401 refused"), "other"),
]


# A timed-out Receive is no failure: the program has no output yet.
@pytest.mark.parametrize(("error", "reason"), [c for c in CAUSES if not isinstance(c[0], WinRMOperationTimeoutError)])
def test_every_transport_failure_is_a_lost_connection(error: Exception, reason: str) -> None:
    run, protocol, connection = runner(error)
    with pytest.raises(ConnectionLost) as caught:
        run.run(Command("x.exe"))
    assert caught.value.facts["connection_error"] == reason
    assert connection.protocol is None
    assert connection.shell_id is None
    assert protocol.closed_sessions == 1


def test_a_dead_node_is_not_waited_for_a_second_time() -> None:
    run, protocol, _connection = runner(requests.exceptions.ReadTimeout("Read timed out."))
    with pytest.raises(ConnectionLost, match="ReadTimeout"):
        run.run(Command("x.exe"))
    assert protocol.names() == ["run"]


def test_a_signal_that_fails_is_a_lost_connection() -> None:
    run, protocol, _connection = runner()
    protocol.cleanup_failure = requests.exceptions.ConnectionError("gone")
    with pytest.raises(ConnectionLost):
        run.run(Command("x.exe"))


class OpeningConnection(Connection):
    """Opens its shell as Ansible's connection does: the exceptions of pywinrm become one text."""

    def __init__(self, *errors: Exception, timed_out: bool = False) -> None:
        super().__init__(None)
        self._errors = errors
        self._timed_out = timed_out

    def _connect(self) -> None:
        texts = []
        for error in self._errors:
            protocol = RealProtocol("http://web401.example:5401/wsman", username="u", password="p")
            protocol.send_message = raising(error)
            try:
                protocol.open_shell()
            except Exception as failure:
                texts.append(str(failure))
        if self._timed_out:
            raise AnsibleError("the connection attempt timed out")
        raise AnsibleConnectionFailure(", ".join(texts))


def raising(error: Exception) -> Callable[[str], str]:
    def send(_message: str) -> str:
        raise error

    return send


SENTENCES = {
    "credentials": "rejected the login of deploy",
    "certificate": "is not trusted",
    "tls": "does not speak TLS",
    "refused": "Nothing listens",
    "timeout": "did not answer in time",
    "name": "cannot be resolved",
    "other": "cannot be reached",
}


@pytest.mark.parametrize(("error", "reason"), CAUSES)
def test_a_failed_login_is_explained_by_its_type(error: Exception, reason: str) -> None:
    before = RealProtocol.open_shell
    with pytest.raises(ConnectionLost, match=SENTENCES[reason]) as caught:
        WinrmRunner(OpeningConnection(error)).connect()
    assert caught.value.facts["connection_error"] == reason
    assert RealProtocol.open_shell is before


def test_the_last_of_several_transports_is_explained() -> None:
    connection = OpeningConnection(InvalidCredentialsError("x"), wrapped(REFUSED))
    with pytest.raises(ConnectionLost, match="Nothing listens"):
        WinrmRunner(connection).connect()


def test_a_connection_attempt_that_times_out_is_lost_and_a_wrong_setting_is_not() -> None:
    with pytest.raises(ConnectionLost, match="in time"):
        WinrmRunner(OpeningConnection(WinRMOperationTimeoutError(), timed_out=True)).connect()
    with pytest.raises(IisError, match="not installed") as caught:
        WinrmRunner(Connection(None, AnsibleError("winrm or requests is not installed"))).connect()
    assert not caught.value.connection_lost
    with pytest.raises(ConnectionLost, match="Kerberos auth failure") as ticket:
        WinrmRunner(Connection(None, AnsibleConnectionFailure("Kerberos auth failure for principal x"))).connect()
    assert ticket.value.facts["connection_error"] == "other"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Größe".encode(), "Größe"),
        (b"\xef\xbb\xbfabc", "abc"),
        ("Größe".encode("cp1252"), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        (b"", ""),
    ],
)
def test_output_is_decoded(raw: bytes, text: str) -> None:
    assert decode_output(raw) == text
