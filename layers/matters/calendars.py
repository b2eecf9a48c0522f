"""Calendars come in day by day. Known days never change: deadlines were worked out from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from data.tables.catalogue import Calendar, CalendarDay
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch
from layers.errors import Conflict
from layers.grids.schemes import require_zone
from layers.matters.faults import Faults, Line
from layers.matters.held import keep_reports_away
from layers.matters.tables import lines_of, repeated

_DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_BETWEEN = re.compile(r"[\s,;，；、]+")


def import_calendar(
    session: Session, actor: Actor, chunks: Iterable[Chunk], *, tree: str, name: str, zone: str, file: str
) -> Summary:
    """Take in the days of a calendar; all or nothing. Cases get their deadlines by `layers.cases.timing`.

    Args:
        session: An open session.
        actor: Who imports.
        chunks: Rows with the columns day and spans, and perhaps note.
        tree: The city.
        name: Name of the calendar; days are added to one that is there.
        zone: IANA zone of its clock.
        file: Name of the file, for the record.

    Raises:
        BadInput: A day is at fault; all faults are in `values`. Or the zone is not known.
        Conflict: The calendar that is there is on another clock.
    """
    require_zone(zone)
    faults = Faults()
    lines = lines_of(chunks, file, ("day", "spans"), ("note",), faults)
    days = _days(lines, faults)
    if not lines:
        faults.add(Line(file, 1, {}), "day", "empty", "There is no day in it.")
    faults.refuse()
    keep_reports_away(session, tree)
    summary = open_batch(session, actor, kind="calendar", dataset=tree, file=file, options={"name": name})
    calendar = _calendar(session, tree, name, zone)
    known = dict(
        session.execute(select(CalendarDay.day, CalendarDay.spans).where(CalendarDay.calendar_id == calendar.id)).all()
    )
    _check_known(days, known, faults)
    _check_gaps(days, known, faults)
    faults.refuse()
    new = [
        {"calendar_id": calendar.id, "day": day, "spans": spans, "note": line.get("note")}
        for day, (line, spans) in sorted(days.items())
        if day not in known
    ]
    if new:
        session.execute(insert(CalendarDay), new)
    every = sorted({*days, *known})
    summary.read, summary.stored, summary.already_there = len(days), len(new), len(days) - len(new)
    summary.facts = {"calendar": name, "first_day": every[0].isoformat(), "last_day": every[-1].isoformat()}
    summary.remarks.append(f"The calendar {name} is known from {every[0]} to {every[-1]}.")
    close_batch(session, summary)
    return summary


def minutes_of(spans: str) -> list[int]:
    """The minutes of a day at which its working spans begin and end.

    Raises:
        ValueError: The text is not of the form 08:30-12:00 14:30-18:00, or its spans are not in order.

    >>> minutes_of("08:30-12:00 14:30-24:00"), minutes_of("")
    ([510, 720, 870, 1440], [])
    """
    found: list[int] = []
    for part in filter(None, _BETWEEN.split(spans)):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise ValueError(f"'{part}' is not of the form 08:30-12:00.")
        hour, minute, end_hour, end_minute = map(int, match.groups())
        if minute > 59 or end_minute > 59 or end_hour * 60 + end_minute > _DAY_MINUTES:
            raise ValueError(f"'{part}' goes beyond an hour of 60 minutes or a day of 24 hours.")
        begin, end = hour * 60 + minute, end_hour * 60 + end_minute
        if end <= begin:
            raise ValueError(f"'{part}' ends before it begins; a span over midnight is written on both days.")
        if found and begin < found[-1]:
            raise ValueError(f"'{part}' begins before the span ahead of it has ended.")
        found += [begin, end]
    return found


def spans_text(minutes: Sequence[int]) -> str:
    """Working spans as `minutes_of` reads them.

    >>> spans_text([510, 720, 870, 1440])
    '08:30-12:00 14:30-24:00'
    """
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    return " ".join(f"{begin}-{end}" for begin, end in zip(clock[::2], clock[1::2], strict=True))


def _days(lines: Sequence[Line], faults: Faults) -> dict[date, tuple[Line, list[int]]]:
    days: dict[date, tuple[Line, list[int]]] = {}
    for line in lines:
        try:
            day = date.fromisoformat(line.get("day") or "")
        except ValueError:
            faults.add(line, "day", "no_such_date", "Write a day that there is, like 2026-05-03.")
            continue
        try:
            days[day] = line, minutes_of(line.get("spans") or "")
        except ValueError as error:
            faults.add(line, "spans", "bad_spans", str(error))
    for line, first in repeated([line for line in lines if line.get("day")], ("day",)):
        faults.add(line, "day", "row_twice", f"Row {first.row} is for the same already.")
    return days


def _check_known(
    days: Mapping[date, tuple[Line, list[int]]], known: Mapping[date, Sequence[int]], faults: Faults
) -> None:
    for day, (line, spans) in days.items():
        if day in known and list(known[day]) != spans:
            detail = (
                f"The calendar has {spans_text(known[day]) or 'no working time'} for that day, and deadlines were "
                "worked out from it. Import a calendar of another name, and a catalogue that goes by it."
            )
            faults.add(line, "spans", "day_known_otherwise", detail)


def _check_gaps(
    days: Mapping[date, tuple[Line, list[int]]], known: Mapping[date, Sequence[int]], faults: Faults
) -> None:
    every = sorted({*days, *known})
    for before, after in pairwise(every):
        if after - before > timedelta(days=1):
            line = (days[after] if after in days else days[before])[0]
            faults.add(line, "day", "calendar_gap", f"Nothing is said of the days between {before} and {after}.")


def _calendar(session: Session, tree: str, name: str, zone: str) -> Calendar:
    calendar = session.scalar(select(Calendar).where(Calendar.tree == tree, Calendar.name == name))
    if calendar is None:
        calendar = Calendar(tree=tree, name=name, time_zone=zone)
        session.add(calendar)
        session.flush()
    elif calendar.time_zone != zone:
        raise Conflict(
            "calendar_differs",
            f"The calendar '{name}' is on the clock of {calendar.time_zone}; import into one of another name.",
            field="zone",
            value=zone,
        )
    return calendar
