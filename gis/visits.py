"""When a trace was in which grid: legs cut where they cross borders, and the visits that come of it.

Borders are straight in EPSG:4326, and so is the course of a leg: over 300 m that differs from the shortest way by a
millimetre, over 10 km by a metre. A cut has the time that falls to it at an even pace, in whole microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gis.edges import Counts, Floats, Geometries
from gis.locator import OUTSIDE
from gis.metric import points_to_metric, to_metric
from gis.quality import Period
from gis.raster import Ints
from gis.stops import spans
from gis.strays import Bools
from gis.thresholds import Thresholds
from gis.tracks import Kind, Track
from gis.wall_clock import SECOND_US

_ALWAYS = (-(2**62), 2**62)
_HALF_ROUND = 180.0


class Grids:
    """A coverage, ready to cut traces. Where grids overlap, the lowest number has the common ground.

    Args:
        cells: Valid polygons (n,) of EPSG:4326 on the lattice.
        grid_no: Distinct positive numbers (n,).
        metric_srid: EPSG code of the metric CRS.
    """

    def __init__(self, cells: ArrayLike, grid_no: ArrayLike, *, metric_srid: int) -> None:
        ground, numbers = np.asarray(cells, dtype=np.object_), np.asarray(grid_no, dtype=np.int32)
        order = np.argsort(numbers)
        self.cells: Geometries = ground[order]
        self.grid_no: Ints = numbers[order]
        self.metric_srid = metric_srid
        shapely.prepare(self.cells)
        self._tree = shapely.STRtree(self.cells)

    def stretches(self, ends: Floats) -> tuple[Counts, Counts, Floats]:
        """Which stretches of straight ways are covered by which cells, borders included.

        Args:
            ends: Longitude and latitude of the first and of the last point of each way (m, 4).

        Returns:
            Ways (k,), places of cells in `cells` (k,), and where on its way each stretch begins and ends (k, 2), as
            shares of the way.
        """
        ways = np.asarray(shapely.points(ends[:, :2]))
        course = ends[:, 2:] - ends[:, :2]
        moved = np.flatnonzero(course.any(axis=1))
        ways[moved] = shapely.linestrings(ends[moved].reshape(-1, 2, 2))
        way, cell = self._tree.query(ways, predicate="intersects")
        whole = shapely.covers(self.cells[cell], ways[way])
        way_cut, cell_cut = way[~whole], cell[~whole]
        parts, of = shapely.get_parts(shapely.intersection(ways[way_cut], self.cells[cell_cut]), return_index=True)
        lines = shapely.get_dimensions(parts) == 1
        parts, way_cut, cell_cut = parts[lines], way_cut[of[lines]], cell_cut[of[lines]]
        places = np.column_stack([shapely.get_coordinates(shapely.get_point(parts, end)) for end in (0, -1)])
        along = (places - np.tile(ends[way_cut, :2], 2)).reshape(-1, 2, 2) * course[way_cut][:, None]
        shares = along.sum(axis=2) / (course[way_cut] ** 2).sum(axis=1)[:, None]
        every = np.vstack([np.tile([0.0, 1.0], (int(whole.sum()), 1)), np.sort(shares, axis=1)])
        return np.append(way[whole], way_cut), np.append(cell[whole], cell_cut), every

    def metres_outside(self, grid_no: Ints, x: Floats, y: Floats, *, enough_m: float) -> Floats:
        """Metres (m,) from points to a grid of each, 0 inside; or less, where that is enough already.

        Args:
            grid_no: Grids (m,).
            x: Metres (m,) in the metric CRS.
            y: The same.
            enough_m: Where the box around a grid is so far away, the distance to the box is given.
        """
        row, use = np.unique(np.searchsorted(self.grid_no, grid_no), return_inverse=True)
        ground = to_metric(self.cells[row], srid=self.metric_srid)
        west, south, east, north = shapely.bounds(ground)[use].T
        far = np.hypot(np.maximum(np.maximum(west - x, x - east), 0), np.maximum(np.maximum(south - y, y - north), 0))
        near = np.flatnonzero(far < enough_m)
        far[near] = shapely.distance(ground[use[near]], shapely.points(x[near], y[near]))
        return np.asarray(far)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Legs cut at borders (k,), in order of time; gaps are left out.

    Attributes:
        leg: Of which leg of the track.
        grid_no: Whose ground it crosses, by the border rule; `OUTSIDE` for nobody's.
        start: Instants (k,) in microseconds since 1970.
        end: The same.
        ends: Longitude and latitude of the first and of the last point (k, 4).
        length_m: Metres on the ellipsoid.
        interpolated: Whether its leg is.
    """

    leg: Counts
    grid_no: Ints
    start: Counts
    end: Counts
    ends: Floats
    length_m: Floats
    interpolated: Bools


@dataclass(frozen=True)
class Hysteresis(Thresholds):
    """When somebody has been somewhere, and when he has left.

    Attributes:
        away_s: Who is back sooner has not left: a street that is a border is crossed and crossed back.
        away_m: Who was never farther outside has not left: a fix is off by as much.
        dwell_s: A shorter visit does not count: it cuts a corner.
    """

    away_s: float = 120.0
    away_m: float = 20.0
    dwell_s: float = 60.0


@dataclass(frozen=True, eq=False)
class Visits:
    """Visits of grids (v,), in order of their beginning.

    Attributes:
        grid_no: The grid.
        entered_at: Instants (v,) in microseconds since 1970.
        left_at: The same.
        dwell_s: Seconds inside; what was spent outside in between does not count.
        interpolated: Share of the dwell that lies on interpolated legs.
    """

    grid_no: Ints
    entered_at: Counts
    left_at: Counts
    dwell_s: Floats
    interpolated: Floats


def cut(track: Track, grids: Grids, *, during: Period = _ALWAYS) -> Pieces:
    """The legs of a track cut at the borders of grids.

    Args:
        track: A trace.
        grids: The boundaries of one version.
        during: What lies outside of this is left out: for a period, or while a version of boundaries holds.

    >>> from gis.tracks import tracked
    >>> side = 2**-10
    >>> cells = shapely.box([0, side], 0, [side, 2 * side], side)
    >>> two = Grids(cells, [7, 3], metric_srid=32631)
    >>> way = tracked([0, 100 * SECOND_US], [0.5 * side, 1.5 * side], [0.0005, 0.0005], [5.0, 5.0])
    >>> found = cut(way, two)
    >>> found.grid_no.tolist(), (found.end / SECOND_US).tolist(), found.length_m.round(1).tolist()
    ([7, 3], [50.0, 100.0], [54.4, 54.4])
    >>> cut(way, two, during=(0, 25 * SECOND_US)).length_m.round(1).tolist()
    [27.2]
    """
    # A leg over the antimeridian is straight in no map, and no coverage reaches over it.
    legs = np.flatnonzero((track.legs.kind != Kind.gap) & (np.abs(np.diff(track.lon)) <= _HALF_ROUND))
    start, end = np.maximum(track.at[legs], during[0]), np.minimum(track.at[legs + 1], during[1])
    legs, start, end = (one[start < end] for one in (legs, start, end))
    ends = np.column_stack([track.lon[legs], track.lat[legs], track.lon[legs + 1], track.lat[legs + 1]])
    left_at, lasts = track.at[legs], np.diff(track.at)[legs]
    way, cell, share = grids.stretches(ends)
    crossed = left_at[way][:, None] + np.rint(share * lasts[way][:, None]).astype(np.int64)
    leg, begins, ends_at, owner = dealt(start, end, way, cell, crossed, nobody=len(grids.grid_no))
    gone = (np.column_stack([begins, ends_at]) - left_at[leg][:, None]) / lasts[leg][:, None]
    corners = ends[leg, None, :2] + gone[:, :, None] * (ends[leg, 2:] - ends[leg, :2])[:, None]
    return Pieces(
        legs[leg],
        np.append(grids.grid_no, OUTSIDE)[owner],
        begins,
        ends_at,
        corners.reshape(-1, 4),
        track.legs.length_m[legs[leg]] * (ends_at - begins) / lasts[leg],
        track.legs.interpolated[legs[leg]],
    )


def dealt(
    start: Counts, end: Counts, way: Counts, cell: Counts, crossed: Counts, *, nobody: int
) -> tuple[Counts, Counts, Counts, Counts]:
    """Ways cut where cells begin and end; of the cells that cover a piece the first one has it.

    Args:
        start: Where each way begins (m,), as whole numbers; no way begins before the last one ends.
        end: Where it ends (m,), after its beginning.
        way: Ways (k,) of stretches that cells cover, as `Grids.stretches` gives them.
        cell: The cells (k,).
        crossed: Where the stretches begin and end (k, 2); what lies beyond the ends of a way is left out.
        nobody: Stands for the cell of pieces that none covers; more than any other.

    Returns:
        Ways (p,) of the pieces, where they begin and end (p,), and their cells (p,), in order.

    >>> cuts = np.array([[3, 10], [0, 5]])
    >>> [one.tolist() for one in dealt(*np.array([[0], [8]]), np.array([0, 0]), np.array([4, 6]), cuts, nobody=9)]
    [[0, 0, 0], [0, 3, 5], [3, 5, 8], [6, 4, 4]]
    """
    borders = np.clip(crossed, start[way][:, None], end[way][:, None])
    every = np.concatenate([np.arange(len(start)), np.arange(len(start)), way, way])
    # No way begins before the last one ends, so a place and the number of its way add up to one number for both.
    places = np.concatenate([start, end, borders[:, 0], borders[:, 1]])
    knots, one_of, knot = np.unique(places + every, return_index=True, return_inverse=True)
    # A piece goes from its knot to the next one; the last knot of a way begins none.
    first, stop = np.split(knot[2 * len(start) :], 2)
    owner = np.full(len(knots), nobody)
    np.minimum.at(owner, spans(first, stop), np.repeat(cell, stop - first))
    way_of, at = every[one_of], knots - every[one_of]
    piece = np.flatnonzero(way_of[1:] == way_of[:-1])
    return way_of[piece], at[piece], at[piece + 1], owner[piece]


def visits(pieces: Pieces, grids: Grids, *, rule: Hysteresis | None = None) -> Visits:
    """The visits that pieces of a trace come to.

    A visit ends when its grid was left for long enough, far enough. It also ends in a silence as long as that, since
    nobody knows where it was spent. Time inside counts for the grid that owns it and for no other, so a brief exit
    makes a visit longer and not its dwell.

    Args:
        pieces: Of one trace, as `cut` gives them.
        grids: By which they were cut.
        rule: When somebody has left.

    >>> from gis.tracks import tracked
    >>> side = 2**-10
    >>> cells = shapely.box([0, side], 0, [side, 2 * side], side)
    >>> two = Grids(cells, [7, 3], metric_srid=32631)
    >>> east = np.array([0.5, 0.9, 1.1, 0.9, 0.1]) * side
    >>> way = tracked(np.arange(5) * 60 * SECOND_US, east, np.full(5, 0.0005), np.full(5, 5.0))
    >>> found = visits(cut(way, two), two)
    >>> found.grid_no.tolist(), (found.left_at / SECOND_US).tolist(), found.dwell_s.tolist()
    ([7, 3], [240.0, 150.0], [180.0, 60.0])
    """
    rule = rule or Hysteresis()
    rows = np.flatnonzero(pieces.grid_no != OUTSIDE)
    rows = rows[np.lexsort((pieces.start[rows], pieces.grid_no[rows]))]
    grid_no, begins = pieces.grid_no[rows], np.ones(len(rows), dtype=np.bool_)
    begins[1:] = (grid_no[1:] != grid_no[:-1]) | _has_left(pieces, rows, grids, rule)
    first = np.flatnonzero(begins)
    if not len(first):
        none = np.empty(0)
        return Visits(grid_no, pieces.start[rows], pieces.end[rows], none, none)
    inside_us = (pieces.end - pieces.start)[rows]
    dwell_us = np.add.reduceat(inside_us, first)
    guessed_us = np.add.reduceat(np.where(pieces.interpolated[rows], inside_us, 0), first)
    left_at = pieces.end[rows[np.append(first[1:], len(rows)) - 1]]
    entered_at = pieces.start[rows[first]]
    counts = np.flatnonzero(dwell_us >= rule.dwell_s * SECOND_US)
    counts = counts[np.lexsort((grid_no[first][counts], entered_at[counts]))]
    dwell_s, interpolated = dwell_us / SECOND_US, guessed_us / dwell_us
    return Visits(grid_no[first][counts], entered_at[counts], left_at[counts], dwell_s[counts], interpolated[counts])


def _has_left(pieces: Pieces, rows: Counts, grids: Grids, rule: Hysteresis) -> Bools:
    """Whether a visit ended between each piece and the next, given by rows, if both are in one grid."""
    left, back = rows[:-1], rows[1:]
    away_us = pieces.start[back] - pieces.end[left]
    known = np.append(0, np.cumsum(pieces.end - pieces.start))
    silent_us = away_us - (known[back] - known[left + 1])
    is_long, is_one = away_us >= rule.away_s * SECOND_US, pieces.grid_no[left] == pieces.grid_no[back]
    has_left = is_one & is_long & (silent_us > 0) & (silent_us >= rule.away_s * SECOND_US)
    asked = np.flatnonzero(is_one & is_long & (away_us > 0) & ~has_left)
    # Whoever is away for long is mostly far away in the middle of it, and then nothing else needs to be looked at.
    middle = _metres_away(pieces, (left + back)[asked] // 2, pieces.grid_no[left[asked]], grids, rule)
    has_left[asked] = middle >= rule.away_m
    asked = asked[middle < rule.away_m]
    if len(asked):
        absent, count = spans(left[asked] + 1, back[asked]), back[asked] - left[asked] - 1
        away_m = _metres_away(pieces, absent, np.repeat(pieces.grid_no[left[asked]], count), grids, rule)
        has_left[asked] = np.maximum.reduceat(away_m, np.cumsum(count) - count) >= rule.away_m
    return np.asarray(has_left)


def _metres_away(pieces: Pieces, rows: Counts, grid_no: Ints, grids: Grids, rule: Hysteresis) -> Floats:
    """How far outside of a grid of each pieces lead, given by rows, at both ends and halfway."""
    begins, ends = pieces.ends[rows, :2], pieces.ends[rows, 2:]
    places = [points_to_metric(*one.T, srid=grids.metric_srid) for one in (begins, (begins + ends) / 2, ends)]
    away = [grids.metres_outside(grid_no, x, y, enough_m=rule.away_m) for x, y in places]
    return np.asarray(np.max(away, axis=0))


def revisit_gaps(grid_no: ArrayLike, entered_at: ArrayLike, left_at: ArrayLike) -> tuple[Ints, Floats]:
    """For how long grids were without a visit between two of them: grids (g,) and seconds (g,), in order of both.

    Args:
        grid_no: Grids (v,) of visits, of one person or of many.
        entered_at: Instants (v,) in microseconds since 1970.
        left_at: The same.

    >>> grid, seconds = revisit_gaps([7, 7, 3, 7], [0, 50, 60, 400], [100, 70, 80, 500])
    >>> grid.tolist(), (seconds * SECOND_US).tolist()
    ([7], [300.0])
    >>> revisit_gaps([], [], [])[0].tolist()
    []
    """
    grid, entered, left = (np.asarray(one, dtype=np.int64) for one in (grid_no, entered_at, left_at))
    order = np.lexsort((entered, grid))
    grid, entered, left = grid[order], entered[order], left[order]
    # The latest departure so far from each grid: ranks keep the departures of one grid above those of all before it.
    instants, rank = np.unique(left, return_inverse=True)
    above = np.unique(grid, return_inverse=True)[1] * max(len(instants), 1)
    latest = instants[(np.maximum.accumulate(rank + above) - above)[:-1]] if len(grid) else instants
    empty_us = entered[1:] - latest
    gaps = np.flatnonzero((grid[1:] == grid[:-1]) & (empty_us > 0))
    return grid[1:][gaps].astype(np.int32), empty_us[gaps] / SECOND_US
