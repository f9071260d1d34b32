# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a module: an argument spec with the documentation of the same options.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class OptionGroup:
    """Some options that belong together."""

    spec: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """The argument spec, by option."""
    documentation: str = ""
    """The same options as in a module's ``options:``, in YAML."""


#: For providers that ask addresses over HTTPS.
CERTIFICATES = OptionGroup(
    {
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
    },
    """
validate_certs:
  description:
    - Whether the certificates of the addresses that are requested over HTTPS must be trusted.
  type: bool
  default: true
ca_path:
  description:
    - File of the certificates that are trusted for these addresses, instead of this host's.
  type: path
""",
)
