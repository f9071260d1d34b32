# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the web.config of an application says about the ASP.NET Core Module (ANCM).

Private to the collection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from .errors import IisError

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")
_DEFAULT_LOG = "aspnetcore-stdout"  # of the module's schema, aspnetcore_schema_v2.xml


@dataclass(frozen=True)
class AspNetCoreModule:
    """Settings of the module: whether a write to applicationHost.config restarts the application, and its log."""

    restarts: bool
    log_file: str | None


def read_web_config(text: str) -> AspNetCoreModule | None:
    """The settings, None for an application without the module; raises IisError when the text is not XML."""
    try:
        root = ElementTree.fromstring(_DECLARATION.sub("", text))  # noqa: S314  a file of a managed node
    except ElementTree.ParseError as error:
        raise IisError(f"The web.config is not well-formed XML ({error}).") from error
    element = next(root.iter("aspNetCore"), None)
    handlers = [item.get("modules", "").casefold() for item in root.iter("add")]
    if element is None and not any(module.startswith("aspnetcoremodule") for module in handlers):
        return None
    stays = any(
        item.get("name") == "disallowRotationOnConfigChange" and item.get("value", "").casefold() == "true"
        for item in root.iter("handlerSetting")
    )
    logs = element is not None and element.get("stdoutLogEnabled", "false").casefold() == "true"
    return AspNetCoreModule(
        not stays, element.get("stdoutLogFile", _DEFAULT_LOG) if logs and element is not None else None
    )
