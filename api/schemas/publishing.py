"""What is said of a publication, and what is asked of the past."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Instant, Text
from layers.cases.moving import Rule
from layers.grids.schemes import DEFAULT_SCHEME
from layers.rezoning.carrying_out import Asked

VersionNo = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Publication(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(min_length=1, max_length=1000)
    open_cases: Rule = "move"

    def asked(self, *, reinstated: bool = False) -> Asked:
        """The same for the verb."""
        return Asked(reason=self.reason, open_cases=self.open_cases, reinstated=reinstated)


class Publication(_Publication):
    """A draft is to be published.

    Attributes:
        reason: For the record.
        open_cases: `move` gives open cases to who answers where they lie now, `keep` leaves them with who has them.
        at: An instant to come; now when absent.
    """

    at: Instant | None = None


class RollBack(_Publication):
    """An older version is to be brought back.

    Attributes:
        version: Its number.
        reason, open_cases: As for a draft.
    """

    version: VersionNo


class DifferencesAsked(BaseModel):
    """What is different in one version from another?"""

    model_config = ConfigDict(extra="forbid")

    before: VersionNo = Field(alias="from")
    after: VersionNo = Field(alias="to")


class HistoryAsked(BaseModel):
    """Whose was this place?

    Attributes:
        lon: Longitude or easting in the declared datum.
        lat: Latitude or northing.
        datum: As for a report; never guessed.
        scheme: The scheme of grids.
    """

    model_config = ConfigDict(extra="forbid")

    lon: float = Field(allow_inf_nan=False)
    lat: float = Field(allow_inf_nan=False)
    datum: str = Field(max_length=40)
    scheme: str = DEFAULT_SCHEME
