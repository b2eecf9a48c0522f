"""Dedicated grids: malls, schools, parks and the like, each a walled block inside a duty grid."""

from __future__ import annotations

import geopandas
import numpy as np
import shapely

from data.sample_town.bend import lonlat
from data.sample_town.merging import Ints
from data.sample_town.mesh import Mesh
from data.sample_town.regions import Regions
from data.sample_town.sizes import Size
from gis.codes import issue_grid_codes
from gis.crs import STORED_SRID

# From the middle of the street to the wall; houses stand farther back.
_WALL_M = 6.0
# Serials of dedicated grids begin above those of duty grids, so that no code stands for two things.
_HIGHEST = 900
KINDS = ("商场", "学校", "公园", "医院", "工地", "车站")


def choose(mesh: Mesh, regions: Regions, size: Size, rng: np.random.Generator) -> Ints:
    """Faces that become dedicated grids: regular blocks of a good size, at most one in a duty grid."""
    area = shapely.area(mesh.metric)
    regular = area / shapely.area(shapely.oriented_envelope(mesh.metric)) > 0.85
    whole = np.bincount(regions.atom)[regions.atom] == 1
    low, high = np.quantile(area, (0.35, 0.97))
    candidates = np.flatnonzero(regular & whole & (area > low) & (area < high))
    candidates = rng.permutation(candidates)
    _, first = np.unique(regions.duty[candidates], return_index=True)
    return np.asarray(np.sort(candidates[np.sort(first)[: size.dedicated]]))


def dedicated(
    mesh: Mesh, chosen: Ints, regions: Regions, communities: geopandas.GeoDataFrame
) -> geopandas.GeoDataFrame:
    """A partial scheme: columns code (15 digits, serials from 901), name, parent_code."""
    walled = shapely.buffer(mesh.metric[chosen], -_WALL_M, join_style="mitre")
    xy = shapely.get_coordinates(walled)
    shapes = shapely.set_coordinates(walled, lonlat(xy))
    of = regions.community[chosen]
    centre = shapely.get_coordinates(shapely.centroid(shapes))
    code = np.empty(len(chosen), dtype=object)
    for community in np.unique(of):
        rows = np.flatnonzero(of == community)
        parent = communities["code"].iloc[community]
        code[rows] = issue_grid_codes(parent, centre[rows, 0], centre[rows, 1], highest=_HIGHEST)
    titles = communities["name"].str.removesuffix("社区").to_numpy()[of]
    name = [f"{title}{KINDS[k % len(KINDS)]}" for k, title in enumerate(titles)]
    frame = {"code": code, "name": name, "parent_code": communities["code"].to_numpy()[of]}
    return geopandas.GeoDataFrame(frame, geometry=shapely.multipolygons(shapes[:, None]), crs=STORED_SRID)
