# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with scripts. Private to this collection."""

from __future__ import annotations

from .._tsql.lexer import ScriptError

__all__ = ["PathError", "ScriptError"]


class PathError(Exception):
    """A path where scripts are expected and cannot be read: one sentence for the user."""
