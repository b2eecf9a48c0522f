"""Walking along streets: a network made of lines, places brought to it, and the way from each to the nearest station.

All coordinates are metres. Nodes are where lines end and where they have a vertex in common, to the last bit; lines
that merely cross are not joined, for that is how a bridge looks. Lines that were drawn with less care are joined first
by `gis.walking_joined`. The cost of a way is metres on level ground: a line may count as longer than it is, as steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from os import cpu_count
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gis.edges import Floats, Geometries
from gis.stops import spans

Ints = NDArray[np.int64]

NO_WAY = -1
# Points near each other are looked up after each other: the same leaves of the tree are wanted.
_TILE_M = 200.0


@dataclass(frozen=True, eq=False)
class Network:
    """Streets as a graph; edge k runs from vertex `first[k]` to vertex `last[k]` of the lines it was made of.

    Attributes:
        xy: All vertices (v, 2), line after line.
        along_m: Metres from the beginning of its line to each vertex (v,).
        first, last: The vertices at which each edge begins and ends (e,).
        start, end: The nodes there (e,).
        length_m: How long each edge is (e,).
        slower: How much more each metre of it costs than one of level ground (e,).
        line: The row of the lines each is part of (e,).
        node_xy: The nodes (n, 2).
        piece: Which connected piece each node belongs to (n,), the longest is 0.
        piece_m: Metres of street of each piece (p,), falling.
    """

    xy: Floats
    along_m: Floats
    first: Ints
    last: Ints
    start: Ints
    end: Ints
    length_m: Floats
    slower: Floats
    line: Ints
    node_xy: Floats
    piece: Ints
    piece_m: Floats

    @property
    def cost_m(self) -> Floats:
        """What it costs to walk each edge (e,)."""
        return self.length_m * self.slower

    @cached_property
    def graph(self) -> csr_array:
        """What it costs from node to node, both ways; of several edges between two nodes the shortest counts."""
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        return _symmetric(low, high, self.cost_m, len(self.node_xy))


@dataclass(frozen=True, eq=False)
class Access:
    """Where places are on a network.

    Attributes:
        edge: The nearest edge of each place (k,), `NO_WAY` where there is none within reach.
        at_m: Metres along it, from its start, to the point where the place is nearest (k,).
        leg_m: Metres from the place to that point, straight (k,).
    """

    edge: Ints
    at_m: Floats
    leg_m: Floats

    @property
    def has_way(self) -> NDArray[np.bool_]:
        """Which places are on the network (k,)."""
        return np.asarray(self.edge != NO_WAY)

    def taken(self, which: NDArray[Any]) -> Access:
        """Some of the places."""
        return Access(self.edge[which], self.at_m[which], self.leg_m[which])


@dataclass(frozen=True, eq=False)
class Walked:
    """The cheapest ways from the nodes of a network to the nearest of some stations.

    Attributes:
        network: The network.
        stations: Where the stations are on it.
        node_m: What it costs from each node (n,), infinite where no station can be walked to.
        node_by: The station it leads to (n,), -1 where there is none.
    """

    network: Network
    stations: Access
    node_m: Floats
    node_by: Ints

    def of(self, places: Access) -> tuple[Floats, Ints]:
        """What it costs from each place (k,), the ways to and from the streets included, and to which station.

        A place and a station on the same edge are walked between along it.
        """
        cost = np.full(len(places.edge), np.inf)
        by = np.full(len(places.edge), -1, dtype=np.int64)
        there = np.flatnonzero(places.has_way)
        edge, at = places.edge[there], places.at_m[there]
        here, across = _ends(self.network, edge, at)
        start, end = self.network.start[edge], self.network.end[edge]
        from_start, from_end = self.node_m[start] + here, self.node_m[end] + across
        cost[there] = np.minimum(from_start, from_end) + places.leg_m[there]
        by[there] = np.where(from_start <= from_end, self.node_by[start], self.node_by[end])
        self._along(places, there, cost, by)
        return cost, by

    def _along(self, places: Access, there: Ints, cost: Floats, by: Ints) -> None:
        """Shorten the ways of places that have a station on the same edge."""
        known = np.flatnonzero(self.stations.has_way)
        order = there[np.argsort(places.edge[there], kind="stable")]
        sorted_edge = places.edge[order]
        for station in known.tolist():
            edge, at, leg = (part[station] for part in (self.stations.edge, self.stations.at_m, self.stations.leg_m))
            low, high = np.searchsorted(sorted_edge, [edge, edge + 1])
            near = order[low:high]
            way = np.abs(places.at_m[near] - at) * self.network.slower[edge] + leg + places.leg_m[near]
            shorter = way < cost[near]
            cost[near[shorter]], by[near[shorter]] = way[shorter], station


def network(lines: Geometries, *, slower: ArrayLike | None = None) -> Network:
    """Make a network of lines.

    Args:
        lines: Lines or multilines (n,) in metres; missing and empty ones are passed over.
        slower: How much more a metre of each line costs than one of level ground (n,); 1 if not given.

    >>> cross = shapely.from_wkt(["LINESTRING (0 0, 10 0, 20 0)", "LINESTRING (10 0, 10 5)", "LINESTRING (0 9, 20 9)"])
    >>> made = network(cross)
    >>> len(made.node_xy), made.length_m.tolist(), made.piece_m.tolist()
    (6, [10.0, 10.0, 5.0, 20.0], [25.0, 20.0])
    >>> len(network(np.array([], dtype=object)).piece_m)
    0
    """
    parts, row = shapely.get_parts(np.asarray(lines, dtype=np.object_), return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    opens, closes = np.r_[True, part[1:] != part[:-1]][: len(part)], np.r_[part[1:] != part[:-1], True][: len(part)]
    step = np.where(opens, 0.0, np.hypot(*(xy - np.roll(xy, 1, axis=0)).T))
    gone = np.cumsum(step)
    along_m = gone - gone[opens][np.cumsum(opens) - 1] if len(xy) else gone
    _, place, count = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True, return_counts=True)
    meets = (count[place] > 1) | opens | closes
    at = np.flatnonzero(meets)
    follows = part[at[1:]] == part[at[:-1]] if len(at) else np.array([], dtype=np.bool_)
    first, last = at[:-1][follows], at[1:][follows]
    long = along_m[last] > along_m[first]
    first, last = first[long], last[long]
    nodes, node = np.unique(place[np.r_[first, last]], return_inverse=True)
    node_xy = np.empty((len(nodes), 2))
    node_xy[node] = xy[np.r_[first, last]]
    start, end = node[: len(first)], node[len(first) :]
    line = row[part[first]].astype(np.int64)
    factor = np.ones(len(np.atleast_1d(lines))) if slower is None else np.asarray(slower, dtype=np.float64)
    length_m = along_m[last] - along_m[first]
    piece, piece_m = _pieces(start, end, length_m, len(nodes))
    return Network(
        xy, along_m, first, last, start, end, length_m, factor[line], line, node_xy, piece, piece_m
    )  # fmt: skip


def access(streets: Network, x: ArrayLike, y: ArrayLike, *, most_m: float, least_piece_m: float = 0.0) -> Access:
    """Bring places to the nearest point of the nearest street.

    Args:
        streets: The network.
        x, y: The places (k,).
        most_m: How far from a street a place may be.
        least_piece_m: Streets of pieces shorter than this are passed over, unless the longest is one of them.

    >>> made = network(shapely.from_wkt(["LINESTRING (0 0, 10 0)", "LINESTRING (0 4, 1 4)"]))
    >>> near = access(made, [3.0, 12.0, 0.0], [2.0, 0.0, 90.0], most_m=50)
    >>> near.edge.tolist(), near.at_m.tolist(), near.leg_m.tolist()
    ([0, 0, -1], [3.0, 10.0, nan], [2.0, 2.0, nan])
    >>> access(made, [0.0], [4.0], most_m=50, least_piece_m=5).edge.tolist()
    [0]
    """
    places = np.column_stack([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
    edge = np.full(len(places), NO_WAY, dtype=np.int64)
    at_m, leg_m = np.full(len(places), np.nan), np.full(len(places), np.nan)
    enough = (streets.piece_m >= least_piece_m) | (np.arange(len(streets.piece_m)) == 0)
    begins, of = _segments(streets, np.flatnonzero(enough[streets.piece[streets.start]]))
    if not len(begins) or not len(places):
        return Access(edge, at_m, leg_m)
    tree = shapely.STRtree(shapely.linestrings(streets.xy[np.column_stack([begins, begins + 1])]))
    order = np.lexsort(np.floor(places.T / _TILE_M))
    shares = np.array_split(shapely.points(places[order]), 2 * (cpu_count() or 1))
    with ThreadPoolExecutor(cpu_count()) as side_by_side:
        nearest = np.concatenate(list(side_by_side.map(tree.nearest, shares)))
    low, high = streets.xy[begins[nearest]], streets.xy[begins[nearest] + 1]
    way, here = high - low, places[order]
    share = np.clip(((here - low) * way).sum(axis=1) / (way * way).sum(axis=1), 0, 1)
    leg = np.hypot(*(low + share[:, None] * way - here).T)
    on = of[nearest]
    from_start = streets.along_m[begins[nearest]] - streets.along_m[streets.first[on]] + share * np.hypot(*way.T)
    close = leg <= most_m
    edge[order[close]], at_m[order[close]], leg_m[order[close]] = on[close], from_start[close], leg[close]
    return Access(edge, np.minimum(at_m, np.where(edge >= 0, streets.length_m[edge], np.nan)), leg_m)


def walk(streets: Network, stations: Access) -> Walked:
    """The cheapest way from every node to its nearest station, all in one pass.

    >>> made = network(shapely.from_wkt(["LINESTRING (0 0, 100 0)", "LINESTRING (100 0, 100 50)"]))
    >>> stations = access(made, [20.0, 100.0], [5.0, 40.0], most_m=50)
    >>> metres, by = walk(made, stations).of(access(made, [0.0, 30.0, 90.0], [0.0, 5.0, 0.0], most_m=50))
    >>> metres.tolist(), by.tolist()
    ([25.0, 20.0, 50.0], [0, 0, 1])
    """
    nodes = len(streets.node_xy)
    known = np.flatnonzero(stations.has_way)
    node_m, node_by = np.full(nodes, np.inf), np.full(nodes, -1, dtype=np.int64)
    if len(known):
        graph = _with_stations(streets, stations.taken(known))
        sources = nodes + np.arange(len(known))
        cost, _, source = dijkstra(graph, indices=sources, min_only=True, return_predecessors=True)
        reached = np.isfinite(cost[:nodes])
        node_m[reached] = cost[:nodes][reached]
        node_by[reached] = known[source[:nodes][reached] - nodes]
    return Walked(streets, stations, node_m, node_by)


def _with_stations(streets: Network, stations: Access) -> csr_array:
    """The graph with a node more for each station, from which one may go to both ends of its edge."""
    nodes, graph = len(streets.node_xy), streets.graph
    here, across = _ends(streets, stations.edge, stations.at_m)
    start, end = streets.start[stations.edge], streets.end[stations.edge]
    ways = np.column_stack([start, end])
    cost = np.column_stack([here, across]) + stations.leg_m[:, None]
    # On a street that comes back to where it began both ends are one node, and the shorter way to it counts.
    is_loop = start == end
    cost[is_loop, 0] = cost[is_loop].min(axis=1)
    kept = np.column_stack([np.ones_like(is_loop), ~is_loop])
    ends = np.r_[graph.indptr, graph.indptr[-1] + np.cumsum(kept.sum(axis=1))]
    to, weight = np.r_[graph.indices, ways[kept]], np.r_[graph.data, cost[kept]]
    size = nodes + len(start)
    return csr_array((weight, to.astype(np.int32), ends.astype(np.int32)), shape=(size, size))


def _ends(streets: Network, edge: Ints, at_m: Floats) -> tuple[Floats, Floats]:
    """What it costs from places along edges to their start and to their end."""
    return at_m * streets.slower[edge], (streets.length_m[edge] - at_m) * streets.slower[edge]


def _segments(streets: Network, edges: Iterable[int]) -> tuple[Ints, Ints]:
    """The vertices at which the straight pieces of some edges begin, and of which edge each is."""
    which = np.asarray(edges, dtype=np.int64)
    first, last = streets.first[which], streets.last[which]
    begins, of = spans(first, last), np.repeat(which, last - first)
    long = streets.along_m[begins + 1] > streets.along_m[begins] if len(begins) else np.array([], dtype=np.bool_)
    return begins[long], of[long]


def _symmetric(low: Ints, high: Ints, cost: Floats, size: int) -> csr_array:
    order = np.lexsort((cost, high, low))
    low, high, cost = low[order], high[order], cost[order]
    kept = (low != high) & np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])][: len(low)]
    low, high, cost = low[kept], high[kept], cost[kept]
    rows, columns = np.r_[low, high].astype(np.int32), np.r_[high, low].astype(np.int32)
    return csr_array((np.r_[cost, cost], (rows, columns)), shape=(size, size))


def _pieces(start: Ints, end: Ints, length_m: Floats, nodes: int) -> tuple[Ints, Floats]:
    """The piece of each node and the metres of each, the longest first."""
    ones = csr_array((np.ones(len(start)), (start, end)), shape=(nodes, nodes))
    count, label = connected_components(ones, directed=False) if nodes else (0, np.array([], dtype=np.int64))
    metres = np.bincount(label[start], weights=length_m, minlength=count)
    order = np.argsort(-metres, kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return np.asarray(rank[label]), np.asarray(metres[order], dtype=np.float64)
