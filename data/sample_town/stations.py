"""Where a town has its service stations and clinics: in buildings, and more of them in the middle than at the edge."""

from __future__ import annotations

import geopandas
import numpy as np
import shapely

from data.sample_town.lines import Floats
from data.sample_town.places import DEGREE_M
from gis.crs import STORED_SRID, to_lattice

# Service, the end of the name, one for so many communities, and which part of the town, from its middle, has any.
_SERVICES = (("station", "服务站", 5, 0.6), ("clinic", "卫生服务中心", 10, 0.9))


def stations(communities: geopandas.GeoDataFrame, homes: Floats) -> geopandas.GeoDataFrame:
    """Places of the services: columns source_id, name, service.

    Args:
        communities: Of the town, with their names.
        homes: Centres of buildings in EPSG:4326 (n, 2).
    """
    middles = shapely.get_coordinates(shapely.point_on_surface(communities.geometry.to_numpy()))
    out = np.hypot(*((middles - middles.mean(axis=0)) * DEGREE_M).T)
    outward = np.argsort(out, kind="stable")
    houses = shapely.STRtree(shapely.points(homes * DEGREE_M))
    rows = []
    for service, ending, communities_each, part in _SERVICES:
        inner = outward[: max(1, round(len(outward) * part))]
        count = max(1, len(outward) // communities_each)
        chosen = np.unique(inner[np.linspace(0, len(inner) - 1, count).astype(np.int64)])
        at = homes[houses.nearest(shapely.points(middles[chosen] * DEGREE_M))]
        titles = communities["name"].str.removesuffix("社区").to_numpy()[chosen]
        for number, (title, place) in enumerate(zip(titles, at, strict=True), start=1):
            name = f"{title}{ending}"
            rows.append((f"{service}-{number:03d}", name, service, shapely.Point(to_lattice(place))))
    return geopandas.GeoDataFrame(rows, columns=["source_id", "name", "service", "geometry"], crs=STORED_SRID)
