# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules in children of a process that has imported what they need: each is a process of its own.

Reads requests, one JSON object on a line, and answers each with the module's output as a JSON string.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any


def run(request: dict[str, Any]) -> str:
    """One module, in a child that has its own standard input and output."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        given = os.memfd_create("arguments")
        os.write(given, json.dumps({"ANSIBLE_MODULE_ARGS": request["arguments"]}).encode())
        os.lseek(given, 0, os.SEEK_SET)
        os.dup2(given, 0)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        sys.stdin = os.fdopen(0)
        sys.stdout = os.fdopen(1, "w")
        os.environ.update(request["environment"])
        sys.argv = [request["module"]]
        try:
            runpy.run_path(request["module"], run_name="__main__")
        except SystemExit:
            pass
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(sink)
    with os.fdopen(source) as stream:
        output = stream.read()
    os.waitpid(child, 0)
    return output


def main() -> None:
    for module in sorted(Path(sys.argv[1]).glob("*.py")):
        if module.stem.startswith(("deployment", "mssql_migration")):
            runpy.run_path(str(module), run_name="preloaded")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
