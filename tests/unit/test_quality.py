"""How well a trace is known, and what it may not be asked to show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.quality import WITHHELD, Demands, Quality, carries, quality
from gis.tracks import Kind, tracked
from gis.wall_clock import SECOND_US
from tests.traces import UNKNOWN, trace

HOUR = (0, 3600 * SECOND_US)
GOOD = Quality(500, 20.0, 40.0, 90.0, 0, 8.0, 0.95, 0.05)


def test_a_trace_without_gaps_is_known_throughout():
    found = quality([(trace(np.arange(0, 3601, 20), 0, accuracy_m=6), HOUR)])
    assert found == Quality(180, 20.0, 20.0, 20.0, 0, 6.0, 1.0, 0.0)
    assert carries(found, Demands()) == ()


def test_silence_before_the_first_and_after_the_last_fix_is_a_gap_too():
    found = quality([(trace([1000, 1050, 1100, 1150, 2000], [0, 50, 100, 150, 0]), HOUR)])
    assert (found.fixes, found.gaps, found.longest_silence_s) == (5, 3, 1600)
    assert found.traced == pytest.approx(150 / 3600)
    assert quality([(trace([], []), HOUR)]).longest_silence_s == 3600
    assert quality([(trace([], []), HOUR)]).gaps == 1


def test_a_first_fix_a_little_late_is_no_gap_and_not_known_either():
    found = quality([(trace(np.arange(200, 3601, 20), 0), HOUR)])
    assert (found.gaps, found.longest_silence_s) == (0, 200)
    assert found.traced == pytest.approx(3400 / 3600)


def test_a_ride_is_one_gap_however_many_fixes_it_has():
    ride = trace(np.arange(1200), np.cumsum(np.where(np.arange(1200) // 300 % 2, 10.0, 1.2)), accuracy_m=5)
    assert quality([(ride, (0, 1199 * SECOND_US))]).gaps == 2


def test_what_lies_outside_of_the_period_does_not_count():
    seconds = np.arange(-6000, 9000, 100)
    whole = trace(seconds, seconds % 200 / 50, accuracy_m=6)
    found = quality([(whole, HOUR)])
    assert (found.fixes, found.traced, found.interpolated, found.longest_silence_s) == (36, 1.0, 1.0, 100)
    half = quality([(trace([-30, 30], 0), (0, 60 * SECOND_US))])
    assert (half.traced, half.longest_silence_s) == (0.5, 30)


def test_the_share_that_is_a_guess_is_a_share_of_what_is_known():
    found = quality([(trace([0, 50, 100, 200, 1000], 0), (0, 1000 * SECOND_US))])
    assert (found.traced, found.interpolated) == (0.2, 0.5)


def test_several_people_are_judged_together():
    one, other = trace(np.arange(0, 3601, 20), 0), trace(np.arange(0, 3601, 60), 0, accuracy_m=40)
    found = quality([(one, HOUR), (other, HOUR)])
    assert (found.fixes, found.interval_median_s, found.interval_p90_s) == (240, 20.0, 60.0)
    assert found.accuracy_median_m == 8.0


def test_nobody_watched_carries_no_rate():
    found = quality([])
    assert math.isnan(found.traced)
    assert {one.code for one in carries(found, Demands())} == {"too_few_fixes", "too_many_gaps"}


@pytest.mark.parametrize(
    ("code", "figures"),
    [
        ("too_few_fixes", {"fixes": 9}),
        ("too_sparse", {"interval_median_s": 61.0}),
        ("too_many_gaps", {"traced": 0.79}),
        ("too_interpolated", {"interpolated": 0.31}),
        ("too_inaccurate", {"accuracy_median_m": 31.0}),
    ],
)
def test_a_rate_is_withheld_with_the_reason_the_figure_and_what_was_asked(code, figures):
    withheld = carries(Quality(**(vars(GOOD) | figures)), Demands())
    assert [(one.code, one.value) for one in withheld] == [(code, *figures.values())]
    assert set(WITHHELD[code]) == {"zh", "en"}
    for sentence in WITHHELD[code].values():
        assert str(withheld[0].demand) in sentence.format(**withheld[0]._asdict())


def test_an_accuracy_that_no_device_says_is_not_held_against_anybody():
    at = np.arange(0, 3601, 20) * SECOND_US
    silent = tracked(at, np.zeros(len(at)), np.zeros(len(at)), np.full(len(at), UNKNOWN))
    found = quality([(silent, HOUR)])
    assert math.isnan(found.accuracy_median_m)
    assert carries(found, Demands()) == ()


@given(
    gaps=st.lists(st.integers(1, 400), max_size=40),
    accuracies=st.lists(st.one_of(st.just(UNKNOWN), st.floats(1, 60)), min_size=41, max_size=41),
    start=st.integers(-300, 9000),
    lasts=st.integers(-100, 9000),
)
def test_a_part_of_a_trace_is_as_well_known_as_when_all_of_it_is_looked_at(
    gaps: list[int], accuracies: list[float], start: int, lasts: int
):
    seconds = np.cumsum([0, *gaps])
    track = trace(seconds, seconds % 170 / 3, accuracy_m=np.array(accuracies[: len(seconds)]))
    period = (start * SECOND_US, (start + lasts) * SECOND_US)
    found = quality([(track, period)])
    inside = (track.at >= period[0]) & (track.at < period[1])
    covered = np.maximum(np.minimum(track.at[1:], period[1]) - np.maximum(track.at[:-1], period[0]), 0)
    told = track.accuracy_m[inside & ~np.isnan(track.accuracy_m)]
    assert found.fixes == inside.sum()
    for got, values, share in (
        (found.interval_median_s, track.legs.seconds[covered > 0], 0.5),
        (found.interval_p90_s, track.legs.seconds[covered > 0], 0.9),
        (found.accuracy_median_m, told, 0.5),
    ):
        assert got == pytest.approx(np.quantile(values, share) if len(values) else math.nan, nan_ok=True)
    known_us = covered[track.legs.kind != Kind.gap].sum()
    assert found.traced == pytest.approx(known_us / (lasts * SECOND_US) if lasts > 0 else math.nan, nan_ok=True)
    guessed_us = covered[track.legs.interpolated].sum()
    assert found.interpolated == pytest.approx(guessed_us / known_us if known_us else 0)
