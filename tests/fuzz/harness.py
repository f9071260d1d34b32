# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws inputs, runs a parser over them within a time, and reports an input that breaks it."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import FrameType

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

BATCH = 25
"""Inputs of one example of hypothesis: one that it draws itself, the others are valid ones with pieces replaced."""
LIMIT_S = 5.0
"""Processor time that one input may cost."""
SPECIAL = (
    "\0", "\x1b[31m", "\u202e", "\ud800", "\U0001f600", "²", "٣", "9" * 5000, "-1", "\r", "\n", "\n\n", "\t", " ", "'",
    '"', "\\", "<", ">", "&", "]]>", "<!--", "{{ x }}", "{%", "%", ",", ":", ";", "#", "/", "..", "a" * 300,
    "(" * 200, "[" * 200, "{" * 200, "BEGIN " * 50, "/*" * 50,
)  # fmt: skip


class TooSlow(BaseException):
    """An input cost more than its time; no parser catches it."""


@dataclass(frozen=True)
class Parser:
    """One parser: valid inputs to begin from, and the errors that it may raise for others."""

    name: str
    seeds: Sequence[str]
    parse: Callable[[str], object]
    """Takes the text as the parser gets it, or as latin-1 for the bytes."""
    errors: tuple[type[Exception], ...] = ()
    words: Sequence[str] = ()
    """Pieces of its language."""
    weight: float = 1.0
    """Its part of the inputs, beside those of the others: less for one that costs more."""


@dataclass(frozen=True)
class Outcome:
    """How a parser did."""

    name: str
    inputs: int
    seconds: float
    slowest_s: float
    fault: str = ""
    """An input that breaks it, with the error; empty when none does."""


def _mutated(parser: Parser, random: Random) -> str:
    """A valid input with some pieces replaced."""
    text = random.choice(parser.seeds)
    for _unused in range(random.randint(1, 4)):
        at = random.randint(0, len(text))
        piece = random.choice((*SPECIAL, *parser.words, "", chr(random.choice((random.randrange(256), 0x1F600)))))
        text = text[:at] + piece + text[at + random.choice((0, 0, 1, 2, 5, 20, 200)) :]
    return text


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Raises TooSlow when the block has cost so much processor time."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow

    former = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)


def fuzz(parser: Parser, count: int, start: int = 0, limit_s: float = LIMIT_S) -> Outcome:
    """Run a parser over so many inputs, the same ones for the same start."""
    began = time.monotonic()
    seen = 0
    slowest_s = 0.0
    fault: list[str] = []

    def run(text: str) -> str:
        """What breaks the parser; empty when nothing does."""
        nonlocal seen, slowest_s
        seen += 1
        before = time.process_time()
        try:
            with _limited(limit_s):
                parser.parse(text)
        except parser.errors:
            pass
        except BaseException as error:
            return f"{type(error).__name__}: {str(error)[:200]} for {text[:500]!r}"
        finally:
            slowest_s = max(slowest_s, time.process_time() - before)
        return ""

    @seed(start)
    @settings(
        max_examples=max(1, count // BATCH),
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32), st.text(max_size=40))
    def check(number: int, text: str) -> None:
        random = Random(number)
        inputs = [text, *(_mutated(parser, random) for _unused in range(BATCH - 1))]
        found = next(filter(None, map(run, inputs)), "")
        if found:
            fault[:] = [found]
            raise AssertionError

    try:
        check()
    except AssertionError:
        return Outcome(parser.name, seen, time.monotonic() - began, slowest_s, fault[-1] if fault else "unknown")
    return Outcome(parser.name, seen, time.monotonic() - began, slowest_s)


def shares(parsers: Sequence[Parser], count: int) -> list[int]:
    """How many inputs each parser gets, so that all of them are at least `count`."""
    weights = sum(parser.weight for parser in parsers)
    return [BATCH * math.ceil(count * parser.weight / weights / BATCH) for parser in parsers]
