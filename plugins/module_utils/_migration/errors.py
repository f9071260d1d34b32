# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a migration that was refused or failed. Private to this collection."""

from __future__ import annotations


class MigrationError(Exception):
    """One sentence, or a few, for the person who reads the task's message."""
