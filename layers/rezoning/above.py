"""The areas that grids belong to, kept in memory once asked for; an area that is there never changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Area, Grid


@dataclass(frozen=True, eq=False)
class AreaAbove:
    """An area; `geom` is its ground in EPSG:4326, and not prepared: threads share it, a prepared shape they may not."""

    code: str
    name: str
    geom: BaseGeometry


class AreasAbove:
    """The areas of the grids that were asked for."""

    def __init__(self) -> None:
        self._of_grid: dict[int, int | None] = {}
        self._areas: dict[int, AreaAbove] = {}

    def of(self, session: Session, grid_ids: Iterable[int]) -> dict[int, AreaAbove]:
        """Id of a grid -> its area, for those that belong to one."""
        asked = set(grid_ids)
        if missing := asked - self._of_grid.keys():
            # All of their scheme at once: whoever asks for some will ask for others.
            schemes = select(Grid.scheme_id).where(Grid.id.in_(missing))
            rows = session.execute(select(Grid.id, Grid.area_id).where(Grid.scheme_id.in_(schemes)))
            self._of_grid |= {row.id: row.area_id for row in rows}
        belongs = {one: area for one in asked if (area := self._of_grid.get(one)) is not None}
        if not set(belongs.values()) <= self._areas.keys():
            unread = set(self._of_grid.values()) - {None} - self._areas.keys()
            found = select(Area.id, Area.code, Area.name, Area.geom).where(Area.id.in_(unread))
            for row in session.execute(found):
                self._areas[row.id] = AreaAbove(row.code, row.name, row.geom)
        return {one: self._areas[area] for one, area in belongs.items()}
