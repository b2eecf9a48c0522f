"""Random files of cases as bad as they come: broken numbers, dates, datums, ids and states, then broken text."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import pandas as pd
from hypothesis import strategies as st

from gis.gcj import wgs84_to_bd09, wgs84_to_gcj02
from tests.town import at

HEADER = ("id", "lon", "lat", "at", "state", "system", "words")
Row = tuple[str, ...]


@dataclass(frozen=True)
class BrokenFile:
    """A file, and what is known of it beforehand.

    Attributes:
        ending: Of its name.
        body: What stands in it.
        rows: How many rows it has; None where its text is damaged, so that only the reader can tell.
        sound: Ids of the rows that must be stored whatever stands around them.
    """

    ending: str
    body: bytes
    rows: int | None
    sound: frozenset[str]


_NO_NUMBERS = ["", "NaN", "inf", "-Infinity", "1e400", "113,65", "113°45'", "٣٤", "0x71", "1_000"]
_NUMBERS = st.floats().map(repr) | st.sampled_from([*_NO_NUMBERS, "0", "-0", " 34.75 ", "9" * 400])
_DAYS = ["", "2026-05-03", "2024-02-30", "03/04/2024", "2150-01-01", "0000-00-00", "99999-01-01", "2023-12-31"]
_CLOCKS = ["2026-05-03T25:00", "2026-05-03T08:00+99:99", "1899-12-31T00:00Z", "2026年5月3日 8:05", "24:00"]
_TIMES = st.sampled_from([*_DAYS, *_CLOCKS, "1714700000", "yesterday"])
_DATUMS = st.sampled_from(
    ["", "WGS84", "cgcs2000", "gcj02", "bd09", "gk3-38", "gk3-99", "epsg:4547", "epsg:4326", "epsg:999999", "xian80"]
)
_IDS = st.sampled_from(["", "1", "2", "3", " 1 ", "1.0", "\u00a01", "''"])
_STATES = st.sampled_from(["", "reported", "archived", "queued", "lost"])
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', 'a","b', "a\r\nb", "\\N", "\\."]
)
_BAD = st.tuples(_IDS, _NUMBERS, _NUMBERS, _TIMES, _STATES, _DATUMS, _WORDS)
# Lines that are no rows; none of them can be the beginning or the end of one.
_NO_ROWS = st.sampled_from(['"open', '"', 'a,"b', "a,b", "," * 9, '"a" b,c', "\0"])
_DAMAGE = st.sampled_from(
    [b'"', b'""', b",", b"\n", b"\r", b'"\n"', b',"', b'",', b"\0", b"\xff", b"\xe4\xb8", "\ufeff".encode(), b"," * 9]
)


@st.composite
def broken_files(draw: st.DrawFn) -> BrokenFile:
    """A file of up to 16 rows for the hand-drawn town: sound ones, ones with one fault, and bad ones throughout."""
    rows: list[Row] = []
    sound = set()
    for number in range(draw(st.integers(0, 16))):
        row, kind = _sound(draw, f"s{number}"), draw(st.sampled_from(["sound", "fault", "bad", "again"]))
        if kind == "sound":
            sound.add(row[0])
        elif kind == "fault":
            row = draw(st.sampled_from([_swapped, _far, _with_nul, _one_bad]))(draw, row)
        elif kind == "bad":
            row = draw(_BAD)
        elif rows:
            row = draw(st.sampled_from(rows))
            row = (*row[:-1], draw(st.just(row[-1]) | _WORDS))
        rows.append(row)
    form = draw(st.sampled_from([_parquet, _text, _with_lines_that_are_no_rows, _damaged]))
    ending = ".parquet" if form is _parquet else ".csv"
    if form is _damaged:
        return BrokenFile(ending, _damaged(draw, rows), None, frozenset())
    if form is _with_lines_that_are_no_rows:
        return BrokenFile(ending, *form(draw, rows), frozenset(sound))
    return BrokenFile(ending, form(draw, rows), len(rows), frozenset(sound))


def _sound(draw: st.DrawFn, id_: str) -> Row:
    lon, lat = at(draw(st.integers(2, 126)) / 16, draw(st.integers(2, 78)) / 16)
    system = draw(st.sampled_from(["wgs84", "CGCS2000", "gcj02", "bd09"]))
    if system == "gcj02":
        lon, lat = map(float, wgs84_to_gcj02(lon, lat))
    elif system == "bd09":
        lon, lat = map(float, wgs84_to_bd09(lon, lat))
    words = draw(_WORDS).replace("\0", "")
    when = draw(st.sampled_from(["2026-05-03 08:00", "2026-05-03", "2025-01-01T00:00:00Z", ""]))
    return (id_, repr(lon), repr(lat), when, draw(st.sampled_from(["", "handling"])), system, words)


def _swapped(draw: st.DrawFn, row: Row) -> Row:
    return (row[0], row[2], row[1], *row[3:])


def _far(draw: st.DrawFn, row: Row) -> Row:
    return (row[0], str(float(row[1]) + draw(st.sampled_from([-1.0, 0.2, 30.0]))), *row[2:])


def _with_nul(draw: st.DrawFn, row: Row) -> Row:
    place = draw(st.integers(0, len(row) - 1))
    return (*row[:place], f"{row[place]}\0", *row[place + 1 :])


def _one_bad(draw: st.DrawFn, row: Row) -> Row:
    place = draw(st.integers(1, len(row) - 2))
    return (*row[:place], draw(_BAD)[place], *row[place + 1 :])


def _parquet(draw: st.DrawFn, rows: list[Row]) -> bytes:
    frame = pd.DataFrame(rows, columns=HEADER, dtype="str")
    if draw(st.booleans()):
        frame["lon"], frame["lat"] = (pd.to_numeric(frame[name], errors="coerce") for name in ("lon", "lat"))
    sink = io.BytesIO()
    frame.to_parquet(sink)
    return sink.getvalue()


def _text(draw: st.DrawFn, rows: list[Row]) -> bytes:
    return _encoded(draw, [",".join(map(_quoted, row)) for row in rows])


def _encoded(draw: st.DrawFn, lines: list[str]) -> bytes:
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(line + line_end for line in [",".join(HEADER), *lines])
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"])))


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in ',"\r\n') else value


def _with_lines_that_are_no_rows(draw: st.DrawFn, rows: list[Row]) -> tuple[bytes, int]:
    """No other line has a quote, so what a broken one opens is closed nowhere."""
    lines = [",".join(re.sub('[",\r\n]', "", value) for value in row) for row in rows]
    for line in draw(st.lists(_NO_ROWS, max_size=3)):
        lines.insert(draw(st.integers(0, len(lines))), line)
    return _encoded(draw, lines), len(lines)


def _damaged(draw: st.DrawFn, rows: list[Row]) -> bytes:
    body = _text(draw, rows)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(_DAMAGE) + body[place:]
    return body[: draw(st.integers(0, len(body)))] if draw(st.integers(0, 9)) == 0 else body
