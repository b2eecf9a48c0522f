"""A small catalogue and its calendar, as files and in a database."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from data.readers.rows import read_rows
from layers.batches import Summary
from layers.cases.timing import take_calendar, take_catalogue
from tests.imports import PLANNER, write_csv

TREE = "town"
ZONE = "Asia/Shanghai"
HOURS = "08:30-12:00 14:30-18:00"
Rows = Sequence[Sequence[object]]

HEADERS = {
    "departments": ("code", "name_zh", "name_en", "area", "phone"),
    "matters": ("standard", "code", "name_zh", "name_en", "class_zh", "class_en", "same_as"),
    "rules": (
        "matter",
        "urgency",
        "place",
        "department",
        "assisting",
        "skill",
        "same_within_m",
        "same_within_h",
        "source",
    ),
    "limits": ("matter", "urgency", "place", "stage", "milestone", "amount", "unit", "source"),
    "paths": ("source", "path"),
    "settings": ("name", "value"),
}
RULES: Mapping[str, Rows] = {
    "departments": [
        ("S", "环卫", "Sanitation", "", "1"),
        ("T", "交警", "Traffic police", "", ""),
        ("W", "水务", "Water", "", ""),
    ],
    "matters": [
        ("2026", "06010", "暴露垃圾", "Exposed rubbish", "市容环境类", "Environment", ""),
        ("2026", "06001", "私搭乱建", "Unauthorised building", "市容环境类", "Environment", ""),
        ("2026", "01001", "井盖", "Water cover", "部件", "Components", ""),
        ("2013", "0110", "暴露垃圾", "Exposed rubbish", "市容环境类", "Environment", "06010"),
        ("own", "L1", "邻里纠纷", "Quarrel", "其他", "Other", ""),
    ],
    "rules": [
        ("", "", "", "", "", "", 50, 24, "book"),
        ("06010", "", "", "S", "T W", "", 30, 12, "book"),
        ("06010", "", "rural", "W", "", "boat", 80, 48, "book"),
        ("", "urgent", "", "T", "", "", 100, 6, "book"),
    ],
    "limits": [
        ("", "", "", "handle", "end", 5, "working_days", "book"),
        ("", "", "", "dispatch", "end", 0.5, "working_hours", "book"),
        ("", "urgent", "", "handle", "end", 24, "hours", "book"),
        ("06010", "", "", "handle", "end", 4, "working_hours", "book"),
        ("06010", "", "rural", "handle", "end", 1, "working_days", "book"),
        ("06001", "", "", "handle", "stop", 4, "working_hours", "book"),
        ("06001", "", "", "handle", "penalty", 7, "working_days", "book"),
        ("06001", "", "", "handle", "end", 20, "working_days", "book"),
    ],
    "paths": [("resident", "on_site"), ("patrol", "direct")],
    "settings": [("calendar", "office"), ("most_returns", 3)],
}


def write_rules(folder: Path, **tables: Rows) -> Path:
    """The small catalogue as files, some tables with other rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, header in HEADERS.items():
        write_csv(folder / f"{name}.csv", tables.get(name, RULES[name]), header=header)
    return folder


def write_days(file: Path, days: Mapping[str, str]) -> Path:
    """A calendar of day to working spans."""
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("day", "spans"), *days.items()])
    return file


def give_days(session: Session, file: Path, *, tree: str = TREE, name: str = "office", zone: str = ZONE) -> Summary:
    """Import a calendar."""
    return take_calendar(session, PLANNER, read_rows(file), tree=tree, name=name, zone=zone, file=file.name)


def may_2026(spans: str = HOURS) -> dict[str, str]:
    """The days of May 2026, of which the first three are free like every weekend."""
    days = (datetime(2026, 5, day) for day in range(1, 32))
    return {f"{day:%Y-%m-%d}": "" if day.weekday() >= 5 or day.day <= 3 else spans for day in days}


def give_rules(
    session: Session, folder: Path, *, tree: str = TREE, since: datetime | None = None, **tables: Rows
) -> Summary:
    """Import the small catalogue, and the calendar of May 2026 where the city has none yet."""
    files = write_rules(folder / "rules", **tables)
    give_days(session, write_days(folder / "office.csv", may_2026()), tree=tree)
    return take_catalogue(session, PLANNER, files, tree=tree, since=since)
