"""What is asked of the measures, and what is decided on a letter."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Instant, Text
from layers.dispatch.measures import MOST_ROWS, Asked


class PeriodAsked(BaseModel):
    """Which cases are measured.

    Attributes:
        tree: The city; that of the scheme which takes reports when absent.
        first: First day (`from`), of the city's own clock; the first of the month when absent.
        last: Last day (`to`), itself included; today when absent.
        by: city, county, street, community, grid, department or staff.
        as_of: The instant at which an open case counts as late; now when absent.
    """

    model_config = ConfigDict(extra="forbid")

    tree: Text | None = Field(default=None, max_length=100)
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    by: Text | None = Field(default=None, max_length=40)
    as_of: Instant | None = None

    def asked(self) -> Asked:
        """The question for the verb."""
        return Asked(self.tree, self.first, self.last, self.by, self.as_of)


class MeasuresAsked(PeriodAsked):
    """The measures, as `json` or as a file."""

    format: Literal["json", "csv", "xlsx"] = "json"


class MeasureOpened(PeriodAsked):
    """A page of the cases that one number counts.

    Attributes:
        measure: Its name.
        part: numerator or denominator.
        of: Code of the group; empty for what belongs to none, absent for the whole city.
        after: `next` of the page before.
        limit: Cases on the page.
    """

    measure: Text = Field(max_length=100)
    part: Text = Field(default="numerator", max_length=20)
    of: Text | None = Field(default=None, max_length=100)
    after: int = Field(default=0, ge=0, lt=2**63)
    limit: int = Field(default=100, ge=1, le=MOST_ROWS)


class LetterDecided(BaseModel):
    """What becomes of a letter.

    Attributes:
        decision: send, which records that a person sent it, or drop.
        note: Why, or how it was sent.
    """

    model_config = ConfigDict(extra="forbid")

    decision: Text = Field(max_length=40)
    note: Text | None = Field(default=None, min_length=1, max_length=2_000)
