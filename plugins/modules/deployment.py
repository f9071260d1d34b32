#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger of deployments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment
version_added: 0.1.0
short_description: The ledger of deployments, with its lease and the outcome and version of each node
description:
  - One deployment of an application at a time holds a lease. A second one fails at once and says who holds it, since
    when and until when.
  - The lease has an owner, a run id, an end by the clock of the SQL Server, and a fencing token that grows with each
    taking. Every write of a run checks that the lease is still its own.
  - Outcome and version of each node are kept, and so is their history.
  - The tables are in schema C(deploy) of O(database) and are created on first use.
  - Repeating a task with the same O(run_id) changes nothing, so a run that was interrupted can be run again.
author: "zero_downtime.dotnet maintainers (@zero-downtime-dotnet)"
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.mssql
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
  action_group:
    membership:
      - zero_downtime.dotnet.all
      - zero_downtime.dotnet.mssql
options:
  app:
    description: Name of the application, up to 64 characters.
    type: str
    required: true
  state:
    description:
      - V(leased) takes the lease for O(run_id); for the run that has it already, this renews it.
      - V(renewed) moves the end of the lease to O(ttl_s) seconds from now, never back, and thereby checks it. It is not
        counted as a change.
      - V(recorded) writes the outcome of O(node).
      - V(staged) writes that O(version) was staged on O(node), with the O(manifest) that proves it.
      - V(released) releases the lease, and closes the run with O(result).
      - V(revoked) takes the lease from the run that holds it. Only for a run that is known to be dead; O(detail) says
        why.
      - V(consumer_present) and V(consumer_absent) register another program that uses the database, or remove it; they
        need no lease.
    type: str
    choices: [leased, renewed, recorded, staged, released, revoked, consumer_present, consumer_absent]
    required: true
  run_id:
    description: Names one deployment, up to 100 characters. Required by all states that work with a lease but
      V(revoked), where it is checked when given.
    type: str
  owner:
    description: Who deploys, for the message that a second deployment gets.
    type: str
    default: ansible
  ttl_s:
    description: How long the lease holds without being renewed, in seconds, at most a day (V(86400)).
    type: int
    default: 600
  fencing_token:
    description: The token that taking the lease returned. When given, a lease that was taken again since then is
      refused, even for the same O(run_id).
    type: int
  version:
    description:
      - With O(state=leased) the version that is being deployed.
      - With O(state=recorded) what the node runs; without it the version is kept.
      - With O(state=staged) what was staged.
      - With O(state=consumer_present) the newest release of the application whose schema the program is known to work
        with. Contract scripts wait for it.
    type: str
  node:
    description: Name of the node, with O(state=recorded) and O(state=staged).
    type: str
  outcome:
    description: How the step on the node ended, with O(state=recorded). V(failed) is out of rotation.
    type: str
    choices: [started, succeeded, unchanged, failed, rolled_back, skipped]
  previous_version:
    description: What the node ran before. Without it, the version in the ledger when that is another one.
    type: str
  detail:
    description: A note, such as the message of a failure. Cut after 2000 characters.
    type: str
  manifest:
    description: With O(state=staged), the digest of the staged files that M(zero_downtime.dotnet.iis_release) returned.
      It is the proof, kept off the node, that what is switched to later is what was staged.
    type: str
  result:
    description: How the run ended, with O(state=released).
    type: str
    choices: [succeeded, failed, ended]
    default: ended
  consumer:
    description: Name of another program that uses the database.
    type: str
  program_name:
    description: The program's name in its sessions (C(Application Name) in its connection string).
    type: str
seealso:
  - module: zero_downtime.dotnet.deployment_info
"""

EXAMPLES = r"""
- name: Take the lease
  zero_downtime.dotnet.deployment:
    login_host: sql01.example.com
    login_user: deploy
    login_password: "{{ vault_deploy_password }}"
    database: Shop
    app: shop
    run_id: "{{ dotnet_run_id }}"
    owner: "{{ lookup('ansible.builtin.env', 'USER') }}"
    state: leased
    version: 2.0.0
  delegate_to: localhost

- name: Record that a node runs the new version
  zero_downtime.dotnet.deployment:
    login_host: sql01.example.com
    database: Shop
    app: shop
    run_id: "{{ dotnet_run_id }}"
    state: recorded
    node: "{{ inventory_hostname }}"
    outcome: succeeded
    version: 2.0.0
  delegate_to: localhost

- name: Revoke the lease of a run that was killed
  zero_downtime.dotnet.deployment:
    login_host: sql01.example.com
    database: Shop
    app: shop
    state: revoked
    owner: ann
    detail: the controller was rebooted in the middle of the run
"""

RETURN = r"""
lease:
  description: The lease, as it is after the task.
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
  description: All nodes of the application, as they are after the task.
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
  sample:
    - name: reports
      version: "1.4"
      program_name: Reports
      changed_at: "2026-10-01T08:00:00Z"
refused:
  description: Whether the ledger itself refused, such as for a lease that is lost; V(false) when it could not be read
    or written.
  returned: failure
  type: bool
  sample: true
taken_over:
  description: Whether the ledger refused because another run holds the lease now.
  returned: failure
  type: bool
  sample: false
previous_state:
  description: Lease, nodes and consumers as they were before the task.
  returned: success
  type: dict
  sample: {lease: {held: false}, nodes: [], consumers: []}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.behaviour import (
    LedgerError,
    Request,
    carry_out,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.sql import SqlLedgerStore
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import odbc, options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._names import cut, name_problem
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._text import one_line

_LONGEST = {
    "app": 64,
    "run_id": 100,
    "owner": 200,
    "version": 100,
    "node": 255,
    "previous_version": 100,
    "manifest": 200,
    "consumer": 128,
    "program_name": 128,
}


def _argument_spec() -> dict[str, Any]:
    spec = options.argument_spec()
    spec.update(
        app={"type": "str", "required": True},
        state={
            "type": "str",
            "required": True,
            "choices": [
                "leased",
                "renewed",
                "recorded",
                "staged",
                "released",
                "revoked",
                "consumer_present",
                "consumer_absent",
            ],
        },
        run_id={"type": "str"},
        owner={"type": "str", "default": "ansible"},
        ttl_s={"type": "int", "default": 600},
        fencing_token={"type": "int", "no_log": False},
        version={"type": "str"},
        node={"type": "str"},
        outcome={
            "type": "str",
            "choices": ["started", "succeeded", "unchanged", "failed", "rolled_back", "skipped"],
        },
        previous_version={"type": "str"},
        detail={"type": "str"},
        manifest={"type": "str"},
        result={"type": "str", "choices": ["succeeded", "failed", "ended"], "default": "ended"},
        consumer={"type": "str"},
        program_name={"type": "str"},
    )
    return spec


#: A run that is ended keeps its lease until then, so a lease of years would close the application to everybody.
LONGEST_LEASE_S = 86400

SPECIFICATION: dict[str, Any] = {
    "argument_spec": _argument_spec(),
    "supports_check_mode": True,
    "required_if": [
        ("state", "leased", ["run_id"]),
        ("state", "renewed", ["run_id"]),
        ("state", "recorded", ["run_id", "node", "outcome"]),
        ("state", "staged", ["run_id", "node", "version", "manifest"]),
        ("state", "released", ["run_id"]),
        ("state", "revoked", ["detail"]),
        ("state", "consumer_present", ["consumer"]),
        ("state", "consumer_absent", ["consumer"]),
    ],
}


def run(module: Task) -> None:
    """Does the work of the task."""
    if missing := odbc.import_error():
        module.fail_json(msg=missing_required_lib("pyodbc"), exception=missing)
    params = module.params
    for name, longest in _LONGEST.items():
        if problem := name_problem(name, params[name], longest):
            module.fail_json(msg=problem)
    if not 1 <= params["ttl_s"] <= LONGEST_LEASE_S:
        module.fail_json(msg=f"ttl_s is {params['ttl_s']}, 1 to {LONGEST_LEASE_S} seconds are expected.")
    names = Request.__dataclass_fields__
    request = Request(
        **{name: params[name] for name in names if name != "detail"},
        detail=cut(one_line(params["detail"] or "", 4000), 2000) or None,
    )
    try:
        connector = odbc.OdbcConnector(options.from_params(params, "deployment"), 10000, odbc.LEDGER_TIMEOUT_S)
        with connector.connect() as connection:
            result = carry_out(SqlLedgerStore(connection, request.app), request, module.check_mode)
    except (LedgerError, MssqlError, ValueError) as error:
        taken_over = isinstance(error, LedgerError) and error.taken_over
        module.fail_json(msg=str(error), refused=isinstance(error, LedgerError), taken_over=taken_over)
    if module._diff:
        after = {name: result[name] for name in ("lease", "nodes", "consumers")}
        result["diff"] = {"before": result["previous_state"], "after": after}
    module.exit_json(**result)


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
