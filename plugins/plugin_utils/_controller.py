# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of the action plugins whose module mostly runs on the controller: there it costs no process of its own.

Ansible forks a worker for each task. A module that runs on the controller would be packed, started as a new Python and
compiled again on top of that, which costs more than its work. Here its ``run`` is called in the worker itself.

The module still runs as a process of its own where that may make a difference: over any connection but ``local``, with
become, with an environment or another Python than Ansible's, when a library that it needs is missing here, or when it
has to outlive the worker.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import traceback
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import _list_no_log_values, remove_values
from ansible.module_utils.errors import UnsupportedError

from ..module_utils import _progress
from ..module_utils._task import Task
from ..module_utils._text import clean_result
from ._progress import ProgressActionBase, show_progress

_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_CHOSEN_BY_ANSIBLE = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")


class ModuleFile(t.Protocol):
    """A module of this collection, as a Python module."""

    SPECIFICATION: dict[str, t.Any]

    def run(self, module: Task) -> None:
        """Does the work; ends with exit_json or fail_json."""


class Ended(SystemExit):
    """The task ended. It ends a module too, so nothing that the module runs catches it."""

    def __init__(self, result: dict[str, t.Any]) -> None:
        super().__init__(0)
        self.result = result


class WorkerTask:
    """A task that runs in Ansible's worker: validated as AnsibleModule does, and masked as it does."""

    def __init__(self, name: str, arguments: Mapping[str, t.Any], specification: Mapping[str, t.Any]) -> None:
        conditions = dict(specification)
        conditions.pop("supports_check_mode", None)
        self._spec = conditions.pop("argument_spec")
        validator = ArgumentSpecValidator(self._spec, **conditions)
        found = validator.validate(plain(arguments))
        self.params: dict[str, t.Any] = found.validated_parameters
        self.check_mode = False
        self._diff = False
        self._warnings: list[str] = []
        secrets = set(found._no_log_values)
        if not found.error_messages:
            # What was given as text ("a=1") is a dict only now.
            secrets |= _list_no_log_values(self._spec, self.params)
        self._secrets = _forms(secrets)
        refused = [
            f"Unsupported parameters: {error.msg}" if isinstance(error, UnsupportedError) else error.msg
            for error in found.errors
        ]
        self._refusal = f"{name}: {'; '.join(refused)}" if refused else ""

    def warn(self, warning: str) -> None:
        self._warnings.append(warning)

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        raise Ended(self._result({**kwargs, "failed": True, "msg": msg}))

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        raise Ended(self._result(kwargs))

    def carry_out(self, run: t.Callable[[Task], None]) -> dict[str, t.Any]:
        """The result of the module's work."""
        try:
            if self._refusal:
                self.fail_json(self._refusal)
            run(self)
        except Ended as ended:
            return ended.result
        except (Exception, SystemExit) as error:  # its text is masked before anybody sees it; it ends no worker
            fault = f"{type(error).__name__}: {error}"
            return self._result(
                {"failed": True, "msg": f"Internal error, {fault}", "exception": traceback.format_exc()}
            )
        return self._result({"failed": True, "msg": "The module ended without a result."})

    def masked(self, text: str) -> str:
        """The text without secrets."""
        return str(remove_values(text, self._secrets))

    def _result(self, values: dict[str, t.Any]) -> dict[str, t.Any]:
        hidden = {name for name, option in self._spec.items() if option.get("no_log")}
        shown = {
            name: _HIDDEN if name in hidden and value is not None else value for name, value in self.params.items()
        }
        result: dict[str, t.Any] = {**values, "invocation": {"module_args": shown}}
        if self._warnings:
            result["warnings"] = [*result.get("warnings", []), *self._warnings]
        # Masked first: a secret may hold characters that are cleaned.
        masked: dict[str, t.Any] = clean_result(remove_values(plain(result), self._secrets))
        return masked


class ControllerActionBase(ProgressActionBase):
    """Runs a module in Ansible's worker where it can, else as any module."""

    TRANSFERS_FILES = False
    module: ModuleFile
    needs: tuple[str, ...] = ()
    """Python packages that the module needs."""
    outlives_worker = False
    """The module undoes its work when the worker is killed, so it never runs in it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._here = self.may_run_here(task_vars or {})
        # A process needs a directory for its files and its progress; the worker needs none.
        self.TRANSFERS_FILES = not self._here
        return super().run(tmp, task_vars)

    def execute(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if not self._here:
            return super().execute(args, task_vars)
        task = WorkerTask(str(self._task.action), args, self.module.SPECIFICATION)
        task.check_mode = bool(self._task.check_mode)
        task._diff = bool(self._task.diff)
        host = self.shown_host(task_vars)
        if not self._task.no_log:
            _progress.Progress.show = lambda line: show_progress(host, task.masked(line))
        try:
            with _ended_at_once():
                return task.carry_out(self.module.run)
        finally:
            _progress.Progress.show = None

    def may_run_here(self, task_vars: Mapping[str, t.Any]) -> bool:
        """Whether the worker is as good as a process of the module's own."""
        return (
            not self.outlives_worker
            and str(self._connection.transport).rpartition(".")[2] == "local"
            and not self._connection.become
            and not self._play_context.become
            and not any(self._task.environment or [])
            and self._same_python(task_vars)
            and all(importlib.util.find_spec(name) is not None for name in self.needs)
        )

    def _same_python(self, task_vars: Mapping[str, t.Any]) -> bool:
        """Whether the user left the choice of the Python to Ansible, or chose the one that Ansible runs on."""
        variables = task_vars
        if self._task.delegate_to:
            variables = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to) or {}
        wanted = variables.get("ansible_python_interpreter") or constants.config.get_config_value("INTERPRETER_PYTHON")
        wanted = self._templar.template(wanted)
        return wanted in {None, "", *_CHOSEN_BY_ANSIBLE} or _is_this_python(Path(str(wanted)))


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """Lets Ctrl-C end the work as it ends a module's process: at once.

    Ansible's handlers in a worker run between two instructions of Python only, and a SQL statement is a single one.
    """
    former = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _is_this_python(path: Path) -> bool:
    """One directory has several names of it; the same file in another virtual environment has other packages."""
    here = Path(sys.executable)
    return path.parent.resolve() == here.parent.resolve() and path.resolve() == here.resolve()


def _forms(secrets: set[str]) -> set[str]:
    """Secrets as they may be in a text: as they are, and escaped, as in JSON and in the text of an exception."""
    return {form for secret in secrets for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1])}


def plain(value: t.Any) -> t.Any:
    """The value as a module gets it and gives it: JSON's types alone, without Ansible's own subclasses of them."""
    return json.loads(json.dumps(_unwrapped(value), default=str))


def _unwrapped(value: t.Any) -> t.Any:
    if isinstance(value, Mapping):
        return {str(name): _unwrapped(item) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [_unwrapped(item) for item in value]
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
