"""What there is to find in the reports: hot spots that appear, grow and fade, and reports that follow others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from data.sample_town.lines import Floats
from data.sample_town.merging import Ints
from data.sample_town.places import DEGREE_M, Places

# Share of all reports: at spots that are new this week, at spots that grew or faded all the time, and repeats.
NEW, GROWING, FADING, REPEATS = 0.015, 0.09, 0.09, 0.03
_NEW_DAYS = 6
# How often there are reports on the first day beside the last one, where it grows; the other way round where it fades.
_FEW, _MANY = 0.5, 1.5
_SPREAD_M, _REPEAT_M, _REPEAT_DAYS = 90.0, 30.0, 2.0
# A spot of each kind for so many places where reports come from, this far apart.
_PLACES_OF_A_SPOT = 8_000
_APART_M, _AROUND_M, _FROM_RIM_M, _TRIES = 700.0, 300.0, 400.0, 80
_MINUTES = 1440


@dataclass(frozen=True)
class Spots:
    """The middles of the hot spots in EPSG:4326, (k, 2) each."""

    new: Floats
    growing: Floats
    fading: Floats


def spots(places: Places, rng: np.random.Generator) -> Spots:
    """Choose places far from each other: what is new begins where it was quiet, the others are where it is hot."""
    each = max(1, len(places.start) // _PLACES_OF_A_SPOT)
    flat = (places.start + places.way / 2) * DEGREE_M
    tried = rng.choice(len(flat), min(len(flat), _TRIES * each), replace=False)
    inside = cKDTree(places.rim * DEGREE_M).query(flat[tried])[0] >= _FROM_RIM_M
    tried = tried[inside]
    around = cKDTree(flat).query_ball_point(flat[tried], _AROUND_M)
    often = np.diff(places.share, prepend=0.0)
    by_heat = tried[np.argsort([-often[near].sum() for near in around], kind="stable")]
    by_quiet = by_heat[::-1]
    chosen: list[int] = []
    for count, candidates in ((2 * each, by_heat), (3 * each, by_quiet)):
        for one in candidates.tolist():
            if len(chosen) < count and all(np.hypot(*(flat[one] - flat[other])) >= _APART_M for other in chosen):
                chosen.append(one)
    at = (flat / DEGREE_M)[chosen]
    return Spots(at[2 * each :], at[0 : 2 * each : 2], at[1 : 2 * each : 2])


@dataclass(frozen=True)
class Planted:
    """Reports that are not like the others.

    Attributes:
        at: Where all reports are (n, 2).
        minute: When (n,).
        like: The report whose matter each has (n,): its own, unless it repeats another.
    """

    at: Floats
    minute: Ints
    like: Ints


def planted(found: Spots, at: Floats, minute: Ints, *, now: int, days: int, rng: np.random.Generator) -> Planted:
    """Move a fixed share of reports to where, and when, there is something to find.

    Args:
        found: The hot spots.
        at: Where the reports are (n, 2).
        minute: When, in minutes of the period (n,).
        now: The minute it is.
        days: How long the period is.
        rng: The source of chance.
    """
    at, minute, like = at.copy(), minute.copy(), np.arange(len(at))
    order, used = rng.permutation(len(at)), 0
    last, ramp = now // _MINUTES, np.linspace(_FEW, _MANY, days)
    lately = (np.arange(days) > last - _NEW_DAYS).astype(np.float64)
    for share, where, often in (
        (NEW, found.new, lately),
        (GROWING, found.growing, ramp),
        (FADING, found.fading, ramp[::-1]),
    ):
        rows = order[used : used + int(share * len(at))]
        used += len(rows)
        spread = rng.standard_normal((len(rows), 2)) * _SPREAD_M / DEGREE_M
        at[rows] = where[rng.integers(0, len(where), len(rows))] + spread
        day = rng.choice(days, len(rows), p=often / often.sum())
        minute[rows] = day * _MINUTES + minute[rows] % _MINUTES
    rows = order[used : used + int(REPEATS * len(at))]
    first = rng.choice(order[used + len(rows) :], len(rows)) if len(rows) else rows
    later = 1 + rng.integers(0, int(_REPEAT_DAYS * _MINUTES), len(rows))
    at[rows] = at[first] + rng.standard_normal((len(rows), 2)) * _REPEAT_M / DEGREE_M
    minute[rows] = np.where(minute[first] + later <= now, minute[first] + later, np.maximum(minute[first] - later, 0))
    like[rows] = first
    return Planted(np.round(at, 6), np.where(minute > now, minute - _MINUTES, minute), like)
