#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This is the documentation of an action plugin: plugins/action has what runs.

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_release_info
short_description: Show the release that an IIS site runs and the releases staged on the node
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Shows the directory and the version that a site runs, the versions that are staged, the free space, and whether the
    node has the tools to stage more. Changes nothing.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
  - zero_downtime.dotnet.iis
options:
  site:
    description:
      - Name of the site.
    type: str
    required: true
  application:
    description:
      - Path of the application in the site.
    type: str
    default: /
  root:
    description:
      - Directory on the node with one directory for each version.
    type: str
    required: true
  writers:
    description:
      - SIDs of other accounts or groups that may write into O(root), besides administrators and the system.
      - RV(root_writers) does not name them.
    type: list
    elements: str
    default: []
  other_sites:
    description:
      - Also read the web.config of every other application of the server, for RV(restarted_sites), and warn of those.
    type: bool
    default: false
  log_lines:
    description:
      - How many of the last lines of the application's log to return in RV(application_log), at most 200.
      - The lines are what the application wrote. They may contain what must not be shown.
    type: int
    default: 0
seealso:
  - module: zero_downtime.dotnet.iis_release
"""

EXAMPLES = r"""
- name: Show the releases of a node
  zero_downtime.dotnet.iis_release_info:
    site: Shop
    root: C:\releases\shop
  register: shop
"""

RETURN = r"""
site:
  description: The site.
  returned: success
  type: str
  sample: Shop
root:
  description: The directory of the versions.
  returned: success
  type: str
  sample: C:\releases\shop
current_path:
  description: The directory that the site runs from.
  returned: success
  type: str
  sample: C:\releases\shop\2.0.0
current_version:
  description: The version that the site runs; null where its directory is not in O(root).
  returned: success
  type: str
  sample: 2.0.0
current_app:
  description: The application that the release was staged for (O(zero_downtime.dotnet.iis_release#module:app)), read
    from the directory that the site runs from; null when nothing says so.
  returned: success
  type: str
  sample: shop
previous_version:
  description: The version before the last switch; null when it is unknown.
  returned: success
  type: str
  sample: 1.0.0
previous_path:
  description: The directory before the last switch; null when it is unknown.
  returned: success
  type: str
  sample: C:\releases\shop\1.0.0
switched_at:
  description: Time of the last switch in UTC; null when it is unknown.
  returned: success
  type: str
  sample: "2026-11-20T11:26:00Z"
versions:
  description: The versions in O(root).
  returned: success
  type: list
  elements: dict
  contains:
    version:
      description: The version.
      type: str
      returned: success
      sample: 2.0.0
    path:
      description: Its directory.
      type: str
      returned: success
      sample: C:\releases\shop\2.0.0
    current:
      description: Whether the site runs it.
      type: bool
      returned: success
      sample: true
    complete:
      description: Whether it has a staging record, which is written when the staging is complete.
      type: bool
      returned: success
      sample: true
    used_by:
      description: Virtual directories of the whole server whose path is in it, by the names that C(appcmd) gives them.
      type: list
      elements: str
      returned: success
      sample: [Shop/, Shop/api/]
    checksum:
      description: Checksum of its archive.
      type: str
      returned: success
      sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    staged_at:
      description: Time of its staging in UTC.
      type: str
      returned: success
      sample: "2026-11-20T11:20:00Z"
    age_s:
      description: Seconds since it was staged, by the clock of the controller.
      type: int
      returned: success
      sample: 360
leftovers:
  description: Directories of interrupted runs. The next staging removes them.
  returned: success
  type: list
  elements: str
  sample: []
root_writers:
  description: SIDs of those who may change O(root) besides administrators, the system and O(writers). They could put a
    release there. Empty, too, where O(root) does not exist.
  returned: success
  type: list
  elements: str
  sample: []
free_bytes:
  description: Free bytes on the drive of O(root).
  returned: success
  type: int
  sample: 53687091200
tools:
  description: The tools that staging needs with their versions, empty when unknown; null for a missing one.
  returned: success
  type: dict
  sample:
    certutil: ""
    curl: 8.4.0
    tar: 3.6.2
role_services:
  description: Whether optional role services of IIS are installed. C(request_monitor) lists requests in flight.
  returned: success
  type: dict
  sample:
    request_monitor: true
restarted_sites:
  description:
    - Other applications of the server that restart with every switch, because the ASP.NET Core Module restarts every
      application with each write to applicationHost.config. The handler setting C(disallowRotationOnConfigChange) in
      the web.config of an application prevents it.
    - An application whose web.config cannot be read is listed, too.
  returned: with O(other_sites=true)
  type: list
  elements: str
  sample: [Intranet/, Shop/api/]
application_log:
  description:
    - The newest log of the directory that the site runs from, where its web.config has C(stdoutLogEnabled=true).
    - Null when there is no such log or it cannot be read.
  returned: with O(log_lines)
  type: dict
  contains:
    path:
      description: The file.
      type: str
      returned: success
      sample: C:\releases\shop\2.0.0\logs\stdout_20261120112600_4004.log
    lines:
      description: Its last lines, without control characters, each cut to 300 characters, from its last 16 KiB.
      type: list
      elements: str
      returned: success
      sample: ["Unhandled exception. System.InvalidOperationException: no connection string"]
connection_lost:
  description: The node could not be reached or the connection broke.
  returned: when the connection was lost
  type: bool
  sample: true
"""
