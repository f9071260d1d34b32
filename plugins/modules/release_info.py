#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# This is the documentation of an action plugin: plugins/action has what runs.

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Read and check a release on the controller
version_added: 0.1.0
author:
  - zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Reads the C(release.yml) of a release and checks it against its schema. An unknown key, a value of the wrong type,
    and a directory that is named and missing are errors with line and column.
  - Compares the SHA-256 of the web artifact with C(release.yml), where the artifact is in the release.
  - Runs on the controller, whatever host the task is for, and uses no connection.
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
attributes:
  platform:
    platforms: posix
options:
  path:
    description:
      - Path on the controller of the release, a directory or a zip file, with C(release.yml) at its top.
      - A zip file is unpacked into Ansible's local temporary directory, also in check mode. Ansible removes that
        directory when it ends. Links, absolute names and names with C(..) are refused.
    type: path
    required: true
  max_size_mib:
    description:
      - The largest size, in MiB, that a zip file may unpack to.
    type: int
    default: 2048
notes:
  - C(docs/release.schema.json) of this collection is the schema of C(release.yml) for editors.
seealso:
  - module: zero_downtime.dotnet.mssql_migration_lint
    description: Checks the migration scripts of a release.
"""

EXAMPLES = r"""
- name: Read a release
  zero_downtime.dotnet.release_info:
    path: /srv/releases/shop-2.0.0.zip
  register: shop

- name: Show its version
  ansible.builtin.debug:
    msg: "{{ shop.release.app }} {{ shop.release.version }}"
"""

RETURN = r"""
release:
  description: What C(release.yml) says, with defaults filled in.
  returned: success
  type: dict
  contains:
    app:
      description: Name of the application.
      type: str
      returned: success
      sample: shop
    version:
      description: Version of the release.
      type: str
      returned: success
      sample: 2.0.0
    description:
      description: A sentence about the release, empty where there is none.
      type: str
      returned: success
      sample: Things have colours.
    web:
      description: Name and SHA-256 of the web artifact.
      type: dict
      returned: success
      sample:
        artifact: web.zip
        sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    database:
      description: Absolute directories of migration scripts by phase. A phase without scripts is absent.
      type: dict
      returned: success
      sample:
        expand: /srv/releases/shop-2.0.0/db/expand
    encoding:
      description: What migration scripts without a byte order mark are in.
      type: str
      returned: success
      sample: utf-8
    modules:
      description: Whether migration scripts leave existing procedures, views and functions alone (V(versioned)), or
        change them (V(in_place)).
      type: str
      returned: success
      sample: versioned
    smoke:
      description: Smoke tests, by the names of the options of M(zero_downtime.dotnet.http_probe).
      type: list
      elements: dict
      returned: success
      sample:
        - path: /smoke
          json: ["database == 'ok'"]
    uses:
      description: Tables, columns, views and procedures that the release uses; V(null) where it does not say.
      type: list
      elements: str
      returned: success
      sample: [dbo.spFindAllThings_2]
    supports:
      description: How many releases must follow before the contract scripts are due.
      type: dict
      returned: success
      sample:
        contract_after: 1
    path:
      description: Absolute directory of the release.
      type: str
      returned: success
      sample: /srv/releases/shop-2.0.0
artifact_path:
  description: Path of the web artifact in the release; null where it is not there.
  returned: success
  type: str
  sample: /srv/releases/shop-2.0.0/web.zip
temporary:
  description: Whether RV(release.path) is the temporary directory that a zip file was unpacked into.
  returned: success
  type: bool
  sample: false
"""
