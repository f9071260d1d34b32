# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which function runs which kind of statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..frame import Frame

if TYPE_CHECKING:
    from ..session import Session

# The statement's own type is narrower than the table can say.
Handler = Callable[["Session", Any, Frame], None]
HANDLERS: dict[type, Handler] = {}


def executes(*kinds: type) -> Callable[[Handler], Handler]:
    """Register a function for kinds of statements."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            HANDLERS[kind] = handler
        return handler

    return register
