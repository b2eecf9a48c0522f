"""Staff, duties and absences: a lead for nearly every grid, deputies, area leads, people on leave, one who moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import geopandas
import numpy as np
import pandas as pd

from data.sample_town.names import people_names, phones

_VACANT = 0.05
_DEPUTY = 0.4
_AWAY = 0.06


@dataclass(frozen=True)
class People:
    """Tables with the columns that `gridkeeper import staff` reads."""

    staff: pd.DataFrame
    duties: pd.DataFrame
    absences: pd.DataFrame


def people(
    duty: geopandas.GeoDataFrame, areas: geopandas.GeoDataFrame, *, until: datetime, rng: np.random.Generator
) -> People:
    """Staff a town.

    Args:
        duty: Duty grids.
        areas: The tree of areas.
        until: Now, for the sample: leave lies around it.
        rng: The source of chance.
    """
    since = (until - timedelta(days=700)).date().isoformat()
    rows: list[dict[str, object]] = []
    away: list[dict[str, object]] = []
    number = 0

    def hire(role: str, *, leads: bool, grid: str | None = None, area: str | None = None) -> str:
        nonlocal number
        number += 1
        staff_no = f"P{number:06d}"
        rows.append(_duty(staff_no, role, leads, grid=grid, area=area, since=since))
        return staff_no

    draws = rng.random((len(duty), 3))
    for code, (vacant, deputy, leave) in zip(duty["code"], draws, strict=True):
        second = hire("deputy", leads=False, grid=code) if deputy < _DEPUTY else None
        if vacant < _VACANT:
            continue
        lead = hire("grid_lead", leads=True, grid=code)
        if leave < _AWAY:
            begin = until - timedelta(days=float(rng.integers(1, 6)))
            end = until + timedelta(days=float(rng.integers(2, 20)))
            away.append(_leave(lead, second, begin, end))
    for level, role in (("community", "community_lead"), ("street", "street_lead")):
        for code in areas.loc[areas["level"] == level, "code"]:
            hire(role, leads=True, area=code)
    _move_one(rows, until)
    staff_no = [f"P{k + 1:06d}" for k in range(number)]
    staff = pd.DataFrame(
        {"staff_no": staff_no, "name": people_names(number, rng), "phone": phones(number), "organisation": "网格中心"}
    )
    return People(staff, pd.DataFrame(rows), pd.DataFrame(away, columns=list(_leave("", None, until, until))))


def _duty(
    staff_no: str, role: str, leads: bool, *, grid: str | None, area: str | None, since: str, until: str | None = None
) -> dict[str, object]:
    return {
        "staff_no": staff_no,
        "scheme": "duty" if grid else None,
        "grid_code": grid,
        "area_code": area,
        "role": role,
        "leads": "yes" if leads else "no",
        "valid_from": since,
        "valid_to": until,
    }


def _leave(staff_no: str, substitute: str | None, begin: datetime, end: datetime) -> dict[str, object]:
    return {
        "staff_no": staff_no,
        "substitute_no": substitute,
        "kind": "leave",
        "valid_from": begin.isoformat(timespec="minutes"),
        "valid_to": end.isoformat(timespec="minutes"),
    }


def _move_one(rows: list[dict[str, object]], until: datetime) -> None:
    """The first two leads changed places a month ago, so that the owner of an old case may be another person."""
    moved = (until - timedelta(days=30)).date().isoformat()
    first, second = (row for row in [r for r in rows if r["role"] == "grid_lead"][:2])
    for row, other in ((first, second["grid_code"]), (second, first["grid_code"])):
        rows.append({**row, "grid_code": other, "valid_from": moved})
    for row in (first, second):
        row["valid_to"] = moved
