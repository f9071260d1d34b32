# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action that works on a Windows node shows while it works."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import action as iis_action


class Toy(iis_action.IisActionBase):
    """Shows one line."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        **iis_action.COMMON_SPEC,
        "password": {"type": "str", "no_log": True},
    }

    def work(self, options: dict[str, Any], node: iis_action.Node) -> dict[str, Any]:
        node.reporter.show(f"login with {options['password']}")
        return {"changed": False}


@pytest.mark.parametrize(("no_log", "expected"), [(False, ["  [web01] login with ********"]), (True, [])])
def test_progress_shows_no_secret(no_log: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(ActionBase, "run", lambda *_unused: {})
    monkeypatch.setattr(iis_action, "WinrmRunner", lambda _connection: SimpleNamespace(connect=lambda: None))
    action: Any = object.__new__(Toy)
    action._display = SimpleNamespace(display=lambda line, **_unused: shown.append(line))
    action._connection = SimpleNamespace(transport="winrm", become=None, get_option=lambda _name: "other")
    action._task = SimpleNamespace(
        action="toy", async_val=0, check_mode=False, no_log=no_log, args={"password": "hunter2"}
    )
    done = action.run(None, {"inventory_hostname": "web01"})
    assert "failed" not in done, done
    assert shown == expected
