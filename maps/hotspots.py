"""The page at "/hotspots" (热点): where cases gather, whether that is more than chance, and how it changes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import folium
import geopandas

from data.matters import classes
from maps.frames import features_of, ready
from maps.leaflet import CaseLayer, ClusterLayer, DensityLayer, GridMap, MarkedGrids, shape_tiles
from maps.page import put_together
from maps.shell import page_figure
from maps.strings import t

# What is shown, the first one at first.
WHATS = ("density", "gi", "moran", "clusters", "emerging", "near")
# What a density is told per, and what a grid's statistic is taken of.
PERS = ("km2", "building", "household")
VALUES = ("count", "per_km2", "per_1000_households", "per_1000_people", "smoothed")
BANDWIDTHS_M, BANDWIDTH_M = (50, 100, 150, 200, 300, 500, 1000), 200
WITHINS_M, WITHIN_M = (50, 100, 150, 200, 300, 500), 100
LEASTS, LEAST = (5, 10, 20, 50), 20
ALPHAS, ALPHA = (0.01, 0.05, 0.1), 0.05
PERMUTATIONS = (0, 999)
STEPS = ("day", "week", "month", "hour")
FORMATS = ("geojson", "gpkg", "csv")
_DATA = "gk-data"
_GRID_COLUMNS = ("grid_no", "code", "name")
_SHARED = ("cards", "legend", "table", "shell", "time-control", "picture")
_VIEW = tuple(f"hotspots-{name}" for name in ("looks", "legend", "cards", "lists", "view", "frames", "shown"))


def hotspots_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read surfaces, statistics and clusters from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(page="hotspots", template="hotspots.html", lang=lang, nonce=nonce, **_context())
    figure.config["strings"] |= _classes(lang)
    put_together(
        figure,
        GridMap(lang=lang, label="hotspots.map"),
        {**_layers(lang), "shapes": shape_tiles(), "cases": CaseLayer(name=t(lang, "layer.cases"))},
        *("service", "mvt", *_SHARED, *_VIEW, "second-map", "hotspots-choices", "hotspots-cases", "hotspots-page"),
        call="hotspotsPage",
        styles=("second-map", "hotspots"),
    )
    return figure.render()


def density_map(grids: geopandas.GeoDataFrame, answer: Mapping[str, Any], *, lang: str = "zh") -> folium.Map:
    """A heat surface with its data inside: for a notebook, and `.save(file)` writes one self-contained page.

    Args:
        grids: Polygons with the columns `grid_no` and `code`, and where known `name`; any CRS. They are drawn as
            lines.
        answer: What `GET /api/v1/hotspots/density` tells; several frames can be played.
        lang: "zh" or "en".

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    return _file("density", grids, answer, lang)


def significance_map(grids: geopandas.GeoDataFrame, answer: Mapping[str, Any], *, lang: str = "zh") -> folium.Map:
    """Grids by Getis-Ord Gi* or local Moran, as `density_map`.

    Args:
        grids: As for `density_map`.
        answer: What `GET /api/v1/hotspots/grids` tells.
        lang: "zh" or "en".

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    return _file(str(answer.get("statistic", "gi")), grids, answer, lang)


def clusters_map(grids: geopandas.GeoDataFrame, answer: Mapping[str, Any], *, lang: str = "zh") -> folium.Map:
    """Outlines of clusters, as `density_map`.

    Args:
        grids: As for `density_map`.
        answer: What `GET /api/v1/hotspots/clusters` tells.
        lang: "zh" or "en".

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    return _file("clusters", grids, answer, lang)


def emerging_map(grids: geopandas.GeoDataFrame, answer: Mapping[str, Any], *, lang: str = "zh") -> folium.Map:
    """Grids by how they became hot or cold over weeks, which can be played, as `density_map`.

    Args:
        grids: As for `density_map`.
        answer: What `GET /api/v1/hotspots/emerging` tells.
        lang: "zh" or "en".

    Raises:
        BadInput: `missing_column` or `missing_crs`.
    """
    return _file("emerging", grids, answer, lang)


def _file(what: str, grids: geopandas.GeoDataFrame, answer: Mapping[str, Any], lang: str) -> folium.Map:
    frame = ready(grids, "grids", ("grid_no", "code"))
    nonce = secrets.token_urlsafe(16)
    figure = page_figure(page="hotspots", template="hotspots.html", lang=lang, nonce=nonce, inline=True, **_context())
    figure.config["strings"] |= _classes(lang)
    figure.payload[_DATA] = {
        "what": what,
        "answer": dict(answer),
        "grids": features_of(frame, _GRID_COLUMNS),
        "bounds": [float(edge) for edge in frame.total_bounds] if len(frame) else [-180.0, -85.0, 180.0, 85.0],
    }
    base = GridMap(lang=lang, label="hotspots.map")
    put_together(
        figure,
        base,
        _layers(lang),
        *(*_SHARED, *_VIEW, "hotspots-file"),
        call="hotspotsFile",
        styles=("hotspots",),
        data=_DATA,
    )
    return base


def _layers(lang: str) -> dict[str, Any]:
    return {
        "density": DensityLayer(name=t(lang, "layer.density")),
        "grids": MarkedGrids(name=t(lang, "layer.grids")),
        "clusters": ClusterLayer(name=t(lang, "layer.clusters")),
    }


def _classes(lang: str) -> dict[str, str]:
    """Names of the large classes of matters, each under its first two digits."""
    return {f"matter.{two}": names[lang] for two, names in classes().items()}


def _context() -> dict[str, Any]:
    choices = {
        "what": (WHATS, "density"),
        "per": (PERS, "km2"),
        "value": (VALUES, "count"),
        "bandwidth_m": (BANDWIDTHS_M, BANDWIDTH_M),
        "within_m": (WITHINS_M, WITHIN_M),
        "least": (LEASTS, LEAST),
        "alpha": (ALPHAS, ALPHA),
        "permutations": (PERMUTATIONS, 0),
        "step": (("", *STEPS), ""),
    }
    return {"choices": choices, "formats": FORMATS}
