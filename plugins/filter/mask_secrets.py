# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text of somebody else without the secrets in it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils import _secrets

DOCUMENTATION = r"""
name: mask_secrets
short_description: A text of somebody else without the secrets in it
version_added: 0.1.0
author: zero_downtime.dotnet maintainers (@zero-downtime-dotnet)
description:
  - Masks in a text, such as a line of an application's log, the values that are given, and the values whose name says
    that they are secret, such as C(Password=...) in a connection string, C("ApiKey") in JSON, C(Authorization) in a
    header, and a password in an address.
  - A secret without such a name, whose value is not given, stays in the text.
positional: known
options:
  _input:
    description: The text.
    type: str
    required: true
  known:
    description: Values to be masked. Those of fewer than three characters are left out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Fail with the last line of the log
  ansible.builtin.fail:
    msg: "{{ lines | last | zero_downtime.dotnet.mask_secrets([db_password]) }}"
"""

RETURN = r"""
_value:
  description: The text without the secrets.
  type: str
"""


def mask_secrets(text: t.Any, known: t.Iterable[t.Any] = ()) -> str:
    """The text without secrets."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"mask_secrets: a text was expected, {type(text).__name__} was found.")
    return _secrets.mask_secrets(text, [str(value) for value in known])


class FilterModule:
    """The filter mask_secrets."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mask_secrets": mask_secrets}
