#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The migration linter over migration scripts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mssql_migration_lint
version_added: 0.1.0
short_description: Refuse migration scripts that would break or block the running version of the application
description:
  - Reads T-SQL scripts and refuses what the version of the application that is still running could not live with, such
    as a dropped or renamed column, a required column without a default, a procedure changed in place, or a lock that
    stops everybody.
  - >-
    A statement that the linter does not recognise is refused too. A script can allow a finding by a comment with a
    reason on the line before the statement, C(-- lint: allow RULE REASON).
  - The rules, the waivers and the use without Ansible are described in C(docs/lint.md).
  - With O(login_host) or O(dsn) the live schema is read as well, with twelve queries on the catalogue views. Nothing is
    written.
author: "zero_downtime.dotnet maintainers (@zero-downtime-dotnet)"
requirements:
  - PyYAML, where a release with its C(release.yml) is read
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
  path:
    description:
      - A script, a directory of scripts, the directory above those of the phases, or a release with its C(release.yml).
      - The scripts of a directory are read in the order in which M(zero_downtime.dotnet.mssql_migration) runs them;
        what the first ones make is new to the later ones.
    type: path
    required: true
  phase:
    description: The phase that the scripts are for. Dropping is allowed in contract and undo only.
    type: str
    choices: [expand, backfill, contract, undo]
    required: true
  supported:
    description:
      - The other releases that may still run, the oldest first. Each is a directory with a C(release.yml), or that
        file.
      - What a script breaks is compared with what they declare in C(uses). A release without that key may use anything,
        so what breaks is refused.
    type: list
    elements: path
    default: []
  severities:
    description: Severities of rules other than the usual ones. By rule, V(error), V(warning), V(note) or V(off).
    type: dict
    default: {}
  edition:
    description: Edition of the SQL Server. It decides what can be done online. Read from the server where O(live) is.
    type: str
    choices: [standard, enterprise, developer, express, web, azure]
  server_version:
    description: Version of the SQL Server. Read from the server where O(live) is.
    type: str
    choices: ['2016', '2017', '2019', '2022', '2025']
  max_rows:
    description: In contract and undo, rules about locks are errors for tables of more rows than this. Needs O(live).
    type: int
  modules:
    description:
      - Whether existing procedures, views and functions are left alone and get successors under new names
        (V(versioned)), or are changed in place (V(in_place)).
      - With V(in_place) the new parameters and columns are compared with those in the live schema. A difference that a
        caller would notice is an error, as is what cannot be compared; otherwise the change is a warning. Needs
        O(live).
      - A release states it in its C(release.yml) (C(modules)). Without either it is V(versioned).
    type: str
    choices: [versioned, in_place]
  variables:
    description:
      - Values of the sqlcmd variables C($(Name)) in the scripts.
      - A result shows the name of a variable in the place of its value, where the value has 4 characters or more.
    type: dict
    default: {}
  live:
    description:
      - Read the live schema. Without this option it is read where O(login_host) or O(dsn) is given, and if the server
        refuses one of the queries, the scripts are checked by themselves, which is stricter, and a warning says so.
        With V(true) that is a failure.
    type: bool
  app:
    description:
      - The application whose journal tells, where O(live) is, which scripts were applied before. Nothing runs those
        again, so they are not checked.
      - Without it the journals of all applications in the database count.
    type: str
  fail:
    description: Fail when there is an error among the findings. With V(false) test RV(refused).
    type: bool
    default: true
  database:
    description: Database to connect to. Required with O(live).
    type: str
    required: false
seealso:
  - module: zero_downtime.dotnet.mssql_migration
"""

EXAMPLES = r"""
- name: Lint the expand scripts of a release
  zero_downtime.dotnet.mssql_migration_lint:
    path: /srv/releases/shop-2.0.0/db/expand
    phase: expand
    edition: standard
  delegate_to: localhost

- name: Lint the contract scripts against the releases that may still run and the live schema
  zero_downtime.dotnet.mssql_migration_lint:
    path: /srv/releases/shop-3.0.0
    phase: contract
    supported:
      - /srv/releases/shop-2.0.0
    max_rows: 100000
    login_host: sql01.example.com
    login_user: deploy
    login_password: "{{ vault_deploy_password }}"
    database: Shop
  delegate_to: localhost
  register: lint
"""

RETURN = r"""
findings:
  description: What was found and not waived, in the order of the scripts.
  returned: always
  type: list
  elements: dict
  contains:
    rule:
      description: The rule's id, as docs/lint.md lists it.
      type: str
      sample: drop-column
    severity:
      description: One of error, warning and note.
      type: str
      sample: error
    file:
      description: The script.
      type: str
      sample: /srv/releases/shop-2.0.0/db/expand/0003_tidy.sql
    line:
      description: Line in the script, from 1.
      type: int
      sample: 12
    column:
      description: Column in the line, from 1.
      type: int
      sample: 24
    message:
      description: What the statement does.
      type: str
      sample: drops column Colour of dbo.Things
    reason:
      description: Why the running version cannot live with it.
      type: str
      sample: The running version reads or writes it, and its values are gone.
    advice:
      description: The safe way, written out for this statement.
      type: str
      sample: |-
        Move this statement into a contract script, for a release that no older one has to share.
        -- contract:
        ALTER TABLE dbo.Things DROP COLUMN Colour;
    phase:
      description: The phase for which it was checked.
      type: str
      sample: expand
    source:
      description: The line of the script.
      type: str
      sample: ALTER TABLE dbo.Things DROP COLUMN Colour;
    table_rows:
      description: Rows of the table, where the live schema was read.
      type: int
      sample: 120000
waived:
  description: Findings that a waiver in the script allows, each with the waiver's reason in C(waiver).
  returned: always
  type: list
  elements: dict
  sample: []
waivers:
  description: All waivers in the scripts, with the number of findings that each covers.
  returned: always
  type: list
  elements: dict
  sample:
    - {rule: drop-index, reason: nobody reads by it, file: 0003_tidy.sql, line: 4, findings: 1}
counts:
  description: How many errors, warnings, notes, waived findings, statements and scripts.
  returned: always
  type: dict
  sample: {errors: 1, warnings: 0, notes: 0, waived: 0, statements: 7, scripts: 2}
files:
  description: The scripts that were read, in their order.
  returned: always
  type: list
  elements: str
  sample: [/srv/releases/shop-2.0.0/db/expand/0003_tidy.sql]
applied:
  description: The scripts that were applied before, and therefore not checked.
  returned: always
  type: list
  elements: str
  sample: []
versioned:
  description: Objects that come in versions, with the releases that use each, and what may be removed when.
  returned: always
  type: list
  elements: dict
  sample:
    - name: dbo.spFindAllThings
      base: dbo.spfindallthings
      number: 1
      used_by: [1.0.0]
      removable: false
      removable_after: 1.0.0
refused:
  description: Whether there is an error among the findings.
  returned: always
  type: bool
  sample: true
live:
  description: Whether the live schema was read.
  returned: always
  type: bool
  sample: false
report:
  description: The findings as text for people.
  returned: always
  type: str
  sample: "passed: 0 errors in 1 script (3 statements)."
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql import odbc, options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError, ServerError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.hidden import HidingTask
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import NAMES
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import ENCODINGS
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.cli import as_dict
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.live import LiveSchema, read_live
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import MODULES, Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.output import text
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import (
    EDITIONS,
    VERSIONS,
    Request,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import (
    run as lint,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.sources import SourceError


def argument_spec() -> dict[str, dict[str, Any]]:
    spec = options.argument_spec()
    spec["database"] = {"type": "str"}
    spec.update(
        path={"type": "path", "required": True},
        phase={"type": "str", "required": True, "choices": list(NAMES)},
        supported={"type": "list", "elements": "path", "default": []},
        severities={"type": "dict", "default": {}},
        edition={"type": "str", "choices": list(EDITIONS)},
        server_version={"type": "str", "choices": sorted(VERSIONS)},
        max_rows={"type": "int"},
        modules={"type": "str", "choices": list(MODULES)},
        variables={"type": "dict", "default": {}},
        encoding={"type": "str", "choices": list(ENCODINGS)},
        live={"type": "bool"},
        app={"type": "str"},
        fail={"type": "bool", "default": True},
    )
    return spec


SPECIFICATION: dict[str, Any] = {"argument_spec": argument_spec(), "supports_check_mode": True}


def live_schema(module: Task) -> LiveSchema | None:
    """What is in the database, where a connection is given."""
    params = module.params
    wanted = params["live"] if params["live"] is not None else bool(params["login_host"] or params["dsn"])
    if not wanted:
        return None
    if not params["database"]:
        raise SourceError(
            "The live schema is to be read, and database is missing: name the database, or set live to false."
        )
    if missing := odbc.import_error():
        module.fail_json(msg=missing_required_lib("pyodbc"), exception=missing)
    connector = odbc.OdbcConnector(options.from_params(params, "mssql_migration_lint"), lock_timeout_ms=10000)
    with connector.connect() as connection:
        try:
            return read_live(connection.rows, params["app"] or "")
        except ServerError as error:
            if params["live"] or error.lost:
                raise
            # Without the live schema the linter is the stricter one: what it cannot know, it refuses.
            module.warn(f"The live schema could not be read, the scripts are checked by themselves: {error}")
            return None


def run(task: Task) -> None:
    """Does the work of the task."""
    module = HidingTask(task)
    params = module.params
    try:
        report = lint(
            Request(
                [params["path"]],
                params["phase"],
                params["supported"],
                {str(name): str(value) for name, value in params["variables"].items()},
                Options(
                    edition=params["edition"] or "",
                    version=VERSIONS.get(params["server_version"], 0),
                    severities={str(rule): str(level) for rule, level in params["severities"].items()},
                    max_rows=params["max_rows"],
                    modules=params["modules"] or "",
                ),
                params["encoding"] or "",
            ),
            live_schema(module),
        )
    except (SourceError, ReleaseError, MssqlError) as error:
        module.fail_json(msg=str(error))
    for sentence in report.silent:
        module.warn(sentence)
    result = {"changed": False, "live": report.live, "report": text.render(report), **as_dict(report)}
    if report.refused and params["fail"]:
        module.fail_json(msg=text.sentence(report), **result)
    module.exit_json(**result)


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
