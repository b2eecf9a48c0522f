"""What is wrong with a fix by itself: what it says of its instant, its place and its own worth.

Only what one fix tells is judged here, so that the order in which fixes arrive, and what is late among them, decides
nothing. What only its neighbours in time can tell, a leap or a position that does not change for hours, is told by
`gis.tracks` when all of them are there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.datum import REASONS as POSITIONS
from gis.datum import to_stored
from gis.declarations import find_datum
from gis.errors import BadInput
from layers.patrols.fixes import DAY_US, Floats, Texts

REASONS = {
    "in_the_future": "The instant lies in the future: the device's clock is ahead.",
    "too_old": "The instant lies before the days that are kept.",
    "made_up": "The device says that a program made the position up.",
    "inaccurate": "The device says that it does not know where it is.",
    "wrong_datum": "The positions are said to be in another datum than the device declares, or in none there is.",
    "too_far": "The position lies farther outside the city than its far limit.",
}
"""Reason of a fix kept aside, beside those of `gis.datum` -> plain sentence."""

# Clocks of telephones run ahead a little.
CLOCK_TOLERANCE_US = 5 * 60 * 1_000_000
# Worse than this it does not tell which street somebody is in; a telephone that knows its mast only says kilometres.
INACCURATE_M = 200.0
# The clock of the satellites began; whatever says an earlier instant has no clock.
FIRST_US = 315_964_800_000_000


@dataclass(frozen=True)
class Sieved:
    """Positions on the lattice, NaN where `reason` is not empty; all of shape (n,)."""

    lon: Floats
    lat: Floats
    reason: Texts


def oldest_us(now_us: int, kept_days: int) -> int:
    """The first instant that is kept; 0 days keep all.

    >>> oldest_us(400 * DAY_US, 30) == FIRST_US, oldest_us(20_000 * DAY_US, 30) == 19_970 * DAY_US
    (True, True)
    """
    return max(FIRST_US, (now_us // DAY_US - kept_days) * DAY_US) if kept_days else FIRST_US


def sieve(fix: Floats, datum: Texts, declared: Texts, *, now_us: int, oldest: int) -> Sieved:
    """Judge each fix by itself.

    Args:
        fix: As `layers.patrols.fixes.Fix`, shape (n, 7).
        datum: What each is said to be in, shape (n,).
        declared: What its device declares, shape (n,).
        now_us: Microseconds since 1970.
        oldest: The first instant that is kept.

    >>> one = np.array([[2e15, 113.65, 34.75, 5, np.nan, np.nan, 0], [2e15, 34.75, 113.65, 5, np.nan, np.nan, 0]])
    >>> wgs84 = np.array(["wgs84", "wgs84"], dtype=object)
    >>> sieve(one, wgs84, wgs84, now_us=2 * 10**15, oldest=0).reason.tolist()
    ['', 'position_swapped']
    """
    at, x, y, accuracy, _, _, mock = fix.T
    reason = np.full(len(fix), "", dtype=object)
    lon, lat = np.full(len(fix), np.nan), np.full(len(fix), np.nan)
    reason[datum != declared] = "wrong_datum"
    for name in set(declared.tolist()):
        rows = np.flatnonzero((declared == name) & (reason == ""))
        stored = to_stored(x[rows], y[rows], datum=name)
        lon[rows], lat[rows], reason[rows] = stored.lon, stored.lat, stored.reason.astype(object)
    for code, bad in (
        ("inaccurate", (accuracy < 0) | (accuracy > INACCURATE_M)),
        ("made_up", mock != 0),
        ("too_old", at < oldest),
        ("in_the_future", at > now_us + CLOCK_TOLERANCE_US),
    ):
        # What is said last weighs most: of a fix from the future nobody asks how accurate it was.
        reason[bad] = code
    lost = reason != ""
    lon[lost] = lat[lost] = np.nan
    return Sieved(lon, lat, reason)


def canonical(datum: str | None) -> str | None:
    """The one name of a datum, or what was said where it is none; None where nothing was.

    >>> canonical("EPSG:4326"), canonical("mars"), canonical(None)
    ('wgs84', 'mars', None)
    """
    if datum is None:
        return None
    try:
        return find_datum(datum).name
    except BadInput:
        return datum


def sentence(reason: str) -> str:
    """What a reason means, in plain English."""
    return REASONS.get(reason) or POSITIONS[reason]
