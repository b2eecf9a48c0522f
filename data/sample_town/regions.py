"""The town's coverages: faces grow into atoms, duty grids, communities, streets, counties; codes and names on them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import geopandas
import numpy as np
import pandas as pd
import shapely

from data.sample_town.blocks import Shapes
from data.sample_town.lines import Floats
from data.sample_town.merging import Ints, merge
from data.sample_town.mesh import Mesh
from data.sample_town.names import place_names
from data.sample_town.sizes import Size
from gis.codes import issue_grid_codes
from gis.crs import STORED_SRID

# How much a shared border ties two regions together, by the rank of the line on it: river, ring, arterial, secondary,
# lane, limit. What divides people divides grids.
_TIES = np.array([0.002, 0.1, 0.16, 0.5, 1.0, 1.0])
# No division of China has a code that begins so.
_CITY_CODE = "4199"


@dataclass(frozen=True)
class Regions:
    """For each face of the mesh the number of the region it belongs to, level by level, shape (n,)."""

    atom: Ints
    duty: Ints
    community: Ints
    street: Ints
    county: Ints


def grow(mesh: Mesh, size: Size) -> Regions:
    """Grow the levels from below, so that every level is an exact union of the one before."""
    weight = shapely.area(mesh.drawn)
    labels = [np.arange(len(weight))]
    for count in (size.atoms, size.duty, size.communities, size.streets, size.counties):
        labels.append(_level(mesh, labels[-1], weight, count))
    return Regions(*labels[1:])


def _level(mesh: Mesh, labels: Ints, weight: Floats, count: int) -> Ints:
    number = int(labels.max()) + 1
    left, right = mesh.sides.T
    inside = right >= 0
    a, b = labels[left], np.where(inside, labels[right], -1)
    outer = a != b
    between = outer & inside
    around = np.bincount(a[outer], mesh.length_m[outer], number).astype(np.float64)
    around += np.bincount(b[between], mesh.length_m[between], number)
    tie = (mesh.length_m * _TIES[mesh.rank])[between]
    heavy = np.bincount(labels, weight, number).astype(np.float64)
    merged = merge(heavy, np.c_[a[between], b[between]], tie, around, count=count)
    return np.asarray(merged[labels])


def dissolve(faces: Shapes, labels: Ints) -> Shapes:
    """The faces of each region as one multipolygon made of the same vertices, in the order of the labels."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(labels.max() + 2))
    unions = [shapely.coverage_union_all(faces[order[low:high]]) for low, high in pairwise(starts)]
    parts, region = shapely.get_parts(np.array(unions, dtype=object), return_index=True)
    return np.asarray(shapely.orient_polygons(shapely.multipolygons(parts, indices=region)))


def areas(mesh: Mesh, regions: Regions, size: Size, rng: np.random.Generator) -> geopandas.GeoDataFrame:
    """City, counties, streets and communities: columns level, code, name, parent_code."""
    names = iter(place_names(size.counties + size.streets + size.communities + 1, rng))
    city = _CITY_CODE + "0" * 8
    parts = [_rows("city", [city], [f"{next(names)}市"], [None], dissolve(mesh.faces, np.zeros_like(regions.county)))]
    county_codes = [f"{_CITY_CODE}{number + 1:02d}000000" for number in range(regions.county.max() + 1)]
    above, parents = regions.county, county_codes
    county_names = [f"{next(names)}区" for _ in county_codes]
    parts.append(
        _rows(
            "county",
            county_codes,
            county_names,
            [city] * len(county_codes),
            dissolve(mesh.faces, regions.county),
        )
    )
    for level, labels, kept, ending in (
        ("street", regions.street, 6, "街道"),
        ("community", regions.community, 9, "社区"),
    ):
        of = [parents[k] for k in _parent_of(labels, above)]
        serial: dict[str, int] = {}
        codes = []
        for parent in of:
            serial[parent] = serial.get(parent, 0) + 1
            codes.append(f"{parent[:kept]}{serial[parent]:03d}".ljust(12, "0"))
        parts.append(_rows(level, codes, [f"{next(names)}{ending}" for _ in codes], of, dissolve(mesh.faces, labels)))
        above, parents = labels, codes
    return geopandas.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=STORED_SRID)


def grids(
    mesh: Mesh, labels: Ints, regions: Regions, communities: geopandas.GeoDataFrame, *, word: str
) -> geopandas.GeoDataFrame:
    """A whole scheme: columns code (15 digits), name, parent_code; each grid lies in one community."""
    shapes = dissolve(mesh.faces, labels)
    of = _parent_of(labels, regions.community)
    centre = shapely.get_coordinates(shapely.point_on_surface(shapes))
    code, name = np.empty(len(shapes), dtype=object), np.empty(len(shapes), dtype=object)
    titles = communities["name"].str.removesuffix("社区").to_numpy()
    for community, parent in enumerate(communities["code"]):
        rows = np.flatnonzero(of == community)
        code[rows] = issue_grid_codes(parent, centre[rows, 0], centre[rows, 1])
        name[rows] = [f"{titles[community]}{int(one[-3:])}{word}" for one in code[rows]]
    frame = {"code": code, "name": name, "parent_code": communities["code"].to_numpy()[of]}
    return geopandas.GeoDataFrame(frame, geometry=shapes, crs=STORED_SRID)


def dedicated(
    units: geopandas.GeoDataFrame, duty: geopandas.GeoDataFrame, size: Size, rng: np.random.Generator
) -> geopandas.GeoDataFrame:
    """A partial scheme: malls, schools and parks, each the middle of one large atom."""
    large = np.argsort(-shapely.area(units.geometry.to_numpy()))[: size.dedicated * 4]
    chosen = np.sort(rng.choice(large, size.dedicated, replace=False))
    metric = units.geometry.iloc[chosen].to_crs(4547).buffer(-12, join_style="mitre")
    whole = metric.to_crs(STORED_SRID)
    kinds = ("商场", "学校", "公园", "医院", "车站", "工地")
    parent = units["parent_code"].iloc[chosen].to_numpy()
    titles = duty.drop_duplicates("parent_code").set_index("parent_code")["name"].str.extract(r"^(\D+)")[0]
    frame = {
        "code": [f"Z{number + 1:05d}" for number in range(len(chosen))],
        "name": [f"{titles[p]}{kinds[k % len(kinds)]}" for k, p in enumerate(parent)],
        "parent_code": parent,
    }
    return geopandas.GeoDataFrame(frame, geometry=whole.to_numpy(), crs=STORED_SRID)


def _rows(
    level: str, codes: list[str], names: list[str], parents: list[str] | list[None], shapes: Shapes
) -> geopandas.GeoDataFrame:
    frame = {"level": level, "code": codes, "name": names, "parent_code": parents}
    return geopandas.GeoDataFrame(frame, geometry=shapes, crs=STORED_SRID)


def _parent_of(labels: Ints, above: Ints) -> Ints:
    """For each region the region of the level above that holds it."""
    _, first = np.unique(labels, return_index=True)
    return np.asarray(above[first])
