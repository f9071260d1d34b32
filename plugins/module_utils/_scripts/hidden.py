# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that name sqlcmd variables instead of their values: a value may be a secret, and findings quote scripts.

Private to this collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from .._task import Task

_SHORTEST = 4
"""Characters of a value that is hidden: a shorter one is no secret, and would be found in any text."""


class HidingTask:
    """A task with the option `variables`, of which nothing that it shows has a value: `$(Name)` stands there."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.params = dict(task.params)
        self.check_mode = task.check_mode
        self._diff = task._diff
        values = {str(name): str(value) for name, value in (task.params.get("variables") or {}).items()}
        # A task shows its options at -vvv.
        task.params["variables"] = {name: f"$({name})" for name in values}
        self._names = _by_value(values)

    def warn(self, warning: str) -> None:
        self._task.warn(str(self.hidden(warning)))

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        self._task.fail_json(msg=str(self.hidden(msg)), **{name: self.hidden(value) for name, value in kwargs.items()})

    def exit_json(self, **kwargs: Any) -> NoReturn:
        self._task.exit_json(**{name: self.hidden(value) for name, value in kwargs.items()})

    def hidden(self, value: Any) -> Any:
        """The same value; where its texts hold that of a variable, its name."""
        if isinstance(value, str):
            for text, name in self._names.items():
                # The name as it is: in a replacement a backslash would mean something.
                value = name.join(re.split(rf"(?<!\w){re.escape(text)}(?!\w)", value))
            return value
        if isinstance(value, Mapping):
            return {key: self.hidden(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.hidden(one) for one in value]
        return value


def _by_value(values: Mapping[str, str]) -> dict[str, str]:
    """`$(Name)` by value, the longest first; also as it stands inside of a string of T-SQL, with doubled quotes."""
    found: dict[str, str] = {}
    for name, value in values.items():
        for text in (value, value.replace("'", "''")):
            if len(text) >= _SHORTEST:
                found.setdefault(text, f"$({name})")
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))
