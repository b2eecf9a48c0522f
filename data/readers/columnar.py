"""Parquet in batches; the points of a GeoParquet file become columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyproj import CRS

from data.readers.archives import corrupt
from data.readers.chunk import Chunk, empty_as_missing, free_name, without_nul
from data.readers.columns import check_names


def is_geoparquet(file: Path) -> bool:
    """Whether a Parquet file declares shapes.

    Raises:
        BadInput: `file_corrupt`.
    """
    return b"geo" in (_opened(file).schema_arrow.metadata or {})


def read_columnar(file: Path, *, chunk_rows: int, crs: CRS | None) -> Iterator[Chunk]:
    """Read a Parquet file without shapes; types are kept, dates become text, nested values JSON text.

    Raises:
        BadInput: `column_duplicate`, `file_corrupt`.
    """
    parquet = _opened(file)
    check_names(parquet.schema_arrow.names, file.name)
    done = 0
    for batch in _batches(parquet, file, chunk_rows):
        frame = free_name(_frame(batch), "row_no")
        frame.insert(0, "row_no", np.arange(done + 1, done + 1 + len(frame)))
        done += len(frame)
        frame, bad = without_nul(empty_as_missing(frame))
        yield Chunk(frame.reset_index(drop=True), bad, crs)
    if not done:
        frame = free_name(_frame(parquet.schema_arrow.empty_table()), "row_no")
        frame.insert(0, "row_no", pd.Series(dtype="int64"))
        yield Chunk(frame, [], crs)


def _opened(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except Exception as error:  # a damaged file may fail anywhere in the decoder
        raise corrupt(file.name, "it is no sound Parquet file") from error


def _batches(parquet: pq.ParquetFile, file: Path, chunk_rows: int) -> Iterator[pa.Table]:
    batches = parquet.iter_batches(batch_size=chunk_rows)
    while True:
        try:
            batch = next(batches, None)
        except Exception as error:  # as above
            raise corrupt(file.name, "its rows are damaged") from error
        if batch is None:
            return
        yield pa.Table.from_batches([batch])


def _frame(table: pa.Table) -> pd.DataFrame:
    plain = pa.table([_plain(column) for column in table.columns], names=table.column_names)
    # Whole numbers stay whole where some are missing.
    frame: pd.DataFrame = plain.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}.get)
    return frame


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return pc.cast(column, kind.value_type)
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_decimal(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        texts = [None if value is None else _json(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return column


def _json(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else json.dumps(value, default=str, ensure_ascii=False)
