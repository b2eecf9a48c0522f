"""Column types: geometry that gives and takes shapely, instants and periods."""

from __future__ import annotations

from typing import Any

import shapely
from geoalchemy2 import Geometry
from geoalchemy2.elements import WKBElement
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from gis.crs import STORED_SRID

Instant = DateTime(timezone=True)
Period = TSTZRANGE


class Shape(TypeDecorator[BaseGeometry]):
    """A geometry column in the stored CRS; Python sees shapely, never a WKB element."""

    impl = Geometry
    cache_ok = True

    def __init__(self, geometry_type: str) -> None:
        super().__init__(geometry_type, srid=STORED_SRID, spatial_index=False)

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> Any:
        """Shapely in."""
        del dialect
        return None if value is None else from_shape(value, srid=STORED_SRID)

    def process_result_value(self, value: WKBElement | None, dialect: Dialect) -> BaseGeometry | None:
        """Shapely out."""
        del dialect
        return None if value is None else to_shape(value)


def ewkb_hex(geoms: Any) -> Any:
    """An array of shapely geometries as hex EWKB with the stored SRID, the form that COPY takes."""
    return shapely.to_wkb(shapely.set_srid(geoms, STORED_SRID), hex=True, include_srid=True)
