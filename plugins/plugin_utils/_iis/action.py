# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base of every iis_* action: refused connections, connecting, failures and masking of secrets.

Private to the collection.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ...module_utils._text import clean_result
from .._progress import show_progress
from .appcmd import Appcmd
from .errors import ConnectionLost, IisError
from .masking import Masker
from .paths import check_directory
from .quoting import refuse_control_characters
from .reporter import TaskReporter
from .transport import CommandRunner
from .winrm import WinrmRunner

CONNECTION = "winrm"
COMMON_SPEC: dict[str, Any] = {"system_root": {"type": "str", "default": r"C:\Windows"}}


class IisActionBase(ActionBase):  # type: ignore[misc]
    """Subclasses have an argument spec and do their work; the rest is the same for all."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True  # refused below, with a clear message

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {}
    SPEC_CONDITIONS: ClassVar[dict[str, Any]] = {}

    @abstractmethod
    def work(self, options: dict[str, Any], node: Node) -> dict[str, Any]:
        """Hook: do the work; raises IisError. The options are validated and complete."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        masker = Masker(self._secrets())
        host = str((task_vars or {}).get("inventory_hostname", "the node"))

        def show(line: str) -> None:
            if not self._task.no_log:
                show_progress(host, masker.text(line))

        reporter = TaskReporter(show)
        try:
            self._refuse_what_is_not_supported()
            options = self._options()
            runner = WinrmRunner(self._connection)
            runner.connect()
            node = Node(runner, reporter, options["system_root"], bool(self._task.check_mode))
            result.update(self.work(options, node))
        except ConnectionLost as lost:
            result.update(failure_of_connection(lost, reporter, host))
        except IisError as error:
            result.update(failure_of(error))
        except AnsibleActionFail as error:
            result.update(failed=True, msg=str(error))
        if reporter.warnings:
            result.setdefault("warnings", []).extend(reporter.warnings)
        # Masked first: a secret may hold characters that are cleaned.
        masked: dict[str, Any] = clean_result(masker.deep(result))
        return masked

    # refused connections and options

    def _refuse_what_is_not_supported(self) -> None:
        transport = str(getattr(self._connection, "transport", "unknown")).rpartition(".")[2]
        name = str(self._task.action)
        if transport != CONNECTION:
            raise IisError(
                f"{name} needs the connection winrm, and this task uses {transport}: set ansible_connection to winrm."
            )
        if getattr(self._connection, "become", None):
            raise IisError(
                f"{name} does not support become: it starts Windows programs directly, which would ignore it. "
                "Log in as an administrator of the node and set become to false."
            )
        if self._task.async_val:
            raise IisError(
                f"{name} does not support async: it shows its progress itself. Remove async and poll from the task."
            )

    def _options(self) -> dict[str, Any]:
        _validation, options = self.validate_argument_spec(argument_spec=self.ARGUMENT_SPEC, **self.SPEC_CONDITIONS)
        validated: dict[str, Any] = {name: options.get(name) for name in self.ARGUMENT_SPEC}
        validated["system_root"] = check_directory(validated["system_root"], "system_root")
        for name, value in validated.items():
            if isinstance(value, str):
                refuse_control_characters(value, name)
        return validated

    # secrets

    def _secrets(self) -> Iterator[object]:
        """The values of options with no_log, before validation: its messages may quote a refused value."""
        for name, spec in self.ARGUMENT_SPEC.items():
            if spec.get("no_log"):
                yield from _leaves(self._task.args.get(name))
        try:
            yield self._connection.get_option("remote_password")
        except (AnsibleError, KeyError):
            return


class Node:
    """What an action works with: the runner, the reporter and appcmd of one node."""

    def __init__(self, runner: CommandRunner, reporter: TaskReporter, system_root: str, check_mode: bool) -> None:
        reporter.connected = True
        self.runner = runner
        self.reporter = reporter
        self.system_root = system_root
        self.check_mode = check_mode
        self.appcmd = Appcmd(runner, system_root, time.monotonic, time.sleep)


def failure_of(error: IisError) -> dict[str, Any]:
    """A failed result from an error."""
    return {**error.facts, "failed": True, "msg": error.message}


def failure_of_connection(lost: ConnectionLost, reporter: TaskReporter, host: str) -> dict[str, Any]:
    """A failed result from a lost connection: what was interrupted, and the possible state of the node."""
    if reporter.connected:
        message = f"The connection to {host} was lost while {reporter.step} ({lost.message}). {reporter.if_lost}"
    else:
        message = f"{lost.message} Nothing was changed by this task."
    return {**failure_of(lost), "connection_lost": True, "msg": message}


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value
