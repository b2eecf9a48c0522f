"""Rows of a file become reports: ids, positions in a declared datum, times; bad rows leave with their reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from data.readers.chunk import Chunk
from data.readers.columns import require
from data.readers.numbers import parse_coordinates
from data.readers.times import parse_times
from data.tables.casework import STATES
from data.tables.catalogue import URGENCIES
from gis.datum import REASONS, to_stored
from gis.declarations import find_datum
from gis.errors import BadInput
from layers.cases.intake import CLOCK_TOLERANCE
from layers.cases.loop import states
from layers.cases.sieve import Sieve

ROLES = (
    "id",
    "lon",
    "lat",
    "datum",
    "at",
    "received_at",
    "closed_at",
    "category",
    "description",
    "state",
    "source",
    "urgency",
    "department",
)
# A merged case needs the one it was merged into, which a file cannot name.
KNOWN_STATES = tuple(state for state in STATES if state != "merged")


@dataclass(frozen=True, kw_only=True)
class RowOptions:
    """How to read a file of cases.

    Attributes:
        columns: Role (see `ROLES`) to column name; lon and lat are required.
        datum: Declared datum of all positions; None when a column gives it.
        time_zone: IANA zone of naive times.
        time_format: strptime format where times are written in a way that could be misread.
        source: Where the reports came from, when no column says it.
        matters: Category of the file to the code of a matter; a category that is not in it stands for itself.
    """

    columns: dict[str, str]
    datum: str | None
    time_zone: str
    time_format: str | None = None
    source: str = "import"
    matters: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Reports:
    """The good rows of one chunk as arrays of equal length, and those set aside; never closed is NaT."""

    frame: pd.DataFrame
    row_no: NDArray[np.int64]
    raw_x: NDArray[np.float64]
    raw_y: NDArray[np.float64]
    datum: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    occurred_at: NDArray[np.datetime64]
    precision: NDArray[Any]
    received_at: NDArray[np.datetime64]
    closed_at: NDArray[np.datetime64]
    sieve: Sieve = field(repr=False)

    def column(self, columns: dict[str, str], role: str) -> Any:
        """The values of a role's column, all missing where it has none."""
        if role in columns:
            return self.frame[columns[role]].astype("str")
        return pd.Series([pd.NA] * len(self.frame), dtype="str")

    def keep(self, good: NDArray[np.bool_]) -> Reports:
        """The rows of a mask."""
        arrays = {
            name: getattr(self, name)[good]
            for name in (
                "row_no",
                "raw_x",
                "raw_y",
                "datum",
                "lon",
                "lat",
                "occurred_at",
                "precision",
                "received_at",
                "closed_at",
            )
        }
        return Reports(frame=self.frame[good].reset_index(drop=True), sieve=self.sieve, **arrays)


def settled_options(options: RowOptions, columns: list[str], *, crs: CRS | None) -> RowOptions:
    """The options for a file, with its own CRS as the datum where it states one and nobody said otherwise.

    Raises:
        BadInput: A named column is missing, a required role has none, no datum is declared, or the declared one
            contradicts the CRS of the file.
    """
    if crs is not None and "datum" not in options.columns:
        if options.datum is None:
            code = crs.to_epsg()
            options = replace(options, datum=f"epsg:{code}" if code else None)
        elif find_datum(options.datum).in_degrees != crs.is_geographic:
            raise BadInput(
                "datum_contradicts_crs",
                f"The file says that its positions are in {crs.name}, which {options.datum} contradicts.",
                field="datum",
                value=options.datum,
            )
    for role in ("lon", "lat"):
        if role not in options.columns:
            raise BadInput("column_not_named", f"Say which column holds '{role}' with --{role}.", field=role)
    if options.datum is None and "datum" not in options.columns:
        raise BadInput(
            "datum_missing",
            "Declare the datum of the positions with --datum, for example wgs84.",
            field="datum",
        )
    require(columns, options.columns)
    return options


def read_reports(chunk: Chunk, options: RowOptions, *, now: datetime) -> Reports:
    """Examine one chunk.

    Args:
        chunk: Rows as read.
        options: How to read them, as `settled_options` gives them.
        now: The instant beyond which a time lies in the future.
    """
    sieve = Sieve(chunk.frame, chunk.bad)
    frame, columns = sieve.frame, options.columns
    _check_ids(sieve, columns)
    _check_words(sieve, columns)
    x, y = (_coordinates(sieve, columns[role]) for role in ("lon", "lat"))
    datum = _datums(sieve, options)
    lon, lat = _positions(sieve, x, y, datum, (columns["lon"], columns["lat"]))
    received = np.full(len(frame), _utc(now))
    if "received_at" in columns:
        received, _ = _times(sieve, columns["received_at"], options, now, otherwise=received)
    # Where nobody said when it happened, the instant it was received judges.
    occurred, precision = received, np.full(len(frame), "received", dtype=object)
    if "at" in columns:
        occurred, precision = _times(sieve, columns["at"], options, now, otherwise=received)
    closed = _closings(sieve, options, now, received if "received_at" in columns else occurred)
    if "received_at" not in columns:
        # What is closed was not received only now.
        received = np.where(np.isnat(closed), received, occurred)
    reports = Reports(
        frame=frame,
        row_no=frame["row_no"].to_numpy(np.int64),
        raw_x=x,
        raw_y=y,
        datum=datum,
        lon=lon,
        lat=lat,
        occurred_at=occurred,
        precision=precision,
        received_at=received,
        closed_at=closed,
        sieve=sieve,
    )
    return reports.keep(sieve.good)


def _utc(instant: datetime) -> np.datetime64:
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "us")


def _check_ids(sieve: Sieve, columns: dict[str, str]) -> None:
    if "id" not in columns:
        return
    ids = sieve.frame[columns["id"]]
    sieve.reject(ids.isna(), field=columns["id"], reason="id_missing", detail="The row has no id.")
    repeats = ids.duplicated() & ids.notna()
    if not repeats.any():
        return
    said = sieve.frame.drop(columns=["row_no", columns["id"]]).astype("str").fillna("")
    same = (said == said.groupby(ids, sort=False).transform("first")).all(axis=1)
    sieve.reject(repeats & same, field=columns["id"], reason="repeated_row", detail="The same row came before.")
    sieve.reject(repeats, field=columns["id"], reason="id_reused", detail="Another row with this id came before.")


def _check_words(sieve: Sieve, columns: dict[str, str]) -> None:
    for role, reason, known in (("state", "unknown_state", KNOWN_STATES), ("urgency", "unknown_urgency", URGENCIES)):
        if role in columns:
            words = sieve.frame[columns[role]]
            sieve.reject(
                words.notna() & ~words.isin(known),
                field=columns[role],
                reason=reason,
                detail=f"Known: {', '.join(known)}.",
            )


def _coordinates(sieve: Sieve, column: str) -> NDArray[np.float64]:
    parsed = parse_coordinates(sieve.frame[column])
    sieve.reject(parsed.bad, field=column, reason=parsed.reasons, detail="The coordinate cannot be read.")
    return parsed.values


def _datums(sieve: Sieve, options: RowOptions) -> NDArray[Any]:
    column = options.columns.get("datum")
    if column is None:
        # One declared for the file is the caller's fault, one that a row declares is that row's.
        return np.full(len(sieve.frame), find_datum(options.datum or "").name, dtype=object)
    given = sieve.frame[column].astype("str")
    if options.datum:
        given = given.fillna(options.datum)
    sieve.reject(given.isna(), field=column, reason="datum_missing", detail="The row declares no datum.")
    named = given.to_numpy(dtype=object, copy=True)
    for name in given.dropna().unique():
        rows = (given == name).to_numpy(dtype=bool, na_value=False)
        try:
            named[rows] = find_datum(name).name
        except BadInput as error:
            sieve.reject(rows, field=column, reason=error.code, detail=error.detail)
    return named


def _positions(
    sieve: Sieve, x: NDArray[np.float64], y: NDArray[np.float64], datum: NDArray[Any], columns: tuple[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for name in pd.unique(datum[sieve.good]):
        rows = np.flatnonzero((datum == name) & sieve.good)
        stored = to_stored(x[rows], y[rows], datum=name)
        lon[rows], lat[rows] = stored.lon, stored.lat
        reasons = np.full(len(x), "", dtype=object)
        reasons[rows] = stored.reason
        for code, sentence in REASONS.items():
            sieve.reject(reasons == code, field=columns[0], reason=code, show=columns, detail=sentence)
    return lon, lat


def _times(
    sieve: Sieve, column: str, options: RowOptions, now: datetime, *, otherwise: NDArray[np.datetime64]
) -> tuple[NDArray[np.datetime64], NDArray[Any]]:
    """Instants and their precision; where the column is empty those of `otherwise`, the time of receipt."""
    parsed = parse_times(sieve.frame[column], tz=options.time_zone, formats=options.time_format)
    empty = parsed.reasons == "empty"
    sieve.reject(parsed.bad & ~empty, field=column, reason=parsed.reasons, detail="The time cannot be read.")
    at = np.where(empty, otherwise, parsed.at.tz_localize(None).to_numpy(dtype="datetime64[us]"))
    future = at > _utc(now + CLOCK_TOLERANCE)
    sieve.reject(future, field=column, reason="in_the_future", detail="The time lies in the future.")
    return at, np.where(empty, "received", parsed.precision)


def _closings(
    sieve: Sieve, options: RowOptions, now: datetime, opened: NDArray[np.datetime64]
) -> NDArray[np.datetime64]:
    """When each row was closed, NaT where nobody says so."""
    column = options.columns.get("closed_at")
    never = np.full(len(sieve.frame), np.datetime64("NaT", "us"))
    if column is None:
        return never
    closed, _ = _times(sieve, column, options, now, otherwise=never)
    before = closed < opened
    sieve.reject(before, field=column, reason="closed_before_it_began", detail="It was closed before it came in.")
    if "state" in options.columns:
        open_ = [name for name, state in states().items() if state.is_open]
        contradicts = sieve.frame[options.columns["state"]].isin(open_).to_numpy(dtype=bool) & ~np.isnat(closed)
        detail = "It has a time of closing, and a state in which something is still to be done."
        sieve.reject(contradicts, field=column, reason="closed_but_open", detail=detail)
    return closed
