"""Positions in the rows of a table: two numbers in a declared datum."""

from __future__ import annotations

from data.readers.numbers import parse_coordinates
from gis.datum import REASONS, to_stored
from gis.declarations import find_datum
from gis.errors import BadInput
from layers.staff.intake import BadCell, Row, text_of


def position_of(row: Row, otherwise: str | None) -> Row:
    """Where a row says something is: `lon` and `lat` on the lattice, and `raw_x`, `raw_y`, `raw_datum` as it came.

    Args:
        row: Its `lon`, `lat` and, where there is one, `datum`.
        otherwise: The datum where the row names none.

    Raises:
        BadCell: There is no datum, or no such position in it.
    """
    x, y = (number_of(row, field) for field in ("lon", "lat"))
    said = row.get("datum") or otherwise
    if said is None:
        raise BadCell("datum", "empty")
    try:
        datum = find_datum(said).name
        stored = to_stored([x], [y], datum=datum)
    except BadInput as error:
        raise BadCell("datum", error.code, error.detail) from error
    if stored.bad[0]:
        reason = str(stored.reason[0])
        raise BadCell("lon", reason, REASONS[reason])
    return {"lon": float(stored.lon[0]), "lat": float(stored.lat[0]), "raw_x": x, "raw_y": y, "raw_datum": datum}


def number_of(row: Row, field: str) -> float:
    """The number that a cell says.

    Raises:
        BadCell: It says none.
    """
    parsed = parse_coordinates([text_of(row, field)])
    if parsed.bad[0]:
        raise BadCell(field, str(parsed.reasons[0]), "It is not a number.")
    return float(parsed.values[0])
