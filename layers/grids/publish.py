"""Publish a version of a scheme's boundaries: numbers given once, ended validity, nothing rewritten."""

from __future__ import annotations

from dataclasses import dataclass
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
        Conflict: `since` is not after the last version, or cases after it are already placed.
    """
    publish_alone(session, scheme)
    first = scheme.version == 0
    if not first:
        since = since or datetime.now(UTC)
        _require_later(session, scheme, since)
    known, before = _known(session, scheme)
    after = dict(zip(cells.code, cells.geom, strict=True))
    unchanged = {c for c in before.keys() & after.keys() if shapely.equals_identical(before[c], after[c])}
    touched = after.keys() - unchanged
    ended = before.keys() - after.keys()
    if not touched and not ended:
        return Published(scheme.version, None, frozenset(), frozenset(), frozenset())
    version = scheme.version + 1
    if not first:
        _end(session, scheme, known, (touched & before.keys()) | ended, at=since)
    scheme.version = version
    session.execute(
        insert(SchemeVersion).values(
            scheme_id=scheme.id,
            version=version,
            valid=Range(since, None),
            reason=reason,
            actor=actor.name,
        )
    )
    _add(session, scheme, cells, known, touched, since=since)
    added = frozenset(after.keys() - known.keys())
    return Published(version, since, added, frozenset(touched - added), frozenset(ended))


def _known(session: Session, scheme: Scheme) -> tuple[dict[str, tuple[int, int]], dict[str, Any]]:
    """Code to (id, number) of every grid there ever was, and code to geometry of those with ground now."""
    rows = session.execute(select(Grid.code, Grid.id, Grid.grid_no).where(Grid.scheme_id == scheme.id))
    known = {code: (id_, grid_no) for code, id_, grid_no in rows}
    if scheme.version == 0:
        return known, {}
    cells = cells_of(session, scheme, version=scheme.version)
    return known, dict(zip(cells.code, cells.geom, strict=True))


def _require_later(session: Session, scheme: Scheme, since: datetime) -> None:
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


def _end(
    session: Session, scheme: Scheme, known: dict[str, tuple[int, int]], codes: set[str], *, at: datetime | None
) -> None:
    for table, condition in (
        (SchemeVersion, SchemeVersion.scheme_id == scheme.id),
        (Boundary, Boundary.grid_id.in_([known[code][0] for code in codes])),
    ):
        session.execute(
            update(table)
            .where(condition, func.upper_inf(table.valid))
            .values(valid=func.tstzrange(func.lower(table.valid), at)),
            execution_options={"synchronize_session": False},
        )


def _add(
    session: Session,
    scheme: Scheme,
    cells: NewCells,
    known: dict[str, tuple[int, int]],
    touched: set[str],
    *,
    since: datetime | None,
) -> None:
    codes: list[str] = cells.code.tolist()
    rows = [row for row, code in enumerate(codes) if code in touched]
    order = np.array(sorted(rows, key=lambda row: natural_key(codes[row])), dtype=np.int64)
    next_no = 1 + max((grid_no for _, grid_no in known.values()), default=0)
    numbers = []
    for row in order:
        code = cells.code[row]
        numbers.append(known[code][1] if code in known else next_no)
        next_no += code not in known
    session.execute(statement("stage_cells"))
    copy_columns(
        session,
        "stage_cells",
        {
            "grid_no": numbers,
            "code": cells.code[order].tolist(),
            "name": cells.name[order].tolist(),
            "area_id": cells.area_id[order].tolist(),
            "is_new": [code not in known for code in cells.code[order]],
            "area_m2": cells.area_m2[order],
            "geom": ewkb_hex(cells.geom[order]).tolist(),
        },
    )
    session.execute(statement("insert_grids"), {"scheme_id": scheme.id, "version": scheme.version, "since": since})
    session.execute(text("DROP TABLE stage_cells"))
