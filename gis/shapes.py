"""Any shape in -> a valid 2-D shape of EPSG:4326 on the lattice, or a named problem with its row and place.

Nothing raises for a batch: a row that cannot be used becomes None and gets a `ShapeNote`; a row that was
changed on the way gets one too. Each coordinate is rounded by itself, so neighbours that shared a border before
share it after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from shapely import GeometryType
from shapely.geometry.base import BaseGeometry

from gis.crs import LATTICE, STORED_SRID, to_lattice, transformer
from gis.declarations import refuse_unsuitable
from gis.edges import Counts, Floats, Geometries, split_edges

MAX_VERTICES = 1_000_000
"""The most vertices one polygon may have."""

_BEND_M = 0.004
_METRES_PER_DEGREE = 111_320.0
_REPAIR_ROUNDS = 6
_POLYGONAL = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
_LINEAR = (GeometryType.LINESTRING, GeometryType.MULTILINESTRING)

NOTES = {
    "shape_missing": "There is no shape.",
    "shape_wrong_type": "The shape is of another type than this layer takes.",
    "shape_not_finite": "The shape has a coordinate that is not a number.",
    "shape_out_of_range": "The shape has coordinates that are not degrees; declare the CRS they are in.",
    "shape_too_large": "The shape has more vertices than one shape may have; split or simplify it.",
    "shape_no_area": "The shape has no area left at the stored precision.",
    "shape_ambiguous": "The outline crosses or covers itself so that its inside depends on the reading; redraw it.",
    "shape_unstable": "The outline crosses itself and cannot be put on the lattice; redraw it at this place.",
    "shape_repaired": "The outline touched or crossed itself and was made valid; no ground was gained or lost.",
    "shape_merged": "Rows of one code became one shape.",
    "shape_parts_overlap": "Rows of one code overlap; give each shape a code of its own or remove one.",
}
"""Code of a note -> plain sentence."""


@dataclass(frozen=True)
class ShapeNote:
    """What happened to one row.

    Attributes:
        row: 0-based index into the array that came in.
        code: A key of `NOTES`.
        refused: True if the row is None now, False if it was changed and kept.
        where: The place in the coordinates of the shape, None where there is none.
        values: Further facts (counts, types), JSON-serialisable.
    """

    row: int
    code: str
    refused: bool
    where: BaseGeometry | None = None
    values: dict[str, float | str] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """One plain English sentence."""
        return NOTES[self.code]
