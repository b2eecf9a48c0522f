"""How far people walk to a service, and where one more place of it would help."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from geopandas import GeoDataFrame

from api.answers import as_file, canonical_json
from api.deps import TheSession
from api.schemas.reach import BuildingAsked, ReachAsked, ShapesAsked, SitesAsked, TableAsked
from data.writers import write_layer
from layers.reach.asking import Asked
from layers.reach.bands import bands
from layers.reach.building import building_at
from layers.reach.frames import points_of, shapes_of, table_of
from layers.reach.sites import sites
from layers.reach.telling import reach
from layers.reach.ways import streets

# Where grids overlap, places are looked up in temporary tables: no transaction that may only read makes these.
router = APIRouter(prefix="/reach", tags=["reach"])

_GEOJSON = "application/geo+json"
_FRESH = {"Cache-Control": "no-store"}


def _asked(query: ReachAsked) -> Asked:
    return Asked(**query.model_dump(include={"scheme", "service", "minutes", "speed_kmh", "join_m"}))


@router.get("")
def show_reach(query: Annotated[TableAsked, Query()], session: TheSession) -> Response:
    """Who has a station within a walk: by grid, by area and by station, and into what the streets fall."""
    found = reach(session, _asked(query))
    if query.format == "json":
        return _answer(found)
    return _file(table_of(session, found, query.table), query.table, query.format)


@router.get("/area")
def show_area(query: Annotated[ShapesAsked, Query()], session: TheSession) -> Response:
    """The ground within a walk of a station, a feature every five minutes up to the limit."""
    found = bands(session, _asked(query))
    return _file(shapes_of(found), "area", "gpkg") if query.format == "gpkg" else _answer(found, _GEOJSON)


@router.get("/streets")
def show_streets(query: Annotated[ShapesAsked, Query()], session: TheSession) -> Response:
    """The streets with the minutes to the nearest station."""
    found = streets(session, _asked(query))
    return _file(shapes_of(found), "streets", "gpkg") if query.format == "gpkg" else _answer(found, _GEOJSON)


@router.get("/building")
def show_building(query: Annotated[BuildingAsked, Query()], session: TheSession) -> Response:
    """The walk from the building that stands at a place."""
    return _answer(building_at(session, _asked(query), lon=query.lon, lat=query.lat))


@router.get("/sites")
def show_sites(query: Annotated[SitesAsked, Query()], session: TheSession) -> Response:
    """Where one more station would bring most within the walk, and where the next one after it."""
    found = sites(session, _asked(query), k=query.k, by=query.by)
    return _answer(found) if query.format == "json" else _file(points_of(found["sites"]), "sites", query.format)


def _file(frame: GeoDataFrame, name: str, kind: str) -> Response:
    # A polygon does not belong into a cell of a sheet.
    plain = frame.drop(columns="geometry") if kind == "csv" else frame
    return as_file(f"reach-{name}.{kind}", partial(write_layer, plain))


def _answer(found: dict[str, Any], media_type: str = "application/json") -> Response:
    return Response(canonical_json(found), media_type=media_type, headers=_FRESH)
