# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a deployment that waits for nothing, for comparison: one command, and on to the next.

`python -m lab.naive appcmd ADDRESS INVENTORY ARGUMENT ...` (the login comes from the inventory's files)
`python -m lab.naive haproxy SOCKET COMMAND`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import yaml

from . import balancer

APPCMD = r"C:\Windows\System32\inetsrv\appcmd.exe"
_BUSY = 0x0425  # the pool is still stopping: the command is repeated


def appcmd(address: str, inventory: Path, arguments: list[str], patience_s: float = 30.0) -> int:
    import winrm

    variables: dict[str, str] = {}
    for file in ("main.yml", "secrets.yml"):
        variables.update(yaml.safe_load((inventory / "group_vars" / "web" / file).read_text()))
    session = winrm.Session(
        f"https://{address}:5986/wsman",
        auth=(variables["ansible_user"], variables["ansible_password"]),
        transport="ntlm",
        ca_trust_path=variables["ansible_winrm_ca_trust_path"],
        server_cert_validation="validate",
    )
    deadline = time.monotonic() + patience_s
    while True:
        answer = session.run_cmd(APPCMD, arguments)
        sys.stdout.buffer.write(answer.std_out + answer.std_err)
        if answer.status_code != _BUSY or time.monotonic() > deadline:
            return int(answer.status_code)
        time.sleep(0.3)


def main(argv: list[str]) -> int:
    kind, target, *rest = argv
    if kind == "haproxy":
        answer = balancer.command(Path(target), " ".join(rest)).strip()
        print(answer)
        return 1 if answer else 0
    if kind == "appcmd":
        return appcmd(target, Path(rest[0]), rest[1:])
    raise SystemExit(__doc__)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
