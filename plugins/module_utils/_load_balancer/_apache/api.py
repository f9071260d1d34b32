# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's mod_proxy_balancer behind the abstract API.

Drain is the flag N of a worker, maintenance its flag D. Weights are hundredths of the load factor.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ..abilities import CountsAfterRestart, ResumesChecks, Weights
from ..api import LoadBalancerApi
from ..errors import BadReply, LoadBalancerError, Refused
from ..model import Admin, Member, MemberId, Sample, TakenOutBy, Traits
from .manager import Extras, Pages, Worker, extras, generation, workers

_LEAST_WEIGHT = 100
_MOST_WEIGHT = 10_000


class ApacheApi(LoadBalancerApi, CountsAfterRestart, ResumesChecks, Weights):
    """The balancer-manager of one Apache."""

    least_weight = _LEAST_WEIGHT

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._extras: Extras | None = None

    @property
    def where(self) -> str:
        return f"Apache at {self._pages.where}"

    def find(self, member: str, backend: str | None) -> list[MemberId]:
        every = self._workers()
        balancers = sorted({worker.balancer for worker in every})
        if backend is not None and backend not in balancers:
            raise Refused(f"{self.where} has no balancer {backend!r}: {_suggest(backend, balancers)}")
        here = [worker for worker in every if backend in {None, worker.balancer}]
        found = [worker for worker in here if member in {worker.route, worker.address, worker.url}]
        if not found:
            place = f"balancer {backend}" if backend else "any balancer"
            names = sorted({worker.name for worker in here})
            raise Refused(f"{self.where} has no worker {member!r} in {place}: {_suggest(member, names)}")
        return [_id(worker) for worker in found]

    def read(self, ids: Sequence[MemberId]) -> Sample:
        self._extras = extras(self._pages.get({}))
        return self.sample(ids)

    def sample(self, ids: Sequence[MemberId]) -> Sample:
        every = self._workers()
        by_id = {_id(worker): worker for worker in every}
        gone = [str(member_id) for member_id in ids if member_id not in by_id]
        if gone:
            raise LoadBalancerError(f"{self.where} no longer has {', '.join(gone)}: has its configuration changed?")
        others_up = {}
        for member_id in ids:
            others = [
                self._member(worker)
                for key, worker in by_id.items()
                if key.backend == member_id.backend and key != member_id
            ]
            others_up[member_id.backend] = sum(
                other.up and other.admin is Admin.READY and not other.backup for other in others
            )
        process, stopping = self._generation(every[0].nonce)
        older = {"processes of a former start": stopping} if stopping else {}
        return Sample(process, tuple(self._member(by_id[member_id]) for member_id in ids), others_up, older)

    def peers(self, member_id: MemberId) -> list[Member]:
        members = [self._member(worker) for worker in self._workers() if worker.balancer == member_id.backend]
        return [member for member in members if member.id != member_id]

    def list_members(self) -> list[Member]:
        self._extras = extras(self._pages.get({}))
        return [self._member(worker) for worker in self._workers()]

    def traits(self, ids: Sequence[MemberId]) -> Traits:
        sticky = self._extras is not None and self._extras.sticky
        backends = {member_id.backend for member_id in ids}
        every = [worker for worker in self._workers() if worker.balancer in backends]
        total = sum(worker.elected for worker in every)
        mine = sum(worker.elected for worker in every if _id(worker) in ids)
        return Traits(
            affinity=sticky,
            share_percent=round(100 * mine / total, 1) if sticky and total else None,
            uncounted=self._uncounted(),
        )

    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        self._set(
            member_id,
            w_status_N=int(admin is Admin.DRAIN),
            w_status_D=int(admin is Admin.MAINT),
            **({"w_status_S": 0} if admin is not Admin.MAINT else {}),
        )

    def resume_checks(self, member: Member) -> None:
        """Also marks the worker as failing its health check, so that only new successes bring it up."""
        checked = {"w_status_C": 1} if member.checked else {}
        self._set(member.id, w_status_N=1, w_status_D=0, w_status_S=0, **checked)

    def check_weight(self, weight: int) -> None:
        if not _LEAST_WEIGHT <= weight <= _MOST_WEIGHT:
            raise Refused(
                f"weight is {weight}: for Apache {_LEAST_WEIGHT} to {_MOST_WEIGHT} is expected, in hundredths of the "
                f"load factor."
            )

    def set_weight(self, member_id: MemberId, weight: int) -> None:
        self._set(member_id, w_lf=f"{weight / 100:.2f}")

    def manual_command(self, member_id: MemberId, admin: Admin) -> str:
        words = {Admin.READY: "off", Admin.DRAIN: "Draining Mode on", Admin.MAINT: "Disabled on"}
        return f"open {self._pages.where} and set the flags of {member_id} to: {words[admin]}"

    def after_restart(self, before: str, after: str) -> None:
        uncounted = self._uncounted()
        if uncounted:
            raise LoadBalancerError(f"{self.where} was restarted meanwhile. {uncounted}")

    def _generation(self, otherwise: str) -> tuple[str, int | None]:
        """An id of this start of Apache, and how many processes of former starts still run. None: not known."""
        status = self._pages.status()
        return (otherwise, None) if status is None else generation(status)

    def _uncounted(self) -> str:
        """A sentence where processes from before a graceful restart may hold requests that cannot be counted."""
        if self._generation("")[1] is not None:
            return ""
        return (
            f"The requests that {self.where} may still hold in processes from before a graceful restart cannot be "
            f"counted: give status_url. Only the MPM event tells its old processes there."
        )

    def _workers(self) -> list[Worker]:
        found = workers(self._pages.get({"xml": "1"}))
        if not found:
            raise LoadBalancerError(f"{self.where} has no balancer with workers.")
        return found

    def _set(self, member_id: MemberId, **values: object) -> None:
        worker = next((worker for worker in self._workers() if _id(worker) == member_id), None)
        if worker is None:
            raise LoadBalancerError(f"{self.where} no longer has {member_id}: has its configuration changed?")
        if not worker.nonce:
            raise Refused(
                f"{self.where} has 'nonce=none' for balancer {worker.balancer}, so that it takes no changes: remove it "
                f"from the configuration."
            )
        form = {"b": worker.balancer, "w": worker.url, "nonce": worker.nonce}
        answer = self._pages.post({**form, **{name: str(value) for name, value in values.items()}})
        if "Load Balancer Manager" not in answer:
            raise BadReply(f"{self.where} did not answer a change with its page.")

    def _member(self, worker: Worker) -> Member:
        admin = Admin.READY
        if worker.tokens & {"Dis", "Stop"}:
            admin = Admin.MAINT
        elif "Drn" in worker.tokens:
            admin = Admin.DRAIN
        healthy = not worker.tokens & {"Err", "HcFl"}
        up = healthy and "Ok" in worker.tokens
        return Member(
            id=_id(worker),
            taken_out_by=_taken_out_by(worker),
            status=worker.status,
            in_flight=worker.busy,
            queued=0,
            weight=round(worker.factor * 100),
            admin=admin,
            up=up,
            fresh=up,
            checked=self._extras is not None and worker.url in self._extras.checked,
            check_status="failed" if "HcFl" in worker.tokens else "",
            address=worker.address,
            backup=bool(worker.tokens & {"Stby", "Spar"}),
            affinity=self._extras is not None and self._extras.sticky,
            served=worker.elected,
        )


def _taken_out_by(worker: Worker) -> TakenOutBy:
    if worker.tokens & {"Dis", "Stop", "Drn"}:
        return TakenOutBy.ADMINISTRATOR
    if worker.tokens & {"Err", "HcFl"}:
        return TakenOutBy.HEALTH_CHECK
    return TakenOutBy.CONFIGURATION if "Ok" not in worker.tokens else TakenOutBy.NONE


def _id(worker: Worker) -> MemberId:
    return MemberId(worker.balancer, worker.name)


def _suggest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names[:10]) or 'none'}."
