# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the ledger: checked against what it holds, planned, and applied unless in check mode.

Private to this collection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._names import cut, same
from .model import NO_LEASE, Consumer, Event, Lease, Node, timestamp
from .store import LedgerStore


class LedgerError(Exception):
    """Why the ledger refused, as one sentence."""

    def __init__(self, text: str, taken_over: bool = False) -> None:
        super().__init__(text)
        self.taken_over = taken_over
        """Another run holds the lease."""


@dataclass(frozen=True)
class Request:
    """The options of the task."""

    state: str
    app: str
    run_id: str | None = None
    owner: str = "unknown"
    ttl_s: int = 600
    fencing_token: int | None = None
    version: str | None = None
    node: str | None = None
    outcome: str | None = None
    previous_version: str | None = None
    detail: str | None = None
    result: str | None = None
    manifest: str | None = None
    consumer: str | None = None
    program_name: str | None = None


@dataclass
class Plan:
    """The writes that a request needs."""

    changed: bool = False
    writes: list[Callable[[LedgerStore], None]] = field(default_factory=list)
    """A renewal is among them, but is not a change."""


def carry_out(store: LedgerStore, request: Request, check_mode: bool) -> dict[str, Any]:
    """Plan the request, apply it unless in check mode, and report what was before and after."""
    if check_mode:
        present = store.exists()
        before = _state(store) if present else _NOTHING
        plan = _plan(store if present else None, request)
        return _report(plan, before, before)
    store.begin()
    try:
        before = _state(store)
        plan = _plan(store, request)
        for write in plan.writes:
            write(store)
        after = _state(store) if plan.writes else before
        store.commit()
    except BaseException:
        store.rollback()
        raise
    return _report(plan, before, after)


@dataclass(frozen=True)
class _State:
    lease: Lease | None
    nodes: list[Node]
    consumers: list[Consumer]

    def public(self) -> dict[str, Any]:
        return {
            "lease": self.lease.public() if self.lease else NO_LEASE,
            "nodes": [node.public() for node in self.nodes],
            "consumers": [consumer.public() for consumer in self.consumers],
        }


_NOTHING = _State(None, [], [])


def _state(store: LedgerStore) -> _State:
    return _State(store.lease(), store.nodes(), store.consumers())


def _report(plan: Plan, before: _State, after: _State) -> dict[str, Any]:
    return {"changed": plan.changed, "previous_state": before.public(), **after.public()}


def _plan(store: LedgerStore | None, request: Request) -> Plan:
    """Planning reads the store; None stands for a ledger that was never used."""
    lease = store.lease() if store else None
    plan = _PLANS[request.state]
    return plan(lease, store, request)


def _take(lease: Lease | None, request: Request) -> Plan:
    run_id = _run_id(request)
    if lease is not None and lease.held and same(lease.run_id, run_id):
        return _renew(lease, request)
    if lease is not None and lease.alive:
        raise LedgerError(
            f"Application {request.app} is being deployed by {lease.holder()}: wait for it, or, if you know that it is "
            "dead, revoke the lease (deployment state=revoked)."
        )
    token = lease.fencing_token + 1 if lease else 1
    writes: list[Callable[[LedgerStore], None]] = []
    if lease is not None and lease.held:
        expired = Event("expired", lease.run_id, lease.fencing_token, lease.owner, detail=f"taken over by run {run_id}")
        writes.append(lambda store: store.put_event(expired))
    event = Event("leased", run_id, token, request.owner, version=request.version)
    writes += [
        lambda store: store.grant(token, request.owner, run_id, request.version, request.ttl_s, new=lease is None),
        lambda store: store.put_run(run_id, request.version, request.owner),
        lambda store: store.put_event(event),
    ]
    return Plan(True, writes)


def _own(lease: Lease | None, request: Request) -> Lease:
    """The lease, if it is this run's. An expired one still is, as long as nobody else has taken it."""
    run_id = _run_id(request)
    mine = lease is not None and lease.held and same(lease.run_id, run_id)
    if lease is None or not mine:
        if lease is not None and lease.held:
            found = f"it is held by {lease.holder()}"
        elif lease is not None:
            found = f"nobody holds it since the run {lease.run_id} released it or lost it"
        else:
            found = "it was never taken"
        raise LedgerError(
            f"The run {run_id} does not hold the lease of application {request.app}: {found}. "
            "Stop this run; what it has done is in the ledger.",
            taken_over=lease is not None and lease.held,
        )
    if request.fencing_token is not None and request.fencing_token != lease.fencing_token:
        raise LedgerError(
            f"The lease of application {request.app} has fencing token {lease.fencing_token}, this task brought "
            f"{request.fencing_token}: another process has taken the lease over for the same run. Stop this one.",
            taken_over=True,
        )
    return lease


def _renew(lease: Lease, request: Request) -> Plan:
    writes: list[Callable[[LedgerStore], None]] = [lambda store: store.extend(lease.fencing_token, request.ttl_s)]
    if request.version is not None:
        writes.append(lambda store: store.put_run(lease.run_id, request.version, lease.owner))
    if not lease.alive:
        event = Event("revived", lease.run_id, lease.fencing_token, lease.owner)
        writes.append(lambda store: store.put_event(event))
    return Plan(False, writes)


def _record(lease: Lease, nodes: list[Node], request: Request) -> Plan:
    if request.node is None or request.outcome is None:
        raise LedgerError("state=recorded expects node and outcome.")
    before = next((node for node in nodes if same(node.name, request.node)), None)
    version = request.version if request.version is not None else before.version if before else None
    previous = request.previous_version if request.previous_version is not None else None
    if previous is None and before is not None:
        previous = before.previous_version if same(before.version, version) else before.version
    after = Node(request.node, version, previous, request.outcome, lease.run_id, request.detail)
    if before is not None and _same(before, after):
        return Plan()
    stored = before.name if before is not None else None
    event = Event(
        "outcome",
        lease.run_id,
        lease.fencing_token,
        lease.owner,
        after.name,
        after.outcome,
        after.version,
        after.previous_version,
        after.detail,
    )
    return Plan(True, [lambda store: store.put_node(after, stored), lambda store: store.put_event(event)])


def _stage(lease: Lease, store: LedgerStore | None, request: Request) -> Plan:
    if request.node is None or request.version is None or request.manifest is None:
        raise LedgerError("state=staged expects node, version and manifest.")
    known = store.staged(request.version) if store else []
    if any(same(proof.node, request.node) and proof.manifest == request.manifest for proof in known):
        return Plan()
    event = Event(
        "staged",
        lease.run_id,
        lease.fencing_token,
        lease.owner,
        request.node,
        version=request.version,
        detail=request.manifest,
    )
    return Plan(True, [lambda store: store.put_event(event)])


def _same(before: Node, after: Node) -> bool:
    keys = ("version", "previous_version", "outcome", "run_id", "detail")
    return all(getattr(before, key) == getattr(after, key) for key in keys)


def _release(lease: Lease | None, request: Request) -> Plan:
    run_id = _run_id(request)
    if lease is None or not lease.held:
        return Plan()
    if not same(lease.run_id, run_id):
        raise LedgerError(
            f"The run {run_id} cannot release the lease of application {request.app}: it is held by {lease.holder()}."
        )
    _own(lease, request)
    result = request.result or "ended"
    event = Event("released", run_id, lease.fencing_token, lease.owner, outcome=result, detail=request.detail)
    return Plan(
        True,
        [
            lambda store: store.free(),
            lambda store: store.end_run(run_id, result),
            lambda store: store.put_event(event),
        ],
    )


def _revoke(lease: Lease | None, request: Request) -> Plan:
    if lease is None or not lease.held:
        return Plan()
    if request.run_id is not None and not same(request.run_id, lease.run_id):
        raise LedgerError(
            f"The lease of application {request.app} to be revoked is that of run {request.run_id}, but it is held by "
            f"{lease.holder()}: nothing was revoked."
        )
    if not request.detail:
        raise LedgerError("state=revoked expects detail: say why the lease is revoked, it is kept in the history.")
    event = Event(
        "revoked",
        lease.run_id,
        lease.fencing_token,
        request.owner,
        detail=cut(f"lease of {lease.owner} until {timestamp(lease.expires_at)}: {request.detail}", 2000),
    )
    revoked_run = lease.run_id
    return Plan(
        True,
        [
            lambda store: store.free(),
            lambda store: store.end_run(revoked_run, "revoked"),
            lambda store: store.put_event(event),
        ],
    )


def _consumer(consumers: list[Consumer], request: Request) -> Plan:
    if request.consumer is None:
        raise LedgerError("state=consumer_present expects consumer.")
    before = next((consumer for consumer in consumers if same(consumer.name, request.consumer)), None)
    version = request.version if request.version is not None else before.version if before else None
    program = request.program_name if request.program_name is not None else before.program_name if before else None
    if before is not None and (before.version, before.program_name) == (version, program):
        return Plan()
    after = Consumer(request.consumer, version, program)
    stored = before.name if before is not None else None
    event = Event(
        "consumer_present", request.run_id, owner=request.owner, node=after.name, version=version, detail=program
    )
    return Plan(True, [lambda store: store.put_consumer(after, stored), lambda store: store.put_event(event)])


def _no_consumer(consumers: list[Consumer], request: Request) -> Plan:
    if request.consumer is None:
        raise LedgerError("state=consumer_absent expects consumer.")
    name = next((consumer.name for consumer in consumers if same(consumer.name, request.consumer)), None)
    if name is None:
        return Plan()
    event = Event("consumer_absent", request.run_id, owner=request.owner, node=name, detail=request.detail)
    return Plan(True, [lambda store: store.drop_consumer(name), lambda store: store.put_event(event)])


def _run_id(request: Request) -> str:
    if not request.run_id:
        raise LedgerError(f"state={request.state} expects run_id.")
    return request.run_id


_PLANS: dict[str, Callable[[Lease | None, LedgerStore | None, Request], Plan]] = {
    "leased": lambda lease, _store, request: _take(lease, request),
    "renewed": lambda lease, _store, request: _renew(_own(lease, request), request),
    "recorded": lambda lease, store, request: _record(_own(lease, request), store.nodes() if store else [], request),
    "staged": lambda lease, store, request: _stage(_own(lease, request), store, request),
    "released": lambda lease, _store, request: _release(lease, request),
    "revoked": lambda lease, _store, request: _revoke(lease, request),
    "consumer_present": lambda _lease, store, request: _consumer(store.consumers() if store else [], request),
    "consumer_absent": lambda _lease, store, request: _no_consumer(store.consumers() if store else [], request),
}
