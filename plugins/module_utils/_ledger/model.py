# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of the ledger: lease, nodes, consumers, runs, events. Private to this collection."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

OUTCOMES = ("started", "succeeded", "unchanged", "failed", "rolled_back", "skipped")
"""`failed` is out of rotation."""


def timestamp(value: datetime.datetime | None) -> str | None:
    """A time of the server's clock (UTC), as results show it."""
    return value.isoformat(timespec="seconds") + "Z" if value is not None else None


@dataclass(frozen=True)
class Lease:
    """The right to deploy one application. It exists once it was taken for the first time."""

    fencing_token: int
    held: bool
    owner: str
    run_id: str
    acquired_at: datetime.datetime
    renewed_at: datetime.datetime
    expires_at: datetime.datetime
    alive: bool
    """Held, and not yet expired by the server's clock."""
    version: str | None = None
    """What is being deployed."""

    def holder(self) -> str:
        """Who holds it, since when, until when, for messages."""
        return (
            f"{self.owner} (run {self.run_id}) since {timestamp(self.acquired_at)}, until {timestamp(self.expires_at)}"
        )

    def public(self) -> dict[str, Any]:
        return {
            "held": self.alive,
            "expired": self.held and not self.alive,
            "owner": self.owner,
            "run_id": self.run_id,
            "version": self.version,
            "fencing_token": self.fencing_token,
            "acquired_at": timestamp(self.acquired_at),
            "renewed_at": timestamp(self.renewed_at),
            "expires_at": timestamp(self.expires_at),
        }


NO_LEASE: dict[str, Any] = {
    "held": False,
    "expired": False,
    "owner": None,
    "run_id": None,
    "version": None,
    "fencing_token": 0,
    "acquired_at": None,
    "renewed_at": None,
    "expires_at": None,
}


@dataclass(frozen=True)
class Node:
    """What a node runs, and how its last step ended."""

    name: str
    version: str | None
    previous_version: str | None
    outcome: str
    run_id: str
    detail: str | None = None
    changed_at: datetime.datetime | None = None

    def public(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "previous_version": self.previous_version,
            "outcome": self.outcome,
            "run_id": self.run_id,
            "detail": self.detail,
            "changed_at": timestamp(self.changed_at),
        }


@dataclass(frozen=True)
class Staged:
    """The proof that a version was staged on a node: the digest of its files, which only its staging can know."""

    node: str
    version: str
    manifest: str
    staged_at: datetime.datetime | None = None

    def public(self) -> dict[str, Any]:
        return {
            "node": self.node,
            "version": self.version,
            "manifest": self.manifest,
            "staged_at": timestamp(self.staged_at),
        }


@dataclass(frozen=True)
class Consumer:
    """Another program that uses the application's database."""

    name: str
    version: str | None
    program_name: str | None
    changed_at: datetime.datetime | None = None

    def public(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "program_name": self.program_name,
            "changed_at": timestamp(self.changed_at),
        }


@dataclass(frozen=True)
class Run:
    """One deployment."""

    run_id: str
    version: str | None
    owner: str
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    result: str | None

    def public(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "version": self.version,
            "owner": self.owner,
            "started_at": timestamp(self.started_at),
            "ended_at": timestamp(self.ended_at),
            "result": self.result,
        }


@dataclass(frozen=True)
class Event:
    """One line of the history, never changed once it is written."""

    kind: str
    run_id: str | None = None
    fencing_token: int | None = None
    owner: str | None = None
    node: str | None = None
    outcome: str | None = None
    version: str | None = None
    previous_version: str | None = None
    detail: str | None = None
    at: datetime.datetime | None = None

    def public(self) -> dict[str, Any]:
        shown = {name: value for name, value in vars(self).items() if value is not None and name != "at"}
        return {"at": timestamp(self.at), **shown}
