# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token stream of one response."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from .types import SqlType
from .writing import encoder, null, type_info

SERVER_NAME = "LABSQL"
DONE, DONE_PROC, DONE_IN_PROC = 0xFD, 0xFE, 0xFF
CMD_SELECT, CMD_INSERT, CMD_DELETE, CMD_UPDATE, CMD_MERGE = 0xC1, 0xC3, 0xC4, 0xC5, 0x117
ENV_DATABASE, ENV_LANGUAGE, ENV_PACKET_SIZE, ENV_COLLATION = 1, 2, 4, 7
ENV_BEGIN, ENV_COMMIT, ENV_ROLLBACK, ENV_RESET = 8, 9, 10, 18


class Column(NamedTuple):
    name: str
    type: SqlType
    nullable: bool = True
    identity: bool = False


def b_varchar(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return bytes([min(len(raw) // 2, 255)]) + raw[:510]


def us_varchar(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<H", len(raw) // 2) + raw


class TokenStream:
    """Collects tokens. `in_proc` counts the procedures around the running statement: their DONE tokens differ."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.in_proc = 0
        self._last_done = -1

    def message(
        self, number: int, text: str, severity: int = 0, state: int = 1, procedure: str = "", line: int = 1
    ) -> None:
        body = (
            struct.pack("<iBB", number, state & 255, severity)
            + us_varchar(text)
            + b_varchar(SERVER_NAME)
            + b_varchar(procedure)
            + struct.pack("<I", max(line, 0))
        )
        self.data += (b"\xaa" if severity > 10 else b"\xab") + struct.pack("<H", len(body)) + body

    def env(self, kind: int, new: str | bytes, old: str | bytes = "") -> None:
        def part(value: str | bytes) -> bytes:
            return bytes([len(value)]) + value if isinstance(value, bytes) else b_varchar(value)

        body = bytes([kind]) + part(new) + part(old)
        self.data += b"\xe3" + struct.pack("<H", len(body)) + body

    def login_ack(self, version: tuple[int, int, int]) -> None:
        body = (
            b"\x01\x74\x00\x00\x04"
            + b_varchar("Microsoft SQL Server")
            + bytes([version[0], version[1]])
            + struct.pack(">H", version[2])
        )
        self.data += b"\xad" + struct.pack("<H", len(body)) + body

    def rows(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        """Metadata and all rows; values are Python's."""
        data = bytearray()  # a value that cannot be written must not leave half a row in the stream
        data += b"\x81" + struct.pack("<H", len(columns))
        for column in columns:
            flags = (1 if column.nullable else 0) | 8 | (16 if column.identity else 0)
            data += struct.pack("<IH", 0, flags) + type_info(column.type) + b_varchar(column.name)
        writers = [(encoder(column.type), null(column.type)) for column in columns]
        for row in rows:
            data += b"\xd1"
            for (write, nothing), value in zip(writers, row):
                data += nothing if value is None else write(value)
        self.data += data

    def done(
        self,
        count: int | None = None,
        command: int = 0,
        *,
        error: bool = False,
        proc_end: bool = False,
        attention: bool = False,
    ) -> None:
        token = DONE_PROC if proc_end else DONE_IN_PROC if self.in_proc else DONE
        status = (2 if error else 0) | (0x10 if count is not None else 0) | (0x20 if attention else 0)
        if self._last_done >= 0:
            self.data[self._last_done] |= 1  # more follows
        self._last_done = len(self.data) + 1
        self.data += bytes([token]) + struct.pack("<HHQ", status, command, count or 0)

    def return_status(self, value: int) -> None:
        self.data += b"\x79" + struct.pack("<i", value)

    def return_value(self, ordinal: int, name: str, kind: SqlType, value: Any) -> None:
        self.data += (
            b"\xac"
            + struct.pack("<H", ordinal)
            + b_varchar(name)
            + b"\x01"
            + struct.pack("<IH", 0, 0)
            + type_info(kind)
            + (null(kind) if value is None else encoder(kind)(value))
        )

    @property
    def ends_with_done(self) -> bool:
        """Whether nothing was written after the last DONE token."""
        return self._last_done >= 0 and self._last_done + 12 == len(self.data)
