"""Two sets of cells, before and after: who gives which ground to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import GeometryType, STRtree
from shapely.geometry.base import BaseGeometry

from gis.metric import area_and_width
from gis.remembered import Key, Remembered
from gis.topology import SLIVER_M


@dataclass(frozen=True)
class Transfer:
    """Ground that one grid gives to another.

    Attributes:
        giver: Number of the grid that had it; None for ground of nobody.
        taker: Number of the grid that gets it; None where it becomes nobody's.
        shape: Polygons of EPSG:4326.
        area_m2: Their area in the metric CRS.
    """

    giver: int | None
    taker: int | None
    shape: BaseGeometry
    area_m2: float


Piece = tuple[BaseGeometry, float] | None
"""Ground with its area in square metres; None where there is none."""


def transfers(
    before: Mapping[int, BaseGeometry],
    after: Mapping[int, BaseGeometry | None],
    *,
    metric_srid: int,
    with_nobody: bool = True,
    known: Remembered[Piece] | None = None,
) -> list[Transfer]:
    """Who gives which ground to whom, by falling area.

    Strips narrower than a centimetre are left out: a border that got a vertex moves by that much.

    Args:
        before: Number -> ground, of those of `after` at least that had some.
        after: Number -> ground of every grid that changes; None for one that ends.
        metric_srid: EPSG code of the metric CRS for areas and widths.
        with_nobody: Whether ground may change hands between a grid and nobody; a caller who knows better saves time.
        known: What was found for the same polygons before, in the same metric CRS.

    >>> tiles = {1: shapely.box(0, 0, 2, 1), 2: shapely.box(2, 0, 3, 1)}
    >>> found = transfers(tiles, {1: shapely.box(0, 0, 1, 1), 7: shapely.box(1, 0, 2, 2)}, metric_srid=32631)
    >>> [(one.giver, one.taker, one.shape.bounds) for one in found]
    [(1, 7, (1.0, 0.0, 2.0, 1.0)), (None, 7, (1.0, 1.0, 2.0, 2.0))]
    """
    old = {number: before[number] for number in after if number in before}
    new = {number: ground for number, ground in after.items() if ground is not None}
    givers, takers, had, has = list(old), list(new), list(old.values()), list(new.values())
    grounds = (np.array(some, dtype=np.object_) for some in (had, has))
    beside = STRtree(next(grounds)).query(next(grounds), predicate="intersects").T.tolist()
    asked: dict[tuple[int | None, int | None], Key] = {
        (givers[giver], takers[taker]): (True, had[giver], has[taker])
        for taker, giver in beside
        if givers[giver] != takers[taker]
    }
    if with_nobody:
        near_takers: dict[int, list[BaseGeometry]] = {number: [] for number in takers}
        near_givers: dict[int, list[BaseGeometry]] = {number: [] for number in givers}
        for taker, giver in beside:
            near_takers[takers[taker]].append(had[giver])
            near_givers[givers[giver]].append(has[taker])
        asked |= {(None, number): (False, new[number], *near) for number, near in near_takers.items()}
        asked |= {(number, None): (False, old[number], *near) for number, near in near_givers.items()}
    pieces = (known or Remembered(most=0)).all(list(asked.values()), lambda keys: _pieces(keys, metric_srid))
    found = [Transfer(*pair, *piece) for pair, piece in zip(asked, pieces, strict=True) if piece is not None]
    return sorted(found, key=lambda one: -one.area_m2)


def _pieces(keys: Sequence[Key], metric_srid: int) -> list[Piece]:
    """What two polygons have in common, or what the first has and none of the others; slivers are none."""
    shapes = np.empty(len(keys), dtype=np.object_)
    common = [row for row, (is_common, *_) in enumerate(keys) if is_common]
    shapes[common] = shapely.intersection(
        *np.array([keys[row][1:] for row in common], dtype=np.object_).reshape(-1, 2).T
    )
    for row, (is_common, one, *others) in enumerate(keys):
        if not is_common:
            shapes[row] = shapely.difference(one, shapely.union_all(others)) if others else one
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # a collection may hold a multipolygon
    part_of = part_of[inner]
    solid = shapely.get_type_id(parts) == GeometryType.POLYGON
    parts, part_of = parts[solid], part_of[solid]
    area_m2, width_m = area_and_width(parts, srid=metric_srid)
    wide = width_m >= SLIVER_M
    parts, part_of, area_m2 = parts[wide], part_of[wide], area_m2[wide]
    ends = np.searchsorted(part_of, np.arange(len(keys) + 1)).tolist()
    return [
        (shapely.multipolygons(parts[first:end]), float(area_m2[first:end].sum())) if first < end else None
        for first, end in pairwise(ends)
    ]
