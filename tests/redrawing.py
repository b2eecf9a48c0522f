"""A planner at a scheme of the sample town: random edits as data, and what follows from them told the plainest way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from gis.crs import to_lattice
from tests.imports import rows_of

Cells = dict[int, BaseGeometry]
NOBODY = None

CELLS = """
    SELECT b.grid_no, ST_AsBinary(b.geom) FROM boundaries b JOIN schemes s ON s.id = b.scheme_id
    WHERE s.name = :scheme AND b.valid @> now() ORDER BY b.grid_no"""
CASES = "SELECT id, ST_X(geom), ST_Y(geom), occurred_at, state FROM cases WHERE tree = :tree ORDER BY id"
BUILDINGS = """
    SELECT id, ST_AsBinary(geom), COALESCE(households, 0), COALESCE(people, 0) FROM buildings
    WHERE tree = :tree ORDER BY id"""


def cells_today(bind: Engine, scheme: str) -> Cells:
    """Number -> ground of every grid of the newest version."""
    return {number: shapely.from_wkb(bytes(wkb)) for number, wkb in rows_of(bind, CELLS, scheme=scheme)}


def owners(cells: Cells, xy: np.ndarray) -> list[int | None]:
    """By the border rule: of the grids that cover a point the lowest number."""
    numbers = np.array(list(cells))
    point, row = shapely.STRtree(list(cells.values())).query(shapely.points(xy), predicate="covered_by")
    found = np.full(len(xy), np.iinfo(np.int64).max)
    np.minimum.at(found, point, numbers[row])
    return [None if number == np.iinfo(np.int64).max else number for number in found.tolist()]


@dataclass(frozen=True)
class Things:
    """All cases and buildings of a city: where they are, and how much each counts for."""

    case_id: list[int]
    case_xy: np.ndarray
    in_year: np.ndarray
    is_open: np.ndarray
    building_xy: np.ndarray
    households: np.ndarray
    people: np.ndarray

    @classmethod
    def of(cls, bind: Engine, tree: str, *, since: datetime) -> Things:
        """As the database has them."""
        cases = rows_of(bind, CASES, tree=tree)
        buildings = rows_of(bind, BUILDINGS, tree=tree)
        inside = [shapely.from_wkb(bytes(wkb)).representative_point() for _, wkb, _, _ in buildings]
        return cls(
            [row[0] for row in cases],
            np.array([row[1:3] for row in cases]).reshape(-1, 2),
            np.array([row[3] >= since for row in cases], dtype=bool),
            np.array([row[4] != "archived" for row in cases], dtype=bool),
            to_lattice(shapely.get_coordinates(inside)),
            np.array([row[2] for row in buildings], dtype=int),
            np.array([row[3] for row in buildings], dtype=int),
        )

    def counted(self, cells: Cells) -> dict[int | None, dict[str, float]]:
        """What lies in each grid, and outside all of them."""
        case_owner = np.array(owners(cells, self.case_xy), dtype=object)
        building_owner = np.array(owners(cells, self.building_xy), dtype=object)
        return {
            number: {
                "cases": int(self.in_year[case_owner == number].sum()),
                "open_cases": int(self.is_open[case_owner == number].sum()),
                "buildings": int((building_owner == number).sum()),
                "households": int(self.households[building_owner == number].sum()),
                "people": int(self.people[building_owner == number].sum()),
            }
            for number in [*cells, NOBODY]
        }

    def changing(self, before: Cells, after: Cells) -> dict[tuple[int | None, int | None], dict[str, int]]:
        """What goes from one grid to another."""
        sums: dict[tuple[int | None, int | None], dict[str, int]] = {}
        for xy, weights in (
            (self.case_xy, {"cases": self.in_year, "open_cases": self.is_open}),
            (
                self.building_xy,
                {
                    "buildings": np.ones(len(self.building_xy), dtype=int),
                    "households": self.households,
                    "people": self.people,
                },
            ),
        ):
            pairs = zip(owners(before, xy), owners(after, xy), strict=True)
            for row, (giver, taker) in enumerate(pairs):
                if giver != taker:
                    known = sums.setdefault((giver, taker), dict.fromkeys(LOAD, 0))
                    for name, weight in weights.items():
                        known[name] += int(weight[row])
        return sums


LOAD = ("cases", "open_cases", "buildings", "households", "people")


class Redrawer:
    """Draws edits at random on cells that it is told of."""

    def __init__(self, cells: Cells, seed: int) -> None:
        self.cells, self.rng = dict(cells), np.random.default_rng(seed)

    def some_edit(self) -> dict[str, Any]:
        """An edit as data, of any kind; it may be refused."""
        kind = str(self.rng.choice(["split", "move_vertex", "transfer", "carve", "merge", "insert_vertex"]))
        number = int(self.rng.choice(list(self.cells)))
        cell = self.cells[number]
        west, south, east, north = cell.bounds
        size = np.hypot(east - west, north - south)
        vertex = self.rng.choice(shapely.get_coordinates(cell))
        area = mapping(shapely.Point(vertex).buffer(size * self.rng.uniform(0.1, 0.4), quad_segs=2))
        beside = [one for one, other in self.cells.items() if one != number and other.intersects(cell)]
        other = int(self.rng.choice(beside))
        ends = vertex + self.rng.normal(0, size, (2, 2))
        given: Mapping[str, Any] = {
            "split": {"grid": number, "line": {"type": "LineString", "coordinates": ends.tolist()}},
            "move_vertex": {
                "vertex": vertex.tolist(),
                "to": (vertex + self.rng.normal(0, size / 15, 2)).tolist(),
            },
            "transfer": {"giver": number, "taker": other, "area": area},
            "carve": {"area": area},
            "merge": {"grids": [number, other], "into": number},
            "insert_vertex": {"at": (vertex + self.rng.normal(0, size / 30, 2)).tolist()},
        }
        return {"kind": kind, "datum": "wgs84", **given[kind]}

    def make(self, changed: dict[str, Any], ended: list[int]) -> None:
        """Know what an edit did, as a draft tells it."""
        self.cells = with_changes(self.cells, changed, ended)


def with_changes(cells: Cells, changed: dict[str, Any], ended: list[int]) -> Cells:
    """Cells with the features of an answer put in, and those that ended taken out."""
    new = {one["properties"]["grid_no"]: shapely.geometry.shape(one["geometry"]) for one in changed["features"]}
    return {number: cell for number, cell in {**cells, **new}.items() if number not in ended}
