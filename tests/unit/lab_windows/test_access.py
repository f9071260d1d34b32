# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of the simulated drive."""

from __future__ import annotations

from typing import Any


def test_a_new_directory_inherits_and_icacls_protects_it(shell: Any) -> None:
    shell.cmd("mkdir C:\\apps")
    before = shell.cmd("cacls C:\\apps /S")[1]
    assert before.startswith('C:\\apps "D:AI(A;OICIID;FA;;;BA)')
    assert "(A;CIID;LC;;;BU)" in before
    grants = '"*S-1-5-32-544:(OI)(CI)F" "*S-1-5-21-1-2-3-1001:(OI)(CI)M"'
    assert shell.cmd(f"icacls C:\\apps /inheritance:r /grant:r {grants}")[0] == 0
    assert 'D:PAI(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;S-1-5-21-1-2-3-1001)"' in shell.cmd("cacls C:\\apps /S")[1]
    shell.cmd("mkdir C:\\apps\\shop")
    assert '"D:AI(A;OICIID;FA;;;BA)(A;OICIID;0x1301bf;;;' in shell.cmd("cacls C:\\apps\\shop /S")[1]
    shell.cmd("icacls C:\\apps /remove:g *S-1-5-21-1-2-3-1001")
    assert "1001" not in shell.cmd("cacls C:\\apps\\shop /S")[1]
    assert shell.cmd("cacls C:\\none /S")[0] == 2
    assert shell.cmd("icacls C:\\apps /reset x")[0] == 250
