# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign text in a message: short, on one line, without control characters and secrets.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 200
MOST_LINES = 5
HIDDEN = "********"
_SHORTEST_SECRET = 4
_SHORTEST_WORD = 8
_BETWEEN_WORDS = re.compile(r"[\s;,=]+")


def excerpt(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text of at most so many characters. What cannot be printed is shown as '?'."""
    # Far more than can be shown is cut first: a text may have megabytes.
    line = " ".join(text[: longest * 20].split())
    shown = "".join(character if character.isprintable() else "?" for character in line)
    return (shown if len(shown) <= longest else shown[: longest - 3] + "...") or "empty"


def first_lines(text: str, longest: int = 2 * LONGEST) -> str:
    """The first lines that are not blank, at most MOST_LINES, separated by ' / '."""
    lines = [line.strip() for line in text[: longest * 20].splitlines() if line.strip()]
    more = " ..." if len(lines) > MOST_LINES else ""
    return excerpt(" / ".join(lines[:MOST_LINES]), longest) + more


def without(secrets: Iterable[str], text: str) -> str:
    """The text with every secret and its longer words replaced. To be done before a text is cut."""
    secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    words = {word for secret in secrets for word in _BETWEEN_WORDS.split(secret) if len(word) >= _SHORTEST_WORD}
    parts = words.union(secrets)
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return text
