"""What is asked of suggestions and partitions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.cases import Text
from api.schemas.edits import Area, GridNo
from gis.partition import TOLERANCE
from layers.rezoning.parting import MOST_PARTS, Wish
from layers.rezoning.suggestions import MOST_GRIDS

_Share = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1)]


class _Balanced(BaseModel):
    model_config = ConfigDict(extra="forbid")

    measure: Text | None = Field(default=None, max_length=40)
    weights: dict[Text, Any] | None = None


class SuggestionsAsked(_Balanced):
    """What could be given to whom?

    Attributes:
        measure: What to balance; as settled for the draft when absent.
        weights: What work takes, in minutes; as settled for the draft when absent.
        grids: Grids that are to give or to take; those farthest from the mean when absent.
    """

    grids: list[GridNo] | None = Field(default=None, min_length=1, max_length=MOST_GRIDS)


class PartitionWanted(_Balanced):
    """A fresh partition of some grids' ground.

    Attributes:
        grids: The grids; or
        area: an area that stands for the grids that have more than half of their ground in it.
        datum: Of the area; needed with it.
        parts: How many parts; as many as there are grids when absent.
        seed: The same number gives the same partition.
        tolerance: How far the figure of a part may be from the mean, as a share of it.
    """

    grids: list[GridNo] | None = Field(default=None, min_length=1, max_length=MOST_PARTS)
    area: Area | None = None
    datum: Text | None = Field(default=None, max_length=40)
    parts: Annotated[int, Field(strict=True, ge=1, le=MOST_PARTS)] | None = None
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 1
    tolerance: _Share = TOLERANCE

    @model_validator(mode="after")
    def _one_ground(self) -> PartitionWanted:
        if (self.grids is None) == (self.area is None):
            raise ValueError("needs one of grids and area")
        return self

    def wish(self) -> Wish:
        """What is wanted, for the verb."""
        return Wish(**self.model_dump(mode="json"))
