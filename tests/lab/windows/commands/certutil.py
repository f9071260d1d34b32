# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""certutil -hashfile."""

from __future__ import annotations

import hashlib

from ..drive import Refused
from ..process import Context, Unsimulated

_ALGORITHMS = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
_WORDS = {
    "en": (
        "{0} hash of {1}:",
        "CertUtil: -hashfile command completed successfully.",
        "CertUtil: -hashfile command FAILED: {0}",
    ),
    "de": (
        "{0}-Hash von {1}:",
        "CertUtil: -hashfile-Befehl wurde erfolgreich ausgeführt.",
        "CertUtil: -hashfile-Befehl ist fehlgeschlagen: {0}",
    ),
}


def run(context: Context) -> int:
    words = context.arguments
    if not words or words[0].lower() not in ("-hashfile", "/hashfile"):
        raise Unsimulated(f"certutil {' '.join(words)}")
    if len(words) not in (2, 3):
        context.out("CertUtil: Too many arguments\r\n" if len(words) > 3 else "CertUtil: Missing argument\r\n")
        return _hresult(0x80070057)
    algorithm = _ALGORITHMS.get(words[2].lower() if len(words) == 3 else "sha1")
    if algorithm is None:
        return _fail(context, 0x80090008, "NTE_BAD_ALGID")
    try:
        local = context.machine.drive.local(words[1], context.cwd)
    except Refused:
        return _fail(context, 0x8007007B, "ERROR_INVALID_NAME")
    if not local.is_file():
        return _fail(context, 0x80070002, "WIN32: 2 ERROR_FILE_NOT_FOUND")
    if local.stat().st_size == 0:
        return _fail(context, 0x800703EE, "WIN32: 1006 ERROR_FILE_INVALID")
    digest = hashlib.new(algorithm)
    with local.open("rb") as file:
        while part := file.read(1 << 20):
            context.check()
            digest.update(part)
    title, success, _unused = _WORDS[context.machine.config.language]
    context.out(f"{title.format(algorithm.upper(), words[1])}\r\n{digest.hexdigest()}\r\n{success}\r\n")
    return 0


def _fail(context: Context, code: int, name: str) -> int:
    context.out(_WORDS[context.machine.config.language][2].format(f"0x{code:08x} ({name})") + "\r\n")
    return _hresult(code)


def _hresult(code: int) -> int:
    return code - (1 << 32)
