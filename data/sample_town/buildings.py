"""Streets as lines, and buildings along them: blocks cut into plots, a footprint in the middle of each plot."""

from __future__ import annotations

import geopandas
import numpy as np
import shapely

from data.sample_town.bend import METRIC_SRID, lonlat
from data.sample_town.blocks import cuts
from data.sample_town.lines import KINDS, LANE, RING, Floats
from data.sample_town.merging import Ints
from data.sample_town.mesh import Mesh, Shapes
from data.sample_town.names import place_names
from data.sample_town.sizes import Size
from gis.crs import STORED_SRID, transformer

# From the middle of a street to the line of the fronts.
_SETBACK_M = 9.0
_SHARE = 0.68


def streets(mesh: Mesh, rng: np.random.Generator) -> geopandas.GeoDataFrame:
    """Every street that has a name: columns source_id, name, kind; lanes have none of their own."""
    named = (mesh.rank >= RING) & (mesh.rank < LANE)
    numbers, row = np.unique(mesh.street[named], return_inverse=True)
    pieces = shapely.linestrings(mesh.nodes[mesh.segments[named]])
    lines = [shapely.line_merge(shapely.multilinestrings(pieces[row == k])) for k in range(len(numbers))]
    rank = [int(mesh.rank[named][row == k].min()) for k in range(len(numbers))]
    endings = {"ring": "环路", "arterial": "大道", "secondary": "路"}
    names = place_names(len(numbers), rng)
    frame = {
        "source_id": [f"S{number:05d}" for number in numbers],
        "name": [name + endings[KINDS[r]] for name, r in zip(names, rank, strict=True)],
        "kind": [KINDS[r] for r in rank],
    }
    return geopandas.GeoDataFrame(frame, geometry=lines, crs=STORED_SRID)


def buildings(
    blocks: Shapes, size: Size, roads: geopandas.GeoDataFrame, rng: np.random.Generator
) -> geopandas.GeoDataFrame:
    """Buildings inside blocks: columns source_id, name, address, households, people.

    Args:
        blocks: Finest cells in EPSG:4547; no building crosses their borders.
        size: How many to make.
        roads: Streets for the addresses.
        rng: The source of chance.
    """
    inner = shapely.buffer(blocks, -_SETBACK_M, join_style="mitre")
    parts = shapely.get_parts(inner)
    parts = parts[shapely.area(parts) > 150]
    plots = _plots(parts, _shares(shapely.area(parts), size.buildings), rng)
    footprints = _scaled(plots, _SHARE)
    xy = shapely.get_coordinates(footprints)
    shapes = shapely.set_coordinates(footprints.copy(), lonlat(xy))
    good = shapely.is_valid(shapes) & (shapely.area(footprints) > 12)
    shapes, footprints = shapes[good], footprints[good]
    households, people = _lived_in(footprints, size, rng)
    address = _addresses(footprints, roads)
    frame = {
        "source_id": [f"B{number + 1:07d}" for number in range(len(shapes))],
        "name": [f"{number % 40 + 1}号楼" for number in range(len(shapes))],
        "address": address,
        "households": households,
        "people": people,
    }
    return geopandas.GeoDataFrame(frame, geometry=shapely.multipolygons(shapes[:, None]), crs=STORED_SRID)


def _shares(area: Floats, total: int) -> Ints:
    """Whole numbers that add up to the total, near in proportion to area, at least one each where it goes round."""
    wanted = np.sqrt(area) / np.sqrt(area).sum() * total
    number = np.floor(wanted).astype(np.int64)
    rest = np.argsort(number - wanted)[: total - number.sum()]
    number[rest] += 1
    return number


def _plots(blocks: Shapes, number: Ints, rng: np.random.Generator) -> Shapes:
    """Cut each block into so many plots, halving along the longer side."""
    blocks, number = blocks[number > 0], number[number > 0]
    done: list[Shapes] = []
    while len(blocks):
        done.append(blocks[number == 1])
        blocks, number = blocks[number > 1], number[number > 1]
        if not len(blocks):
            break
        _, side = cuts(blocks, rng)
        one, other = shapely.intersection(blocks, side), shapely.difference(blocks, side)
        share = shapely.area(one) / shapely.area(blocks)
        first = np.clip(np.rint(number * share).astype(np.int64), 1, number - 1)
        blocks = _largest(np.concatenate([one, other]))
        number = np.concatenate([first, number - first])
        solid = shapely.area(blocks) > 20
        blocks, number = blocks[solid], number[solid]
    return np.concatenate(done)


def _largest(shapes: Shapes) -> Shapes:
    parts, of = shapely.get_parts(shapes, return_index=True)
    best = np.lexsort((shapely.area(parts), of))
    last = np.append(np.flatnonzero(np.diff(of[best])), len(best) - 1)
    out = np.full(len(shapes), shapely.Polygon(), dtype=object)
    out[of[best[last]]] = parts[best[last]]
    return out


def _scaled(shapes: Shapes, share: float) -> Shapes:
    centre = shapely.get_coordinates(shapely.point_on_surface(shapes))
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    return np.asarray(shapely.set_coordinates(shapes.copy(), centre[of] + (xy - centre[of]) * share))


def _lived_in(footprints: Shapes, size: Size, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Households and people: taller houses towards the middle; every seventh building is no dwelling."""
    middle = np.array(transformer(STORED_SRID, METRIC_SRID).transform(113.65, 34.75))
    away = np.hypot(*(shapely.get_coordinates(shapely.centroid(footprints)) - middle).T) / size.radius_m
    floors = np.clip(np.rint(rng.gamma(3.0, 1.6, len(away)) * (1.7 - away)), 1, 30)
    households = np.rint(shapely.area(footprints) * floors / 260).astype(np.int64)
    households[rng.random(len(away)) < 1 / 7] = 0
    return households, rng.poisson(households * 2.6).astype(np.int64)


def _addresses(footprints: Shapes, roads: geopandas.GeoDataFrame) -> list[str]:
    """The nearest named street and a number that rises along it."""
    lines = roads.geometry.to_crs(METRIC_SRID).to_numpy()
    points = shapely.centroid(footprints)
    nearest = shapely.STRtree(lines).nearest(points)
    along = shapely.line_locate_point(lines[nearest], points)
    order = np.lexsort((along, nearest))
    first = np.r_[True, np.diff(nearest[order]) > 0]
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = place + 1
    names = roads["name"].to_numpy()
    return [f"{names[road]}{no}号" for road, no in zip(nearest, number, strict=True)]
