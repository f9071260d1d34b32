# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.behaviour import (
    LedgerError,
    Request,
    carry_out,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.model import (
    Consumer,
    Event,
    Lease,
    Node,
    Run,
    Staged,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.store import LedgerStore

START = datetime.datetime(2026, 11, 20, 12, 0, 0)


class MemoryStore(LedgerStore):
    """A ledger in memory, with a clock that tests move."""

    def __init__(self) -> None:
        self.now = START
        self.used = False
        self.state: dict[str, Any] = {"lease": None, "nodes": {}, "consumers": {}, "runs": {}, "events": []}
        self.saved: dict[str, Any] | None = None

    def later(self, seconds: int) -> None:
        self.now += datetime.timedelta(seconds=seconds)

    def exists(self) -> bool:
        return self.used

    def begin(self) -> None:
        self.used = True
        self.saved = {
            name: value.copy() if isinstance(value, (dict, list)) else value for name, value in self.state.items()
        }

    def commit(self) -> None:
        self.saved = None

    def rollback(self) -> None:
        if self.saved is not None:
            self.state = self.saved
            self.saved = None

    def lease(self) -> Lease | None:
        row = self.state["lease"]
        if row is None:
            return None
        return Lease(**row, alive=row["held"] and row["expires_at"] > self.now)

    def nodes(self) -> list[Node]:
        return list(self.state["nodes"].values())

    def consumers(self) -> list[Consumer]:
        return list(self.state["consumers"].values())

    def staged(self, version: str) -> list[Staged]:
        events = [event for event in self.state["events"] if (event.kind, event.version) == ("staged", version)]
        return list({event.node: Staged(event.node, version, event.detail) for event in events}.values())

    def deployed(self) -> list[str]:
        runs = self.state["runs"].values()
        return [version for version, _owner, _started, _ended, result in runs if result == "succeeded" and version]

    def runs(self, last: int) -> list[Run]:
        return [Run(run_id, *values) for run_id, values in self.state["runs"].items()][-last:]

    def events(self, last: int) -> list[Event]:
        return list(reversed(self.state["events"]))[:last]

    def grant(self, token: int, owner: str, run_id: str, version: str | None, ttl_s: int, new: bool) -> None:
        assert new == (self.state["lease"] is None)
        self.state["lease"] = {
            "fencing_token": token,
            "held": True,
            "owner": owner,
            "run_id": run_id,
            "version": version,
            "acquired_at": self.now,
            "renewed_at": self.now,
            "expires_at": self.now + datetime.timedelta(seconds=ttl_s),
        }

    def extend(self, token: int, ttl_s: int) -> None:
        lease = self.state["lease"]
        assert lease["fencing_token"] == token
        later = max(lease["expires_at"], self.now + datetime.timedelta(seconds=ttl_s))
        self.state["lease"] = {**lease, "renewed_at": self.now, "expires_at": later}

    def free(self) -> None:
        self.state["lease"] = {**self.state["lease"], "held": False}

    def put_run(self, run_id: str, version: str | None, owner: str) -> None:
        self.state["runs"][run_id] = (version, owner, self.now, None, None)

    def end_run(self, run_id: str, result: str) -> None:
        version, owner, started, _ended, _result = self.state["runs"][run_id]
        self.state["runs"][run_id] = (version, owner, started, self.now, result)

    def put_node(self, node: Node, stored: str | None) -> None:
        self.state["nodes"].pop(stored, None)
        self.state["nodes"][node.name] = node

    def put_consumer(self, consumer: Consumer, stored: str | None) -> None:
        self.state["consumers"].pop(stored, None)
        self.state["consumers"][consumer.name] = consumer

    def drop_consumer(self, name: str) -> None:
        del self.state["consumers"][name]

    def put_event(self, event: Event) -> None:
        self.state["events"].append(event)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def ask(store: MemoryStore, state: str, check_mode: bool = False, **wishes: Any) -> dict[str, Any]:
    return carry_out(store, Request(state=state, app="shop", **wishes), check_mode)


def kinds(store: MemoryStore) -> list[str]:
    return [event.kind for event in store.state["events"]]


def test_a_second_deployment_fails_at_once_and_says_who_holds_the_lease(store: MemoryStore) -> None:
    taken = ask(store, "leased", run_id="r1", owner="ann", ttl_s=600, version="2")
    assert taken["changed"] and taken["lease"]["held"] and taken["lease"]["fencing_token"] == 1
    with pytest.raises(LedgerError) as caught:
        ask(store, "leased", run_id="r2", owner="bob")
    assert "ann (run r1) since 2026-11-20T12:00:00Z, until 2026-11-20T12:10:00Z" in str(caught.value)
    assert store.saved is None


def test_the_same_run_resumes_and_changes_nothing(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1")
    store.later(60)
    again = ask(store, "leased", run_id="r1")
    assert not again["changed"]
    assert again["lease"]["fencing_token"] == 1
    assert again["lease"]["expires_at"] == "2026-11-20T12:11:00Z"
    assert kinds(store) == ["leased"]


def test_renewing_never_moves_the_end_back(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1", ttl_s=600)
    renewed = ask(store, "renewed", run_id="r1", ttl_s=5)
    assert renewed["lease"]["expires_at"] == "2026-11-20T12:10:00Z"
    assert not renewed["changed"]


def test_an_expired_lease_is_taken_over_with_a_greater_token(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1", owner="ann", ttl_s=60)
    store.later(61)
    taken = ask(store, "leased", run_id="r2", owner="bob")
    assert taken["changed"] and taken["lease"]["fencing_token"] == 2
    assert taken["previous_state"]["lease"]["expired"]
    assert kinds(store) == ["leased", "expired", "leased"]


def test_a_run_that_lost_its_lease_writes_nothing(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1", ttl_s=60)
    store.later(61)
    ask(store, "leased", run_id="r2", owner="bob")
    for state in ("renewed", "recorded"):
        held = r"run r1 does not hold the lease .* it is held by bob \(run r2\)"
        with pytest.raises(LedgerError, match=held) as caught:
            ask(store, state, run_id="r1", node="web01", outcome="succeeded")
        assert caught.value.taken_over
    with pytest.raises(LedgerError, match="cannot release the lease"):
        ask(store, "released", run_id="r1")
    assert store.nodes() == []


def test_an_expired_lease_that_nobody_took_still_counts(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1", ttl_s=60)
    store.later(61)
    assert ask(store, "recorded", run_id="r1", node="web01", outcome="succeeded", version="2")["changed"]
    revived = ask(store, "renewed", run_id="r1", ttl_s=60)
    assert revived["lease"]["held"]
    assert kinds(store) == ["leased", "outcome", "revived"]


def test_a_stale_fencing_token_is_refused(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1")
    ask(store, "released", run_id="r1")
    ask(store, "leased", run_id="r1")
    with pytest.raises(LedgerError, match="has fencing token 2, this task brought 1") as caught:
        ask(store, "recorded", run_id="r1", fencing_token=1, node="web01", outcome="started")
    assert caught.value.taken_over
    assert ask(store, "recorded", run_id="r1", fencing_token=2, node="web01", outcome="started")["changed"]


def test_without_a_lease_nothing_is_recorded(store: MemoryStore) -> None:
    with pytest.raises(LedgerError, match="it was never taken"):
        ask(store, "recorded", run_id="r1", node="web01", outcome="started")
    ask(store, "leased", run_id="r1")
    ask(store, "released", run_id="r1")
    with pytest.raises(LedgerError, match="nobody holds it") as caught:
        ask(store, "recorded", run_id="r1", node="web01", outcome="started")
    assert not caught.value.taken_over


def test_outcomes_are_kept_once_and_so_is_their_history(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1")
    first = ask(store, "recorded", run_id="r1", node="web01", outcome="started", version="1")
    assert first["nodes"][0]["previous_version"] is None
    done = ask(store, "recorded", run_id="r1", node="web01", outcome="succeeded", version="2")
    assert done["nodes"][0]["previous_version"] == "1"
    again = ask(store, "recorded", run_id="r1", node="web01", outcome="succeeded", version="2")
    assert not again["changed"]
    assert again["nodes"][0]["previous_version"] == "1"
    assert kinds(store) == ["leased", "outcome", "outcome"]


def test_the_proof_of_a_staging_is_kept_once_and_only_by_the_run_that_has_the_lease(store: MemoryStore) -> None:
    proof: dict[str, Any] = {"node": "web01", "version": "2", "manifest": "salt:hash"}
    with pytest.raises(LedgerError, match="does not hold the lease"):
        ask(store, "staged", run_id="r1", **proof)
    ask(store, "leased", run_id="r1")
    assert ask(store, "staged", run_id="r1", check_mode=True, **proof)["changed"]
    assert store.staged("2") == []
    assert ask(store, "staged", run_id="r1", **proof)["changed"]
    assert not ask(store, "staged", run_id="r1", **proof)["changed"]
    assert ask(store, "staged", run_id="r1", **{**proof, "manifest": "salt:other"})["changed"]
    assert [(found.node, found.manifest) for found in store.staged("2")] == [("web01", "salt:other")]
    assert store.staged("3") == []
    assert kinds(store) == ["leased", "staged", "staged"]
    with pytest.raises(LedgerError, match="expects node, version and manifest"):
        ask(store, "staged", run_id="r1", node="web01", version="2")


def test_release_is_idempotent_and_keeps_the_result(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1")
    assert ask(store, "released", run_id="r1", result="failed")["changed"]
    assert not ask(store, "released", run_id="r1", result="failed")["changed"]
    assert store.runs(5)[0].result == "failed"
    assert ask(store, "leased", run_id="r2")["lease"]["fencing_token"] == 2


def test_breaking_needs_a_reason_and_is_recorded(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1", owner="ann")
    with pytest.raises(LedgerError, match="say why"):
        ask(store, "revoked", owner="bob")
    with pytest.raises(LedgerError, match="nothing was revoked"):
        ask(store, "revoked", owner="bob", run_id="other", detail="dead")
    revoked = ask(store, "revoked", owner="bob", detail="controller rebooted")
    assert revoked["changed"] and not revoked["lease"]["held"]
    event = store.events(1)[0]
    assert (event.kind, event.owner) == ("revoked", "bob")
    assert "controller rebooted" in str(event.detail)
    assert not ask(store, "revoked", owner="bob", detail="again")["changed"]


def test_consumers_are_registered_without_a_lease(store: MemoryStore) -> None:
    added = ask(store, "consumer_present", consumer="reports", version="1.4", program_name="Reports")
    assert added["changed"] and added["consumers"][0]["program_name"] == "Reports"
    assert not ask(store, "consumer_present", consumer="reports", version="1.4")["changed"]
    assert ask(store, "consumer_absent", consumer="reports")["changed"]
    assert not ask(store, "consumer_absent", consumer="reports")["changed"]


@pytest.mark.parametrize(
    "wishes",
    [
        {"state": "leased", "run_id": "r2"},
        {"state": "consumer_present", "consumer": "x"},
    ],
)
def test_check_mode_says_changed_and_writes_nothing(store: MemoryStore, wishes: dict[str, Any]) -> None:
    result = ask(store, check_mode=True, **wishes)
    assert result["changed"]
    assert not store.used
    assert not result["lease"]["held"]
    assert store.state["events"] == []


def test_check_mode_refuses_what_a_run_would_refuse(store: MemoryStore) -> None:
    ask(store, "leased", run_id="r1")
    with pytest.raises(LedgerError, match="is being deployed"):
        ask(store, "leased", check_mode=True, run_id="r2")
