# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation common to the modules for IIS."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  system_root:
    description:
      - Directory of Windows on the node.
    type: str
    default: C:\Windows
attributes:
  platform:
    platforms: windows
requirements:
  - pywinrm >= 0.5.0 on the controller
  - Windows Server 2019 or newer with IIS on the node
notes:
  - Runs over the connection P(ansible.builtin.winrm#connection) of the task, with the credentials of the inventory, and
    starts Windows programs directly. It needs no PowerShell and copies no files to the node.
  - The connections P(ansible.builtin.psrp#connection) and P(ansible.builtin.ssh#connection), C(become) and C(async) are
    refused. The user must be an administrator of the node.
  - A node that cannot be reached, or a connection that breaks, makes the task fail with RV(ignore:connection_lost)
    instead of making the host unreachable, so that C(rescue) runs.
  - Not yet run on Windows. It was developed against a simulated host that speaks WinRM and simulates C(appcmd),
    C(curl), C(tar) and C(certutil).
"""
