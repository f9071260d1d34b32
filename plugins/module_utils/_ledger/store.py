# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the ledger is kept. Private to this collection."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .model import Consumer, Event, Lease, Node, Run, Staged


class LedgerStore(ABC):
    """The ledger of one application. Between `begin` and `commit` nobody else writes to it."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether the ledger was ever used; unreadable or unknown formats raise."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a change: create missing tables, and lock out every other writer."""

    @abstractmethod
    def commit(self) -> None:
        """Keep the change."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the change. Never raises."""

    @abstractmethod
    def lease(self) -> Lease | None: ...

    @abstractmethod
    def nodes(self) -> list[Node]: ...

    @abstractmethod
    def consumers(self) -> list[Consumer]: ...

    @abstractmethod
    def staged(self, version: str) -> list[Staged]:
        """The last proof of each node on which the version was staged."""

    @abstractmethod
    def deployed(self) -> list[str]:
        """The versions that all nodes once ran, in the order of their first deployment."""

    @abstractmethod
    def runs(self, last: int) -> list[Run]: ...

    @abstractmethod
    def events(self, last: int) -> list[Event]: ...

    @abstractmethod
    def grant(self, token: int, owner: str, run_id: str, version: str | None, ttl_s: int, new: bool) -> None:
        """Give the lease to a run; it expires `ttl_s` seconds from now by the server's clock."""

    @abstractmethod
    def extend(self, token: int, ttl_s: int) -> None:
        """Move the end of the lease to `ttl_s` seconds from now, never back."""

    @abstractmethod
    def free(self) -> None:
        """Mark the lease as not held; its token stays, so that the next one is greater."""

    @abstractmethod
    def put_run(self, run_id: str, version: str | None, owner: str) -> None:
        """A run began, or goes on."""

    @abstractmethod
    def end_run(self, run_id: str, result: str) -> None: ...

    @abstractmethod
    def put_node(self, node: Node, stored: str | None) -> None:
        """Write a node; `stored` is its name as the ledger spells it, None for a new one."""

    @abstractmethod
    def put_consumer(self, consumer: Consumer, stored: str | None) -> None:
        """Write a consumer; `stored` is its name as the ledger spells it, None for a new one."""

    @abstractmethod
    def drop_consumer(self, name: str) -> None: ...

    @abstractmethod
    def put_event(self, event: Event) -> None: ...
