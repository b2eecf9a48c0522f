"""A report as it comes in over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from gis.errors import BadInput
from layers.cases.intake import Report
from layers.grids.schemes import DEFAULT_SCHEME

_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def storable_text(text: str) -> str:
    """A text that can be stored.

    Raises:
        ValueError: It cannot.
    """
    if "\0" in text:
        raise ValueError("holds a NUL character; take it out")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half a character (a lone surrogate); take it out")
    return text


def written(instant: object) -> object:
    """An instant that is written as a text: a number would leave open what it counts.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(instant, str):
        raise ValueError("must be an instant like 2026-05-03T08:00:00+08:00, as a text")
    return instant


def _storable_instant(instant: datetime) -> datetime:
    if instant < _EARLIEST:
        raise ValueError("lies before 1900")
    if instant > _LATEST:
        raise ValueError("lies after 9999")
    return instant


Text = Annotated[str, AfterValidator(storable_text)]
Instant = Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(_storable_instant)]
Coordinate = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class CaseReport(BaseModel):
    """A report. The position is `lon` and `lat`, or `x` and `y` for eastings and northings; `datum` says of what.

    Attributes:
        lon, lat: Longitude and latitude in degrees.
        x, y: Easting and northing.
        datum: wgs84, cgcs2000, gcj02, bd09, gk3-<zone>, gk6-<zone> or epsg:<code>; never guessed.
        scheme: The scheme of grids that routes the case.
        source: How the report reached us.
        category: Kind of incident.
        description: What happened.
        occurred_at: When it happened; the time of receipt when absent.
        urgency: normal or urgent.
    """

    model_config = ConfigDict(extra="forbid")

    lon: Coordinate | None = None
    lat: Coordinate | None = None
    x: Coordinate | None = None
    y: Coordinate | None = None
    datum: Text = Field(max_length=40)
    scheme: Text = Field(default=DEFAULT_SCHEME, min_length=1, max_length=100)
    source: Text = Field(default="resident", min_length=1, max_length=40)
    category: Text | None = Field(default=None, min_length=1, max_length=100)
    description: Text | None = Field(default=None, max_length=4000)
    occurred_at: Instant | None = None
    urgency: Literal["normal", "urgent"] = "normal"

    def report(self) -> Report:
        """The report for the verb.

        Raises:
            BadInput: The position is incomplete or given twice.
        """
        x, y = self._position()
        return Report(
            x=x,
            y=y,
            datum=self.datum,
            scheme=self.scheme,
            source=self.source,
            category=self.category,
            description=self.description,
            occurred_at=self.occurred_at,
            urgency=self.urgency,
        )

    def _position(self) -> tuple[float, float]:
        degrees, metres = (self.lon, self.lat), (self.x, self.y)
        if degrees != (None, None) and metres != (None, None):
            raise BadInput("position_twice", "Give lon and lat, or x and y, not both.", field="lon")
        names, (x, y) = (("x", "y"), metres) if metres != (None, None) else (("lon", "lat"), degrees)
        for name, value in zip(names, (x, y), strict=True):
            if value is None:
                raise BadInput("position_incomplete", f"{name} is missing.", field=name)
        assert x is not None
        assert y is not None
        return x, y
