# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests, responses, and the abstract transport. Tests use a script of responses.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import abc
import codecs
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from .masking import without

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\Z")
CHARSET = re.compile(
    r"(?:utf-(?:8|16|32)(?:-[bl]e|-sig)?|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|gbk|gb2312|gb18030|big5(?:hkscs)?"
    r"|euc_\w+|shift_jis\w*|johab|tis-620)\Z"
)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


class InvalidRequest(Exception):
    """The request is not valid; the text is one sentence for the user."""


class TransportFailure(Exception):
    """No response. ``permanent``: another attempt cannot help."""

    def __init__(self, message: str, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Request:
    """One request to one address. ``host``: the name of the site, where it differs from the address."""

    url: str
    method: str = "GET"
    host: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    secret_headers: dict[str, str] = field(default_factory=dict, repr=False)
    data: bytes | None = field(default=None, repr=False)
    """What the request sends, where it sends something."""
    timeout_s: float = 30.0
    body_limit: int = 1024 * 1024

    def __post_init__(self) -> None:
        split = split_url(self.url)
        if self.host is not None and not HOST.match(self.host):
            raise InvalidRequest(f"host is {self.host!r}: a host name was expected, with a port where it needs one")
        for name, value in self.all_headers.items():
            if not TOKEN.match(name):
                raise InvalidRequest(
                    f"{name!r} was found as the name of a header: letters, digits and '-' were expected"
                )
            if name.lower() == "host":
                raise InvalidRequest("a Host header was found among the headers: use the option host")
            if UNPRINTABLE.search(value) or not value.isascii():
                raise InvalidRequest(f"the value of header {name} has characters that a header cannot carry")
        if split.username is not None:
            raise InvalidRequest(
                "the url carries a user name or password: put an Authorization header into secret_headers"
            )

    @property
    def split(self) -> SplitResult:
        return split_url(self.url)

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers to send, secret ones included."""
        return {**self.headers, **self.secret_headers}

    @property
    def host_header(self) -> str:
        return self.host or self.split.netloc

    @property
    def name(self) -> str:
        """The name that the server's certificate must have."""
        return (urlsplit("//" + self.host).hostname if self.host else self.split.hostname) or ""

    def __str__(self) -> str:
        return f"{self.method} {self.url}" + (f" (Host: {self.host})" if self.host else "")


@dataclass(frozen=True)
class Response:
    """A response: header names in lower case, the body cut at the request's limit."""

    status: int
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    truncated: bool = False
    latency_ms: int = 0
    url: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What the request carried and nobody may see, should the response repeat it."""

    def shown(self, text: str) -> str:
        """A part of the response for messages and results, without secrets."""
        return without(self.secrets, text)

    @property
    def text(self) -> str:
        """The decoded body, without a byte order mark, which RFC 8259 lets a parser of JSON ignore."""
        decoded = self.body.decode(self._charset, "replace")
        return decoded[1:] if decoded.startswith("\ufeff") else decoded

    @property
    def _charset(self) -> str:
        """The codec of the stated charset; UTF-8 where it is not known, or is one that is no charset of a page.

        Python has more codecs than charsets: one raises for any text, another takes hours for a megabyte.
        """
        stated = re.search(r"charset=\"?([A-Za-z0-9_.:-]{1,40})", self.headers.get("content-type", ""))
        try:
            name = codecs.lookup(stated.group(1) if stated else "utf-8").name
        except LookupError:
            return "utf-8"
        return name if CHARSET.match(name) else "utf-8"


class Transport(abc.ABC):
    """Sends one request. Follows no redirects and uses no proxies."""

    @abc.abstractmethod
    def send(self, request: Request) -> Response:
        """The response. Raises TransportFailure where there is none."""


def split_url(url: str) -> SplitResult:
    """The parts of an http or https url; raises InvalidRequest for anything else."""
    if UNPRINTABLE.search(url) or " " in url or not url.isascii():
        raise InvalidRequest(
            f"url is {url!r}: blanks, control characters and letters beyond ASCII must be percent-encoded"
        )
    try:
        split = urlsplit(url)
        known = bool(split.port is None or split.port > 0)
    except ValueError as error:
        raise InvalidRequest(f"url is {url!r}: {error}") from error
    if split.scheme not in ("http", "https") or not split.hostname or not known:
        raise InvalidRequest(f"url is {url!r}: http://ADDRESS/PATH or https://ADDRESS/PATH was expected")
    return split
