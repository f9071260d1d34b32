# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's master process, through which the old workers of a reload are reached.

After a reload the new worker counts from zero, while the old one still holds the requests that it had. Only the
master process can be asked for those.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import BadReply, CutOff
from ..model import MemberId
from . import parse
from .names import member_path
from .runtime import Transport

_SERVERS = 4


class Master:
    """The master CLI (option -S of haproxy)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._places: dict[tuple[str, MemberId], tuple[int, int] | None] = {}

    @property
    def where(self) -> str:
        return self._transport.where

    def processes(self) -> parse.Processes:
        """The current and the old workers."""
        (answer,) = parse.sections(self._transport.exchange("show proc"), 1, "show proc")
        return parse.processes(answer)

    def older(self, ids: Sequence[MemberId]) -> dict[str, int]:
        """Requests in flight or queued for the members in each old worker."""
        found: dict[str, int] = {}
        for worker in self.processes().old_workers:
            count = self._count(worker, ids)
            if count is not None:
                found[worker] = count
        return found

    def cut(self, member_id: MemberId) -> None:
        """Close what the old workers have open to a member."""
        for worker in self.processes().old_workers:
            if self._place(worker, member_id) is None:
                continue
            command = f"shutdown sessions server {member_path(member_id)}"
            answer = self._ask(worker, command)
            if answer is not None:
                parse.expect_empty_reply(answer, command)

    def _count(self, worker: str, ids: Sequence[MemberId]) -> int | None:
        total = 0
        for member_id in ids:
            place = self._place(worker, member_id)
            if place is None:
                continue
            rows = self._stat(worker, f"show stat {place[0]} {_SERVERS} {place[1]}")
            if rows is None:
                return None
            if not rows:
                raise BadReply(f"Old worker {worker} of HAProxy did not answer for {member_id}.")
            for row in rows:
                if MemberId(row.text("pxname"), row.text("svname")) != member_id:
                    raise BadReply(f"Old worker {worker} of HAProxy answered for another server than {member_id}.")
                total += row.number("scur") + row.number("qcur")
        return total

    def _place(self, worker: str, member_id: MemberId) -> tuple[int, int] | None:
        """The ids of a member in an old worker, whose configuration may be older. None: it has no such member."""
        key = (worker, member_id)
        if key not in self._places:
            place = None
            for row in self._stat(worker, f"show stat -1 {_SERVERS} -1") or []:
                if (row.text("pxname"), row.text("svname")) == (member_id.backend, member_id.member):
                    place = (row.number("iid"), row.number("sid"))
            self._places[key] = place
        return self._places[key]

    def _stat(self, worker: str, command: str) -> list[parse.Row] | None:
        answer = self._ask(worker, command)
        if answer is None:
            return None
        (text,) = parse.sections(answer, 1, command)
        return parse.stat(text, command)

    def _ask(self, worker: str, command: str) -> str | None:
        """The answer of one worker, or None when it has ended."""
        answer = self._transport.exchange(f"@!{worker} {command}")
        if answer.strip() and not answer.startswith("Can't find the target"):
            return answer
        if answer == "\n" and command.startswith("shutdown"):
            return answer
        if worker in self.processes().old_workers:
            raise CutOff(f"Old worker {worker} of HAProxy does not answer '{command}'.")
        return None
