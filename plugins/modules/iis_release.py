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
  - Keeps each release of a web application in its own directory below O(root), and switches the physical path of the
    site between them. The directory that the site runs from is never changed.
  - Staging happens while the node serves. The node fetches the archive over HTTPS with its own C(curl). The SHA-256 is
    verified, the archive is inspected, unpacked beside the running release, and renamed to the version when complete.
  - A staged release has a staging record (C(App_Data/zero_downtime.json), which IIS does not serve) with the
    checksums of its source, so that a second run compares content instead of names.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.iis
attributes:
  check_mode:
    support: full
    details: With O(state=staged) the size of the artifact and the free space are checked in check mode, too.
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
      - Directory on the node with one directory for each version, such as C(C:\releases\shop).
      - It must not be inside of the directory that the site runs from.
    type: str
    required: true
  writers:
    description:
      - SIDs of other accounts or groups that may write into O(root), besides administrators and the system.
      - Whoever may write there can put a release there. With O(state=staged) the module refuses a root that others may
        change, and creates a missing one with an access list of its own.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(staged) fetches and unpacks the version. Another build of the same version is replaced; if the site runs it,
        that is an error.
      - V(current) switches the site to the version, which must be staged. IIS then restarts the application. A
        rollback is the same with the former version.
      - V(absent) removes the version, unless the site runs it.
    type: str
    required: true
    choices:
      - staged
      - current
      - absent
  app:
    description:
      - The application that the release belongs to. It is kept in the staging record, and
        M(zero_downtime.dotnet.iis_release_info) returns it, so that no other application is deployed to the site.
    type: str
    default: ""
  version:
    description:
      - The version, which is the name of its directory.
    type: str
  path:
    description:
      - With O(state=current), a directory to switch to instead of a version, for a rollback to one that was not
        staged by this module.
    type: str
  url:
    description:
      - Address from which the node fetches the release, a zip or tar archive. Only C(https). A query string is never
        shown.
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
      - Password for O(url). It reaches C(curl) on the node by standard input.
    type: str
  ca_path:
    description:
      - File of CA certificates on the node for O(url), instead of those that Windows trusts.
    type: str
  check_revocation:
    description:
      - Whether the node must check that the certificate of O(url) is not revoked.
      - V(best_effort) continues when the revocation lists cannot be reached. It needs C(curl) 7.70 or newer on the
        node. V(none) does not check.
    type: str
    default: required
    choices:
      - required
      - best_effort
      - none
  files:
    description:
      - Settings files to write into the release, as a dictionary of relative paths and their content.
      - The content may be secret. It is in no result, log or command line; on the node it is in the files only.
    type: dict
    default: {}
  manifest:
    description:
      - What an earlier O(state=staged) returned as RV(manifest) and what was kept off the node, such as in the ledger.
        The directory is trusted only when its staging record and its files are still those.
      - Without it, the files are compared with the staging record on the node. That finds a change by accident, and not
        one by somebody who can write the record, too.
      - An empty string says that nothing was kept, so that O(state=staged) stages the version again.
    type: str
  keep:
    description:
      - How many versions to keep when one is staged, V(0) for all. The running, the previous and the staged version are
        always kept, and so is a directory that was not staged by this module.
      - A version that any other application or virtual directory of the server uses is kept, too. Nothing is removed
        while the previous version or one of those paths is unknown; a warning says so.
      - A directory with open files is kept, with a warning.
    type: int
    default: 5
  timeout_s:
    description:
      - Seconds for the download, and again for unpacking.
    type: float
    default: 600.0
  archive_mib:
    description:
      - Size of the archive in MiB for the check of free space, where the server does not return it.
    type: float
  unpacked_factor:
    description:
      - Estimated ratio of unpacked release to archive, for the check of free space before the download. Before
        unpacking, the real size is checked.
    type: float
    default: 3.0
  margin_mib:
    description:
      - Free space in MiB that must remain.
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

- name: Roll back
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
manifest:
  description:
    - Digest of all files of the version when it was staged, salted. Keep it off the node, and pass it to the option
      O(manifest) of later tasks.
    - Null in check mode where the version is not staged yet.
  returned: success, with O(state=staged)
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015:a3bf4f1b2b0b822cd15d6c15b0f00a08ed1b8eb5a5b4e3f2b8c5e8d1a6f0c2d4
previous_version:
  description: The version that the site ran before the task; null where its directory is not in O(root).
  returned: success
  type: str
  sample: 1.0.0
previous_path:
  description: The directory that the site ran from before the task.
  returned: success
  type: str
  sample: C:\releases\shop\1.0.0
current_path:
  description: The directory that the site runs from after a failed switch.
  returned: when a switch with O(state=current) failed and the path could be read again
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
  description: Free space in bytes that was needed.
  returned: when it was not available
  type: int
  sample: 629145600
archive_bytes:
  description: Size of the archive in bytes; null where the server does not return it.
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
  description: Duration of the download in milliseconds.
  returned: with O(state=staged), when something was staged
  type: int
  sample: 1810
checksum_found:
  description: The checksum of the archive.
  returned: when it is not the expected one
  type: str
  sample: sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
http_status:
  description: HTTP status of the server; null without a response.
  returned: when fetching failed
  type: int
  sample: 404
cleaned_up:
  description: Whether all files of the failed staging were removed.
  returned: when staging failed
  type: bool
  sample: true
waited_ms:
  description: Duration of the task in milliseconds.
  returned: success
  type: int
  sample: 4210
connection_lost:
  description: The node could not be reached or the connection broke. RV(ignore:msg) names the possible states.
  returned: when the connection was lost
  type: bool
  sample: true
connection_error:
  description: The cause - V(credentials), V(certificate), V(tls), V(refused), V(timeout), V(name) or V(other).
  returned: when the connection was lost
  type: str
  sample: refused
"""
