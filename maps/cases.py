"""The case map: as a page served at "/", as one file, and as a folium map in a notebook."""

from __future__ import annotations

import secrets
from typing import Any

import folium
import geopandas
import pandas as pd

from maps.binning import binned
from maps.frames import features_of, ready
from maps.leaflet import CaseLayer, GridLayer, GridMap, shape_tiles
from maps.page import put_together
from maps.shell import page_figure
from maps.strings import t
from maps.styles import STATES

MOST_POINTS = 5_000
_DATA = "gk-data"
_GRID_COLUMNS = ("grid_no", "code", "name", "lead", "lead_phone", "area_m2")
_CASE_COLUMNS = (
    *("number", "state", "category", "occurred_at", "occurred_precision", "grid_code", "grid_name"),
    *("near_border", "edge_distance_m", "outside_m"),
)


def cases_page(*, lang: str, nonce: str) -> str:
    """The page at "/": an empty frame whose scripts read schemes, layers, tiles and counts from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(page="cases", template="cases.html", lang=lang, nonce=nonce)
    grids, cases = GridLayer(name=t(lang, "layer.grids")), CaseLayer(name=t(lang, "layer.cases"))
    put_together(
        figure,
        GridMap(lang=lang),
        {"grids": grids, "shapes": shape_tiles(), "cases": cases},
        *("service", "mvt", "cards", "legend", "table", "shell", "filters"),
        *("cases-legend", "cases-list", "cases-page"),
        call="casesPage",
    )
    return figure.render()


def cases_map(
    grids: geopandas.GeoDataFrame, cases: geopandas.GeoDataFrame, *, lang: str = "zh", time_zone: str = "UTC"
) -> folium.Map:
    """The case map with its data inside: for a notebook, and `.save(file)` writes one self-contained page.

    Above 5,000 cases the points are summed up in squares, and the page says so.

    Args:
        grids: Polygons with the columns `grid_no` and `code`, and where known `name`, `lead`, `lead_phone`,
            `area_m2`; any CRS.
        cases: Points with the columns `number`, `state`, `grid_code` (null outside every grid), and where
            known `category`, `occurred_at`, `grid_name`, `near_border`, `edge_distance_m`, `outside_m`; any CRS.
        lang: "zh" or "en".
        time_zone: IANA name of the zone in which times are shown.

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    grids = ready(grids, "grids", ("grid_no", "code"))
    cases = ready(cases, "cases", ("number", "state", "grid_code"))
    figure = page_figure(page="cases", template="cases.html", lang=lang, nonce=secrets.token_urlsafe(16), inline=True)
    base = GridMap(lang=lang)
    grid_layer = GridLayer(name=t(lang, "layer.grids"), data=_DATA)
    case_layer = CaseLayer(name=t(lang, "layer.cases"), data=_DATA)
    figure.payload[_DATA] = _payload(grids, cases, lang=lang, time_zone=time_zone)
    put_together(
        figure,
        base,
        {"grids": grid_layer, "cases": case_layer},
        *("cards", "legend", "table", "shell", "cases-legend", "cases-list", "cases-file"),
        call="casesFile",
        data=_DATA,
    )
    return base


def _payload(
    grids: geopandas.GeoDataFrame, cases: geopandas.GeoDataFrame, *, lang: str, time_zone: str
) -> dict[str, Any]:
    notes: list[str] = []
    shown = cases
    if len(cases) > MOST_POINTS:
        shown, size_m = binned(cases)
        size = f"{round(size_m):,}"
        notes = [t(lang, "file.aggregate", n=f"{len(cases):,}", most=f"{MOST_POINTS:,}", size=size)]
    counts = _counts(grids, cases)
    frame = grids if len(grids) else cases
    return {
        "grids": features_of(grids, _GRID_COLUMNS),
        "cases": features_of(shown, (*_CASE_COLUMNS, "count")),
        "counts": {**counts, "by_state": _by_state(cases)},
        "bounds": [float(edge) for edge in frame.total_bounds] if len(frame) else [-180.0, -85.0, 180.0, 85.0],
        "period": _period(cases, time_zone),
        "zone": time_zone,
        "notes": notes,
    }


def _counts(grids: geopandas.GeoDataFrame, cases: geopandas.GeoDataFrame) -> dict[str, Any]:
    by_code = cases["grid_code"].value_counts()
    counts = {
        str(grid_no): int(by_code.get(code, 0)) for grid_no, code in zip(grids["grid_no"], grids["code"], strict=True)
    }
    return {"counts": counts, "outside": int(cases["grid_code"].isna().sum()), "total": len(cases)}


def _by_state(cases: geopandas.GeoDataFrame) -> dict[str, int]:
    found = cases["state"].value_counts()
    return {state: int(found[state]) for state in STATES if state in found}


def _period(cases: geopandas.GeoDataFrame, time_zone: str) -> dict[str, str] | None:
    if "occurred_at" not in cases.columns or cases["occurred_at"].isna().all():
        return None
    times = pd.to_datetime(cases["occurred_at"], utc=True).dt.tz_convert(time_zone)
    last = times.max()
    offset = last.strftime("%z")
    return {
        "from": f"{times.min():%Y-%m-%d}",
        "to": f"{last:%Y-%m-%d}",
        "zone": f"UTC{offset[:3].replace('-', '−')}:{offset[3:]}",
    }
