# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""lb_member and lb_member_info where the provider works on the web node: they are actions then, and not modules.

Not yet run on Windows. Private to this collection: it may change at any time.
"""

from __future__ import annotations

import typing as t

from ..module_utils._http.client import DirectTransport
from ..module_utils._http.transport import InvalidRequest, Request, TransportFailure
from ..module_utils._load_balancer.api import LoadBalancerApi
from ..module_utils._load_balancer.errors import LoadBalancerError, Refused, Unreachable
from ..module_utils._load_balancer.interrupt import guarded
from ..module_utils._load_balancer.node import Answer, WebNode
from ..module_utils._load_balancer.provider import NodeProvider
from ..module_utils._load_balancer.run import carry_out, members_of
from ..module_utils._load_balancer.spec import MEMBER, MEMBER_INFO, REQUIRED_IF, provider_of, request_of
from ..module_utils._progress import Progress
from ..module_utils._text import excerpt
from ._iis.action import IisActionBase, Node
from ._iis.appcmd_pools import AppcmdPools
from ._iis.errors import IisError
from ._iis.node_api import NodeFiles
from ._iis.node_windows import WindowsFiles
from ._iis.paths import check_directory
from ._iis.pool_api import PoolApi
from ._iis.pool_info import describe_pools
from ._iis.reporter import TaskReporter

_CHECK_TIMEOUT_S = 5.0
_CONDITIONS: dict[str, t.Any] = {"required_if": REQUIRED_IF}


class ReporterProgress(Progress):
    """Progress of a load balancer's task, reported by an action."""

    def __init__(self, reporter: TaskReporter) -> None:
        super().__init__("")
        self._reporter = reporter

    @property
    def wanted(self) -> bool:
        return True

    def say(self, line: str) -> None:
        self._last = self._clock()
        self._reporter.show(line)


class WindowsWebNode(WebNode):
    """A Windows node with IIS, over winrm."""

    def __init__(self, files: NodeFiles, pools: PoolApi, *, validate_certs: bool, ca_path: str | None) -> None:
        self._files = files
        self._pools = pools
        self._transport = DirectTransport(validate_certs, ca_path)

    @property
    def name(self) -> str:
        return "the node"

    def check_path(self, path: str, option: str) -> None:
        try:
            check_directory(path, option)
        except IisError as error:
            raise Refused(error.message) from error

    def has_file(self, path: str) -> bool:
        with _AsLoadBalancerErrors():
            return self._files.read_text(path) is not None

    def rename(self, path: str, name: str) -> None:
        with _AsLoadBalancerErrors():
            renamed = self._files.rename(path, name)
        if not renamed:
            raise LoadBalancerError(f"{path} cannot be renamed to {name} on the node: a program holds it open.")

    def in_flight(self, pool: str) -> int | None:
        with _AsLoadBalancerErrors():
            found: int | None = describe_pools(self._pools, pool)["pools"][0]["in_flight"]
        return found

    def request(self, url: str, host: str | None) -> Answer:
        try:
            return Answer(self._transport.send(Request(url, host=host, timeout_s=_CHECK_TIMEOUT_S)).status)
        except (TransportFailure, InvalidRequest) as error:
            return Answer(error=excerpt(str(error)), refused=isinstance(error.__cause__, ConnectionRefusedError))


class _AsLoadBalancerErrors:
    """Translates errors of the node into those of the load balancer's part."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IisError):
            made = Unreachable if error.connection_lost else LoadBalancerError
            raise made(error.message) from error


class _NodeAction(IisActionBase):
    SPEC_CONDITIONS = _CONDITIONS

    def api(self, options: dict[str, t.Any], node: Node) -> LoadBalancerApi:
        provider = provider_of(options)
        if not isinstance(provider, NodeProvider):
            raise Refused(f"A task with provider={provider.name} does not run on a web node.")
        windows = WindowsWebNode(
            WindowsFiles(node.runner, node.system_root),
            AppcmdPools(node.appcmd),
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
        )
        return provider.connect(options, windows)


class ChangeAction(_NodeAction):
    """lb_member on a web node."""

    ARGUMENT_SPEC = MEMBER

    def work(self, options: dict[str, t.Any], node: Node) -> dict[str, t.Any]:
        try:
            request = request_of(options, node.check_mode)
            api = self.api(options, node)
            node.reporter.begin_step(
                "taking the node out of the load balancer or back",
                f"Look at {api.where}: whether it was changed is not known.",
            )
            with guarded() as guard:
                found = carry_out(api, request, ReporterProgress(node.reporter), guard)
        except LoadBalancerError as error:
            raise IisError(str(error), **error.facts) from error
        for warning in found.pop("warnings"):
            node.reporter.warn(warning)
        return found


class InfoAction(_NodeAction):
    """lb_member_info on a web node."""

    ARGUMENT_SPEC = MEMBER_INFO

    def work(self, options: dict[str, t.Any], node: Node) -> dict[str, t.Any]:
        try:
            return {"changed": False, "members": members_of(self.api(options, node), options["member"], None)}
        except LoadBalancerError as error:
            raise IisError(str(error), **error.facts) from error
