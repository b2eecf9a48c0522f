"""Where somebody is, as the phone tells it over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Coordinate, Instant, Text
from layers.dispatch.nearest import Fix


class PositionTold(BaseModel):
    """A position.

    Attributes:
        lon, lat: Longitude and latitude in degrees.
        datum: The datum of both; never guessed.
        at: When it was measured; now when absent.
        accuracy_m: How far off it may be.
    """

    model_config = ConfigDict(extra="forbid")

    lon: Coordinate
    lat: Coordinate
    datum: Text = Field(max_length=40)
    at: Instant | None = None
    accuracy_m: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None

    def fix(self) -> Fix:
        """The position for the verb."""
        return Fix(self.lon, self.lat, self.datum, self.at, self.accuracy_m)
