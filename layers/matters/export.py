"""A version of a catalogue and its calendar as files, the same that they were imported from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Area
from data.tables.catalogue import (
    Calendar,
    CalendarDay,
    Catalogue,
    Department,
    IntakePath,
    Matter,
    ServiceRule,
    TimeLimit,
)
from layers.errors import NotFound
from layers.matters.calendars import spans_text
from layers.matters.tables import FILES


def export_catalogue(session: Session, folder: Path, *, tree: str, at: datetime | None = None) -> dict[str, int]:
    """Write the catalogue that holds in a city, and its calendar as calendar.csv; rows by file.

    Args:
        session: An open session.
        folder: Where to; made if it is not there.
        tree: The city.
        at: The instant that it is to hold at; now if not given.

    Raises:
        NotFound: The city has no catalogue then.
    """
    edition = session.execute(statement("catalogue_edition"), {"tree": tree, "at": at}).first()
    if edition is None:
        raise NotFound("no_catalogue", f"No catalogue holds in '{tree}' then.", field="tree", value=tree)
    catalogue = session.get_one(Catalogue, edition.id)
    calendar = session.get_one(Calendar, catalogue.calendar_id)
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Sequence[Sequence[Any]]] = {
        "departments": _departments(session, tree),
        "matters": _matters(session, tree),
        "rules": _rules(session, catalogue.id),
        "limits": _limits(session, catalogue.id),
        "paths": [(one.source, one.path) for one in _of(session, IntakePath, catalogue.id, IntakePath.source)],
        "settings": [("calendar", calendar.name), ("most_returns", catalogue.most_returns)],
    }
    rows = {f"{name}.csv": _write(folder / f"{name}.csv", sum(FILES[name], ()), rows) for name, rows in tables.items()}
    days = session.scalars(select(CalendarDay).where(CalendarDay.calendar_id == calendar.id).order_by(CalendarDay.day))
    of_days = [(one.day.isoformat(), spans_text(one.spans), one.note) for one in days]
    return {**rows, "calendar.csv": _write(folder / "calendar.csv", ("day", "spans", "note"), of_days)}


def _departments(session: Session, tree: str) -> list[Sequence[Any]]:
    of_tree = (
        select(Department, Area.code).outerjoin(Area, Area.id == Department.area_id).where(Department.tree == tree)
    )
    rows = session.execute(of_tree.order_by(Department.code)).all()
    return [(one.code, one.name_zh, one.name_en, area, one.phone) for one, area in rows]


def _matters(session: Session, tree: str) -> list[Sequence[Any]]:
    rows = session.scalars(select(Matter).where(Matter.tree == tree).order_by(Matter.id)).all()
    code = {one.id: one.code for one in rows}
    return [
        (one.standard, one.code, one.name_zh, one.name_en, one.class_zh, one.class_en, code.get(one.same_as or 0))
        for one in rows
    ]


def _rules(session: Session, catalogue_id: int) -> list[Sequence[Any]]:
    matter, department = _codes(session, Matter), _codes(session, Department)
    return [
        (
            matter.get(one.matter_id),
            one.urgency,
            one.place_class,
            department.get(one.department_id),
            " ".join(department[other] for other in one.assisting),
            one.skill,
            _plain(one.same_within_m),
            _plain(one.same_within_h),
            one.source,
        )
        for one in _of(session, ServiceRule, catalogue_id, ServiceRule.id)
    ]


def _limits(session: Session, catalogue_id: int) -> list[Sequence[Any]]:
    matter = _codes(session, Matter)
    return [
        (
            matter.get(one.matter_id),
            one.urgency,
            one.place_class,
            one.stage,
            one.milestone,
            _plain(one.amount),
            one.unit,
            one.source,
        )
        for one in _of(session, TimeLimit, catalogue_id, TimeLimit.id)
    ]


def _of(session: Session, table: Any, catalogue_id: int, order: Any) -> Iterable[Any]:
    return session.scalars(select(table).where(table.catalogue_id == catalogue_id).order_by(order))


def _codes(session: Session, table: Any) -> dict[int | None, str]:
    return dict(session.execute(select(table.id, table.code)).all())


def _plain(amount: float) -> str:
    return f"{amount:.15g}"


def _write(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return len(rows)
