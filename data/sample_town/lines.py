"""The main lines of a town in the drawing plane: arterials, secondary streets, rings, a diagonal, the river, the limit.

The drawing plane is flat, in metres, centred on the town; its straight lines are bent later by `ground`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.sizes import Size

Floats = NDArray[np.float64]
Lines = NDArray[np.object_]

# Ranks order what a border likes to follow, and what names an edge that several lines share.
RIVER, RING, ARTERIAL, SECONDARY, LANE, LIMIT = range(6)
KINDS = ("river", "ring", "arterial", "secondary", "lane", "limit")


@dataclass(frozen=True)
class Drawn:
    """Lines of the drawing plane; pieces of one street share its number."""

    lines: Lines
    rank: NDArray[np.int64]
    street: NDArray[np.int64]
    limit: shapely.Polygon


def draw(size: Size, rng: np.random.Generator) -> Drawn:
    """Draw the main lines of a town.

    Args:
        size: The measures of the town.
        rng: The source of chance; the same state draws the same lines.
    """
    radius = size.radius_m
    limit = _limit(radius, rng)
    xs, ys = (_positions(radius * 1.25, size.arterial_m, rng) for _ in range(2))
    ringed: tuple[set[int], set[int]] = (set(), set())
    found: list[tuple[int, list[shapely.LineString]]] = [
        (LIMIT, [limit.exterior]),
        (RIVER, [_river(radius, rng)]),
    ]
    for share in size.rings:
        west, east = (_middle(xs, side * share * radius, ringed[0]) for side in (-1, 1))
        south, north = (_middle(ys, side * share * radius, ringed[1]) for side in (-1, 1))
        found.append((RING, [_ring(west, south, east, north)]))
    found += [(ARTERIAL, [line]) for line in _diagonals(size, xs, ys, rng)]
    far = radius * 1.4
    found += [(ARTERIAL, [shapely.LineString([(x, -far), (x, far)])]) for x in xs]
    found += [(ARTERIAL, [shapely.LineString([(-far, y), (far, y)])]) for y in ys]
    found += [(SECONDARY, _pieces(x, ys, True, rng)) for x in _secondary_positions(xs, ringed[0], rng)]
    found += [(SECONDARY, _pieces(y, xs, False, rng)) for y in _secondary_positions(ys, ringed[1], rng)]
    pieces = [len(lines) for _, lines in found]
    return Drawn(
        np.array([line for _, lines in found for line in lines], dtype=object),
        np.repeat([rank for rank, _ in found], pieces),
        np.repeat(np.arange(len(found)), pieces),
        limit,
    )


def _limit(radius: float, rng: np.random.Generator) -> shapely.Polygon:
    """A town limit that is neither a circle nor a box: a rounded square with bays, a ragged line close up."""
    angle = np.linspace(0, 2 * np.pi, 240 + int(radius / 25), endpoint=False)
    r = (np.abs(np.cos(angle)) ** 3 + np.abs(np.sin(angle)) ** 3) ** (-1 / 3)
    for waves, swing in ((2, 0.05), (3, 0.05), (5, 0.035), (9, 0.02), (23, 0.006)):
        r = r * (1 + swing * np.cos(waves * angle + rng.uniform(0, 2 * np.pi)))
    return shapely.Polygon(np.c_[r * np.cos(angle), r * np.sin(angle)] * radius)


def _positions(reach: float, step: float, rng: np.random.Generator) -> Floats:
    """Offsets of parallel arterials, closer in the middle than outside."""
    count = int(reach / step) + 1
    k = np.arange(-count, count + 1, dtype=np.float64)
    at = k * step * (0.82 + 0.3 * np.abs(k) / count) + rng.uniform(-0.13, 0.13, len(k)) * step
    return np.asarray(at[np.abs(at) < reach])


def _middle(at: Floats, target: float, taken: set[int]) -> float:
    """The middle of the band between two arterials that is nearest to a target; the band is taken from then on."""
    middles = (at[1:] + at[:-1]) / 2
    band = int(np.abs(middles - target).argmin())
    taken.add(band)
    return float(middles[band])


def _ring(west: float, south: float, east: float, north: float) -> shapely.LineString:
    """A ring road: straight sides in the middle of their bands, wide corners."""
    corner = 0.42 * min(east - west, north - south) / 2
    box = shapely.box(west + corner, south + corner, east - corner, north - corner)
    return box.buffer(corner, quad_segs=10 + int(corner / 60)).exterior


def _diagonals(size: Size, xs: Floats, ys: Floats, rng: np.random.Generator) -> list[shapely.LineString]:
    """Avenues that cut the net obliquely, each from a crossing of arterials to beyond the limit."""
    lines = []
    for k in range(size.diagonals):
        angle = np.radians(38 + 65 * k + rng.uniform(-6, 6))
        way = np.array([np.cos(angle), np.sin(angle)])
        wish = np.array([0.31, -0.17]) * size.arterial_m * (1 + 2 * k) - way * size.radius_m * (
            0.45 if k == 0 else -0.1
        )
        start = np.array([at[np.abs(at - w).argmin()] for at, w in zip((xs, ys), wish, strict=True)])
        lines.append(shapely.LineString([start, start + way * size.radius_m * 1.9]))
    return lines


def _river(radius: float, rng: np.random.Generator) -> shapely.LineString:
    """A river from the north-west to the east, with bends on three scales."""
    t = np.linspace(-1.5, 1.5, int(240 + radius / 40))
    y = -0.18 * t + 0.12 + 0.16 * np.sin(2.3 * t + rng.uniform(-0.3, 0.3))
    for waves, swing in ((7.1, 0.035), (17.0, 0.012)):
        y = y + swing * np.sin(waves * t + rng.uniform(0, 2 * np.pi)) * (2_150 / radius) ** 0.35
    return shapely.LineString(np.c_[t, y] * radius)


def _secondary_positions(at: Floats, taken: set[int], rng: np.random.Generator) -> list[float]:
    """One or two secondary streets in each band between arterials, none where a ring runs."""
    found = []
    for band, (low, high) in enumerate(pairwise(at)):
        if band not in taken:
            shares = (0.5,) if rng.random() < 0.55 else (0.35, 0.67)
            found += [low + (high - low) * (share + rng.uniform(-0.05, 0.05)) for share in shares]
    return found


def _pieces(at: float, across: Floats, upright: bool, rng: np.random.Generator) -> list[shapely.LineString]:
    """A secondary street from arterial to arterial, now and then broken off for one block."""
    kept = rng.random(len(across) - 1) < 0.84
    return [
        shapely.LineString([(at, a), (at, b)] if upright else [(a, at), (b, at)])
        for a, b, keep in zip(across[:-1], across[1:], kept, strict=True)
        if keep
    ]
