"""Bulk rows into a staging table: one COPY, fed from Arrow columns."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy.orm import Session

from data.driver import driver_cursor

# psycopg2 hands the server 8 kB at a time unless told otherwise.
_PIECE_BYTES = 2**20


def copy_columns(session: Session, table: str, columns: Mapping[str, Any]) -> None:
    """COPY columns of equal length into a table; Arrow nulls (and NaN where masked by the caller) become NULL.

    Args:
        session: An open session; the COPY is part of its transaction.
        table: Name of the (staging) table, ours, not a caller's.
        columns: Column name to anything `pyarrow.array` takes.

    Raises:
        DBAPIError: As the statements of SQLAlchemy do.
    """
    body = io.BytesIO()
    arrays = {
        name: values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
        for name, values in columns.items()
    }
    # Nulls are written as nothing, empty strings as "": COPY's CSV form reads them back so.
    pa_csv.write_csv(pa.table(arrays), body, pa_csv.WriteOptions(include_header=False))
    body.seek(0)
    with driver_cursor(session) as cursor:
        names = ", ".join(columns)
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)", body, _PIECE_BYTES)
