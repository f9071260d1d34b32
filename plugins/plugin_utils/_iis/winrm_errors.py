# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pywinrm and requests raise. Without them Ansible's winrm connection says itself that they are missing.

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


# AssertionError: pywinrm's check that an answer belongs to its question. StopIteration: an answer without its parts.
_BROKEN = (
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


def is_broken_wire(error: BaseException) -> bool:
    """Whether an exception means that the conversation with the node failed, and not the code."""
    return isinstance(error, _BROKEN)


__all__ = ["InvalidCredentialsError", "WSManFaultError", "WinRMOperationTimeoutError", "is_broken_wire"]
