# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of every iis_* action: what it refuses, how it connects, how it fails, and that no secret leaves it.

Private to the collection.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from .appcmd import Appcmd
from .errors import ConnectionLost, IisError
from .masking import Masker
from .paths import check_directory
from .quoting import refuse_control_characters
from .talk import Talk
from .transport import CommandRunner
from .winrm import WinrmRunner

CONNECTION = "winrm"
COMMON_SPEC: dict[str, Any] = {"system_root": {"type": "str", "default": r"C:\Windows"}}


class IisActionBase(ActionBase):  # type: ignore[misc]
    """Subclasses state their argument spec and do their work; everything else is the same for all."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True  # it is refused below with a sentence of its own

    ARGUMENT_SPEC: dict[str, Any] = {}
    SPEC_CONDITIONS: dict[str, Any] = {}

    @abstractmethod
    def work(self, options: dict[str, Any], node: Node) -> dict[str, Any]:
        """Hook: do it; raises IisError. The options are validated and complete."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        masker = Masker(self._secrets())
        host = str((task_vars or {}).get("inventory_hostname", "the node"))
        talk = Talk(lambda line: self._display.display(f"  [{host}] {masker.text(line)}", color="cyan"))
        try:
            self._refuse_what_is_not_supported()
            options = self._options()
            runner = WinrmRunner(self._connection)
            runner.connect()
            result.update(self.work(options, Node(runner, talk, options["system_root"], bool(self._task.check_mode))))
        except ConnectionLost as lost:
            result.update(self._lost(lost, talk, host))
        except IisError as error:
            result.update(failure_of(error))
        except AnsibleActionFail as error:
            result.update(failed=True, msg=str(error))
        if talk.warnings:
            result.setdefault("warnings", []).extend(talk.warnings)
        masked: dict[str, Any] = masker.deep(result)
        return masked

    # what is refused

    def _refuse_what_is_not_supported(self) -> None:
        transport = str(getattr(self._connection, "transport", "unknown")).rpartition(".")[2]
        name = str(self._task.action)
        if transport != CONNECTION:
            raise IisError(
                f"{name} runs over the connection winrm, and this task has {transport}: set ansible_connection to winrm."
            )
        if getattr(self._connection, "become", None):
            raise IisError(
                f"{name} does not support become, which Windows programs started directly would ignore: "
                "log in as an administrator of the node and set become to false."
            )
        if self._task.async_val:
            raise IisError(
                f"{name} does not support async, it shows its progress itself: take async and poll out of the task."
            )

    def _options(self) -> dict[str, Any]:
        _validation, options = self.validate_argument_spec(argument_spec=self.ARGUMENT_SPEC, **self.SPEC_CONDITIONS)
        validated: dict[str, Any] = {name: options.get(name) for name in self.ARGUMENT_SPEC}
        validated["system_root"] = check_directory(validated["system_root"], "system_root")
        for name, value in validated.items():
            if isinstance(value, str):
                refuse_control_characters(value, name)
        return validated

    # what must not be seen

    def _secrets(self) -> Iterator[object]:
        """The values of every option with no_log, before anything is validated: a message may quote what it refuses."""
        for name, spec in self.ARGUMENT_SPEC.items():
            if spec.get("no_log"):
                yield from _leaves(self._task.args.get(name))
        try:
            yield self._connection.get_option("remote_password")
        except (AnsibleError, KeyError):
            return

    def _lost(self, lost: ConnectionLost, talk: Talk, host: str) -> dict[str, Any]:
        found = failure_of(lost)
        found["connection_lost"] = True
        if talk.connected:
            found["msg"] = f"The connection to {host} was lost while {talk.step} ({lost.message}). {talk.if_lost}"
        else:
            found["msg"] = f"{lost.message} Nothing was changed by this task."
        return found


class Node:
    """What an action works with."""

    def __init__(self, runner: CommandRunner, talk: Talk, system_root: str, check_mode: bool) -> None:
        talk.connected = True
        self.runner = runner
        self.talk = talk
        self.system_root = system_root
        self.check_mode = check_mode
        self.appcmd = Appcmd(runner, system_root, time.monotonic, time.sleep)


def failure_of(error: IisError) -> dict[str, Any]:
    """A failed result from an error."""
    return {**error.facts, "failed": True, "msg": error.message}


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value
