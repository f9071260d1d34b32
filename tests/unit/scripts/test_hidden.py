# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.hidden import HidingTask


class Ended(Exception):
    """The task has ended."""


class Recorder:
    """A task that keeps what it is told."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.params: dict[str, Any] = {"variables": variables, "path": "db"}
        self.check_mode = False
        self._diff = False
        self.told: list[Any] = []

    def warn(self, warning: str) -> None:
        self.told.append(warning)

    def fail_json(self, msg: str, **kwargs: Any) -> Any:
        self.told.append({"msg": msg, **kwargs})
        raise Ended

    def exit_json(self, **kwargs: Any) -> Any:
        self.told.append(kwargs)
        raise Ended


VARIABLES = {"Schema": "sales", "SalesTable": "sales_2026", "Password": "a'b\\1$", "Flag": 1}


def test_names_stand_where_values_were() -> None:
    recorder = Recorder(dict(VARIABLES))
    task = HidingTask(recorder)
    task.warn("sales.sales_2026 has 1 row")
    with pytest.raises(Ended):
        task.fail_json("N'a''b\\1$' is wrong", findings=[{"text": "sales", "line": 1}, ("a'b\\1$",)])
    with pytest.raises(Ended):
        task.exit_json(changed=True, other="wholesales, presales_2026x")
    assert recorder.told == [
        "$(Schema).$(SalesTable) has 1 row",
        {"msg": "N'$(Password)' is wrong", "findings": [{"text": "$(Schema)", "line": 1}, ["$(Password)"]]},
        {"changed": True, "other": "wholesales, presales_2026x"},
    ]


def test_the_task_works_with_the_values_and_shows_the_names() -> None:
    recorder = Recorder(dict(VARIABLES))
    assert HidingTask(recorder).params["variables"] == VARIABLES
    assert recorder.params["variables"] == {name: f"$({name})" for name in VARIABLES}
