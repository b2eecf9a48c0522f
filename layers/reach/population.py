"""People counted by cells of a raster come to the buildings in which nobody counted any."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data.readers.chunk import BadRow, raw_row
from data.readers.columns import require
from data.tables import Building
from gis.crs import metric_srid
from gis.edges import Geometries
from gis.metric import area_m2
from gis.population import people_of_cells
from gis.shapes import to_cells
from gis.walking import Ints
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch, quarantine
from layers.grids.ground import BUILDINGS
from layers.grids.incoming import as_code, to_degrees

PEOPLE = "people"


def spread_population(
    session: Session,
    actor: Actor,
    frame: geopandas.GeoDataFrame,
    *,
    tree: str,
    column: str = PEOPLE,
    datum: str | None = None,
    file: str,
) -> Summary:
    """Give the people of cells to the buildings in them that have no count, by the ground that each covers.

    Args:
        session: An open session; all or nothing.
        actor: Who imports.
        frame: Polygons with a CRS and `row_no`.
        tree: The city.
        column: The column with the people of each cell.
        datum: Declared datum where the CRS does not tell it.
        file: Name of the file, for the record.

    Returns:
        The sums of the cells, which all count as changed where any building was given people; `facts` tell how many
        people live in them, how many were given to how many buildings, and how many live in cells without a building.

    Raises:
        BadInput: `column_missing`.
    """
    require([str(name) for name in frame.columns], {PEOPLE: column})
    # What is known of the ground from before was made without these people.
    summary = open_batch(session, actor, kind=BUILDINGS.table, dataset=tree, file=file, options={"people": column})
    frame = frame.reset_index(drop=True)
    cells, notes = to_cells(to_degrees(frame, datum=datum))
    people = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    found = {note.row: ("geometry", note.code, note.detail) for note in notes if note.refused}
    for row in np.flatnonzero(~((people >= 0) & (people < 2**31) & (people % 1 == 0))).tolist():
        found.setdefault(row, (column, "not_a_count", "The value is no whole number from 0 up."))
    bad = [_bad_row(frame.iloc[row], *why) for row, why in sorted(found.items())]
    quarantine(session, summary, bad)
    kept = np.array([row not in found for row in range(len(frame))], dtype=np.bool_)
    summary.read, summary.quarantined = len(frame), len(bad)
    summary.reasons.update(row.reason for row in bad)
    summary.facts = _give(session, tree, cells[kept], people[kept].astype(np.int64))
    summary.changed = int(kept.sum()) if summary.facts["buildings_given"] else 0
    summary.already_there = int(kept.sum()) - summary.changed
    close_batch(session, summary)
    return summary


def _give(session: Session, tree: str, cells: Geometries, people: Ints) -> dict[str, int]:
    """Store the people of each building that had no count, and tell how many there are."""
    asked = select(Building.id, func.coalesce(Building.people, -1), func.ST_AsBinary(Building.geom))
    rows = session.execute(asked.where(Building.tree == tree).order_by(Building.id)).all()
    facts = {"people": int(people.sum()), "people_given": 0, "buildings_given": 0, "people_without_building": 0}
    if not rows:
        return facts | {"people_without_building": facts["people"]}
    shapes = np.asarray(shapely.from_wkb([bytes(shape) for *_, shape in rows]), dtype=np.object_)
    ids, known = np.array([row[:2] for row in rows], dtype=np.int64).T
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(shapes)).T
    srid = metric_srid(float(lon.mean()), float(lat.mean()))
    told, homeless = people_of_cells(cells, people, lon, lat, area_m2(shapes, srid=srid), known=known)
    given = np.flatnonzero((known < 0) & (told >= 0))
    session.execute(
        text(
            "UPDATE buildings b SET people = n.people "
            "FROM unnest(CAST(:ids AS bigint[]), CAST(:people AS int[])) AS n(id, people) WHERE b.id = n.id"
        ),
        {"ids": ids[given].tolist(), "people": told[given].tolist()},
    )
    return facts | {
        "people_given": int(told[given].sum()),
        "buildings_given": len(given),
        "people_without_building": int(homeless.sum()),
    }


def _bad_row(row: pd.Series, field: str, reason: str, detail: str) -> BadRow:
    plain = row.drop(labels="geom", errors="ignore")
    return BadRow(int(row["row_no"]), field, as_code(plain.get(field)), reason, raw_row(plain), detail)
