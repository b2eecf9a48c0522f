"""Shapefiles: the files that belong together, and the encoding of the table."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.readers.archives import corrupt
from data.readers.big5 import private_characters
from data.readers.encodings import KNOWN, codec_named
from gis.errors import BadInput

# Text with private-use characters in more than one value of so many was decoded with the wrong encoding.
_WRONG_SHARE = 10


@dataclass(frozen=True, slots=True)
class _TextField:
    name: bytes
    start: int
    width: int


def shapefile_codec(shp: Path, *, encoding: str | None) -> str:
    """The codec of a shapefile's table; also checks that its parts are there.

    The caller's word comes first, then the .cpg. Where neither is there and all text is ASCII, no choice is
    needed. The language byte of the table is not believed: what writes it seldom knows.

    Raises:
        BadInput: `file_incomplete`, `encoding_missing`, `encoding_wrong`, `encoding_unknown`, `file_corrupt`.
    """
    parts = {path.suffix.lower(): path for path in shp.parent.iterdir() if path.stem == shp.stem}
    missing = [suffix for suffix in (".shx", ".dbf") if suffix not in parts]
    if missing:
        detail = f"{shp.name} came without its {' and '.join(missing)}; give the whole set, best as one zip."
        raise BadInput("file_incomplete", detail, field="file", value=shp.name, values={"missing": missing})
    table = parts[".dbf"].read_bytes()
    try:
        fields, records = _text_of(table)
    except (struct.error, ValueError, IndexError) as error:
        raise corrupt(parts[".dbf"].name, "its table breaks off or is damaged") from error
    cpg = parts[".cpg"].read_text(encoding="latin-1").strip() if ".cpg" in parts else ""
    said = encoding or cpg or None
    odd = _first_odd(fields, records)
    if said is None and odd is not None:
        detail = (
            f"{shp.name} has no .cpg and holds text that is not ASCII ({odd}); "
            f"say with --encoding what it is in ({KNOWN})"
        )
        raise BadInput("encoding_missing", detail, field="encoding", value=odd)
    codec = codec_named(said) if said else "ascii"
    if odd is not None:
        _check(shp.name, fields, records, codec=codec, said=str(said))
    return codec


def _text_of(table: bytes) -> tuple[list[_TextField], np.ndarray]:
    """The fields, those without text at width 0, and the records as bytes of shape (records, record length)."""
    count, header_length, record_length = struct.unpack_from("<IHH", table, 4)
    fields: list[_TextField] = []
    at, start = 32, 1
    while at + 32 <= header_length and table[at] != 0x0D:
        name = table[at : at + 11].split(b"\0")[0]
        # A text field may use the byte for decimals as the high byte of its width.
        width = table[at + 16] + (256 * table[at + 17] if table[at + 11 : at + 12] == b"C" else 0)
        is_text = table[at + 11 : at + 12] == b"C"
        fields.append(_TextField(name, start, width if is_text else 0))
        start += width
        at += 32
    whole = min(count, max(len(table) - header_length, 0) // max(record_length, 1))
    body = np.frombuffer(table, dtype=np.uint8, offset=min(header_length, len(table)), count=whole * record_length)
    return fields, body.reshape(whole, record_length)


def _first_odd(fields: list[_TextField], records: np.ndarray) -> str | None:
    """Where the first text that is not ASCII stands, in words."""
    for field in fields:
        if not field.name.isascii():
            return f"a column name: {field.name.hex(' ')}"
        odd = np.flatnonzero((records[:, field.start : field.start + field.width] >= 0x80).any(axis=1))
        if odd.size:
            return f"record {odd[0] + 1}, column {field.name.decode('ascii')}"
    return None


def _check(file: str, fields: list[_TextField], records: np.ndarray, *, codec: str, said: str) -> None:
    """Decode every text once, so that a wrong encoding is refused with its place."""
    private = total = 0
    for field in fields:
        column = records[:, field.start : field.start + field.width]
        odd = np.flatnonzero((column >= 0x80).any(axis=1))
        for number, text in [(0, field.name), *((int(i) + 1, column[i].tobytes()) for i in odd)]:
            total += 1
            try:
                private += private_characters(text.decode(codec)) > 0
            except UnicodeDecodeError as error:
                shown = text.strip().decode(codec, errors="replace")
                place = f"record {number}, column {field.name.decode(codec, errors='replace')}: {shown}"
                detail = f"{file} is not wholly {said} ({place}); give another --encoding ({KNOWN})"
                raise BadInput("encoding_wrong", detail, field="encoding", value=said) from error
    if private * _WRONG_SHARE > total:
        detail = f"{file} makes no sense as {said} ({private} of {total} values); give another --encoding ({KNOWN})"
        raise BadInput("encoding_wrong", detail, field="encoding", value=said)
    if private:
        note = f"{file}: {private} of {total} values hold characters that {said} leaves to each office"
        warnings.warn(f"{note}; they are kept as private-use characters, mostly shown as a box.", stacklevel=2)
