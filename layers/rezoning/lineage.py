"""Which grid gave ground to which by a version, stored for good: how much, and how many people live there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from data.tables import Building, GridLineage, Scheme
from gis.covering import Covering
from gis.crs import STORED_SRID, to_lattice
from gis.difference import Transfer
from gis.edges import Floats
from gis.metric import area_m2
from layers.rezoning.ground import Ground

Kind = Literal["split", "merge", "transfer", "reinstated"]
NOBODY = -1

_Counts = tuple[int | None, int | None]
# Envelopes in one question to the database.
_BOXES = 200


def owners(ground: Ground, lon: Floats, lat: Floats) -> NDArray[np.int64]:
    """The number of the grid that owns each place by the border rule, `NOBODY` outside; shape (n,).

    Args:
        ground: Grids.
        lon: Degrees on the lattice, shape (n,).
        lat: The same.
    """
    near = ground.around(shapely.points(lon, lat))
    found = Covering(list(near.values()), list(near))
    return np.append(found.grid_no, NOBODY)[found.ranks(lon, lat)]


def most_ground_from(found: Iterable[Transfer]) -> dict[int, int]:
    """Number of each grid that got ground from others -> the one that gave it the most.

    >>> here = shapely.Point(0, 0)
    >>> most_ground_from([Transfer(4, 7, here, 9.0), Transfer(None, 7, here, 8.0), Transfer(3, 7, here, 2.0)])
    {7: 4}
    """
    most: dict[int, int] = {}
    for one in sorted(found, key=lambda one: -one.area_m2):
        if one.giver is not None and one.taker is not None:
            most.setdefault(one.taker, one.giver)
    return most


def store_lineage(
    session: Session,
    scheme: Scheme,
    found: Sequence[Transfer],
    *,
    before: Ground,
    after: Ground,
    ids: Mapping[int, int],
    reinstated: bool,
) -> int:
    """Store who gave ground to whom; ground of nobody has no lineage.

    Args:
        session: An open session.
        scheme: The scheme, in its new version.
        found: What changed hands.
        before, after: All its grids.
        ids: Number -> id of the grids concerned.
        reinstated: Whether an older version was brought back.

    Returns:
        The number of pairs.
    """
    counted = _counted(session, scheme.tree, before, after, [one.shape for one in found])
    givers = sorted({one.giver for one in found if one.giver is not None})
    grounds = np.array([before[number] for number in givers], dtype=np.object_)
    had_m2 = dict(zip(givers, area_m2(grounds, srid=scheme.metric_srid).tolist(), strict=True))
    rows = []
    for one in found:
        if one.giver is None or one.taker is None:
            continue
        households, people = counted.get((one.giver, one.taker), (None, None))
        rows.append(
            GridLineage(
                scheme_id=scheme.id,
                version=scheme.version,
                from_grid_id=ids[one.giver],
                to_grid_id=ids[one.taker],
                kind="reinstated" if reinstated else _kind(one.giver, one.taker, before, after),
                area_m2=one.area_m2,
                area_share=min(one.area_m2 / had_m2[one.giver], 1.0),
                households=households,
                people=people,
            )
        )
    session.add_all(rows)
    session.flush()
    return len(rows)


def _kind(giver: int, taker: int, before: Ground, after: Ground) -> Kind:
    if taker not in before:
        return "split"
    return "transfer" if giver in after else "merge"


def _counted(
    session: Session, tree: str, before: Ground, after: Ground, shapes: Sequence[BaseGeometry]
) -> dict[tuple[int, int], _Counts]:
    """Households and people of the buildings that change their grid, by giver and taker; None where nobody counted."""
    sums: dict[tuple[int, int], _Counts] = defaultdict(lambda: (None, None))
    rows = _buildings(session, tree, shapes)
    if not rows:
        return sums
    inside = shapely.point_on_surface(shapely.from_wkb([bytes(row[2]) for row in rows]))
    lon, lat = to_lattice(shapely.get_coordinates(inside)).T
    pairs = zip(owners(before, lon, lat).tolist(), owners(after, lon, lat).tolist(), strict=True)
    for pair, (households, people, _) in zip(pairs, rows, strict=True):
        known = sums[pair]
        sums[pair] = (_sum(known[0], households), _sum(known[1], people))
    return sums


def _buildings(
    session: Session, tree: str, shapes: Sequence[BaseGeometry]
) -> list[tuple[int | None, int | None, bytes]]:
    parts = shapely.get_parts(np.array(shapes, dtype=np.object_))
    found: dict[int, tuple[int | None, int | None, bytes]] = {}
    for first in range(0, len(parts), _BOXES):
        boxes = shapely.bounds(parts[first : first + _BOXES]).tolist()
        near = or_(*(Building.geom.op("&&")(func.ST_MakeEnvelope(*box, STORED_SRID)) for box in boxes))
        rows = session.execute(
            select(Building.id, Building.households, Building.people, func.ST_AsBinary(Building.geom)).where(
                Building.tree == tree, near
            )
        )
        found |= {row[0]: (row[1], row[2], row[3]) for row in rows}
    return list(found.values())


def _sum(known: int | None, more: int | None) -> int | None:
    return known if more is None else more + (known or 0)
