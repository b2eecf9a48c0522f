"""The files of a catalogue, row by row: each value by itself is what it must be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data.readers.chunk import Chunk
from data.readers.columns import settled_columns
from data.readers.rows import read_rows
from data.tables.catalogue import INTAKE_PATHS, PLACE_CLASSES, STAGES, TIME_UNITS, URGENCIES
from gis.working_time import MOST
from layers.matters.faults import Fault, Faults, Line
from layers.matters.limits import END

# The columns that a file must have, and those that it may have.
FILES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "departments": (("code", "name_zh", "name_en"), ("area", "phone")),
    "matters": (("standard", "code", "name_zh", "name_en", "class_zh", "class_en"), ("same_as",)),
    "rules": (
        ("matter", "urgency", "place", "department", "assisting", "skill", "same_within_m", "same_within_h", "source"),
        (),
    ),
    "limits": (("matter", "urgency", "place", "stage", "milestone", "amount", "unit", "source"), ()),
    "paths": (("source", "path"), ()),
    "settings": (("name", "value"), ()),
}
SETTINGS = ("calendar", "most_returns")
# The milestone that the step of the same name meets; all others are met by the step `reach`, which only handling has.
ACCEPT = "accept"
_HIGHEST_RETURNS = 99


@dataclass(frozen=True)
class Tables:
    """The rows of the files of a catalogue, in their order."""

    departments: Sequence[Line]
    matters: Sequence[Line]
    rules: Sequence[Line]
    limits: Sequence[Line]
    paths: Sequence[Line]
    settings: Mapping[str, Line]

    @property
    def rows(self) -> int:
        """How many there are."""
        tables = (self.departments, self.matters, self.rules, self.limits, self.paths, self.settings)
        return sum(len(table) for table in tables)


def lines_of(
    chunks: Iterable[Chunk], file: str, needed: Sequence[str], may: Sequence[str], faults: Faults
) -> list[Line]:
    """The rows of a table; one that could not be read is a fault.

    Raises:
        BadInput: A column is missing.
    """
    lines: list[Line] = []
    for chunk in chunks:
        columns = settled_columns(chunk.frame.columns, {name: name for name in needed}, (*needed, *may))
        for row in chunk.bad:
            faults.found.append(Fault(file, row.row_no, row.field or "row", row.value, row.reason, row.detail))
        for record in chunk.frame.to_dict("records"):
            values = {role: _cell(record[name]) for role, name in columns.items()}
            lines.append(Line(file, int(record["row_no"]), values))
    return lines


def read_tables(folder: Path, faults: Faults) -> Tables:
    """The files of a catalogue, with every value examined by itself.

    Raises:
        BadInput: A file is missing or unreadable, or a column is missing.
    """
    read = {
        name: lines_of(read_rows(folder / f"{name}.csv"), f"{name}.csv", *columns, faults)
        for name, columns in FILES.items()
    }
    for name, lines in read.items():
        for line in lines:
            _EXAMINED[name](line, faults)
        for line, first in repeated(lines, _KEYS[name]):
            faults.add(line, _KEYS[name][0], "row_twice", f"Row {first.row} is for the same already.")
    settings = {line.get("name") or "": line for line in read.pop("settings")}
    for name in SETTINGS:
        if name not in settings:
            line = Line("settings.csv", 1, {"name": name})
            faults.add(line, "name", "setting_missing", f"The file says nothing of {name}.")
    return Tables(settings=settings, **read)


def _cell(value: Any) -> str | None:
    return None if pd.isna(value) else str(value).strip() or None


def repeated(lines: Sequence[Line], key: Sequence[str]) -> Iterator[tuple[Line, Line]]:
    """The lines that have the key of an earlier one, each with that one."""
    seen: dict[tuple[str | None, ...], Line] = {}
    for line in lines:
        first = seen.setdefault(tuple(line.get(column) for column in key), line)
        if first is not line:
            yield line, first


def number(line: Line, column: str, faults: Faults) -> float | None:
    """A finite number; a fault and None where the cell holds none."""
    value = line.get(column)
    try:
        found = float(value or "")
    except ValueError:
        found = math.nan
    if math.isfinite(found):
        return found
    faults.add(line, column, "not_a_number", "Write a number, with a point for decimals.")
    return None


def _department(line: Line, faults: Faults) -> None:
    _filled(line, ("code", "name_zh", "name_en"), faults)


def _matter(line: Line, faults: Faults) -> None:
    _filled(line, FILES["matters"][0], faults)


def _rule(line: Line, faults: Faults) -> None:
    _filled(line, ("source",), faults)
    _pattern(line, faults)
    for column in ("same_within_m", "same_within_h"):
        amount = number(line, column, faults)
        if amount is not None and amount < 0:
            faults.add(line, column, "negative", "Give 0 or more.")


def _limit(line: Line, faults: Faults) -> None:
    _filled(line, ("milestone", "source"), faults)
    _pattern(line, faults)
    stage = _one_of(line, "stage", STAGES, faults)
    unit = _one_of(line, "unit", TIME_UNITS, faults)
    amount = number(line, "amount", faults)
    if amount is not None and not 0 < amount <= MOST:
        faults.add(line, "amount", "limit_out_of_range", f"A limit is above 0 and at most {MOST}.")
    elif amount is not None and unit == "working_days" and not amount.is_integer():
        faults.add(line, "amount", "not_whole", "Working days are counted whole; give working_hours for parts.")
    if stage and stage != "handle" and line.get("milestone") not in (None, END):
        detail = f"Only the step handle has milestones besides '{END}'; no step could ever reach this one."
        faults.add(line, "milestone", "milestone_unreachable", detail)


def _path(line: Line, faults: Faults) -> None:
    _filled(line, ("source",), faults)
    _one_of(line, "path", INTAKE_PATHS, faults)


def _setting(line: Line, faults: Faults) -> None:
    _filled(line, ("value",), faults)
    if _one_of(line, "name", SETTINGS, faults) == "most_returns" and line.get("value"):
        most = number(line, "value", faults)
        if most is not None and not (most.is_integer() and 0 < most <= _HIGHEST_RETURNS):
            faults.add(line, "value", "not_whole", f"Give a whole number from 1 to {_HIGHEST_RETURNS}.")


def _pattern(line: Line, faults: Faults) -> None:
    for column, words in (("urgency", URGENCIES), ("place", PLACE_CLASSES)):
        if line.get(column) is not None:
            _one_of(line, column, words, faults)


def _filled(line: Line, columns: Sequence[str], faults: Faults) -> None:
    for column in columns:
        if line.get(column) is None:
            faults.add(line, column, "empty", "The value is missing.")


def _one_of(line: Line, column: str, words: Sequence[str], faults: Faults) -> str | None:
    value = line.get(column)
    if value in words:
        return value
    faults.add(line, column, "unknown_word", f"Known: {', '.join(words)}.")
    return None


_EXAMINED: dict[str, Callable[[Line, Faults], None]] = {
    "departments": _department,
    "matters": _matter,
    "rules": _rule,
    "limits": _limit,
    "paths": _path,
    "settings": _setting,
}
_KEYS = {
    "departments": ("code",),
    "matters": ("code", "standard"),
    "rules": ("matter", "urgency", "place"),
    "limits": ("matter", "urgency", "place", "stage", "milestone"),
    "paths": ("source",),
    "settings": ("name",),
}
