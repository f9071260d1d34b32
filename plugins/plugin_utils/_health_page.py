# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider health_page of lb_member: it works on the web node itself, so it is an action and not a module.

Not yet run on Windows. Private to this collection: it may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.error import HTTPError

from ansible.module_utils.urls import open_url

from ..module_utils._load_balancer._health_page.api import HealthPage, HealthPageApi
from ..module_utils._load_balancer._health_page.node import HealthNode
from ..module_utils._load_balancer.errors import LoadBalancerError, Unreachable
from ..module_utils._load_balancer.interrupt import guarded
from ..module_utils._load_balancer.run import carry_out, members_of
from ..module_utils._load_balancer.spec import MEMBER, MEMBER_INFO, REQUIRED_IF, request_of
from ..module_utils._progress import Progress
from ._iis.action import IisActionBase, Node
from ._iis.appcmd_pools import AppcmdPools
from ._iis.errors import IisError
from ._iis.node_api import NodeFiles
from ._iis.node_windows import WindowsFiles
from ._iis.paths import check_directory
from ._iis.pool_api import PoolApi
from ._iis.pool_info import describe_pools
from ._iis.reporter import TaskReporter

OUT = ".out"
_CHECK_TIMEOUT_S = 5.0


class ReporterProgress(Progress):
    """Progress of a load balancer's task, said by an action."""

    def __init__(self, reporter: TaskReporter) -> None:
        super().__init__("")
        self._reporter = reporter

    @property
    def wanted(self) -> bool:
        return True

    def say(self, line: str) -> None:
        self._last = self._clock()
        self._reporter.show(line)


class WindowsHealthNode(HealthNode):
    """A Windows node: the page is a file, the requests are those of an application pool."""

    def __init__(self, files: NodeFiles, pools: PoolApi, options: dict[str, t.Any]) -> None:
        self._files = files
        self._pools = pools
        self._path = str(options["health_file"])
        self._pool = str(options["health_pool"])
        self._how = {
            "validate_certs": options["validate_certs"],
            "ca_path": options["ca_path"],
            "headers": {"Host": options["health_host"]} if options["health_host"] else {},
        }

    @property
    def name(self) -> str:
        return "the node"

    def page_is_on(self) -> bool:
        with _as_load_balancer_errors():
            if self._files.read_text(self._path) is not None:
                return True
            if self._files.read_text(self._path + OUT) is not None:
                return False
        raise LoadBalancerError(
            f"Neither {self._path} nor {self._path}{OUT} is on the node: the file of the health page is expected "
            f"(health_file)."
        )

    def set_page(self, on: bool) -> None:
        name = self._path.rpartition("\\")[2]
        old, new = (self._path + OUT, name) if on else (self._path, name + OUT)
        with _as_load_balancer_errors():
            renamed = self._files.rename(old, new)
        if not renamed:
            raise LoadBalancerError(f"{old} cannot be renamed to {new} on the node: something holds it open.")

    def in_flight(self) -> int | None:
        with _as_load_balancer_errors():
            found: int | None = describe_pools(self._pools, self._pool)["pools"][0]["in_flight"]
        return found

    def answers(self, url: str) -> str | None:
        try:
            open_url(url, timeout=_CHECK_TIMEOUT_S, follow_redirects="none", use_proxy=False, **self._how).read(4096)
        except HTTPError as error:
            return f"status {error.code}"
        except (OSError, ValueError) as error:
            return str(error)
        return None


class _as_load_balancer_errors:
    """What goes wrong on the node, in the words of the load balancer's part."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IisError):
            made = Unreachable if error.connection_lost else LoadBalancerError
            raise made(error.message) from error


def _page(options: dict[str, t.Any]) -> HealthPage:
    return HealthPage(
        options["health_url"],
        options["down_after_s"],
        options["up_after_s"],
        tuple(options["other_health_urls"] or ()),
    )


class _HealthPageAction(IisActionBase):
    SPEC_CONDITIONS = {"required_if": REQUIRED_IF}

    def api(self, options: dict[str, t.Any], node: Node) -> HealthPageApi:
        check_directory(options["health_file"], "health_file")
        files = WindowsFiles(node.runner, node.system_root)
        return HealthPageApi(WindowsHealthNode(files, AppcmdPools(node.appcmd), options), _page(options))


class ChangeAction(_HealthPageAction):
    """lb_member with the provider health_page."""

    ARGUMENT_SPEC = MEMBER

    def work(self, options: dict[str, t.Any], node: Node) -> dict[str, t.Any]:
        node.reporter.begin_step(
            "taking the node out of the load balancer or back",
            f"See on the node whether {options['health_file']} is in its place.",
        )
        try:
            request = request_of(options, node.check_mode)
            with guarded() as guard:
                found = carry_out(self.api(options, node), request, ReporterProgress(node.reporter), guard)
        except LoadBalancerError as error:
            raise IisError(str(error)) from error
        for warning in found.pop("warnings"):
            node.reporter.warn(warning)
        return found


class InfoAction(_HealthPageAction):
    """lb_member_info with the provider health_page."""

    ARGUMENT_SPEC = MEMBER_INFO

    def work(self, options: dict[str, t.Any], node: Node) -> dict[str, t.Any]:
        try:
            return {"changed": False, "members": members_of(self.api(options, node), options["member"], None)}
        except LoadBalancerError as error:
            raise IisError(str(error)) from error
