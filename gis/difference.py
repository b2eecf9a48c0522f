"""Two sets of cells, before and after: who gives which ground to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType, STRtree
from shapely.geometry.base import BaseGeometry

from gis.edges import Geometries
from gis.metric import area_and_width
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


def transfers(
    before: Mapping[int, BaseGeometry],
    after: Mapping[int, BaseGeometry | None],
    *,
    metric_srid: int,
    with_nobody: bool = True,
) -> list[Transfer]:
    """Who gives which ground to whom, by falling area.

    Strips narrower than a centimetre are left out: a border that got a vertex moves by that much.

    Args:
        before: Number -> ground, of those of `after` at least that had some.
        after: Number -> ground of every grid that changes; None for one that ends.
        metric_srid: EPSG code of the metric CRS for areas and widths.
        with_nobody: Whether ground may change hands between a grid and nobody; a caller who knows better saves time.

    >>> tiles = {1: shapely.box(0, 0, 2, 1), 2: shapely.box(2, 0, 3, 1)}
    >>> found = transfers(tiles, {1: shapely.box(0, 0, 1, 1), 7: shapely.box(1, 0, 2, 2)}, metric_srid=32631)
    >>> [(one.giver, one.taker, one.shape.bounds) for one in found]
    [(1, 7, (1.0, 0.0, 2.0, 1.0)), (None, 7, (1.0, 1.0, 2.0, 2.0))]
    """
    givers = [number for number in after if number in before]
    takers = [number for number, ground in after.items() if ground is not None]
    old: Geometries = np.array([before[number] for number in givers], dtype=np.object_)
    new: Geometries = np.array([after[number] for number in takers], dtype=np.object_)
    taker, giver = STRtree(old).query(new, predicate="intersects")
    apart = np.array(givers)[giver] != np.array(takers)[taker] if len(giver) else np.empty(0, dtype=np.bool_)
    taker, giver = taker[apart], giver[apart]
    pairs: list[tuple[int | None, int | None]] = [
        (givers[one], takers[other]) for one, other in zip(giver.tolist(), taker.tolist(), strict=True)
    ]
    shapes = [shapely.intersection(old[giver], new[taker])]
    if with_nobody:
        pairs += [(None, number) for number in takers] + [(number, None) for number in givers]
        shapes += [shapely.difference(new, shapely.union_all(old)), shapely.difference(old, shapely.union_all(new))]
    return _measured(pairs, np.concatenate(shapes), metric_srid)


def _measured(
    pairs: list[tuple[int | None, int | None]], shapes: NDArray[np.object_], metric_srid: int
) -> list[Transfer]:
    parts, row = shapely.get_parts(shapes, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # a collection may hold a multipolygon
    row = row[inner]
    solid = shapely.get_type_id(parts) == GeometryType.POLYGON
    parts, row = parts[solid], row[solid]
    area_m2, width_m = area_and_width(parts, srid=metric_srid)
    wide = width_m >= SLIVER_M
    parts, row, area_m2 = parts[wide], row[wide], area_m2[wide]
    found = []
    for one in np.unique(row).tolist():
        giver, taker = pairs[one]
        shape = shapely.multipolygons(parts[row == one])
        found.append(Transfer(giver, taker, shape, float(area_m2[row == one].sum())))
    return sorted(found, key=lambda one: -one.area_m2)
