"""The edges of cells as each cell has them, and which edges of two cells are one border.

Where both cells have the same vertices their edges are the same to the bit. Where one has a vertex that the other
lacks, that vertex was rounded to the lattice and seldom lies on the other's straight edge: such edges run along each
other within `TOUCH`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import STRtree

from gis.crs import LATTICE
from gis.edges import Floats, Geometries
from gis.linework import TOUCH

Ints = NDArray[np.int64]
_Points = NDArray[np.complex128]

# Odd, and with their bits well mixed: what edges are told apart by before their ends are compared.
_EAST, _NORTH, _MIX = (np.uint64(factor) for factor in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93))


@dataclass(frozen=True)
class Sides:
    """Edges (e,) of cells in the order of the cells, those of no length left out.

    Attributes:
        start: Where each begins, in lattice units from 0 degrees, as complex numbers x + iy.
        end: Where each ends.
        cell: The place of the cell that has it.
    """

    start: _Points
    end: _Points
    cell: Ints

    def lines(self, rows: Ints) -> Geometries:
        """Some edges as lines in lattice units."""
        ends = np.stack([self.start[rows], self.end[rows]], axis=1)
        return np.asarray(shapely.linestrings(np.stack([ends.real, ends.imag], axis=2)), dtype=np.object_)


def sides_of(cells: ArrayLike) -> Sides:
    """The edges of polygons (n,) of EPSG:4326 on the lattice, holes included; None and empty ones have none.

    >>> sides_of([shapely.box(0, 0, 1, 1), None]).cell.tolist()
    [0, 0, 0, 0]
    """
    parts, cell_of = shapely.get_parts(np.asarray(cells, dtype=np.object_), return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    coords, ring_of = shapely.get_coordinates(rings, return_index=True)
    xy = np.rint(coords / LATTICE).view(np.complex128).ravel()
    at = np.flatnonzero((ring_of[1:] == ring_of[:-1]) & (xy[1:] != xy[:-1]))
    return Sides(xy[at], xy[at + 1], cell_of[part_of[ring_of[at]]].astype(np.int64))


def twins(sides: Sides) -> tuple[Ints, Ints]:
    """Pairs of sides that have the same two ends, in whichever direction; where more than two have, every two of them.

    >>> one, other = twins(sides_of(shapely.box([0, 1], 0, [1, 2], 1)))
    >>> len(one), sides_of(shapely.box([0, 1], 0, [1, 2], 1)).cell[[one[0], other[0]]].tolist()
    (1, [0, 1])
    """
    name = _names(sides.start) + _names(sides.end)
    order = np.argsort(name)
    first, second = equals(name[order])
    a, b = order[first], order[second]
    same = (sides.start[a] == sides.start[b]) & (sides.end[a] == sides.end[b])
    same |= (sides.start[a] == sides.end[b]) & (sides.end[a] == sides.start[b])
    return np.minimum(a, b)[same], np.maximum(a, b)[same]


def equals(ascending: NDArray[Any]) -> tuple[Ints, Ints]:
    """Places of every two values that are equal, the lower place first.

    >>> [places.tolist() for places in equals(np.array([1, 4, 4, 4, 5]))]
    [[1, 2, 1], [2, 3, 3]]
    """
    first = np.arange(len(ascending))
    found = [(first[:0], first[:0])]
    for apart in range(1, len(ascending)):
        first = first[first < len(ascending) - apart]
        first = first[ascending[first] == ascending[first + apart]]
        if not len(first):
            break
        found.append((first, first + apart))
    one, other = zip(*found, strict=True)
    return np.concatenate(one), np.concatenate(other)


def alone(sides: Sides, *paired: Ints) -> Ints:
    """The sides that are in no pair.

    >>> sides = sides_of(shapely.box([0, 1], 0, [1, 2], 1))
    >>> len(alone(sides, *twins(sides)))
    6
    """
    left = np.ones(len(sides.cell), dtype=np.bool_)
    for rows in paired:
        left[rows] = False
    return np.flatnonzero(left)


def along(sides: Sides, rows: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs of some sides, of different cells, that run along each other, and the share of the first that does.

    >>> sides = sides_of(shapely.box([0, 1, 1], [0, 0, 1], [1, 2, 2], [2, 1, 2]))
    >>> one, other, share = along(sides, alone(sides, *twins(sides)))
    >>> sides.cell[one].tolist(), sides.cell[other].tolist(), share.tolist()
    ([0, 0], [1, 2], [0.5, 0.5])
    """
    lines = sides.lines(rows)
    west, south, east, north = shapely.bounds(lines).T
    boxes = shapely.box(west - TOUCH, south - TOUCH, east + TOUCH, north + TOUCH)
    one, other = (rows[found] for found in STRtree(lines).query(boxes))
    apart = sides.cell[one] < sides.cell[other]
    one, other = one[apart], other[apart]
    start, way, across = sides.start[one], sides.end[one] - sides.start[one], sides.end[other] - sides.start[other]
    where = np.stack([_dot(place[other] - start, way) for place in (sides.start, sides.end)]) / np.abs(way) ** 2
    low, high = np.maximum(where.min(axis=0), 0.0), np.minimum(where.max(axis=0), 1.0)
    near = high > low
    for share in (low, high):
        offset = start + share * way - sides.start[other]
        near &= np.abs(across.real * offset.imag - across.imag * offset.real) <= TOUCH * np.abs(across)
    return one[near], other[near], (high - low)[near]


def _names(points: _Points) -> NDArray[np.uint64]:
    """A number for each point that hardly any other has."""
    east, north = points.real.astype(np.int64).view(np.uint64), points.imag.astype(np.int64).view(np.uint64)
    mixed = east * _EAST + north * _NORTH
    return np.asarray((mixed ^ (mixed >> np.uint64(32))) * _MIX)


def _dot(a: _Points, b: _Points) -> Floats:
    return np.asarray(a.real * b.real + a.imag * b.imag)
