# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iis_release_info returns.

Private to the collection.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from . import paths
from .errors import IisError
from .marker import MARKER, TIME_FORMAT, Marker, read_marker
from .node_api import NodeFiles
from .pool_api import PoolApi
from .release import NodeState, ReleaseOptions, ReleaseTask
from .release_server import Server
from .reporter import TaskReporter
from .site_api import SiteApi


class InfoTask(ReleaseTask):
    """Reads what the other states read, and changes nothing."""

    def __init__(
        self,
        files: NodeFiles,
        sites: SiteApi,
        pools: PoolApi,
        options: ReleaseOptions,
        reporter: TaskReporter,
        other_sites: bool = False,
        log_lines: int = 0,
    ) -> None:
        super().__init__(files, sites, options, reporter, check_mode=True)
        self._pools = pools
        self._other_sites = other_sites
        self._log_lines = log_lines

    def run(self) -> dict[str, Any]:
        state = self.read_state()
        result: dict[str, Any] = {"changed": False, "site": self.options.site, "root": self.root}
        self.work(state, result)
        return result

    def work(self, state: NodeState, result: dict[str, Any]) -> None:
        history = self.history(state)
        markers = {name: self.marker(name) for name in sorted(state.versions)}
        result.update(
            current_path=state.path,
            current_version=state.version,
            current_app=self._current_app(state, markers),
            previous_version=history.previous_version if history else None,
            previous_path=history.previous_path if history else None,
            switched_at=history.switched_at if history else None,
            versions=[self._describe(name, state, marker) for name, marker in markers.items()],
            leftovers=state.leftovers,
            root_writers=self.root_writers() if state.root_exists else [],
            free_bytes=self.files.free_bytes(self.root),
            tools=self.files.tools(),
            role_services={"request_monitor": self._can_list_requests()},
        )
        server = Server(self.files, self.options.system_root)
        if self._other_sites:
            result["restarted_sites"] = server.restarted_applications(state.directories, self.own_directory)
            self._warn_of_restarts(result["restarted_sites"])
        if self._log_lines:
            result["application_log"] = server.log(state.path, self._log_lines)

    def _current_app(self, state: NodeState, markers: dict[str, Marker | None]) -> str | None:
        """The application whose release the site serves, from any root; None when no staging record names one."""
        if state.version in markers:
            marker = markers[state.version]
        else:
            place = paths.resolve(state.path, self.options.system_root)
            marker = read_marker(self.files.read_text(rf"{place}\{MARKER}".replace("/", "\\")))
        return (marker.app or None) if marker else None

    def _describe(self, name: str, state: NodeState, marker: Marker | None) -> dict[str, Any]:
        return {
            "version": name,
            "path": self.path_of(name),
            "current": state.version is not None and paths.same_path(name, state.version),
            "complete": marker is not None,
            "used_by": state.users[name],
            "checksum": marker.checksum if marker else None,
            "staged_at": marker.staged_at if marker else None,
            "age_s": _age_s(marker.staged_at) if marker else None,
        }

    def _warn_of_restarts(self, applications: list[str]) -> None:
        if applications:
            self.reporter.warn(
                f"A switch of {self.own_directory} restarts, or may restart, {', '.join(applications)}: every write to "
                "applicationHost.config does. Set the handler setting disallowRotationOnConfigChange in the web.config "
                "of these applications."
            )

    def _can_list_requests(self) -> bool:
        try:
            self._pools.requests()
        except IisError as error:
            if error.connection_lost:
                raise
            return False
        return True


def _age_s(staged_at: str) -> int | None:
    try:
        then = datetime.strptime(staged_at, TIME_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return round((datetime.now(timezone.utc) - then).total_seconds())
