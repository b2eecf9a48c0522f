"""Small moves that would even out a draft: which blocks a grid could give to a neighbour, and what that would do.

Blocks and links propose, the edit itself decides: each move is drawn on the draft's ground, and is told only if the
grids go on to tile, none is torn, and the spread of the measure falls by the figures that a preview gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.balance import Balance, balance
from gis.edges import Floats
from gis.edits_atoms import deal_out
from gis.edits_checked import mean_width_m
from gis.edits_units import in_degrees, in_units
from gis.errors import BadInput, GridError
from gis.plans import Plan, require_load
from gis.suggest import Move, suggest
from gis.topology import SLIVER_M
from layers.rezoning.blocks import Blocks, blocks_on, what_lies
from layers.rezoning.desk import workspace_on
from layers.rezoning.drafts import Opened, opened
from layers.rezoning.drawing import drawn
from layers.rezoning.figures import Figures
from layers.rezoning.ground import Ground
from layers.rezoning.settled import Settled, settled

MOST = 12
"""The most suggestions made at once."""

_SMALL = 200
# Grids farthest from the mean whose neighbourhoods are looked at when none are chosen, and the most that may be chosen.
_WORST = 8
MOST_GRIDS = 40


@dataclass(frozen=True)
class _Proposal:
    """A move between two grids: the giver's blocks, and whether each of them goes."""

    giver: int
    taker: int
    worth: float
    blocks: Blocks
    goes: Sequence[bool]


def suggestions(
    session: Session,
    draft_id: int,
    *,
    measure: str | None = None,
    weights: Mapping[str, Any] | None = None,
    grids: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Moves that lower the spread of a measure over the scheme, the most worthwhile first.

    Args:
        session: An open session; nothing is written.
        draft_id: Which draft.
        measure: What to balance, one of `gis.balance.MEASURES`; as settled for the draft if None.
        weights: What work takes, in minutes; as settled for the draft if None.
        grids: Numbers of grids that are to give or to take; those farthest from the mean if None.

    Raises:
        NotFound: `unknown_draft`.
        Conflict: `no_blocks`.
        BadInput: `grid_not_given`, `no_load`, and those of `settled`.
        Unavailable: `ground_loading`.
    """
    now = opened(session, draft_id)
    chosen = settled_with(now, measure, weights)
    with workspace_on(session, now.scheme, now.ground.base) as workspace:
        figures = workspace.shift(now.ground).now
    loads = figures.measured(chosen.measure, chosen.effort)
    require_load(loads)
    before = _balance(figures, chosen)
    focus = _focus(now.ground, loads, figures, grids)
    found = _proposals(session, now, chosen, figures, focus)
    told: list[dict[str, Any]] = []
    for proposal in sorted(found.values(), key=lambda one: (-one.worth, one.giver, one.taker)):
        if len(told) == MOST:
            break
        told += _told(session, now, chosen, figures, proposal)
    return {
        "draft": draft_id,
        "revision": now.draft.revision,
        "measure": chosen.measure,
        "imbalance": round(before.imbalance, 4),
        "cv": round(before.cv, 4),
        "grids": focus,
        "suggestions": told,
    }


def settled_with(now: Opened, measure: str | None, weights: Mapping[str, Any] | None) -> Settled:
    """The settings of a draft, with what is asked for once in their place."""
    asked = {"measure": measure, "weights": weights}
    return settled({**now.draft.settings, **{name: one for name, one in asked.items() if one is not None}})


def counts_streets(chosen: Settled) -> bool:
    """Whether what is balanced depends on streets."""
    return chosen.measure == "street_m" or (chosen.measure == "staff_hours" and chosen.effort.street_km > 0)


def _balance(figures: Figures, chosen: Settled) -> Balance:
    return balance(figures.grid_no, figures.measured(chosen.measure, chosen.effort))


def _focus(ground: Ground, loads: Floats, figures: Figures, grids: Sequence[int] | None) -> list[int]:
    """The grids that are to give or to take."""
    if grids is None:
        far = np.abs(loads - loads.mean())
        return sorted(figures.grid_no[np.lexsort((figures.grid_no, -far))[:_WORST]].tolist())
    for number in grids:
        if number not in ground:
            raise BadInput("grid_not_given", f"The draft has no grid {number}.", field="grids", value=number)
    return sorted(set(grids))


def _proposals(
    session: Session, now: Opened, chosen: Settled, figures: Figures, focus: Sequence[int]
) -> dict[tuple[int, int], _Proposal]:
    """The best move between each two grids of which one is in focus."""
    found: dict[tuple[int, int], _Proposal] = {}
    # Neighbourhoods of a small scheme overlap, so they are looked at as one; in a large one they lie far apart.
    for some in [focus] if len(now.ground) <= _SMALL else [[number] for number in focus]:
        for proposal in _around(session, now, chosen, figures, some):
            found.setdefault((proposal.giver, proposal.taker), proposal)
    return found


def _around(
    session: Session, now: Opened, chosen: Settled, figures: Figures, focus: Sequence[int]
) -> Iterator[_Proposal]:
    """Moves between grids and their neighbours."""
    cells = now.ground.beside(focus)
    blocks = blocks_on(session, now.scheme, cells)
    if not len(blocks.id):
        return
    srid = now.scheme.metric_srid
    with workspace_on(session, now.scheme, now.ground.base) as workspace:
        lies = what_lies(
            workspace, blocks, cells, {one: one for one in cells}, streets=counts_streets(chosen), metric_srid=srid
        )
    load = lies.measured(chosen.measure, chosen.effort)
    numbers = list(cells)
    row_of = {one: row for row, one in enumerate(numbers)}
    part = np.array([row_of[one] for one in blocks.home.tolist()], dtype=np.int64)
    loads = figures.measured(chosen.measure, chosen.effort)[np.searchsorted(figures.grid_no, numbers)]
    # What no block of a grid carries stays with it.
    base = np.maximum(loads - np.bincount(part, load, minlength=len(numbers)), 0.0)
    plan = Plan(part, load, blocks.links(blocks.between(), metric_srid=srid), base=base)
    for move in suggest(plan, cost=lies.counted["households"], focus=[row_of[number] for number in focus]):
        yield _proposal(move, numbers, part, blocks)


def _proposal(move: Move, numbers: Sequence[int], part: Any, blocks: Blocks) -> _Proposal:
    own = np.flatnonzero(part == move.giver)
    goes = np.isin(own, move.atoms).tolist()
    return _Proposal(numbers[move.giver], numbers[move.taker], move.worth, blocks.of(own), goes)


def _told(
    session: Session, now: Opened, chosen: Settled, figures: Figures, proposal: _Proposal
) -> list[dict[str, Any]]:
    """The move as it is answered; nothing where the ground does not allow it, or where the spread would not fall."""
    area = _area(now.ground, proposal)
    if area is None:
        return []
    edit = {
        "kind": "transfer",
        "datum": "wgs84",
        "giver": proposal.giver,
        "taker": proposal.taker,
        "area": mapping(area),
    }
    try:
        made = drawn(session, now.ground, edit)
    except GridError:
        return []
    if made.torn:
        return []
    changed = {**now.ground.changed, **dict(zip(made.numbers, made.after, strict=True))}
    with workspace_on(session, now.scheme, now.ground.base) as workspace:
        after = workspace.shift(Ground(now.ground.base, changed, next_no=now.ground.next_no)).now
    was, then = _balance(figures, chosen), _balance(after, chosen)
    imbalance_before, imbalance_after = round(was.imbalance, 4), round(then.imbalance, 4)
    # The imbalance is compared as it is told: sums of hours and metres differ in their last digits.
    if then.cv >= was.cv or imbalance_after > imbalance_before:
        return []
    row = figures.row_of(proposal.taker)
    moved = {name: round(float(after.counted[name][row] - figures.counted[name][row])) for name in _MOVED}
    return [
        {
            "giver": proposal.giver,
            "taker": proposal.taker,
            "blocks": proposal.blocks.source,
            "atoms": proposal.blocks.id[np.array(proposal.goes)].tolist(),
            "shape": mapping(area),
            "imbalance_before": imbalance_before,
            "imbalance_after": imbalance_after,
            "cv_before": round(was.cv, 6),
            "cv_after": round(then.cv, 6),
            **moved,
            "edit": edit,
        }
    ]


_MOVED = ("households", "people", "buildings", "cases", "open_cases")


def _area(ground: Ground, proposal: _Proposal) -> BaseGeometry | None:
    """The giver's ground that goes: that of the blocks, and what is nearer to them than to others of the giver."""
    goes = np.where(proposal.goes, proposal.taker, proposal.giver)
    between = proposal.blocks.between()
    middle = None if between is None else between.apart(goes)
    cells = ground.beside([proposal.giver, proposal.taker])
    try:
        made = deal_out(cells, [proposal.giver], proposal.blocks.geom, goes, middle=middle)
    except GridError:
        return None
    kept = made.after[made.numbers.index(proposal.giver)]
    if kept is None:
        return None
    old, new = in_units({0: ground[proposal.giver], 1: kept}).values()
    parts = shapely.get_parts(shapely.difference(old, new, grid_size=1.0))
    # A vertex put into a border bends it by less than a lattice step; what lies between is no ground.
    wide = parts[mean_width_m(parts) >= SLIVER_M]
    return in_degrees(shapely.orient_polygons(shapely.multipolygons(wide))) if len(wide) else None
