# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of pywinrm and requests. Ansible's winrm connection reports when they are not installed.

Private to the collection.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import ParseError

try:
    from requests.exceptions import RequestException
    from requests.exceptions import SSLError as RequestsSSLError
    from requests.exceptions import Timeout as RequestsTimeout
    from winrm.exceptions import (
        InvalidCredentialsError,
        WinRMError,
        WinRMOperationTimeoutError,
        WinRMTransportError,
        WSManFaultError,
    )
    from winrm.protocol import Protocol
except ImportError:
    Protocol = None

    class RequestsSSLError(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class RequestsTimeout(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class RequestException(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class WinRMError(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class InvalidCredentialsError(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class WinRMOperationTimeoutError(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class WinRMTransportError(Exception):  # type: ignore[no-redef]
        """Never raised."""

    class WSManFaultError(Exception):  # type: ignore[no-redef]
        """Never raised."""


try:
    from spnego.exceptions import SpnegoError
except ImportError:

    class SpnegoError(Exception):  # type: ignore[no-redef]
        """Never raised."""


# AssertionError: pywinrm got the response of another message. StopIteration: a response without the expected parts.
_TRANSPORT_FAILURES = (
    RequestException,
    WinRMTransportError,
    WinRMError,
    WinRMOperationTimeoutError,
    SpnegoError,
    ParseError,
    AssertionError,
    StopIteration,
    OSError,
)


# The first entry with a matching type in the chain of an exception decides.
_CAUSES: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("credentials", (InvalidCredentialsError, SpnegoError)),
    ("certificate", (ssl.SSLCertVerificationError,)),
    ("tls", (ssl.SSLError, RequestsSSLError)),
    ("timeout", (WinRMOperationTimeoutError, RequestsTimeout, TimeoutError, socket.timeout)),
    ("refused", (ConnectionRefusedError,)),
    ("name", (socket.gaierror,)),
)
_UNAUTHORIZED = 401


def is_transport_failure(error: BaseException) -> bool:
    """Whether an exception means that the connection to the node failed."""
    return isinstance(error, _TRANSPORT_FAILURES)


def cause_of(error: BaseException) -> str:
    """credentials, certificate, tls, timeout, refused, name or other.

    The types of an exception and of its causes decide. Their texts contain host names and ports.
    """
    chain = list(_chain(error))
    if any(isinstance(one, WinRMTransportError) and getattr(one, "code", 0) == _UNAUTHORIZED for one in chain):
        return "credentials"
    for cause, types in _CAUSES:
        if any(isinstance(one, types) for one in chain):
            return cause
    return "other"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what caused it; requests and urllib3 keep the cause in `args` and `reason`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


@contextmanager
def recorded_failures() -> Iterator[list[BaseException]]:
    """The exceptions of pywinrm while Ansible's connection opens its shell: Ansible itself keeps only their texts."""
    failures: list[BaseException] = []
    if Protocol is None:
        yield failures
        return
    original = Protocol.open_shell

    def open_shell(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return original(self, *arguments, **options)
        except Exception as error:
            failures.append(error)
            raise

    Protocol.open_shell = open_shell
    try:
        yield failures
    finally:
        Protocol.open_shell = original


__all__ = [
    "WSManFaultError",
    "WinRMOperationTimeoutError",
    "cause_of",
    "is_transport_failure",
    "recorded_failures",
]
