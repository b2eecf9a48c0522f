"""The answer of `GET /api/v1/reach/sites`: where one more station would help most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID, transformer
from gis.edges import Floats
from gis.kept import Kept
from gis.metric import points_to_metric
from gis.siting import Site, best_sites
from gis.walking import Ints
from layers.reach.asking import Asked, meant
from layers.reach.city import Reached, inside, reached
from layers.reach.counted import share_of

MOST_SITES = 10
By = Literal["people", "buildings"]
_found = Kept[list[Site]](most=16)


def sites(session: Session, asked: Asked, *, k: int = 3, by: By | None = None) -> dict[str, Any]:
    """Where one more station would bring most people or buildings within the walk, and where the next after it.

    Args:
        session: An open session.
        asked: To which service, how far.
        k: How many sites.
        by: What counts; people where anybody counted them, else buildings, if None.

    Returns:
        `sites`, the best first, each with what it gains beside those before it; fewer than k where nothing is gained.
        `share_now` and each `share_after` are shares of what counts.

    Raises:
        NotFound: `unknown_scheme`, `unknown_service`.
        BadInput: `bad_walk`.
    """
    what = meant(session, asked)
    found = reached(session, what)
    buildings, there = found.city.buildings, inside(found.city)
    people = np.where(buildings.counted, buildings.people, 0)
    by = by or ("people" if buildings.counted[there].any() else "buildings")
    weight = np.where(there, people if by == "people" else 1, 0).astype(np.float64)
    within = found.minutes <= asked.minutes
    best = _found.get(
        (found.key, what.limit_m, k, by), lambda: _best(found, np.flatnonzero(there & ~within), weight, k)
    )
    now, all_of_it = float(weight[within].sum()), float(weight.sum())
    after = now + np.cumsum([site.gain for site in best])
    way = transformer(what.scheme.metric_srid, STORED_SRID)
    rows = []
    for rank, (site, covered) in enumerate(zip(best, after, strict=True), start=1):
        lon, lat = way.transform(site.x, site.y)
        rows.append(
            {
                "rank": rank,
                "lon": round(lon, 7),
                "lat": round(lat, 7),
                "street": _street(found, site.node),
                "gains_buildings": len(site.places),
                "gains_people": int(people[site.places].sum()) if buildings.counted[there].any() else None,
                "share_after": share_of(covered, all_of_it),
            }
        )
    return {**what.told(), "by": by, "share_now": share_of(now, all_of_it), "n": len(rows), "sites": rows}


def _best(found: Reached, lacking: Ints, weight: Floats, k: int) -> list[Site]:
    """The sites, whose places are rows of the buildings."""
    city, what = found.city, found.what
    x, y = points_to_metric(city.buildings.lon[lacking], city.buildings.lat[lacking], srid=what.scheme.metric_srid)
    at = city.at.taken(lacking)
    best = best_sites(city.streets, at, x, y, weight[lacking], limit_m=what.limit_m, count=k)
    return [replace(site, places=lacking[site.places]) for site in best]


def _street(found: Reached, node: int) -> str | None:
    """The name of a street that begins, ends or is crossed at a node."""
    streets = found.city.streets
    edges = np.flatnonzero((streets.start == node) | (streets.end == node))
    names = [name for name in found.city.street_name[streets.line[edges]] if name]
    return max(names, key=names.count, default=None)
