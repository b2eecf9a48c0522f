"""Buildings and streets come in: known by source id, brought up to date when a file says something new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.readers.chunk import BadRow, raw_row
from data.readers.columns import require
from data.types import ewkb_hex
from gis.shapes import ShapeNote, to_cells, to_lines
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch, quarantine
from layers.grids.incoming import as_code, to_degrees

Shaper = Callable[[NDArray[Any]], tuple[NDArray[Any], list[ShapeNote]]]
_NUMBERS = ("households", "people")
_MOST = 2**31 - 1


def import_buildings(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    *,
    tree: str,
    id_column: str = "source_id",
    datum: str | None = None,
    file: str,
) -> Summary:
    """Take in buildings; of the columns name, address, households and people those that there are."""
    return _import(
        session,
        actor,
        frame,
        table="buildings",
        columns=("name", "address", *_NUMBERS),
        shaper=to_cells,
        tree=tree,
        id_column=id_column,
        datum=datum,
        file=file,
    )


def import_streets(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    *,
    tree: str,
    id_column: str = "source_id",
    datum: str | None = None,
    file: str,
) -> Summary:
    """Take in streets; of the columns name and kind those that there are."""
    return _import(
        session,
        actor,
        frame,
        table="streets",
        columns=("name", "kind"),
        shaper=to_lines,
        tree=tree,
        id_column=id_column,
        datum=datum,
        file=file,
    )


def _import(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    *,
    table: str,
    columns: tuple[str, ...],
    shaper: Shaper,
    tree: str,
    id_column: str,
    datum: str | None,
    file: str,
) -> Summary:
    require([str(name) for name in frame.columns], {"id": id_column})
    summary = open_batch(session, actor, kind=table, dataset=tree, file=file, options={"id": id_column})
    frame = frame.reset_index(drop=True)
    geoms, notes = shaper(to_degrees(frame, datum=datum))
    ids = np.array([as_code(value) for value in frame[id_column]], dtype=object)
    given = tuple(name for name in columns if name in frame.columns)
    bad = _bad_rows(frame, ids, notes, id_column, given)
    refused = {row.row_no for row in bad}
    keep = ~frame["row_no"].isin(refused).to_numpy()
    stored, changed = _upsert(session, table, tree, frame[keep], ids[keep], geoms[keep], given)
    summary.read, summary.quarantined = len(frame), len(bad)
    summary.stored, summary.changed = stored, changed
    summary.already_there = summary.read - summary.quarantined - stored - changed
    summary.reasons.update(row.reason for row in bad)
    quarantine(session, summary, bad)
    close_batch(session, summary)
    return summary


def _bad_rows(
    frame: geopandas.GeoDataFrame, ids: NDArray[Any], notes: list[ShapeNote], id_column: str, given: tuple[str, ...]
) -> list[BadRow]:
    found: dict[int, tuple[str, str, str]] = {
        note.row: ("geometry", note.code, note.detail) for note in notes if note.refused
    }
    repeated = pd.Series(ids).duplicated().to_numpy()
    for row, id_ in enumerate(ids):
        if id_ is None:
            found.setdefault(row, (id_column, "id_missing", "The row has no id."))
        elif repeated[row]:
            found.setdefault(row, (id_column, "id_reused", "Another row with this id came before."))
    for name in set(given) & set(_NUMBERS):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        is_count = (numbers >= 0) & (numbers <= _MOST) & (numbers % 1 == 0)
        wrong = (frame[name].notna() & ~is_count.fillna(False)).to_numpy(dtype=bool)
        for row in np.flatnonzero(wrong).tolist():
            found.setdefault(row, (name, "not_a_count", "The value is no whole number from 0 up."))
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
    given: tuple[str, ...],
) -> tuple[int, int]:
    stage = f"stage_{table}"
    names = ("source_id", *given, "geom")
    session.execute(
        text(f"CREATE TEMPORARY TABLE {stage} ON COMMIT DROP AS SELECT {', '.join(names)} FROM {table} LIMIT 0")
    )
    columns: dict[str, Any] = {"source_id": pa.array(ids, pa.string())}
    for name in given:
        if name in _NUMBERS:
            columns[name] = pa.array(pd.to_numeric(frame[name]).astype("Int64"), pa.int64())
        else:
            columns[name] = pa.array([as_code(value) for value in frame[name]], pa.string())
    copy_columns(session, stage, {**columns, "geom": ewkb_hex(geoms).tolist()})
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*given, "geom"))
    is_new = " OR ".join(f"t.{name} IS DISTINCT FROM EXCLUDED.{name}" for name in given) or "false"
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
