# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module: from its options to its result.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from typing import Any

from .._progress import Progress
from .._task import Task
from .api import LoadBalancerApi
from .drain import DrainSession
from .enable import EnableSession
from .errors import LoadBalancerError, Refused
from .interrupt import Guard, guarded
from .report import describe, result
from .request import ENABLED, Request
from .spec import connect, request_of


def carry_out(api: LoadBalancerApi, request: Request, progress: Progress, guard: Guard) -> dict[str, Any]:
    """Runs the request. The result includes its warnings."""
    kind = EnableSession if request.state == ENABLED else DrainSession
    outcome = kind(api, request, progress, guard).run()
    return {**result(request, outcome), "warnings": outcome.warnings}


def change_member(module: Task) -> None:
    """Runs lb_member."""
    try:
        request = request_of(module.params, module.check_mode)
        with guarded() as guard:
            found = carry_out(connect(module.params), request, Progress(), guard)
    except LoadBalancerError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in found.pop("warnings"):
        module.warn(warning)
    module.exit_json(**found)


def members_of(api: LoadBalancerApi, member: str | None, backend: str | None) -> list[dict[str, Any]]:
    """The readings that lb_member_info returns."""
    if member is not None:
        members = list(api.read(api.find(member, backend)).members)
    else:
        members = [found for found in api.list_members() if backend in {None, found.id.backend}]
        if not members:
            raise Refused(f"{api.where} has no servers{f' in a backend {backend!r}' if backend else ''}.")
    return [describe(found) for found in members]


def show_members(module: Task) -> None:
    """Runs lb_member_info."""
    try:
        members = members_of(connect(module.params), module.params["member"], module.params["backend"])
    except LoadBalancerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, members=members)
