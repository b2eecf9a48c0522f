"""What other boundaries would change, and what was worked out on the way and need not be again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy import int64
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.difference import Piece
from gis.edges import Floats, Geometries
from gis.point_store import Flips
from gis.remembered import Remembered
from layers.rezoning.figures import Figures

_MOST = 20_000


@dataclass(frozen=True)
class Memory:
    """What was worked out from polygons: one more edit changes little of all that a draft changes.

    Attributes:
        plane: Area in square metres, and how round a polygon is.
        street_m: Metres of street in it.
        pieces: Ground that changes hands; see `gis.difference`.
        outside: Ground outside an area, and how much.
        told: Shapes as GeoJSON.
    """

    plane: Remembered[tuple[float, float]] = field(default_factory=lambda: Remembered(most=_MOST))
    street_m: Remembered[float] = field(default_factory=lambda: Remembered(most=_MOST))
    pieces: Remembered[Piece] = field(default_factory=lambda: Remembered(most=_MOST))
    outside: Remembered[tuple[Geometries, float]] = field(default_factory=lambda: Remembered(most=_MOST))
    told: Remembered[dict[str, Any]] = field(default_factory=lambda: Remembered(most=_MOST))


@dataclass(frozen=True)
class Shift:
    """What other boundaries would change.

    Attributes:
        numbers: The grids whose polygons differ (k,), in order, and those that win or lose a point on their border.
        before, after: Their polygons, None where a grid is new or ends.
        with_nobody: Whether ground may change hands between a grid and nobody.
        was, now: The figures of all grids of the scheme under either.
        cases: Cases that change hands; `caseload` reads their keys.
        buildings: Buildings that change hands; their keys are ids, 0 for a block that stands in.
        of_buildings: Households and people (n, 2) of those.
        round_before, round_after: How round the polygons are (k,), 0 where there is none.
        memory: What was worked out from the same polygons before.
    """

    numbers: tuple[int, ...]
    before: tuple[BaseGeometry | None, ...]
    after: tuple[BaseGeometry | None, ...]
    with_nobody: bool
    was: Figures
    now: Figures
    cases: Flips
    buildings: Flips
    of_buildings: NDArray[int64]
    round_before: Floats
    round_after: Floats
    memory: Memory
