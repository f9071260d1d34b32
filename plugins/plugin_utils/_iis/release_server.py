# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest of the server around a site: applications that a switch restarts, and the log of the site's application.

Private to the collection.
"""

from __future__ import annotations

from typing import Any

from ...module_utils._secrets import mask_secrets
from ...module_utils._text import clean
from . import paths
from .errors import IisError
from .node_api import NodeFiles
from .site_api import VirtualDirectory
from .web_config import AspNetCoreModule, read_web_config

LOG_BYTES = 16 * 1024
_LINE_LENGTH = 300


class Server:
    """Reads files of applications on one node."""

    def __init__(self, files: NodeFiles, system_root: str) -> None:
        self._files = files
        self._system_root = system_root

    def restarted_applications(self, directories: list[VirtualDirectory], own: str) -> list[str]:
        """Other applications that restart, or may restart, with every write to applicationHost.config.

        The ASP.NET Core Module does that unless disallowRotationOnConfigChange is set. An application whose
        web.config cannot be read may restart.
        """
        others = (one for one in directories if one.is_application and one.name.casefold() != own.casefold())
        return sorted(one.name for one in others if self._may_restart(one.path))

    def _may_restart(self, path: str) -> bool:
        directory = paths.resolve(path, self._system_root)
        if directory is None:
            return True
        try:
            module = self._module(directory)
        except IisError as error:
            if error.connection_lost:
                raise
            return True
        return module is not None and module.restarts

    def _module(self, directory: str) -> AspNetCoreModule | None:
        text = self._files.read_text(rf"{directory}\web.config")
        return None if text is None else read_web_config(text)

    def log(self, path: str, lines: int) -> dict[str, Any] | None:
        """Path and last lines of the newest stdout log of an application; None when it has none or it is unknown."""
        directory = paths.resolve(path, self._system_root)
        try:
            module = self._module(directory) if directory else None
            if directory is None or module is None or module.log_file is None:
                return None
            newest = self._files.newest_file(_log_pattern(directory, module.log_file))
            if newest is None:
                return None
            return {"path": newest, "lines": last_lines(self._files.read_tail(newest, LOG_BYTES), lines)}
        except IisError as error:
            if error.connection_lost:
                raise
            return None


def _log_pattern(directory: str, log_file: str) -> str:
    """The module appends the start time and the process id to the configured name."""
    name = log_file.replace("/", "\\").removeprefix(".\\")
    absolute = paths.is_absolute(name)
    return f"{name if absolute else directory + chr(92) + name}_*.log"


def last_lines(text: str, count: int) -> list[str]:
    """The last lines that are not blank, without secrets, terminal sequences and control characters, each cut."""
    lines = [mask_secrets(clean(line)).rstrip()[:_LINE_LENGTH] for line in text.splitlines()]
    return [line for line in lines if line][-count:]
