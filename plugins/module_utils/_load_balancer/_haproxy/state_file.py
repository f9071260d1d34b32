# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's server-state-file, from which a reloaded HAProxy reads its servers' states.

Without a fresh one, a reload forgets that a server was taken out, and sends clients to it.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import LoadBalancerError


def write(path: str, text: str) -> None:
    """Replace the file atomically, with the owner and the mode that it had. Raises LoadBalancerError."""
    file = Path(path)
    temporary: Path | None = None
    try:
        former = file.stat() if file.exists() else None
        descriptor, name = tempfile.mkstemp(prefix=".servers-state-", dir=file.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), former.st_mode & 0o7777 if former else 0o644)
            if former and os.geteuid() == 0:
                os.fchown(stream.fileno(), former.st_uid, former.st_gid)
        temporary.replace(file)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise LoadBalancerError(
            f"The server-state-file {path} (option state_file) could not be written: {error.strerror or error}. "
            f"A reload of HAProxy would forget the state of its servers."
        ) from None
