"""What a draft would do, seen before anything changes: its saved edits, and one that is still being drawn.

Everything is worked out in memory from what the boundaries touch. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.balance import Balance, balance
from gis.difference import Transfer
from gis.edges import Floats
from gis.edits import Edited
from gis.errors import GridError
from gis.point_store import Flips
from layers.rezoning import consequences, reading, transfers
from layers.rezoning.above import AreasAbove
from layers.rezoning.caseload import in_year, is_open, number_of
from layers.rezoning.desk import workspace_on
from layers.rezoning.drafts import Opened, opened
from layers.rezoning.drawing import drawn, names_given
from layers.rezoning.figures import Figures
from layers.rezoning.ground import Ground
from layers.rezoning.lineage import most_ground_from
from layers.rezoning.settled import Settled, settled
from layers.rezoning.shifting import Shift
from layers.rezoning.transfers import ground_given

_MOST_CASES = 20
_NO_EDIT = Edited((), (), ())
_REFUSED = (
    *("cases_since", "changed", "ended", "grids", "balance"),
    *("transfers", "nesting", "duties", "boards", "cases"),
)


def preview(session: Session, draft_id: int, edit: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything that would change if a draft were published with one more edit; docs/planner.md tells each part.

    An edit that is refused is no error here: the answer holds its problem, and null for all that it would have changed.

    Args:
        session: An open session; nothing is written.
        draft_id: Which draft.
        edit: An edit that is not saved, as data; None for the draft as it stands.

    Raises:
        NotFound: `unknown_draft`.
        Unavailable: `ground_loading`.
    """
    now = opened(session, draft_id)
    head = {
        "draft": draft_id,
        "revision": now.draft.revision,
        "version": now.draft.base_version,
        "newest_version": now.scheme.version,
    }
    try:
        made = _NO_EDIT if edit is None else drawn(session, now.ground, edit)
    except GridError as refused:
        return {**head, **dict.fromkeys(_REFUSED), "problems": [_problem(now.ground, refused)]}
    names = {**now.names, **({} if edit is None else names_given(edit, made))}
    after = Opened(now.draft, now.scheme, _with(now.ground, made), names)
    with workspace_on(session, now.scheme, now.ground.base) as workspace:
        shift, since, above = workspace.shift(after.ground), workspace.since, workspace.above
    return {
        **head,
        "cases_since": since.isoformat(),
        **{name: part for name, part in reading.edited(after, made).items() if name != "torn"},
        **_consequences(session, after, shift, above),
        "problems": [_torn(number, shift) for number in Edited(shift.numbers, shift.before, shift.after).torn],
    }


def _consequences(session: Session, after: Opened, shift: Shift, above: AreasAbove) -> dict[str, Any]:
    base = after.ground.base
    given = ground_given(shift, metric_srid=base.metric_srid)
    source = most_ground_from(given)
    stale = _changing_ground(given)
    titles = {number: _title(after, number) for number in shift.numbers}
    known = {*shift.numbers, *source.values()} & base.row_of.keys()
    ids = {number: int(base.grids.grid_id[base.row_of[number]]) for number in known}
    chosen = settled(after.draft.settings)
    return {
        "grids": _grids(shift, titles, stale, chosen),
        "balance": _balance(shift, chosen),
        "transfers": transfers.told(shift, given),
        "nesting": consequences.nesting(session, above, ids, shift, given, metric_srid=base.metric_srid),
        "duties": consequences.duties(session, ids, shift, source),
        "boards": consequences.boards(session, shift, titles, stale),
        "cases": _cases(shift.cases),
    }


def _with(ground: Ground, made: Edited) -> Ground:
    changed = {**ground.changed, **dict(zip(made.numbers, made.after, strict=True))}
    return Ground(ground.base, changed, next_no=ground.next_no)


def _title(after: Opened, number: int) -> dict[str, Any]:
    told = reading.properties(after.ground.base, number, after.names)
    return {name: told[name] for name in ("grid_no", "code", "name")}


def _changing_ground(given: list[Transfer]) -> set[int | None]:
    """The grids that win or lose ground, and not only vertices."""
    return {number for one in given for number in (one.giver, one.taker)}


def _grids(
    shift: Shift, titles: Mapping[int, dict[str, Any]], stale: set[int | None], chosen: Settled
) -> list[dict[str, Any]]:
    before = _measures(shift.was, shift.numbers, shift.before, shift.round_before, chosen)
    after = _measures(shift.now, shift.numbers, shift.after, shift.round_after, chosen)
    told = []
    for number, was, now in zip(shift.numbers, before, after, strict=True):
        status = "new" if was is None else "ended" if now is None else "changed" if number in stale else "same ground"
        told.append({**titles[number], "status": status, "before": was, "after": now})
    return told


def _measures(
    figures: Figures,
    numbers: tuple[int, ...],
    cells: tuple[BaseGeometry | None, ...],
    roundness: Floats,
    chosen: Settled,
) -> list[dict[str, Any] | None]:
    """What lies in grids; None for those without ground."""
    hours, per_month = (figures.measured(name, chosen.effort) for name in ("staff_hours", "cases_per_month"))
    told: list[dict[str, Any] | None] = []
    for number, cell, compact in zip(numbers, cells, roundness.tolist(), strict=True):
        row = figures.row_of(number)
        if row is None:
            told.append(None)
            continue
        counted = {name: round(float(some[row])) for name, some in figures.counted.items() if name != "cases"}
        told.append(
            {
                **counted,
                "area_m2": round(float(figures.counted["area_m2"][row]), 1),
                "cases_per_month": round(float(per_month[row]), 2),
                "staff_hours": round(float(hours[row]), 2),
                "compactness": round(compact, 4),
                "parts": int(shapely.get_num_geometries(cell)),
            }
        )
    return told


def _balance(shift: Shift, chosen: Settled) -> dict[str, Any]:
    was, now = (figures.measured(chosen.measure, chosen.effort) for figures in (shift.was, shift.now))
    band = None
    if chosen.band is not None:
        band = {
            "low": chosen.band.low,
            "high": chosen.band.high,
            "outside_before": chosen.band.outside(was),
            "outside_after": chosen.band.outside(now),
        }
    return {
        "measure": chosen.measure,
        "before": _spread(balance(shift.was.grid_no, was)),
        "after": _spread(balance(shift.now.grid_no, now)),
        "band": band,
    }


def _spread(found: Balance) -> dict[str, Any]:
    return {
        **{name: round(getattr(found, name), 4) for name in ("mean", "cv", "max_over_mean", "imbalance")},
        "worst": [
            {"grid_no": one.grid_no, "value": round(one.value, 2), "deviation": round(one.deviation, 4)}
            for one in found.worst
        ],
    }


def _cases(flips: Flips) -> dict[str, Any]:
    # Open ones first, for those are the ones that somebody works on.
    order = np.lexsort((flips.key, ~is_open(flips.key)))[:_MOST_CASES]
    return {
        "changing_hands": int(np.count_nonzero(in_year(flips.key))),
        "open_changing_hands": int(np.count_nonzero(is_open(flips.key))),
        "sample": [str(number) for number in number_of(flips.key[order]).tolist()],
    }


def _problem(ground: Ground, refused: GridError) -> dict[str, Any]:
    where = refused.where
    beside = [] if where is None else [one for one, cell in ground.around([where]).items() if cell.intersects(where)]
    return {
        "code": refused.code,
        "detail": refused.detail,
        "where": None if where is None else mapping(where),
        "grids": beside,
    }


def _torn(number: int, shift: Shift) -> dict[str, Any]:
    """A grid in more parts than before: all but its largest part are the place."""
    cell = shift.after[shift.numbers.index(number)]
    parts = shapely.get_parts(cell)
    smaller = parts[np.argsort(shapely.area(parts))[:-1]]
    return {
        "code": "torn",
        "detail": f"Grid {number} would be in {len(parts)} parts.",
        "where": mapping(shapely.multipolygons(smaller)),
        "grids": [number],
    }
