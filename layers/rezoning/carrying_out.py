"""Everything that a new version of boundaries brings with it: codes, lineage, duties, cases; all in one transaction.

The scheme is the caller's alone by then, and what is to change was checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Grid, Scheme
from gis.difference import transfers
from gis.metric import area_m2
from layers.actor import Actor
from layers.cases.judging_again import judge_again
from layers.cases.moving import Move, Moves, Rule, at_stake, move_cases
from layers.grids.publish import ChangedCells, publish_change
from layers.rezoning.coding import Parent, issue_codes
from layers.rezoning.ground import Base, Ground
from layers.rezoning.lineage import NOBODY, most_ground_from, owners, store_lineage
from layers.staff.carrying import carry_duties


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a planner says of a publication.

    Attributes:
        reason: For the record.
        open_cases: What becomes of open cases whose ground changes hands.
        reinstated: Whether it brings an older version back.
    """

    reason: str
    open_cases: Rule = "move"
    reinstated: bool = False


@dataclass(frozen=True)
class Done:
    """What a publication did.

    Attributes:
        version: The number of the new version.
        since: From when on it holds.
        codes: Number -> code of the grids that are new.
        ended: Numbers of the grids that lost all their ground.
        changed: How many grids have new ground, new ones too.
        lineage: How many pairs of grids gave and got ground.
        duties_carried: How many duties were given to grids that had them not.
        cases_moved, cases_kept, cases_queued: Open cases; those queued are among the moved.
        cases_judged_again: Cases that had happened later already and were placed anew.
    """

    version: int
    since: datetime
    codes: dict[int, str]
    ended: list[int]
    changed: int
    lineage: int
    duties_carried: int
    cases_moved: int
    cases_kept: int
    cases_queued: int
    cases_judged_again: int

    def told(self) -> dict[str, Any]:
        """The same for an answer or an event."""
        return asdict(self) | {"since": self.since.isoformat()}


def carry_out(
    session: Session,
    actor: Actor,
    scheme: Scheme,
    base: Base,
    changed: Mapping[int, BaseGeometry | None],
    *,
    names: Mapping[int, str],
    asked: Asked,
    since: datetime,
    draft_id: int | None = None,
) -> Done:
    """Publish a change of the newest version, and let all follow it.

    Args:
        session: An open session that has the scheme alone.
        actor: Who publishes.
        scheme: The scheme.
        base: Its newest version.
        changed: Number -> ground of each grid that differs from the base, None for one that ends.
        names: Number -> name of grids that are new.
        asked: What was said.
        since: From when on it holds.
        draft_id: The draft that is published, if it is one.

    Raises:
        Conflict: `publication_scheduled`, `cases_after`.
        BadInput: `serials_exhausted`, `no_community`.
    """
    before, after = Ground(base, {}), Ground(base, changed)
    found = transfers(base.cells, changed, metric_srid=base.metric_srid)
    most = most_ground_from(found)
    cells = _cells(session, scheme, changed, names, most)
    ended = [number for number, ground in changed.items() if ground is None]
    publish_change(session, actor, scheme, cells, ended=ended, since=since, reason=asked.reason, draft_id=draft_id)
    ids = _ids(session, scheme, changed)
    new = cells.grid_no[cells.is_new].tolist()
    lineage = store_lineage(session, scheme, found, before=before, after=after, ids=ids, reinstated=asked.reinstated)
    duties = carry_duties(
        session,
        at=since,
        copied={ids[number]: ids[most[number]] for number in new if number in most},
        back=[ids[number] for number in cells.grid_no[~cells.is_new].tolist() if number not in before],
        ended=[ids[number] for number in ended],
    )
    moves, again = _cases(session, actor, scheme, before, after, ids, rule=asked.open_cases, since=since)
    return Done(
        version=scheme.version,
        since=since,
        codes=dict(zip(new, cells.code[cells.is_new].tolist(), strict=True)),
        ended=ended,
        changed=len(cells.grid_no),
        lineage=lineage,
        duties_carried=duties,
        cases_moved=moves.moved,
        cases_kept=moves.kept,
        cases_queued=moves.queued,
        cases_judged_again=again,
    )


def _cells(
    session: Session,
    scheme: Scheme,
    changed: Mapping[int, BaseGeometry | None],
    names: Mapping[int, str],
    most: Mapping[int, int],
) -> ChangedCells:
    """The grids that get ground, in the order of their numbers."""
    ground = {number: shape for number, shape in sorted(changed.items()) if shape is not None}
    rows = session.execute(
        select(Grid.grid_no, Grid.code, Grid.name, Grid.area_id).where(
            Grid.scheme_id == scheme.id, Grid.grid_no.in_(list(changed))
        )
    )
    known = {row.grid_no: row for row in rows}
    parents = {number: Parent(known[giver].code, known[giver].area_id) for number, giver in most.items()}
    new = {number: shape for number, shape in ground.items() if number not in known}
    coded = issue_codes(session, scheme, new, parents) if new else {}
    called = [known.get(number) or coded[number] for number in ground]
    geom = np.array(list(ground.values()), dtype=np.object_)
    return ChangedCells(
        code=np.array([one.code for one in called], dtype=np.object_),
        name=np.array(
            [known[number].name if number in known else names.get(number) or coded[number].code for number in ground],
            dtype=np.object_,
        ),
        area_id=np.array([one.area_id for one in called], dtype=np.object_),
        area_m2=area_m2(geom, srid=scheme.metric_srid),
        geom=geom,
        grid_no=np.array(list(ground), dtype=np.int64),
        is_new=np.array([number in new for number in ground], dtype=np.bool_),
    )


def _ids(session: Session, scheme: Scheme, numbers: Mapping[int, Any]) -> dict[int, int]:
    rows = session.execute(
        select(Grid.grid_no, Grid.id).where(Grid.scheme_id == scheme.id, Grid.grid_no.in_(list(numbers)))
    )
    return dict(rows.all())


def _cases(
    session: Session,
    actor: Actor,
    scheme: Scheme,
    before: Ground,
    after: Ground,
    ids: Mapping[int, int],
    *,
    rule: Rule,
    since: datetime,
) -> tuple[Moves, int]:
    """Move or keep the open cases; place anew those that happened later. How many the latter are."""
    ended = {ids[number] for number in after.changed if number not in after}
    rows = at_stake(session, scheme, boxes=_swept(before, after), ended=sorted(ended), since=since)
    routed = judge_again(session, scheme, since=since)
    if not rows:
        return Moves(), len(routed)
    lon, lat = np.array([(row.lon, row.lat) for row in rows], dtype=np.float64).T
    had, has = (owners(ground, lon, lat).tolist() for ground in (before, after))
    grid_id = dict(zip(before.base.cells, before.base.grids.grid_id.tolist(), strict=True)) | dict(ids)
    moves: list[Move] = []
    for row, one, other in zip(rows, had, has, strict=True):
        gone = row.held_id in ended
        if row.after:
            to = routed[row.id]
        elif one != other or gone:
            to = row.elsewhere_id if other == NOBODY else grid_id[other]
        else:
            continue
        if to != row.held_id:
            moves.append(Move(row, to, gone))
    return move_cases(session, actor, scheme, moves, rule=rule, since=since), len(routed)


def _swept(before: Ground, after: Ground) -> Sequence[BaseGeometry]:
    """Polygons that hold every place of which the owner may have changed: what grids got or lost, edges included."""
    nothing = shapely.Polygon()
    pairs = [(before.get(number, nothing), after.get(number, nothing)) for number in after.changed]
    old, new = (np.array(side, dtype=np.object_) for side in zip(*pairs, strict=True))
    return [one for one in shapely.get_parts(shapely.symmetric_difference(old, new)) if not one.is_empty]
