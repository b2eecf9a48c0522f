"""The page at "/reach" (一刻钟便民生活圈): who walks to a service in time, who does not, where one more would help."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import folium
import geopandas

from maps.frames import features_of, ready
from maps.leaflet import BandLayer, GridLayer, GridMap, ReachMarks, WalkLayer, shape_tiles
from maps.page import put_together
from maps.shell import page_figure
from maps.strings import t

# What the grids can be coloured by, the first one at first.
MEASURES = ("people_share", "share", "median_min", "bands")
# Limits of the walk in minutes, and how fast people walk: 1.33 m/s and what the old and the young do.
LIMITS, LIMIT = (5, 10, 15, 20, 30), 15
SPEEDS, SPEED = (3.0, 3.6, 4.2, 4.8, 5.4), 4.8
# The tables below the map, and the files that each can be had as.
TABLES = ("grids", "areas", "stations", "sites")
FORMATS = ("csv", "geojson", "gpkg")
_DATA = "gk-data"
_SCRIPTS = ("cards", "legend", "table", "shell", "time-control", "picture", "reach-measures")
_VIEW = ("reach-cards", "reach-ground", "reach-legend", "reach-total", "reach-lists", "reach-view")
_GRID_COLUMNS = ("grid_no", "code", "name")


def reach_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read minutes, streets, areas and stations from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(page="reach", template="reach.html", lang=lang, nonce=nonce, **_context())
    put_together(
        figure,
        GridMap(lang=lang, label="reach.map"),
        {**_layers(lang), "shapes": shape_tiles()},
        *("service", *_SCRIPTS, *_VIEW, "second-map", "reach-choices", "reach-compare", "reach-page"),
        call="reachPage",
        styles=("second-map", "reach"),
    )
    return figure.render()


def reach_map(
    grids: geopandas.GeoDataFrame,
    answer: Mapping[str, Any],
    *,
    bands: Mapping[str, Any] | None = None,
    streets: Mapping[str, Any] | None = None,
    sites: Mapping[str, Any] | None = None,
    lang: str = "zh",
) -> folium.Map:
    """Reach with its data inside: for a notebook, and `.save(file)` writes one self-contained page.

    Args:
        grids: Polygons with the columns `grid_no` and `code`, and where known `name`; any CRS.
        answer: What `GET /api/v1/reach` tells: stations, total, rows by grid and area, and how it was counted.
        bands: What `GET /api/v1/reach/area` tells; without it no ground is drawn.
        streets: What `GET /api/v1/reach/streets` tells; without it no street is drawn.
        sites: What `GET /api/v1/reach/sites` tells; without it none is proposed.
        lang: "zh" or "en".

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    frame = ready(grids, "grids", ("grid_no", "code"))
    nonce = secrets.token_urlsafe(16)
    figure = page_figure(page="reach", template="reach.html", lang=lang, nonce=nonce, inline=True, **_context())
    figure.payload[_DATA] = {
        "grids": features_of(frame, _GRID_COLUMNS),
        "bounds": [float(edge) for edge in frame.total_bounds] if len(frame) else [-180.0, -85.0, 180.0, 85.0],
        "answer": dict(answer),
        "bands": bands,
        "streets": streets,
        "sites": sites,
    }
    base = GridMap(lang=lang, label="reach.map")
    put_together(
        figure,
        base,
        _layers(lang),
        *(*_SCRIPTS, *_VIEW, "reach-file"),
        call="reachFile",
        styles=("reach",),
        data=_DATA,
    )
    return base


def _context() -> dict[str, Any]:
    chosen = {"limit": LIMIT, "speed": SPEED}
    return {"measures": MEASURES, "limits": LIMITS, "speeds": SPEEDS, "tables": TABLES, "formats": FORMATS, **chosen}


def _layers(lang: str) -> dict[str, Any]:
    return {
        "grids": GridLayer(name=t(lang, "layer.grids")),
        "bands": BandLayer(name=t(lang, "layer.bands")),
        "streets": WalkLayer(name=t(lang, "layer.walks")),
        "marks": ReachMarks(name=t(lang, "layer.stations")),
    }
