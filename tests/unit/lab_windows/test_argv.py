# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows command lines."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.quoting import join_arguments
from hypothesis import given
from hypothesis import strategies as st
from lab.windows import argv


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("tool a  b", ["tool", "a", "b"]),
        (r'"C:\Program Files\tool.exe" a', [r"C:\Program Files\tool.exe", "a"]),
        (r"tool a\\b", ["tool", r"a\\b"]),
        (r'tool "a b" c', ["tool", "a b", "c"]),
        (r"tool a\"b", ["tool", 'a"b']),
        (r'tool "a\\" b', ["tool", "a\\", "b"]),
        (r'tool /name:"a b"', ["tool", "/name:a b"]),
        ('tool ""', ["tool", ""]),
    ],
)
def test_known_lines(line: str, expected: list[str]) -> None:
    assert argv.split(line) == expected


@given(st.lists(st.text(st.sampled_from('ab \\"/:'), max_size=8), max_size=4))
def test_what_is_quoted_comes_back(arguments: list[str]) -> None:
    assert argv.split_arguments(join_arguments(arguments)) == arguments
