"""Millions of rows out of the database into arrays: one COPY in binary, rows of one width, no object for a row."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Dialect, TextClause
from sqlalchemy.orm import Session

from data.driver import driver_cursor
from gis.crs import STORED_SRID

# What a column of these types takes in COPY BINARY; a point comes as EWKB in the order of bytes of this machine.
KINDS = {
    "bigint": ">i8",
    "smallint": ">i2",
    "instant": ">i8",
    "double": ">f8",
    "point": [("head", "V9"), ("x", "<f8"), ("y", "<f8")],
}
INFINITY = 2**63 - 1
# The server counts microseconds from 2000, everybody else from 1970.
EPOCH_US = 946_684_800_000_000
_POINT_HEAD = struct.pack("<BII", 1, 0x20000001, STORED_SRID)
_HEAD_BYTES, _END = 19, b"\xff\xff"
_PIECE_BYTES = 1 << 23

Take = Callable[[Mapping[str, NDArray[Any]]], None]


def copy_out(
    session: Session, query: TextClause, values: Mapping[str, object], columns: Mapping[str, str], take: Take
) -> int:
    """Hand over what a query gives, some hundred thousand rows at a time.

    Args:
        session: An open session; the COPY is part of its transaction.
        query: A SELECT of columns without nulls, in the order of `columns`.
        values: Its parameters.
        columns: Name of each column -> `bigint`, `smallint`, `instant`, `double` or `point`. An instant becomes
            microseconds since 2000, or `INFINITY`; a point becomes an array (n, 2).
        take: Is given the columns of some rows; they are copies.

    Returns:
        How many rows there were.

    Raises:
        DBAPIError: As the statements of SQLAlchemy do.
    """
    sink = _Sink(columns, take)
    with driver_cursor(session) as cursor:
        given = cursor.mogrify(_sql(query, session.get_bind().dialect), values).decode()
        cursor.copy_expert(f"COPY ({given}) TO STDOUT (FORMAT binary)", sink)
    sink.close()
    return sink.rows


@lru_cache(maxsize=64)
def _sql(query: TextClause, dialect: Dialect) -> str:
    return str(query.compile(dialect=dialect))


class _Sink:
    """Takes the stream of one COPY row by row, and gives it on in pieces."""

    def __init__(self, columns: Mapping[str, str], take: Take) -> None:
        wire: list[Any] = [("fields", ">i2")]
        for name, kind in columns.items():
            wire += [(f"length of {name}", ">i4"), (name, KINDS[kind])]
        self._row = np.dtype(wire)
        self._columns, self._take = columns, take
        self._waiting = bytearray()
        self._skip = _HEAD_BYTES
        self.rows = 0

    def write(self, some: bytes) -> None:
        self._waiting += some
        if len(self._waiting) >= _PIECE_BYTES:
            self._give_on()

    def close(self) -> None:
        self._give_on()
        self._require(self._waiting == _END)

    def _give_on(self) -> None:
        del self._waiting[: self._skip]
        self._skip = 0
        count = len(self._waiting) // self._row.itemsize
        if not count:
            return
        rows = np.frombuffer(bytes(self._waiting[: count * self._row.itemsize]), dtype=self._row)
        del self._waiting[: count * self._row.itemsize]
        self._require_width(rows)
        self.rows += count
        self._take({name: _told(rows[name], kind) for name, kind in self._columns.items()})

    def _require_width(self, rows: NDArray[Any]) -> None:
        right = (rows["fields"] == len(self._columns)).all()
        for name, kind in self._columns.items():
            right = right and (rows[f"length of {name}"] == rows.dtype[name].itemsize).all()
            if kind == "point" and right:
                right = (rows[name]["head"] == np.void(_POINT_HEAD)).all()
        self._require(bool(right))

    @staticmethod
    def _require(right: bool) -> None:
        if not right:
            raise ValueError("the rows are not of one width: a column has nulls or is of another type")


def _told(column: NDArray[Any], kind: str) -> NDArray[Any]:
    if kind == "point":
        return np.column_stack([column["x"], column["y"]])
    return column.astype(column.dtype.newbyteorder("="))
