"""What the files of a catalogue must be as a whole: names known, a rule for every case, an end for every step."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from data.tables.catalogue import STAGES
from layers.matters.faults import Faults, Line
from layers.matters.limits import END
from layers.matters.tables import FILES, Tables

_ANY = (None, None, None)


def check_whole(
    tables: Tables,
    faults: Faults,
    *,
    areas: Collection[str],
    calendars: Collection[str],
    other_codes: Mapping[str, str],
) -> None:
    """Compare the files with each other and with what the city has.

    Args:
        tables: The rows; values that are no such thing by themselves are faults already.
        faults: Gets what is wrong.
        areas: Codes of the city's areas.
        calendars: Names of its calendars.
        other_codes: Codes of stored matters that nothing replaced and that the files do not name, with their standard.
    """
    _check_departments(tables, faults, areas)
    current = _check_matters(tables, faults, other_codes)
    _check_rules(tables, faults, current)
    _check_limits(tables, faults, current)
    calendar = tables.settings.get("calendar")
    if calendar is not None and calendar.get("value") not in {None, *calendars}:
        known = ", ".join(sorted(calendars)) or "none yet"
        faults.add(calendar, "value", "unknown_calendar", f"The city has no calendar of this name. Known: {known}.")


def _check_departments(tables: Tables, faults: Faults, areas: Collection[str]) -> None:
    for line in tables.departments:
        if line.get("area") is not None and line.get("area") not in areas:
            faults.add(line, "area", "unknown_area", "The city has no area of this code.")


def _check_matters(tables: Tables, faults: Faults, other_codes: Mapping[str, str]) -> set[str | None]:
    """The codes that rules may name: those of matters that nothing replaced."""
    current: dict[str | None, Line] = {}
    for line in tables.matters:
        code = line.get("code")
        if line.get("same_as") is not None or code is None:
            continue
        standard = current[code].get("standard") if code in current else other_codes.get(code)
        if standard not in (None, line.get("standard")):
            detail = f"{standard} has a matter of this code too; say in same_as what one of them became."
            faults.add(line, "code", "matter_ambiguous", detail)
        current.setdefault(code, line)
    for line in tables.matters:
        if line.get("same_as") is not None and line.get("same_as") not in current:
            detail = "No matter of this file that was not replaced itself has this code."
            faults.add(line, "same_as", "unknown_matter", detail)
    return set(current)


def _check_rules(tables: Tables, faults: Faults, current: Collection[str | None]) -> None:
    departments = {line.get("code") for line in tables.departments}
    for line in tables.rules:
        _check_matter(line, faults, tables, current)
        lead, assisting = line.get("department"), (line.get("assisting") or "").split()
        if lead is not None and lead not in departments:
            faults.add(line, "department", "unknown_department", "departments.csv has no department of this code.")
        for code in assisting:
            if code not in departments:
                detail = f"departments.csv has no department of the code {code}."
                faults.add(line, "assisting", "unknown_department", detail)
            if code == lead or assisting.count(code) > 1:
                faults.add(line, "assisting", "assists_itself", f"{code} leads, or is named twice.")
    if _ANY not in {_pattern(line) for line in tables.rules}:
        _no_default("rules", faults, "a matter that no other row is for")


def _check_limits(tables: Tables, faults: Faults, current: Collection[str | None]) -> None:
    ends = {(line.get("stage"), _pattern(line)) for line in tables.limits if line.get("milestone") == END}
    told: set[tuple[object, ...]] = set()
    for line in tables.limits:
        _check_matter(line, faults, tables, current)
        stage, pattern = line.get("stage"), _pattern(line)
        if (stage, pattern) not in ends | told:
            told.add((stage, pattern))
            detail = f"The row has no other beside it with the milestone '{END}', so the step would have no limit."
            faults.add(line, "milestone", "no_end", detail)
    for stage in STAGES:
        patterns = {_pattern(line) for line in tables.limits if line.get("stage") == stage}
        if patterns and _ANY not in patterns:
            _no_default("limits", faults, f"the step {stage} of a matter that no other row is for")


def _check_matter(line: Line, faults: Faults, tables: Tables, current: Collection[str | None]) -> None:
    code = line.get("matter")
    if code is None or code in current:
        return
    if any(matter.get("code") == code for matter in tables.matters):
        faults.add(line, "matter", "matter_replaced", "matters.csv says what this became; make the rule for that.")
    else:
        faults.add(line, "matter", "unknown_matter", "matters.csv has no matter of this code.")


def _no_default(file: str, faults: Faults, what: str) -> None:
    line = Line(f"{file}.csv", 1, dict.fromkeys(FILES[file][0]))
    detail = f"There must be a row with matter, urgency and place empty, for {what}."
    faults.add(line, "matter", "no_default", detail)


def _pattern(line: Line) -> tuple[str | None, str | None, str | None]:
    return line.get("matter"), line.get("urgency"), line.get("place")
