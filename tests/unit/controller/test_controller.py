# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that runs in Ansible's own worker: validated and masked as AnsibleModule does, and only where it may."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.action import (
    deployment,
    http_probe,
    lb_member,
    lb_member_info,
    mssql_migration_lint,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils import _progress
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._controller import (
    ControllerActionBase,
    WorkerTask,
    plain,
)

SPECIFICATION: dict[str, Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "password": {"type": "str", "no_log": True},
        "count": {"type": "int", "default": 3},
        "headers": {"type": "dict", "no_log": True},
        "nested": {"type": "dict", "options": {"token": {"type": "str", "no_log": True}, "user": {"type": "str"}}},
    },
    "supports_check_mode": True,
    "required_if": [("name", "needs", ["password"])],
}


def result(arguments: dict[str, Any], run: Any = lambda task: task.exit_json(changed=False)) -> dict[str, Any]:
    return WorkerTask("toy", arguments, SPECIFICATION).carry_out(run)


def test_options_are_converted_and_have_their_defaults() -> None:
    found: dict[str, Any] = {}

    def run(task: Task) -> None:
        found.update(task.params)
        task.exit_json(changed=True, answer=42)

    done = result({"name": "x", "count": "7"}, run)
    assert found == {"name": "x", "password": None, "count": 7, "headers": None, "nested": None}
    assert (done["changed"], done["answer"]) == (True, 42)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({}, "missing required arguments: name"),
        # Without these words the sentence would not say what is wrong.
        ({"name": "x", "nmae": "y"}, "toy: Unsupported parameters: nmae. Supported parameters include: count,"),
        ({"name": "x", "nested": {"user": {"a": 1}, "token": [1]}, "nmae": "y"}, "nmae"),
        ({"name": "x", "count": "many"}, "count"),
        ({"name": "needs"}, "name is needs but all of the following are missing: password"),
    ],
)
def test_a_wrong_option_is_refused_before_the_work(arguments: dict[str, Any], part: str) -> None:
    ran: list[Task] = []
    done = result(arguments, ran.append)
    assert done["failed"] and part in done["msg"], done
    assert not ran


def test_secrets_are_masked_wherever_they_come_back() -> None:
    """In the result, in a nested option, in a warning and in what went wrong inside."""

    def run(task: Task) -> None:
        task.warn("the password is hunter2")
        task.exit_json(changed=False, text="login with hunter2", deep=[{"token": "s3cr3t-t0ken"}], user="ann")

    arguments = {"name": "x", "password": "hunter2", "nested": {"token": "s3cr3t-t0ken", "user": "ann"}}
    done = result(arguments, run)
    assert "hunter2" not in repr(done) and "s3cr3t-t0ken" not in repr(done), done
    assert done["user"] == "ann"
    assert done["warnings"] == ["the password is ********"]

    def fault(task: Task) -> None:
        raise RuntimeError(f"no login with {task.params['password']}")

    broken = result(arguments, fault)
    assert broken["failed"] and "RuntimeError" in broken["msg"]
    assert "hunter2" not in repr(broken), broken


@pytest.mark.parametrize("given", ["token=s3cr3t-t0ken", '{"token": "s3cr3t-t0ken"}'])
def test_a_secret_that_is_part_of_a_text_is_masked_by_itself(given: str) -> None:
    """A dict may be given as a text: what is in it is known when it was converted."""

    def run(task: Task) -> None:
        task.exit_json(changed=False, text=f"sent {task.params['headers']['token']}")

    done = result({"name": "x", "headers": given}, run)
    assert done["text"] == "sent ********"
    assert "s3cr3t-t0ken" not in repr(done)


def test_a_secret_is_masked_where_it_is_escaped() -> None:
    def run(task: Task) -> None:
        raise KeyError(task.params["password"])

    done = result({"name": "x", "password": "pass\\word\nä"}, run)
    assert done["msg"] == "Internal error, KeyError: '********'", done
    encoded = result({"name": "x", "password": 'pa"ss'}, lambda task: task.exit_json(text=json.dumps(task.params)))
    assert "pa" not in encoded["text"].replace("password", ""), encoded


def test_what_comes_from_outside_is_clean_in_the_result_and_in_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(_progress.display, "display", lambda line, **_unused: shown.append(line))

    def run(task: Task) -> None:
        Progress("").tell(lambda: "a\nPLAY RECAP \x1b[31m\u202e \U0001f600")
        task.fail_json(msg="a\nPLAY RECAP\x00", lines=["\x9b1m\udc80 \U0001f600"])

    done = working(run, monkeypatch).execute({"name": "x"}, {"inventory_hostname": "web01"})
    assert done["msg"] == "a\n  PLAY RECAP?"
    assert done["lines"] == ["? \U0001f600"]
    assert shown == ["  [web01] a PLAY RECAP ? \U0001f600"]


def test_a_library_that_exits_fails_the_task_and_does_not_end_the_worker() -> None:
    done = result({"name": "x"}, lambda _task: sys.exit(3))
    assert done["failed"] and "SystemExit: 3" in done["msg"]


def test_work_that_ends_without_a_result_is_a_failure() -> None:
    assert result({"name": "x"}, lambda _task: None)["failed"] is True


def test_a_module_that_catches_every_exception_still_ends() -> None:
    def run(task: Task) -> None:
        try:
            task.exit_json(changed=False, first=True)
        except Exception:
            task.exit_json(changed=False, first=False)

    assert result({"name": "x"}, run)["first"] is True


class Text(str):
    """A str that carries more, as Ansible's own do."""

    __slots__ = ()


def test_what_a_module_gets_has_json_types_alone() -> None:
    found = plain({Text("a"): [Text("b"), (1, 2.5, None, True)]})
    assert found == {"a": ["b", [1, 2.5, None, True]]}
    assert not isinstance(found["a"][0], Text)
    assert not isinstance(next(iter(found)), Text)


def working(run: Any, monkeypatch: pytest.MonkeyPatch, *, no_log: bool = False) -> Any:
    """An action whose module does this in the worker."""
    action: Any = object.__new__(deployment.ActionModule)
    action._here = True
    action._task = SimpleNamespace(action="toy", check_mode=False, diff=False, delegate_to=None, no_log=no_log)
    toy = SimpleNamespace(SPECIFICATION={"argument_spec": SPECIFICATION["argument_spec"]}, run=run)
    monkeypatch.setattr(deployment.ActionModule, "module", toy)
    return action


@pytest.mark.parametrize(("no_log", "expected"), [(False, ["  [web01] login with ********"]), (True, [])])
def test_progress_shows_no_secret(no_log: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a task with no_log it shows nothing, in the worker and from a process."""
    shown: list[str] = []
    monkeypatch.setattr(_progress.display, "display", lambda line, **_unused: shown.append(line))

    def run(task: Task) -> None:
        Progress("").tell(lambda: f"login with {task.params['password']}")
        task.exit_json()

    action = working(run, monkeypatch, no_log=no_log)
    action.execute({"name": "x", "password": "hunter2"}, {"inventory_hostname": "web01"})
    assert shown == expected


@pytest.mark.parametrize("no_log", [False, True])
def test_a_process_writes_progress_only_where_it_is_shown(no_log: bool, tmp_path: Path) -> None:
    action: Any = object.__new__(deployment.ActionModule)
    action._task = SimpleNamespace(no_log=no_log, delegate_to=None)
    shell = SimpleNamespace(tmpdir=str(tmp_path), join_path=lambda *parts: "/".join(parts))
    action._connection = SimpleNamespace(transport="local", _shell=shell)
    with action._progress({}):
        assert (action._progress_path is None) == no_log


def test_a_signal_ends_the_work_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler in Python would wait for the end of a SQL statement. Behind the work it is Ansible's again."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def run(task: Task) -> None:
        task.exit_json(handlers=[signal.getsignal(number) == signal.SIG_DFL for number in numbers])

    action = working(run, monkeypatch)
    former = {number: signal.signal(number, lambda *_unused: None) for number in numbers}
    own = {number: signal.getsignal(number) for number in numbers}
    try:
        done = action.execute({"name": "x"}, {})
        assert {number: signal.getsignal(number) for number in numbers} == own
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert done["handlers"] == [True, True]


# -- where a module runs in the worker
HERE: dict[str, Any] = {"transport": "local", "become": None, "environment": [{}], "delegate_to": None}


def may_run_here(variables: dict[str, Any] | None = None, kind: type = deployment.ActionModule, **changed: Any) -> bool:
    """Whether the action would run its module in the worker, under these conditions."""
    is_like = {**HERE, **changed}
    action: Any = object.__new__(kind)
    action._connection = SimpleNamespace(transport=is_like["transport"], become=is_like["become"])
    action._play_context = SimpleNamespace(become=is_like["become"] is not None)
    action._task = SimpleNamespace(environment=is_like["environment"], delegate_to=is_like["delegate_to"])
    action._templar = SimpleNamespace(template=lambda value: value)
    found: bool = ControllerActionBase.may_run_here(action, variables or {})
    return found


def test_on_the_controller_it_runs_in_the_worker() -> None:
    assert may_run_here()
    assert may_run_here(transport="ansible.builtin.local")
    assert may_run_here({"ansible_python_interpreter": sys.executable})
    assert may_run_here({"ansible_python_interpreter": "auto_silent"})
    for name in ("python", "python3"):
        assert may_run_here({"ansible_python_interpreter": str(Path(sys.executable).parent / name)})
    delegated = {
        "ansible_python_interpreter": "/somewhere/else",
        "ansible_delegated_vars": {"localhost": {"ansible_python_interpreter": sys.executable}},
    }
    assert may_run_here(delegated, delegate_to="localhost")


@pytest.mark.parametrize(
    "condition",
    [
        {"transport": "ssh"},
        {"transport": "winrm"},
        {"become": object()},
        {"environment": [{"LANG": "C"}]},
        {"variables": {"ansible_python_interpreter": "/usr/bin/python-of-another-place"}},
        # The Python that a virtual environment links to has none of its packages.
        {"variables": {"ansible_python_interpreter": str(Path(sys.executable).resolve())}},
        {
            "variables": {"ansible_delegated_vars": {"lb01": {"ansible_python_interpreter": "/opt/python3"}}},
            "delegate_to": "lb01",
        },
    ],
)
def test_elsewhere_it_is_a_process_of_its_own(condition: dict[str, Any]) -> None:
    assert not may_run_here(**condition)


def test_a_module_that_cleans_up_behind_a_killed_worker_is_not_in_it() -> None:
    """A killed worker runs nothing any more: the member would be left as it is."""
    assert may_run_here(kind=lb_member_info.ActionModule)
    assert not may_run_here(kind=lb_member.ActionModule)


def test_a_virtual_environment_may_be_reached_over_a_link(tmp_path: Path) -> None:
    link = tmp_path / "venv"
    link.symlink_to(Path(sys.executable).parent.parent)
    assert may_run_here({"ansible_python_interpreter": str(link / "bin" / Path(sys.executable).name)})


def test_a_library_that_is_missing_here_may_be_in_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deployment.ActionModule.needs == ("pyodbc",)
    assert http_probe.ActionModule.needs == ("jmespath",)
    assert may_run_here(kind=lb_member_info.ActionModule)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert not may_run_here()


def test_progress_is_shown_at_once() -> None:
    lines: list[str] = []
    Progress.show = lines.append
    try:
        progress = Progress("")
        assert progress.wanted
        progress.say("12 requests  in\nflight")
    finally:
        Progress.show = None
    assert lines == ["12 requests in flight"]
    assert not Progress("").wanted


@pytest.mark.parametrize("no_log", [False, True])
def test_the_report_of_lint_is_not_shown_for_no_log(no_log: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(mssql_migration_lint.display, "display", lambda line, **_unused: shown.append(line))
    found = {"findings": [{}], "report": "1_a.sql: error"}
    monkeypatch.setattr(ControllerActionBase, "run", lambda *_unused: found)
    action: Any = object.__new__(mssql_migration_lint.ActionModule)
    action._task = SimpleNamespace(no_log=no_log)
    assert action.run() == found
    assert shown == ([] if no_log else ["  1_a.sql: error"])
