"""The ways a time may be written, each read into what the clock showed and the offset written with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.readers.numbers import parse_coordinates
from gis.errors import BadInput

_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
_ISO = (
    r"^(?P<year>\d{4})(?:[-/.]|年)(?P<month>\d{1,2})(?:[-/.]|月)(?P<day>\d{1,2})日?"
    r"(?:(?:[Tt]|\s+)(?P<hour>\d{1,2})[:：](?P<minute>\d{2})"
    r"(?:[:：](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$"
)
_DAY_MONTH = r"^\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}\b"
_DIGITS = r"^-?\d+(?:\.\d*)?$"
_DAY_DIRECTIVES = ("%d", "%j", "%x", "%c", "%D", "%F")
_HOUR_DIRECTIVES = ("%H", "%I", "%c", "%X", "%T", "%R", "%r")


@dataclass(slots=True)
class ClockTimes:
    """Times before they become UTC, all of shape (n,).

    Args:
        clock: What the clock showed, in microseconds.
        offset_s: Seconds east of UTC, where written; else NaN.
        is_day: Whether it is a bare date.
        reasons: What is wrong; None where good.
    """

    clock: NDArray[np.datetime64]
    offset_s: NDArray[np.float64]
    is_day: NDArray[np.bool_]
    reasons: NDArray[np.object_]


def typed(series: pd.Series) -> ClockTimes:
    """Dates and times that a file holds as such; NaT is empty."""
    clock = series.to_numpy(dtype="datetime64[us]", copy=True)
    reasons = np.full(len(clock), None, dtype=object)
    reasons[np.isnat(clock)] = "empty"
    return ClockTimes(clock, np.full(len(clock), np.nan), np.zeros(len(clock), dtype=bool), reasons)


def first_fitting(text: pa.Array, formats: list[str]) -> ClockTimes:
    """Read each text by the first of the formats that fits it.

    Raises:
        BadInput: `time_format_unknown`.
    """
    done: ClockTimes | None = None
    for name in formats:
        new = _by_format(text, name)
        if done is None:
            done = new
        else:
            take = (done.reasons != None) & (new.reasons == None)  # noqa: E711  # elementwise
            for mine, other in zip(_arrays(done), _arrays(new), strict=True):
                mine[take] = other[take]
    if done is None:
        raise BadInput("time_format_unknown", "Give at least one time format.", field="time-format")
    return done


def _arrays(local: ClockTimes) -> tuple[NDArray[Any], ...]:
    return local.clock, local.offset_s, local.is_day, local.reasons


def _by_format(text: pa.Array, name: str) -> ClockTimes:
    if name == "iso":
        return _iso(text)
    if name in _EPOCHS:
        return _epoch(text, _EPOCHS[name])
    if not any(directive in name for directive in _DAY_DIRECTIVES):
        known = "iso, epoch_s, epoch_ms, or a strptime format with a day such as %m/%d/%Y %H:%M"
        raise BadInput(
            "time_format_unknown", f"{name!r} is no time format; give {known}.", field="time-format", value=name
        )
    return _strptime(text, name)


def _epoch(text: pa.Array, scale_us: int) -> ClockTimes:
    parsed = parse_coordinates(text.to_pandas())
    is_far = np.abs(parsed.values * scale_us) > 9e18
    micros = np.where(parsed.bad | is_far, 0, np.rint(parsed.values * scale_us)).astype(np.int64)
    reasons = np.where(parsed.bad & (parsed.reasons != "empty"), "time_format", parsed.reasons).astype(object)
    reasons[is_far] = "year_out_of_range"
    return ClockTimes(micros.view("datetime64[us]"), np.zeros(len(micros)), np.zeros(len(micros), dtype=bool), reasons)


def _strptime(text: pa.Array, name: str) -> ClockTimes:
    has_zone = "%z" in name or "%Z" in name
    try:
        found = pd.to_datetime(pd.Series(text.to_pandas(), dtype="str"), format=name, errors="coerce", utc=has_zone)
    except (ValueError, TypeError) as error:
        detail = f"{name!r} is no time format: {error}."
        raise BadInput("time_format_unknown", detail, field="time-format", value=name) from error
    local = typed(found.dt.tz_localize(None) if has_zone else found)
    is_null = text.is_null().to_numpy(zero_copy_only=False)
    local.reasons[(local.reasons == "empty") & ~is_null] = "time_format"
    local.offset_s[:] = 0 if has_zone else np.nan
    local.is_day[:] = not any(directive in name for directive in _HOUR_DIRECTIVES)
    return local


def _iso(text: pa.Array) -> ClockTimes:
    parts = pc.extract_regex(text, _ISO)
    is_match = parts.is_valid().to_numpy(zero_copy_only=False)
    year, month, day, hour, minute, second = (
        _whole(parts, name) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    micros = _whole(parts, "fraction", digits=9) // 1000
    reasons = np.full(len(text), None, dtype=object)
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + np.clip(month - 1, 0, 11)
    days = months.astype("datetime64[D]") + np.maximum(day - 1, 0)
    is_date = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    reasons[~is_date] = "no_such_date"
    reasons[is_date & ((hour > 23) | (minute > 59) | (second > 59))] = "no_such_time"
    offset_s = _offsets(parts)
    reasons[np.isinf(offset_s)] = "time_zone"
    _explain(reasons, text, ~is_match)
    clock = days.astype("datetime64[us]") + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros
    is_day = pc.equal(pc.struct_field(parts, "hour"), "").fill_null(False).to_numpy(zero_copy_only=False)
    return ClockTimes(clock, offset_s, np.array(is_day, dtype=bool), reasons)


def _whole(parts: pa.Array, name: str, *, digits: int = 0) -> NDArray[np.int64]:
    text = pc.struct_field(parts, name)
    text = pc.utf8_rpad(text, digits, "0") if digits else pc.if_else(pc.equal(text, ""), "0", text)
    return np.asarray(pc.cast(text, pa.int64()).fill_null(1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _offsets(parts: pa.Array) -> NDArray[np.float64]:
    """Seconds east of UTC; NaN where no zone is written, infinite where there is no such offset."""
    zones = pc.struct_field(parts, "zone").fill_null("").dictionary_encode()
    each = np.array([_offset_s(str(zone)) for zone in zones.dictionary.to_pylist()], dtype=np.float64)
    return each[zones.indices.to_numpy()] if len(each) else np.empty(0)


def _offset_s(zone: str) -> float:
    if not zone:
        return np.nan
    if zone.upper() in ("Z", "UTC", "GMT"):
        return 0.0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        return np.inf
    return (hours * 3600 + minutes * 60) * (-1.0 if zone[0] == "-" else 1.0)


def _explain(reasons: NDArray[np.object_], text: pa.Array, unread: NDArray[np.bool_]) -> None:
    reasons[unread] = "time_format"
    if unread.any():
        for pattern, reason in ((_DAY_MONTH, "day_month_order"), (_DIGITS, "epoch_not_declared")):
            found = pc.match_substring_regex(text, pattern).fill_null(False).to_numpy(zero_copy_only=False)
            reasons[unread & found] = reason
        reasons[text.is_null().to_numpy(zero_copy_only=False)] = "empty"
