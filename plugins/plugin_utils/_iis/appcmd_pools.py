# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application pools through appcmd.

Private to the collection.
"""

from __future__ import annotations

import re

from .appcmd import ACCESS_DENIED, ALREADY_RUNNING, NOT_STARTED, TRANSIENT_RPC, Appcmd, Row
from .errors import AppcmdError, IisError
from .pool_api import Pool, PoolApi, PoolConfig, Request, Worker
from .quoting import object_name

_TIME_SPAN = re.compile(r"(?:([0-9]{1,9})\.)?([0-9]{1,9}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?")
_DIGITS = re.compile(r"[0-9]{1,18}")  # str.isdigit is true for digits that int refuses, such as a superscript two
_DEFAULT_SHUTDOWN_S = 90.0


class AppcmdPools(PoolApi):
    """Lists everything and filters here: appcmd's own filters fail differently for unknown names."""

    def __init__(self, appcmd: Appcmd) -> None:
        self._appcmd = appcmd

    def pools(self, with_config: bool = False) -> list[Pool]:
        words = ("apppool", "/config:*") if with_config else ("apppool",)
        return [
            Pool(row.get("APPPOOL.NAME", ""), row.get("state", "Unknown"), _config(row) if with_config else None)
            for row in self._appcmd.rows(*words)
        ]

    def workers(self) -> list[Worker]:
        return [Worker(_pid(row), _pool_of(row)) for row in self._appcmd.rows("wp")]

    def requests(self) -> list[Request]:
        try:
            rows = self._appcmd.rows("requests")
        except AppcmdError as error:
            if error.code in (TRANSIENT_RPC, ACCESS_DENIED):
                raise
            raise IisError(
                "The node cannot list the requests in flight: install the role service Web-Request-Monitor, "
                f"or set in_flight to skip ({error.message})."
            ) from error
        return [
            Request(
                pool=_pool_of(row),
                pid=_number(row.get("WP.NAME")),
                verb=row.get("Verb", ""),
                path=row.get("Url", "").split("?", 1)[0],
                running_ms=_number(row.get("Time")),
            )
            for row in rows
        ]

    def start(self, name: str) -> None:
        self._change("start", name, ALREADY_RUNNING)

    def stop(self, name: str) -> None:
        self._change("stop", name, NOT_STARTED)

    def recycle(self, name: str) -> None:
        self._change("recycle", name)

    def _change(self, verb: str, name: str, *accept: int) -> None:
        option = f"/apppool.name:{object_name(name, 'name of the pool')}"
        self._appcmd.change(verb, "apppool", option, accept=frozenset(accept))


def _pid(row: Row) -> int:
    name = row.get("WP.NAME", "")
    if not _DIGITS.fullmatch(name):
        raise IisError(f"appcmd list wp printed {name!r}, a process id was expected.")
    return int(name)


def _pool_of(row: Row) -> str:
    """The pool of a worker or request: without it nothing can be said about any pool."""
    name = row.get("APPPOOL.NAME")
    if not name:
        raise IisError(f"appcmd printed a {row.tag} without its application pool.")
    return name


def _number(text: str | None) -> int:
    return int(text) if text and _DIGITS.fullmatch(text) else 0


def _seconds(text: str | None, default: float) -> float:
    if text is None:
        return default
    match = _TIME_SPAN.fullmatch(text)
    if not match:
        raise IisError(f"appcmd printed {text!r}, a time span such as 00:01:30 was expected.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _truth(text: str | None, default: bool) -> bool:
    if text is None:
        return default
    if text.lower() not in ("true", "false"):
        raise IisError(f"appcmd printed {text!r}, true or false was expected.")
    return text.lower() == "true"


def _config(row: Row) -> PoolConfig | None:
    add = row.find("add")
    if add is None:
        return None
    process, recycling, failure = (_part(add, tag) for tag in ("processModel", "recycling", "failure"))
    return PoolConfig(
        start_mode=add.get("startMode", "OnDemand"),
        auto_start=_truth(add.get("autoStart"), True),
        shutdown_time_limit_s=_seconds(process.get("shutdownTimeLimit"), _DEFAULT_SHUTDOWN_S),
        disallow_overlapping_rotation=_truth(recycling.get("disallowOverlappingRotation"), False),
        rapid_fail_protection=_truth(failure.get("rapidFailProtection"), True),
        rapid_fail_max_crashes=_number(failure.get("rapidFailProtectionMaxCrashes", "5")),
        rapid_fail_interval_s=_seconds(failure.get("rapidFailProtectionInterval"), 300.0),
    )


def _part(add: Row, tag: str) -> dict[str, str]:
    found = add.find(tag)
    return {} if found is None else dict(found.attrib)
