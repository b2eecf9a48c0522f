"""Questions about grids, as parameters of an address; one that is unknown is refused, not passed over."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Instant
from layers.grids.schemes import DEFAULT_SCHEME


class PlaceAsked(BaseModel):
    """Which grid lies here?

    Attributes:
        lon: Longitude or easting in the declared datum.
        lat: Latitude or northing.
        datum: As for a report; never guessed.
        at: The instant whose boundaries judge, now when absent.
        scheme: The scheme of grids.
    """

    model_config = ConfigDict(extra="forbid")

    lon: float = Field(allow_inf_nan=False)
    lat: float = Field(allow_inf_nan=False)
    datum: str = Field(max_length=40)
    at: Instant | None = None
    scheme: str = DEFAULT_SCHEME


class CountsAsked(BaseModel):
    """How many cases are in each grid?

    Attributes:
        scheme: The scheme of grids.
        since: From this instant on.
        until: Before this instant.
        state: Only cases in this state.
        category: Only cases of this category.
    """

    model_config = ConfigDict(extra="forbid")

    scheme: str = DEFAULT_SCHEME
    since: Instant | None = Field(default=None, alias="from")
    until: Instant | None = Field(default=None, alias="to")
    state: str | None = None
    category: str | None = None
