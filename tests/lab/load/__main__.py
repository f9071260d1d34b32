# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.load CONFIG.json`: makes load until told to stop, then writes what happened.

CONFIG is JSON: load (fields of LoadConfig), live (file rewritten twice a second), result (file), records (JSON lines),
database (ODBC connection string, optional: then the acknowledged writes are compared with dbo.Things).
Commands on standard input, one a line: `mark NAME`, `stop`. The end of the input or SIGTERM is a stop.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from . import records, verify
from .generator import Generator, LoadConfig

LIVE_INTERVAL_S = 0.5


def _replace(path: Path, content: str) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(content)
    temporary.replace(path)


async def _live(generator: Generator, path: Path) -> None:
    while True:
        state = {
            "requests": len(generator.records),
            "failed_requests": sum(generator.failed.values()),
            "failed_by_kind": dict(generator.failed),
            "under_way": generator.under_way,
        }
        _replace(path, json.dumps(state))
        await asyncio.sleep(LIVE_INTERVAL_S)


async def _listen(generator: Generator) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        command, _unused, argument = line.partition(" ")
        if command == "mark" and argument:
            generator.mark(argument)
        elif command == "stop":
            break
        else:
            print(f"unknown command: {line}", flush=True)
    generator.stop()


async def run(config: dict[str, Any]) -> dict[str, Any]:
    load = LoadConfig(**{**config["load"], "slow_s": tuple(config["load"].get("slow_s", (2.0, 5.0)))})
    generator = Generator(load)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, generator.stop)
    helpers = [
        asyncio.create_task(_live(generator, Path(config["live"]))),
        asyncio.create_task(_listen(generator)),
    ]
    print("READY", flush=True)
    await generator.run()
    for helper in helpers:
        helper.cancel()
    result = records.summarize(generator.records, generator.marks)
    result.update(max_lag_ms=round(generator.max_lag_ms, 1), marks=generator.marks, run=load.run)
    with Path(config["records"]).open("w") as file:
        file.writelines(json.dumps(records.to_json(record)) + "\n" for record in generator.records)
    if config.get("database"):
        stored = verify.stored_ids(config["database"], load.run)
        result.update(verify.compare(generator.acknowledged, stored).to_json())
    return result


def main(argv: list[str]) -> int:
    config = json.loads(Path(argv[0]).read_text())
    result = asyncio.run(run(config))
    _replace(Path(config["result"]), json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
