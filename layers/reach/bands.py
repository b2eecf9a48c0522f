"""The answer of `GET /api/v1/reach/area`: the ground within a walk of a station, in bands of minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from gis.edges import Geometries
from gis.kept import Kept
from gis.reach_areas import ground_within
from layers.reach.asking import Asked, meant
from layers.reach.city import reached
from layers.reach.ways import feature, geojson_of

# Ground this near a street that is reached counts as reached.
BESIDE_M = 50.0
_STEP_MIN = 5.0
_MOST_BANDS = 6
_grounds = Kept[Geometries](most=16)


def bands(session: Session, asked: Asked) -> dict[str, Any]:
    """The ground from which a station can be walked to, as GeoJSON: a feature every five minutes up to the limit.

    Of a limit above half an hour there are six at most, in wider steps. Each holds those of fewer minutes; `minutes` is
    the longest walk in it.

    Raises:
        NotFound: `unknown_scheme`, `unknown_service`.
        BadInput: `bad_walk`.
    """
    what = meant(session, asked)
    found = reached(session, what)
    step = _STEP_MIN * np.ceil(asked.minutes / _STEP_MIN / _MOST_BANDS)
    uppers = [*np.arange(step, asked.minutes, step).tolist(), float(asked.minutes)]
    limits = np.array(uppers) * what.metres_a_minute
    grounds = _grounds.get(
        (found.key, tuple(limits.tolist())), lambda: ground_within(found.walked, limits, beside_m=BESIDE_M)
    )
    features = [
        feature(shape, {"minutes": minutes})
        for shape, minutes in zip(geojson_of(grounds, what), uppers, strict=True)
        if shape["coordinates"]
    ]
    return {
        "type": "FeatureCollection",
        **what.told(),
        "beside_m": BESIDE_M,
        "n": len(features),
        "features": features,
    }
