# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""fsutil volume diskfree."""

from __future__ import annotations

from ..process import Context, Unsimulated

_TEXTS = {
    ("en", "2019"): "Total # of free bytes        : {free}\r\nTotal # of bytes             : {total}\r\n"
    "Total # of avail free bytes  : {free}\r\n",
    (
        "de",
        "2019",
    ): "Gesamtzahl der freien Bytes           : {free}\r\nGesamtzahl der Bytes                  : {total}\r\n"
    "Gesamtzahl der verfügbaren freien Bytes: {free}\r\n",
    ("en", "2022"): "Total free bytes                : {free:,} ({gfree:.1f} GB)\r\n"
    "Total bytes                     : {total:,} ({gtotal:.1f} GB)\r\n"
    "Total quota free bytes          : {free:,} ({gfree:.1f} GB)\r\n"
    "Unavailable pool bytes          :              0 (  0.0 KB)\r\n",
    ("de", "2022"): "Freie Bytes gesamt                : {free:,} ({gfree:.1f} GB)\r\n"
    "Bytes gesamt                      : {total:,} ({gtotal:.1f} GB)\r\n"
    "Freie Bytes des Kontingents gesamt: {free:,} ({gfree:.1f} GB)\r\n",
}


def run(context: Context) -> int:
    words = [word.lower() for word in context.arguments]
    if words[:2] != ["volume", "diskfree"] or len(words) != 3:
        raise Unsimulated(f"fsutil {' '.join(context.arguments)}")
    if words[2].rstrip("\\") != "c:":
        context.out("Error:  The system cannot find the path specified.\r\n")
        return 1
    drive = context.machine.drive
    free, total = drive.free(), drive.total()
    config = context.machine.config
    text = _TEXTS[config.language, config.windows].format(
        free=free, total=total, gfree=free / 1024**3, gtotal=total / 1024**3
    )
    if config.language == "de":
        text = text.replace(".", "~").replace(",", ".").replace("~", ",")
    context.out(text)
    return 0
