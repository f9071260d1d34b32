# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The providers. To add one, add its directory and a line here.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from ._apache.provider import Apache
from ._haproxy.provider import Haproxy
from ._health_page.provider import HealthPage
from .provider import Provider

#: The first one is the default. The imports are static, because Ansible sends a module only what it imports by name.
PROVIDERS: tuple[Provider, ...] = (Haproxy(), Apache(), HealthPage())
