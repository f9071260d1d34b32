# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documented statements that the linter does not read: what they are about, so that a refusal says it.

Source: the list of statements in Microsoft's Transact-SQL reference. Private to the collection.
"""

from __future__ import annotations

from ..stream import Stream
from ..words import Unrecognised

_BROKER = "Service Broker"
_SECRETS = "keys, certificates and credentials"
_SERVER = "the server as a whole"
_OUTSIDE = "data and code outside the database"

_ABOUT = {
    **dict.fromkeys(
        ("CONTRACT", "MESSAGE TYPE", "QUEUE", "SERVICE", "ROUTE", "REMOTE SERVICE BINDING", "BROKER PRIORITY"), _BROKER
    ),
    **dict.fromkeys(
        (
            *("SERVICE MASTER KEY", "MASTER KEY", "SYMMETRIC KEY", "ASYMMETRIC KEY", "CERTIFICATE", "CREDENTIAL"),
            *("COLUMN ENCRYPTION KEY", "COLUMN MASTER KEY", "CRYPTOGRAPHIC PROVIDER"),
        ),
        _SECRETS,
    ),
    **dict.fromkeys(
        (
            *("AVAILABILITY GROUP", "ENDPOINT", "EVENT NOTIFICATION", "EVENT SESSION", "RESOURCE POOL"),
            *("SERVER AUDIT", "SERVER ROLE", "SERVER AUDIT SPECIFICATION"),
            *("RESOURCE GOVERNOR", "WORKLOAD GROUP", "EXTERNAL RESOURCE POOL", "REMOTE"),
        ),
        _SERVER,
    ),
    "EXTERNAL": _OUTSIDE,
    "ASSEMBLY": "code of the CLR, which stands in no script",
    "AGGREGATE": "code of the CLR, which stands in no script",
    "SECURITY POLICY": "row-level security, which filters what the running version reads",
    "SEARCH PROPERTY LIST": "full-text search",
}
_WORDS = {
    "READTEXT": ("", "text columns in the deprecated way: read them with SUBSTRING"),
    "WRITETEXT": ("", "text columns in the deprecated way: write them with UPDATE"),
    "UPDATETEXT": ("", "text columns in the deprecated way: write them with UPDATE ... .WRITE()"),
    "LINENO": ("", "line numbers of messages: leave it out"),
    "DUMP": ("", "backups: BACKUP is the word"),
    "LOAD": ("", "backups: RESTORE is the word"),
    "SEND": ("ON", _BROKER),
    "RECEIVE": ("TOP ( * CONVERSATION_HANDLE MESSAGE_BODY", _BROKER),
    "GET": ("CONVERSATION", _BROKER),
    "MOVE": ("CONVERSATION", _BROKER),
    "COPY": ("INTO", "Azure Synapse"),
    "RENAME": ("OBJECT DATABASE", "Azure Synapse; sp_rename renames"),
}
"""By first word: the words that may follow, all of them where none is named."""


def refuse_kind(s: Stream, verb: str) -> None:
    """Refuse CREATE, ALTER or DROP of a kind of object that is documented and not read."""
    longest = max((kind for kind in _ABOUT if _are_next(s, kind)), key=len, default="")
    if longest:
        raise Unrecognised(s.token, f"{verb} {longest} is not read by the linter; it is about {_ABOUT[longest]}")


def refuse_keys(s: Stream) -> None:
    """Refuse OPEN and CLOSE of a key; of a cursor they are read."""
    for kind in ("SYMMETRIC KEY", "MASTER KEY", "ALL SYMMETRIC KEYS"):
        if all(s.ahead(place).key == word for place, word in enumerate(kind.split(), 1)):
            raise Unrecognised(s.token, f"{s.key} {kind} is not read by the linter; it is about {_SECRETS}")


def refuse_word(s: Stream) -> None:
    """Refuse a statement that is documented and not read, by its first word."""
    following, about = _WORDS.get(s.key, ("", ""))
    if about and (not following or s.ahead().key in following.split()):
        raise Unrecognised(s.token, f"{s.key} is not read by the linter; it is about {about}")


def _are_next(s: Stream, kind: str) -> bool:
    return all(s.ahead(place).key == word for place, word in enumerate(kind.split()))
