"""Staff, duties and absences come in as tables; a row that names nobody or no place is set aside.

A row is known by its constraint: a person by the staff number, a duty by person, place, role and period, an absence by
person and period. What else a file says of a known one is brought up to date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.base import Base
from data.readers.chunk import BadRow, Chunk, raw_row
from data.readers.columns import settled_columns
from data.readers.times import parse_times
from data.tables import Absence, Area, Duty, Grid, Scheme, Staff
from data.upserts import upsert
from layers.actor import Actor
from layers.batches import Progress, Summary, close_batch, open_batch, quarantine, unheard
from layers.grids.schemes import DEFAULT_SCHEME

_YES = {"1", "true", "yes", "y", "t", "是"}
_NO = {"0", "false", "no", "n", "f", "否"}

_BETWEEN_SKILLS = re.compile(r"\s*[,,、;;]\s*")

# Rows taken in at once: few enough that a bar moves, many enough that a statement pays.
_SLICE_ROWS = 1_000

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


class BadCell(Exception):
    """A cell for which its row is set aside.

    Args:
        field: Its role.
        reason: Stable identifier.
        detail: One plain sentence, where this module has none for the reason.
    """

    def __init__(self, field: str, reason: str, detail: str | None = None) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason
        self.detail = detail or _DETAILS.get(reason, "The time cannot be read.")


@dataclass(frozen=True)
class PeopleTable:
    """What distinguishes staff, duties and absences, and other tables that come in by their way.

    Attributes:
        kind: Name of its batches.
        table: Where its rows are stored.
        key: What makes a row known.
        needed: Roles that every file has a column for; the first says whose row it is.
        said: Roles that are taken where a file has them.
        reader: For a city and a time zone, what makes the values to store of a row by role.
    """

    kind: str
    table: type[Base]
    key: tuple[str, ...]
    needed: tuple[str, ...]
    said: tuple[str, ...]
    reader: Callable[[Session, str, str], Callable[[Row], Row]]

    @property
    def roles(self) -> tuple[str, ...]:
        """All of them."""
        return self.needed + self.said


def import_people(
    session: Session,
    actor: Actor,
    chunk: Chunk,
    table: PeopleTable,
    *,
    tree: str,
    columns: Mapping[str, str] | None = None,
    time_zone: str,
    file: str,
    progress: Progress = unheard,
) -> Summary:
    """Take in a table of people, or of what they have.

    Args:
        session: An open session.
        actor: Who imports.
        chunk: Rows as read.
        table: `STAFF`, `DUTIES`, `ABSENCES`, or one of a theme above.
        tree: The city.
        columns: Role -> column, where that is not called as the role.
        time_zone: IANA zone of naive times.
        file: Name of the file, for the record.
        progress: Told how many rows more are done.

    Raises:
        BadInput: A needed or named column is missing.
    """
    named = {role: role for role in table.needed} | dict(columns or {})
    column = settled_columns(chunk.frame.columns, named, table.said)
    summary = open_batch(session, actor, kind=table.kind, dataset=tree, file=file, options={"columns": column})
    read = table.reader(session, tree, time_zone)
    bad, known = list(chunk.bad), set[str]()
    for first in range(0, len(chunk.frame), _SLICE_ROWS):
        some = chunk.frame.iloc[first : first + _SLICE_ROWS]
        good = _good_rows(some, table, column, read, known, bad)
        stored, changed = upsert(session, table.table, table.key, good)
        summary.stored += stored
        summary.changed += changed
        progress(len(some))
    summary.read = len(chunk.frame) + len(chunk.bad)
    summary.already_there = len(known) - summary.stored - summary.changed
    summary.quarantined = len(bad)
    summary.reasons.update(row.reason for row in bad)
    quarantine(session, summary, bad)
    close_batch(session, summary)
    return summary


def _good_rows(
    frame: pd.DataFrame,
    table: PeopleTable,
    column: Mapping[str, str],
    read: Callable[[Row], Row],
    known: set[str],
    bad: list[BadRow],
) -> list[Row]:
    """The values to store of rows; adds what makes them known to `known`, and to `bad` those that are set aside."""
    good: list[Row] = []
    for _, series in frame.iterrows():
        row = {role: _cell(series[name]) for role, name in column.items()}
        try:
            values = read(row)
            key = str([values[name] for name in table.key])
            if key in known:
                raise BadCell(table.needed[0], "repeated_row")
        except BadCell as error:
            field = column.get(error.field, error.field)
            bad.append(
                BadRow(int(series["row_no"]), field, row.get(error.field), error.reason, raw_row(series), error.detail)
            )
        else:
            known.add(key)
            good.append(values)
    return good


def _staff(_: Session, tree: str, __: str) -> Callable[[Row], Row]:
    def one(row: Row) -> Row:
        return {
            "tree": tree,
            "staff_no": text_of(row, "staff_no"),
            "name": text_of(row, "name"),
            **{role: row[role] for role in ("phone", "organisation") if role in row},
            **({"skills": _skills(row["skills"])} if "skills" in row else {}),
        }

    return one


def _duties(session: Session, tree: str, time_zone: str) -> Callable[[Row], Row]:
    people = people_of(session, tree)
    grids: dict[str, dict[str, int]] = {}
    for scheme, code, id_ in session.execute(
        select(Scheme.name, Grid.code, Grid.id).join(Grid, Grid.scheme_id == Scheme.id).where(Scheme.tree == tree)
    ):
        grids.setdefault(scheme, {})[code] = id_
    areas = dict(session.execute(select(Area.code, Area.id).where(Area.tree == tree)).all())

    def one(row: Row) -> Row:
        grid_code, area_code = row.get("grid_code"), row.get("area_code")
        if (grid_code is None) == (area_code is None):
            raise BadCell("grid_code", "one_place_needed")
        return {
            "staff_id": known_id(people, row, "staff_no", "unknown_staff"),
            "grid_id": None
            if grid_code is None
            else known_id(grids.get(row.get("scheme") or DEFAULT_SCHEME, {}), row, "grid_code", "unknown_grid"),
            "area_id": None if area_code is None else known_id(areas, row, "area_code", "unknown_area"),
            "role": text_of(row, "role"),
            "leads": yes_or_no(row, "leads"),
            "valid": period_of(row, time_zone),
        }

    return one


def _absences(session: Session, tree: str, time_zone: str) -> Callable[[Row], Row]:
    people = people_of(session, tree)

    def one(row: Row) -> Row:
        named = row.get("substitute_no") is not None
        if named and row["substitute_no"] == row.get("staff_no"):
            raise BadCell("substitute_no", "substitutes_for_oneself")
        return {
            "staff_id": known_id(people, row, "staff_no", "unknown_staff"),
            "substitute_id": known_id(people, row, "substitute_no", "unknown_staff") if named else None,
            "kind": row.get("kind") or "leave",
            "valid": period_of(row, time_zone),
        }

    return one


STAFF = PeopleTable(
    "staff", Staff, ("tree", "staff_no"), ("staff_no", "name"), ("phone", "organisation", "skills"), _staff
)
DUTIES = PeopleTable(
    "duties",
    Duty,
    ("staff_id", "grid_id", "area_id", "role", "valid"),
    ("staff_no", "role", "leads", "valid_from"),
    ("valid_to", "scheme", "grid_code", "area_code"),
    _duties,
)
ABSENCES = PeopleTable(
    "absences",
    Absence,
    ("staff_id", "valid"),
    ("staff_no", "valid_from", "valid_to"),
    ("kind", "substitute_no"),
    _absences,
)


def people_of(session: Session, tree: str) -> dict[str, int]:
    """The people of a city by their staff number."""
    return dict(session.execute(select(Staff.staff_no, Staff.id).where(Staff.tree == tree)).all())


def _cell(value: Any) -> str | None:
    return None if pd.isna(value) else str(value).strip() or None


def text_of(row: Row, field: str) -> str:
    """What a cell says that may not be empty.

    Raises:
        BadCell: `empty`.
    """
    value = row.get(field)
    if value is None:
        raise BadCell(field, "empty")
    return str(value)


def _skills(cell: str | None) -> list[str]:
    return list(dict.fromkeys(skill for skill in _BETWEEN_SKILLS.split(cell or "") if skill))


def known_id(table: dict[str, int], row: Row, field: str, reason: str) -> int:
    """The id of what a cell names.

    Raises:
        BadCell: `empty`, or the reason where there is no such thing.
    """
    found = table.get(text_of(row, field))
    if found is None:
        raise BadCell(field, reason)
    return found


def yes_or_no(row: Row, field: str) -> bool:
    """What a cell says.

    Raises:
        BadCell: `not_yes_or_no`.
    """
    value = text_of(row, field).lower()
    if value not in _YES | _NO:
        raise BadCell(field, "not_yes_or_no")
    return value in _YES


def period_of(row: Row, time_zone: str) -> Range[datetime]:
    """The period from `valid_from` to `valid_to`, open where one is empty.

    Raises:
        BadCell: `ends_before_it_begins`, or a time cannot be read.
    """
    since, until = (_instant(row, name, time_zone) for name in ("valid_from", "valid_to"))
    if since is not None and until is not None and until <= since:
        raise BadCell("valid_to", "ends_before_it_begins")
    return Range(since, until)


def _instant(row: Row, field: str, time_zone: str) -> datetime | None:
    if row.get(field) is None:
        return None
    at, reason = _parsed(row[field], time_zone)
    if reason is not None:
        raise BadCell(field, reason)
    return at


@lru_cache(maxsize=4096)  # most rows of a file begin and end with others
def _parsed(cell: str, time_zone: str) -> tuple[datetime | None, str | None]:
    """The instant of a cell, or why it has none."""
    parsed = parse_times(pd.Series([cell], dtype="str"), tz=time_zone)
    return (None, str(parsed.reasons[0])) if parsed.bad[0] else (parsed.at[0].to_pydatetime(), None)
