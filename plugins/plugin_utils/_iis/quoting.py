# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows command lines: arguments that arrive as they were meant, values that are refused.

pywinrm joins arguments with blanks, so an unquoted value with a blank would become two arguments. Each argument is
quoted for CommandLineToArgvW and the C runtime. The selectors of appcmd and cmd.exe have further rules.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import RefusedValue

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEEDS_QUOTES = re.compile(r'[\s"]|\A\Z')
_BACKSLASHES_BEFORE_QUOTE = re.compile(r'(\\*)"')
_TRAILING_BACKSLASHES = re.compile(r"(\\+)\Z")
_SELECTOR = re.compile(r"['\"\[\]]")
_CMD_SPECIAL = re.compile(r'[%!^&|<>"]')


def refuse_control_characters(value: str, what: str = "value") -> str:
    """Refuse control characters, and characters that XML does not allow."""
    found = _CONTROL.search(value)
    if found:
        raise RefusedValue(f"The {what} has the control character U+{ord(found.group()):04X}: remove it.")
    return value


def quote_argument(value: str) -> str:
    """One argument, quoted so that CommandLineToArgvW returns the same text."""
    refuse_control_characters(value, "argument")
    if not _NEEDS_QUOTES.search(value):
        return value
    escaped = _BACKSLASHES_BEFORE_QUOTE.sub(r'\1\1\\"', value)
    escaped = _TRAILING_BACKSLASHES.sub(r"\1\1", escaped)
    return f'"{escaped}"'


def join_arguments(arguments: Iterable[str]) -> str:
    """The argument part of a command line."""
    return " ".join(quote_argument(argument) for argument in arguments)


def selector_value(value: str, what: str) -> str:
    """Check a name for an appcmd selector such as [name='...'], which has no escape for these characters."""
    refuse_control_characters(value, what)
    found = _SELECTOR.search(value)
    if found:
        raise RefusedValue(
            f"The {what} has the character {found.group()}, which appcmd does not support in a name: rename it."
        )
    return value


def object_name(value: str, what: str) -> str:
    """Check the name of a pool, site or application for an option such as /apppool.name:."""
    if not value.strip():
        raise RefusedValue(f"The {what} is empty: set it to the name that IIS shows.")
    return selector_value(value, what)


def cmd_word(value: str, what: str = "path") -> str:
    """One quoted word for a builtin of cmd.exe; characters that it interprets inside quotes are refused."""
    refuse_control_characters(value, what)
    found = _CMD_SPECIAL.search(value)
    if found:
        raise RefusedValue(
            f"The {what} has the character {found.group()}, which cmd.exe would interpret: choose another name."
        )
    return f'"{value}"'
