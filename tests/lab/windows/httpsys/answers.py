# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that http.sys and IIS give themselves."""

from __future__ import annotations

from email.utils import formatdate

from ..iis.errors import HttpError

_REASONS = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error", 502: "Bad Gateway"}
_REASONS[503] = "Service Unavailable"


def reason(status: int) -> str:
    return _REASONS.get(status, "Error")


def render(error: HttpError, close: bool, head_only: bool) -> bytes:
    """The whole answer for an error."""
    number = f"{error.status}.{error.substatus}" if error.substatus else str(error.status)
    body = error.page if error.page is not None else _page(error, number)
    kind = "text/html" if error.page is not None else "text/html; charset=us-ascii"
    head = (
        f"HTTP/1.1 {error.status} {reason(error.status)}\r\nContent-Type: {kind}\r\n"
        f"Server: Microsoft-HTTPAPI/2.0\r\nDate: {formatdate(usegmt=True)}\r\n"
        f"{'Connection: close' + chr(13) + chr(10) if close else ''}Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    return head if head_only else head + body


def _page(error: HttpError, number: str) -> bytes:
    return (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n'
        f"<HTML><HEAD><TITLE>{reason(error.status)}</TITLE></HEAD>\r\n"
        f"<BODY><h2>{reason(error.status)}</h2>\r\n<hr><p>HTTP Error {number}. {error.title}</p>\r\n</BODY></HTML>\r\n"
    ).encode()
