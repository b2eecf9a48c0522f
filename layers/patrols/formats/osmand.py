"""OsmAnd and Traccar Client: names and values in the address, in a form, or as JSON, each with units of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from layers.patrols.fixes import Fix
from layers.patrols.formats.measured import from_seconds, from_text, measured, number

_KNOT_MS = 1852 / 3600
# A number of seconds from here on would be after 2038: it counts milliseconds.
_MILLISECONDS = 2.0**31


class Told(NamedTuple):
    """What a request says: the secret of the device, and the fix, None where it has none (an alarm, a battery)."""

    secret: str | None
    fix: Fix | None


def told_in_names(given: Mapping[str, str]) -> Told:
    """A request with names and values, in the address or in a form; names that are not known are passed over.

    >>> told = told_in_names({"id": "x", "location": "34.75,113.65", "timestamp": "1440395361", "speed": "10"})
    >>> told.secret, told.fix.x, round(told.fix.speed_ms, 3)
    ('x', 113.65, 5.144)
    """
    lat, _, lon = given.get("location", "").partition(",")
    at = _instant(given.get("timestamp", ""))
    x, y = number(given.get("lon", lon)), number(given.get("lat", lat))
    fix = None
    if at is not None and x == x and y == y:
        course = measured(given.get("bearing", given.get("heading")))
        speed_ms = measured(given.get("speed")) * _KNOT_MS
        fix = Fix(at, x, y, measured(given.get("accuracy")), speed_ms, course, _flag(given.get("mock")))
    return Told(given.get("id") or given.get("deviceid") or None, fix)


def told_in_json(given: Mapping[str, Any]) -> Told:
    """A request with JSON.

    >>> coords = {"latitude": 34.75, "longitude": 113.65, "speed": -1}
    >>> told_in_json({"device_id": "x", "location": {"timestamp": "2026-05-03T00:00:00Z", "coords": coords}}).fix.x
    113.65
    >>> told_in_json({"device_id": "x", "location": []})
    Told(secret='x', fix=None)
    """
    location = _object(given.get("location"))
    coords = _object(location.get("coords"))
    stamp = location.get("timestamp")
    at = from_text(stamp) if isinstance(stamp, str) else _instant(str(stamp))
    x, y = number(coords.get("longitude")), number(coords.get("latitude"))
    secret = given.get("device_id")
    fix = None
    if at is not None and x == x and y == y:
        speed_ms, course = measured(coords.get("speed")), measured(coords.get("heading"))
        fix = Fix(at, x, y, measured(coords.get("accuracy")), speed_ms, course, _flag(location.get("mock")))
    return Told(str(secret) if secret not in (None, "") else None, fix)


def _instant(text: str) -> int | None:
    seconds = number(text)
    if seconds == seconds:
        return from_seconds(seconds / 1000 if seconds >= _MILLISECONDS else seconds)
    return from_text(text)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _flag(value: object) -> float:
    return float(value is True or (isinstance(value, str) and value.strip().lower() in ("1", "true", "yes")))
