"""What is asked of reach."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Text
from layers.grids.schemes import DEFAULT_SCHEME
from layers.reach.asking import MINUTES, SPEED_KMH
from layers.reach.sites import MOST_SITES


class ReachAsked(BaseModel):
    """On foot to which service, and how far is far.

    Attributes:
        scheme: Whose grids count, and whose city is meant; the one that takes reports when absent.
        service: Only places of this service; of all services when absent.
        minutes: How long a walk may be.
        speed_kmh: How fast people walk.
        join_m: Streets that cross, and ends this near another street, are joined; 0 joins what shares a vertex.
    """

    model_config = ConfigDict(extra="forbid")

    scheme: Text = Field(default=DEFAULT_SCHEME, max_length=100)
    service: Text | None = Field(default=None, max_length=100)
    minutes: float = Field(default=MINUTES, allow_inf_nan=False)
    speed_kmh: float = Field(default=SPEED_KMH, allow_inf_nan=False)
    join_m: float = Field(default=0.0, allow_inf_nan=False)


class TableAsked(ReachAsked):
    """The whole answer as `json`, or one of its tables as a file."""

    format: Literal["json", "csv", "geojson", "gpkg"] = "json"
    table: Literal["grids", "areas", "stations"] = "grids"


class ShapesAsked(ReachAsked):
    """Streets or ground as GeoJSON, or as a GeoPackage."""

    format: Literal["geojson", "gpkg"] = "geojson"


class BuildingAsked(ReachAsked):
    """How far it is from one building.

    Attributes:
        lon, lat: A place in it, in degrees.
    """

    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)


class SitesAsked(ReachAsked):
    """Where more stations would help.

    Attributes:
        k: How many sites.
        by: What counts; people where anybody counted them, else buildings, when absent.
        format: The answer as `json`, or the sites as a file.
    """

    k: int = Field(default=3, ge=1, le=MOST_SITES)
    by: Literal["people", "buildings"] | None = None
    format: Literal["json", "csv", "geojson", "gpkg"] = "json"
