#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the ledger of deployments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_info
version_added: 0.1.0
short_description: Read the ledger of deployments
description:
  - Who holds the lease of an application, what each node runs, which other programs use the database, and what happened
    lately.
  - A ledger that was never used is an empty one; a ledger that cannot be read is an error.
author: "zero_downtime.dotnet maintainers (@zero-downtime-dotnet)"
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.attributes.info_module
  - zero_downtime.dotnet.mssql
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
  version:
    description: The version for which RV(staged) is returned.
    type: str
  history:
    description: How many of the last runs and events to return.
    type: int
    default: 20
seealso:
  - module: zero_downtime.dotnet.deployment
"""

EXAMPLES = r"""
- name: Who is deploying, and what runs where
  zero_downtime.dotnet.deployment_info:
    login_host: sql01.example.com
    login_user: deploy
    login_password: "{{ vault_deploy_password }}"
    database: Shop
    app: shop
  delegate_to: localhost
  register: ledger
"""

RETURN = r"""
exists:
  description: Whether the ledger was ever used.
  returned: success
  type: bool
  sample: true
lease:
  description: The lease. C(held) is true while it holds by the server's clock, C(expired) when its holder neither
    renewed nor released it.
  returned: success
  type: dict
  sample:
    held: true
    expired: false
    owner: ann
    run_id: 20261120T110501-7f3a
    version: 2.0.0
    fencing_token: 7
    acquired_at: "2026-11-20T11:05:01Z"
    renewed_at: "2026-11-20T11:06:30Z"
    expires_at: "2026-11-20T11:16:30Z"
nodes:
  description: The nodes of the application.
  returned: success
  type: list
  elements: dict
  sample:
    - name: web01
      version: 2.0.0
      previous_version: 1.0.0
      outcome: succeeded
      run_id: 20261120T110501-7f3a
      detail: null
      changed_at: "2026-11-20T11:06:30Z"
consumers:
  description: The other programs that are registered.
  returned: success
  type: list
  elements: dict
  sample: []
staged:
  description: The nodes on which O(version) was staged, each with the digest of the files that were staged last.
  returned: success; empty without O(version)
  type: list
  elements: dict
  sample:
    - node: web01
      version: 2.0.0
      manifest: 9f86d081884c7d659a2feaa0c55ad015:a3bf4f1b2b0b822cd15d6c15b0f00a08ed1b8eb5a5b4e3f2b8c5e8d1a6f0c2d4
      staged_at: "2026-11-20T11:05:40Z"
runs:
  description: The last runs, the newest first.
  returned: success
  type: list
  elements: dict
  sample:
    - run_id: 20261120T110501-7f3a
      version: 2.0.0
      owner: ann
      started_at: "2026-11-20T11:05:01Z"
      ended_at: null
      result: null
events:
  description: The last events, the newest first.
  returned: success
  type: list
  elements: dict
  sample:
    - at: "2026-11-20T11:05:01Z"
      kind: leased
      run_id: 20261120T110501-7f3a
      fencing_token: 7
      owner: ann
      version: 2.0.0
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.model import NO_LEASE
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.sql import SqlLedgerStore
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.store import LedgerStore
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import odbc, options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._names import name_problem
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task


def read(store: LedgerStore, history: int, version: str | None = None) -> dict[str, Any]:
    """All that the ledger knows; `staged` is empty where no version was asked for."""
    if not store.exists():
        nothing: dict[str, Any] = {name: [] for name in ("nodes", "staged", "consumers", "runs", "events")}
        return {"exists": False, "lease": NO_LEASE, **nothing}
    lease = store.lease()
    return {
        "exists": True,
        "lease": lease.public() if lease else NO_LEASE,
        "nodes": [node.public() for node in store.nodes()],
        "staged": [proof.public() for proof in store.staged(version)] if version else [],
        "consumers": [consumer.public() for consumer in store.consumers()],
        "runs": [run.public() for run in store.runs(history)],
        "events": [event.public() for event in store.events(history)],
    }


SPECIFICATION: dict[str, Any] = {
    "argument_spec": {
        **options.argument_spec(),
        "app": {"type": "str", "required": True},
        "version": {"type": "str"},
        "history": {"type": "int", "default": 20},
    },
    "supports_check_mode": True,
}


def run(module: Task) -> None:
    """Does the work of the task."""
    if missing := odbc.import_error():
        module.fail_json(msg=missing_required_lib("pyodbc"), exception=missing)
    if problem := name_problem("app", module.params["app"], 64):
        module.fail_json(msg=problem)
    try:
        connector = odbc.OdbcConnector(
            options.from_params(module.params, "deployment_info"), 10000, odbc.LEDGER_TIMEOUT_S
        )
        with connector.connect() as connection:
            store = SqlLedgerStore(connection, module.params["app"])
            result = read(store, max(0, module.params["history"]), module.params["version"])
    except (MssqlError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
