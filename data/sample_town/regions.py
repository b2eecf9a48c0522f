"""The town's coverages: faces grow into atoms, duty grids, communities, streets, counties; codes and names on them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from data.sample_town.blocks import Shapes
from data.sample_town.lines import Floats
from data.sample_town.merging import Ints, merge
from data.sample_town.mesh import Mesh
from data.sample_town.names import place_names
from data.sample_town.sizes import Size
from gis.codes import issue_grid_codes, parse_grid_code
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
    """City, counties, streets and communities, rows of a level by region.

    Columns: level, code, name, parent_code, place_class (of streets only).
    """
    names = iter(place_names(size.counties + size.streets + size.communities + 1, rng))
    labels, codes = np.zeros_like(regions.county), np.array([_CITY_CODE + "0" * 8], dtype=object)
    parts = [_rows("city", codes, [f"{next(names)}市"], np.array([None]), dissolve(mesh.faces, labels))]
    for level, below, kept, digits, ending in (
        ("county", regions.county, 4, 2, "区"),
        ("street", regions.street, 6, 3, "街道"),
        ("community", regions.community, 9, 3, "社区"),
    ):
        shapes, of = dissolve(mesh.faces, below), codes[_parent_of(below, labels)]
        serials = _serials(shapes, of)
        codes = np.array(
            [f"{parent[:kept]}{no:0{digits}d}".ljust(12, "0") for parent, no in zip(of, serials, strict=True)],
            dtype=object,
        )
        parts.append(_rows(level, codes, [f"{next(names)}{ending}" for _ in codes], of, shapes))
        labels = below
    tree = geopandas.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=STORED_SRID)
    tree["place_class"] = None
    streets = tree.index[tree["level"] == "street"]
    tree.loc[streets, "place_class"] = _place_classes(tree.geometry[streets].to_numpy())
    return tree


def _place_classes(streets: Shapes) -> list[str]:
    """City in the middle, then the fringe; every sixth street, farthest out, is rural."""
    centre = shapely.get_coordinates(shapely.centroid(streets))
    rank = np.argsort(np.argsort(np.hypot(*(centre - centre.mean(axis=0)).T)))
    share = rank / len(streets)
    return list(np.select([share < 0.5, share < 0.8], ["city", "fringe"], "rural"))


def _serials(shapes: Shapes, of: NDArray[np.object_]) -> Ints:
    """A number for each area among those of one parent, in the order in which grids are numbered."""
    centre = shapely.get_coordinates(shapely.centroid(shapes))
    serials = np.empty(len(shapes), dtype=np.int64)
    for parent in np.unique(of):
        rows = np.flatnonzero(of == parent)
        codes = issue_grid_codes(f"{_CITY_CODE}01001001", centre[rows, 0], centre[rows, 1])
        serials[rows] = [parse_grid_code(code).serial for code in codes]
    return serials


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


def _rows(
    level: str, codes: NDArray[np.object_], names: list[str], parents: ArrayLike, shapes: Shapes
) -> geopandas.GeoDataFrame:
    frame = {"level": level, "code": codes, "name": names, "parent_code": parents}
    return geopandas.GeoDataFrame(frame, geometry=shapes, crs=STORED_SRID)


def _parent_of(labels: Ints, above: Ints) -> Ints:
    """For each region the region of the level above that holds it."""
    _, first = np.unique(labels, return_index=True)
    return np.asarray(above[first])
