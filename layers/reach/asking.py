"""What is asked of reach: on foot to which service, within how many minutes, and how fast people walk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.errors import BadInput
from layers.grids.schemes import scheme_named
from layers.grids.versions import Version, version_at

MINUTES, MOST_MINUTES = 15.0, 120.0
SPEED_KMH, MOST_SPEED_KMH = 4.8, 12.0
MOST_JOIN_M = 25.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How far is far.

    Attributes:
        scheme: Name of the scheme whose grids are told about; its city's streets, buildings and places are meant.
        service: Only places of this service; of all services if None.
        minutes: How long a walk may be.
        speed_kmh: How fast people walk.
        join_m: Streets that cross, and ends that lie this near another street, are joined; 0 joins what has a vertex
            in common and nothing else.
        at: Whose boundaries count; those of the present instant if None.
    """

    scheme: str
    service: str | None = None
    minutes: float = MINUTES
    speed_kmh: float = SPEED_KMH
    join_m: float = 0.0
    at: datetime | None = None


@dataclass(frozen=True)
class Meant:
    """What a question comes to.

    Attributes:
        asked: The question.
        scheme: The scheme.
        version: Its boundaries.
    """

    asked: Asked
    scheme: Scheme
    version: Version

    @property
    def metres_a_minute(self) -> float:
        """How far people walk in one."""
        return self.asked.speed_kmh * 1000 / 60

    @property
    def limit_m(self) -> float:
        """How far people walk in the time they have."""
        return self.asked.minutes * self.metres_a_minute

    def told(self) -> dict[str, Any]:
        """The same for the answer."""
        asked = self.asked
        return {
            "scheme": self.scheme.name,
            "tree": self.scheme.tree,
            "version": self.version.number,
            "time_zone": self.scheme.time_zone,
            "service": asked.service,
            "minutes": asked.minutes,
            "speed_kmh": asked.speed_kmh,
            "join_m": asked.join_m,
        }


def meant(session: Session, asked: Asked) -> Meant:
    """What a question comes to.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_walk`.
    """
    scheme = scheme_named(session, asked.scheme)
    _require(asked.minutes, "minutes", MOST_MINUTES)
    _require(asked.speed_kmh, "speed_kmh", MOST_SPEED_KMH)
    if asked.join_m:
        _require(asked.join_m, "join_m", MOST_JOIN_M)
    return Meant(asked, scheme, version_at(session, scheme, asked.at or datetime.now(UTC)))


def _require(value: float, field: str, most: float) -> None:
    if not (math.isfinite(value) and 0 < value <= most):
        raise BadInput(
            "bad_walk", f"{field} is {value}; give a number above 0, at most {most:g}.", field=field, value=value
        )
