# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for IIS have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  system_root:
    description:
      - Where Windows is installed on the node.
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
    starts Windows programs directly. It needs no PowerShell and no file on the node.
  - The connections P(ansible.builtin.psrp#connection) and P(ansible.builtin.ssh#connection), C(become) and C(async) are
    refused. The user must be an administrator of the node.
  - A node that cannot be reached, and a connection that is lost on the way, end in a failed task with
    RV(ignore:connection_lost) instead of an unreachable host, so that C(rescue) runs.
  - Not yet run on Windows. It was developed against a simulated host that speaks WinRM and has C(appcmd), C(curl),
    C(tar) and C(certutil) of its own.
"""
