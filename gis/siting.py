"""Where one more station would bring most within a walk, and where the next one after it.

What a station would gain is known only after its ways were looked for. But nothing farther away than the limit as the
crow flies is ever gained, and what one station gained is not gained again by the next: both bound the gain from above.
So candidates are looked at in the order of their bounds until none that is left can be better than the best, and the
answer is the same as if all had been looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gis.edges import Floats
from gis.walking import Access, Ints, Network

APART_M = 200.0
_AT_ONCE = 16
# The raster on which bounds are summed: so many cells to the limit.
_CELLS = 16
# And no more cells than this to a side of the whole, nor smaller ones, however short the limit is.
_MOST_CELLS = 4096
_LEAST_CELL_M = 20.0


@dataclass(frozen=True, eq=False)
class Site:
    """A place for a station.

    Attributes:
        node: The node of the network.
        x, y: Where it is.
        gain: What it brings within the limit.
        places: Which places that are (g,), ascending.
    """

    node: int
    x: float
    y: float
    gain: float
    places: Ints


def best_sites(
    streets: Network,
    places: Access,
    x: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike,
    *,
    limit_m: float,
    count: int,
    apart_m: float = APART_M,
) -> list[Site]:
    """Nodes from which most that lacks a station would have one, each chosen with those before it in place.

    Args:
        streets: The network.
        places: Where what lacks a station is on it (k,); what is not on it is passed over.
        x, y: Where that is (k,).
        weight: What each counts (k,), 0 or more.
        limit_m: What a walk may cost.
        count: How many sites are wanted; fewer come where nothing more is gained.
        apart_m: One node for each square of this side is looked at, the one nearest to its middle.

    >>> import shapely
    >>> from gis.walking import access, network
    >>> streets = network(shapely.from_wkt(["LINESTRING (0 0, 500 0)", "LINESTRING (500 0, 1000 0)"]))
    >>> x, y = np.array([10.0, 480.0, 520.0, 990.0]), np.full(4, 5.0)
    >>> at = access(streets, x, y, most_m=50)
    >>> [(site.x, site.gain, site.places.tolist()) for site in best_sites(streets, at, x, y, [1, 1, 1, 1],
    ...     limit_m=100, count=2)]
    [(500.0, 2.0, [1, 2]), (0.0, 1.0, [0])]
    """
    lacking = np.flatnonzero(places.has_way)
    weights = np.asarray(weight, dtype=np.float64)[lacking]
    nodes = _thinned(streets.node_xy, apart_m)
    if not len(lacking) or not len(nodes):
        return []
    search = _Search(streets, places.taken(lacking), np.column_stack([x, y])[lacking], weights, limit_m)
    bound = search.bounds(nodes)
    found: list[Site] = []
    while len(found) < count:
        best = search.best(nodes, bound)
        if best is None:
            break
        node, gain, gained = best
        at = streets.node_xy[node].tolist()
        found.append(Site(node, at[0], at[1], gain, np.sort(lacking[gained])))
        search.lacks[gained] = False
    return found


class _Search:
    """What is still to be gained, and by which node."""

    def __init__(self, streets: Network, places: Access, xy: Floats, weight: Floats, limit_m: float) -> None:
        self.lacks = np.ones(len(weight), dtype=np.bool_)
        self._weight = weight
        self._streets, self._places, self._xy, self._limit_m = streets, places, xy, limit_m
        self._tree = cKDTree(xy)
        slower = streets.slower[places.edge]
        self._here = places.at_m * slower + places.leg_m
        self._across = (streets.length_m[places.edge] - places.at_m) * slower + places.leg_m

    def bounds(self, nodes: Ints) -> Floats:
        """The most that each node can gain: all that lies within the limit as the crow flies, and a little more."""
        low, high = self._xy.min(axis=0), self._xy.max(axis=0)
        side = max(self._limit_m / _CELLS, float((high - low).max()) / _MOST_CELLS, _LEAST_CELL_M)
        around = int(np.ceil(self._limit_m / side)) + 1
        cell = np.floor((self._xy - low) / side).astype(np.int64) + 2 * around
        size = cell.max(axis=0) + 1 + 2 * around
        raster = np.zeros(size)
        np.add.at(raster, tuple(cell.T), self._weight)
        rows = np.arange(-around, around + 1)
        # Cells are at least this many whole ones apart.
        gap = np.maximum(np.abs(rows) - 1, 0)
        near = np.argwhere(np.hypot(gap[:, None], gap[None, :]) * side <= self._limit_m) - around
        # A node farther out is looked up at the rim of the raster, where nothing is.
        there = np.floor((self._streets.node_xy[nodes] - low) / side) + 2 * around
        row, column = np.clip(there, around, size - 1 - around).astype(np.int64).T
        return np.asarray(sum(raster[row + down, column + aside] for down, aside in near.tolist()))

    def best(self, nodes: Ints, bound: Floats) -> tuple[int, float, Ints] | None:
        """The node that gains most, that gain and what is gained; the bounds of all that were looked at come down."""
        best: tuple[int, float, Ints] | None = None
        is_fresh = np.zeros(len(nodes), dtype=np.bool_)
        while True:
            waiting = np.flatnonzero(~is_fresh & (bound > (best[1] if best else 0.0)))
            if not len(waiting):
                return best
            some = np.sort(waiting[np.argsort(-bound[waiting], kind="stable")][:_AT_ONCE])
            is_fresh[some] = True
            for number, gained in zip(some.tolist(), self._gained(nodes[some]), strict=True):
                bound[number] = self._weight[gained].sum()
                node = int(nodes[number])
                if bound[number] > 0 and (best is None or (-bound[number], node) < (-best[1], best[0])):
                    best = node, float(bound[number]), gained

    def _gained(self, nodes: Ints) -> list[Ints]:
        """For each node what it has within the limit that no site has yet."""
        cost = dijkstra(self._streets.graph, indices=nodes, limit=self._limit_m)
        start, end = self._streets.start[self._places.edge], self._streets.end[self._places.edge]
        near = self._tree.query_ball_point(self._streets.node_xy[nodes], self._limit_m)
        out = []
        for from_here, listed in zip(cost, near, strict=True):
            some = np.array(listed, dtype=np.int64)
            walk = np.minimum(from_here[start[some]] + self._here[some], from_here[end[some]] + self._across[some])
            out.append(some[(walk <= self._limit_m) & self.lacks[some]])
        return out


def _thinned(xy: Floats, apart_m: float) -> Ints:
    """One node for each square, the one nearest to its middle, in the order of their numbers."""
    square = np.floor(xy / apart_m)
    off = np.hypot(*((square + 0.5) * apart_m - xy).T)
    order = np.lexsort((off, square[:, 1], square[:, 0]))
    square = square[order]
    first = np.r_[True, (square[1:] != square[:-1]).any(axis=1)][: len(order)]
    return np.asarray(np.sort(order[first]))
