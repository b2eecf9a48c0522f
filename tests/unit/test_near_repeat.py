from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer
from scipy.spatial.distance import pdist

from gis.errors import BadInput
from gis.near_repeat import near_repeat

DAY_S = 86_400
DISTANCES_M = [1.0, 100.0, 250.0]
DAYS = [0.5, 2, 4, 7, 14]


def cases(seed: int, n: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """Places and times without anything between them; some places are taken more than once."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 16, (n, 2)) * 60.0, rng.integers(0, 60 * DAY_S, n).astype(np.float64)


def table(at: np.ndarray, second: np.ndarray, distances_m=DISTANCES_M, days=DAYS) -> np.ndarray:
    """Pairs by bands, from all pairs there are."""
    away, apart = pdist(at), pdist(second[:, None]) / DAY_S
    rows = np.searchsorted(distances_m, away)
    columns = np.searchsorted(days, apart)
    found = np.zeros((len(distances_m) + 1, len(days) + 1), dtype=int)
    np.add.at(found, (rows, columns), 1)
    return found[:-1, :-1]


def test_pairs_are_all_pairs_and_what_is_expected_is_what_shuffling_gives_on_average():
    at, second = cases(3)
    found = near_repeat(*at.T, second + 0.25, distances_m=DISTANCES_M, days=DAYS, permutations=999, seed=5)
    observed = table(at, second)
    assert found.observed.tolist() == observed.tolist()
    assert observed.sum() > 900
    rng = np.random.default_rng(1)
    shuffled = np.array([table(at, rng.permutation(second)) for _ in range(400)])
    spread = shuffled.std(axis=0) / np.sqrt(len(shuffled))
    assert (np.abs(shuffled.mean(axis=0) - found.expected) < 4 * spread).all()
    assert found.ratio == pytest.approx(observed / found.expected)
    # Two tries of chance, of 400 and of 999, differ by no more than such tries do.
    theirs = ((shuffled >= observed).sum(axis=0) + 1) / (len(shuffled) + 1)
    assert (np.abs(found.p - theirs) < 4 * np.sqrt(theirs * (1 - theirs) / 400) + 0.01).all()
    assert (found.n, found.permutations, found.seed) == (160, 999, 5)


def test_the_same_seed_gives_the_same_and_the_order_of_cases_changes_no_pair():
    at, second = cases(4)
    first, again, other = (
        near_repeat(*at.T, second, distances_m=[200], days=[3], permutations=120, seed=seed) for seed in (1, 1, 2)
    )
    assert first.p.tolist() == again.p.tolist()
    assert (first.p * 121) == pytest.approx(np.round(first.p * 121))
    assert abs(first.p - other.p).max() < 0.2
    turned = near_repeat(*at[::-1].T, second[::-1], distances_m=[200], days=[3], permutations=9, seed=1)
    assert (turned.observed.tolist(), turned.expected.tolist()) == (first.observed.tolist(), first.expected.tolist())


def test_repeats_that_were_planted_are_found_and_chance_stays_chance():
    rng = np.random.default_rng(6)
    at, second = rng.uniform(0, 10_000, (1500, 2)), rng.uniform(0, 365 * DAY_S, 1500)
    more_at = at[:150] + rng.uniform(-60, 60, (150, 2))
    more_second = second[:150] + rng.uniform(0, 6 * DAY_S, 150)
    bands = {"distances_m": [100, 200, 400], "days": [7, 14, 28], "permutations": 199}
    found = near_repeat(*np.concatenate([at, more_at]).T, np.append(second, more_second), **bands, seed=1)
    assert found.p[0, 0] == 0.005
    assert found.ratio[0, 0] > 5
    assert found.p[1:, 1:].min() > 0.01
    chance = [near_repeat(*at.T, rng.permutation(second), **bands, seed=seed).p.ravel() for seed in range(20)]
    assert 0.02 < (np.concatenate(chance) <= 0.1).mean() < 0.18


@pytest.mark.shared_data
def test_burglaries_of_a_real_city_come_again_near_by_within_a_week(shared_data):
    read = pd.read_csv(
        shared_data / "incidents/chicago_crimes_2019_sample50k.csv.gz",
        usecols=["longitude", "latitude", "date", "primary_type"],
    ).dropna()
    read = read[(read.latitude > 41) & (read.primary_type == "BURGLARY")]
    at = Transformer.from_crs(4326, 32616, always_xy=True).transform(read.longitude, read.latitude)
    second = pd.to_datetime(read.date).to_numpy().astype("datetime64[s]").astype(np.int64)
    bands = {"distances_m": [1, 200, 400], "days": [7, 14, 28]}
    found = near_repeat(*at, second, **bands, seed=1)
    assert found.observed.tolist() == table(np.column_stack(at), second.astype(np.float64), *bands.values()).tolist()
    assert found.p[0, 0] == 0.001
    assert found.ratio[0, 0] > 2


def test_cases_at_one_time_on_one_place_and_no_cases_say_nothing():
    for x, expected, p in ([], 0.0, 1.0), ([7.0], 0.0, 1.0), ([7.0] * 30, 435.0, 1.0):
        found = near_repeat(x, x, x, distances_m=[10], days=[1], permutations=19, seed=1)
        assert (found.expected.item(), found.p.item(), found.n) == (expected, p, len(x))
        assert found.observed.item() == expected
        assert np.isnan(found.ratio.item()) == (expected == 0)


def test_bands_of_any_number_up_to_a_century_are_told_apart():
    at, second = cases(9, 60)
    days = [1, 2, 3, 4, 5, 6, 7, 8, 9, 40_000]
    found = near_repeat(*at.T, second, distances_m=[2000], days=days, permutations=9, seed=1)
    assert found.observed.tolist() == table(at, second, [2000], days).tolist()
    assert found.observed.sum() == 60 * 59 // 2


@pytest.mark.parametrize("ends", [[], [0, 5], [5, 5], [9, 4], [-1], [np.nan], [np.inf]])
def test_bands_that_make_no_sense_are_refused_by_name(ends):
    for field in ("distances_m", "days"):
        with pytest.raises(BadInput) as caught:
            near_repeat([1.0], [1.0], [1.0], **({"distances_m": [1], "days": [1]} | {field: ends}), seed=1)
        assert (caught.value.code, caught.value.field) == ("bad_bands", field)


def test_more_pairs_than_can_be_tried_are_refused_before_they_are_made():
    crowd = np.zeros(4600)
    with pytest.raises(BadInput) as caught:
        near_repeat(crowd, crowd, crowd, distances_m=[5], days=[1], seed=1)
    assert (caught.value.code, caught.value.field) == ("too_many_pairs", "distances_m")
    assert caught.value.values == {"pairs": 4600 * 4599 // 2, "most_pairs": 10_000_000}
    assert "smaller distance" in str(caught.value)


def test_more_permutations_are_tried_on_fewer_pairs():
    crowd = np.zeros(1500)
    with pytest.raises(BadInput) as caught:
        near_repeat(crowd, crowd, crowd, distances_m=[5], days=[1], permutations=9_999, seed=1)
    assert caught.value.values == {"pairs": 1500 * 1499 // 2, "most_pairs": 999_099}
    assert "fewer permutations" in str(caught.value)
