"""Rows out of arrays into a table: one COPY in binary, the whole of it made by numpy, no object for a row."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.ahead import ahead
from data.driver import driver_cursor
from data.fixed_rows import EPOCH_US

# What a column of these types takes in COPY BINARY; a text takes as much as its longest value before it is cut.
KINDS = {"bigint": ">i8", "integer": ">i4", "instant": ">i8", "double": ">f8", "real": ">f4"}
_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_PIECE_BYTES = 1 << 20
_ROWS_AT_ONCE = 1 << 14


class Column(NamedTuple):
    """The values of one column.

    Attributes:
        kind: A key of `KINDS`, or `text`.
        values: Shape (n,). NULL is NaN in a `double` or `real` and a negative number in a `bigint` or `integer`, for
            ids and versions begin at 1. An `instant` is in microseconds since 1970. A `text` is bytes, never empty.
    """

    kind: str
    values: NDArray[Any]


def copy_rows(session: Session, table: str, columns: Mapping[str, Column]) -> None:
    """COPY columns of equal length into a table.

    Args:
        session: An open session; the COPY is part of its transaction.
        table: Name of the table, ours, not a caller's.
        columns: Its columns by name.

    Raises:
        DBAPIError: As the statements of SQLAlchemy do.
    """
    command = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with driver_cursor(session) as cursor:
        if _count(columns) <= _ROWS_AT_ONCE:
            cursor.copy_expert(command, io.BytesIO(encoded(columns)), _PIECE_BYTES)
        else:
            # The server stores some rows while the next are encoded.
            with closing(ahead(_parts(columns))) as parts:
                cursor.copy_expert(command, _Stream(parts), _PIECE_BYTES)


class _Stream(io.RawIOBase):
    """Parts that come one after the other as the file that COPY reads."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._left = parts, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill as much of the buffer as one part does; nothing at the end."""
        if not self._left:
            self._left = memoryview(next(self._parts, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _parts(columns: Mapping[str, Column]) -> Iterator[bytes]:
    yield _HEAD
    for first in range(0, _count(columns), _ROWS_AT_ONCE):
        some = slice(first, first + _ROWS_AT_ONCE)
        yield _rows({name: Column(kind, values[some]) for name, (kind, values) in columns.items()})
    yield _END


def _count(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values())).values)


def encoded(columns: Mapping[str, Column]) -> bytes:
    """The stream that COPY takes.

    >>> encoded({"id": Column("integer", np.array([7, -1]))})[19:].hex(" ", 2)
    '0001 0000 0004 0000 0007 0001 ffff ffff ffff'
    """
    return _HEAD + _rows(columns) + _END


def _rows(columns: Mapping[str, Column]) -> bytes:
    lengths = {name: _lengths(column) for name, column in columns.items()}
    # Of a column that is nowhere known nothing follows.
    wire = [(name, _wire(column) if (lengths[name] > 0).any() else None) for name, column in columns.items()]
    count = _count(columns)
    rows = np.empty(count, dtype=_row(tuple(wire)))
    rows["fields"] = len(columns)
    offsets: Mapping[str, Any] = rows.dtype.fields or {}
    cut: dict[str, NDArray[Any]] = {}
    for name, (kind, values) in columns.items():
        rows[f"length of {name}"] = lengths[name]
        if name in offsets:
            rows[name] = values - EPOCH_US if kind == "instant" else values
            if (lengths[name] < rows.dtype[name].itemsize).any():
                cut[name] = lengths[name]
    table = rows.view(np.uint8).reshape(count, rows.dtype.itemsize)
    if not cut:
        return table.tobytes()
    kept = np.ones(table.shape, dtype=np.bool_)
    for name, taken in cut.items():
        width, first = rows.dtype[name].itemsize, int(offsets[name][1])
        kept[:, first : first + width] = np.arange(width) < taken[:, None]
    return table[kept].tobytes()


@lru_cache(maxsize=64)
def _row(wire: tuple[tuple[str, Any], ...]) -> np.dtype[Any]:
    fields: list[Any] = [("fields", ">i2")]
    for name, value in wire:
        fields.append((f"length of {name}", ">i4"))
        if value is not None:
            fields.append((name, value))
    return np.dtype(fields)


def _wire(column: Column) -> Any:
    return column.values.dtype if column.kind == "text" else np.dtype(KINDS[column.kind])


def _lengths(column: Column) -> NDArray[Any]:
    """What the stream says of each value's length, -1 for NULL; one number where all have the same."""
    kind, values = column
    if kind == "text":
        return np.char.str_len(values)
    width = _wire(column).itemsize
    if kind == "instant":
        return np.array(width)
    missing = np.isnan(values) if kind in ("double", "real") else values < 0
    return np.where(missing, -1, width) if missing.any() else np.array(width)
