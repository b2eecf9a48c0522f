"""Streets as a network with the buildings of a city brought to it, kept in memory: to make it takes seconds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Atom, Building, Place, Street
from gis.edges import Floats
from gis.kept import Kept
from gis.metric import points_to_metric, to_metric
from gis.ownership import NOBODY
from gis.walking import Access, Ints, Network, Walked, access, network, walk
from gis.walking_joined import joined
from layers.batches import imported
from layers.errors import NotFound
from layers.grids.buildings import Buildings, buildings_of
from layers.grids.coverages import ground_of
from layers.grids.versions import Grids
from layers.reach.asking import Meant

# A building or a station farther than this from every street is not walked to.
MOST_LEG_M = 500.0
# Streets that hang together and are shorter than this in all lead nowhere: a yard, a platform.
LEAST_PIECE_M = 500.0
# What nobody walks along, in the words of OpenStreetMap; all other kinds, and streets of no kind, are walked.
NOT_WALKED = frozenset(
    (
        *("motorway", "motorway_link", "raceway", "busway", "bus_guideway", "escape"),
        *("construction", "proposed", "planned", "abandoned", "razed", "no_foot"),
    )
)
# How much more a metre costs than one of level ground.
SLOWER = {"steps": 2.0}
_KEPT = 4


@dataclass(frozen=True, eq=False)
class City:
    """What is there whatever service is asked for.

    Attributes:
        streets: The network.
        street_name: Of each row of the lines it was made of.
        grids: The grids of the version.
        buildings: The buildings.
        grid: In which of the grids each is (n,), `NOBODY` for none.
        at: Where they are on the network (n,).
    """

    streets: Network
    street_name: NDArray[np.object_]
    grids: Grids
    buildings: Buildings
    grid: Ints
    at: Access


@dataclass(frozen=True, eq=False)
class Stations:
    """The places of a service, arrays (s,), in the order of their ids; one without a name goes by its source id."""

    id: Ints
    source_id: NDArray[np.object_]
    name: NDArray[np.object_]
    service: NDArray[np.object_]
    lon: Floats
    lat: Floats


@dataclass(frozen=True, eq=False)
class Reached:
    """The ways of a city to the stations of a service.

    Attributes:
        what: The question.
        city: The city.
        stations: The stations.
        walked: From every node of the streets to the nearest of them.
        metres: From every building (n,), infinite where none can be walked to.
        by: Which station is nearest to it (n,), -1 for none.
        key: Stands for what the ways were worked out from.
    """

    what: Meant
    city: City
    stations: Stations
    walked: Walked
    metres: Floats
    by: Ints
    key: Hashable

    @property
    def minutes(self) -> Floats:
        """The walk from every building in minutes (n,)."""
        return self.metres / self.what.metres_a_minute


_cities = Kept[City](most=_KEPT)
_walks = Kept[tuple[Walked, Floats, Ints]](most=4 * _KEPT)


def reached(session: Session, what: Meant) -> Reached:
    """How far it is from everywhere to the nearest station.

    Raises:
        NotFound: `unknown_service`.
    """
    state = _state(session, what)
    city = _cities.get(state, lambda: _made(session, what))
    stations = stations_of(session, what)
    key = state, stations.lon.tobytes(), stations.lat.tobytes()
    walked, metres, by = _walks.get(key, lambda: _ways(city, stations, what))
    return Reached(what, city, stations, walked, metres, by, key)


def services_of(session: Session, tree: str) -> dict[str, int]:
    """How many places of each service a city has."""
    count = func.count()
    rows = session.execute(
        select(Place.service, count).where(Place.tree == tree).group_by(Place.service).order_by(count.desc(), "service")
    )
    return dict(rows.all())


def stations_of(session: Session, what: Meant) -> Stations:
    """The places of the service that is asked for.

    Raises:
        NotFound: `unknown_service`: the city has places, and none of this service.
    """
    name = func.coalesce(Place.name, Place.source_id)
    asked = select(Place.id, Place.source_id, name, Place.service, func.ST_X(Place.geom), func.ST_Y(Place.geom))
    asked = asked.where(Place.tree == what.scheme.tree).order_by(Place.id)
    service = what.asked.service
    rows = session.execute(asked if service is None else asked.where(Place.service == service)).all()
    if service is not None and not rows:
        known = services_of(session, what.scheme.tree)
        detail = f"The city has no place of the service '{service}'. Known: {', '.join(known) or 'none yet'}."
        raise NotFound("unknown_service", detail, field="service", value=service, values={"services": list(known)})
    columns = zip(*rows, strict=True) if rows else [()] * 6
    kinds = (np.int64, np.object_, np.object_, np.object_, np.float64, np.float64)
    return Stations(*(np.fromiter(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))


def _state(session: Session, what: Meant) -> tuple[Any, ...]:
    """Stands for what is stored of streets, buildings and boundaries: each import is a batch of its own."""
    kinds = (one.__tablename__ for one in (Street, Building, Atom))
    return what.version.snapshot_id, imported(session, what.scheme.tree, *kinds), what.asked.join_m


def _made(session: Session, what: Meant) -> City:
    scheme, srid = what.scheme, what.scheme.metric_srid
    asked = select(Street.name, Street.kind, func.ST_AsBinary(Street.geom)).where(Street.tree == scheme.tree)
    rows = [row for row in session.execute(asked.order_by(Street.id)) if row[1] not in NOT_WALKED]
    lines = to_metric(np.asarray(shapely.from_wkb([bytes(shape) for *_, shape in rows]), dtype=np.object_), srid=srid)
    if what.asked.join_m:
        lines = joined(lines, within_m=what.asked.join_m)
    streets = network(lines, slower=[SLOWER.get(kind, 1.0) for _, kind, _ in rows])
    buildings = buildings_of(session, scheme.tree)
    x, y = points_to_metric(buildings.lon, buildings.lat, srid=srid)
    ground = ground_of(session, scheme, what.version)
    return City(
        streets,
        np.array([name for name, *_ in rows], dtype=np.object_),
        ground.grids,
        buildings,
        np.asarray(ground.judge.owners(buildings.lon, buildings.lat), dtype=np.int64),
        access(streets, x, y, most_m=MOST_LEG_M, least_piece_m=LEAST_PIECE_M),
    )


def _ways(city: City, stations: Stations, what: Meant) -> tuple[Walked, Floats, Ints]:
    x, y = points_to_metric(stations.lon, stations.lat, srid=what.scheme.metric_srid)
    at = access(city.streets, x, y, most_m=MOST_LEG_M, least_piece_m=LEAST_PIECE_M)
    walked = walk(city.streets, at)
    return walked, *walked.of(city.at)


def inside(city: City) -> NDArray[np.bool_]:
    """Which buildings lie in a grid (n,)."""
    return np.asarray(city.grid != NOBODY)
