# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside on one line, fit for a message."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils import _text

DOCUMENTATION = r"""
name: one_line
short_description: Text from outside on one line, fit for a message
version_added: 0.1.0
author: zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - A message of a program, a response or a log may hold line ends, terminal sequences, control characters and
    characters that reorder a line for its reader. This filter returns such a text on one line and cut to a length.
  - Blanks, tabs and line ends become one blank, terminal sequences are left out, every other character that must not
    be printed becomes C(?). Letters of all languages and emoji stay.
positional: longest
options:
  _input:
    description: The text.
    type: str
    required: true
  longest:
    description: The most characters of the result; a longer text ends in C(...).
    type: int
    default: 200
"""

EXAMPLES = r"""
- name: Fail with what the program printed
  ansible.builtin.fail:
    msg: "{{ program.stderr | zero_downtime.dotnet.one_line(500) }}"
"""

RETURN = r"""
_value:
  description: The text on one line.
  type: str
"""


def one_line(text: t.Any, longest: int = _text.LONGEST) -> str:
    """The beginning of a text on one line, without what must not be printed."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"one_line: a text was expected, {type(text).__name__} was found.")
    return _text.one_line(text, longest)


class FilterModule:
    """The filter one_line."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"one_line": one_line}
