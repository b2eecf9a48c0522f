"""Required points and planned patrols come in as tables, by the way that devices and shifts come in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Grid, PatrolPlan, RequiredPoint, Scheme
from layers.grids.schemes import DEFAULT_SCHEME
from layers.staff.intake import BadCell, PeopleTable, Row, known_id, people_of, period_of, text_of
from layers.staff.positions import number_of, position_of

EVERY_DAY = tuple(range(1, 8))
_WINDOW: Row = {"weekdays": list(EVERY_DAY), "opens": time(), "closes": time(), "dwell_s": 0}
_POINT: Row = {**_WINDOW, "radius_m": 30.0, "times": 1}
_PERIOD = ("valid_from", "valid_to")
# A day is asked for with so much of the night after it that whoever is late for this is still seen.
_LATEST = time(10)

_BETWEEN = re.compile(r"[\s,;，、；]+")
# A column of a table may hold numbers and times of its own: 5.0, 08:00:00.000000.
_DAYS = re.compile(r"([1-7])(?:-([1-7])|\.0)?")
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::00(?:\.0+)?)?")


def points_table(*, datum: str | None) -> PeopleTable:
    """How required points are read.

    Args:
        datum: What positions are in of which the file does not say it.
    """

    def reader(_: Session, tree: str, time_zone: str) -> Callable[[Row], Row]:
        def one(row: Row) -> Row:
            return {
                "tree": tree,
                "label": text_of(row, "label"),
                "name": text_of(row, "name"),
                **position_of(row, datum),
                **_window(row, _POINT),
                **_period(row, time_zone),
            }

        return one

    said = ("datum", *_POINT, *_PERIOD)
    return PeopleTable("points", RequiredPoint, ("tree", "label"), ("label", "name", "lon", "lat"), said, reader)


def _plans(session: Session, tree: str, time_zone: str) -> Callable[[Row], Row]:
    people = people_of(session, tree)
    points = dict(
        session.execute(select(RequiredPoint.label, RequiredPoint.id).where(RequiredPoint.tree == tree)).all()
    )
    grids: dict[str, dict[str, int]] = {}
    found = select(Scheme.name, Grid.code, Grid.id).join(Grid, Grid.scheme_id == Scheme.id).where(Scheme.tree == tree)
    for scheme, code, id_ in session.execute(found):
        grids.setdefault(scheme, {})[code] = id_

    def one(row: Row) -> Row:
        of_scheme = grids.get(row.get("scheme") or DEFAULT_SCHEME, {})
        places = {
            "grid_ids": _listed(row, "grids", of_scheme, "unknown_grid", "The scheme has no grid of the code {}."),
            "point_ids": _listed(row, "points", points, "unknown_point", "The city has no required point {}."),
        }
        if not any(places.values()):
            raise BadCell("grids", "no_place", "Name grids or required points, at least one.")
        return {
            "tree": tree,
            "label": text_of(row, "label"),
            **_somebody(row, people),
            **_some_day(row),
            **_window(row, {name: value for name, value in _WINDOW.items() if name != "weekdays"}),
            **places,
            **_period(row, time_zone),
        }

    return one


PLANS = PeopleTable(
    "plans",
    PatrolPlan,
    ("tree", "label"),
    ("label",),
    ("staff_no", "team", "day", "scheme", "grids", "points", *_WINDOW, *_PERIOD),
    _plans,
)


def _window(row: Row, otherwise: Mapping[str, Any]) -> Row:
    """What a row says of its window; an empty cell says what is usual."""
    readers: Mapping[str, Callable[[Row, str], Any]] = {
        "weekdays": _weekdays,
        "opens": _time_of_day,
        "closes": _time_of_day,
        "dwell_s": lambda row, field: _whole(row, field, least=0),
        "times": lambda row, field: _whole(row, field, least=1),
        "radius_m": _metres,
    }
    window = {
        field: usual if row[field] is None else readers[field](row, field)
        for field, usual in otherwise.items()
        if field in row
    }
    opens, closes = (window.get(field, time()) for field in ("opens", "closes"))
    if _LATEST < closes <= opens:
        raise BadCell("closes", "window_too_long", f"A window over midnight closes at {_LATEST:%H:%M} at the latest.")
    return window


def _period(row: Row, time_zone: str) -> Row:
    return {"valid": period_of(row, time_zone)} if any(field in row for field in _PERIOD) else {}


def _somebody(row: Row, people: dict[str, int]) -> Row:
    team = row.get("team")
    if (row.get("staff_no") is None) == (team is None):
        raise BadCell("staff_no", "one_needed", "Name a person or a team, one of the two.")
    return {"staff_id": None if team else known_id(people, row, "staff_no", "unknown_staff"), "team": team}


def _some_day(row: Row) -> Row:
    """The one day, or the days of the week; every day where a row says neither."""
    if row.get("day") is None:
        return {"day": None, "weekdays": list(EVERY_DAY) if row.get("weekdays") is None else _weekdays(row, "weekdays")}
    if row.get("weekdays") is not None:
        raise BadCell("day", "one_needed", "Name one day or days of the week, one of the two.")
    try:
        # A table may hold it as midnight of that day.
        return {"day": date.fromisoformat(row["day"].removesuffix(" 00:00:00")), "weekdays": None}
    except ValueError as error:
        raise BadCell("day", "no_such_date", "Write the day like 2026-05-04.") from error


def _weekdays(row: Row, field: str) -> list[int]:
    """Days of the week as numbers: 1-5 6,7."""
    days = set[int]()
    for part in _BETWEEN.split(row[field]):
        match = _DAYS.fullmatch(part)
        if match is None or int(match[2] or 7) < int(match[1]):
            raise BadCell(field, "bad_weekdays", "Write days of the week from 1 for Monday to 7, like 1-5 or 2,4.")
        days |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return sorted(days)


def _time_of_day(row: Row, field: str) -> time:
    match = _CLOCK.fullmatch(row[field])
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 0)
    if hour * 60 + minute > 24 * 60:
        raise BadCell(field, "bad_time_of_day", "Write a time of the day from 00:00 to 24:00, like 08:30.")
    return time(hour % 24, minute)


def _metres(row: Row, field: str) -> float:
    metres = number_of(row, field)
    if metres <= 0:
        raise BadCell(field, "not_positive", "Write metres, more than 0.")
    return metres


def _whole(row: Row, field: str, *, least: int) -> int:
    number = number_of(row, field)
    if not number.is_integer() or not least <= number < 2**15:
        raise BadCell(field, "not_a_count", f"Write a whole number from {least} up.")
    return int(number)


def _listed(row: Row, field: str, known: Mapping[str, int], reason: str, detail: str) -> list[int]:
    """The ids of what a cell names, each once."""
    names = list(dict.fromkeys(filter(None, _BETWEEN.split(row.get(field) or ""))))
    for name in names:
        if name not in known:
            raise BadCell(field, reason, detail.format(name))
    return [known[name] for name in names]
