"""A planner who draws at random: edits of a coverage, one after another, each judged when it is made."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import shapely

from gis.crs import LATTICE, metric_srid, on_lattice
from gis.edits import Edited, carve, insert_vertex, merge, move_edge, move_vertex, split, transfer
from gis.errors import GridError
from gis.locator import Locator
from gis.topology import problems

# A line that passes a border this near is taken to follow it, and is then rounded once more.
DRAWN_MOVES = 3 * LATTICE
MOST_NEW = 40


def twice_the_area(grounds) -> int:
    """In square lattice units, exactly."""
    parts = shapely.get_parts(shapely.orient_polygons([one for one in grounds if one is not None]))
    total = 0
    for ring in shapely.get_rings(parts):
        xy = np.rint(shapely.get_coordinates(ring) / LATTICE).astype(np.int64)
        x, y = (xy - xy[0]).T
        total += int((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
    return total


def edges(grounds) -> set:
    """Undirected edges of polygons."""
    rings = shapely.get_rings(shapely.get_parts([one for one in grounds if one is not None]))
    found = set()
    for ring in rings:
        xy = [tuple(point) for point in shapely.get_coordinates(ring).tolist()]
        found |= {tuple(sorted(pair)) for pair in pairwise(xy)}
    return found


def tiling(grounds) -> bool:
    """Whether polygons tile their ground. GEOS also says no beside a hole that touches its shell in a corner."""
    cells = list(grounds)
    if shapely.coverage_is_valid(cells):
        return True
    found = problems(cells, metric_srid=metric_srid(*cells[0].bounds[:2]), labels=range(len(cells)))
    return {one.kind for one in found} <= {"gap", "hole"}


def lines_of(some) -> shapely.MultiLineString:
    return shapely.multilinestrings([shapely.LineString(edge) for edge in some])


class Planner:
    """Draws on grids 1…n; numbers up to n + 40 are free for new ones. Atoms are chosen now and then, where given."""

    def __init__(self, cells, *, seed: int, atoms=None) -> None:
        self.rng = np.random.default_rng(seed)
        self.cells = dict(enumerate(np.asarray(cells, dtype=object).tolist(), start=1))
        self.free = list(range(len(self.cells) + 1, len(self.cells) + 1 + MOST_NEW))
        self.numbers = np.arange(1, len(self.cells) + MOST_NEW + 1)
        self.atoms = atoms
        self.atom_tree = None if atoms is None else shapely.STRtree(atoms)
        self.locator = self.rebuilt()
        self.done: list[Edited] = []
        self.said: Counter[str] = Counter()
        self.drawn = shapely.Point()

    def rebuilt(self) -> Locator:
        """A locator of the grids as they are; numbers without ground are known to it too."""
        none = shapely.Polygon()
        return Locator([self.cells.get(int(one), none) for one in self.numbers], self.numbers)

    def around(self, drawn, *more: int) -> dict:
        """The grids that a drawing touches, and the ring of their neighbours."""
        numbers = np.array(list(self.cells))
        tree = shapely.STRtree(list(self.cells.values()))
        touched = tree.query(shapely.box(*drawn.bounds), predicate="dwithin", distance=1e-6)
        touched = np.union1d(touched, np.flatnonzero(np.isin(numbers, more)))
        ring = tree.query(tree.geometries[touched], predicate="intersects")[1]
        return {int(numbers[row]): self.cells[int(numbers[row])] for row in np.union1d(touched, ring).tolist()}

    def some_grid(self) -> int:
        return int(self.rng.choice(list(self.cells)))

    def some_vertex(self, grid: int) -> np.ndarray:
        return self.rng.choice(shapely.get_coordinates(self.cells[grid]))

    def width(self, grid: int) -> float:
        return float(np.sqrt(self.cells[grid].area))

    def blob(self, middle, size: float) -> shapely.Polygon:
        count = int(self.rng.integers(3, 9))
        angle = np.sort(self.rng.uniform(0, 2 * np.pi, count))
        far = size * self.rng.uniform(0.4, 1, count)
        return shapely.Polygon(middle + np.c_[np.cos(angle), np.sin(angle)] * far[:, None])

    def traced(self, grid: int) -> shapely.Polygon:
        """A stretch of a grid's border as a hand would trace it, a few lattice steps beside it, and a corner inside."""
        part = shapely.get_parts(self.cells[grid])[0]
        xy = shapely.get_coordinates(part.exterior)[:-1]
        stretch = np.roll(xy, -int(self.rng.integers(len(xy))), axis=0)[: int(self.rng.integers(2, min(len(xy), 9)))]
        beside = stretch + self.rng.normal(0, self.rng.choice([0.3, 1.5, 4]), stretch.shape) * LATTICE
        return shapely.Polygon([*beside, shapely.get_coordinates(part.representative_point())[0]])

    def draw_traced(self) -> Edited:
        giver = self.some_grid()
        self.drawn = self.traced(giver)
        return self.given(giver)

    def draw_split(self) -> Edited:
        grid = self.some_grid()
        west, south, east, north = self.cells[grid].bounds
        ends = self.rng.uniform((west, south), (east, north), (int(self.rng.integers(2, 5)), 2))
        if self.rng.random() < 0.3:
            ends[:] = [self.some_vertex(grid) for _ in ends]
        if self.rng.random() < 0.9:
            ends[0], ends[-1] = ends[0] + (ends[0] - ends[-1]) * 2, ends[-1] + (ends[-1] - ends[0]) * 2
        self.drawn = shapely.LineString(ends)
        return split(self.around(self.drawn, grid), grid, self.drawn, self.free[0], larger=self.rng.random() < 0.3)

    def draw_merge(self) -> Edited:
        grid = self.some_grid()
        near = self.around(self.cells[grid])
        other = int(self.rng.choice([one for one in near if one != grid]))
        return merge(self.around(self.drawn, grid, other), [grid, other], grid)

    def moved(self, place) -> np.ndarray:
        return place + self.rng.normal(0, 1, 2) * self.step

    def draw_vertex(self) -> Edited:
        grid = self.some_grid()
        vertex = self.some_vertex(grid)
        to = self.moved(vertex)
        self.drawn = shapely.MultiPoint([vertex, to])
        return move_vertex(self.around(self.drawn, grid), tuple(vertex), tuple(to))

    def draw_edge(self) -> Edited:
        grid = self.some_grid()
        xy = shapely.get_coordinates(shapely.get_parts(self.cells[grid])[0].exterior)
        row = int(self.rng.integers(len(xy) - 1))
        way = self.rng.normal(0, 1, 2) * self.step
        ends = [tuple(xy[row]), tuple(xy[row + 1])]
        to = [tuple(xy[row] + way), tuple(xy[row + 1] + way)]
        self.drawn = shapely.MultiPoint([*ends, *to])
        return move_edge(self.around(self.drawn, grid), tuple(ends), tuple(to))

    def draw_insert(self) -> Edited:
        grid = self.some_grid()
        border = self.cells[grid].boundary
        at = shapely.line_interpolate_point(border, self.rng.random(), normalized=True)
        self.drawn = at
        return insert_vertex(self.around(at, grid), (at.x, at.y))

    def draw_transfer(self) -> Edited:
        giver = self.some_grid()
        self.drawn = self.blob(self.some_vertex(giver), self.width(giver) * self.rng.uniform(0.05, 0.6))
        return self.given(giver)

    def draw_atoms(self) -> Edited:
        if self.atoms is None:
            return self.draw_transfer()
        giver = self.some_grid()
        inside = self.atom_tree.query(self.cells[giver], predicate="intersects")
        chosen = self.rng.permutation(inside)[: int(self.rng.integers(1, 4))]
        self.drawn = shapely.multipolygons(shapely.get_parts(shapely.union_all(self.atoms[chosen], grid_size=LATTICE)))
        return self.given(giver, self.atoms[chosen].tolist())

    def given(self, giver: int, area=None) -> Edited:
        near = self.around(self.drawn, giver)
        beside = [one for one in near if one != giver and near[one].intersects(near[giver])] or list(near)
        return transfer(near, giver, int(self.rng.choice(beside)), self.drawn if area is None else area)

    def draw_carve(self) -> Edited:
        grid = self.some_grid()
        middle = (
            self.some_vertex(grid)
            if self.rng.random() < 0.6
            else shapely.get_coordinates(self.cells[grid].representative_point())[0]
        )
        self.drawn = self.blob(middle, self.width(grid) * self.rng.uniform(0.05, 0.5))
        return carve(self.around(self.drawn), self.drawn, self.free[0])

    def draw_undo(self) -> Edited:
        return self.done.pop().undone()

    def edit(self) -> None:
        """One edit of any kind, made and judged, or refused with its place."""
        kinds = ["vertex", "edge", "insert", "transfer", "atoms", "transfer", "vertex", "traced"]
        kinds += ["split", "carve"] if len(self.free) > 2 else []
        kinds += ["merge"] * (2 if len(self.free) < MOST_NEW // 2 else 1) if len(self.cells) > 8 else []
        kinds += ["undo"] if self.done else []
        kind = str(self.rng.choice(kinds))
        self.step = self.width(self.some_grid()) * 10 ** self.rng.uniform(-3, -0.5)
        was = dict(self.cells)
        try:
            edited = getattr(self, f"draw_{kind}")()
        except GridError as refused:
            self.said[refused.code] += 1
            return
        self.said[kind] += 1
        self.cells = edited.on(self.cells)
        self.locator.replace(list(edited.before), list(edited.after), list(edited.numbers))
        self.free = [int(one) for one in self.numbers if int(one) not in self.cells]
        self.judge(kind, edited, was)
        if kind != "undo":
            self.done = [*self.done[-4:], edited]

    def judge(self, kind: str, edited: Edited, was: dict) -> None:
        """Only what was drawn changed, no ground was won or lost, and the way back is exact."""
        after = [one for one in edited.after if one is not None]
        assert on_lattice(shapely.get_coordinates(after)).all()
        assert all(one.is_valid and not one.is_empty for one in after)
        assert tiling(self.around(shapely.geometrycollections(after)).values())
        back = edited.undone().on(self.cells)
        assert back.keys() == was.keys()
        assert all(back[one] is was[one] or shapely.equals_identical(back[one], was[one]) for one in was)
        if kind == "undo":
            return
        had, has = edges(edited.before), edges(edited.after)
        if kind not in ("vertex", "edge"):
            won = abs(twice_the_area(edited.after) - twice_the_area(edited.before))
            bent = sum(np.hypot(b[0] - a[0], b[1] - a[1]) for a, b in had - has) / LATTICE
            assert won <= 2 * bent
            fresh = has - had
            if fresh:
                borders = lines_of(had)
                drawn = self.drawn if self.drawn.area == 0 else self.drawn.boundary
                for edge in fresh:
                    line = shapely.LineString(edge)
                    ends = shapely.points([*edge, shapely.get_coordinates(line.centroid)[0]])
                    stays = (shapely.distance(ends, borders) <= LATTICE).all()
                    assert stays or (shapely.distance(ends, drawn) <= DRAWN_MOVES).all()

    def judge_all(self) -> None:
        """The whole coverage holds, and its locator is the one that would be built now."""
        grounds = np.array(list(self.cells.values()), dtype=object)
        assert shapely.is_valid(grounds).all()
        assert tiling(grounds)
        rebuilt = self.rebuilt()
        vertices = shapely.get_coordinates(grounds)
        some = vertices[self.rng.integers(len(vertices), size=3000)]
        some = some + self.rng.integers(-1, 1, some.shape, endpoint=True) * LATTICE
        middles = (vertices[1:] + vertices[:-1])[self.rng.integers(len(vertices) - 1, size=1000)] / 2
        anywhere = self.rng.uniform(vertices.min(axis=0), vertices.max(axis=0), (2000, 2))
        lon, lat = np.concatenate([some, middles, anywhere]).T.copy()
        np.testing.assert_array_equal(self.locator.locate(lon, lat), rebuilt.locate(lon, lat))
        np.testing.assert_array_equal(self.locator.on_border(lon, lat), rebuilt.on_border(lon, lat))
