#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Migrations of a SQL Server database in phases."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mssql_migration
version_added: 0.1.0
short_description: Run a phase of a release's migration scripts on SQL Server, safe under load
description:
  - Runs the scripts (C(*.sql)) in the directory of the phase that the journal does not know yet.
    A name that begins with a number comes before one that does not, numbers compare as numbers (C(2_x.sql) before
    C(10_x.sql)), other names by code point.
  - Each script and its row in the journal are committed together or not at all. Batches are separated by C(GO) lines,
    as in sqlcmd.
  - One migration at a time runs in a database; the message names the holder of the lock.
  - The session yields to the application, with a short C(LOCK_TIMEOUT), low deadlock priority, and retries.
  - The journal is in schema C(deploy) of the migrated database and is created on first use.
author: "zero_downtime.dotnet maintainers (@zero-downtime-dotnet)"
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
  - zero_downtime.dotnet.mssql
  - zero_downtime.dotnet.mssql.scripts
requirements:
  - PyYAML, where O(path) is a release with its C(release.yml)
attributes:
  check_mode:
    support: full
    details: The plan of check mode is exactly what a run would do.
  diff_mode:
    support: full
    details: Shows the SQL as it is written in the scripts, with the names of variables and not their values.
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
    description: Name of the application, up to 64 characters. The journal keeps the scripts of each application apart.
    type: str
    required: true
  phase:
    description:
      - V(expand) adds what the new release needs, and changes nothing that the running one uses.
      - >-
        V(backfill) brings existing rows up to date. A script with the header C(-- migrate: batch 4000 pause 100ms) is
        repeated, each round in a transaction of its own, until a round changes no row. C($(BatchSize)) is the number in
        the header. With C(-- migrate: remaining SELECT ...) the end is confirmed by that query, and an estimate is
        shown.
      - V(contract) removes what no running version needs any more. Scripts that are not due yet are left, and
        RV(waiting) says why.
      - V(undo) takes the expand scripts of O(release) away again, the last first. C(undo/NNN_x.sql) undoes
        C(expand/NNN_x.sql).
      - >-
        In every phase, C(-- migrate: no-transaction) at the top of a script is for a statement that cannot run in a
        transaction.
    type: str
    choices: [expand, backfill, contract, undo]
    required: true
  action:
    description:
      - V(apply) runs the phase.
      - V(baseline) writes the scripts of the phase into the journal as applied and runs nothing, for a database that
        has them already.
      - V(adopt) does that for the scripts that another tool has in its own journal (O(adopt_from)).
      - V(repair) accepts O(scripts) as they are now, when they were applied in another form, or were begun and never
        ended.
    type: str
    choices: [apply, baseline, adopt, repair]
    default: apply
  baseline_to:
    description: The last script that V(baseline) takes as applied. Without it, all of the phase are.
    type: str
  adopt_from:
    description: The tool whose journal V(adopt) takes over.
    type: str
    choices: [efcore, dbup, flyway, grate]
  adopt_table:
    description: That tool's journal, when it is not at its usual place.
    type: str
  scripts:
    description: The names of the scripts that V(repair) accepts.
    type: list
    elements: str
    default: []
  contract_after:
    description: How many releases newer than the one that brought a contract script must have been deployed, before the
      script is due.
    type: int
    default: 1
  veto_programs:
    description:
      - Patterns of program names (C(*) and C(?)). While a session with such a name is open in the database, no contract
        script runs.
      - Consumers that are registered in the ledger with a program name are a veto in the same way.
      - It needs the permission VIEW SERVER STATE.
    type: list
    elements: str
    default: []
  throttle_query:
    description:
      - A query that is asked before each round of a backfill and answers with one number.
        V(0) goes on, a positive number is a pause in milliseconds before it is asked again, a negative number stops the
        task.
    type: str
  ledger:
    description:
      - Where the ledger of deployments is, when it is not in O(database). Each option replaces the one of the same
        name.
      - Asked by the phases contract and undo.
    type: dict
    suboptions:
      login_host:
        description: See O(login_host).
        type: str
      login_port:
        description: See O(login_port).
        type: int
      login_user:
        description: See O(login_user).
        type: str
      login_password:
        description: See O(login_password).
        type: str
      database:
        description: See O(database).
        type: str
  path:
    description:
      - A release with its C(release.yml), which names the directories of the phases, or a directory with the
        directories C(expand), C(backfill), C(contract) and C(undo).
    type: path
    required: true
  release:
    description:
      - The version that brings the scripts. It is noted in the journal, and the order of versions decides when contract
        scripts are due.
      - One that is older than the rollback horizon is refused.
    type: str
  run_id:
    description: Names the deployment, for the journal.
    type: str
  variables:
    description:
      - Values of the variables C($(Name)) in the scripts, as in sqlcmd. A variable without a value is refused.
      - A result shows the name of a variable in the place of its value, where the value has 4 characters or more.
    type: dict
    default: {}
  out_of_order:
    description: What to do with a script that was not applied while a later one of the same directory was.
    type: str
    choices: [refuse, allow]
    default: refuse
  lock_timeout_ms:
    description: How long a statement waits for a lock of the application before it is retried (C(SET LOCK_TIMEOUT)).
    type: int
    default: 500
  retries:
    description: How often a script that met a lock timeout or a deadlock is retried, after growing pauses.
    type: int
    default: 10
  statement_timeout_s:
    description: How long a single batch may run, in seconds; V(0) is without limit.
    type: int
    default: 300
  migration_lock_timeout_s:
    description: How long to wait for another migration of the same database to end, in seconds.
    type: int
    default: 30
seealso:
  - module: zero_downtime.dotnet.mssql_migration_info
  - module: zero_downtime.dotnet.mssql_migration_lint
"""

EXAMPLES = r"""
- name: Expand the schema
  zero_downtime.dotnet.mssql_migration:
    login_host: sql01.example.com
    login_user: deploy
    login_password: "{{ vault_deploy_password }}"
    database: Shop
    app: shop
    release: 2.0.0
    phase: expand
    path: /srv/releases/shop-2.0.0/db
  delegate_to: localhost

- name: Plan the contract phase, with what each script waits for
  zero_downtime.dotnet.mssql_migration:
    login_host: sql01.example.com
    database: Shop
    app: shop
    phase: contract
    path: /srv/releases/shop-3.0.0/db
    veto_programs: ["Reports 1.*"]
  delegate_to: localhost
  check_mode: true

- name: Take over what Entity Framework Core has applied
  zero_downtime.dotnet.mssql_migration:
    login_host: sql01.example.com
    database: Shop
    app: shop
    phase: expand
    action: adopt
    adopt_from: efcore
    path: /srv/releases/shop-2.0.0/db
  delegate_to: localhost
"""

RETURN = r"""
phase:
  description: The phase.
  returned: always
  type: str
  sample: expand
planned:
  description: The scripts that were to be run, in order.
  returned: always
  type: list
  elements: dict
  sample:
    - {script: 010_colour.sql, phase: expand, checksum: 5d41..., batches: 2, transaction: true}
applied:
  description: The scripts that were run, also when a later one failed.
  returned: always
  type: list
  elements: dict
  sample:
    - script: 010_colour.sql
      phase: expand
      checksum: 5d41...
      batches: 2
      rows: 0
      duration_ms: 12
      retries: 0
      rounds: 1
      messages: []
totals:
  description: Sums over RV(applied).
  returned: always
  type: dict
  sample: {scripts: 1, batches: 2, rows: 0, duration_ms: 12, retries: 0}
missing:
  description: Scripts that were applied once and are not in the directory any more.
  returned: always
  type: list
  elements: str
  sample: []
out_of_order:
  description: Scripts that were run although a later one had been applied.
  returned: always
  type: list
  elements: str
  sample: []
waiting:
  description: Contract scripts that are not due yet, each with the reason.
  returned: always
  type: list
  elements: dict
  sample:
    - {script: 020_drop_color.sql, release: 2.0.0, reason: "the node web02 runs 1.0.0, which is older than 2.0.0"}
journalled:
  description: Scripts that were written into the journal and not run, by V(baseline), V(adopt) or V(repair).
  returned: always
  type: list
  elements: str
  sample: []
unmatched:
  description: Entries of the other tool's journal that are no script of this phase.
  returned: always
  type: list
  elements: str
  sample: []
waited_ms:
  description: How long the task waited for another migration to end.
  returned: always
  type: int
  sample: 0
previous_state:
  description: What the journal held before.
  returned: always
  type: dict
  sample: {applied: 3, last_script: 003_orders.sql}
"""

import getpass
import os
import socket
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration import tasks
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.context import Context
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.report import Request
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import odbc, options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._names import name_problem
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts import phases
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.hidden import HidingTask
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import ENCODINGS
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task


def _holder(run_id: str | None) -> str:
    """Who runs this, for the message that another run gets."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    run = f", run {run_id}" if run_id else ""
    return f"{user}@{socket.gethostname()} (process {os.getpid()}{run})"


def _ledger(params: dict[str, Any], lock_timeout_ms: int) -> odbc.OdbcConnector | None:
    """Where the ledger is, when the task says that it is elsewhere."""
    different = {name: value for name, value in (params["ledger"] or {}).items() if value is not None}
    if not different:
        return None
    return odbc.OdbcConnector(options.from_params({**params, **different}, "mssql_migration"), lock_timeout_ms)


def _argument_spec() -> dict[str, Any]:
    spec = options.argument_spec()
    spec.update(
        app={"type": "str", "required": True},
        phase={"type": "str", "required": True, "choices": list(phases.NAMES)},
        action={"type": "str", "choices": ["apply", "baseline", "adopt", "repair"], "default": "apply"},
        baseline_to={"type": "str"},
        adopt_from={"type": "str", "choices": ["efcore", "dbup", "flyway", "grate"]},
        adopt_table={"type": "str"},
        scripts={"type": "list", "elements": "str", "default": []},
        contract_after={"type": "int", "default": 1},
        veto_programs={"type": "list", "elements": "str", "default": []},
        throttle_query={"type": "str"},
        ledger={
            "type": "dict",
            "options": {
                "login_host": {"type": "str"},
                "login_port": {"type": "int"},
                "login_user": {"type": "str"},
                "login_password": {"type": "str", "no_log": True},
                "database": {"type": "str"},
            },
        },
        path={"type": "path", "required": True},
        release={"type": "str"},
        run_id={"type": "str"},
        variables={"type": "dict", "default": {}},
        encoding={"type": "str", "choices": list(ENCODINGS)},
        out_of_order={"type": "str", "choices": ["refuse", "allow"], "default": "refuse"},
        lock_timeout_ms={"type": "int", "default": 500},
        retries={"type": "int", "default": 10},
        statement_timeout_s={"type": "int", "default": 300},
        migration_lock_timeout_s={"type": "int", "default": 30},
    )
    return spec


SPECIFICATION: dict[str, Any] = {
    "argument_spec": _argument_spec(),
    "supports_check_mode": True,
    "required_if": [
        ("action", "adopt", ["adopt_from"]),
        *[("phase", phase.name, ["release"]) for phase in phases.PHASES if phase.undoes],
    ],
}


def run(task: Task) -> None:
    """Does the work of the task."""
    module = HidingTask(task)
    if missing := odbc.import_error():
        module.fail_json(msg=missing_required_lib("pyodbc"), exception=missing)
    params = module.params
    for name, longest in (("app", 64), ("release", 100), ("run_id", 100)):
        if problem := name_problem(name, params[name], longest):
            module.fail_json(msg=problem)
    for name in ("lock_timeout_ms", "retries", "contract_after", "statement_timeout_s", "migration_lock_timeout_s"):
        if params[name] < 0:
            module.fail_json(msg=f"{name} is {params[name]}, 0 or more is expected.")
    try:
        connection_options = options.from_params(params, "mssql_migration")
        connector = odbc.OdbcConnector(connection_options, params["lock_timeout_ms"], params["statement_timeout_s"])
        ledger = _ledger(params, params["lock_timeout_ms"])
    except MssqlError as error:
        module.fail_json(msg=str(error))
    request = Request(
        app=params["app"],
        phase=phases.named(params["phase"]),
        path=params["path"],
        release=params["release"],
        run_id=params["run_id"],
        variables={name: str(value) for name, value in params["variables"].items()},
        encoding=params["encoding"] or "",
        out_of_order=params["out_of_order"],
        retries=params["retries"],
        contract_after=params["contract_after"],
        veto_programs=params["veto_programs"],
        throttle_query=params["throttle_query"] or None,
        ledger=ledger,
        scripts=params["scripts"],
        baseline_to=params["baseline_to"],
        adopt_from=params["adopt_from"],
        adopt_table=params["adopt_table"],
        migration_lock_timeout_s=params["migration_lock_timeout_s"],
        holder=_holder(params["run_id"]),
        check_mode=module.check_mode,
        want_sql=module._diff,
    )
    context = Context(connector, request, Progress())
    try:
        tasks.carry_out(context, params["action"])
    except (MigrationError, MssqlError, ValueError) as error:
        module.fail_json(msg=str(error), **context.report.public())
    module.exit_json(**context.report.public())


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
