"""Publish a version of a scheme's boundaries: numbers given once, ended validity, nothing rewritten.

What is published is a change: the grids that get ground, and those that lose all of theirs. Only the rows of these are
written. A whole coverage is first compared with what holds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.sql import statement
from data.tables import Boundary, Case, Grid, Scheme, SchemeVersion
from data.types import ewkb_hex
from gis.codes import natural_key
from layers.actor import Actor
from layers.errors import Conflict
from layers.grids.guard import publish_alone
from layers.grids.versions import cells_of


@dataclass(frozen=True)
class NewCells:
    """A whole coverage as arrays of equal length.

    Attributes:
        code, name: Text.
        area_id: Area each grid belongs to, or None.
        area_m2: Plane area in the scheme's metric CRS.
        geom: Valid MultiPolygons on the lattice.
    """

    code: NDArray[Any]
    name: NDArray[Any]
    area_id: NDArray[Any]
    area_m2: NDArray[np.float64]
    geom: NDArray[Any]


@dataclass(frozen=True)
class ChangedCells(NewCells):
    """The grids of a change that get ground, in the order in which new ones are stored.

    Attributes:
        grid_no: Permanent numbers; of a grid that is new, one that no grid of the scheme ever had.
        is_new: Whether the grid is new.
    """

    grid_no: NDArray[np.int64]
    is_new: NDArray[np.bool_]


@dataclass(frozen=True)
class Published:
    """What a publication did: the codes of the grids that are new, have new ground, or lost their ground."""

    version: int
    since: datetime | None
    added: frozenset[str]
    changed: frozenset[str]
    ended: frozenset[str]


def publish(
    session: Session, actor: Actor, scheme: Scheme, cells: NewCells, *, since: datetime | None, reason: str
) -> Published:
    """Make these cells the scheme's coverage from an instant on.

    The first version holds from `since`, or from the beginning of time, so that old cases have an owner.
    Grids keep their number and code; new codes get the next numbers in code order; a grid that is not
    among the cells ends.

    Args:
        session: An open session.
        actor: Who publishes.
        scheme: The scheme; until the transaction ends nobody else publishes or places anything in its city.
        cells: The whole new coverage.
        since: Aware instant; None is the beginning for the first version and now for a later one.
        reason: For the record.

    Raises:
        Conflict: `since` is not after the last version, cases after it are already placed, or other boundaries are
            scheduled for grids that change.
    """
    publish_alone(session, scheme)
    if scheme.version:
        since = since or datetime.now(UTC)
        require_later(session, scheme, since)
        _require_no_case_after(session, scheme, since)
    known, before = _known(session, scheme)
    after = dict(zip(cells.code, cells.geom, strict=True))
    unchanged = {c for c in before.keys() & after.keys() if shapely.equals_identical(before[c], after[c])}
    touched = after.keys() - unchanged
    ended = before.keys() - after.keys()
    if not touched and not ended:
        return Published(scheme.version, None, frozenset(), frozenset(), frozenset())
    changed = _numbered(cells, known, touched)
    version = publish_change(
        session, actor, scheme, changed, ended=[known[code] for code in ended], since=since, reason=reason
    )
    added = frozenset(after.keys() - known.keys())
    return Published(version, since, added, frozenset(touched - added), frozenset(ended))


def publish_change(
    session: Session,
    actor: Actor,
    scheme: Scheme,
    cells: ChangedCells,
    *,
    ended: Collection[int],
    since: datetime | None,
    reason: str,
    draft_id: int | None = None,
) -> int:
    """Make a change the scheme's next version: the core of every publication.

    Args:
        session: An open session that has the scheme alone (`publish_alone`).
        actor: Who publishes.
        scheme: The scheme.
        cells: The grids that get ground.
        ended: Numbers of the grids that lose theirs.
        since: From when on it holds; `require_later` was asked. None for a first version without a beginning.
        reason: For the record.
        draft_id: The draft that is published, if it is one.

    Returns:
        The number of the version.

    Raises:
        Conflict: `publication_scheduled`.
    """
    known = [*cells.grid_no[~cells.is_new].tolist(), *ended]
    require_unscheduled(session, scheme, known, since=since, draft_id=draft_id)
    _end(session, scheme, known, at=since)
    scheme.version += 1
    session.execute(
        insert(SchemeVersion).values(
            scheme_id=scheme.id,
            version=scheme.version,
            valid=Range(since, None),
            reason=reason,
            actor=actor.name,
        )
    )
    columns = {field.name: getattr(cells, field.name) for field in fields(cells)}
    session.execute(statement("stage_cells"))
    copy_columns(session, "stage_cells", columns | {"geom": ewkb_hex(cells.geom).tolist()})
    session.execute(statement("insert_grids"), {"scheme_id": scheme.id, "version": scheme.version, "since": since})
    session.execute(text("DROP TABLE stage_cells"))
    return scheme.version


def require_later(session: Session, scheme: Scheme, since: datetime) -> None:
    """Refuse a version that does not begin after the newest one.

    Raises:
        Conflict: `version_order`.
    """
    last = session.scalar(
        select(func.lower(SchemeVersion.valid)).where(
            SchemeVersion.scheme_id == scheme.id, SchemeVersion.version == scheme.version
        )
    )
    if last is not None and since <= last:
        raise Conflict(
            "version_order",
            f"Version {scheme.version} holds since {last.isoformat()}; a newer one must begin later.",
            field="valid_from",
            value=since.isoformat(),
        )


def require_unscheduled(
    session: Session, scheme: Scheme, grids: Collection[int], *, since: datetime | None, draft_id: int | None = None
) -> None:
    """Refuse to change grids that a scheduled draft changes too, or to begin when it was to have begun already.

    Args:
        session: An open session that has the scheme alone.
        scheme: The scheme.
        grids: Numbers of the grids that change and were there before.
        since: When the change is to hold; None for a first version.
        draft_id: The draft that is published, which does not stand in its own way.

    Raises:
        Conflict: `publication_scheduled`.
    """
    values = {"scheme_id": scheme.id, "since": since, "draft_id": draft_id}
    for other in session.execute(statement("scheduled_grids"), values):
        common = sorted(set(other.grids) & set(grids))
        if not common and not other.comes_first:
            continue
        why = f"changes the same grids ({', '.join(map(str, common[:10]))})" if common else "comes before it"
        raise Conflict(
            "publication_scheduled",
            f"Draft {other.id} '{other.name}' is to be published at {other.publish_at.isoformat()} and {why}. Wait "
            "for it, or withdraw it.",
            field="draft",
            value=other.id,
            values={"draft": other.id, "publish_at": other.publish_at.isoformat(), "grids": common},
        )


def _known(session: Session, scheme: Scheme) -> tuple[dict[str, int], dict[str, Any]]:
    """Code to number of every grid there ever was, and code to geometry of those with ground now."""
    rows = session.execute(select(Grid.code, Grid.grid_no).where(Grid.scheme_id == scheme.id)).all()
    known: dict[str, int] = dict(rows)
    if scheme.version == 0:
        return known, {}
    cells = cells_of(session, scheme, version=scheme.version)
    return known, dict(zip(cells.code, cells.geom, strict=True))


def _require_no_case_after(session: Session, scheme: Scheme, since: datetime) -> None:
    after = session.scalar(
        select(func.count()).select_from(Case).where(Case.tree == scheme.tree, Case.occurred_at >= since)
    )
    if after:
        raise Conflict(
            "cases_after",
            f"{after} cases happened after {since.isoformat()} and are placed by the boundaries of that time; "
            "let the new version begin later.",
            field="valid_from",
            value=since.isoformat(),
            values={"cases": after},
        )


def _numbered(cells: NewCells, known: dict[str, int], touched: set[str]) -> ChangedCells:
    """The touched ones of a coverage in the order of their codes; new ones get the next numbers."""
    codes: list[str] = cells.code.tolist()
    rows = [row for row, code in enumerate(codes) if code in touched]
    order = np.array(sorted(rows, key=lambda row: natural_key(codes[row])), dtype=np.int64)
    is_new = np.array([codes[row] not in known for row in order], dtype=np.bool_)
    numbers = np.array([known.get(codes[row], 0) for row in order], dtype=np.int64)
    numbers[is_new] = max(known.values(), default=0) + 1 + np.arange(is_new.sum())
    columns = {field.name: getattr(cells, field.name)[order] for field in fields(cells)}
    return ChangedCells(**columns, grid_no=numbers, is_new=is_new)


def _end(session: Session, scheme: Scheme, grids: list[int], *, at: datetime | None) -> None:
    ids = select(Grid.id).where(Grid.scheme_id == scheme.id, Grid.grid_no.in_(grids))
    for table, condition in (
        (SchemeVersion, SchemeVersion.scheme_id == scheme.id),
        (Boundary, Boundary.grid_id.in_(ids)),
    ):
        session.execute(
            update(table)
            .where(condition, func.upper_inf(table.valid))
            .values(valid=func.tstzrange(func.lower(table.valid), at)),
            execution_options={"synchronize_session": False},
        )
