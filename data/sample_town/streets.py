"""Streets as lines with names, and the address of every block."""

from __future__ import annotations

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample_town.lines import KINDS, LANE, LIMIT, RING, Floats
from data.sample_town.mesh import Mesh
from data.sample_town.names import numeral, place_names
from gis.crs import STORED_SRID

_ENDINGS = {"ring": "环路", "arterial": "大道", "secondary": "路"}
_METRES_A_NUMBER = 8.0


def streets(mesh: Mesh, lane_names: NDArray[np.object_], rng: np.random.Generator) -> geopandas.GeoDataFrame:
    """Every street, indexed by its number in the mesh: columns source_id, name, kind.

    Args:
        mesh: The town's planar graph.
        lane_names: For each face the name its lanes are called after; they are numbered under it.
        rng: The source of chance.
    """
    used = np.flatnonzero((mesh.rank >= RING) & (mesh.rank < LIMIT))
    used = used[np.argsort(mesh.street[used], kind="stable")]
    numbers, first, row = np.unique(mesh.street[used], return_index=True, return_inverse=True)
    pieces = shapely.linestrings(mesh.nodes[mesh.segments[used]])
    lines = shapely.line_merge(shapely.multilinestrings(pieces, indices=row))
    rank = mesh.rank[used[first]]
    main = iter(place_names(int((rank < LANE).sum()), rng))
    count: dict[str, int] = {}
    names = []
    for of, face in zip(rank, mesh.sides[used[first], 0], strict=True):
        if of < LANE:
            names.append(next(main) + _ENDINGS[KINDS[of]])
            continue
        after = str(lane_names[face])
        count[after] = count.get(after, 0) + 1
        names.append(f"{after}{numeral(count[after])}巷")
    frame = {
        "source_id": [f"S{number:06d}" for number in numbers],
        "name": names,
        "kind": np.array(KINDS, dtype=object)[rank],
    }
    return geopandas.GeoDataFrame(frame, index=numbers, geometry=_multi(lines), crs=STORED_SRID)


def addresses(mesh: Mesh, roads: geopandas.GeoDataFrame) -> NDArray[np.object_]:
    """For each face a street along it, the grandest there is, and a number: odd on one side, even on the other."""
    face, segment = mesh.sides.T.ravel(), np.tile(np.arange(len(mesh.segments)), 2)
    along = (face >= 0) & (mesh.rank[segment] >= RING) & (mesh.rank[segment] < LIMIT)
    face, segment = face[along], segment[along]
    best = np.lexsort((-mesh.length_m[segment], mesh.rank[segment], face))
    faces, first = np.unique(face[best], return_index=True)
    front = segment[best][first]
    ends = mesh.nodes[mesh.segments[front]]
    spot = ends.mean(axis=1)
    from_start = _along(spot, roads.loc[mesh.street[front]].bounds.to_numpy())
    way, inward = ends[:, 1] - ends[:, 0], shapely.get_coordinates(shapely.centroid(mesh.faces[faces])) - spot
    way *= np.where(way[:, 0] + way[:, 1] < 0, -1, 1)[:, None]
    odd = way[:, 0] * inward[:, 1] - way[:, 1] * inward[:, 0] > 0
    number = 2 * (from_start / _METRES_A_NUMBER).astype(np.int64) + np.where(odd, 1, 2)
    names = roads.loc[mesh.street[front], "name"]
    out = np.full(len(mesh.faces), "无名路1号", dtype=object)
    out[faces] = [f"{name}{no}号" for name, no in zip(names, number, strict=True)]
    return out


def _along(spot: Floats, bounds: Floats) -> Floats:
    """Metres from the western end of a street, or from the southern end where it runs north."""
    across = (bounds[:, 2] - bounds[:, 0]) * 91_500 >= (bounds[:, 3] - bounds[:, 1]) * 111_000
    return np.asarray(
        np.where(across, (spot[:, 0] - bounds[:, 0]) * 91_500, (spot[:, 1] - bounds[:, 1]) * 111_000).clip(0)
    )


def _multi(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    parts, of = shapely.get_parts(lines, return_index=True)
    return np.asarray(shapely.multilinestrings(parts, indices=of))
