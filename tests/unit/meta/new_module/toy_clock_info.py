# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The smallest module that passes every check of this collection. test_new_module.py adds it to a copy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: toy_clock_info
short_description: Show the clock of a host
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Shows the time on a host. Changes nothing.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
attributes:
  platform:
    platforms: posix
options:
  offset_s:
    description:
      - Seconds to add.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Show the time in an hour
  zero_downtime.dotnet.toy_clock_info:
    offset_s: 3600
"""

RETURN = r"""
epoch_s:
  description: Seconds since 1970-01-01 UTC, with O(offset_s) added.
  returned: success
  type: int
  sample: 1795780800
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def argument_spec() -> dict[str, dict[str, Any]]:
    return {"offset_s": {"type": "int", "default": 0}}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.exit_json(changed=False, epoch_s=int(time.time()) + module.params["offset_s"])


if __name__ == "__main__":
    main()
