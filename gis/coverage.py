"""What a trace comes to on the ground of one version of boundaries: where it led, how long, what lies within reach.

A day of a person is looked at by itself (`walk`); what several people reach in several days together is worked out from
all of their legs at once (`Terrain.reached`), never from shares added up. docs/coverage.md tells what counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gis.cover import Ground
from gis.cover_near import Buildings, Lines
from gis.covering import Covering
from gis.edges import Counts, Floats, Geometries
from gis.locator import OUTSIDE
from gis.metric import points_to_metric, to_metric
from gis.quality import Period
from gis.raster import Ints
from gis.strays import Bools
from gis.tracks import Track
from gis.visits import Grids, Hysteresis, Visits, cut, dealt, visits
from gis.wall_clock import SECOND_US

STREET_SHARE = 0.5
"""A street was visited where at least so much of its length was reached: who crosses it has not gone along it."""
# Parts of an edge of a street, from its beginning to its end.
_PARTS = 1 << 32
_NO_LEGS: Floats = np.empty((0, 4))


@dataclass(frozen=True, eq=False)
class Reached:
    """What lies within reach of some legs, all of them together.

    Attributes:
        area_m2: Of each grid (n,), in the order of the terrain's.
        street_m: Metres of street in each grid (n,).
        passed: Buildings of each grid (n,) near a leg.
        dwelled: Buildings of each grid (n,) near a stop.
        streets: Places of the streets visited, by `STREET_SHARE`.
        buildings: Places of the buildings passed.
    """

    area_m2: Floats
    street_m: Floats
    passed: Counts
    dwelled: Counts
    streets: Counts
    buildings: Counts


class Terrain:
    """Grids with the streets and buildings in them; built once per boundary version.

    A piece of street belongs to the lowest number among the grids that cover it, and a building to the one that owns a
    point inside it: the border rule.

    Args:
        cells: Valid polygons (n,) of EPSG:4326 on the lattice.
        grid_no: Distinct positive numbers (n,).
        streets: Lines (s,) of EPSG:4326.
        buildings: Polygons or points (b,) of EPSG:4326.
        metric_srid: EPSG code of the metric CRS.
        threads: How many processors one question may use.

    Attributes:
        grids: In the order of their numbers; all arrays by grid have this order.
        area_m2: Of each grid (n,).
        street_m: Metres of street in each grid (n,).
        street_grids: Which street (k,) lies in which grid (k,), as places; each pair once.
        building_count: Buildings in each grid (n,).
        building_grid: Place (b,) of the grid of each building, `OUTSIDE` for none.

    >>> side = 2**-10
    >>> road = shapely.LineString([[0, side / 2], [2 * side, side / 2]])
    >>> town = Terrain(shapely.box([0, side], 0, [side, 2 * side], side), [7, 3], streets=[road], metric_srid=32631)
    >>> town.grids.grid_no.tolist(), town.street_m.round().tolist(), town.street_grids[1].tolist()
    ([3, 7], [109.0, 109.0], [0, 1])
    """

    def __init__(
        self,
        cells: ArrayLike,
        grid_no: ArrayLike,
        *,
        streets: ArrayLike = (),
        buildings: ArrayLike = (),
        metric_srid: int,
        threads: int = 2,
    ) -> None:
        self.grids = Grids(cells, grid_no, metric_srid=metric_srid)
        self._ground = Ground(to_metric(self.grids.cells, srid=metric_srid), threads=threads)
        self.area_m2 = self._ground.area_m2
        roads: Geometries = np.asarray(streets, dtype=np.object_)
        ends, self._piece_street, self._piece_grid = _street_pieces(roads, self.grids)
        self._lines = Lines(to_metric(np.asarray(shapely.linestrings(ends)), srid=metric_srid), threads=threads)
        self._whole_m = np.bincount(self._piece_street, weights=self._lines.length_m, minlength=len(roads))
        self.street_m = self._by_grid(self._piece_grid, self._lines.length_m)
        pairs = np.column_stack([self._piece_street, self._piece_grid])[self._piece_grid != OUTSIDE]
        street, grid = np.unique(pairs, axis=0).T
        self.street_grids: tuple[Counts, Counts] = (street, grid)
        houses: Geometries = np.asarray(buildings, dtype=np.object_)
        self._buildings = Buildings(to_metric(houses, srid=metric_srid), threads=threads)
        inside = shapely.get_coordinates(shapely.point_on_surface(houses))
        self.building_grid: Ints = Covering(self.grids.cells, self.grids.grid_no).ranks(*inside.T)
        self.building_count = self._houses(np.arange(len(houses)))

    def reached(self, legs: Floats, stops: Floats, *, reach_m: float) -> Reached:
        """What lies within reach of legs, of one person or many, of one day or many.

        Args:
            legs: From x, y to x, y in metres (m, 4), as `Walk.legs`.
            stops: The same (k, 4) of stops, as `Walk.stops`.
            reach_m: How far away ground, streets and buildings count.
        """
        ground = self._ground.covered(legs, reach_m=reach_m)
        area_m2 = np.zeros(len(self.area_m2))
        area_m2[ground.cell] = ground.area_m2
        walked = self._lines.reached(legs, reach_m=reach_m)
        street_m = self._by_grid(self._piece_grid[walked.line], walked.length_m)
        whole_m = np.bincount(self._piece_street[walked.line], weights=walked.length_m, minlength=len(self._whole_m))
        streets = np.flatnonzero((whole_m > 0) & (whole_m >= STREET_SHARE * self._whole_m))
        buildings = self._buildings.reached(legs, reach_m=reach_m)[1]
        dwelled = self._buildings.reached(stops, reach_m=reach_m)[1]
        return Reached(area_m2, street_m, self._houses(buildings), self._houses(dwelled), streets, buildings)

    def _by_grid(self, grid: Ints, weights: Floats) -> Floats:
        inside = grid != OUTSIDE
        return _summed(grid[inside], weights[inside], len(self.area_m2))

    def _houses(self, buildings: Counts) -> Counts:
        of = self.building_grid[buildings]
        return np.bincount(of[of != OUTSIDE], minlength=len(self.area_m2))


@dataclass(frozen=True, eq=False)
class Walk:
    """What a trace comes to in a period, on the ground of one version.

    Attributes:
        legs: What was gone, cut at borders, from x, y to x, y in metres (m, 4); gaps are left out.
        stops: The centres of the stops that begin in the period, as legs without length (k, 4).
        inside_s: Seconds in each grid (n,), in the order of the terrain's.
        visits: Those that begin in the period, whole.
    """

    legs: Floats
    stops: Floats
    inside_s: Floats
    visits: Visits


def walk(
    track: Track, terrain: Terrain, *, during: Period, holds: Period | None = None, rule: Hysteresis | None = None
) -> Walk:
    """What a trace comes to in a period.

    Args:
        track: A trace; it may reach beyond the period, so that visits over its ends are whole.
        terrain: The ground of the boundaries of that time.
        during: What lies outside of it counts for another period.
        holds: As long as these boundaries hold; as long as the period where it is not given.
        rule: When somebody has left a grid.

    >>> from gis.tracks import tracked
    >>> side = 2**-10
    >>> town = Terrain(shapely.box([0, side], 0, [side, 2 * side], side), [7, 3], metric_srid=32631)
    >>> way = tracked(np.arange(4) * 60 * SECOND_US, np.arange(4) * side / 2, np.full(4, side / 2), np.full(4, 5.0))
    >>> found = walk(way, town, during=(0, 3600 * SECOND_US))
    >>> found.inside_s.tolist(), found.visits.grid_no.tolist()
    ([60.0, 120.0], [7, 3])
    """
    since, until = during
    whole = holds or during
    part = (max(since, whole[0]), min(until, whole[1]))
    pieces = cut(track, terrain.grids, during=whole)
    seen = visits(pieces, terrain.grids, rule=rule)
    begun = (seen.entered_at >= since) & (seen.entered_at < until)
    if len(pieces.start) and (pieces.start[0] < part[0] or pieces.end[-1] > part[1]):
        pieces = cut(track, terrain.grids, during=part)
    seconds = (pieces.end - pieces.start) / SECOND_US
    inside = pieces.grid_no != OUTSIDE
    rank = np.searchsorted(terrain.grids.grid_no, pieces.grid_no[inside])
    return Walk(
        legs=_in_metres(pieces.ends, terrain),
        stops=_stops(track, part, terrain),
        inside_s=_summed(rank, seconds[inside], len(terrain.area_m2)),
        visits=_only(seen, begun),
    )


def _street_pieces(streets: Geometries, grids: Grids) -> tuple[Floats, Counts, Ints]:
    """Edges of streets cut at borders: ends as (k, 2, 2) degrees, the street and the place of the grid of each."""
    parts, street_of = shapely.get_parts(streets, return_index=True)
    xy, part_of = shapely.get_coordinates(parts, return_index=True)
    edge = np.flatnonzero((part_of[1:] == part_of[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    ends = np.hstack([xy[edge], xy[edge + 1]])
    way, cell, share = grids.stretches(ends)
    start = np.arange(len(ends), dtype=np.int64) * _PARTS
    crossed = start[way][:, None] + np.rint(share * _PARTS).astype(np.int64)
    none = len(grids.grid_no)
    of, begins, stops, owner = dealt(start, start + _PARTS, way, cell, crossed, nobody=none)
    along = (np.column_stack([begins, stops]) - start[of][:, None]) / _PARTS
    corners = ends[of, None, :2] + along[:, :, None] * (ends[of, 2:] - ends[of, :2])[:, None]
    return corners, street_of[part_of[edge]][of], np.where(owner == none, OUTSIDE, owner).astype(np.int32)


def _summed(grid: Ints | Counts, weights: Floats, count: int) -> Floats:
    return np.bincount(grid, weights=weights, minlength=count).astype(np.float64)


def _in_metres(ends: Floats, terrain: Terrain) -> Floats:
    if not len(ends):
        return _NO_LEGS
    srid = terrain.grids.metric_srid
    return np.column_stack([*points_to_metric(*ends[:, :2].T, srid=srid), *points_to_metric(*ends[:, 2:].T, srid=srid)])


def _stops(track: Track, during: Period, terrain: Terrain) -> Floats:
    begins = track.at[track.stops.first]
    mine = (begins >= during[0]) & (begins < during[1])
    lon, lat = track.stops.lon[mine], track.stops.lat[mine]
    return _in_metres(np.column_stack([lon, lat, lon, lat]), terrain)


def _only(seen: Visits, mine: Bools) -> Visits:
    return Visits(*(getattr(seen, name)[mine] for name in Visits.__dataclass_fields__))
