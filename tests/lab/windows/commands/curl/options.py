# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl's options, from the command line and from --config.

Windows Server 2019 came with version 7.55.1, and its updates with version 8. Options missing in the older are marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from ...process import Unsimulated


class CurlError(Exception):
    """curl ends with this exit code and message."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Options:
    """What curl was asked to do."""

    urls: list[str] = field(default_factory=list)
    output: str | None = None
    fail: bool = False
    silent: bool = False
    show_error: bool = False
    location: bool = False
    insecure: bool = False
    head: bool = False
    include: bool = False
    user: str | None = None
    headers: list[str] = field(default_factory=list)
    version: str = "8.9.1"
    user_agent: str = "curl"
    retry: int = 0
    retry_delay: float | None = None
    retry_max_time: float = 0.0
    retry_connrefused: bool = False
    max_time: float | None = None
    connect_timeout: float = 300.0
    speed_limit: int = 0
    speed_time: float = 30.0
    max_filesize: int | None = None
    write_out: str = ""
    create_dirs: bool = False
    proto: str | None = None
    proto_redir: str | None = None
    cacert: str | None = None
    retry_all_errors: bool = False
    fail_with_body: bool = False
    remove_on_error: bool = False
    no_progress: bool = False
    revoke_best_effort: bool = False
    no_revoke: bool = False
    tls_minimum: str | None = None
    max_redirs: int = 50
    range: str | None = None
    configs: list[str] = field(default_factory=list)


_FLAGS = {
    "fail": "fail", "silent": "silent", "show-error": "show_error", "location": "location", "insecure": "insecure",
    "head": "head", "include": "include", "create-dirs": "create_dirs", "retry-connrefused": "retry_connrefused",
    "ssl-no-revoke": "no_revoke", "retry-all-errors": "retry_all_errors", "fail-with-body": "fail_with_body",
    "remove-on-error": "remove_on_error", "no-progress-meter": "no_progress",
    "ssl-revoke-best-effort": "revoke_best_effort",
}  # fmt: skip
_VALUES = {
    "url": "urls", "output": "output", "user": "user", "header": "headers", "user-agent": "user_agent",
    "retry": "retry",
    "retry-delay": "retry_delay", "retry-max-time": "retry_max_time", "max-time": "max_time",
    "connect-timeout": "connect_timeout", "speed-limit": "speed_limit", "speed-time": "speed_time",
    "max-filesize": "max_filesize", "write-out": "write_out", "proto": "proto", "config": "configs",
    "max-redirs": "max_redirs", "proto-redir": "proto_redir", "cacert": "cacert",
    "range": "range",
}  # fmt: skip
_IGNORED = {"globoff", "http1.1", "no-keepalive", "no-buffer"}
_TLS = {"tlsv1": "1.0", "tlsv1.0": "1.0", "tlsv1.1": "1.1", "tlsv1.2": "1.2", "tlsv1.3": "1.3"}
_SHORT = {
    "f": "fail", "s": "silent", "S": "show-error", "L": "location", "k": "insecure", "I": "head", "i": "include",
    "o": "output", "u": "user", "H": "header", "A": "user-agent", "m": "max-time", "w": "write-out", "K": "config",
    "Y": "speed-limit", "y": "speed-time", "g": "globoff", "N": "no-buffer", "r": "range",
}  # fmt: skip
_SINCE_8 = {
    "fail-with-body", "no-progress-meter", "retry-all-errors", "ssl-revoke-best-effort", "remove-on-error", "tlsv1.3",
    "cacert",
}  # fmt: skip
_NUMBERS = {"retry", "retry_delay", "retry_max_time", "max_time", "connect_timeout", "speed_limit", "speed_time"}
_NUMBERS |= {"max_filesize", "max_redirs"}


def apply_arguments(options: Options, arguments: list[str]) -> None:
    """Reads the options of a command line."""
    words = iter(arguments)
    only_urls = False
    for word in words:
        if only_urls or not word.startswith("-") or word == "-":
            options.urls.append(word)
        elif word == "--":
            only_urls = True
        elif word.startswith("--"):
            _set(options, word[2:], partial(_next, words, word))
        else:
            _cluster(options, word[1:], words)


def _next(words: Iterator[str], option: str) -> str:
    value = next(words, None)
    if value is None:
        raise CurlError(2, f"option {option}: requires parameter")
    return value


def _cluster(options: Options, letters: str, words: Iterator[str]) -> None:
    """-sSo name: letters, the last of which may have its value behind it or in the next word."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter == "q":
            continue
        name = _SHORT.get(letter)
        if name is None:
            raise Unsimulated(f"curl: option -{letter}")
        if name in _VALUES:
            value = letters or _next(words, f"-{letter}")
            letters = ""
            _set(options, name, _fixed(value))
        else:
            _set(options, name, _fixed(""))


def _fixed(value: str) -> Callable[[], str]:
    return lambda: value


def _set(options: Options, name: str, value: Callable[[], str]) -> None:
    """Sets the option; `value` is asked only when the option takes one."""
    if name in _SINCE_8 and options.version.startswith("7."):
        raise CurlError(2, f"option --{name}: is unknown")
    if name in _IGNORED:
        return
    if name in _TLS:
        options.tls_minimum = _TLS[name]
        return
    if name in _FLAGS:
        setattr(options, _FLAGS[name], True)
        return
    attribute = _VALUES.get(name)
    if attribute is None:
        raise Unsimulated(f"curl: option --{name}")
    text = value()
    current = getattr(options, attribute)
    if isinstance(current, list):
        current.append(text)
    elif attribute in _NUMBERS:
        try:
            number = float(text)
        except ValueError:
            raise CurlError(2, f"option --{name}: expected a proper numerical parameter") from None
        setattr(options, attribute, number if attribute not in ("retry", "max_redirs") else int(number))
    else:
        setattr(options, attribute, text)


_LINE = re.compile(r"\s*(?:--?)?([A-Za-z0-9.-]+)\s*(?:[=:]|\s|$)\s*(.*?)\s*\Z")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "v": "\v"}


def apply_config(options: Options, text: str) -> None:
    """Reads the lines of a configuration file: option = "value"."""
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(line)
        if not match:
            raise CurlError(2, "error in the configuration file")
        name, rest = match[1], match[2]
        if len(name) == 1:
            name = _SHORT.get(name, name)
        _set(options, name, _fixed(_config_value(rest)))


def _config_value(text: str) -> str:
    if not text.startswith('"'):
        return text.split(maxsplit=1)[0] if text else ""
    out: list[str] = []
    i = 1
    while i < len(text) and text[i] != '"':
        if text[i] == "\\" and i + 1 < len(text):
            i += 1
            out.append(_ESCAPES.get(text[i], text[i]))
        else:
            out.append(text[i])
        i += 1
    return "".join(out)
