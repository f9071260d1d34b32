# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of pywinrm and requests. Ansible's winrm connection reports when they are not installed.

Private to the collection.
"""

from __future__ import annotations

from xml.etree.ElementTree import ParseError

try:
    from requests.exceptions import RequestException
    from winrm.exceptions import (
        InvalidCredentialsError,
        WinRMError,
        WinRMOperationTimeoutError,
        WinRMTransportError,
        WSManFaultError,
    )
except ImportError:

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


def is_transport_failure(error: BaseException) -> bool:
    """Whether an exception means that the connection to the node failed."""
    return isinstance(error, _TRANSPORT_FAILURES)


__all__ = ["InvalidCredentialsError", "WSManFaultError", "WinRMOperationTimeoutError", "is_transport_failure"]
