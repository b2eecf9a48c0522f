"""Staff, duties and absences: a lead for nearly every grid, deputies, workers, police, area leads, people on leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import geopandas
import numpy as np
import pandas as pd

from data.sample_town.names import people_names, phones

# Shares of grids: without a lead, with a deputy, with a worker; and of leads who are away today or were.
_VACANT, _DEPUTY, _WORKER = 0.05, 0.55, 0.75
_AWAY_NOW, _AWAY_BEFORE = 0.08, 0.12
_GRIDS_AN_OFFICER = 4
_KINDS = ("leave", "sick", "training")
# Skills that the sample catalogue asks for, and which people have them: each fifth, each seventh.
_SKILLS = {"electrician": 5, "gas": 7}
_AREA_ROLES = {"county": "area_lead", "street": "street_lead", "community": "community_lead"}


@dataclass(frozen=True)
class People:
    """Tables with the columns that `gridkeeper import staff` reads; times are text.

    Attributes:
        staff: staff_no, name, phone, organisation, skills.
        duties: staff_no, scheme, grid_code, area_code, role, leads, valid_from, valid_to.
        absences: staff_no, substitute_no, kind, valid_from, valid_to.
    """

    staff: pd.DataFrame
    duties: pd.DataFrame
    absences: pd.DataFrame


@dataclass
class _Roll:
    since: str
    organisations: list[str] = field(default_factory=list)
    duties: list[dict[str, object]] = field(default_factory=list)
    absences: list[dict[str, object]] = field(default_factory=list)

    def hire(
        self, role: str, organisation: str, *, leads: bool, grids: Sequence[str | None], area: str | None = None
    ) -> str:
        """One more person, with a duty in each of these grids, or in this area where the one grid is None."""
        self.organisations.append(organisation)
        staff_no = f"P{len(self.organisations):06d}"
        for grid in grids:
            self.duties.append(
                {
                    "staff_no": staff_no,
                    "scheme": "duty" if grid else None,
                    "grid_code": grid,
                    "area_code": area,
                    "role": role,
                    "leads": "yes" if leads else "no",
                    "valid_from": self.since,
                    "valid_to": None,
                }
            )
        return staff_no

    def send_away(self, staff_no: str, substitute: str | None, kind: str, begin: datetime, end: datetime) -> None:
        """Note an absence from day to day."""
        self.absences.append(
            {
                "staff_no": staff_no,
                "substitute_no": substitute,
                "kind": kind,
                "valid_from": begin.date().isoformat(),
                "valid_to": end.date().isoformat(),
            }
        )


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
    roll = _Roll(since=(until - timedelta(days=700)).date().isoformat())
    names = areas.set_index("code")["name"]
    for level, role in _AREA_ROLES.items():
        for code in areas.loc[areas["level"] == level, "code"]:
            roll.hire(role, f"{names[code]}网格中心", leads=True, grids=[None], area=code)
    leads = _grid_people(roll, duty.sort_values("code"), names, rng)
    _leave(roll, leads, until, rng)
    _move_two(roll.duties, until)
    count = len(roll.organisations)
    staff = pd.DataFrame(
        {
            "staff_no": [f"P{k:06d}" for k in range(1, count + 1)],
            "name": people_names(count, rng),
            "phone": phones(count),
            "organisation": roll.organisations,
            "skills": [_skills(k) for k in range(1, count + 1)],
        }
    )
    return People(staff, pd.DataFrame(roll.duties), pd.DataFrame(roll.absences))


def _skills(number: int) -> str | None:
    return ";".join(skill for skill, every in _SKILLS.items() if number % every == 0) or None


def _grid_people(
    roll: _Roll, duty: geopandas.GeoDataFrame, names: pd.Series, rng: np.random.Generator
) -> list[tuple[str, str | None]]:
    """Hire for the grids, community by community; leads, each with the deputy of the grid if there is one."""
    leads: list[tuple[str, str | None]] = []
    for community, codes in duty.groupby("parent_code")["code"]:
        place = str(names[community])
        grids = codes.tolist()
        for first in range(0, len(grids), _GRIDS_AN_OFFICER):
            beat = grids[first : first + _GRIDS_AN_OFFICER]
            roll.hire("police", f"{place}警务室", leads=False, grids=beat)
        for grid, (vacant, deputy, worker) in zip(grids, rng.random((len(grids), 3)), strict=True):
            lead = None if vacant < _VACANT else roll.hire("grid_lead", place, leads=True, grids=[grid])
            second = roll.hire("deputy", place, leads=False, grids=[grid]) if deputy < _DEPUTY else None
            if worker < _WORKER:
                roll.hire("grid_worker", place, leads=False, grids=[grid])
            if lead:
                leads.append((lead, second))
    return leads


def _leave(roll: _Roll, leads: list[tuple[str, str | None]], until: datetime, rng: np.random.Generator) -> None:
    """Send some leads away around now, some in the months before; half name a substitute, a colleague near by."""
    draws = rng.random(len(leads))
    # Also the smallest town shows leave with a substitute and leave without one; the first two leads move instead.
    draws[[2, 4]] = 0.0
    for at, ((lead, second), draw) in enumerate(zip(leads, draws, strict=True)):
        if at < 2 or draw >= _AWAY_NOW + _AWAY_BEFORE:
            continue
        begin = until - timedelta(days=int(rng.integers(0, 6) if draw < _AWAY_NOW else rng.integers(30, 80)))
        end = begin + timedelta(days=int(rng.integers(7, 24)))
        colleague = second or leads[at - 1][0]
        substitute = colleague if at == 2 or (at != 4 and rng.random() < 0.5) else None
        roll.send_away(lead, substitute, _KINDS[int(rng.integers(0, 3))], begin, end)


def _move_two(duties: list[dict[str, object]], until: datetime) -> None:
    """The first two leads changed places a month ago, so that the owner of an old case may be another person."""
    moved = (until - timedelta(days=30)).date().isoformat()
    first, second = [duty for duty in duties if duty["role"] == "grid_lead"][:2]
    for duty, other in ((first, second["grid_code"]), (second, first["grid_code"])):
        duties.append({**duty, "grid_code": other, "valid_from": moved})
    first["valid_to"] = second["valid_to"] = moved
