"""All open cases of a city at once, as columns for a page that draws and lists them by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from data.fixed_rows import EPOCH_US, INFINITY, copy_out
from data.sql import statement
from data.tables import Area, Department, Grid, Matter, Staff
from data.tables.loop import CLOCKS
from layers.cases.loop import closed_states, states
from layers.dispatch import feed
from layers.dispatch.cities import city

Numbers = NDArray[Any]

_ROW = {
    "id": "bigint",
    "point": "point",
    "state": "smallint",
    "clock": "smallint",
    "due": "instant",
    "received": "instant",
    "level": "smallint",
    "urgent": "smallint",
    "supervised": "smallint",
    "matter": "bigint",
    "department": "bigint",
    "staff": "bigint",
    "grid": "bigint",
    "revision": "bigint",
}
_SECOND_US = 1_000_000
# A hundredth of a metre.
_DECIMALS = 7
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


def open_cases(session: Session, tree: str | None = None) -> Iterator[bytes]:
    """The open cases of a city, sorted by deadline, those without one last, then by number; as pieces of one JSON text.

    `cursor` is the place in the feed before all that the columns may lack: what happens after them is read from there.
    What happened just before them may come again, with the case as it stands by then.

    Args:
        session: An open session.
        tree: The city; that of the scheme which takes reports if not given.

    Raises:
        NotFound: `unknown_tree`.
    """
    tree = city(session, tree)
    # The cursor first: a later one would let a case slip through between the two statements.
    cursor, now = feed.now(session), datetime.now(UTC)
    rows = _read(session, tree)
    order = np.lexsort((rows["id"], rows["due"]))
    rows = {name: column[order] for name, column in rows.items()}
    yield f'{{"tree":{json.dumps(tree)},"cursor":"{cursor}","now":"{now.isoformat()}","columns":{{'.encode()
    named = {name: np.unique(rows[name], return_inverse=True) for name in _NAMES}
    for comma, (name, text) in zip(("", *"," * len(_ROW)), _columns(rows, named), strict=False):
        yield f'{comma}"{name}":['.encode() + text + b"]"
    tail: dict[str, Any] = {"states": list(states()), "clocks": CLOCKS}
    for name, (plural, asked) in _NAMES.items():
        tail[plural] = _told(session, asked, named[name][0].tolist())
    tail["areas"] = [row._asdict() for row in session.execute(_AREAS.where(_area.tree == tree))]
    yield b"}," + json.dumps(tail, ensure_ascii=False, separators=(",", ":")).encode()[1:]


def _read(session: Session, tree: str) -> dict[str, Numbers]:
    pieces: list[Mapping[str, Numbers]] = []
    values = {"tree": tree, "closed": list(closed_states()), "states": list(states()), "clocks": list(CLOCKS)}
    copy_out(session, statement("open_cases"), values, _ROW, pieces.append)
    empty = {name: np.empty((0, 2)) if kind == "point" else np.empty(0, np.int64) for name, kind in _ROW.items()}
    return {name: np.concatenate([piece[name] for piece in pieces or [empty]]) for name in _ROW}


def _columns(rows: Mapping[str, Numbers], named: Mapping[str, tuple[Numbers, Numbers]]) -> Iterator[tuple[str, bytes]]:
    """The columns as JSON without their brackets."""
    yield "number", b'"' + _joined(pa.array(rows["id"]), '","') + b'"' if len(rows["id"]) else b""
    for axis, name in enumerate(("lon", "lat")):
        yield name, _joined(pa.array(np.round(rows["point"][:, axis], _DECIMALS)))
    for name in ("state", "clock"):
        yield name, _joined(pa.array(rows[name] - 1))
    yield "due", _joined(_seconds(rows["due"]))
    for name in ("level", "urgent", "supervised"):
        yield name, _joined(pa.array(rows[name]))
    for name, (ids, place) in named.items():
        nobody = int(len(ids) > 0 and ids[0] == 0)
        yield name, _joined(pa.array(place - nobody, mask=place < nobody))
    yield "received", _joined(_seconds(rows["received"]))
    yield "revision", _joined(pa.array(rows["revision"]))


def _seconds(instant: Numbers) -> pa.Array:
    """Whole seconds since 1970; a deadline is not told earlier than it is."""
    return pa.array(-(-instant // _SECOND_US) + EPOCH_US // _SECOND_US, mask=instant == INFINITY)


def _told(session: Session, asked: Select[*tuple[Any, ...]], ids: list[int]) -> list[dict[str, Any]]:
    """What is told of some rows, in the order of their ids; 0 is nobody's."""
    key = asked.selected_columns["id"]
    rows = session.execute(asked.where(key == func.any(ids)).order_by(key)).mappings()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def _joined(column: pa.Array, between: str = ",") -> bytes:
    words = pc.fill_null(column.cast(pa.string()), "null")
    whole = pa.ListArray.from_arrays([0, len(words)], words)
    return bytes(pc.binary_join(whole, between)[0].as_buffer())
