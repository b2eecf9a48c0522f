"""What lies on the ground of a scheme, in memory: whose it is now, and whose it would be under other boundaries.

Ten million cases, all buildings and all streets of a city are read once and then follow the borders: a preview moves
the borders, asks who changed hands, and takes the move back. Nothing of it reaches the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.balance import compactness
from gis.covering import Covering
from gis.edges import Floats, Geometries
from gis.errors import GridError
from gis.locator import OUTSIDE, Locator
from gis.metric import to_metric
from gis.point_store import Flips, Keys, PointStore
from gis.remembered import Key
from layers.grids.buildings import buildings_of
from layers.rezoning.above import AreasAbove
from layers.rezoning.built import streets_of
from layers.rezoning.caseload import Caseload, Mark, in_year, is_open
from layers.rezoning.figures import COUNTED, Figures
from layers.rezoning.ground import Base, Ground
from layers.rezoning.shifting import Memory, Shift

# Numbers that new grids of drafts may get before a slower way is taken.
_SPARE_NUMBERS = 1 << 12

_NONE = Flips(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
_NO_GROUND = shapely.Polygon()

Numbers = NDArray[np.int64]


class Workspace:
    """The cases, buildings and streets of a scheme's city, under the boundaries of one version.

    Args:
        session: An open session.
        base: The version.
        mark: How far the city had come just before.
        since: From when on cases count for the year.

    Attributes:
        base: The version on which it stands.
        above: The areas that grids belong to.
        memory: What was worked out from polygons.
    """

    def __init__(self, session: Session, base: Base, mark: Mark, *, since: datetime) -> None:
        self.base = base
        self.above = AreasAbove()
        self.memory = Memory()
        numbers = base.grids.grid_no.tolist()
        cells = _cells(base.cells, numbers)
        self._top = base.highest_no + _SPARE_NUMBERS
        every = np.arange(1, self._top + 1)
        try:
            self._owners: Locator | Covering = Locator(cells, numbers, also=every)
        except GridError:  # cells overlap, or lie too far apart: as exact, and slower
            self._owners = Covering(cells, numbers, also=every)
        self._cases = Caseload(session, self._owners, mark, tree=base.tree, since=since)
        self._buildings = buildings_of(session, base.tree)
        self._houses = self._buildings.held_by(self._owners)
        self._streets = streets_of(session, base.tree, metric_srid=base.metric_srid)
        # By number; nobody's at the end, where OUTSIDE points.
        self._counted = {name: np.zeros(self._top + 2) for name in COUNTED}
        self._measure(self._counted, numbers, cells)
        for number in numbers:
            self._count_cases(self._counted, number, self._cases.store.keys_in(number))
            self._count_buildings(self._counted, number, self._houses.keys_in(number))

    @property
    def since(self) -> datetime:
        """From when on cases count for the year."""
        return self._cases.since

    @property
    def nbytes(self) -> int:
        """Bytes held for cases and buildings as points."""
        return self._cases.store.nbytes + self._houses.nbytes

    def figures(self) -> Figures:
        """The figures of all grids under the published boundaries."""
        return _figures(self._counted, self.base.grids.grid_no)

    def lying(self, bounds: tuple[float, float, float, float]) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Cases and buildings in a box: longitudes and latitudes (n,), and what each counts (n,), by `COUNTED`.

        Args:
            bounds: West, south, east, north in degrees.
        """
        near = self.base.grids.grid_no[self.base.boxes.query(shapely.box(*bounds))].tolist()
        cases, houses = (store.within([*near, OUTSIDE], bounds) for store in (self._cases.store, self._houses))
        lon, lat = (np.concatenate([getattr(cases, axis), getattr(houses, axis)]) for axis in ("lon", "lat"))
        of_cases = {"cases": in_year(cases.key), "open_cases": is_open(cases.key)}
        built = self._buildings
        of_houses = {
            "buildings": built.id[houses.key] > 0,
            "households": built.households[houses.key],
            "people": built.people[houses.key],
        }
        no_case, no_house = np.zeros(len(houses.key)), np.zeros(len(cases.key))
        counted: dict[str, Floats] = {name: np.append(some, no_case) for name, some in of_cases.items()}
        counted |= {name: np.append(no_house, some) for name, some in of_houses.items()}
        return np.asarray(lon), np.asarray(lat), counted

    def street_m(self, cells: Geometries) -> Floats:
        """Metres of street in each of some polygons (k,) of EPSG:4326."""
        return self._streets.metres(cells)

    def catch_up(self, session: Session, mark: Mark) -> None:
        """Take in the cases that came since the last mark, and what became of those that were there."""
        keys, numbers = self._cases.catch_up(session, mark)
        for number in set(numbers.tolist()):
            self._count_cases(self._counted, number, keys[numbers == number])
        grids, turned = self._cases.turn(session)
        np.add.at(self._counted["open_cases"], grids, turned)

    def go_to(self, base: Base) -> bool:
        """Stand on another version from now on; False where only a new workspace can."""
        numbers = _differing(self.base, base)
        before, after = (_cells(one.cells, numbers) for one in (self.base, base))
        if not isinstance(self._owners, Locator) or base.highest_no > self._top:
            return False
        try:
            moved = self._owners.replace(before, after, numbers)
        except GridError:
            return False
        self._follow(self._counted, self._cases.store.reassign(moved), self._houses.reassign(moved))
        self._measure(self._counted, numbers, after)
        self.base = base
        return True

    def shift(self, ground: Ground) -> Shift:
        """What would change if the ground of a draft on this version were published."""
        changed = {one: cell for one, cell in ground.changed.items() if cell is not None or one in self.base.cells}
        numbers = sorted(changed)
        before, after = _cells(self.base.cells, numbers), _cells(changed, numbers)
        cases, houses, with_nobody = self._flips(ground, numbers, before, after)
        # Room for numbers above the spare ones goes in front of the last place, which is nobody's.
        more = np.zeros(max([self._top, *numbers]) - self._top)
        counted = {name: np.concatenate([some[:-1], more, some[-1:]]) for name, some in self._counted.items()}
        self._follow(counted, cases, houses)
        self._measure(counted, numbers, after)
        row = houses.key
        concerned, old, new = self._concerned(changed, cases, houses)
        return Shift(
            tuple(concerned),
            tuple(old),
            tuple(new),
            with_nobody,
            self.figures(),
            _figures(counted, self._numbers(changed)),
            cases,
            Flips(self._buildings.id[row], houses.before, houses.after),
            np.column_stack([self._buildings.households[row], self._buildings.people[row]]),
            self._plane(_grounds(old))[:, 1],
            self._plane(_grounds(new))[:, 1],
            self.memory,
        )

    def _concerned(
        self, changed: Mapping[int, BaseGeometry | None], *flips: Flips
    ) -> tuple[list[int], Geometries, Geometries]:
        """The grids that change or win a point on their border, in order, with their ground before and after."""
        won = {number for some in flips for number in (*some.before.tolist(), *some.after.tolist())}
        numbers = sorted(changed.keys() | won - {OUTSIDE})
        before = _cells(self.base.cells, numbers)
        after = _cells({**dict(zip(numbers, before, strict=True)), **changed}, numbers)
        return numbers, before, after

    def _flips(
        self,
        ground: Ground,
        numbers: list[int],
        before: Geometries,
        after: Geometries,
    ) -> tuple[Flips, Flips, bool]:
        """Cases and buildings that change hands, and whether ground does between a grid and nobody."""
        stores = self._cases.store, self._houses
        if isinstance(self._owners, Locator) and numbers and numbers[-1] <= self._top:
            try:
                moved = self._owners.replace(before, after, numbers)
            except GridError:  # out of the raster's frame, or grids of the draft overlap; nothing was changed
                pass
            else:
                cases, houses = (store.flips(moved) for store in stores)
                self._owners.replace(after, before, numbers)
                return cases, houses, moved.outside
        near = [cell for cell in (*before, *after) if cell is not None]
        if not near:
            return _NONE, _NONE, False
        cases, houses = (self._flips_near(store, ground, numbers, near) for store in stores)
        return cases, houses, True

    def _flips_near(self, store: PointStore, ground: Ground, numbers: list[int], near: list[BaseGeometry]) -> Flips:
        """The same for any ground: every point near by is looked up among the grids that could own it."""
        around, then = ground.around(near), Ground(self.base, {}).around(near)
        west, south, east, north = shapely.total_bounds(near).tolist()
        owners = [one for one in {*around, *then, *numbers, OUTSIDE} if one <= self._top]
        held = store.within(owners, (west, south, east, north))
        found = Covering(list(around.values()), list(around))
        owner = np.append(found.grid_no, np.int32(OUTSIDE))[found.ranks(held.lon, held.lat)]
        moving = owner != held.grid_no
        return Flips(held.key[moving], held.grid_no[moving], owner[moving])

    def _follow(self, counted: dict[str, Floats], cases: Flips, houses: Flips) -> None:
        """Carry what changed hands from grid to grid."""
        for grid, sign in ((cases.before, -1.0), (cases.after, 1.0)):
            np.add.at(counted["cases"], grid, sign * in_year(cases.key))
            np.add.at(counted["open_cases"], grid, sign * is_open(cases.key))
        for grid, sign in ((houses.before, -1.0), (houses.after, 1.0)):
            np.add.at(counted["buildings"], grid, sign * (self._buildings.id[houses.key] > 0))
            np.add.at(counted["households"], grid, sign * self._buildings.households[houses.key])
            np.add.at(counted["people"], grid, sign * self._buildings.people[houses.key])

    def _numbers(self, changed: Mapping[int, BaseGeometry | None]) -> Numbers:
        """The numbers of the grids that have ground when some are changed."""
        row_of = self.base.row_of
        ended = [row_of[number] for number, cell in changed.items() if cell is None]
        new = [number for number, cell in changed.items() if cell is not None and number not in row_of]
        stay = np.delete(self.base.grids.grid_no, ended)
        return np.sort(np.append(stay, new)).astype(np.int64) if new else stay

    def _measure(self, counted: dict[str, Floats], numbers: Sequence[int], cells: Geometries) -> None:
        """Measure the ground of grids, 0 for those that have none."""
        grounds = _grounds(cells)
        counted["area_m2"][numbers] = self._plane(grounds)[:, 0]
        keys = [(ground,) for ground in grounds]
        metres = self.memory.street_m.all(keys, lambda new: self._streets.metres(_column(new)).tolist())
        counted["street_m"][numbers] = metres

    def _plane(self, grounds: Geometries) -> Floats:
        """Areas of polygons in square metres, and how round they are (k, 2)."""

        def measured(new: list[Key]) -> list[tuple[float, float]]:
            metric = to_metric(_column(new), srid=self.base.metric_srid)
            return list(zip(shapely.area(metric).tolist(), compactness(metric).tolist(), strict=True))

        found = self.memory.plane.all([(ground,) for ground in grounds], measured)
        return np.array(found, dtype=np.float64).reshape(-1, 2)

    def _count_cases(self, counted: dict[str, Floats], number: int, keys: Keys) -> None:
        counted["cases"][number] += np.count_nonzero(in_year(keys))
        counted["open_cases"][number] += np.count_nonzero(is_open(keys))

    def _count_buildings(self, counted: dict[str, Floats], number: int, rows: Keys) -> None:
        counted["buildings"][number] += np.count_nonzero(self._buildings.id[rows])
        counted["households"][number] += self._buildings.households[rows].sum()
        counted["people"][number] += self._buildings.people[rows].sum()


def _differing(one: Base, other: Base) -> list[int]:
    """The numbers of the grids whose polygons are not the same in two versions."""
    both = sorted(one.cells.keys() & other.cells.keys())
    pairs = np.array([[base.cells[number] for number in both] for base in (one, other)], dtype=np.object_)
    same = np.array(both, dtype=np.int64)[shapely.equals_identical(*pairs.reshape(2, -1))]
    return sorted((one.cells.keys() | other.cells.keys()) - set(same.tolist()))


def _cells(cells: Mapping[int, BaseGeometry | None], numbers: list[int]) -> Geometries:
    """The ground of grids (k,), None for those without."""
    return np.array([cells.get(number) for number in numbers], dtype=np.object_)


def _column(keys: list[Key]) -> Geometries:
    return np.array([shape for (shape,) in keys], dtype=np.object_)


def _grounds(cells: Geometries) -> Geometries:
    """Cells (k,), one and the same empty polygon for those that are None."""
    return np.where(shapely.is_missing(cells), _NO_GROUND, cells)


def _figures(counted: Mapping[str, Floats], numbers: Numbers) -> Figures:
    return Figures(numbers, {name: some[numbers] for name, some in counted.items()})
