"""The answer of `GET /api/v1/reach`: what lies within a walk of a station, by grid and by area."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Area, Grid
from gis.kept import Kept
from gis.walking import Ints
from layers.reach.asking import Asked, meant
from layers.reach.city import LEAST_PIECE_M, Reached, inside, reached, services_of
from layers.reach.counted import counted, growing, share_of

METHOD = "streets-multi-source-dijkstra"


def reach(session: Session, asked: Asked) -> dict[str, Any]:
    """Who has a station within a walk.

    Args:
        session: An open session.
        asked: To which service, how far.

    Returns:
        What `docs/http.md` tells.

    Raises:
        NotFound: `unknown_scheme`, `unknown_service`.
        BadInput: `bad_walk`.
    """
    what = meant(session, asked)
    found = reached(session, what)
    grids, (areas, steps) = found.city.grids, _areas(session, found)
    key = found.key, asked.minutes, asked.speed_kmh, *(step.tobytes() for step in steps)
    counts = _counts.get(key, lambda: _counted(found, steps, len(areas)))
    total = counts.total
    return {
        **what.told(),
        "services": [{"service": service, "n": n} for service, n in services_of(session, what.scheme.tree).items()],
        "stations": _stations(found, counts.stations),
        "pieces": _pieces(found, total["off"]),
        "total": total,
        "outside": int(np.count_nonzero(~inside(found.city))),
        "grids": [
            {"grid_no": int(grid_no), "code": code, "name": name, **row}
            for grid_no, code, name, row in zip(grids.grid_no, grids.code, grids.name, counts.grids, strict=True)
        ],
        "areas": [{**area.told(), **row} for area, row in zip(areas, counts.areas, strict=True)],
        "method": METHOD,
        "n": total["buildings"],
    }


class _Counts(NamedTuple):
    """What is told of all together, of each grid, of each area, and of those within the walk by their station."""

    total: dict[str, Any]
    grids: list[dict[str, Any]]
    areas: list[dict[str, Any]]
    stations: list[dict[str, Any]]


_counts = Kept[_Counts](most=16)


def _counted(found: Reached, steps: list[Ints], size: int) -> _Counts:
    city, limit, minutes = found.city, found.what.asked.minutes, found.minutes
    in_grid = inside(city)
    total = counted(np.where(in_grid, 0, -1), 1, minutes, city.buildings, limit=limit)[0]
    total["buildings_within"] = total.pop("within")
    total["growing"] = growing(minutes, city.buildings, in_grid, limit=limit)
    areas: list[dict[str, Any]] = [{}] * size
    for area_of_grid in steps:  # areas of one step of the tree share no building
        group = np.where(in_grid, area_of_grid[city.grid], -1)
        every = counted(group, size, minutes, city.buildings, limit=limit)
        for number in np.unique(area_of_grid[area_of_grid >= 0]).tolist():
            areas[number] = every[number]
    nearest = np.where((minutes <= limit) & in_grid, found.by, -1)
    return _Counts(
        total,
        counted(city.grid, len(city.grids.grid_no), minutes, city.buildings, limit=limit),
        areas,
        counted(nearest, len(found.stations.id), minutes, city.buildings, limit=limit),
    )


class _Area(NamedTuple):
    level: str
    code: str
    name: str

    def told(self) -> dict[str, str]:
        return self._asdict()


def _areas(session: Session, found: Reached) -> tuple[list[_Area], list[Ints]]:
    """The areas that have grids, the topmost first; and for each step downwards the area of each grid, -1 for none."""
    tree, scheme = found.what.scheme.tree, found.what.scheme.id
    asked = select(Area.id, Area.parent_id, Area.level, Area.code, Area.name).where(Area.tree == tree)
    known = {id_: (parent, _Area(*rest)) for id_, parent, *rest in session.execute(asked)}
    own = dict(session.execute(select(Grid.id, Grid.area_id).where(Grid.scheme_id == scheme)).all())
    chains = []
    for grid_id in found.city.grids.grid_id.tolist():
        chain, area = [], own.get(grid_id)
        while area is not None and area not in chain:
            chain.append(area)
            area = known[area][0]
        chains.append(chain[::-1])
    depth = {area: step for chain in chains for step, area in enumerate(chain)}
    order = sorted(depth, key=lambda area: (depth[area], known[area][1].code))
    place = {area: number for number, area in enumerate(order)}
    steps = [
        np.array([place[chain[step]] if step < len(chain) else -1 for chain in chains], dtype=np.int64)
        for step in range(max(map(len, chains), default=0))
    ]
    return [known[area][1] for area in order], steps


def _stations(found: Reached, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stations, with the buildings within a walk to which each is the nearest."""
    stations = found.stations
    return [
        {
            "id": int(stations.id[one]),
            "source_id": stations.source_id[one],
            "name": stations.name[one],
            "service": stations.service[one],
            "lon": float(stations.lon[one]),
            "lat": float(stations.lat[one]),
            "on_street": bool(found.walked.stations.has_way[one]),
            "buildings": rows[one]["buildings"],
            "people": rows[one]["people"],
        }
        for one in range(len(rows))
    ]


def _pieces(found: Reached, off: int) -> dict[str, Any]:
    """Into how many pieces the streets fall, and what that costs."""
    metres = found.city.streets.piece_m
    small = metres[1:] < LEAST_PIECE_M
    return {
        "n": len(metres),
        "street_m": round(float(metres.sum())),
        "largest_share": share_of(metres[0], metres.sum()) if len(metres) else None,
        "passed_over": int(small.sum()),
        "passed_over_m": round(float(metres[1:][small].sum())),
        "buildings_off": off,
    }
