# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open loop: a request is sent when it is due, whatever became of those before it, as the users of a site do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from .http import Answer, Client, Failed
from .records import OK, Record

SESSION_COOKIE = "shop_session"
_SCRIPT = re.compile(rb'src="(/assets/[^"]+)"')


@dataclass(frozen=True)
class LoadConfig:
    """What load to make. Rates are requests a second; the run ends by itself at `max_duration_s`."""

    address: str
    port: int
    host: str
    rate: float = 180.0
    slow_rate: float = 8.0
    slow_s: tuple[float, float] = (2.0, 5.0)
    mix: dict[str, int] = field(
        default_factory=lambda: {"read": 30, "write": 20, "page": 15, "session": 5, "version": 15}
    )
    closing_share: float = 0.2
    users: int = 30
    sticky_cookie: str = ""
    timeout_s: float = 10.0
    max_duration_s: float = 600.0
    run: str = "run"
    seed: int = 1


class Generator:
    """Sends the load and keeps a record of every request."""

    def __init__(self, config: LoadConfig) -> None:
        self.config = config
        self.records: list[Record] = []
        self.marks: dict[str, float] = {}
        self.acknowledged: list[str] = []
        self.max_lag_ms = 0.0
        self.failed: Counter[str] = Counter()
        self._client = Client(config.address, config.port)
        self._random = random.Random(config.seed)
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None
        self._writes = itertools.count(1)
        # Who sends the requests, where the load balancer keeps each visitor with one server by a cookie of its own.
        self._visitors: itertools.cycle[dict[str, str]] = itertools.cycle([{} for _unused in range(config.users)])
        self._users: deque[_User] = deque(_User() for _unused in range(config.users))
        self._senders: dict[str, Callable[[float], Coroutine[Any, Any, None]]] = {
            "read": self._read,
            "write": self._write,
            "page": self._page,
            "session": self._session,
            "version": self._version,
            "slow": self._slow,
        }

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def mark(self, name: str) -> None:
        self.marks[name] = time.monotonic()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Until stop() or the limit of time, and then until every request under way has ended."""
        mix = self._shuffled_mix()
        # A page brings one more request, that for its script: the configured rate is what reaches the site.
        share = 1 + mix.count("page") / len(mix)
        await asyncio.gather(
            self._schedule(itertools.cycle(mix), self.config.rate / share),
            self._schedule(itertools.repeat("slow"), self.config.slow_rate),
        )
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._client.close()
        if self._fault is not None:
            raise self._fault  # of the generator itself: its figures are worth nothing

    def _shuffled_mix(self) -> list[str]:
        mix = [kind for kind, weight in self.config.mix.items() for _unused in range(weight)]
        self._random.shuffle(mix)
        return mix

    async def _schedule(self, kinds: itertools.cycle[str] | itertools.repeat[str], rate: float) -> None:
        if rate <= 0:
            return
        begin = time.monotonic()
        end = begin + self.config.max_duration_s
        for number in itertools.count():
            planned = begin + number / rate
            if planned > end:
                self.stop()
            if planned > time.monotonic():
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), planned - time.monotonic())
            if self._stopping.is_set():
                return
            self.max_lag_ms = max(self.max_lag_ms, (time.monotonic() - planned) * 1000)
            self._start(self._senders[next(kinds)](planned))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._fault = error
            self.stop()

    # -- one method for each kind of request
    async def _read(self, planned: float) -> None:
        await self._send("read", planned, "GET", "/things", check=lambda a: isinstance(_json(a)["things"], list))

    async def _version(self, planned: float) -> None:
        await self._send("version", planned, "GET", "/version", check=lambda a: bool(_json(a)["version"]))

    async def _slow(self, planned: float) -> None:
        seconds = round(self._random.uniform(*self.config.slow_s), 2)
        await self._send(
            "slow", planned, "GET", f"/slow?s={seconds}", extra_s=seconds, check=lambda a: "waited_s" in _json(a)
        )

    async def _write(self, planned: float) -> None:
        identity = f"{self.config.run}-{next(self._writes):06d}"
        answer = await self._send(
            "write",
            planned,
            "POST",
            "/things",
            body=json.dumps({"id": identity, "name": f"thing {identity}"}).encode(),
            expected=201,
            note=identity,
            check=lambda a: _json(a)["id"] == identity,
        )
        if answer is not None:
            self.acknowledged.append(identity)

    async def _page(self, planned: float) -> None:
        answer = await self._send("page", planned, "GET", "/", check=lambda a: bool(_SCRIPT.search(a.body)))
        if answer is None:
            return
        script = _SCRIPT.search(answer.body)
        assert script is not None
        path = script[1].decode()
        version = path.split("/")[2].encode()
        await self._send("asset", time.monotonic(), "GET", path, note=path, check=lambda a: version in a.body)

    async def _session(self, planned: float) -> None:
        if not self._users:
            return  # every user waits for an answer already
        user = self._users.popleft()

        def remembered(answer: Answer) -> bool:
            seen = _json(answer)
            known = not user.cookie or (not seen["new"] and seen["hits"] > user.hits)
            if known:
                user.hits = seen["hits"]
            return known

        answer = await self._send(
            "session", planned, "GET", "/session", cookie=user.cookie, check=remembered, wrong="lost_session"
        )
        for set_cookie in answer.set_cookies if answer is not None else []:
            if set_cookie.startswith(f"{SESSION_COOKIE}="):
                user.cookie = set_cookie.split(";")[0]
        self._users.append(user)

    async def _send(
        self,
        kind: str,
        planned: float,
        method: str,
        path: str,
        *,
        check: Callable[[Answer], bool],
        body: bytes = b"",
        cookie: str = "",
        expected: int = 200,
        extra_s: float = 0.0,
        note: str = "",
        wrong: str = "wrong_answer",
    ) -> Answer | None:
        """Sends one request, records how it ended, and returns the answer if it is the expected one."""
        keep_alive = self._random.random() >= self.config.closing_share
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.config.host}",
            f"Connection: {'keep-alive' if keep_alive else 'close'}",
        ]
        visitor = next(self._visitors)
        cookies = [text for text in (cookie, visitor.get("cookie", "")) if text]
        if cookies:
            lines.append(f"Cookie: {'; '.join(cookies)}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        request = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
        record = Record(kind, planned, planned, OK, note=note)
        answer: Answer | None = None
        try:
            answer = await self._client.send(request, self.config.timeout_s + extra_s, keep_alive=keep_alive)
        except Failed as failed:
            record.outcome = failed.kind
        record.ended = time.monotonic()
        if answer is not None:
            record.status = answer.status
            record.version = answer.headers.get("x-shop-version", "")
            record.node = answer.headers.get("x-shop-node", "")
            record.outcome = outcome_of(kind, answer, expected, check, wrong)
            if self.config.sticky_cookie:
                for set_cookie in answer.set_cookies:
                    if set_cookie.startswith(f"{self.config.sticky_cookie}="):
                        visitor["cookie"] = set_cookie.split(";")[0]
        if not record.ok:
            self.failed[record.outcome] += 1
            if answer is not None:
                record.note = f"{note} {answer.body[:200].decode(errors='replace')}".strip()
        self.records.append(record)
        return answer if record.ok else None


def outcome_of(kind: str, answer: Answer, expected: int, check: Callable[[Answer], bool], wrong: str) -> str:
    """The outcome that an answer amounts to."""
    if answer.status >= 500:
        return "5xx"
    if kind == "asset" and answer.status == 404:
        return "asset_404"
    if answer.status != expected:
        return "unexpected_status"
    try:
        return OK if check(answer) else wrong
    except (ValueError, KeyError, TypeError):
        return "wrong_answer"


@dataclass
class _User:
    cookie: str = ""
    hits: int = 0


def _json(answer: Answer) -> dict[str, Any]:
    content = json.loads(answer.body)
    if not isinstance(content, dict):
        raise TypeError("an object was expected")
    return content
