"""OwnTracks: one JSON object a message, of which only `location` says where the telephone is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layers.patrols.fixes import Fix
from layers.patrols.formats.measured import UNKNOWN, from_seconds, json_object, measured, number

_KMH = 3.6


def fix_of(body: bytes | str) -> Fix | None:
    """The fix of a message; None where it is of another kind, empty, encrypted, or no message at all.

    >>> fix_of('{"_type": "location", "lat": 34.75, "lon": 113.65, "tst": 1440395361, "vel": 36}').speed_ms
    10.0
    >>> fix_of('{"_type": "location", "lat": 34.75, "lon": 113.65, "tst": 1440395361, "acc": 0}').accuracy_m
    nan
    >>> fix_of('{"_type": "lwt", "tst": 1440395361}'), fix_of(b"")
    (None, None)
    """
    message = json_object(body)
    return _located(message) if message and message.get("_type") == "location" else None


def _located(message: Mapping[str, Any]) -> Fix | None:
    at, lon, lat = from_seconds(message.get("tst")), number(message.get("lon")), number(message.get("lat"))
    if at is None or lon != lon or lat != lat:
        return None
    # A value of zero is left out, so what is missing is unknown, and an accuracy of 0 too.
    accuracy_m = number(message.get("acc")) or UNKNOWN
    return Fix(at, lon, lat, accuracy_m, measured(message.get("vel")) / _KMH, measured(message.get("cog")))
