"""Reports of three months: hot spots, weekdays and hours, and the awkward ones that real files are full of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.matters import matters
from data.sample_town.bend import METRIC_SRID
from data.sample_town.lines import Floats
from data.sample_town.mesh import Mesh
from gis.crs import STORED_SRID, on_lattice, to_lattice, transformer
from gis.gcj import wgs84_to_bd09, wgs84_to_gcj02

DAYS = 90
_SOURCES = ("patrol", "hotline", "resident", "camera")
_HOURS = np.array([1, 1, 1, 1, 1, 2, 5, 10, 14, 14, 12, 10, 7, 8, 11, 12, 11, 10, 9, 8, 6, 4, 3, 2], dtype=float)
_WEEKDAYS = np.array([1.15, 1.05, 1.0, 1.0, 1.05, 0.85, 0.75])
_ON_BORDER, _OUTSIDE, _GCJ, _BD, _WRONG, _DAY = 0.015, 0.004, 0.10, 0.03, 0.008, 0.02


@dataclass(frozen=True)
class Ground:
    """What reports need to know of a town.

    Attributes:
        buildings: Centres in EPSG:4547, shape (n, 2).
        corners: Lattice positions on the borders of duty grids, shape (m, 2).
        rim: Points outside the limit in EPSG:4547, up to 3 km away, shape (k, 2).
        weight: How often each building is reported from.
    """

    buildings: Floats
    corners: Floats
    rim: Floats
    weight: Floats


def ground(mesh: Mesh, duty: NDArray[np.int64], buildings: Floats, rng: np.random.Generator) -> Ground:
    """Choose the hot spots, and the places on borders and outside."""
    left, right = mesh.sides.T
    border = (right >= 0) & (duty[left] != duty[np.maximum(right, 0)])
    ends = mesh.nodes[mesh.segments[border]]
    middle = ends.mean(axis=1)
    corners = np.concatenate([ends[:, 0], middle[on_lattice(middle).all(axis=1)]])
    limit = mesh.nodes[mesh.segments[right < 0]][:, 0]
    rim = np.c_[transformer(STORED_SRID, METRIC_SRID).transform(limit[:, 0], limit[:, 1])]
    centre = rim.mean(axis=0)
    out = (rim - centre) / np.hypot(*(rim - centre).T)[:, None]
    away = rng.uniform(15, 2_500, len(rim))[:, None] ** rng.uniform(0.5, 1.0, (len(rim), 1))
    spots = buildings[rng.choice(len(buildings), max(8, len(buildings) // 600), replace=False)]
    distance, near = np.full(len(buildings), np.inf), shapely.STRtree(shapely.points(spots))
    nearest = near.nearest(shapely.points(buildings))
    distance = np.hypot(*(buildings - spots[nearest]).T)
    weight = 0.25 + 9 * np.exp(-((distance / 140) ** 2))
    return Ground(buildings, corners, rim + out * away, weight / weight.sum())


def reports(
    place: Ground, *, count: int, until: datetime, rng: np.random.Generator, rows: int = 250_000
) -> Iterator[pd.DataFrame]:
    """Reports in frames of at most `rows` rows.

    Columns: source_id, x, y, datum, category, description, occurred_at, state, source; all text but x and y.
    """
    for first in range(0, count, rows):
        yield _frame(place, first, min(rows, count - first), until, rng)


def _frame(place: Ground, first: int, n: int, until: datetime, rng: np.random.Generator) -> pd.DataFrame:
    lon, lat = _positions(place, n, rng)
    datum, x, y = _declared(lon, lat, rng)
    age_days, text = _times(n, until, rng)
    codes = np.array(list(matters()))
    popular = 1 / np.arange(1, len(codes) + 1) ** 0.8
    of = rng.choice(len(codes), n, p=popular / popular.sum())
    names = np.array([matters()[code]["zh"] for code in codes], dtype=object)
    endings = np.array(["影响通行", "请尽快处理", "已多日", "味道很大", "多次反映", ""], dtype=object)
    return pd.DataFrame(
        {
            "source_id": [f"R{number:08d}" for number in range(first + 1, first + n + 1)],
            "x": x,
            "y": y,
            "datum": datum,
            "category": codes[of],
            "description": names[of] + "," + endings[rng.integers(0, len(endings), n)],
            "occurred_at": text,
            "state": _states(age_days, rng),
            "source": np.array(_SOURCES)[rng.choice(4, n, p=[0.45, 0.25, 0.2, 0.1])],
        }
    )


def _positions(place: Ground, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    at = place.buildings[rng.choice(len(place.buildings), n, p=place.weight)] + rng.normal(0, 14, (n, 2))
    outside = rng.random(n) < _OUTSIDE
    at[outside] = place.rim[rng.integers(0, len(place.rim), int(outside.sum()))]
    degrees = transformer(METRIC_SRID, STORED_SRID).transform(at[:, 0], at[:, 1])
    lon, lat = (to_lattice(values) for values in degrees)
    border = rng.random(n) < _ON_BORDER
    chosen = place.corners[rng.integers(0, len(place.corners), int(border.sum()))]
    lon[border], lat[border] = chosen.T
    lon[::9_973] += 0.2  # a few so far away that they are a mistake
    return lon, lat


def _declared(lon: Floats, lat: Floats, rng: np.random.Generator) -> tuple[NDArray[np.object_], Floats, Floats]:
    """Positions as their senders wrote them: mostly WGS-84, some in shifted datums, a few declared wrongly."""
    draw = rng.random(len(lon))
    gcj, bd = draw < _GCJ, (draw >= _GCJ) & (draw < _GCJ + _BD)
    wrong = draw > 1 - _WRONG
    datum = np.full(len(lon), "wgs84", dtype=object)
    datum[gcj], datum[bd] = "gcj02", "bd09"
    x, y = lon.copy(), lat.copy()
    x[gcj | wrong], y[gcj | wrong] = wgs84_to_gcj02(lon[gcj | wrong], lat[gcj | wrong])
    x[bd], y[bd] = wgs84_to_bd09(lon[bd], lat[bd])
    return datum, x, y


def _times(n: int, until: datetime, rng: np.random.Generator) -> tuple[Floats, NDArray[np.object_]]:
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=back) for back in range(DAYS)]
    weight = np.array([_WEEKDAYS[day.weekday()] for day in days])
    back = rng.choice(DAYS, n, p=weight / weight.sum())
    second = rng.choice(24, n, p=_HOURS / _HOURS.sum()) * 3600 + rng.integers(0, 3600, n)
    at = np.datetime64(midnight.replace(tzinfo=None), "s") - back * np.timedelta64(86400, "s") + second
    now = np.datetime64(until.replace(tzinfo=None), "s")
    at = np.where(at > now, at - np.timedelta64(7 * 86400, "s"), at)
    text = np.char.add(np.datetime_as_string(at, unit="s"), "+08:00").astype(object)
    bare = rng.random(n) < _DAY
    text[bare] = np.datetime_as_string(at[bare], unit="D")
    return (now - at) / np.timedelta64(86400, "s"), text


def _states(age_days: Floats, rng: np.random.Generator) -> NDArray[np.object_]:
    done = rng.random(len(age_days)) < np.clip(age_days / 14, 0.02, 0.97)
    going = rng.choice(np.array(["reported", "handling", "verified"], dtype=object), len(age_days), p=[0.5, 0.3, 0.2])
    ended = rng.choice(np.array(["archived", "assessed"], dtype=object), len(age_days), p=[0.85, 0.15])
    return np.where(done, ended, going)
