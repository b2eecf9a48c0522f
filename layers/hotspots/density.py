"""How densely cases lie, as surfaces: for a whole period or step by step, by ground or by what is built there."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis.density import CELLS_A_BANDWIDTH, FEWEST_CELLS, Surface, density, rate
from gis.edges import Floats
from gis.errors import BadInput
from gis.metric import points_to_metric, to_metric
from gis.ownership import NOBODY
from gis.web_image import WebImage, web_image
from layers.grids.buildings import buildings_of
from layers.hotspots.asking import Asked, Per, meant, require_metres
from layers.hotspots.points import Points, points_of
from layers.hotspots.steps import Frame, Step, frames_of

METHOD = "gaussian_kernel"
UNITS: dict[Per, str] = {
    "km2": "cases_per_km2",
    "building": "cases_per_1000_buildings",
    "household": "cases_per_1000_households",
}
# Against the exact kernel, as a share of the peak; held by the tests of gis.density.
ERROR_OF_PEAK = 1e-3
# Cells along the longer side, and of all surfaces of an answer together.
_MOST_ALONG, _MOST_CELLS = 1_500, 12_000_000
# Pixels along the longer side, and of all pictures of an answer together.
_MOST_PX, _MOST_PIXELS = 500, 2_000_000
# Bandwidths; a case counts for a hundredth there of what it counts for where it is.
_REACH = 3
_NONE = 2**16 - 1
_CLASSES = 7
# Below so many buildings or households as a kernel of that width holds, a rate says nothing.
_LEAST = 25


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Surfaces of one period that belong together: same cells, same unit.

    Attributes:
        points: The cases behind them.
        per: By what they are counted.
        frames: The steps.
        surfaces: The density of each, cases per km².
        values: What is shown of each (h, w), row 0 in the south; NaN where too little is built.
    """

    points: Points
    per: Per
    frames: list[Frame]
    surfaces: list[Surface]
    values: list[Floats]

    @property
    def peak(self) -> float:
        """The highest value of all."""
        return max((_peak(one) for one in self.values), default=0.0)


def surfaces_of(
    session: Session, asked: Asked, *, per: Per = "km2", bandwidth_m: float, step: Step | None = None
) -> Surfaces:
    """Density surfaces of the cases of a question.

    Args:
        session: An open session.
        asked: Which cases.
        per: By ground, or by buildings or households, smoothed by the same kernel.
        bandwidth_m: Standard deviation of the kernel.
        step: One surface for each step of the period; a single one without a word.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_hours`, `bad_distance`, `bandwidth_too_small`, `too_many_steps`, `nothing_built`.
    """
    require_metres(bandwidth_m, "bandwidth_m")
    points = points_of(session, meant(session, asked))
    if step == "hour":
        points = points.timed()
    frames = frames_of(points, step)
    bounds = _bounds(points, bandwidth_m)
    cell_m = _cell_m(bounds, bandwidth_m, len(frames))
    x, y = points.metric
    surfaces = [
        density(x[one.rows], y[one.rows], bandwidth_m=bandwidth_m, cell_m=cell_m, bounds=bounds) for one in frames
    ]
    values = [np.asarray(one.values, dtype=np.float64) for one in surfaces]
    if per != "km2":
        base = _base(session, points, per, bandwidth_m=bandwidth_m, cell_m=cell_m, bounds=bounds)
        least = _LEAST / (2 * math.pi * (bandwidth_m / 1000) ** 2)
        values = [rate(one, base.values, least=least) for one in values]
    return Surfaces(points, per, frames, surfaces, values)


def density_told(found: Surfaces) -> dict[str, Any]:
    """The answer of `GET /api/v1/hotspots/density`."""
    first = found.surfaces[0]
    return {
        **found.points.told(),
        "per": found.per,
        "unit": UNITS[found.per],
        "method": METHOD,
        "bandwidth_m": first.bandwidth_m,
        "cell_m": round(first.cell_m, 3),
        "error_of_peak": ERROR_OF_PEAK,
        "image": _image_told(found),
        "classes": classes_of(found.peak),
    }


def picture_of(found: Surfaces) -> WebImage:
    """Where the pixels of its pictures lie."""
    first = found.surfaces[0]
    most_px = min(_MOST_PX, int(math.sqrt(_MOST_PIXELS / len(found.frames))))
    srid = found.points.meant.scheme.metric_srid
    return web_image(
        first.values.shape, west_m=first.west, south_m=first.south, cell_m=first.cell_m, srid=srid, most_px=most_px
    )


def classes_of(peak: float) -> list[float]:
    """Upper bounds of equally wide classes up to a peak, in round numbers.

    >>> classes_of(61.0), classes_of(0.0)
    ([10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0], [])
    """
    if not peak > 0:
        return []
    exact = peak / _CLASSES
    power = 10.0 ** math.floor(math.log10(exact))
    width = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= exact * (1 - 1e-9))
    return [float(f"{width * nth:.6g}") for nth in range(1, math.ceil(peak / width - 1e-9) + 1)]


def _image_told(found: Surfaces) -> dict[str, Any]:
    image, scale = picture_of(found), found.peak / (_NONE - 1)
    return {
        "west": image.west,
        "south": image.south,
        "east": image.east,
        "north": image.north,
        "width": image.width,
        "height": image.height,
        "projection": "web-mercator",
        "row0": "north",
        "scale": scale,
        "none": _NONE,
        "frames": [
            {**frame.told(), "peak": _short(_peak(values)), "data": _packed(image.of(values), scale)}
            for frame, values in zip(found.frames, found.values, strict=True)
        ],
    }


def _packed(picture: Floats, scale: float) -> str:
    numbers = np.clip(np.rint(picture / scale), 0, _NONE - 1) if scale else picture * 0
    return base64.b64encode(np.where(np.isnan(numbers), _NONE, numbers).astype("<u2").tobytes()).decode("ascii")


def _peak(values: Floats) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _bounds(points: Points, bandwidth_m: float) -> tuple[float, float, float, float]:
    """The box of the grids in metres, and around it as far as a case at their edge makes a difference."""
    ground = to_metric(np.array([shapely.box(*points.ground.bounds)], dtype=np.object_), srid=_srid(points))
    west, south, east, north = shapely.total_bounds(ground).tolist()
    reach = _REACH * bandwidth_m
    return west - reach, south - reach, east + reach, north + reach


def _cell_m(bounds: tuple[float, float, float, float], bandwidth_m: float, frames: int) -> float:
    west, south, east, north = bounds
    along, area = max(east - west, north - south), (east - west) * (north - south)
    least = max(along / _MOST_ALONG, math.sqrt(area * frames / _MOST_CELLS))
    if least * FEWEST_CELLS > bandwidth_m:
        needed, steps = math.ceil(least * FEWEST_CELLS), f" in {frames} steps" if frames > 1 else ""
        raise BadInput(
            "bandwidth_too_small",
            f"A bandwidth of {bandwidth_m:g} m is too small for ground of this size{steps}; give at least {needed} m.",
            field="bandwidth_m",
            value=bandwidth_m,
            values={"least_m": needed},
        )
    return max(bandwidth_m / CELLS_A_BANDWIDTH, least)


def _base(session: Session, points: Points, per: Per, **kernel: Any) -> Surface:
    """How densely buildings or households lie."""
    scheme = points.meant.scheme
    found = buildings_of(session, scheme.tree)
    # Where blocks stand in for buildings there are households, and no buildings.
    weights = (found.id > 0 if per == "building" else found.households).astype(np.float64)
    # As of cases, only what lies in a grid counts: else the rate would fall off towards the edge of the scheme.
    weights[np.asarray(points.ground.judge.owners(found.lon, found.lat)) == NOBODY] = 0
    if not weights.any():
        raise BadInput(
            "nothing_built",
            f"The city '{scheme.tree}' has no {per} to count cases by; import buildings, or count by km2.",
            field="per",
            value=per,
        )
    x, y = points_to_metric(found.lon, found.lat, srid=scheme.metric_srid)
    return density(x, y, weights=weights, **kernel)


def _srid(points: Points) -> int:
    return points.meant.scheme.metric_srid
