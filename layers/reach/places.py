"""Places of services come in: from tables by the way of all tables, from shapes by the way of buildings and streets."""

from __future__ import annotations

from collections.abc import Callable

import geopandas
from shapely import Point
from sqlalchemy.orm import Session

from data.tables import Place
from gis.shapes import to_points
from layers.grids.ground import GroundKind
from layers.staff.intake import BadCell, PeopleTable, Row, text_of
from layers.staff.positions import position_of

PLACES = GroundKind("places", ("name", "service"), to_points, needed=("service",))


def places_table(*, datum: str | None, service: str | None) -> PeopleTable:
    """How a table of places is read.

    Args:
        datum: What positions are in of which the file does not say it.
        service: The service of rows that name none.
    """

    def reader(_: Session, tree: str, __: str) -> Callable[[Row], Row]:
        def one(row: Row) -> Row:
            place = position_of(row, datum)
            said = {"name": row["name"]} if "name" in row else {}
            named = row.get("service") or service
            if named is None:
                raise BadCell("service", "empty")
            return {
                "tree": tree,
                "source_id": text_of(row, "id"),
                **said,
                "service": named,
                "geom": Point(place["lon"], place["lat"]),
            }

        return one

    return PeopleTable(
        "places", Place, ("tree", "source_id"), ("id", "lon", "lat"), ("name", "service", "datum"), reader
    )


def with_service(frame: geopandas.GeoDataFrame, column: str, service: str | None) -> geopandas.GeoDataFrame:
    """A frame of places in which rows that name no service have this one."""
    if service is None:
        return frame
    named = frame[column].fillna(service) if column in frame.columns else service
    return frame.assign(**{column: named})
