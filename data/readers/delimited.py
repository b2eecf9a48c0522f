"""CSV and its kin, streamed: fast over clean stretches, careful where a stretch is not clean.

Lines end with LF or CR LF; a file with neither but with CR (old spreadsheets) is read too. Blank lines are
skipped. Every value is text, an empty one is NA.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from zipfile import ZipInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from data.readers.archives import MAX_STREAM_BYTES, byte_blocks
from data.readers.chunk import BadRow, Chunk, free_name
from data.readers.columns import column_names
from data.readers.encodings import utf8_blocks
from data.readers.records import MAX_FIELD_CHARACTERS, MAX_RECORD_CHARACTERS, RecordParser
from gis.errors import BadInput

DELIMITERS = ",;\t|"
_CHUNK_BYTES = 64 * 2**20
# A block that is not clean is tried again in pieces of this size, so that one bad row costs little.
_CAREFUL_BYTES = 2**18
_Piece = tuple[pa.Table, np.ndarray, list[BadRow]]
_SPOKEN = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


def read_delimited(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    chunk_rows: int = 100_000,
    member: ZipInfo | None = None,
    max_bytes: int = MAX_STREAM_BYTES,
) -> Iterator[Chunk]:
    """Read delimited text in chunks, in constant memory.

    Args:
        path: A plain, .gz or (with `member`) .zip file.
        encoding: What it is in; UTF-8 when not given.
        delimiter: One character or its name (tab, comma, semicolon, pipe); else told from the header line.
        chunk_rows: A chunk is given once this many rows, or 64 MB, have come together.
        member: The file inside the zip.
        max_bytes: How much a packed file may unpack to.

    Yields:
        Chunks; at least one, so that the columns of a file without rows are known.

    Raises:
        BadInput: `header_missing`, `column_duplicate`, `delimiter_bad`; also those of `utf8_blocks` and
            `byte_blocks`.
    """
    blocks = utf8_blocks(byte_blocks(path, member=member, max_bytes=max_bytes), encoding=encoding, file=path.name)
    table = _Table(_with_line_feeds(blocks), file=path.name, delimiter=delimiter)
    gathered = _Gathered(table.columns)
    for piece, row_nos, bad in table.pieces():
        gathered.add(piece, row_nos, bad)
        if gathered.rows >= chunk_rows or gathered.bytes >= _CHUNK_BYTES:
            yield from gathered.chunks(chunk_rows)
    if gathered.rows or gathered.bad or not gathered.has_given:
        yield from gathered.chunks(chunk_rows)


class _Gathered:
    """Pieces of a table waiting to become chunks."""

    def __init__(self, columns: list[str]) -> None:
        self.schema = pa.schema([(name, pa.string()) for name in columns])
        self.has_given = False
        self._clear()

    def _clear(self) -> None:
        self.tables: list[pa.Table] = []
        self.row_nos: list[np.ndarray] = []
        self.bad: list[BadRow] = []
        self.rows = self.bytes = 0

    def add(self, table: pa.Table, row_nos: np.ndarray, bad: list[BadRow]) -> None:
        self.tables.append(table)
        self.row_nos.append(row_nos)
        self.bad += bad
        self.rows += table.num_rows
        self.bytes += table.nbytes

    def chunks(self, chunk_rows: int) -> Iterator[Chunk]:
        table = pa.concat_tables(self.tables) if self.tables else self.schema.empty_table()
        row_nos = np.concatenate([np.empty(0, dtype=np.int64), *self.row_nos])
        bad = self.bad
        self._clear()
        self.has_given = True
        for start in range(0, max(table.num_rows, 1), chunk_rows):
            frame = free_name(_frame(table.slice(start, chunk_rows)), "row_no")
            frame.insert(0, "row_no", row_nos[start : start + chunk_rows])
            yield Chunk(frame, bad)
            bad = []


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype("str") if table.num_rows == 0 else frame


class _Table:
    """The header of a stream, then its rows piece by piece."""

    def __init__(self, blocks: Iterator[bytes], *, file: str, delimiter: str | None) -> None:
        self._blocks = blocks
        self._file = file
        head = self._head()
        self._delimiter = _one_character(delimiter) if delimiter else _told_by(head)
        header = RecordParser([], self._delimiter).header(head)
        if header is None:
            detail = f"A quote in the header line of {file} does not close."
            raise BadInput("header_missing", detail, field="file", value=file)
        names, end = header
        self.columns = column_names(names, file)
        self._next_line = head.count("\n", 0, end) + 1
        self._rest = head[end:].encode()
        self._parser = RecordParser(self.columns, self._delimiter)

    def _head(self) -> str:
        head = b""
        for block in self._blocks:
            head += block
            if b"\n" in head or len(head) > MAX_RECORD_CHARACTERS:
                break
        # A quoted line break in the header is read where the first block holds the whole header.
        text = head.decode(errors="replace") + ("" if b"\n" in head else "\n")
        first = text[: text.index("\n")]
        if not first.strip() or len(first) > MAX_RECORD_CHARACTERS or "\0" in first:
            detail = f"The first line of {self._file} is no header: it is blank, endless or holds a NUL."
            raise BadInput("header_missing", detail, field="file", value=self._file)
        return text

    def pieces(self) -> Iterator[_Piece]:
        for block in chain(self._blocks, [b""]):
            yield from self._read(block, is_final=not block)

    def _read(self, block: bytes, *, is_final: bool) -> Iterator[_Piece]:
        buffer = self._rest + block
        if is_final and buffer and not buffer.endswith(b"\n"):
            buffer += b"\n"
        cut = buffer.rfind(b"\n") + 1
        self._rest = buffer[cut:]
        if not cut:
            # A line too long to be a record: its head is enough to report it.
            self._rest = self._rest[: MAX_RECORD_CHARACTERS * 4 + 4]
        elif (table := _fast(buffer[:cut], self.columns, self._delimiter)) is not None:
            row_nos = np.arange(self._next_line, self._next_line + table.num_rows)
            self._next_line += table.num_rows
            yield table, row_nos, []
        elif len(block) > _CAREFUL_BYTES:
            self._rest = b""
            for start in range(0, len(buffer), _CAREFUL_BYTES):
                yield from self._read(buffer[start : start + _CAREFUL_BYTES], is_final=False)
        else:
            yield self._parse(buffer[:cut].decode(errors="replace"), is_final=is_final)

    def _parse(self, text: str, *, is_final: bool) -> _Piece:
        parsed = self._parser.parse(text, first_line=self._next_line, final=is_final)
        self._next_line += parsed.lines
        self._rest = text[parsed.used :].encode() + self._rest
        values = zip(*parsed.rows, strict=True) if parsed.rows else ([] for _ in self.columns)
        arrays = [pa.array([value or None for value in column], pa.string()) for column in values]
        return pa.table(arrays, names=self.columns), np.asarray(parsed.row_nos, dtype=np.int64), parsed.bad


def _fast(block: bytes, columns: list[str], delimiter: str) -> pa.Table | None:
    """The block as a table, or None unless each of its lines is surely one whole record.

    Arrow joins lines (an open quote) but never splits one once lone CR are excluded, so as many rows as lines
    means one row a line; only the last row can still have run over its line end.
    """
    if b"\0" in block or block.count(b"\r") != block.count(b"\r\n"):
        return None
    if block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block:
        return None
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(block),
            read_options=pa_csv.ReadOptions(column_names=columns, block_size=len(block) + 1),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    last = table.slice(table.num_rows - 1).to_pylist()[0]
    is_whole = table.num_rows == block.count(b"\n") and not any("\n" in (value or "") for value in last.values())
    return table if is_whole and all(_is_short(column) for column in table.columns) else None


def _is_short(column: pa.ChunkedArray) -> bool:
    longest = pc.max(pc.binary_length(column)).as_py()
    return longest is None or longest <= MAX_FIELD_CHARACTERS


def _with_line_feeds(blocks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(blocks, b"")
    is_old = b"\r" in first and b"\n" not in first
    for block in chain([first], blocks):
        yield block.replace(b"\r", b"\n") if is_old else block


def _one_character(delimiter: str) -> str:
    one = _SPOKEN.get(delimiter.lower(), delimiter)
    if len(one) != 1 or not one.isascii() or one in '"\r\n\0' or one.isalnum():
        detail = "The delimiter must be one sign such as , ; | or the word tab."
        raise BadInput("delimiter_bad", detail, field="delimiter", value=delimiter)
    return one


def _told_by(head: str) -> str:
    unquoted = "".join(head[: head.index("\n")].split('"')[::2])
    return max(DELIMITERS, key=unquoted.count)
