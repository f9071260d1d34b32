# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in HAProxy, and the commands that are built from them.

HAProxy itself admits only letters, digits and - _ . : in the names of proxies and servers. Nothing else ever gets
into a command, so no name can end a command and begin another.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from ..errors import Refused
from ..model import MemberId

NAME = re.compile(r"[A-Za-z0-9_.:-]{1,255}\Z", re.ASCII)
_PRINTABLE = 60


def check_name(kind: str, name: str) -> str:
    """The name itself. Raises Refused for what cannot be a name in HAProxy."""
    if not isinstance(name, str) or not NAME.match(name):
        shown = repr(name)
        shown = shown if len(shown) <= _PRINTABLE else shown[:_PRINTABLE] + "..."
        raise Refused(f"{shown} is not a name of a {kind} in HAProxy: letters, digits and - _ . : are expected.")
    return name


def member_path(member_id: MemberId) -> str:
    """backend/server, as in commands."""
    return f"{check_name('backend', member_id.backend)}/{check_name('server', member_id.member)}"


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: similar names, or those that exist."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not names:
        return "there are none."
    shown = ", ".join(names[:10])
    return f"there are {shown}{', ...' if len(names) > 10 else ''}."
