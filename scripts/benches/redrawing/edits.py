"""What a planner draws on the city: corners that move, ground that is given away, grids that are cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from gis.edits import Edited
from gis.errors import GridError
from layers.rezoning.drawing import drawn
from layers.rezoning.ground import Ground

_KINDS = ("move_vertex", "move_vertex", "move_vertex", "transfer", "transfer", "split", "carve", "merge")


@dataclass(frozen=True)
class Drawn:
    """An edit as it is sent, and what it does to the published boundaries."""

    data: Mapping[str, Any]
    made: Edited


def some_edits(session: Session, ground: Ground, count: int) -> list[Drawn]:
    """Edits that are not refused, each on the boundaries as they are published."""
    rng = np.random.default_rng(29)
    numbers = ground.numbers
    found: list[Drawn] = []
    while len(found) < count:
        data = _some_edit(rng, ground, int(rng.choice(numbers)))
        try:
            found.append(Drawn(data, drawn(session, ground, data)))
        except GridError:
            continue  # what a drawing at random would break is refused
    return found


def _some_edit(rng: np.random.Generator, ground: Ground, number: int) -> dict[str, Any]:
    kind, cell = str(rng.choice(_KINDS)), ground[number]
    width = float(np.sqrt(cell.area))
    vertex = rng.choice(shapely.get_coordinates(cell))
    blob = mapping(shapely.Point(vertex).buffer(width * rng.uniform(0.15, 0.35), quad_segs=3))
    beside = [one for one, other in ground.beside([number]).items() if one != number and other.intersects(cell)]
    other = int(rng.choice(beside))
    middle, way = shapely.get_coordinates(cell.centroid)[0], rng.normal(size=2)
    way *= 4 * width / np.hypot(*way)
    given = {
        "move_vertex": {"vertex": vertex.tolist(), "to": (vertex + rng.normal(0, width / 12, 2)).tolist()},
        "transfer": {"giver": number, "taker": other, "area": blob},
        "split": {
            "grid": number,
            "line": {"type": "LineString", "coordinates": [(middle - way).tolist(), (middle + way).tolist()]},
        },
        "carve": {"area": blob},
        "merge": {"grids": [number, other], "into": number},
    }
    return {"kind": kind, "datum": "wgs84", **given[kind]}
