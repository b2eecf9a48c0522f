"""Hot spots as files of their own, opened without any server."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folium
import geopandas
import numpy as np
import pytest
import shapely

from gis.errors import BadInput
from maps.hotspots import clusters_map, density_map, emerging_map, significance_map
from tests.frames import town_frames
from tests.pages.browser import Visit

Start = Callable[..., Visit]
_DAYS = {"from": "2026-05-01", "to": "2026-05-14"}
_WEEKS = [{"from": "2026-05-01", "to": "2026-05-07"}, {"from": "2026-05-08", "to": "2026-05-14"}]
_ALL = {**_DAYS, "scheme": "duty", "time_zone": "Asia/Shanghai", "matter": None, "hours": "22-6", "n": 40, "outside": 3}


def test_each_file_opens_alone_with_its_legend_and_plays_its_steps(visit: Start, tmp_path: Path) -> None:
    grids, _ = town_frames(cases=1)
    made: dict[str, tuple[Callable[..., folium.Map], dict[str, Any]]] = {
        "density": (density_map, _density(grids)),
        "significance": (significance_map, _significance(grids)),
        "clusters": (clusters_map, _clusters(grids)),
        "emerging": (emerging_map, _emerging(grids)),
    }
    seen = visit(height=900)
    for name, (make, answer) in made.items():
        file = tmp_path / f"{name}.html"
        make(grids, answer, lang="en").save(file)
        seen.requests.clear()
        painted = seen.open(file.as_uri())
        assert seen.elsewhere(file.as_uri()) == [], name
        assert (seen.complaints, seen.violations()) == ([], []), name
        assert painted["grids"] == len(grids), name
        assert (painted["density"] > 0, painted["clusters"]) == (name == "density", 2 * (name == "clusters"))
        texts = seen.page.inner_text("#gk-legend")
        for part in (*_SAID[name], "22:00–06:00", "UTC+08:00", "40"):
            assert part in texts, name
        if name == "clusters":
            assert not seen.page.locator("#gkh-time").is_visible()
            continue
        seen.page.click("#gkh-time-go")
        seen.page.wait_for_function("() => gridkeeper.painted.frame === 1")
        assert _WEEKS[1]["from"] in seen.page.inner_text("[data-fact=period]")
        assert seen.complaints == []


def test_grids_without_numbers_are_refused() -> None:
    grids, _ = town_frames(cases=1)
    with pytest.raises(BadInput, match="grid_no"):
        density_map(grids.drop(columns="grid_no"), _density(grids))


_SAID = {
    "density": ("2–20", "cases per km²", "Gaussian kernel", "200 m"),
    "significance": ("Hot, 99% confidence", "Cold, 90% confidence", "Ring: has no neighbours", "Permutations", "7"),
    "clusters": ("11 cases", "12–20 cases", "DBSCAN", "150 m"),
    "emerging": ("New hot spot", "Persistent cold spot", "No pattern", "Mann-Kendall"),
}


def _density(grids: geopandas.GeoDataFrame) -> dict[str, Any]:
    west, south, east, north = grids.total_bounds.tolist()
    down, across = np.mgrid[0:40, 0:60]
    heaps = [60 * np.exp(-((across - middle) ** 2 + (down - 20) ** 2) / 80) for middle in (20, 20.5)]
    scale = 60 / 65534
    frames = [
        {**week, "n": 20, "peak": 60.0, "data": base64.b64encode(np.rint(heap / scale).astype("<u2")).decode()}
        for week, heap in zip(_WEEKS, heaps, strict=True)
    ]
    edges = {"west": west, "south": south, "east": east, "north": north, "width": 60, "height": 40}
    classes = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    how = {"unit": "cases_per_km2", "method": "gaussian_kernel", "bandwidth_m": 200.0, "cell_m": 40.0}
    return {**_ALL, **how, "image": {**edges, "scale": scale, "none": 65535, "frames": frames}, "classes": classes}


def _significance(grids: geopandas.GeoDataFrame) -> dict[str, Any]:
    said = [("hot", 99), ("hot", 95), ("none", 0), ("cold", 90), ("cold", 99), ("none", 0)]
    rows = [
        {
            **_named(grid),
            "cases": 9,
            "base": 100,
            "value": 9.0,
            "smoothed": 1.2,
            "z": 2.0,
            "p": 0.04,
            "p_permuted": 0.01,
        }
        | {"hot": hot, "confidence": sure, "found": sure == 99, "island": grid.grid_no == 6}
        for grid, (hot, sure) in zip(grids.itertuples(), said, strict=True)
    ]
    how = {"statistic": "gi", "method": "getis_ord_star", "value": "count", "unit": "cases", "base": "households"}
    frames = [{**week, "n": 21, "counts": [6, 5, 4, 3, 2, 1]} for week in _WEEKS]
    chance = {"alpha": 0.05, "permutations": 999, "seed": 7, "threshold": 0.012}
    return {**_ALL, **how, **chance, "grids": rows, "frames": frames}


def _clusters(grids: geopandas.GeoDataFrame) -> dict[str, Any]:
    west, south, _, _ = grids.total_bounds
    day = "2026-05-01T10:00:00+08:00"
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(
                shapely.Point(west + 0.003 + 0.005 * nth, south + 0.004).buffer(0.001)
            ),
            "properties": {"cluster": nth, "n": n, "diameter_m": 220.0, "first": day, "last": day, "cases": []},
        }
        for nth, n in enumerate((20, 11))
    ]
    how = {"method": "dbscan", "unit": "cases", "within_m": 150.0, "least": 10, "noise": 9}
    return {"type": "FeatureCollection", **_ALL, **how, "features": features}


def _emerging(grids: geopandas.GeoDataFrame) -> dict[str, Any]:
    kinds = ["new-hot", "intensifying-hot", "none", "persistent-cold", "historical-hot", "none"]
    rows = [
        {**_named(grid), "class": kind, "cases": 9, "trend_z": 1.1, "trend_p": 0.2, "weeks": [3, 6]}
        | {"z": [None, 2.7], "found": [False, True]}
        for grid, kind in zip(grids.itertuples(), kinds, strict=True)
    ]
    return {**_ALL, "method": "emerging", "unit": "cases_a_week", "alpha": 0.05, "weeks": _WEEKS, "grids": rows}


def _named(grid: Any) -> dict[str, Any]:
    return {"grid_no": grid.grid_no, "code": grid.code, "name": grid.name}
