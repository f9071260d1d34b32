#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports the state of a database's migrations."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mssql_migration_info
version_added: 0.1.0
short_description: Report the state of the migrations of a SQL Server database
description:
  - What the journal holds, which releases the database has seen, how far back a rollback can go, and who is migrating.
  - With O(path), also what each phase has still to do, and what of it would be refused.
    A journal that cannot be read is an error and never an empty one.
author: "zero_downtime.dotnet maintainers (@zero-downtime-dotnet)"
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
  - zero_downtime.dotnet.mssql
  - zero_downtime.dotnet.mssql.scripts
attributes:
  platform:
    platforms: posix
  action_group:
    membership:
      - zero_downtime.dotnet.all
      - zero_downtime.dotnet.mssql
options:
  app:
    description: Name of the application.
    type: str
    required: true
  path:
    description: A release with its C(release.yml), or a directory with the phases' directories, to compare the journal
      with.
    type: path
  release:
    description: The version that is to be deployed, for RV(refusals).
    type: str
  variables:
    description: Values of the variables C($(Name)) in the scripts, as in M(zero_downtime.dotnet.mssql_migration).
    type: dict
    default: {}
seealso:
  - module: zero_downtime.dotnet.mssql_migration
"""

EXAMPLES = r"""
- name: Read the state of the migrations
  zero_downtime.dotnet.mssql_migration_info:
    login_host: sql01.example.com
    login_user: deploy
    login_password: "{{ vault_deploy_password }}"
    database: Shop
    app: shop
    path: /srv/releases/shop-2.0.0/db
  delegate_to: localhost
  register: migrations
"""

RETURN = r"""
exists:
  description: Whether the database has a journal.
  returned: success
  type: bool
  sample: true
releases:
  description: The releases that the database has seen, the oldest first.
  returned: success
  type: list
  elements: str
  sample: [1.0.0, 2.0.0]
rollback_horizon:
  description: The oldest release that can still run, because its contract scripts were applied; null when none were.
  returned: success
  type: str
  sample: 1.0.0
refusals:
  description:
    - Why O(release), or a script that is still to run in any phase, would be refused. Empty when nothing would be.
    - With O(path) that is also an expand script that another release began and did not end, and a release with undo
      scripts that has none for one of its expand scripts. With or without it, an undo script that did not end.
  returned: success
  type: list
  elements: str
  sample: []
scripts:
  description: Every script in the journal, in the order of its last change, with its state there.
  returned: success
  type: list
  elements: dict
  sample:
    - phase: expand
      script: 010_colour.sql
      state: applied
      release: 2.0.0
      checksum: 5d41...
      written_at: "2026-11-20T11:05:03Z"
      rows: 0
      rounds: 1
phases:
  description: For each phase, with O(path), what is to be done and what does not agree.
  returned: when O(path) is given
  type: dict
  sample:
    expand: {pending: [011_size.sql], changed: [], missing: [], unfinished: []}
lock:
  description:
    - The last holder of the lock on migrations. C(held) is what the server says now; null for a login that is not a
      member of the role C(zero_downtime_deploy), which may not ask.
  returned: success
  type: dict
  sample: {held: false, holder: "ann@ops1 (process 4711)", taken_at: "2026-11-20T11:05:01Z"}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.state import read_state
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import odbc, options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._names import name_problem
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.hidden import HidingTask
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import ENCODINGS
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task

SPECIFICATION: dict[str, Any] = {
    "argument_spec": {
        **options.argument_spec(),
        "app": {"type": "str", "required": True},
        "path": {"type": "path"},
        "release": {"type": "str"},
        "variables": {"type": "dict", "default": {}},
        "encoding": {"type": "str", "choices": list(ENCODINGS)},
    },
    "supports_check_mode": True,
}


def run(task: Task) -> None:
    """Does the work of the task."""
    module = HidingTask(task)
    if missing := odbc.import_error():
        module.fail_json(msg=missing_required_lib("pyodbc"), exception=missing)
    if problem := name_problem("app", module.params["app"], 64):
        module.fail_json(msg=problem)
    result: dict[str, Any] = {}
    try:
        connector = odbc.OdbcConnector(
            options.from_params(module.params, "mssql_migration_info"), lock_timeout_ms=10000
        )
        with connector.connect() as connection:
            params = module.params
            variables = {name: str(value) for name, value in params["variables"].items()}
            result = read_state(
                connection, params["app"], params["path"], params["release"], variables, params["encoding"] or ""
            )
    except (MigrationError, MssqlError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
