"""What is asked of hot spots: cases of which matter, of which days and hours of a city, counted by what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.errors import BadInput
from gis.wall_clock import Day, local_days, moment
from layers.grids.schemes import scheme_named
from layers.grids.versions import Version, versions_of

# Thirteen weeks.
USUAL_DAYS = 91
MOST_DAYS = 3 * 366
BANDWIDTH_M = 200.0
LARGEST_M = 10_000.0

Per = Literal["km2", "building", "household"]
_HOURS_OF_A_DAY = 24


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which cases are asked about.

    Attributes:
        scheme: Name of the scheme within whose grids cases count; its time zone makes the days.
        first, last: Local days, both included; thirteen weeks up to today when not given.
        matter: Code of the catalogue, a category as it was reported, or the two digits of a large class.
        hours: Hours of the local day as `22-6`, the last one excluded.
        now: The instant that counts as the present one; that of the call if None.
    """

    scheme: str
    first: date | None = None
    last: date | None = None
    matter: str | None = None
    hours: str | None = None
    now: datetime | None = None


@dataclass(frozen=True)
class Meant:
    """What a question comes to.

    Attributes:
        asked: The question.
        scheme: The scheme.
        version: The boundaries that hold at the end of the period.
        zone: Of the clock by which days and hours are told.
        days: The local days.
        hours: The hours of the day that count, in their order; None for all.
    """

    asked: Asked
    scheme: Scheme
    version: Version
    zone: ZoneInfo
    days: list[Day]
    hours: list[int] | None

    def told(self) -> dict[str, Any]:
        """The same for the answer."""
        return {
            "scheme": self.scheme.name,
            "tree": self.scheme.tree,
            "version": self.version.number,
            "from": self.days[0].date.isoformat(),
            "to": self.days[-1].date.isoformat(),
            "time_zone": self.scheme.time_zone,
            "matter": self.asked.matter,
            "hours": self.asked.hours,
        }


def meant(session: Session, asked: Asked) -> Meant:
    """What a question comes to.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_hours`.
    """
    scheme = scheme_named(session, asked.scheme)
    zone, now = ZoneInfo(scheme.time_zone), asked.now or datetime.now(UTC)
    last = asked.last or max(now.astimezone(zone).date(), asked.first or date.min)
    days = local_days(asked.first or last - timedelta(days=USUAL_DAYS - 1), last, zone, most=MOST_DAYS)
    until = min(moment(days[-1].end) - timedelta.resolution, now)
    versions = versions_of(session, scheme.id)
    version = next((one for one in reversed(versions) if one.since is None or one.since <= until), versions[0])
    return Meant(asked, scheme, version, zone, days, hours_of(asked.hours))


def hours_of(text: str | None) -> list[int] | None:
    """The hours of the day that `22-6` means.

    >>> hours_of("22-2"), hours_of("8-10"), hours_of(None)
    ([22, 23, 0, 1], [8, 9], None)
    """
    if text is None:
        return None
    begin, dash, end = text.partition("-")
    numbers = [int(one) for one in (begin, end) if one.isascii() and one.isdigit() and int(one) <= _HOURS_OF_A_DAY]
    if not dash or len(numbers) != 2 or numbers[0] == numbers[1] or numbers[0] == _HOURS_OF_A_DAY:
        detail = "hours are two hours of the day like 8-17 or 22-6, of which the second is no longer meant."
        raise BadInput("bad_hours", detail, field="hours", value=text)
    count = (numbers[1] - numbers[0]) % _HOURS_OF_A_DAY or _HOURS_OF_A_DAY
    return [(numbers[0] + nth) % _HOURS_OF_A_DAY for nth in range(count)]


def require_metres(value: float, field: str, *, most: float = LARGEST_M) -> None:
    """Refuse a distance that is none.

    Raises:
        BadInput: `bad_distance`.
    """
    if not (math.isfinite(value) and 0 < value <= most):
        detail = f"{field} is {value}; give metres above 0, at most {most:g}."
        raise BadInput("bad_distance", detail, field=field, value=value)


def require_share(value: float, field: str) -> None:
    """Refuse what is no share between 0 and 1.

    Raises:
        BadInput: `bad_share`.
    """
    if not 0 < value < 1:
        detail = f"{field} is {value}; give a share between 0 and 1, like 0.05."
        raise BadInput("bad_share", detail, field=field, value=value)
