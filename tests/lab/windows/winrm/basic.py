# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic authentication."""

from __future__ import annotations

import base64
import binascii
import hmac


def user_of(token: str, users: dict[str, str]) -> str | None:
    """The user that the token proves, or None."""
    try:
        name, separator, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    expected = _password(name, users)
    if not separator or expected is None or not hmac.compare_digest(password.encode(), expected.encode()):
        return None
    return name.lower()


def _password(name: str, users: dict[str, str]) -> str | None:
    for known, password in users.items():
        if known.lower() == name.lower():
            return password
    return None
