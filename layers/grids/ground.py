"""Buildings, streets, blocks and places come in: known by source id, brought up to date when a file says more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.readers.chunk import BadRow, raw_row
from data.readers.columns import settled_columns
from data.types import ewkb_hex
from gis.crs import LATTICE
from gis.shapes import ShapeNote, to_cells, to_lines
from gis.topology import overlapping
from layers.actor import Actor
from layers.batches import Progress, Summary, close_batch, open_batch, quarantine, unheard
from layers.grids.incoming import as_code, to_degrees

Shaper = Callable[[NDArray[Any]], tuple[NDArray[Any], list[ShapeNote]]]
_NUMBERS = ("households", "people")
_MOST = 2**31 - 1
# Rows taken in at once: few enough that a bar moves, many enough that a statement pays.
_SLICE_ROWS = 5_000


@dataclass(frozen=True)
class GroundKind:
    """What distinguishes buildings, streets, blocks and places.

    Attributes:
        table: Where they are stored; a column for each role.
        said: The roles that are taken where a file has them, besides the id.
        shaper: Makes their shapes fit to store.
        needed: Those of the roles without which a row is set aside.
    """

    table: str
    said: tuple[str, ...]
    shaper: Shaper
    needed: tuple[str, ...] = ()


BUILDINGS = GroundKind("buildings", ("name", "address", *_NUMBERS), to_cells)
STREETS = GroundKind("streets", ("name", "kind"), to_lines)
ATOMS = GroundKind("atoms", ("name", *_NUMBERS), to_cells)


def import_ground(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    kind: GroundKind,
    *,
    tree: str,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    file: str,
    progress: Progress = unheard,
) -> Summary:
    """Take in buildings, streets, blocks or places.

    Args:
        session: An open session; all or nothing.
        actor: Who imports.
        frame: Shapes with a CRS and `row_no`.
        kind: `BUILDINGS`, `STREETS`, `ATOMS`, or one of a theme above.
        tree: The city.
        columns: Role -> column: `id`, else the column source_id, and what else the kind is said to have, else the
            columns called so.
        datum: Declared datum where the CRS does not tell it.
        file: Name of the file, for the record.
        progress: Told how many rows more are done.

    Raises:
        BadInput: A named column is missing.
    """
    column = settled_columns(frame.columns, {"id": "source_id"} | dict(columns or {}), kind.said)
    summary = open_batch(session, actor, kind=kind.table, dataset=tree, file=file, options={"columns": column})
    frame = frame.reset_index(drop=True)
    ids = np.array([as_code(value) for value in frame[column["id"]]], dtype=object)
    repeated = pd.Series(ids).duplicated().to_numpy()
    kept = np.full(len(frame), None, dtype=object)
    for first in range(0, len(frame), _SLICE_ROWS):
        rows = slice(first, first + _SLICE_ROWS)
        some = frame.iloc[rows]
        geoms, notes = kind.shaper(to_degrees(some, datum=datum))
        bad = _bad_rows(some, ids[rows], repeated[rows], notes, column, kind.needed)
        keep = ~some["row_no"].isin({row.row_no for row in bad}).to_numpy()
        kept[rows][keep] = geoms[keep]
        stored, changed = _upsert(session, kind.table, tree, some[keep], ids[rows][keep], geoms[keep], column)
        summary.read += len(some)
        summary.stored += stored
        summary.changed += changed
        summary.quarantined += len(bad)
        summary.reasons.update(row.reason for row in bad)
        quarantine(session, summary, bad)
        progress(len(some))
    summary.already_there = summary.read - summary.quarantined - summary.stored - summary.changed
    if kind is ATOMS:
        summary.remarks += _overlaps(ids, kept)
    close_batch(session, summary)
    return summary


def _overlaps(ids: NDArray[Any], blocks: NDArray[Any]) -> list[str]:
    """Blocks that lie on each other, told in a sentence: what is counted in both would count twice."""
    known = np.flatnonzero(~shapely.is_missing(blocks))
    pairs = known[overlapping(blocks[known])]
    common = shapely.intersection(*blocks[pairs].T)
    # Blocks that share a border may lie on each other by what rounding to the lattice moved it.
    wide = np.flatnonzero(shapely.area(common) > LATTICE * shapely.length(common))
    if not len(wide):
        return []
    one, other = ids[pairs[wide[0]]]
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(common[wide[0]]))[0].tolist()
    return [
        f"{len(wide)} pairs of blocks overlap, so their ground counts twice; the first are {one} and {other} at "
        f"{lon:.7f} {lat:.7f}."
    ]


def _bad_rows(
    frame: geopandas.GeoDataFrame,
    ids: NDArray[Any],
    repeated: NDArray[np.bool_],
    notes: list[ShapeNote],
    column: Mapping[str, str],
    needed: Sequence[str],
) -> list[BadRow]:
    found: dict[int, tuple[str, str, str]] = {
        note.row: ("geometry", note.code, note.detail) for note in notes if note.refused
    }
    for row, id_ in enumerate(ids):
        if id_ is None:
            found.setdefault(row, (column["id"], "id_missing", "The row has no id."))
        elif repeated[row]:
            found.setdefault(row, (column["id"], "id_reused", "Another row with this id came before."))
    for role in needed:
        given = frame[column[role]] if role in column else pd.Series(None, index=frame.index)
        for row in np.flatnonzero(given.isna()).tolist():
            found.setdefault(row, (column.get(role, role), "empty", "The value is missing."))
    for role in set(column) & set(_NUMBERS):
        given = frame[column[role]]
        numbers = pd.to_numeric(given, errors="coerce")
        is_count = (numbers >= 0) & (numbers <= _MOST) & (numbers % 1 == 0)
        wrong = (given.notna() & ~is_count.fillna(False)).to_numpy(dtype=bool)
        for row in np.flatnonzero(wrong).tolist():
            found.setdefault(row, (column[role], "not_a_count", "The value is no whole number from 0 up."))
    rows = frame.drop(columns=frame.geometry.name)
    return [
        BadRow(
            int(rows["row_no"].iloc[row]),
            field,
            as_code(rows.iloc[row].get(field)),
            reason,
            raw_row(rows.iloc[row]),
            detail,
        )
        for row, (field, reason, detail) in sorted(found.items())
    ]


def _upsert(
    session: Session,
    table: str,
    tree: str,
    frame: geopandas.GeoDataFrame,
    ids: NDArray[Any],
    geoms: NDArray[Any],
    column: Mapping[str, str],
) -> tuple[int, int]:
    stage = f"stage_{table}"
    said = [role for role in column if role != "id"]
    names = ("source_id", *said, "geom")
    session.execute(
        text(f"CREATE TEMPORARY TABLE {stage} ON COMMIT DROP AS SELECT {', '.join(names)} FROM {table} LIMIT 0")
    )
    values: dict[str, Any] = {"source_id": pa.array(ids, pa.string())}
    for role in said:
        given = frame[column[role]]
        if role in _NUMBERS:
            values[role] = pa.array(pd.to_numeric(given).astype("Int64"), pa.int64())
        else:
            values[role] = pa.array([as_code(value) for value in given], pa.string())
    copy_columns(session, stage, {**values, "geom": ewkb_hex(geoms).tolist()})
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*said, "geom"))
    is_new = " OR ".join(f"t.{name} IS DISTINCT FROM EXCLUDED.{name}" for name in said) or "false"
    listed = ", ".join(names)
    rows = (
        session.execute(
            text(
                f"""
            INSERT INTO {table} AS t (tree, {listed}) SELECT :tree, {listed} FROM {stage}
            ON CONFLICT (tree, source_id) DO UPDATE SET {updates}
            WHERE {is_new} OR ST_AsBinary(t.geom) <> ST_AsBinary(EXCLUDED.geom)
            RETURNING xmax = 0 AS is_new
            """
            ),
            {"tree": tree},
        )
        .scalars()
        .all()
    )
    session.execute(text(f"DROP TABLE {stage}"))
    return sum(rows), len(rows) - sum(rows)
