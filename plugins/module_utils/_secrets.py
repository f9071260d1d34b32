# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in a text that somebody else wrote, such as the log of an application.

Known values are masked, and whatever stands behind a name that secrets have: in connection strings, JSON, headers and
addresses. A secret without a name and of unknown value stays.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "********"
_SHORTEST = 3
"""A known value of fewer characters would mask what is no secret."""

_NAME = (
    r"(?:password|passwd|pwd|passphrase|secret|token|api[ _-]?key|access[ _-]?key|account[ _-]?key|authorization"
    r"|set-cookie|cookie)"
)
_VALUE = r"""(?:(?:bearer|basic|negotiate|digest)\s+)?(?:\\?"[^"]*"|'[^']*'|[^\s;,&"'<>})\]]+)"""
_NAMED = re.compile(rf"""({_NAME}\\?["']?\s*[:=]\s*){_VALUE}""", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_ADDRESS = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")


def mask_secrets(text: str, known: Iterable[str] = ()) -> str:
    """The text with `MASK` in place of known values, and of values whose name says that they are secret."""
    for value in sorted({one for one in known if len(one.strip()) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(value, MASK)
    for pattern in (_NAMED, _BEARER, _ADDRESS):
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
