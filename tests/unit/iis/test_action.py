# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action that works on a Windows node shows while it works."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils import _progress
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import action as iis_action


class Toy(iis_action.IisActionBase):
    """Shows one line, and returns what a node said."""

    said = "ok"
    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        **iis_action.COMMON_SPEC,
        "password": {"type": "str", "no_log": True},
    }

    def work(self, options: dict[str, Any], node: iis_action.Node) -> dict[str, Any]:
        node.reporter.show(f"login with {options['password']}")
        return {"changed": False, "said": self.said}


def toy(monkeypatch: pytest.MonkeyPatch, shown: list[str], *, no_log: bool = False, password: str = "hunter2") -> Any:
    monkeypatch.setattr(ActionBase, "run", lambda *_unused: {})
    monkeypatch.setattr(iis_action, "WinrmRunner", lambda _connection: SimpleNamespace(connect=lambda: None))
    monkeypatch.setattr(_progress.display, "display", lambda line, **_unused: shown.append(line))
    action: Any = object.__new__(Toy)
    action._connection = SimpleNamespace(transport="winrm", become=None, get_option=lambda _name: "other")
    action._task = SimpleNamespace(
        action="toy", async_val=0, check_mode=False, no_log=no_log, args={"password": password}
    )
    return action


@pytest.mark.parametrize(("no_log", "expected"), [(False, ["  [web01] login with ********"]), (True, [])])
def test_progress_shows_no_secret(no_log: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    action = toy(monkeypatch, shown, no_log=no_log)
    done = action.run(None, {"inventory_hostname": "web01"})
    assert "failed" not in done, done
    assert shown == expected


def test_what_a_node_says_is_clean_in_the_result_and_in_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    action = toy(monkeypatch, shown, password="a\nPLAY RECAP")
    monkeypatch.setattr(Toy, "said", "C:\\a\x1b[31m\x00\u202e")
    assert action.run(None, {"inventory_hostname": "web01"})["msg"].startswith("The password has the control character")
    action = toy(monkeypatch, shown)
    assert action.run(None, {"inventory_hostname": "web01"})["said"] == "C:\\a??"
    _progress.show_progress("web01", "a\n\x1b[2JPLAY RECAP")
    assert shown[-1] == "  [web01] a PLAY RECAP"
