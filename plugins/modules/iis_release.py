#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This is the documentation of an action plugin: plugins/action has what runs.

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_release
short_description: Stage a release beside the running one on an IIS node, and switch the site to it
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Keeps every release of a web application in a directory of its own below O(root), and switches the physical path of
    the site between them. The directory that the site runs from is never changed.
  - Staging happens before the node is taken out of the load balancer. The node itself fetches the archive over HTTPS
    with its own C(curl), its SHA-256 is verified, the archive is inspected, unpacked beside, and takes the version's name
    by a rename when it is complete.
  - A staged release carries a record of what it was made from (C(App_Data/zero_downtime.json), which IIS does not serve),
    so that a second run compares content, and not names.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.iis
attributes:
  check_mode:
    support: full
    details: With O(state=staged) the artifact's size and the free space are looked at in check mode, too.
  diff_mode:
    support: full
    details: The content of O(files) is never shown.
  idempotent:
    support: full
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
      - Directory on the node that has one directory for each version, such as C(C:\releases\shop).
      - It must not be in the directory that the site runs from.
    type: str
    required: true
  state:
    description:
      - V(staged) has the version ready on the node. Another build of the same version is replaced, unless the site runs
        it, which is an error.
      - V(current) switches the site to the version, which must be staged. IIS restarts the application then. Switching
        back is the same with the former version.
      - V(absent) removes the version. The one that the site runs is refused.
    type: str
    required: true
    choices:
      - staged
      - current
      - absent
  version:
    description:
      - The version, which is the name of its directory.
    type: str
  path:
    description:
      - With O(state=current) a directory to switch to instead of a version, for the way back to one that was not staged
        by this module.
    type: str
  url:
    description:
      - Where the node fetches the release, a zip or tar archive. Only C(https). A query string is not shown.
    type: str
  checksum:
    description:
      - The archive's checksum, C(sha256:) and 64 hexadecimal digits.
    type: str
  username:
    description:
      - User for O(url).
    type: str
  password:
    description:
      - Password for O(url). It goes to the node on the standard input of C(curl).
    type: str
  ca_path:
    description:
      - A file of CA certificates on the node for O(url), instead of those that Windows trusts.
    type: str
  check_revocation:
    description:
      - Whether the node must be able to check that the certificate of O(url) was not revoked.
      - V(best_effort) goes on when the lists cannot be reached, which needs C(curl) 7.70 or newer on the node. V(none)
        does not look.
    type: str
    default: required
    choices:
      - required
      - best_effort
      - none
  files:
    description:
      - Settings files that are written into the release, as a dictionary of relative paths and their content.
      - The content may hold secrets. It is kept out of results, logs and command lines; the node has it in the files.
    type: dict
    default: {}
  keep:
    description:
      - How many versions to keep when one is staged, V(0) for all. The running, the previous and the staged one are always
        kept, and so is a directory that was not staged by this module.
      - A directory in which files are open is kept with a warning.
    type: int
    default: 5
  timeout_s:
    description:
      - Seconds for the download, and again for unpacking.
    type: float
    default: 600.0
  archive_mib:
    description:
      - Size of the archive in MiB for the check of free space, where the server does not tell it.
    type: float
  unpacked_factor:
    description:
      - How many times larger than the archive the unpacked release may be, for the check before the download. Before
        unpacking, the real size is checked.
    type: float
    default: 3.0
  margin_mib:
    description:
      - Free space in MiB that must be left.
    type: float
    default: 100.0
seealso:
  - module: zero_downtime.dotnet.iis_release_info
  - module: zero_downtime.dotnet.iis_app_pool
"""

EXAMPLES = r"""
- name: Stage the release while the node still serves
  zero_downtime.dotnet.iis_release:
    state: staged
    site: Shop
    root: C:\releases\shop
    version: 2.0.0
    url: https://artifacts.example.com/shop/2.0.0/web.zip
    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    username: deploy
    password: "{{ artifact_password }}"
    files:
      appsettings.json: "{{ lookup('ansible.builtin.template', 'appsettings.json.j2') }}"

- name: Switch the site to it while the pool is stopped
  zero_downtime.dotnet.iis_release:
    state: current
    site: Shop
    root: C:\releases\shop
    version: 2.0.0
  register: switched

- name: The way back
  zero_downtime.dotnet.iis_release:
    state: current
    site: Shop
    root: C:\releases\shop
    version: "{{ switched.previous_version }}"
"""

RETURN = r"""
version:
  description: The version that was staged, switched to or removed.
  returned: success
  type: str
  sample: 2.0.0
path:
  description: Its directory.
  returned: success
  type: str
  sample: C:\releases\shop\2.0.0
previous_version:
  description: The version that the site ran when the task began; null where its directory is not in O(root).
  returned: success
  type: str
  sample: 1.0.0
previous_path:
  description: The directory that the site ran from when the task began.
  returned: success
  type: str
  sample: C:\releases\shop\1.0.0
pruned:
  description: Old versions that were removed.
  returned: with O(state=staged)
  type: list
  elements: str
  sample: [0.9.0]
kept_locked:
  description: Old versions that were to be removed and are in use.
  returned: with O(state=staged)
  type: list
  elements: str
  sample: []
free_bytes:
  description: Free space on the drive before the download.
  returned: with O(state=staged), when something was or would be staged, and with failures about space
  type: int
  sample: 53687091200
needed_bytes:
  description: Free space that was needed.
  returned: when there was too little
  type: int
  sample: 629145600
archive_bytes:
  description: Size of the archive; null where the server does not tell.
  returned: with O(state=staged), when something was or would be staged
  type: int
  sample: 18874368
unpacked_bytes:
  description: Size of the unpacked files.
  returned: with O(state=staged), when something was staged
  type: int
  sample: 52428800
files_unpacked:
  description: Number of files in the archive.
  returned: with O(state=staged), when something was staged
  type: int
  sample: 412
download_ms:
  description: How long the download took.
  returned: with O(state=staged), when something was staged
  type: int
  sample: 1810
checksum_found:
  description: The checksum that the archive has.
  returned: when it is not the one expected
  type: str
  sample: sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
http_status:
  description: Status with which the server refused; null where there was no answer.
  returned: when fetching failed
  type: int
  sample: 404
cleaned_up:
  description: Whether everything that the failed staging had written was removed.
  returned: when staging failed
  type: bool
  sample: true
waited_ms:
  description: How long the task took.
  returned: success
  type: int
  sample: 4210
connection_lost:
  description: The node could not be reached or the connection broke; RV(ignore:msg) says in what state things may be.
  returned: when so
  type: bool
  sample: true
connection_error:
  description: Why, in a word - V(credentials), V(certificate), V(tls), V(refused), V(timeout), V(name) or V(other).
  returned: when the connection was lost
  type: str
  sample: refused
"""
