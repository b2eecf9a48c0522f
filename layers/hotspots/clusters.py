"""Where cases crowd: clusters by their density, each with an outline and the cases in it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import geopandas
import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis.clusters import dbscan, outlines
from gis.crs import STORED_SRID
from gis.errors import BadInput
from gis.wall_clock import moment
from layers.hotspots.asking import Asked, meant, require_metres
from layers.hotspots.points import Ints, points_of

METHOD = "dbscan"
WITHIN_M, LEAST = 100.0, 20
MOST_WITHIN_M = 2_000.0
_MOST_LEAST = 1_000_000
# More outlines than anybody looks at, which take longer than anybody waits.
MOST_CLUSTERS = 10_000
# So many cases of a cluster are named.
_NAMED = 100


def clusters(session: Session, asked: Asked, *, within_m: float = WITHIN_M, least: int = LEAST) -> dict[str, Any]:
    """The answer of `GET /api/v1/hotspots/clusters`: GeoJSON of the outlines, the cluster of most cases first.

    Args:
        session: An open session.
        asked: Which cases.
        within_m: How near two cases of a crowd lie.
        least: How many cases within that distance, itself included, make a case the core of a cluster.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_hours`, `bad_distance`, `bad_threshold`, `too_many_clusters`.
    """
    require_metres(within_m, "within_m", most=MOST_WITHIN_M)
    if not 1 <= least <= _MOST_LEAST:
        detail = f"least is {least}; give a number of cases from 1 to {_MOST_LEAST:,}."
        raise BadInput("bad_threshold", detail, field="least", value=least)
    points = points_of(session, meant(session, asked))
    labels = dbscan(*points.metric, within_m=within_m, least=least)
    count = int(labels.max(initial=-1)) + 1
    if count > MOST_CLUSTERS:
        raise BadInput(
            "too_many_clusters",
            f"The cases form {count:,} clusters, more than {MOST_CLUSTERS:,}; give a larger least or fewer cases.",
            field="least",
            value=least,
            values={"clusters": count, "most": MOST_CLUSTERS},
        )
    found = outlines(*points.metric, labels, within_m=within_m)
    ground = geopandas.GeoSeries(found.polygons, crs=points.meant.scheme.metric_srid).to_crs(STORED_SRID)
    order = np.lexsort((points.at, labels))
    ends = np.searchsorted(labels[order], np.arange(len(found.n) + 1))
    zone = points.meant.zone
    features = [
        {
            "type": "Feature",
            "id": number,
            "geometry": shapely.geometry.mapping(shapely.set_precision(shape, 1e-7, mode="pointwise")),
            "properties": {
                "cluster": number,
                "n": int(found.n[number]),
                "diameter_m": round(float(found.diameter_m[number]), 1),
                "first": _shown(points.at[order[begin]], zone),
                "last": _shown(points.at[order[end - 1]], zone),
                "cases": _named(points.number[order[begin:end]]),
            },
        }
        for number, (shape, begin, end) in enumerate(zip(ground, ends[:-1].tolist(), ends[1:].tolist(), strict=True))
    ]
    return {
        "type": "FeatureCollection",
        **points.told(),
        "method": METHOD,
        "unit": "cases",
        "within_m": within_m,
        "least": least,
        "clusters": len(features),
        "noise": int(np.count_nonzero(labels < 0)),
        "features": features,
    }


def _named(numbers: Ints) -> list[str]:
    """Numbers of the newest cases."""
    return [str(number) for number in numbers[::-1][:_NAMED].tolist()]


def _shown(at: int, zone: ZoneInfo) -> str:
    return moment(int(at)).astimezone(zone).isoformat(timespec="seconds")
