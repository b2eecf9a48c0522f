"""What lies within a walk of stations: streets cut where the minutes change, and the ground beside them.

Along an edge the cost of the walk rises from one end and falls to the other, at the same rate: somewhere between is
the place from which both ways are equally far. So an edge is at most two ramps; one with a station on it is parted
there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np
import shapely

from gis.edges import Floats, Geometries
from gis.stops import spans
from gis.walking import Access, Ints, Network, Walked

_TILE_M = 1_000.0
_QUARTER_SEGMENTS = 4


@dataclass(frozen=True, eq=False)
class Cuts:
    """Pieces of edges, arrays (k,).

    Attributes:
        lines: Their shapes in metres.
        edge: The edge of which each is a piece.
        minutes: The walk from its farther end, infinite where there is none.
        by: The station it leads to, -1 for none.
    """

    lines: Geometries
    edge: Ints
    minutes: Floats
    by: Ints


@dataclass(frozen=True, eq=False)
class _Ramps:
    """Parts of edges on which the cost rises at one rate, arrays (r,).

    Attributes:
        edge: The edges.
        low_at, high_at: Metres along them where the cost is lowest and highest.
        low, high: The cost there; both infinite on edges from which no station can be walked to.
        by: The station, -1 for none.
    """

    edge: Ints
    low_at: Floats
    high_at: Floats
    low: Floats
    high: Floats
    by: Ints

    def at(self, cost: Floats, which: Ints) -> Floats:
        """Where the cost of some ramps reaches a value, metres along their edges; NaN is the lower end."""
        with np.errstate(invalid="ignore"):
            rise = self.high[which] - self.low[which]
            share = np.divide(cost - self.low[which], rise, out=np.zeros(len(which)), where=rise > 0)
        share = np.clip(share, 0, 1)
        return self.low_at[which] + share * (self.high_at[which] - self.low_at[which])


def cut_by_minutes(walked: Walked, metres_a_minute: float, *, step: float) -> Cuts:
    """All edges, cut wherever the minutes pass a multiple of a step.

    Args:
        walked: The ways to the stations.
        metres_a_minute: How fast people walk.
        step: Minutes.

    >>> from gis.walking import access, network, walk
    >>> streets = network(shapely.from_wkt(["LINESTRING (0 0, 100 0)", "LINESTRING (900 0, 950 0)"]))
    >>> cuts = cut_by_minutes(walk(streets, access(streets, [0.0], [0.0], most_m=5)), 80, step=1)
    >>> [line.wkt for line in cuts.lines], cuts.minutes.tolist(), cuts.by.tolist()  # doctest: +NORMALIZE_WHITESPACE
    (['LINESTRING (0 0, 80 0)', 'LINESTRING (80 0, 100 0)', 'LINESTRING (900 0, 950 0)'],
     [1.0, 1.25, inf], [0, 0, -1])
    """
    streets, ramps = walked.network, _ramps(walked)
    apart = metres_a_minute * step
    has_way = np.isfinite(ramps.high)
    first: Floats = np.floor(np.where(has_way, ramps.low, 0) / apart, dtype=np.float64)
    count = np.maximum(np.ceil(np.where(has_way, ramps.high, 0) / apart - 1e-9) - first, 1).astype(np.int64)
    of = np.repeat(np.arange(len(count)), count)
    nth = spans(np.zeros_like(count), count)
    is_first, is_last = nth == 0, nth == count[of] - 1
    upper = np.where(is_last, ramps.high[of], (first[of] + nth + 1) * apart)
    begin = np.where(is_first, ramps.low_at[of], ramps.at((first[of] + nth) * apart, of))
    end = np.where(is_last, ramps.high_at[of], ramps.at(upper, of))
    lines = _between(streets, ramps.edge[of], np.minimum(begin, end), np.maximum(begin, end))
    return Cuts(lines, ramps.edge[of], upper / metres_a_minute, ramps.by[of])


def ground_within(walked: Walked, limits_m: Floats, *, beside_m: float) -> Geometries:
    """The ground beside the streets from which a station is near enough, as multipolygons (l,), each holding the last.

    Args:
        walked: The ways to the stations.
        limits_m: What a walk may cost (l,), rising.
        beside_m: How far from such a street the ground counts.

    >>> from gis.walking import access, network, walk
    >>> streets = network(shapely.from_wkt(["LINESTRING (0 0, 1000 0)"]))
    >>> near, far = ground_within(walk(streets, access(streets, [0.0], [0.0], most_m=5)), [100.0, 300.0], beside_m=10)
    >>> [round(edge) for edge in near.bounds], [round(edge) for edge in far.bounds]
    ([-10, -10, 110, 10], [-10, -10, 310, 10])
    """
    ramps = _ramps(walked)
    grounds, before, ground = [], 0.0, shapely.MultiPolygon()
    for limit in np.asarray(limits_m, dtype=np.float64).tolist():
        which = np.flatnonzero((ramps.low < limit) & (ramps.high > before))
        nearer, farther = (ramps.at(np.full(len(which), cost), which) for cost in (before, limit))
        ends = np.sort(np.column_stack([nearer, farther]), axis=1)
        long = ends[:, 1] > ends[:, 0]
        lines = _between(walked.network, ramps.edge[which][long], *ends[long].T)
        ground = _united([ground, *_beside(lines, beside_m)])
        grounds.append(ground)
        before = limit
    return np.array(grounds, dtype=np.object_)


def _beside(lines: Geometries, beside_m: float) -> list[shapely.Geometry]:
    """The ground beside lines, in parts: tiles are united by themselves, columns of them next, side by side."""
    if not len(lines):
        return []
    strips = shapely.buffer(lines, beside_m, quad_segs=_QUARTER_SEGMENTS)
    box = shapely.bounds(lines)
    column, row = np.floor((box[:, :2] + box[:, 2:]) / 2 / _TILE_M).T
    order = np.lexsort((row, column))
    column, row = column[order], row[order]
    tiles = np.flatnonzero((np.diff(column) != 0) | (np.diff(row) != 0)) + 1
    with ThreadPoolExecutor(cpu_count()) as side_by_side:
        united = list(side_by_side.map(shapely.union_all, np.split(strips[order], tiles)))
        return list(side_by_side.map(shapely.union_all, np.array_split(united, cpu_count() or 1)))


def _united(parts: list[shapely.Geometry]) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapely.get_parts(shapely.union_all(parts))))


def _ramps(walked: Walked) -> _Ramps:
    streets = walked.network
    edge, begin, end, low, high, low_by, high_by = _parted(walked)
    length, slower = end - begin, streets.slower[edge]
    has_way = np.isfinite(low)
    with np.errstate(invalid="ignore"):
        top = (low + high + slower * length) / 2
        peak = np.clip(begin + (top - low) / slower, begin, end)
    peak[~has_way], top[~has_way] = end[~has_way], np.inf
    rises, falls = np.ones(len(edge), dtype=np.bool_), has_way & (peak < end)
    rises = ~has_way | (peak > begin)
    return _Ramps(
        np.r_[edge[rises], edge[falls]],
        np.r_[begin[rises], end[falls]],
        np.r_[peak[rises], peak[falls]],
        np.r_[low[rises], high[falls]],
        np.r_[top[rises], top[falls]],
        np.r_[low_by[rises], high_by[falls]],
    )


def _parted(walked: Walked) -> tuple[Ints, Floats, Floats, Floats, Floats, Ints, Ints]:
    """Edges, parted at the stations on them: edge, from where to where, the cost at both ends, and their stations."""
    streets, stations = walked.network, walked.stations
    known = np.flatnonzero(stations.has_way)
    on, at = stations.edge[known], stations.at_m[known]
    there, by = walked.of(Access(on, at, np.zeros(len(known))))
    edges = np.arange(len(streets.length_m))
    # All points of which the cost is known, edge by edge in their order along it.
    edge = np.r_[edges, edges, on]
    place = np.r_[np.zeros(len(edges)), streets.length_m, at]
    cost = np.r_[walked.node_m[streets.start], walked.node_m[streets.end], there]
    whose = np.r_[walked.node_by[streets.start], walked.node_by[streets.end], by]
    order = np.lexsort((place, edge))
    edge, place, cost, whose = edge[order], place[order], cost[order], whose[order]
    same = (edge[1:] == edge[:-1]) & (place[1:] > place[:-1])
    return (
        edge[:-1][same],
        place[:-1][same],
        place[1:][same],
        cost[:-1][same],
        cost[1:][same],
        whose[:-1][same],
        whose[1:][same],
    )


def _between(streets: Network, edge: Ints, begin: Floats, end: Floats) -> Geometries:
    """The part of each edge between two places along it, in metres from its start."""
    if not len(edge):
        return np.empty(0, dtype=np.object_)
    # Metres along all lines one after the other, so that one search finds the vertices of all.
    restarts = np.r_[False, streets.along_m[1:] < streets.along_m[:-1]]
    gone = streets.along_m + np.cumsum(np.where(restarts, np.roll(streets.along_m, 1), 0.0))
    first, last = streets.first[edge], streets.last[edge]
    low, high = gone[first] + begin, gone[first] + end
    before = np.clip(np.searchsorted(gone, low, side="right") - 1, first, last - 1)
    after = np.clip(np.searchsorted(gone, high, side="left"), first + 1, last)
    after = np.maximum(after, before + 1)
    of, at = np.repeat(np.arange(len(edge)), after - before - 1), spans(before + 1, after)
    ends = [_point(streets, gone, low, before), _point(streets, gone, high, after - 1)]
    xy = np.concatenate([ends[0], streets.xy[at], ends[1]])
    every = np.arange(len(edge))
    order = np.lexsort((np.r_[np.zeros(len(edge)), np.ones(len(of)), np.full(len(edge), 2)], np.r_[every, of, every]))
    return np.asarray(shapely.linestrings(xy[order], indices=np.r_[every, of, every][order]), dtype=np.object_)


def _point(streets: Network, gone: Floats, at: Floats, vertex: Ints) -> Floats:
    span = gone[vertex + 1] - gone[vertex]
    share = np.clip(np.divide(at - gone[vertex], span, out=np.zeros(len(at)), where=span > 0), 0, 1)
    return np.asarray(streets.xy[vertex] + share[:, None] * (streets.xy[vertex + 1] - streets.xy[vertex]))
