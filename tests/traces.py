"""Traces made by hand, in seconds and metres, on the equator: there a metre to the east has one length in degrees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from gis.tracks import Fate, Limits, Track, tracked
from gis.wall_clock import SECOND_US

EAST_DEG = 1 / 111_319.490793
NORTH_DEG = 1 / 110_574.275822
UNKNOWN = float("nan")


def trace(seconds, east_m, north_m=0.0, *, accuracy_m=8.0, **limits: float) -> Track:
    """The trace of fixes at seconds, metres east and metres north of a place on the equator."""
    seconds, east, north, accuracy = np.broadcast_arrays(seconds, east_m, north_m, accuracy_m)
    at = np.rint(np.asarray(seconds, dtype=np.float64) * SECOND_US).astype(np.int64)
    return tracked(at, east * EAST_DEG, north * NORTH_DEG, accuracy, limits=Limits(**limits))


def fates(track: Track) -> list[str]:
    """What became of each fix, by name."""
    return [Fate(code).name for code in track.fate]


class Fixes(NamedTuple):
    seconds: np.ndarray
    east_m: np.ndarray
    north_m: np.ndarray
    accuracy_m: np.ndarray

    def __len__(self) -> int:
        return len(self.seconds)

    def rows(self, order) -> Fixes:
        return Fixes(*(column[order] for column in self))


@st.composite
def fixes(draw, most: int = 40) -> Fixes:
    """Fixes as bad as they come: at one instant, at one place, far away for a moment, inexact, without a position."""
    count = draw(st.integers(0, most))
    steps = draw(st.lists(st.sampled_from([0, 1, 10, 30, 60, 290, 310, 4000]), min_size=count, max_size=count))
    places = st.sampled_from([0.0, 0.0, 4.0, 20.0, 70.0, 71.0, 300.0, 5000.0, 5010.0, UNKNOWN])
    columns = [draw(st.lists(places, min_size=count, max_size=count)) for _ in range(2)]
    accuracy = draw(st.lists(st.sampled_from([8.0, 8.0, 3.0, 60.0, -1.0, UNKNOWN]), min_size=count, max_size=count))
    return Fixes(np.cumsum(steps, dtype=np.int64), *(np.array(one, dtype=np.float64) for one in (*columns, accuracy)))
