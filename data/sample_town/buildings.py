"""Buildings: every block has a use, and its houses stand in rows along the block's own sides."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.bend import lonlat
from data.sample_town.blocks import Shapes
from data.sample_town.lines import ARTERIAL, RING, RIVER, Floats
from data.sample_town.merging import Ints
from data.sample_town.mesh import Mesh
from data.sample_town.names import place_names
from data.sample_town.sizes import Size
from gis.crs import STORED_SRID
from gis.errors import GridError


@dataclass(frozen=True)
class Use:
    """What stands on a block; widths run along the rows, `beside_m` and `before_m` are the gaps between houses."""

    title: str
    width_m: float
    depth_m: float
    beside_m: float
    before_m: float
    homes: float
    # Share of blocks in the middle of town and at its edge.
    inner: float
    outer: float


_USES = (
    Use("{}小区{}号楼", 50, 13, 6, 16, 15, 0.48, 0.44),
    Use("{}花园{}号楼", 27, 22, 20, 30, 58, 0.10, 0.07),
    Use("{}老院{}号", 14, 10, 3, 6, 2.2, 0.17, 0.04),
    Use("{}庄{}号", 15, 11, 7, 10, 1.4, 0.00, 0.18),
    Use("{}商厦{}座", 44, 30, 9, 14, 0, 0.15, 0.06),
    Use("{}学校{}号楼", 50, 15, 14, 30, 0, 0.05, 0.05),
    Use("{}产业园{}号厂房", 68, 32, 12, 18, 0, 0.05, 0.16),
)
# What stands in a dedicated grid; parks and building sites stay open.
_DEDICATED = {"商场": 4, "医院": 4, "车站": 4, "学校": 5}
_LIMIT = 90
_SPARE = 1.6
_BATCH = 4_000
# From the middle of a street to the line of the fronts, by the rank of the street.
_SETBACK_M = 9.0
_WIDER_M = {RIVER: 38.0, RING: 24.0, ARTERIAL: 19.0}


def buildings(
    mesh: Mesh,
    address: NDArray[np.object_],
    size: Size,
    dedicated: dict[int, str],
    rng: np.random.Generator,
) -> geopandas.GeoDataFrame:
    """As many buildings as the size says, none across the border of a face.

    Columns source_id, name, address, households, people.

    Args:
        mesh: The town's planar graph.
        address: Street and number of each face.
        size: How many to make.
        dedicated: Faces that are dedicated grids, with what they are.
        rng: The source of chance.

    Raises:
        GridError: `sample_town_broken`: there is no room for so many.
    """
    use = _uses(mesh, size, dedicated, rng)
    built = np.flatnonzero(use >= 0)
    batches = [built[k : k + _BATCH] for k in range(0, len(built), _BATCH)]
    rows = [_rows_of(_plots(mesh, batch), batch, use[batch], rng) for batch in batches]
    face, key, rings = (np.concatenate(part) for part in zip(*rows, strict=True))
    if len(face) < size.buildings:
        raise GridError("sample_town_broken", f"There is room for {len(face)} buildings only; take another seed.")
    kept = np.sort(np.argsort(key, kind="stable")[: size.buildings])
    face, rings = face[kept], rings[kept]
    shapes = _polygons(lonlat(rings.reshape(-1, 2)).reshape(rings.shape))
    first = np.r_[True, face[1:] != face[:-1]]
    number = np.arange(len(face)) - np.maximum.accumulate(np.where(first, np.arange(len(face)), 0)) + 1
    words = np.array(place_names(900, rng), dtype=object)[rng.integers(0, 900, len(mesh.faces))]
    homes = np.array([one.homes for one in _USES])[use[face]]
    households = np.rint(homes * rng.gamma(7.0, 1 / 7.0, len(face))).astype(np.int64)
    titles = [one.title for one in _USES]
    frame = {
        "source_id": [f"B{k:07d}" for k in range(1, len(face) + 1)],
        "name": [titles[u].format(words[f], no) for u, f, no in zip(use[face], face, number, strict=True)],
        "address": [f"{street}院{no}号楼" for street, no in zip(address[face], number, strict=True)],
        "households": households,
        "people": rng.poisson(households * 2.6),
    }
    return geopandas.GeoDataFrame(frame, geometry=shapely.multipolygons(shapes[:, None]), crs=STORED_SRID)


def _uses(mesh: Mesh, size: Size, dedicated: dict[int, str], rng: np.random.Generator) -> Ints:
    """The use of each face, -1 for open land; blocks far out stay open first once there is room for all."""
    out = np.hypot(*shapely.get_coordinates(shapely.centroid(mesh.drawn)).T) / size.radius_m
    shares = np.array([(one.inner, one.outer) for one in _USES])
    mix = shares[:, 0] + (shares[:, 1] - shares[:, 0]) * np.clip(out, 0, 1)[:, None]
    use = (rng.random((len(out), 1)) > mix.cumsum(axis=1) / mix.sum(axis=1, keepdims=True)).sum(axis=1)
    plot = np.array([(one.width_m + one.beside_m) * (one.depth_m + one.before_m) for one in _USES])
    room = np.minimum(shapely.area(mesh.metric) * 0.6 / plot[use], _LIMIT)
    order = np.argsort(0.5 * out + rng.random(len(out)), kind="stable")
    is_open = np.empty(len(out), dtype=bool)
    is_open[order] = (room[order].cumsum() > size.buildings * _SPARE) | (rng.random(len(out)) < 0.02)
    use = np.where(is_open, -1, use)
    for face, kind in dedicated.items():
        use[face] = _DEDICATED.get(kind, -1)
    return np.asarray(use, dtype=np.int64)


def _plots(mesh: Mesh, faces: Ints) -> Shapes:
    """The part of each face where houses may stand: wide streets and the river keep them farther away."""
    room = shapely.buffer(mesh.metric[faces], -_SETBACK_M, join_style="mitre")
    place = np.full(len(mesh.faces), -1)
    place[faces] = np.arange(len(faces))
    for rank, distance in _WIDER_M.items():
        segment = np.flatnonzero(mesh.rank == rank)
        for side in mesh.sides[segment].T:
            near = np.flatnonzero((side >= 0) & (place[side] >= 0))
            of = place[side[near]]
            near, of = near[np.argsort(of, kind="stable")], np.sort(of)
            lines = shapely.linestrings(mesh.metric_nodes[mesh.segments[segment[near]]])
            touched, group = np.unique(of, return_inverse=True)
            wide = shapely.buffer(shapely.multilinestrings(lines, indices=group), distance, quad_segs=2)
            room[touched] = shapely.difference(room[touched], wide)
    return np.asarray(room)


def _rows_of(room: Shapes, faces: Ints, use: Ints, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
    """Houses of some faces: their face, how dispensable each is (0 … 1), and their rings, shape (n, 7, 2)."""
    corner, row_way, width, depth = _frames(room)
    step = np.array([(one.width_m + one.beside_m, one.depth_m + one.before_m) for one in _USES])[use]
    gap = np.array([(one.beside_m, one.before_m) for one in _USES])[use]
    across = np.maximum(((width + gap[:, 0]) / step[:, 0]).astype(np.int64), 1)
    along = np.maximum(((depth + gap[:, 1]) / step[:, 1]).astype(np.int64), 1)
    of = np.repeat(np.arange(len(faces)), across * along)
    k = np.arange(len(of)) - np.repeat((across * along).cumsum() - across * along, across * along)
    i, j = k % across[of] + 0.5, k // across[of] + 0.5
    house = np.array([(one.width_m, one.depth_m) for one in _USES])[use]
    house = house * rng.uniform(0.84, 1.0, (len(faces), 2))
    half = house[of] * np.c_[rng.choice([0.36, 0.5, 0.5, 0.5], len(of)), np.full(len(of), 0.5)]
    x = i * ((width + gap[:, 0]) / across)[of] - gap[of, 0] / 2
    y = j * ((depth + gap[:, 1]) / along)[of] - gap[of, 1] / 2 + rng.normal(0, 0.4, len(of))
    local = np.stack([x, y], 1)[:, None] + _outline(half, rng.random(len(of)) < 0.16)
    ways = np.stack([row_way, np.c_[-row_way[:, 1], row_way[:, 0]]], 1)
    rings = corner[of][:, None] + np.einsum("nka,nab->nkb", local, ways[of])
    shapely.prepare(room)
    good = np.flatnonzero(shapely.contains_properly(room[of], shapely.polygons(rings)))
    of, rings = of[good], rings[good]
    heart = corner + np.einsum("na,nab->nb", rng.uniform(0.2, 0.8, (len(faces), 2)) * np.c_[width, depth], ways)
    far = np.hypot(*(rings[:, 0] - heart[of]).T)
    order = np.lexsort((far, of))
    start = np.searchsorted(of[order], np.arange(len(faces)))
    rank = np.empty(len(of))
    rank[order] = np.arange(len(of)) - start[of[order]]
    key = (rank + rng.random(len(of))) / np.minimum(np.bincount(of, minlength=len(faces)), _LIMIT)[of]
    few = rank < _LIMIT
    return faces[of[few]], key[few], rings[few]


def _frames(room: Shapes) -> tuple[Floats, Floats, Floats, Floats]:
    """An oblong around each room: a corner, the way of the rows (the side nearer to west-east), width, depth."""
    boxes = np.where(shapely.is_empty(room), shapely.box(0, 0, 0.1, 0.1), room)
    corners = shapely.get_coordinates(shapely.oriented_envelope(boxes)).reshape(-1, 5, 2)[:, :4]
    ways = np.roll(corners, -1, axis=1) - corners
    long = np.hypot(ways[..., 0], ways[..., 1])
    side = (ways[..., 0] / np.maximum(long, 1e-9)).argmax(axis=1)
    n = np.arange(len(room))
    way = ways[n, side] / np.maximum(long[n, side], 1e-9)[:, None]
    left = np.c_[-way[:, 1], way[:, 0]]
    # The oblong may be given clockwise: then it is the opposite side that has it on its left.
    turned = np.einsum("na,na->n", ways[n, (side + 1) % 4], left) < 0
    start = corners[n, np.where(turned, (side + 3) % 4, side)]
    return start, way, long[n, side], long[n, (side + 1) % 4]


def _outline(half: Floats, winged: NDArray[np.bool_]) -> Floats:
    """Rings around the origin, shape (n, 7, 2): oblongs, or oblongs with a corner left out."""
    w, d = half.T
    notch_w, notch_d = np.where(winged, 0.45, 0.0) * w, np.where(winged, 0.1, 1.0) * d
    x = np.stack([-w, w, w, notch_w, notch_w, -w, -w], 1)
    y = np.stack([-d, -d, notch_d, notch_d, d, d, -d], 1)
    return np.stack([x, y], 2)


def _polygons(rings: Floats) -> Shapes:
    """Rings of `_outline`, wherever they were moved, as polygons without idle points."""
    winged = (rings[:, 3] != rings[:, 4]).any(axis=1)
    shapes = np.empty(len(rings), dtype=object)
    shapes[winged] = shapely.polygons(rings[winged])
    shapes[~winged] = shapely.polygons(rings[~winged][:, [0, 1, 2, 5, 6]])
    return shapes
