# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The aspNetCore element of a release's web.config."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from .errors import HttpError

_DEFAULT_STARTUP_S = 120.0
_DEFAULT_SHUTDOWN_S = 10.0
_DEFAULT_REQUEST_S = 120.0


@dataclass(frozen=True)
class AspNetCore:
    """How the ASP.NET Core Module starts and ends the application's process.

    `rotates`: the application restarts with every write to applicationHost.config.
    """

    process_path: str
    arguments: str
    startup_s: float
    shutdown_s: float
    request_s: float
    rapid_fails_per_minute: int
    stdout_file: str | None
    rotates: bool
    environment: dict[str, str] = field(default_factory=dict)


def read(directory: Path) -> AspNetCore:
    """Raises the HTTP answer that a client gets when there is nothing to start."""
    path = next((p for p in sorted(directory.glob("*")) if p.name.lower() == "web.config"), None)
    if not directory.is_dir() or path is None:
        raise HttpError(404, "Not Found", substatus=0)
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        raise HttpError(
            500, "Internal Server Error: the configuration file is not well-formed XML", substatus=19
        ) from None
    element = root.find(".//aspNetCore")
    if element is None:
        raise HttpError(403, "Forbidden: the contents of this directory are not listed", substatus=14)
    process = element.get("processPath", "")
    if not process:
        raise HttpError(500, "Internal Server Error: processPath is required", substatus=19)
    logging = element.get("stdoutLogEnabled", "false").lower() == "true"
    return AspNetCore(
        process,
        element.get("arguments", ""),
        _number(element, "startupTimeLimit", _DEFAULT_STARTUP_S),
        _number(element, "shutdownTimeLimit", _DEFAULT_SHUTDOWN_S),
        _span(element.get("requestTimeout"), _DEFAULT_REQUEST_S),
        int(_number(element, "rapidFailsPerMinute", 10)),
        element.get("stdoutLogFile", "aspnetcore-stdout") if logging else None,
        not any(
            item.get("name") == "disallowRotationOnConfigChange" and item.get("value", "").lower() == "true"
            for item in element.findall("handlerSettings/handlerSetting")
        ),
        {
            item.get("name", ""): item.get("value", "")
            for item in element.findall("environmentVariables/environmentVariable")
        },
    )


def _number(element: ElementTree.Element, name: str, default: float) -> float:
    text = element.get(name)
    return float(text) if text and re.fullmatch(r"\d+", text) else default


def _span(text: str | None, default: float) -> float:
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d)", text or "")
    return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3]) if match else default
