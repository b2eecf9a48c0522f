"""What is asked of patrols."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Text
from layers.grids.schemes import DEFAULT_SCHEME
from layers.patrols.asking import REACH_M


class PatrolsAsked(BaseModel):
    """Whose ways of which days.

    Attributes:
        scheme: Whose grids count, and whose city is meant; the one that takes reports when absent.
        first: First day (`from`), of the city's own clock; today when absent.
        last: Last day (`to`), itself included; today when absent.
        team: Only shifts of this team.
        staff: Only the person of this staff number.
        device: Only the device of this label.
        grid: Only what concerns the grid of this code.
        reach_m: From how far away ground, streets and buildings count as covered.
    """

    model_config = ConfigDict(extra="forbid")

    scheme: Text = Field(default=DEFAULT_SCHEME, max_length=100)
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    team: Text | None = Field(default=None, max_length=100)
    staff: Text | None = Field(default=None, max_length=100)
    device: Text | None = Field(default=None, max_length=100)
    grid: Text | None = Field(default=None, max_length=100)
    reach_m: float = Field(default=REACH_M, allow_inf_nan=False)


class CoverageAsked(PatrolsAsked):
    """The whole answer as `json`, or one of its tables as a file."""

    format: Literal["json", "csv", "xlsx"] = "json"
    table: Literal["grids", "people", "points", "plans"] = "grids"


class TracesAsked(PatrolsAsked):
    """Traces as `json`, their fixes as a table, or their ways as GPX."""

    format: Literal["json", "csv", "xlsx", "gpx"] = "json"


class UnvisitedAsked(PatrolsAsked):
    """What nobody was near: `streets` or `buildings`."""

    what: Literal["streets", "buildings"]


class ViewsAsked(BaseModel):
    """Who looked at the traces of a person.

    Attributes:
        staff: The staff number.
        tree: The city; that of the scheme which takes reports when absent.
    """

    model_config = ConfigDict(extra="forbid")

    staff: Text = Field(max_length=100)
    tree: Text | None = Field(default=None, max_length=100)
