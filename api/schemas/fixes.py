"""Fixes as our own clients send them, and what is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from api.schemas.cases import Coordinate, Text, written
from layers.patrols.fixes import FIRST_INSTANT_US, LAST_INSTANT_US, Fix, Sent
from layers.patrols.instants import instant_of, us_of

_FIRST, _LAST = instant_of(FIRST_INSTANT_US), instant_of(LAST_INSTANT_US)


def _of_a_device(instant: datetime) -> datetime:
    if not _FIRST <= instant <= _LAST:
        raise ValueError("must lie between 1970 and 2200")
    return instant.astimezone(UTC)


Measured = Annotated[float | None, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]


class FixSent(BaseModel):
    """One position at one instant.

    Attributes:
        at: When, with its offset from UTC.
        x: Longitude or easting, in the datum that the device declares.
        y: Latitude or northing.
        accuracy_m: How far off it may be, in metres.
        speed_ms: Metres a second.
        course: Degrees from north, clockwise.
        mock: Whether a program made the position up.
    """

    model_config = ConfigDict(extra="ignore")

    at: Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(_of_a_device)]
    x: Coordinate
    y: Coordinate
    accuracy_m: Measured = None
    speed_ms: Measured = None
    course: Measured = None
    mock: bool = False

    def fix(self) -> Fix:
        """As it is taken in."""
        unknown = float("nan")
        return Fix(
            us_of(self.at),
            self.x,
            self.y,
            unknown if self.accuracy_m is None else self.accuracy_m,
            unknown if self.speed_ms is None else self.speed_ms,
            unknown if self.course is None else self.course,
            float(self.mock),
        )


class FixBatch(BaseModel):
    """What a device gathered.

    Attributes:
        fixes: In any order; what was sent before may be among them.
        datum: What the positions are in; when given, it has to be what the device declares.
    """

    model_config = ConfigDict(extra="ignore")

    fixes: Annotated[list[FixSent], Field(max_length=5_000)]
    datum: Annotated[Text | None, Field(max_length=100)] = None

    def sent(self, secret: str) -> Sent:
        """As the device with a secret brings them."""
        return Sent(secret, [one.fix() for one in self.fixes], datum=self.datum)


class FixesTaken(BaseModel):
    """What became of the fixes; `received` is the sum of all others.

    Attributes:
        received: How many came.
        stored: How many are new.
        repeats: How many were known.
        off_shift: How many came outside a shift; their positions were not kept.
        aside: How many were kept aside, by reason.
        unreadable: How many points of a file had no instant or no place.
    """

    received: int
    stored: int
    repeats: int
    off_shift: int
    aside: dict[str, int]
    unreadable: int
