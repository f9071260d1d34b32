# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's server-state-file: what a reloaded HAProxy takes its servers' states from.

Without a fresh one, a reload forgets that a server was taken out, and sends users to it.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import LoadBalancerError


def write(path: str, text: str) -> None:
    """Put the text in place of the file at once, with the owner and the mode that the file had."""
    directory = os.path.dirname(path) or "."
    temporary = ""
    try:
        former = os.stat(path) if os.path.exists(path) else None
        descriptor, temporary = tempfile.mkstemp(prefix=".servers-state-", dir=directory)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), former.st_mode & 0o7777 if former else 0o644)
            if former and os.geteuid() == 0:
                os.fchown(stream.fileno(), former.st_uid, former.st_gid)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise LoadBalancerError(
            f"The server-state-file {path} (option state_file) could not be written: {error.strerror or error}. "
            f"A reload of HAProxy would forget the state of its servers."
        ) from None
