# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks what a request carried and nobody may see, should the response repeat it.

Private to this collection: it may change at any time.
Runs on Python 3.9 (it is used on load balancers' hosts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "********"
_SHORTEST_SECRET = 4
_SHORTEST_WORD = 8
_BETWEEN_WORDS = re.compile(r"[\s;,=]+")


def without(secrets: Iterable[str], text: str) -> str:
    """The text with every secret and its longer words replaced. To be done before a text is cut."""
    secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    words = {word for secret in secrets for word in _BETWEEN_WORDS.split(secret) if len(word) >= _SHORTEST_WORD}
    parts = words.union(secrets)
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return text
