# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may change a directory, from its SDDL."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import IisError
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.rights import writers

BASE = "(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)(A;OICIIO;GA;;;CO)"
USER = "S-1-5-21-1004336348-1177238915-682003330-1123"
POOL = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("", []),
        ("(A;OICI;0x1200a9;;;AU)", []),
        ("(A;OICI;FRFX;;;WD)", []),
        (f"(A;OICI;FA;;;{USER[:-4]}512)", []),
        ("(A;OICI;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)", []),
        ("(D;OICI;FA;;;WD)", []),
        ("(A;OICI;0x1301bf;;;AU)", ["S-1-5-11"]),
        ("(A;CI;LC;;;BU)", ["S-1-5-32-545"]),
        ("(A;CI;CCDC;;;BU)", ["S-1-5-32-545"]),
        ("(A;OICI;FRFW;;;WD)", ["S-1-1-0"]),
        ("(A;;WD;;;IU)", ["S-1-5-4"]),
        ("(A;;0x40000;;;IU)", ["S-1-5-4"]),
        (f"(A;OICI;FA;;;{USER})(A;OICI;0x1301bf;;;{POOL})", [USER, POOL]),
        ("(XA;OICI;FA;;;WD;(@User.Title==x))", None),
        ("(A;OICI;FA;;)", None),
    ],
)
def test_each_entry(entry: str, found: list[str] | None) -> None:
    sddl = f"D:PAI{BASE}{entry}"
    if found is None:
        with pytest.raises(IisError, match="is not understood"):
            writers(sddl, [])
    else:
        assert writers(sddl, []) == found
        assert writers(sddl, found) == []


def test_without_an_access_list_everybody_may_write() -> None:
    assert writers("D:NO_ACCESS_CONTROL", []) == ["S-1-1-0"]
    assert writers("D:P", []) == ["S-1-1-0"]
    with pytest.raises(IisError, match="is not understood"):
        writers("O:BAG:BA", [])
