"""Staff, duties and absences come in as tables; a row that names nobody or no place is set aside.

A row is known by its constraint: a person by the staff number, a duty by person, place, role and period, an absence by
person and period. What else a file says of a known one is brought up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import literal_column, or_, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from data.base import Base
from data.readers.chunk import BadRow, Chunk, raw_row
from data.readers.columns import require
from data.readers.times import parse_times
from data.tables import Absence, Area, Duty, Grid, Scheme, Staff
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch, quarantine
from layers.grids.schemes import DEFAULT_SCHEME

STAFF_COLUMNS = ("staff_no", "name")
DUTY_COLUMNS = ("staff_no", "role", "leads", "valid_from")
ABSENCE_COLUMNS = ("staff_no", "valid_from", "valid_to")
_KEYS: dict[type[Base], tuple[str, ...]] = {
    Staff: ("tree", "staff_no"),
    Duty: ("staff_id", "grid_id", "area_id", "role", "valid"),
    Absence: ("staff_id", "valid"),
}
_YES = {"1", "true", "yes", "y", "t", "是"}
_NO = {"0", "false", "no", "n", "f", "否"}

Row = dict[str, Any]


_DETAILS = {
    "empty": "The value is missing.",
    "ends_before_it_begins": "The period ends before it begins.",
    "not_yes_or_no": "Write yes or no.",
    "one_place_needed": "Name a grid or an area, one of the two.",
    "repeated_row": "A row before this one says the same thing or contradicts it.",
    "substitutes_for_oneself": "Nobody stands in for themselves.",
    "unknown_area": "The city has no area of this code.",
    "unknown_grid": "The scheme has no grid of this code.",
    "unknown_staff": "The city has nobody of this staff number.",
}


class _Bad(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason
        self.detail = _DETAILS.get(reason, "The time cannot be read.")


def import_staff(session: Session, actor: Actor, chunk: Chunk, *, tree: str, file: str) -> Summary:
    """Take in people: columns staff_no, name and, where there are any, phone and organisation."""

    def one(row: Row) -> Row:
        return {
            "tree": tree,
            "staff_no": _text(row, "staff_no"),
            "name": _text(row, "name"),
            **{column: row[column] for column in ("phone", "organisation") if column in row},
        }

    return _import(
        session, actor, chunk, kind="staff", table=Staff, needed=STAFF_COLUMNS, one=one, tree=tree, file=file
    )


def import_duties(session: Session, actor: Actor, chunk: Chunk, *, tree: str, file: str, time_zone: str) -> Summary:
    """Take in duties: staff_no, role, leads, valid_from, valid_to, and scheme with grid_code, or area_code."""
    people = _people(session, tree)
    grids: dict[str, dict[str, int]] = {}
    for scheme, code, id_ in session.execute(
        select(Scheme.name, Grid.code, Grid.id).join(Grid, Grid.scheme_id == Scheme.id).where(Scheme.tree == tree)
    ):
        grids.setdefault(scheme, {})[code] = id_
    areas = dict(session.execute(select(Area.code, Area.id).where(Area.tree == tree)).all())

    def one(row: Row) -> Row:
        grid_code, area_code = row.get("grid_code"), row.get("area_code")
        if (grid_code is None) == (area_code is None):
            raise _Bad("grid_code", "one_place_needed")
        return {
            "staff_id": _known(people, row, "staff_no", "unknown_staff"),
            "grid_id": None
            if grid_code is None
            else _known(grids.get(row.get("scheme") or DEFAULT_SCHEME, {}), row, "grid_code", "unknown_grid"),
            "area_id": None if area_code is None else _known(areas, row, "area_code", "unknown_area"),
            "role": _text(row, "role"),
            "leads": _yes_or_no(row, "leads"),
            "valid": _period(row, time_zone),
        }

    return _import(session, actor, chunk, kind="duties", table=Duty, needed=DUTY_COLUMNS, one=one, tree=tree, file=file)


def import_absences(session: Session, actor: Actor, chunk: Chunk, *, tree: str, file: str, time_zone: str) -> Summary:
    """Take in absences: staff_no, valid_from, valid_to and, where there are any, kind and substitute_no."""
    people = _people(session, tree)

    def one(row: Row) -> Row:
        named = row.get("substitute_no") is not None
        if named and row["substitute_no"] == row.get("staff_no"):
            raise _Bad("substitute_no", "substitutes_for_oneself")
        return {
            "staff_id": _known(people, row, "staff_no", "unknown_staff"),
            "substitute_id": _known(people, row, "substitute_no", "unknown_staff") if named else None,
            "kind": row.get("kind") or "leave",
            "valid": _period(row, time_zone),
        }

    return _import(
        session, actor, chunk, kind="absences", table=Absence, needed=ABSENCE_COLUMNS, one=one, tree=tree, file=file
    )


def _import(
    session: Session,
    actor: Actor,
    chunk: Chunk,
    *,
    kind: str,
    table: type[Base],
    needed: tuple[str, ...],
    one: Callable[[Row], Row],
    tree: str,
    file: str,
) -> Summary:
    require([str(name) for name in chunk.frame.columns], {name: name for name in needed})
    summary = open_batch(session, actor, kind=kind, dataset=tree, file=file, options={"tree": tree})
    bad = list(chunk.bad)
    good: dict[str, Row] = {}
    for _, series in chunk.frame.iterrows():
        row = {str(key): None if pd.isna(value) else str(value).strip() or None for key, value in series.items()}
        try:
            values = one(row)
            if good.setdefault(str([values[key] for key in _KEYS[table]]), values) is not values:
                raise _Bad("staff_no", "repeated_row")
        except _Bad as error:
            bad.append(
                BadRow(
                    int(series["row_no"]),
                    error.field,
                    row.get(error.field),
                    error.reason,
                    raw_row(series),
                    error.detail,
                )
            )
    if good:
        summary.stored, summary.changed = _upsert(session, table, list(good.values()))
    summary.read = len(chunk.frame) + len(chunk.bad)
    summary.already_there = len(good) - summary.stored - summary.changed
    summary.quarantined = len(bad)
    summary.reasons.update(row.reason for row in bad)
    quarantine(session, summary, bad)
    close_batch(session, summary)
    return summary


def _upsert(session: Session, table: type[Base], rows: list[Row]) -> tuple[int, int]:
    """How many rows are new, and how many of the others say something new."""
    new = insert(table).values(rows)
    said = [name for name in rows[0] if name not in _KEYS[table]]
    stored: Sequence[bool] = session.scalars(
        new.on_conflict_do_update(
            index_elements=_KEYS[table],
            set_={name: new.excluded[name] for name in said},
            where=or_(*(table.__table__.c[name].is_distinct_from(new.excluded[name]) for name in said)),
        ).returning(literal_column("xmax = 0"))
    ).all()
    return sum(stored), len(stored) - sum(stored)


def _people(session: Session, tree: str) -> dict[str, int]:
    return dict(session.execute(select(Staff.staff_no, Staff.id).where(Staff.tree == tree)).all())


def _text(row: Row, field: str) -> str:
    value = row.get(field)
    if value is None:
        raise _Bad(field, "empty")
    return str(value)


def _known(table: dict[str, int], row: Row, field: str, reason: str) -> int:
    found = table.get(_text(row, field))
    if found is None:
        raise _Bad(field, reason)
    return found


def _yes_or_no(row: Row, field: str) -> bool:
    value = _text(row, field).lower()
    if value not in _YES | _NO:
        raise _Bad(field, "not_yes_or_no")
    return value in _YES


def _period(row: Row, time_zone: str) -> Range[datetime]:
    since, until = (_instant(row, name, time_zone) for name in ("valid_from", "valid_to"))
    if since is not None and until is not None and until <= since:
        raise _Bad("valid_to", "ends_before_it_begins")
    return Range(since, until)


def _instant(row: Row, field: str, time_zone: str) -> datetime | None:
    if row.get(field) is None:
        return None
    parsed = parse_times(pd.Series([row[field]], dtype="str"), tz=time_zone)
    if parsed.bad[0]:
        raise _Bad(field, str(parsed.reasons[0]))
    return parsed.at[0].to_pydatetime()
