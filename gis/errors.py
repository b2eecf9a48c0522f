"""The root of every error the product raises on purpose."""

from __future__ import annotations

from typing import Any

from shapely.geometry.base import BaseGeometry


class GridError(Exception):
    """Something the caller can act on; it names the field, the value and the place.

    Args:
        code: Stable identifier, lower_snake_case; every code has a heading in docs/errors.md.
        detail: One plain English sentence saying what is wrong and what to do.
        field: Name of the offending field, column or option.
        value: The offending value, shortened to 200 characters when shown.
        where: The place in EPSG:4326, or None where there is none.
        values: Further facts for machines (counts, limits), JSON-serialisable.

    >>> raise GridError("no_such_thing", "There is no such thing.", field="thing", value="x")
    Traceback (most recent call last):
    gis.errors.GridError: There is no such thing.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        value: object = None,
        where: BaseGeometry | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.value = None if value is None else str(value)[:200]
        self.where = where
        self.values = values or {}


class BadInput(GridError):
    """What came in cannot be used as it is; nothing was stored."""
