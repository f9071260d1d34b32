# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a module's result from readings.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .model import Member
from .request import MIXED, Outcome, Request


def describe(member: Member) -> dict[str, Any]:
    """A member in a result."""
    return {
        "backend": member.id.backend,
        "member": member.id.member,
        "state": member.state,
        "status": member.status,
        "taken_out_by": member.taken_out_by.value,
        "up": member.up and member.state == "enabled",
        "in_flight": member.in_flight,
        "queued": member.queued,
        "weight": member.weight,
        "mode": member.mode,
        "address": member.address,
        "backup": member.backup,
        "health_checks": member.checked or bool(member.tracks),
        "check_status": member.check_status,
        "agent_check": member.agent.value,
        "session_affinity": member.affinity,
        "max_in_flight": member.limit,
    }


def common_state(members: Iterable[Member]) -> str:
    """The state of a member in all its backends, or ``mixed``."""
    states = {member.state for member in members}
    return states.pop() if len(states) == 1 else MIXED


def result(request: Request, outcome: Outcome) -> dict[str, Any]:
    """The result of lb_member."""
    before = outcome.before
    after = outcome.after
    now = after.members if after else outcome.intended
    members = []
    for former, member in zip(before.members, now):
        members.append(
            {
                **describe(member),
                "previous_state": former.state,
                "previous_weight": former.weight,
                "in_flight_at_start": former.in_flight,
                "queued_at_start": former.queued,
            }
        )
    return {
        "changed": outcome.changed,
        "member": request.member,
        "previous_state": common_state(before.members),
        "state": common_state(after.members) if after else request.state,
        "waited_ms": outcome.waited_ms,
        "in_flight_at_start": before.in_flight,
        "queued_at_start": before.queued,
        "cut": outcome.cut,
        "reloads": outcome.reloads,
        "clients_moved_percent": outcome.share_percent,
        "plan": outcome.plan,
        "members": members,
        "diff": {"before": _state_of(before.members), "after": _state_of(outcome.intended)},
    }


def _state_of(members: tuple[Member, ...]) -> dict[str, Any]:
    return {
        str(member.id): {"admin_state": member.admin.value if member.admin else "unknown", "weight": member.weight}
        for member in members
    }
