# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads by the node's own curl.exe. Its configuration goes to standard input: secrets are on no command line.

Private to the collection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...module_utils._text import one_line
from .errors import IisError, RefusedValue
from .quoting import refuse_control_characters

_SIZE = re.compile(r"^content-length:[ \t]{0,9}([0-9]{1,18})[ \t\r]{0,9}$", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\bstatus=(\d{3})\s*\Z")
_STATUS_IN_ERROR = re.compile(r"returned error: (\d{3})")
_NO_HEAD = frozenset({403, 405, 501})
_CODES = {
    5: "the node cannot resolve the name of its proxy",
    6: "the node cannot resolve its host name",
    7: "nothing listens there that the node can reach",
    23: "the node could not write the file: check its disk",
    28: "it took too long",
    35: "the TLS handshake failed",
    52: "the server sent no response",
    56: "the transfer broke off",
    58: "the client certificate failed",
    63: "the file is larger than the free space of the node",
    60: "the node does not trust its certificate: install its CA on the node, or set ca_path",
    77: "the node cannot read the file that ca_path names",
    92: "the transfer broke off",
}


@dataclass(frozen=True)
class Source:
    """Where a release comes from."""

    url: str
    username: str | None = None
    password: str | None = None
    ca_path: str | None = None
    check_revocation: str = "required"

    @property
    def display_url(self) -> str:
        """The URL for messages, without its query string, which may be a signature."""
        return self.url.split("?", 1)[0].split("#", 1)[0]


def check_source(source: Source) -> Source:
    """Refuse anything but HTTPS, and credentials in the URL."""
    refuse_control_characters(source.url, "url")
    for value, what in ((source.username, "username"), (source.password, "password")):
        if value:
            refuse_control_characters(value, what)
    parts = urlsplit(source.url)
    if parts.scheme.lower() != "https" or not parts.hostname:
        raise RefusedValue(
            f"The url {source.display_url if '@' not in source.url else '(hidden)'} is refused: "
            "https:// and a host are expected."
        )
    if parts.username or parts.password:
        raise RefusedValue("The url contains credentials: set username and password instead.")
    if source.username and ":" in source.username:
        raise RefusedValue("The username contains a colon, which Basic authentication does not allow.")
    return source


def configuration(source: Source, timeout_s: float, output: str | None, most_bytes: int = 0) -> bytes:
    """curl's configuration for a download of at most so many bytes, or for a HEAD request without `output`.

    curl older than 8.4 obeys the size only where the server states it.
    """
    lines = [
        _line("url", source.url),
        _line("proto", "=https"),  # for redirects too
        "location",
        "silent",
        "show-error",
        "globoff",
        "connect-timeout = 20",
        f"max-time = {max(1, round(timeout_s))}",
    ]
    if source.username or source.password:
        lines.append(_line("user", f"{source.username or ''}:{source.password or ''}"))
    if source.ca_path:
        lines.append(_line("cacert", source.ca_path))
    if source.check_revocation == "best_effort":
        lines.append("ssl-revoke-best-effort")
    elif source.check_revocation == "none":
        lines.append("ssl-no-revoke")
    if output is None:
        lines += ["head", _line("write-out", "status=%{http_code}")]
    else:
        lines += [
            "fail",
            f"max-filesize = {max(1, most_bytes)}",
            "speed-limit = 1",
            "speed-time = 60",
            _line("output", output),
            _line("write-out", "status=%{http_code}"),
        ]
    return ("\n".join(lines) + "\n").encode()


def size_of_head(source: Source, exit_code: int, stdout: str, stderr: str) -> int | None:
    """The artifact's size in bytes, None when the server does not return it; raises when the request failed."""
    if exit_code:
        raise _failure(source, exit_code, _status(stdout, stderr), stderr)
    status = _status(stdout)
    if status in _NO_HEAD:
        return None
    if not 200 <= status < 300:
        raise _failure(source, 22, status, stderr)
    sizes = _SIZE.findall(stdout)
    # A size of 0 is that of the response to HEAD, never that of a release.
    return (int(sizes[-1]) or None) if sizes else None


def check_download(source: Source, exit_code: int, stdout: str, stderr: str) -> None:
    """Raise when a download failed."""
    if exit_code:
        raise _failure(source, exit_code, _status(stdout, stderr), stderr)


def _failure(source: Source, exit_code: int, status: int, stderr: str) -> IisError:
    if status in {401, 407}:
        why = f"the server requires a login (HTTP {status}): check username and password"
    elif status == 403:
        why = "the server refuses access (HTTP 403): check the rights of the user"
    elif status in {404, 410}:
        why = f"the server has no such file (HTTP {status}): check the url and that the release was published"
    elif status >= 400:
        why = f"the server answered HTTP {status}"
    else:
        output = one_line(stderr)
        why = _CODES.get(exit_code, f"curl ended with exit code {exit_code}") + (f" ({output})" if output else "")
    return IisError(f"The release cannot be fetched from {source.display_url}: {why}.", http_status=status or None)


def _status(stdout: str, stderr: str = "") -> int:
    match = _STATUS.search(stdout) or _STATUS_IN_ERROR.search(stderr)
    return int(match[1]) if match else 0


def _line(option: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{option} = "{escaped}"'
