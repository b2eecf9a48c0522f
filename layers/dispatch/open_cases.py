"""All open cases of a city at once, as columns for a page that draws and lists them by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from data.fixed_rows import EPOCH_US, INFINITY
from data.packed_columns import packed
from data.tables import Area, Department, Grid, Matter, Staff
from data.tables.loop import CLOCKS
from gis.crs import LATTICE
from layers.cases.loop import states
from layers.dispatch.cities import city
from layers.dispatch.kept_cases import reading_of

Numbers = NDArray[Any]

_SECOND_US = 1_000_000
_area, _above = Area, aliased(Area)
_AREAS = (
    select(_area.code, _area.name, _area.level, _above.code.label("parent"))
    .outerjoin(_above, _above.id == _area.parent_id)
    .order_by(_area.id)
)
# Column with ids -> under which name they are told, and what is told of each.
_NAMES: dict[str, tuple[str, Select[*tuple[Any, ...]]]] = {
    "matter": (
        "matters",
        select(Matter.id, Matter.code, Matter.standard, Matter.name_zh.label("zh"), Matter.name_en.label("en")),
    ),
    "department": (
        "departments",
        select(Department.id, Department.code, Department.name_zh.label("zh"), Department.name_en.label("en")),
    ),
    "grid": (
        "grids",
        select(Grid.id, Grid.code, Grid.name, _area.code.label("area")).outerjoin(_area, _area.id == Grid.area_id),
    ),
    "staff": ("staff", select(Staff.id, Staff.staff_no, Staff.name)),
}


def open_cases(session: Session, tree: str | None = None) -> dict[str, Any]:
    """The open cases of a city, sorted by deadline, those without one last, then by number; columns are packed.

    `cursor` is the place in the feed before all that the columns may lack: what happens after them is read from there.
    What happened just before them may come again, with the case as it stands by then.

    Args:
        session: An open session.
        tree: The city; that of the scheme which takes reports if not given.

    Raises:
        NotFound: `unknown_tree`.
    """
    tree = city(session, tree)
    now = datetime.now(UTC)
    reading = reading_of(session, tree)
    order = np.lexsort((reading.rows["id"], reading.rows["due"]))
    rows = {name: column[order] for name, column in reading.rows.items()}
    named = {name: np.unique(rows[name], return_inverse=True) for name in _NAMES}
    tail: dict[str, Any] = {"states": list(states()), "clocks": CLOCKS}
    for name, (plural, asked) in _NAMES.items():
        tail[plural] = _told(session, asked, named[name][0].tolist())
    tail["areas"] = [row._asdict() for row in session.execute(_AREAS.where(_area.tree == tree))]
    return {
        "tree": tree,
        "cursor": str(reading.cursor),
        "now": now.isoformat(),
        "rows": len(order),
        "columns": dict(_columns(rows, named)),
        **tail,
    }


def _columns(
    rows: Mapping[str, Numbers], named: Mapping[str, tuple[Numbers, Numbers]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "number", packed(rows["id"])
    for axis, name in enumerate(("lon", "lat")):
        yield name, packed(rows["point"][:, axis], step=LATTICE)
    for name in ("state", "clock"):
        yield name, packed(rows[name] - 1)
    for name in ("due", "received"):
        yield name, packed(_seconds(rows[name]), known=rows[name] != INFINITY)
    for name in ("level", "urgent", "supervised", "revision"):
        yield name, packed(rows[name])
    for name, (ids, place) in named.items():
        nobody = int(len(ids) > 0 and ids[0] == 0)
        yield name, packed(place - nobody, known=place >= nobody)


def _seconds(instant: Numbers) -> Numbers:
    """Whole seconds since 1970; a deadline is not told earlier than it is."""
    return np.asarray(-(-instant // _SECOND_US) + EPOCH_US // _SECOND_US)


def _told(session: Session, asked: Select[*tuple[Any, ...]], ids: list[int]) -> list[dict[str, Any]]:
    """What is told of some rows, in the order of their ids; 0 is nobody's."""
    key = asked.selected_columns["id"]
    rows = session.execute(asked.where(key == func.any(ids)).order_by(key)).mappings()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]
