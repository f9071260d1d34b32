# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IIS answers when it refuses: Win32 codes as appcmd shows them, HTTP answers as a browser sees them."""

from __future__ import annotations


class IisError(Exception):
    """A refused operation: the low word of the HRESULT and the English text of its message."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def not_started() -> IisError:
    return IisError(1062, "The service has not been started.")


def already_running() -> IisError:
    return IisError(1056, "An instance of the service is already running.")


def busy() -> IisError:
    return IisError(1061, "The service cannot accept control messages at this time.")


def duplicate() -> IisError:
    return IisError(183, "Cannot create a file when that file already exists.")


class HttpError(Exception):
    """An answer that http.sys, IIS or the ASP.NET Core Module gives itself."""

    def __init__(
        self, status: int, title: str, *, substatus: int = 0, close: bool = False, page: bytes | None = None
    ) -> None:
        super().__init__(f"{status}.{substatus} {title}")
        self.status = status
        self.substatus = substatus
        self.title = title
        self.close = close
        self.page = page


def service_unavailable() -> HttpError:
    return HttpError(503, "Service Unavailable", close=True)


def start_failed(why: str) -> HttpError:
    return HttpError(502, f"ANCM Out-Of-Process Startup Failure: {why}", substatus=5)
