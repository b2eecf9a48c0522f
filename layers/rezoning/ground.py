"""The ground that a draft is drawn on: the cells of a published version, with the draft's own laid over them.

A published version never changes, so its cells are read once and shared by all drafts and threads of the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Grid, Scheme
from gis.crs import LATTICE
from gis.edges import Floats
from gis.kept import Kept
from layers.grids.versions import Cells, Grids, Version, cells_of, version_numbered

_MOST_BASES = 4
# Borders count as meeting up to one and a half lattice steps, so boxes are widened by a little more.
_WIDER = np.array([-2, -2, 2, 2]) * LATTICE


@dataclass(frozen=True)
class Base:
    """The cells of one published version, read only.

    Attributes:
        scheme_id, tree, metric_srid: Of the scheme.
        version: Which version.
        grids: Its grids as arrays, in the order of `grid_no`.
        cells: The ground of each by its number, in the same order.
        boxes: Their boxes, in the same order.
        highest_no: The highest number that any grid of the scheme ever had.
    """

    scheme_id: int
    tree: str
    metric_srid: int
    version: Version
    grids: Grids
    cells: Mapping[int, BaseGeometry]
    boxes: STRtree
    highest_no: int

    @cached_property
    def row_of(self) -> Mapping[int, int]:
        """Number of a grid -> its row in `grids`."""
        return {number: row for row, number in enumerate(self.cells)}


_BASES = Kept[Base](most=_MOST_BASES)


def base_of(session: Session, scheme: Scheme, version: int | None = None) -> Base:
    """The cells of a version of a scheme; of the newest one when none is named.

    Raises:
        NotFound: `unknown_version`.
    """
    found = version_numbered(session, scheme, scheme.version if version is None else version)
    return _BASES.get((found.snapshot_id, scheme.metric_srid), lambda: _read(session, scheme, found))


def _read(session: Session, scheme: Scheme, version: Version) -> Base:
    cells: Cells = cells_of(session, scheme, version=version.number)
    highest = session.scalar(select(func.max(Grid.grid_no)).where(Grid.scheme_id == scheme.id))
    return Base(
        scheme_id=scheme.id,
        tree=scheme.tree,
        metric_srid=scheme.metric_srid,
        version=version,
        grids=Grids(cells.grid_id, cells.grid_no, cells.code, cells.name),
        cells=dict(zip(cells.grid_no.tolist(), cells.geom, strict=True)),
        boxes=STRtree(cells.geom),
        highest_no=highest or 0,
    )


class Ground(Mapping[int, BaseGeometry]):
    """A base with a draft's changes on top: number -> ground of every grid that has some.

    Args:
        base: What the draft started from.
        changed: Number -> ground of the grids that differ from the base, None for one that ends.
        next_no: The number that the next new grid gets; the one after the highest known when not given.
    """

    def __init__(self, base: Base, changed: Mapping[int, BaseGeometry | None], *, next_no: int | None = None) -> None:
        self.base = base
        self.changed = changed
        self.next_no = next_no if next_no is not None else max([base.highest_no, *changed]) + 1
        self._over = {number: ground for number, ground in changed.items() if ground is not None}
        self._over_numbers = np.array(list(self._over), dtype=np.int64)

    @property
    def numbers(self) -> list[int]:
        """The numbers of all grids that have ground, in order."""
        return sorted((self.base.cells.keys() - self.changed.keys()) | self._over.keys())

    def __getitem__(self, number: int) -> BaseGeometry:
        ground = self.changed[number] if number in self.changed else self.base.cells[number]
        if ground is None:
            raise KeyError(number)
        return ground

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.base.cells) - len(self.base.cells.keys() & self.changed.keys()) + len(self._over)

    def around(self, shapes: Iterable[BaseGeometry]) -> dict[int, BaseGeometry]:
        """The grids whose box meets the box of a shape, and all neighbours of those, in the order of their numbers."""
        return self.beside(self._meeting(shapely.bounds(list(shapes)).reshape(-1, 4)))

    def beside(self, numbers: Iterable[int]) -> dict[int, BaseGeometry]:
        """These grids, where they have ground, and all their neighbours, in the order of their numbers."""
        some = [self[number] for number in numbers if number in self]
        near = self._meeting(shapely.bounds(some).reshape(-1, 4))
        return {number: self[number] for number in sorted(near)}

    def _meeting(self, boxes: Floats) -> set[int]:
        """The numbers of the grids whose box meets one of these boxes."""
        asked = shapely.box(*(boxes + _WIDER).T)
        (_, rows), (_, over) = self.base.boxes.query(asked), self._over_boxes.query(asked)
        found = set(self.base.grids.grid_no[rows].tolist()) - self.changed.keys()
        return found | set(self._over_numbers[over].tolist())

    @cached_property
    def _over_boxes(self) -> STRtree:
        return STRtree(list(self._over.values()))
