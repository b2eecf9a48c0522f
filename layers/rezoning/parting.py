"""A fresh partition of some grids' ground, made of blocks: one `replace` edit of a draft, as any other to be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
import shapely
from shapely import STRtree
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from gis.atoms import Ints, bridged
from gis.edges import Floats
from gis.edits_atoms import deal_out
from gis.edits_units import area_in_units
from gis.errors import BadInput
from gis.partition import TOLERANCE, partition, require_atoms
from layers.actor import Actor
from layers.rezoning.blocks import Blocks, blocks_on, what_lies
from layers.rezoning.desk import workspace_on
from layers.rezoning.drafts import draft_changed, held, opened
from layers.rezoning.drawing import drawn, require_stored, shape_drawn
from layers.rezoning.editing import Saved, require_open, store_edit
from layers.rezoning.figures import Figures
from layers.rezoning.ground import Ground
from layers.rezoning.suggestions import counts_streets, settled_with

MOST_PARTS = 1000
"""The most parts that ground is dealt out to at once."""

# What should stay in its grid, and how much it counts.
_STAYING = {"households": 1.0, "people": 1.0, "cases": 1e-3, "area_m2": 1e-6}
# The home of all blocks of a partition: its grids count as one.
_ONE = 0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What partition is wanted.

    Attributes:
        grids: Numbers of the grids whose ground is dealt out; or
        area: a polygon of GeoJSON that stands for the grids that have more than half of their ground in it.
        datum: Of the area.
        parts: How many parts; as many as there are grids if None.
        measure: What to balance; as settled for the draft if None.
        weights: What work takes, in minutes; as settled for the draft if None.
        seed: The same number gives the same partition.
        tolerance: How far the figure of a part may be from the mean, as a share of it.
    """

    grids: Sequence[int] | None = None
    area: Mapping[str, Any] | None = None
    datum: str | None = None
    parts: int | None = None
    measure: str | None = None
    weights: Mapping[str, Any] | None = None
    seed: int = 1
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Partitioned:
    """A partition that was saved.

    Attributes:
        saved: The edit.
        told: What was made of the wish: grids, parts, measure, seed, tolerance, deviation and blocks.
    """

    saved: Saved
    told: dict[str, Any]


def save_partition(session: Session, actor: Actor, draft_id: int, wish: Wish, *, revision: int) -> Partitioned:
    """Deal the ground of some grids out anew, and store that as an edit of the draft.

    The draft is held only to store the edit, not for the seconds that it takes to find: who saves meanwhile need not
    wait, and the partition is refused.

    Args:
        session: An open session.
        actor: Who wants it.
        draft_id: Which draft.
        wish: What is wanted.
        revision: The revision of the draft that the actor saw.

    Raises:
        NotFound: `unknown_draft`.
        Outdated: `draft_changed`.
        Conflict: `draft_not_open`, `no_blocks`.
        BadInput: `grid_not_given`, `datum_not_stored`, `no_ground_here`, `too_few_blocks`, `no_load`, those of
            `settled`, and those of every edit.
        Unavailable: `ground_loading`.
    """
    now = opened(session, draft_id)
    if now.draft.revision != revision:
        raise draft_changed(session, now.draft)
    require_open(now.draft)
    grids = _chosen(now.ground, wish)
    chosen = settled_with(now, wish.measure, wish.weights)
    srid = now.scheme.metric_srid
    ground = {number: now.ground[number] for number in grids}
    blocks = blocks_on(session, now.scheme, {_ONE: shapely.union_all(list(ground.values()))})
    parts = wish.parts or len(grids)
    require_atoms(len(blocks.id), parts)
    with workspace_on(session, now.scheme, now.ground.base) as workspace:
        # Things are sought grid by grid: the ground as one polygon has too many vertices to ask for each of them.
        at_home, streets = dict.fromkeys(grids, _ONE), counts_streets(chosen)
        lies = what_lies(workspace, blocks, ground, at_home, streets=streets, metric_srid=srid)
    load = lies.measured(chosen.measure, chosen.effort)
    between = blocks.between()
    beside = bridged(blocks.links(between, metric_srid=srid), blocks.geom)
    made = partition(load, beside, parts, seed=wish.seed, tolerance=wish.tolerance)
    goes = _numbered(now.ground, grids, blocks, made.part, lies)
    middle = None if between is None else between.apart(goes)
    edited = deal_out(now.ground.beside(grids), grids, blocks.geom, goes, middle=middle, afresh=True)
    told = {
        "grids": grids,
        "parts": parts,
        "measure": chosen.measure,
        "seed": wish.seed,
        "tolerance": wish.tolerance,
        "deviation": round(made.deviation, 4),
        "blocks": blocks.source,
    }
    cells = [
        {"grid_no": number, "geometry": None if cell is None else mapping(cell)}
        for number, cell in zip(edited.numbers, edited.after, strict=True)
    ]
    edit = {"kind": "replace", "datum": "wgs84", "cells": cells, "partition": told}
    replaced = drawn(session, now.ground, edit)
    held(session, draft_id, revision=revision)
    return Partitioned(store_edit(session, actor, now, edit, replaced), told)


def _chosen(ground: Ground, wish: Wish) -> list[int]:
    """The grids whose ground is dealt out."""
    if wish.area is None:
        for number in wish.grids or ():
            if number not in ground:
                raise BadInput("grid_not_given", f"The draft has no grid {number}.", field="grids", value=number)
        return sorted(set(wish.grids or ()))
    require_stored(wish.datum)
    area = shape_drawn(wish.area, field="area")
    area_in_units(area)  # refuses what holds no ground
    near = ground.around([area])
    inside = [number for number, cell in near.items() if shapely.intersection(cell, area).area > cell.area / 2]
    if not inside:
        detail = "No grid has more than half of its ground in the area."
        raise BadInput("no_ground_here", detail, field="area", where=area)
    return inside


def _numbered(ground: Ground, grids: Sequence[int], blocks: Blocks, part: Ints, lies: Figures) -> Ints:
    """The number of the grid that each block goes to; parts take grids so that as much as can be stays where it is.

    Parts beyond the grids get new numbers.
    """
    parts = int(part.max()) + 1
    weight: Floats = np.zeros(len(part))
    for name, scale in _STAYING.items():
        weight += scale * lies.counted[name] / max(float(lies.counted[name].sum()), 1.0)
    kept = np.zeros((parts, len(grids)))
    cells = np.array([ground[number] for number in grids], dtype=np.object_)
    row, block = STRtree(blocks.geom).query(cells, predicate="intersects")
    common = shapely.intersection(blocks.geom[block], cells[row])
    share = shapely.area(common) / shapely.area(blocks.geom[block])
    np.add.at(kept, (part[block], row), weight[block] * share)
    to = np.full(parts, -1, dtype=np.int64)
    # Loaded here, when first asked for: a service that divides nothing starts half a second sooner.
    rows, columns = scipy.optimize.linear_sum_assignment(kept, maximize=True)
    to[rows] = np.array(grids, dtype=np.int64)[columns]
    fresh = np.flatnonzero(to < 0)
    to[fresh] = ground.next_no + np.arange(len(fresh))
    return to[part]
