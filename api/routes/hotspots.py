"""Where cases gather, and whether that is more than chance."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Response

from api.answers import as_file, canonical_json
from api.deps import TheSession
from api.routes.layers import parse_bbox
from api.schemas.hotspots import (
    CasesAsked,
    ClustersAsked,
    DensityAsked,
    EmergingAsked,
    GridsAsked,
    HotspotsAsked,
    NearRepeatAsked,
)
from data.writers import write_layer
from layers.hotspots import export
from layers.hotspots.behind import cases_behind
from layers.hotspots.by_grid import grids_told, judged
from layers.hotspots.clusters import clusters
from layers.hotspots.density import density_told, surfaces_of
from layers.hotspots.near_repeat import near_repeats
from layers.hotspots.weekly import emerging_told

# Where grids overlap, places are looked up in temporary tables: no transaction that may only read makes these.
router = APIRouter(prefix="/hotspots", tags=["hotspots"])


@router.get("/density")
def show_density(asked: Annotated[DensityAsked, Query()], session: TheSession) -> Response:
    """How densely cases lie, as pictures for the map: one, or one for each step of the period."""
    found = surfaces_of(session, asked.asked(), per=asked.per, bandwidth_m=asked.bandwidth_m, step=asked.step)
    if asked.format == "json":
        return _told(density_told(found))
    return _file(asked, "density", export.cells_table(found) if asked.format == "csv" else export.bands(found))


@router.get("/grids")
def show_grids(asked: Annotated[GridsAsked, Query()], session: TheSession) -> Response:
    """Which grids have more cases, or fewer, than chance would bring together."""
    found = grids_told(judged(session, asked.asked(), asked.judging()))
    return _told(found) if asked.format == "json" else _file(asked, "grids", export.grids_frame(session, found))


@router.get("/emerging")
def show_emerging(asked: Annotated[EmergingAsked, Query()], session: TheSession) -> Response:
    """How the hot spots of the grids came about, week by week."""
    found = emerging_told(session, asked.asked(), weeks=asked.weeks, alpha=asked.alpha)
    return _told(found) if asked.format == "json" else _file(asked, "emerging", export.grids_frame(session, found))


@router.get("/clusters")
def show_clusters(asked: Annotated[ClustersAsked, Query()], session: TheSession) -> Response:
    """Clusters of cases as GeoJSON, with what they were made of."""
    found = clusters(session, asked.asked(), within_m=asked.within_m, least=asked.least)
    if asked.format == "json":
        return _told(found, "application/geo+json")
    return _file(asked, "clusters", export.clusters_frame(found))


@router.get("/near-repeat")
def show_near_repeat(asked: Annotated[NearRepeatAsked, Query()], session: TheSession) -> Response:
    """Whether a case makes another near by soon after more likely."""
    found = near_repeats(
        session,
        asked.asked(),
        distances_m=asked.distances,
        days=asked.days,
        permutations=asked.permutations,
        seed=asked.seed,
    )
    return _told(found)


@router.get("/cases")
def show_cases(asked: Annotated[CasesAsked, Query()], session: TheSession) -> Response:
    """The cases behind a number of the other answers, the newest first."""
    bounds = parse_bbox(asked.bbox)
    found = cases_behind(
        session, asked.asked(), grid=asked.grid, bounds=bounds, version=asked.version, limit=asked.limit
    )
    return _told(found)


def _told(found: dict[str, Any], media_type: str = "application/json") -> Response:
    return Response(canonical_json(found), media_type=media_type, headers={"Cache-Control": "no-store"})


def _file(asked: HotspotsAsked, what: str, frame: pd.DataFrame) -> Response:
    suffix = asked.model_dump()["format"]
    return as_file(f"hotspots-{what}.{suffix}", partial(write_layer, frame))
