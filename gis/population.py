"""People who were counted by cells of a raster, spread over the buildings in each."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gis.edges import Geometries
from gis.walking import Ints


def people_of_cells(
    cells: Geometries,
    people: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike,
    *,
    known: ArrayLike | None = None,
) -> tuple[Ints, Ints]:
    """Whole people for each building, so that those of a cell add up to its people.

    A building gets its share of the people of the cell by its share of the weight there; what is left over by rounding
    down goes, one by one, to those that lost most by it, the first of equals. A building on a border is in the cell
    that comes first. Buildings whose people are known keep them, and the others share what these leave.

    Args:
        cells: Polygons (c,) that do not overlap; missing ones hold nobody.
        people: How many live in each (c,), whole numbers from 0 up.
        x, y: A place inside each building (b,), in the CRS of the cells.
        weight: What each building counts in its cell (b,), 0 or more: its ground, or its floors.
        known: People of each building (b,), -1 where nobody counted them; nobody counted any if not given.

    Returns:
        People of each building (b,), -1 where it lies in no cell and is not known; and of each cell how many found no
        building (c,).

    >>> squares = shapely.box([0, 10, 20], 0, [10, 20, 30], 10)
    >>> x, ground = [1, 2, 12, 50], [100, 200, 50, 50]
    >>> [part.tolist() for part in people_of_cells(squares, [10, 7, 3], x, [5, 5, 5, 5], ground)]
    [[3, 7, 7, -1], [0, 0, 3]]
    >>> people_of_cells(squares, [10, 7, 3], x, [5, 5, 5, 5], ground, known=[4, -1, -1, -1])[0].tolist()
    [4, 6, 7, -1]
    """
    count, weights = np.asarray(people, dtype=np.int64), np.asarray(weight, dtype=np.float64)
    places = shapely.points(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    size, out = len(count), np.full(len(places), -1, dtype=np.int64)
    building, inside = shapely.STRtree(cells).query(places, predicate="intersects")
    cell = np.full(len(places), size, dtype=np.int64)
    np.minimum.at(cell, building, inside)
    if known is not None:
        out = np.array(known, dtype=np.int64)
        counted = (out >= 0) & (cell < size)
        count = np.maximum(count - np.bincount(cell[counted], out[counted], minlength=size).astype(np.int64), 0)
    housed = np.flatnonzero((cell < size) & (out < 0))
    of = cell[housed]
    lodgers = np.bincount(of, minlength=size)
    total = np.bincount(of, weights[housed], minlength=size)[of]
    # Where no building of a cell counts anything they count alike.
    share = np.divide(weights[housed], total, out=1 / lodgers[of], where=total > 0)
    exact = share * count[of]
    found = np.floor(exact).astype(np.int64)
    left = count - np.bincount(of, found, minlength=size).astype(np.int64)
    order = np.lexsort((np.arange(len(of)), found - exact, of))
    begin = np.searchsorted(of[order], of[order])
    found[order] += np.arange(len(order)) - begin < left[of[order]]
    out[housed] = found
    return out, np.where(lodgers == 0, count, 0)
