# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What release.yml may say, as JSON schema (draft 7, which editors know best). Private to this collection.

docs/release.schema.json is this dictionary as a file; a test keeps them equal. It is Python here because a module that
runs on another host carries no data files. ``patternErrorMessage`` is an annotation that editors show in the place of
the pattern, as the messages here do.
"""

from __future__ import annotations

from typing import Any

from .._scripts.phases import PHASES
from .._scripts.text import ENCODINGS
from .._tsql.options import MODULES

Schema = dict[str, Any]


def _pattern(pattern: str, expected: str) -> Schema:
    """A text that matches as a whole. In Python ``$`` matches before a last line feed too, hence the lookahead."""
    return {"pattern": f"^(?:{pattern})$(?!\\n)", "patternErrorMessage": expected}


_PART = r'(?:\[(?:[^\]\r\n]|\]\])+\]|"(?:[^"\r\n]|"")+"|[^\s.\[\]"]+)'

_APP: Schema = {
    "type": "string",
    "description": "Name of the application. The ledger, the journal and the directories on the nodes use it.",
    **_pattern(
        "(?!.*[.]$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        "letters, digits, dots, dashes and underscores, at most 63, a letter or digit first, no dot last",
    ),
    "examples": ["shop"],
}

_VERSION: Schema = {
    "type": "string",
    "description": "Version of the release. It names the directory on each node.",
    **_pattern(
        "(?!.*[.]$)[A-Za-z0-9][A-Za-z0-9._+-]{0,62}",
        "letters, digits, dots, dashes, underscores and plus signs, at most 63, a letter or digit first, no dot last",
    ),
    "examples": ["2.0.0"],
}

_WEB: Schema = {
    "type": "object",
    "description": "The web application, as each node fetches it.",
    "additionalProperties": False,
    "required": ["artifact", "sha256"],
    "properties": {
        "artifact": {
            "type": "string",
            "description": "Name of the web application's zip file. A file beside release.yml has to match sha256.",
            **_pattern(
                "[A-Za-z0-9][A-Za-z0-9._+-]{0,127}",
                "the name of a file, without a directory: letters, digits, dots, dashes, underscores and plus signs",
            ),
            "examples": ["web.zip"],
        },
        "sha256": {
            "type": "string",
            "description": "SHA-256 of the artifact.",
            **_pattern("[0-9a-fA-F]{64}", "64 hexadecimal digits"),
        },
    },
}

_DATABASE: Schema = {
    "type": "object",
    "description": "Directories of migration scripts by phase. By default db/PHASE, where it exists.",
    "additionalProperties": False,
    "properties": {
        phase.name: {
            "type": "string",
            "description": f"Scripts that run {phase.due.value}.",
            **_pattern(
                r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))(?!.*//)[^\\:\x00-\x1f]{1,255}",
                "a directory inside the release, relative and with / between its parts",
            ),
            "examples": [phase.directory],
        }
        for phase in PHASES
    },
}

_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}

_STATUS: Schema = {"type": "integer", "minimum": 100, "maximum": 599}

# The options of http_probe that a release may set for its own smoke tests. Address, certificates and secrets belong to
# the environment.
_SMOKE_TEST: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["path"],
    "properties": {
        "path": {
            "type": "string",
            "description": "Path and query on the node.",
            **_pattern(
                r"/(?![/\\])[!-~]*",
                "a path that begins with one /, percent-encoded: no blanks, no letters beyond ASCII",
            ),
            "examples": ["/smoke"],
        },
        "method": {"type": "string", "description": "The request's method. By default GET.", "enum": ["GET", "HEAD"]},
        "headers": {**_TEXTS, "description": "More request headers. They are shown: no secrets."},
        "status": {
            "type": ["array", "integer"],
            "description": "The status codes that are right, or the only one. By default 200.",
            "minItems": 1,
            "items": _STATUS,
            "minimum": _STATUS["minimum"],
            "maximum": _STATUS["maximum"],
        },
        "body": {"type": "string", "description": "A regular expression (Python) that matches somewhere in the body."},
        "response_headers": {**_TEXTS, "description": "Regular expressions by the names of response headers."},
        "json": {
            "type": "array",
            "description": "JMESPath expressions over the body; each finds something true and not empty.",
            "items": {"type": "string", "minLength": 1},
        },
        "follow_redirects": {"type": "boolean", "description": "Follow redirects to the same node. By default false."},
        "max_latency_ms": {
            "type": "integer",
            "description": "The longest the answer may take, in milliseconds.",
            "minimum": 1,
        },
        "body_limit_kib": {
            "type": "integer",
            "description": "How much of the body is read. By default 1024.",
            "minimum": 1,
        },
        "successes": {"type": "integer", "description": "Right answers in a row. By default 1.", "minimum": 1},
        "interval_ms": {"type": "integer", "description": "Time between two requests. By default 500.", "minimum": 10},
        "request_timeout_s": {
            "type": "integer",
            "description": "The longest one request may take. By default 30.",
            "minimum": 1,
        },
        "timeout_s": {"type": "integer", "description": "How long to repeat the request. By default 30.", "minimum": 0},
    },
}

SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "release.yml of zero_downtime.dotnet",
    "description": "One version of an application: its web artifact, its migration scripts, and how it is tested.",
    "type": "object",
    "additionalProperties": False,
    "required": ["app", "version", "web"],
    "properties": {
        "app": _APP,
        "version": _VERSION,
        "description": {"type": "string", "description": "A sentence about the release, for people."},
        "web": _WEB,
        "database": _DATABASE,
        "encoding": {
            "type": "string",
            "description": "What migration scripts without a byte order mark are in. By default utf-8.",
            "enum": list(ENCODINGS),
        },
        "modules": {
            "type": "string",
            "description": "Whether migration scripts leave existing procedures, views and functions alone and create "
            "successors (versioned, the default), or change them (in_place).",
            "enum": list(MODULES),
        },
        "smoke": {
            "type": "array",
            "description": "Smoke tests: requests to each node before it serves clients again. All of them must pass.",
            "items": _SMOKE_TEST,
        },
        "uses": {
            "type": "array",
            "description": "Tables, columns, views and procedures that this release uses: kept while it may run. "
            "An empty list: none. Without the key nobody knows, and no later release can remove anything meanwhile.",
            "items": {
                "type": "string",
                **_pattern(rf"{_PART}(?:\.{_PART}){{0,2}}", "a name such as dbo.spFindAllThings or dbo.Things.Colour"),
            },
            "examples": [["dbo.spFindAllThings_2", "dbo.Things.Colour"]],
        },
        "supports": {
            "type": "object",
            "description": "How long older releases stay supported.",
            "additionalProperties": False,
            "properties": {
                "contract_after": {
                    "type": "integer",
                    "description": "How many releases must follow before the contract scripts are due. By default 1.",
                    "minimum": 0,
                }
            },
        },
    },
}
