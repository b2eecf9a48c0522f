"""What is asked of traces: whose, of which days of the calendar of a city."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.errors import BadInput
from gis.quality import Period
from gis.visits import Hysteresis
from gis.wall_clock import Day, local_days
from layers.grids.schemes import scheme_named
from layers.patrols.instants import us_of

REACH_M = 20.0
MOST_REACH_M = 1000.0
MOST_DAYS = 92


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose ways of which days are asked for.

    Attributes:
        scheme: Name of the scheme whose grids count; its city's devices are meant, and its time zone makes the days.
        first, last: Local days, both included.
        team: Only fixes of shifts of this team.
        staff: Only fixes of the person of this staff number.
        device: Only fixes of the device of this label.
        grid: Code of a grid: only what concerns it.
        reach_m: From how far away ground, streets and buildings count as covered.
        rule: When somebody has left a grid, and how short a visit counts.
        now: What is not over by then is not asked for; the present instant if None.
    """

    scheme: str
    first: date
    last: date
    team: str | None = None
    staff: str | None = None
    device: str | None = None
    grid: str | None = None
    reach_m: float = REACH_M
    rule: Hysteresis = field(default_factory=Hysteresis)
    now: datetime | None = None

    @property
    def of_somebody(self) -> bool:
        """Whether one person or device is asked about, so that grids which do not concern these are left out."""
        return self.staff is not None or self.device is not None


@dataclass(frozen=True)
class Meant:
    """What a question comes to.

    Attributes:
        scheme: The scheme.
        days: The local days, none of which begins after `now_us`.
        now_us: The instant that counts as the present one.
    """

    scheme: Scheme
    days: list[Day]
    now_us: int

    @property
    def period(self) -> Period:
        """All the days together, up to the present."""
        return self.days[0].start, min(self.days[-1].end, max(self.now_us, self.days[0].start))


def meant(session: Session, asked: Asked) -> Meant:
    """What a question comes to.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_distance`.
    """
    scheme = scheme_named(session, asked.scheme)
    if not 0 < asked.reach_m <= MOST_REACH_M:
        detail = f"reach_m is {asked.reach_m}; give metres above 0, at most {MOST_REACH_M:g}."
        raise BadInput("bad_distance", detail, field="reach_m", value=asked.reach_m)
    days = local_days(asked.first, asked.last, ZoneInfo(scheme.time_zone), most=MOST_DAYS)
    now_us = us_of(asked.now or datetime.now(UTC))
    return Meant(scheme, days, now_us)
