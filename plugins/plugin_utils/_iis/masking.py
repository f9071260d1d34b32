# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks secrets in everything that a task shows. Ansible masks results of modules, not of action plugins.

Private to the collection.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

MASK = "********"
_SHORTEST = 3


class Masker:
    """Replaces secrets, also in their URL-encoded, escaped and base64 forms."""

    def __init__(self, secrets: Iterable[object] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            text = str(secret)
            if len(text.strip()) >= _SHORTEST:
                forms |= {text, quote(text, safe=""), text.replace("\\", "\\\\"), text.replace('"', '\\"')}
                forms.add(base64.b64encode(text.encode()).decode())
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, value: str) -> str:
        """The text without the secrets."""
        for form in self._forms:
            value = value.replace(form, MASK)
        return value

    def deep(self, value: Any) -> Any:
        """A result without the secrets, in its keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.deep(key): self.deep(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.deep(item) for item in value]
        return value
