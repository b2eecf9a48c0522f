"""What is asked of hot spots."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.schemas.cases import Text
from layers.grids.schemes import DEFAULT_SCHEME
from layers.hotspots.asking import BANDWIDTH_M, Asked, Per
from layers.hotspots.behind import MOST_CASES, USUAL_CASES
from layers.hotspots.by_grid import ALPHA, MOST_PERMUTATIONS, Judging, Statistic, Value
from layers.hotspots.clusters import LEAST, WITHIN_M
from layers.hotspots.near_repeat import DAYS, DISTANCES_M, PERMUTATIONS
from layers.hotspots.steps import Step

Format = Literal["json", "geojson", "gpkg", "csv"]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Metres = Annotated[float, Field(allow_inf_nan=False)]


def _numbers(text: object) -> object:
    """Numbers with commas between them, in one parameter."""
    return text[0].split(",") if isinstance(text, list) and len(text) == 1 and isinstance(text[0], str) else text


Bands = Annotated[list[Metres], BeforeValidator(_numbers), Field(min_length=1, max_length=20)]


class HotspotsAsked(BaseModel):
    """Which cases.

    Attributes:
        scheme: Within whose grids cases count; the one that takes reports when absent.
        first: First day (`from`), of the city's own clock; thirteen weeks before the last one when absent.
        last: Last day (`to`), itself included; today when absent.
        matter: Code of the catalogue, category as reported, or two digits of a large class.
        hours: Hours of the local day like 22-6, the last one excluded.
    """

    model_config = ConfigDict(extra="forbid")

    scheme: Text = Field(default=DEFAULT_SCHEME, max_length=100)
    first: date | None = Field(default=None, alias="from")
    last: date | None = Field(default=None, alias="to")
    matter: Text | None = Field(default=None, min_length=1, max_length=100)
    hours: Text | None = Field(default=None, max_length=5)

    def asked(self) -> Asked:
        """The question for the verbs."""
        return Asked(scheme=self.scheme, first=self.first, last=self.last, matter=self.matter, hours=self.hours)


class DensityAsked(HotspotsAsked):
    """A density surface.

    Attributes:
        per: By ground, or by what is built there.
        bandwidth_m: Standard deviation of the kernel in metres.
        step: One surface for each day, week, month, or hour of the day.
        format: `json`, or a file: bands of one class each, or as `csv` the cells.
    """

    per: Per = "km2"
    bandwidth_m: Metres = BANDWIDTH_M
    step: Step | None = None
    format: Format = "json"


class GridsAsked(HotspotsAsked):
    """Grids judged against chance.

    Attributes:
        statistic: Gi* or local Moran.
        value: What is compared.
        alpha: The share of false discoveries that is borne.
        permutations: How often values are shuffled; 0 to go by the normal distribution.
        seed: By what they are shuffled.
        step: Also tell counts for each step of the period.
        format: `json`, or the rows as a file.
    """

    statistic: Statistic = "gi"
    value: Value = "count"
    alpha: Annotated[float, Field(allow_inf_nan=False)] = ALPHA
    permutations: int = 0
    seed: Seed = 0
    step: Step | None = None
    format: Format = "json"

    def judging(self) -> Judging:
        """How grids are judged."""
        names = ("statistic", "value", "alpha", "permutations", "seed", "step")
        return Judging(**{name: getattr(self, name) for name in names})


class EmergingAsked(HotspotsAsked):
    """Grids week by week.

    Attributes:
        weeks: How many weeks up to the last day; the whole ones of the period when absent.
        alpha: The share of false discoveries that is borne.
        format: `json`, or the rows as a file.
    """

    weeks: int | None = None
    alpha: Annotated[float, Field(allow_inf_nan=False)] = ALPHA
    format: Format = "json"


class NearRepeatAsked(HotspotsAsked):
    """Pairs of cases.

    Attributes:
        distances: Where bands of distance end, in metres, like 100,200,300.
        days: Where bands of time end, in days, like 2,7,14.
        permutations: How often times are shuffled among places.
        seed: By what.
    """

    distances: Bands = list(DISTANCES_M)
    days: Bands = list(DAYS)
    permutations: int = Field(default=PERMUTATIONS, ge=1, le=MOST_PERMUTATIONS)
    seed: Seed = 0


class CasesAsked(HotspotsAsked):
    """The cases behind a number.

    Attributes:
        grid: Code of a grid.
        bbox: west,south,east,north in degrees.
        version: Of the boundaries, as the other answer tells it; those at the end of the period when absent.
        limit: How many are told at most.
    """

    grid: Text | None = Field(default=None, max_length=100)
    bbox: Text | None = Field(default=None, max_length=200)
    version: int | None = Field(default=None, ge=1, lt=2**31)
    limit: int = Field(default=USUAL_CASES, ge=1, le=MOST_CASES)


class ClustersAsked(HotspotsAsked):
    """Clusters.

    Attributes:
        within_m: How near two cases of a crowd lie, in metres.
        least: How many cases within that distance make a core.
        format: `json` is GeoJSON with facts; `geojson`, `gpkg` and `csv` are files.
    """

    within_m: Metres = WITHIN_M
    least: int = LEAST
    format: Format = "json"
