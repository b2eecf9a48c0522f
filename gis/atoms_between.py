"""Ground between atoms: where it is nearer to one than to another, as streets lie between blocks.

The outlines of atoms are taken as points a few metres apart, and the lines halfway between the points of two atoms
are where one gives way to the other. Lines inside atoms mean nothing and are left out.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike
from scipy.spatial import Voronoi
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.atoms import Ints, Links, summed
from gis.edges import Floats, Geometries

# Points along outlines are so far apart, in metres, or farther where there would be more than so many.
_STEP_M = 2.0
_MOST_POINTS = 200_000
# A line may leave the true middle by so much, so that it is not made of many short edges.
_SIMPLE_M = 0.5


class Between:
    """The middle lines between atoms, outside all of them.

    Args:
        atoms: Polygons (n,) of EPSG:4326.

    Attributes:
        lines: Lines of EPSG:4326 (m,).
        pairs: The atoms (m, 2) on their two sides, the lower first.

    >>> two = Between(shapely.box([0, 0.0003], 0, [0.0002, 0.0005], 0.0002))
    >>> two.pairs.tolist(), [round(float(x), 5) for x in shapely.get_coordinates(two.lines[0])[:, 0]]
    ([[0, 1]], [0.00025, 0.00025])
    """

    def __init__(self, atoms: ArrayLike) -> None:
        shapes: Geometries = np.asarray(atoms, dtype=np.object_)
        west, south, east, north = shapely.total_bounds(shapes)
        self._plane = np.array([np.cos(np.radians((south + north) / 2)), 1.0]) * 111_320.0
        flat = shapely.transform(shapes, lambda xy: xy * self._plane)
        xy, atom = _points(flat)
        far = 3 * max((east - west) * self._plane[0], (north - south) * self._plane[1], _STEP_M)
        middle = np.array([west + east, south + north]) / 2 * self._plane
        rim = middle + far * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        # Qhull works near the origin, so that no digit is lost on the way from it.
        made = Voronoi(np.concatenate([xy, rim]) - middle)
        owner = np.append(atom, [-1] * len(rim))[made.ridge_points]
        ends = np.array(made.ridge_vertices, dtype=np.int64)
        useful = (owner >= 0).all(axis=1) & (owner[:, 0] != owner[:, 1]) & (ends >= 0).all(axis=1)
        corners = made.vertices + middle
        ridges = shapely.linestrings(corners[ends[useful]])
        self.pairs, self.lines = _joined(ridges, np.sort(owner[useful], axis=1), flat)
        self.lines = shapely.transform(self.lines, lambda xy: xy / self._plane)

    def links(self, ground: BaseGeometry) -> Links:
        """Which atoms lie beside each other across some ground, by the length of the middle line on it.

        Args:
            ground: Polygons of EPSG:4326.

        >>> atoms = shapely.box([0, 0.0003], 0, [0.0002, 0.0005], 0.0002)
        >>> [round(metres) for metres in Between(atoms).links(shapely.box(0, 0, 1, 0.0002)).border_m]
        [22]
        """
        # Most lines lie wholly inside, which is soon seen; cutting each takes time by the vertices of the ground.
        shapely.prepare(ground)
        astride = ~shapely.covers(ground, self.lines)
        inside = self.lines.copy()
        inside[astride] = shapely.intersection(self.lines[astride], ground)
        return summed(self.pairs, shapely.length(shapely.transform(inside, lambda xy: xy * self._plane)))

    def apart(self, groups: Ints) -> BaseGeometry:
        """The lines between atoms of different groups.

        Args:
            groups: The group of each atom (n,).

        >>> Between(shapely.box([0, 0.0003], 0, [0.0002, 0.0005], 0.0002)).apart(np.array([7, 7])).is_empty
        True
        """
        wanted = groups[self.pairs[:, 0]] != groups[self.pairs[:, 1]]
        return shapely.multilinestrings(shapely.get_parts(self.lines[wanted]))


def _points(flat: Geometries) -> tuple[Floats, Ints]:
    """Points along the outlines of atoms, and the atom of each; where two atoms touch, the lower one's."""
    rings, part_of = shapely.get_rings(shapely.get_parts(flat), return_index=True)
    atom_of = shapely.get_parts(flat, return_index=True)[1][part_of]
    step = max(_STEP_M, float(shapely.length(rings).sum()) / _MOST_POINTS)
    xy, ring_of = shapely.get_coordinates(shapely.segmentize(rings, step), return_index=True)
    _, first = np.unique(np.rint(xy[:, 0] * 1000) + 1j * np.rint(xy[:, 1] * 1000), return_index=True)
    return xy[first], atom_of[ring_of[first]]


def _joined(ridges: Geometries, owner: Ints, flat: Geometries) -> tuple[Ints, Geometries]:
    """Pairs of atoms and the line between them, less what lies inside atoms."""
    middles = shapely.line_interpolate_point(ridges, 0.5, normalized=True)
    outside = np.ones(len(ridges), dtype=np.bool_)
    outside[STRtree(flat).query(middles, predicate="intersects")[0]] = False
    pairs, row = np.unique(owner[outside], axis=0, return_inverse=True)
    order = np.argsort(row.ravel(), kind="stable")
    many = shapely.multilinestrings(ridges[outside][order], indices=row.ravel()[order])
    return pairs.reshape(-1, 2), np.asarray(shapely.simplify(shapely.line_merge(many), _SIMPLE_M), dtype=np.object_)
