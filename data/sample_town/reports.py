"""Reports of three months: weekdays and hours, states by age, and the awkward rows that real files are full of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.matters import matters
from data.sample_town.lines import Floats
from data.sample_town.merging import Ints
from data.sample_town.places import Places
from data.sample_town.sizes import TIME_ZONE
from data.sample_town.trends import Spots, planted, spots
from gis.gcj import wgs84_to_bd09, wgs84_to_gcj02

DAYS = 90
# Share of rows of each awkward kind: on an edge, on a corner, a little outside, in the wrong datum, a bare date.
AWKWARD = {"edge": 0.008, "corner": 0.005, "outside": 0.006, "wrong_datum": 0.010, "bare_date": 0.015}
# Rows of these kinds in each frame, however long: far outside, axes swapped.
HOPELESS = {"far": 3, "swapped": 2}
_GCJ, _BD = 0.10, 0.04
_MINUTES = 1440
_HOURS = np.array([1, 1, 1, 1, 1, 2, 5, 10, 14, 14, 12, 10, 7, 8, 11, 12, 11, 10, 9, 8, 6, 4, 3, 2], dtype=float)
_LATE_HOURS = np.roll(_HOURS, 9)
_WEEKDAYS = np.array([1.15, 1.05, 1.0, 1.0, 1.05, 0.85, 0.75])
# The matters that are reported, in the order of draws, and how often those that are not rare.
_CODES = (
    "06001", "06010", "06011", "06012", "06013", "06017", "06024", "06025", "06028", "06036", "06041", "06042", "07001",
    "07003", "08001", "08002", "08004", "09001", "09005", "09006", "09009", "09010", "09011", "09012", "10002", "01001",
    "01037",
)  # fmt: skip
_POPULAR = {"09009": 10, "06010": 9, "09010": 6, "09011": 6, "09005": 6, "06012": 5, "07001": 5, "09001": 5, "06042": 4}
_LATE = {"06028", "08001", "09001"}
_ENDINGS = ("", ",请尽快处理", ",影响通行", ",已有多日", ",多次反映", ",居民意见较大")
_SOURCES = ("patrol", "hotline", "resident", "camera")
_STATES = ("reported", "dispatched", "handling", "verified", "assessed", "archived")
# Age in hours at which an ordinary case enters the second state, the third, and so on.
_REACHED_H = (0.7, 5.0, 36.0, 80.0, 240.0)
# And at which one that is archived by now had been dealt with.
_CLOSED_H = 6.0


@dataclass(frozen=True)
class _Clock:
    """Every minute of the period as text, then every day; how likely days and hours are; the minute it is now.

    Hours have two shares: for common matters and for late ones.
    """

    texts: pa.Array
    day_share: Floats
    hour_share: tuple[Floats, Floats]
    now: int


def reports(
    places: Places, *, count: int, until: datetime, rng: np.random.Generator, rows: int = 250_000
) -> Iterator[pd.DataFrame]:
    """Reports in frames of at most `rows` rows.

    Columns: source_id, x, y, datum, category, description, occurred_at, closed_at, state, source; all text but x and y.
    """
    clock = _clock(until)
    [chance] = rng.spawn(1)
    hot = spots(places, chance)
    for first in range(0, count, rows):
        yield _frame(places, hot, clock, first, min(rows, count - first), (rng, chance))


def _frame(
    places: Places, hot: Spots, clock: _Clock, first: int, n: int, chances: tuple[np.random.Generator, ...]
) -> pd.DataFrame:
    rng, chance = chances
    at = places.common(n, rng)
    often = np.array([_POPULAR.get(code, 1) for code in _CODES], dtype=np.float64)
    of = rng.choice(len(_CODES), n, p=often / often.sum())
    minute = _minutes(clock, np.isin(of, [_CODES.index(code) for code in _LATE]), rng)
    found = planted(hot, at, minute, now=clock.now, days=DAYS, rng=chance)
    at, datum, kinds = _positions(places, found.at, rng)
    of, minute = of[found.like], found.minute
    texts = [matters()[code]["zh"] + ending for code in _CODES for ending in _ENDINGS]
    bare = kinds["bare_date"]
    minute_or_day = minute.copy()
    minute_or_day[bare] = DAYS * _MINUTES + minute[bare] // _MINUTES
    state, pace = _states(clock.now - minute, rng)
    # Nobody can have dealt with a case that has no grid.
    state[np.concatenate([kinds[kind] for kind in ("outside", "far", "swapped")])] = 0
    closed = np.minimum(minute + (_CLOSED_H * 60 * pace).astype(np.int64), clock.now)
    return pd.DataFrame(
        {
            "source_id": _ids(first + 1, n),
            "x": at[:, 0],
            "y": at[:, 1],
            "datum": _words(("wgs84", "gcj02", "bd09"), datum),
            "category": _words(_CODES, of),
            "description": _words(texts, of * len(_ENDINGS) + rng.integers(0, len(_ENDINGS), n)),
            "occurred_at": _words(clock.texts, minute_or_day),
            "closed_at": pd.Series(clock.texts.take(pa.array(closed, mask=state < len(_STATES) - 1)).to_pandas()),
            "state": _words(_STATES, state),
            "source": _words(_SOURCES, rng.choice(4, n, p=[0.45, 0.25, 0.2, 0.1])),
        }
    )


def _words(words: tuple[str, ...] | list[str] | pa.Array, of: Ints) -> pd.Series:
    return pd.Series(pa.array(words).take(pa.array(of)).to_pandas())


def _ids(first: int, n: int) -> pd.Series:
    digits = pa.array(np.arange(first, first + n) + 10**8).cast(pa.string())
    return pd.Series(pc.utf8_replace_slice(digits, 0, 1, "R").to_pandas())


def _positions(places: Places, at: Floats, rng: np.random.Generator) -> tuple[Floats, Ints, dict[str, Ints]]:
    """Positions as their senders wrote them, the datum each declares (0, 1, 2), and the rows of each awkward kind."""
    n, at = len(at), at.copy()
    order, kinds, used = rng.permutation(n), {}, 0
    for kind, number in ({k: int(np.ceil(share * n)) for k, share in AWKWARD.items()} | HOPELESS).items():
        kinds[kind] = order[used : used + number]
        used += number
    for kind, exact in (("edge", places.edges), ("corner", places.corners)):
        at[kinds[kind]] = exact[rng.integers(0, len(exact), len(kinds[kind]))]
    at[kinds["outside"]] = places.outside(len(kinds["outside"]), rng, from_m=20, to_m=3_500)
    at[kinds["far"]] = places.outside(len(kinds["far"]), rng, from_m=12_000, to_m=60_000)
    datum = np.zeros(n, dtype=np.int64)
    rest = order[used:]
    datum[rest[: int(_GCJ * n)]] = 1
    datum[rest[int(_GCJ * n) : int((_GCJ + _BD) * n)]] = 2
    shifted = np.concatenate([kinds["wrong_datum"], np.flatnonzero(datum == 1)])
    at[shifted] = np.round(np.c_[wgs84_to_gcj02(at[shifted, 0], at[shifted, 1])], 6)
    baidu = datum == 2
    at[baidu] = np.round(np.c_[wgs84_to_bd09(at[baidu, 0], at[baidu, 1])], 6)
    at[kinds["swapped"]] = at[kinds["swapped"]][:, ::-1]
    return at, datum, kinds


def _clock(until: datetime) -> _Clock:
    now = until.astimezone(ZoneInfo(TIME_ZONE))
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=DAYS - 1)
    minutes = np.datetime64(begin, "m") + np.arange(DAYS * _MINUTES)
    days = minutes[::_MINUTES]
    weekday = np.array([(begin + timedelta(days=k)).weekday() for k in range(DAYS)])
    share = _WEEKDAYS[weekday] * np.linspace(0.9, 1.1, DAYS)
    return _Clock(
        texts=pa.array(
            [
                *(f"{minute}:00+08:00" for minute in np.datetime_as_string(minutes)),
                *np.datetime_as_string(days, unit="D"),
            ]
        ),
        day_share=np.asarray(share.cumsum() / share.sum()),
        hour_share=(_HOURS.cumsum() / _HOURS.sum(), _LATE_HOURS.cumsum() / _LATE_HOURS.sum()),
        now=(DAYS - 1) * _MINUTES + now.hour * 60 + now.minute,
    )


def _minutes(clock: _Clock, is_late: NDArray[np.bool_], rng: np.random.Generator) -> Ints:
    """Minute of the period of each report; what would lie in the future happened a week earlier."""
    n = len(is_late)
    day = np.searchsorted(clock.day_share, rng.random(n))
    draw = rng.random(n)
    hour = np.where(is_late, *(np.searchsorted(clock.hour_share[late], draw) for late in (1, 0)))
    minute = np.minimum(day, DAYS - 1) * _MINUTES + np.minimum(hour, 23) * 60 + rng.integers(0, 60, n)
    return np.asarray(np.where(minute > clock.now, minute - 7 * _MINUTES, minute), dtype=np.int64)


def _states(age_min: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """How far each case has come: the older the farther, some of them slow; and how slow each is."""
    pace = rng.lognormal(0.0, 0.9, len(age_min))
    return np.asarray(np.searchsorted(_REACHED_H, age_min / 60 / pace), dtype=np.int64), pace
