"""Edits of a draft as they are sent; docs/planner.md tells what each one does."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.cases import Coordinate, Text

# Farther than this a street is not the one that was meant.
_FARTHEST_SNAP_M = 200

Position = tuple[Coordinate, Coordinate]
GridNo = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Ids = Annotated[list[Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]], Field(min_length=1, max_length=10_000)]
Name = Annotated[Text, Field(min_length=1, max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineString(_Strict):
    """A line of GeoJSON."""

    type: Literal["LineString"]
    coordinates: list[Position] = Field(min_length=2)


class Polygon(_Strict):
    """A polygon of GeoJSON."""

    type: Literal["Polygon"]
    coordinates: list[list[Position]] = Field(min_length=1)


class MultiPolygon(_Strict):
    """Polygons of GeoJSON."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[Position]]] = Field(min_length=1)


Area = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]


class _Edit(_Strict):
    datum: Text = Field(max_length=40)

    def data(self) -> dict[str, Any]:
        """The edit as it came."""
        return self.model_dump(mode="json", exclude_unset=True)


class _OfGround(_Edit):
    area: Area | None = None
    buildings: Ids | None = None
    atoms: Ids | None = None

    @model_validator(mode="after")
    def _one_ground(self) -> _OfGround:
        if sum(given is not None for given in (self.area, self.buildings, self.atoms)) != 1:
            raise ValueError("needs one of area, buildings and atoms")
        return self


class Split(_Edit):
    """Cut a grid in two along a line; with `snap_m` the line is laid on streets so near."""

    kind: Literal["split"]
    grid: GridNo
    line: LineString
    larger: bool = Field(default=False, strict=True)
    snap_m: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=_FARTHEST_SNAP_M)] | None = None
    name: Name | None = None


class Merge(_Edit):
    """Give the ground of grids to one of them."""

    kind: Literal["merge"]
    grids: list[GridNo] = Field(min_length=1, max_length=1000)
    into: GridNo


class MoveVertex(_Edit):
    """Move a corner, with all grids that have it."""

    kind: Literal["move_vertex"]
    vertex: Position
    to: Position


class MoveEdge(_Edit):
    """Move the two corners of an edge."""

    kind: Literal["move_edge"]
    ends: tuple[Position, Position]
    to: tuple[Position, Position]


class InsertVertex(_Edit):
    """Add a corner to the nearest border."""

    kind: Literal["insert_vertex"]
    at: Position


class Transfer(_OfGround):
    """Give ground to another grid; without a giver it is ground of nobody."""

    kind: Literal["transfer"]
    giver: GridNo | None = None
    taker: GridNo


class Carve(_OfGround):
    """Make a grid of its own of some ground."""

    kind: Literal["carve"]
    name: Name | None = None


class Cell(_Strict):
    """The ground of one grid, null for one that ends."""

    grid_no: GridNo
    geometry: Area | None
    name: Name | None = None


class Replace(_Edit):
    """Put new ground in the place of the old, grid by grid."""

    kind: Literal["replace"]
    cells: list[Cell] = Field(min_length=1)


Edit = Annotated[
    Split | Merge | MoveVertex | MoveEdge | InsertVertex | Transfer | Carve | Replace, Field(discriminator="kind")
]
