# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application writes to its log, without its secrets."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.zero_downtime.dotnet.plugins.filter.mask_secrets import FilterModule
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._secrets import MASK, mask_secrets


@pytest.mark.parametrize(
    "line",
    [
        "Server=sql01;Database=Shop;User Id=shop;Password=s3cr3t;Encrypt=True",
        "Server=sql01;User ID=shop;Pwd = 's3cr3t;x';Encrypt=True",
        '{"ConnectionStrings":{"Password":"s3cr3t"}}',
        'value: "{\\"ClientSecret\\": \\"s3cr3t\\"}"',
        "Authorization: Bearer s3cr3t-s3cr3t",
        "authorization=Basic s3cr3t",
        "sent Bearer s3cr3t.s3cr3t.x to the gateway",
        "GET https://api.example/orders?api_key=s3cr3t&page=2",
        "amqp://shop:s3cr3t@queue.example:5672/",
        "AccountKey=s3cr3t==;EndpointSuffix=core.example",
        "Set-Cookie: s3cr3t; path=/",
    ],
)
def test_a_value_whose_name_says_that_it_is_secret(line: str) -> None:
    found = mask_secrets(line)
    assert "s3cr3t" not in found
    assert MASK in found


@pytest.mark.parametrize("line", ["Server=sql01;Password=x;Encrypt=True", "amqp://shop:x@queue.example:5672/"])
def test_what_stands_around_it_stays(line: str) -> None:
    before, after = ("=", ";Encrypt=True") if "Server" in line else ("shop:", "@queue.example:5672/")
    assert mask_secrets(line).endswith(f"{before}{MASK}{after}")


@pytest.mark.parametrize(
    "line",
    [
        "Unhandled exception. System.InvalidOperationException: no price list",
        "Login failed for user 'shop'.",
        "Now listening on: http://localhost:5000",
        "the password of shop has expired",
    ],
)
def test_other_lines_stay(line: str) -> None:
    assert mask_secrets(line) == line


def test_known_values_are_masked_wherever_they_stand() -> None:
    assert mask_secrets("a hunter2x and hunter2", ["hunter2", "hunter2x", "a", " "]) == f"a {MASK} and {MASK}"


def test_the_filter() -> None:
    mask = FilterModule().filters()["mask_secrets"]
    assert mask("code 12345", [12345]) == f"code {MASK}"
    with pytest.raises(AnsibleFilterError, match="a text was expected, list was found"):
        mask(["a"])
