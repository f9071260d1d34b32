# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows command lines: arguments that arrive as they were meant, values that are refused.

pywinrm joins arguments with blanks, so a value with a blank in it would become one more option. Each argument is quoted the
way that CommandLineToArgvW and the C runtime take apart. appcmd's selectors and cmd.exe have rules of their own on top.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import RefusedValue

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEEDS_QUOTES = re.compile(r'[\s"]|^$')
_BACKSLASHES_BEFORE_QUOTE = re.compile(r'(\\*)"')
_TRAILING_BACKSLASHES = re.compile(r"(\\+)\Z")
_SELECTOR = re.compile(r"['\"\[\]]")
_CMD_SPECIAL = re.compile(r'[%!^&|<>"]')


def refuse_control_characters(value: str, what: str = "value") -> str:
    """Control characters and what XML cannot carry never reach a command line."""
    found = _CONTROL.search(value)
    if found:
        raise RefusedValue(f"The {what} has the control character U+{ord(found.group()):04X}: take it out.")
    return value


def quote_argument(value: str) -> str:
    """One argument, quoted so that CommandLineToArgvW gives the same text back."""
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
    """A name that goes into an appcmd selector such as [name='...']: it has no way to escape these characters."""
    refuse_control_characters(value, what)
    found = _SELECTOR.search(value)
    if found:
        raise RefusedValue(
            f"The {what} has the character {found.group()}, which appcmd cannot take in a name: rename it."
        )
    return value


def object_name(value: str, what: str) -> str:
    """A name of a pool, site or application for appcmd's /apppool.name: and the like."""
    if not value.strip():
        raise RefusedValue(f"The {what} is empty: give its name as IIS shows it.")
    return selector_value(value, what)


def cmd_word(value: str, what: str = "path") -> str:
    """One quoted word for a builtin of cmd.exe, which expands and splits even inside quotes: those characters are refused."""
    refuse_control_characters(value, what)
    found = _CMD_SPECIAL.search(value)
    if found:
        raise RefusedValue(
            f"The {what} has the character {found.group()}, which cmd.exe would interpret: choose another name."
        )
    return f'"{value}"'
