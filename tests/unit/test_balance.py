from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.balance import Band, Effort, balance, compactness, imbalance, staff_hours
from gis.errors import BadInput
from layers.rezoning.settled import settled


def test_grids_that_have_the_same_are_in_balance():
    found = balance([1, 2, 3], [5, 5, 5])
    assert (found.mean, found.cv, found.max_over_mean, found.imbalance) == (5, 0, 1, 0)


def test_imbalance_is_the_reach_of_the_figures_by_their_mean():
    assert imbalance([2, 4, 6]) == 1.0
    assert balance([1, 2, 3], [2, 4, 6]).imbalance == 1.0


def test_nothing_at_all_is_in_balance_too():
    for values in ([], [0.0, 0.0]):
        found = balance(np.arange(len(values)), values)
        assert (found.mean, found.cv, found.max_over_mean, found.imbalance, found.worst) == (0, 0, 0, 0, ())


def test_the_worst_grids_come_first_whether_they_have_too_much_or_too_little():
    values = np.full(40, 10.0)
    values[[5, 20, 33]] = [30, 1, 14]
    worst = balance(np.arange(40) + 100, values).worst
    assert [one.grid_no for one in worst[:3]] == [105, 120, 133]
    assert len(worst) == 10
    assert worst[0].value == 30
    assert worst[1].deviation < 0 < worst[0].deviation


def test_of_equally_bad_grids_the_lowest_number_comes_first():
    assert [one.grid_no for one in balance([9, 3, 5], [1, 3, 2]).worst] == [3, 9, 5]


def test_a_band_holds_its_ends():
    assert Band(10, 20).outside([9.9, 10, 15, 20, 20.1]) == 2


@pytest.mark.parametrize("ends", [(-1, 5), (6, 5), (0, float("inf")), (float("nan"), 1)])
def test_a_band_that_makes_no_sense_is_refused(ends):
    with pytest.raises(BadInput) as refused:
        Band(*ends)
    assert refused.value.code == "bad_band"


def test_hours_are_the_minutes_of_cases_households_and_streets():
    effort = Effort(case=30, household=6, street_km=120)
    assert staff_hours([2, 0], [10, 0], [1500, 0], effort).tolist() == [1 + 1 + 3, 0]


@pytest.mark.parametrize("minutes", [-1, float("nan"), float("inf")])
def test_minutes_that_make_no_sense_are_refused(minutes):
    with pytest.raises(BadInput) as refused:
        Effort(household=minutes)
    assert (refused.value.code, refused.value.field) == ("bad_weight", "weights.household")


def test_a_circle_is_the_most_compact_and_a_strip_is_not():
    circle, strip = shapely.Point(0, 0).buffer(1, quad_segs=64), shapely.box(0, 0, 100, 1)
    round_, long = compactness(np.array([circle, strip]))
    assert 0.99 < round_ <= 1
    assert long < 0.04


def test_what_a_draft_does_not_settle_has_its_usual_value():
    assert settled({}) == settled({"measure": None, "weights": None, "band": None})
    chosen = settled({"measure": "people", "weights": {"case": 12}, "band": {"low": 100, "high": 200.5}})
    assert (chosen.measure, chosen.effort, chosen.band) == ("people", Effort(case=12.0), Band(100, 200.5))


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"measure": "luck"}, "unknown_measure"),
        ({"weights": {"dog": 3}}, "bad_weight"),
        ({"weights": {"case": "3"}}, "bad_weight"),
        ({"weights": {"case": True}}, "bad_weight"),
        ({"weights": 3}, "bad_weight"),
        ({"band": {"low": 3}}, "bad_band"),
        ({"band": [1, 2]}, "bad_band"),
        ({"band": {"low": 3, "high": 1}}, "bad_band"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, code):
    with pytest.raises(BadInput) as refused:
        settled(settings)
    assert refused.value.code == code
