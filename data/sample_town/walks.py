"""Walks along the streets of a town, and what a telephone would make of them: errors, silences, leaps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from data.sample_town.lines import LIMIT, RING, Floats
from data.sample_town.merging import Ints
from data.sample_town.mesh import Mesh
from data.sample_town.places import DEGREE_M

_WALKS_MS = 1.2
# How far people go from where they belong, and how much a street that was walked already is shunned.
_REACH_M = 450.0
_TOO_FAR = 9.0
# Now and then somebody stands for some minutes; at a place that must be visited, for a quarter of an hour.
_STANDS, _STANDS_S, _STAYS_S = 0.03, (120.0, 420.0), (620.0, 900.0)
# The error of positions: how large, and how much of it is left at the next fix.
_ERROR_M, _LEFT = 3.5, 0.9
_SILENT, _SILENT_S = 0.4, (420.0, 780.0)
_COARSE, _COARSE_M = 0.004, 90.0
_LEAPS, _LEAP_M = 0.3, 900.0


@dataclass(frozen=True)
class Streets:
    """The streets as a graph.

    Attributes:
        at: Metres east and north of nodes, shape (k, 2).
        first: Where the neighbours of each node begin, shape (k + 1,).
        neighbour: The nodes beside each, one node after the other.
        way: The street segment that leads there.
        length_m: How long that is.
    """

    at: Floats
    first: Ints
    neighbour: Ints
    way: Ints
    length_m: Floats

    @classmethod
    def of(cls, mesh: Mesh) -> Streets:
        """The streets of a town that can be walked."""
        way = np.flatnonzero((mesh.rank >= RING) & (mesh.rank < LIMIT))
        one, other = mesh.segments[way].T
        start, end = np.r_[one, other], np.r_[other, one]
        order = np.argsort(start, kind="stable")
        first = np.searchsorted(start[order], np.arange(len(mesh.nodes) + 1))
        both = np.tile(way, 2)[order]
        return cls(mesh.nodes * DEGREE_M, first, end[order], both, mesh.length_m[both])

    def near(self, place: Floats) -> Ints:
        """The nodes with streets, the nearest to a place first."""
        used = np.flatnonzero(np.diff(self.first) > 0)
        return used[np.argsort(np.hypot(*(self.at[used] - place).T), kind="stable")]


@dataclass(frozen=True)
class Walk:
    """Where somebody was at some seconds of a walk; between them in a straight line.

    Attributes:
        at_s: Seconds from the beginning, ascending.
        place: Metres east and north, shape (n, 2).
    """

    at_s: Floats
    place: Floats


def walk(streets: Streets, home: Floats, seconds: float, stay: Collection[int], rng: np.random.Generator) -> Walk:
    """A walk through the streets around a place, those first that were walked least.

    Args:
        streets: The graph.
        home: Metres east and north.
        seconds: How long it lasts.
        stay: Nodes at which the walker stays a while, the first time.
        rng: The source of chance.
    """
    node, before, clock = int(streets.near(home)[0]), -1, 0.0
    # How much a node is shunned for lying far away.
    far = _TOO_FAR * (np.hypot(*(streets.at - home).T) / _REACH_M) ** 8
    walked: dict[int, int] = {}
    to_see, at_s, nodes = set(stay), [0.0], [node]
    while clock < seconds:
        pause = _pause(node in to_see, rng)
        to_see.discard(node)
        if pause:
            clock += pause
            at_s.append(clock)
            nodes.append(node)
        beside = range(streets.first[node], streets.first[node + 1])
        draws = rng.random(len(beside)).tolist()
        shunned: dict[int, float] = {}
        for one, draw in zip(beside, draws, strict=True):
            neighbour = int(streets.neighbour[one])
            back = 1.5 * (neighbour == before)
            shunned[one] = walked.get(int(streets.way[one]), 0) + back + float(far[neighbour]) + draw
        pick = min(shunned, key=shunned.__getitem__)
        way = int(streets.way[pick])
        walked[way] = walked.get(way, 0) + 1
        clock += float(streets.length_m[pick]) / (_WALKS_MS * (0.85 + 0.3 * rng.random()))
        node, before = int(streets.neighbour[pick]), node
        at_s.append(clock)
        nodes.append(node)
    return Walk(np.array(at_s), streets.at[nodes])


def heard(walked: Walk, seconds: float, every_s: float, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
    """What a telephone tells of a walk: whole seconds (n,), degrees (n, 2) and its guess at the error (n,).

    Args:
        walked: The walk.
        seconds: Until when it tells.
        every_s: How often.
        rng: The source of chance.
    """
    at = np.arange(0, seconds, every_s).astype(np.int64)
    n = len(at)
    place = np.column_stack([np.interp(at, walked.at_s, axis) for axis in walked.place.T])
    shock = rng.standard_normal((n, 2)) * _ERROR_M * np.sqrt(1 - _LEFT**2)
    # An error that fades: each one is what is left of the ones before it.
    fade = _LEFT ** np.arange(60)
    place += np.column_stack([np.convolve(axis, fade)[:n] for axis in shock.T])
    accuracy = rng.uniform(4.0, 9.0, n)
    coarse = rng.random(n) < _COARSE
    accuracy[coarse] += _COARSE_M
    place[coarse] += rng.standard_normal((int(coarse.sum()), 2)) * _COARSE_M / 2
    if n > 2 and rng.random() < _LEAPS:
        place[rng.integers(1, n - 1)] += _LEAP_M
    told = np.ones(n, dtype=np.bool_)
    if rng.random() < _SILENT:
        begin = rng.uniform(0.2, 0.8) * seconds
        told = (at < begin) | (at > begin + rng.uniform(*_SILENT_S))
    return at[told], np.round(place[told] / DEGREE_M, 7), np.round(accuracy[told], 1)


def _pause(is_to_be_seen: bool, rng: np.random.Generator) -> float:
    stands = rng.random() < _STANDS
    bounds = _STAYS_S if is_to_be_seen else _STANDS_S if stands else None
    return rng.uniform(*bounds) if bounds else 0.0
