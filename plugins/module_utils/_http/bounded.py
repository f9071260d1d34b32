# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work whose cost nobody knows, in a process of its own that is ended when it takes too long.

A release gives regular expressions and JMESPath expressions, an application gives the text. Python's `re` may take
longer than the universe is old for thirty characters, and it holds the interpreter's lock meanwhile: no thread ends it.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
from pathlib import Path
from typing import Any, Callable, NoReturn

MOST_MEMORY_BYTES = 256 * 1024 * 1024
"""What the work may take beside what the process has already."""
MOST_RESULT_BYTES = 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class OutOfBounds(Exception):
    """The work took too long, took too much memory, or gave more than may be returned; the text says which."""


def within(limit_s: float, work: Callable[[], Any]) -> Any:
    """The result of the work, of JSON's types. Raises OutOfBounds; it leaves no process behind.

    Whatever the work raises ends as OutOfBounds with the kind of the exception.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _run(work, write_end, limit_s)
    os.close(write_end)
    try:
        data = _received(read_end, time.monotonic() + limit_s)
    finally:
        os.close(read_end)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if data is None:
        raise OutOfBounds(f"took longer than {limit_s:g} s")
    try:
        found = json.loads(data)
    except ValueError:
        raise OutOfBounds("took more memory than it may") from None
    if "error" in found:
        raise OutOfBounds(found["error"])
    return found["result"]


def _received(descriptor: int, end: float) -> bytes | None:
    """What the child wrote before it ended; None when that took too long."""
    received = b""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    while True:
        left_s = end - time.monotonic()
        if left_s <= 0 or not waiting.poll(left_s * 1000):
            return None
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            return received
        received += chunk


def _run(work: Callable[[], Any], descriptor: int, limit_s: float) -> NoReturn:
    """In the child. It ends here: nothing of the parent's runs twice."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # It ends by itself too, in case that the parent is killed.
        seconds = int(limit_s) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        _limit_memory()
        data = json.dumps({"result": work()})
        if len(data) > MOST_RESULT_BYTES:
            data = json.dumps({"error": f"gave more than {MOST_RESULT_BYTES} bytes"})
        _write(descriptor, data.encode())
    except MemoryError:
        _write(descriptor, json.dumps({"error": "took more memory than it may"}).encode())
    except BaseException as error:
        _write(descriptor, json.dumps({"error": f"ended in {type(error).__name__}"}).encode())
    finally:
        os._exit(0)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _limit_memory() -> None:
    """Where the system tells how much the process has (Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return
    most = pages * resource.getpagesize() + MOST_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
