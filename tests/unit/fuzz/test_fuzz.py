# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand inputs for the parsers that read what others wrote; make fuzz runs a million."""

from __future__ import annotations

import pytest
from fuzz.harness import Parser, fuzz, shares
from fuzz.parsers import PARSERS

INPUTS = 10_000
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # of regular expressions that nobody would write


@pytest.mark.parametrize(
    ("parser", "count"),
    zip(PARSERS, shares(PARSERS, INPUTS)),
    ids=[parser.name for parser in PARSERS],
)
def test_no_input_breaks_it(parser: Parser, count: int) -> None:
    outcome = fuzz(parser, count)
    assert not outcome.fault
    assert outcome.inputs >= count


def _planted(text: str) -> None:
    if "{{ x }}" in text:
        int("²")


def _endless(text: str) -> None:
    while "<!--" in text:
        pass


@pytest.mark.parametrize(
    ("parse", "errors", "found"),
    [
        (_planted, (KeyError,), "ValueError: invalid literal for int"),
        (_endless, (Exception,), "TooSlow"),
        (_planted, (ValueError,), ""),
    ],
)
def test_the_harness_finds_a_planted_fault(parse: object, errors: tuple[type[Exception], ...], found: str) -> None:
    """The twin: an error that is not the parser's own, and a loop without an end; its own error is no fault."""
    parser = Parser("planted", ["abc"], parse, errors)  # type: ignore[arg-type]
    outcome = fuzz(parser, 400, limit_s=0.2)
    assert outcome.fault.startswith(found)
    assert bool(outcome.fault) == bool(found)
