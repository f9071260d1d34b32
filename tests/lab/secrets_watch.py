# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for a lab's passwords where they must not be: in output, and in the process list while something runs."""

from __future__ import annotations

import base64
import threading
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

_INTERVAL_S = 0.03


def disguises(secret: str) -> set[str]:
    """The secret and the usual ways in which it could be written."""
    raw = secret.encode()
    return {
        secret,
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        base64.b64encode(secret.encode("utf-16-le")).decode().rstrip("="),
        secret.replace("!", "\\u0021"),
    }


def found_in(text: str, secrets: dict[str, str]) -> list[str]:
    """Names of the secrets that stand in the text. Names only: the finding must not print what it is about."""
    return sorted(name for name, secret in secrets.items() if any(form in text for form in disguises(secret)))


class ProcessListWatch:
    """Reads every command line of the machine, many times a second, for as long as the block runs."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self.found: set[str] = set()
        self.samples = 0
        self._secrets = secrets
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL_S):
            for line in _command_lines():
                for name in found_in(line, self._secrets):
                    self.found.add(f"{name} in the arguments of {line.split()[0]}")
            self.samples += 1

    def __enter__(self) -> ProcessListWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()


def _command_lines() -> Iterable[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
