# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""iis_release: stage a release beside the running one, switch the site to it, remove old ones."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import paths
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.action import COMMON_SPEC, IisActionBase, Node
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.archive import check_name
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import RefusedValue
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.fetch import Source, check_source
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.marker import MARKER
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.node_windows import WindowsFiles
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release import ReleaseOptions
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release_states import STATES
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.site_api import AppcmdSites

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}\Z")


class ActionModule(IisActionBase):
    """The action plugin."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        **COMMON_SPEC,
        "site": {"type": "str", "required": True},
        "application": {"type": "str", "default": "/"},
        "root": {"type": "str", "required": True},
        "writers": {"type": "list", "elements": "str", "default": []},
        "state": {"type": "str", "required": True, "choices": ["staged", "current", "absent"]},
        "app": {"type": "str", "default": ""},
        "version": {"type": "str"},
        "path": {"type": "str"},
        "url": {"type": "str"},
        "checksum": {"type": "str"},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "ca_path": {"type": "str"},
        "check_revocation": {"type": "str", "default": "required", "choices": ["required", "best_effort", "none"]},
        "files": {"type": "dict", "default": {}, "no_log": True},
        "manifest": {"type": "str"},
        "keep": {"type": "int", "default": 5},
        "timeout_s": {"type": "float", "default": 600.0},
        "archive_mib": {"type": "float"},
        "unpacked_factor": {"type": "float", "default": 3.0},
        "margin_mib": {"type": "float", "default": 100.0},
    }
    SPEC_CONDITIONS: ClassVar[dict[str, Any]] = {
        "required_if": [
            ("state", "staged", ("version", "url", "checksum")),
            ("state", "current", ("version", "path"), True),
            ("state", "absent", ("version",)),
        ],
        "mutually_exclusive": [("version", "path")],
    }

    def work(self, options: dict[str, Any], node: Node) -> dict[str, Any]:
        if options["keep"] < 0:
            raise RefusedValue(f"keep is {options['keep']}: a number of versions, or 0 for all, is expected.")
        wanted = ReleaseOptions(
            source=_source(options),
            checksum=_checksum(options["checksum"]),
            files=_files(options["files"]),
            version=paths.check_version(options["version"]) if options["version"] is not None else None,
            writers=tuple(options["writers"]),
            **{name: options[name] for name in _PLAIN},
        )
        files = WindowsFiles(node.runner, node.system_root)
        task = STATES[wanted.state](files, AppcmdSites(node.appcmd), wanted, node.reporter, node.check_mode)
        return task.run()


_PLAIN = (
    "site", "root", "state", "application", "app", "path", "manifest", "keep", "timeout_s", "archive_mib",
    "unpacked_factor", "margin_mib", "system_root",
)  # fmt: skip


def _source(options: dict[str, Any]) -> Source | None:
    if options["url"] is None:
        return None
    names = ("url", "username", "password", "ca_path", "check_revocation")
    return check_source(Source(**{name: options[name] for name in names}))


def _checksum(value: str | None) -> str | None:
    if value is not None and not _CHECKSUM.match(value.lower()):
        raise RefusedValue(f"The checksum {value!r} is refused: sha256: and 64 hexadecimal digits are expected.")
    return value.lower() if value else None


def _files(value: dict[str, Any]) -> dict[str, str]:
    files = {check_name(str(name), "name of a file"): content for name, content in value.items()}
    for name, content in files.items():
        if not isinstance(content, str):
            raise RefusedValue(
                f"The content of {name} in files is {type(content).__name__}, text was expected: use to_json."
            )
        if name.casefold() == MARKER.casefold():
            raise RefusedValue(f"The name {name} in files is the name of this collection's staging record.")
    return {name: str(content) for name, content in files.items()}
