# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""appcmd.exe: its XML, its exit codes, and which failures are retried.

Its messages are localized, so decisions use exit codes and XML only. Not yet run on Windows.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

from .errors import AppcmdError, IisError, ProgramMissing
from .transport import Command, CommandResult, CommandRunner

NOTHING_MATCHED = 1
ACCESS_DENIED = 5
CONFIGURATION_LOCKED = 32  # 0x80070020
ALREADY_RUNNING = 1056
POOL_BUSY = 1061  # 0x80070425
NOT_STARTED = 1062
NO_SUCH_OBJECT = 1168
TRANSIENT_RPC = 1726  # 0x800706be
UNKNOWN_TO_WAS = 4312

_RETRIED_CHANGES = frozenset({CONFIGURATION_LOCKED, POOL_BUSY})
_RETRIED_READS = _RETRIED_CHANGES | {TRANSIENT_RPC}
_MEANING = {
    ACCESS_DENIED: "access denied: the WinRM user must be an administrator of the node",
    CONFIGURATION_LOCKED: "the IIS configuration stayed locked by another program (0x80070020)",
    ALREADY_RUNNING: "it is already started",
    POOL_BUSY: "the pool stayed busy with another change of state (0x80070425)",
    NOT_STARTED: "it is not started",
    NO_SUCH_OBJECT: "IIS has no such object",
    TRANSIENT_RPC: "the call to the IIS service kept failing (0x800706be)",
    UNKNOWN_TO_WAS: "the Windows process activation service does not know it",
}
_HRESULT = re.compile(r"hresult[:=][\s\"]*(?:0x)?([0-9a-f]{8})", re.IGNORECASE)
_TAGS = {"apppool": "APPPOOL", "requests": "REQUEST", "vdir": "VDIR", "wp": "WP"}
_RETRY_FOR_S = 20.0
_RETRY_FIRST_S = 0.1
_RETRY_MOST_S = 2.0
_NOT_XML_1_0 = re.compile(r"&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));", re.IGNORECASE)

Row = ElementTree.Element


class Appcmd:
    """appcmd on one node."""

    def __init__(
        self,
        runner: CommandRunner,
        system_root: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._runner = runner
        self._program = rf"{system_root}\System32\inetsrv\appcmd.exe"
        self._monotonic = monotonic
        self._sleep = sleep

    def rows(self, *words: str) -> list[Row]:
        """The objects that a `list` command prints. Any other output is a failure, never an empty list."""
        arguments = ("list", *words, "/xml")
        result = self._run(arguments, _RETRIED_READS)
        document = _parse(result.stdout)
        found = [] if document is None else list(document)
        if result.exit_code not in (0, NOTHING_MATCHED) or any(row.tag == "ERROR" for row in found):
            raise self._error(arguments, result)
        if document is None and (result.stdout.strip() or result.stderr.strip()):
            if result.exit_code:
                raise self._error(arguments, result)
            raise IisError(f"appcmd {' '.join(arguments)} printed no readable XML.")
        if not found:
            self._check_empty(arguments, document, result)
        elif result.exit_code == NOTHING_MATCHED:
            raise IisError(f"appcmd {' '.join(arguments)} printed objects and ended as if there were none.")
        tag = _TAGS[words[0]]
        if any(row.tag != tag or not row.get(f"{tag}.NAME") for row in found):
            raise IisError(f"appcmd {' '.join(arguments)} printed other objects than {tag}.")
        return found

    def _check_empty(self, arguments: tuple[str, ...], document: Row | None, result: CommandResult) -> None:
        """Accept an empty list when appcmd says that nothing matched, or else when it still lists the pools.

        Every server has pools. Where even they are missing, appcmd or the rights of the user are at fault.
        """
        if document is not None and result.exit_code == NOTHING_MATCHED:
            return
        control = self._run(("list", "apppool", "/xml"), _RETRIED_READS)
        pools = _parse(control.stdout)
        if control.exit_code or pools is None or not len(pools):
            raise IisError(
                f"appcmd {' '.join(arguments)} printed nothing, and appcmd lists no application pools: "
                "check the rights of the WinRM user and the IIS installation."
            )

    def change(self, *words: str, accept: frozenset[int] = frozenset()) -> int:
        """Run a command that changes something; returns 0 or one of `accept`, raises AppcmdError."""
        result = self._run(words, _RETRIED_CHANGES)
        code = code_of(result)
        if code and code not in accept:
            raise self._error(words, result)
        return code

    def _run(self, arguments: tuple[str, ...], retried: frozenset[int]) -> CommandResult:
        deadline = self._monotonic() + _RETRY_FOR_S
        pause_s = _RETRY_FIRST_S
        while True:
            try:
                result = self._runner.run(Command(self._program, arguments))
            except ProgramMissing as missing:
                raise IisError(f"The node has no {self._program}: install IIS (Web-Server) on it.") from missing
            if code_of(result) not in retried or self._monotonic() + pause_s > deadline:
                return result
            self._sleep(pause_s)
            pause_s = min(pause_s * 2, _RETRY_MOST_S)

    def _error(self, arguments: tuple[str, ...], result: CommandResult) -> AppcmdError:
        code = code_of(result)
        meaning = _MEANING.get(code, f"exit code {result.exit_code}")
        output = f" ({result.summary})" if result.summary else ""
        return AppcmdError(f"appcmd {' '.join(arguments)} failed: {meaning}{output}", code)


def code_of(result: CommandResult) -> int:
    """The low word of the HRESULT: of the exit code, or of the printed hresult when the exit code is only 1."""
    code = result.exit_code & 0xFFFFFFFF
    if code in (0, NOTHING_MATCHED):
        printed = _HRESULT.search(result.stdout) if code else None
        return int(printed[1], 16) & 0xFFFF if printed else code
    return code & 0xFFFF if code >> 16 else code


def _parse(text: str) -> Row | None:
    start = text.find("<appcmd")
    if start < 0:
        return None
    try:
        # A URL with control characters makes appcmd write character references that XML 1.0 does not allow.
        return ElementTree.fromstring(_NOT_XML_1_0.sub("?", text[start:]))  # noqa: S314  output of a managed node
    except ElementTree.ParseError:
        return None
