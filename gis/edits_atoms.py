"""Grids dealt out by atoms: each place of their ground goes where the nearest atom goes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE
from gis.edges import Floats, Geometries
from gis.edits_cut import Cut
from gis.edits_faces import Cells, Edited, Label, redrawn
from gis.edits_units import UNIT_M, in_units, require
from gis.linework import linework

# Middle lines are only nearly halfway; of atoms so near to each other the outlines part the ground as well.
_NEAR_M = 10.0


def deal_out(
    cells: Cells,
    grids: Iterable[int],
    atoms: ArrayLike,
    goes: ArrayLike,
    *,
    middle: BaseGeometry | None = None,
    afresh: bool = False,
) -> Edited:
    """Give the ground of some grids to others or to new ones, atom by atom.

    A place inside an atom goes with it, a place outside all of them with the nearest. So streets between blocks go
    along, and the grids' ground is dealt out without a rest.

    Args:
        cells: The grids and their neighbours.
        grids: Whose ground is dealt out.
        atoms: Polygons (n,) of EPSG:4326 that have this ground, or most of theirs on it.
        goes: The number of the grid that each atom goes to (n,); numbers of new grids among them.
        middle: Lines halfway between atoms that go to different grids, outside all atoms.
        afresh: Whether the old borders count for nothing: grids may end, and narrow pieces may change hands.

    Raises:
        BadInput: `nothing_changes`, and those of every edit.

    >>> atoms = shapely.box([0, 1, 2], 0, [1, 2, 3], 1)
    >>> made = deal_out({7: shapely.box(0, 0, 3, 1), 8: shapely.box(3, 0, 4, 1)}, [7], atoms, [7, 7, 8])
    >>> [ground.area for ground in made.after]
    [2.0, 2.0]
    """
    stage, shapes, taker = sorted(set(grids)), np.asarray(atoms, dtype=np.object_), np.asarray(goes, dtype=np.int64)
    require(cells, *stage)
    units = np.array(list(in_units(dict(enumerate(shapes))).values()), dtype=np.object_)
    halves = [] if middle is None else shapely.get_parts(shapely.transform(middle, lambda xy: xy / LATTICE))
    drawn = shapely.multilinestrings([*_outlines(units, taker), *halves])
    return redrawn(cells, stage, drawn, _nearest(units, taker, stage), nothing="nothing_changes", afresh=afresh)


def _outlines(units: Geometries, taker: NDArray[np.int64]) -> Geometries:
    """Edges of atoms near one that goes elsewhere, but for those between two that go together."""
    one, other = STRtree(units).query(units, predicate="dwithin", distance=_NEAR_M / UNIT_M)
    rows = np.unique(one[taker[one] != taker[other]])
    # Where all go to one there is nothing to be parted; one outline is drawn all the same.
    rows = rows if len(rows) else np.array([0])
    lines = linework(units[rows])
    parting = [len(beside) == 1 or len({*taker[rows[[*beside]]].tolist()}) > 1 for beside in lines.cells_of_edge]
    return lines.edges()[parting]


def _nearest(units: Geometries, taker: NDArray[np.int64], stage: list[int]) -> Label:
    """Each face of the grids goes with its nearest atom; north-south and east-west metres count alike."""

    def label(made: Cut) -> list[int | None]:
        inner = shapely.point_on_surface(made.faces)
        squeeze = np.array([np.cos(np.radians(inner[0].y * LATTICE)), 1.0])

        def squeezed(xy: Floats) -> Floats:
            return np.asarray(xy * squeeze)

        tree = STRtree(shapely.transform(units, squeezed))
        _, atom = tree.query_nearest(shapely.transform(inner, squeezed), all_matches=False)
        goes = taker[atom].tolist()
        return [to if owner in stage else owner for to, owner in zip(goes, made.owners, strict=True)]

    return label
