"""Numbers, instants and JSON as other people's applications write them: what cannot be read is not there."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from layers.patrols.fixes import FIRST_INSTANT_US, LAST_INSTANT_US
from layers.patrols.instants import us_of

UNKNOWN = math.nan


def number(value: object) -> float:
    """A finite number, written as one or as a text; NaN where it is none.

    >>> number("5.5"), number(3), number("much"), number(True), number("1e999"), number(10**400)
    (5.5, 3.0, nan, nan, nan, nan)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return UNKNOWN
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return UNKNOWN
    return found if math.isfinite(found) else UNKNOWN


def measured(value: object) -> float:
    """The same for what is never negative; applications say -1 for unknown.

    >>> measured("12"), measured(-1)
    (12.0, nan)
    """
    found = number(value)
    return found if found >= 0 else UNKNOWN


def from_seconds(value: object) -> int | None:
    """Microseconds since 1970 of seconds since then; None where they are none, or far away from us.

    >>> from_seconds(1440395361), from_seconds("1440395361.5"), from_seconds(1e300)
    (1440395361000000, 1440395361500000, None)
    """
    found = number(value)
    us = found * 1e6
    return round(us) if FIRST_INSTANT_US <= us <= LAST_INSTANT_US else None


def from_text(value: object) -> int | None:
    """Microseconds since 1970 of an ISO 8601 text; without an offset it is UTC. None where it is none.

    >>> from_text("2026-05-03T08:00:00+08:00") == from_text("2026-05-03 00:00:00") == 1777766400 * 10**6
    True
    >>> from_text("yesterday"), from_text("0001-01-01T00:00:00+14:00")
    (None, None)
    """
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    us = us_of(found if found.tzinfo else found.replace(tzinfo=UTC))
    return us if FIRST_INSTANT_US <= us <= LAST_INSTANT_US else None


def json_object(body: bytes | str) -> dict[str, Any] | None:
    """A JSON object; None where it is something else.

    >>> json_object(b'{"a": 1}'), json_object(b'[]'), json_object(b'\\xff'), json_object("[" * 100_000)
    ({'a': 1}, None, None, None)
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
