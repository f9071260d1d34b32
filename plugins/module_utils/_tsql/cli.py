# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The linter on the command line, for an application's own CI. No database, and nothing but Python's standard
library: only a release.yml needs PyYAML.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .._release.errors import ReleaseError
from .._scripts.phases import NAMES
from .._scripts.text import ENCODINGS
from .._text import clean
from .findings import Report
from .options import MODULES, Options
from .output import junit, sarif, text
from .rules import RULES
from .run import EDITIONS, VERSIONS, Request, run
from .sources import SourceError

PASSED, REFUSED, UNUSABLE = 0, 1, 2

_EPILOG = """
exit status: 0 nothing is refused, 1 at least one error was found, 2 the linter could not do its work (bad options,
unreadable files). A script that the linter cannot understand is refused (1), not skipped.

phases: a file's phase is --phase, or the name of its directory (expand, backfill, contract, undo), or else expand.
"""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="lint",
        description="Find migration scripts that would break or block the version that is still running.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "paths", nargs="*", metavar="PATH", help="a script, a directory of scripts, or a release with release.yml"
    )
    made.add_argument("--phase", choices=NAMES, default="", help="the phase that the scripts are for")
    made.add_argument("--format", choices=("text", "sarif", "junit", "json"), default="text")
    made.add_argument("--output", metavar="FILE", help="write there, and a short text to standard output")
    made.add_argument("--edition", choices=EDITIONS, default="", help="of the SQL Server; it decides what is online")
    made.add_argument("--server-version", choices=sorted(VERSIONS), default="", help="of the SQL Server")
    made.add_argument(
        "--severity", action="append", default=[], metavar="RULE=LEVEL", help="error, warning, note or off for a rule"
    )
    made.add_argument(
        "--supported",
        action="append",
        default=[],
        metavar="RELEASE",
        help="another release that may still run (repeat)",
    )
    made.add_argument(
        "--variable", action="append", default=[], metavar="NAME=VALUE", help="value of a sqlcmd variable $(NAME)"
    )
    made.add_argument(
        "--modules",
        choices=MODULES,
        default="",
        help="whether existing procedures, views and functions get new names (versioned, the default), or are changed "
        "in place; a release states it in release.yml",
    )
    made.add_argument(
        "--encoding",
        choices=ENCODINGS,
        default="",
        help="of scripts without a byte order mark, by default utf-8; a release states it in release.yml",
    )
    made.add_argument("--no-advice", action="store_true", help="leave the safe ways out")
    made.add_argument("--strict", action="store_true", help="warnings fail too")
    made.add_argument("--rules", action="store_true", help="list the rules and end")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if options.rules:
        for rule in RULES.values():
            sys.stdout.write(f"{rule.id:20} {rule.mark}  {rule.title}. {rule.reason} Instead: {rule.instead}.\n")
        return PASSED
    try:
        if not options.paths:
            raise SourceError("Name a script, a directory of scripts, or a release.")
        report = run(
            Request(
                options.paths,
                options.phase,
                options.supported,
                _pairs(options.variable, "--variable"),
                Options(
                    edition=options.edition,
                    version=VERSIONS.get(options.server_version, 0),
                    severities=_pairs(options.severity, "--severity"),
                    advice=not options.no_advice,
                    modules=options.modules,
                ),
                options.encoding,
            )
        )
        if not report.files:
            raise SourceError(f"No script (*.sql) was found in {', '.join(options.paths)}.")
        _write(report, options.format, options.output, not options.no_advice)
        sys.stderr.writelines(f"lint: warning: {sentence}\n" for sentence in report.silent)
    except (SourceError, ReleaseError, OSError) as error:
        sys.stderr.write(f"lint: {error}\n")
        return UNUSABLE
    if report.refused or (options.strict and any(one.severity == "warning" for one in report.findings)):
        return REFUSED
    return PASSED


def _pairs(given: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise SourceError(f"{option} {one}: expected is NAME=VALUE.")
        pairs[name] = value
    return pairs


def _write(report: Report, form: str, file: str | None, advice: bool) -> None:
    if form == "sarif":
        made = sarif.render(report)
    elif form == "junit":
        made = clean(junit.render(report))
    elif form == "json":
        made = json.dumps(as_dict(report), indent=2) + "\n"
    else:
        made = clean(text.render(report, advice))
    if file is None:
        sys.stdout.write(made)
        return
    Path(file).write_text(made, encoding="utf-8")
    sys.stdout.write(text.summary(report) + "\n")


def as_dict(report: Report) -> dict[str, object]:
    """The report as plain data, the same as the module returns."""
    return {
        "findings": [finding.as_dict() for finding in report.findings],
        "waived": [{**finding.as_dict(), "waiver": finding.waiver} for finding in report.waived],
        "waivers": [waiver.as_dict() for waiver in report.waivers],
        "counts": {
            "errors": report.count("error"),
            "warnings": report.count("warning"),
            "notes": report.count("note"),
            "waived": len(report.waived),
            "statements": report.statements,
            "scripts": len(report.files),
        },
        "files": report.files,
        "applied": report.applied,
        "versioned": report.objects,
        "refused": report.refused,
    }
