from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, norm

from gis.emerging import CLASSES, classes, emerging, mann_kendall
from gis.errors import BadInput
from gis.neighbours import neighbours_of

UP, DOWN = np.arange(12.0)[:, None], -np.arange(12.0)[:, None]
LEVEL = np.zeros((12, 1))


def square(side: int) -> np.ndarray:
    """Pairs of neighbours of a square of grids, line by line."""
    place = np.arange(side * side).reshape(side, side)
    east = np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    return np.concatenate([east, np.column_stack([place[:-1].ravel(), place[1:].ravel()])])


def by_hand(series: np.ndarray) -> tuple[int, float]:
    """Score and variance as the textbook writes them."""
    n = len(series)
    score = sum(int(np.sign(series[j] - series[i])) for i in range(n) for j in range(i + 1, n))
    ties = [int((series == value).sum()) for value in set(series.tolist())]
    return score, (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18


def test_the_trend_is_that_of_mann_and_kendall_with_ties():
    rng = np.random.default_rng(4)
    series = np.column_stack(
        [
            rng.normal(size=(26, 40)) + np.linspace(0, 2, 26)[:, None] * rng.integers(-1, 2, 40),
            rng.integers(0, 4, (26, 40)),
            np.full((26, 1), 3.0),
        ]
    )
    trend = mann_kendall(series)
    for column, score, z, p in zip(series.T, trend.score, trend.z, trend.p, strict=True):
        told, variance = by_hand(column)
        assert score == told
        assert z == (0 if not variance else pytest.approx((told - np.sign(told)) / np.sqrt(variance)))
        assert p == pytest.approx(2 * norm.sf(abs(z)))
        if variance:
            # Kendall's tau of the series against the weeks, which goes without the step towards 0.
            assert 2 * norm.sf(abs(told) / np.sqrt(variance)) == pytest.approx(
                kendalltau(np.arange(26), column, method="asymptotic").pvalue
            )
    assert mann_kendall(np.empty((12, 0))).p.tolist() == []
    assert mann_kendall(np.empty((0, 2))).p.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("weeks", "moving", "kind"),
    [
        ("...........+", LEVEL, "new-hot"),
        ("-..........+", LEVEL, "new-hot"),
        (".........+++", LEVEL, "consecutive-hot"),
        ("-........+++", LEVEL, "consecutive-hot"),
        (".+++++++++++", UP, "intensifying-hot"),
        ("++++++++++++", LEVEL, "persistent-hot"),
        ("+++++-++++++", LEVEL, "persistent-hot"),
        ("++++++++++++", DOWN, "diminishing-hot"),
        ("+.+...++...+", LEVEL, "sporadic-hot"),
        ("+.++++++++.+", UP, "sporadic-hot"),
        ("+.-...++...+", LEVEL, "oscillating-hot"),
        ("+++++++++++.", DOWN, "historical-hot"),
        ("+++++++++++-", LEVEL, "new-cold"),
        ("++++++++++..", LEVEL, "none"),
        ("......++....", UP, "none"),
        ("............", UP, "none"),
        ("...........-", LEVEL, "new-cold"),
        ("..........--", LEVEL, "consecutive-cold"),
        ("------------", DOWN, "intensifying-cold"),
        ("------------", LEVEL, "persistent-cold"),
        ("------------", UP, "diminishing-cold"),
        ("-.--.......-", LEVEL, "sporadic-cold"),
        ("-.+-.......-", LEVEL, "oscillating-cold"),
        ("-----------.", LEVEL, "historical-cold"),
    ],
)
def test_each_class_is_what_its_weeks_make_of_it(weeks, moving, kind):
    significant = np.array([[".+-".index(week)] for week in weeks])
    significant[significant == 2] = -1
    assert classes(significant, mann_kendall(moving)).tolist() == [kind]
    assert kind in CLASSES


def test_hot_and_cold_spots_on_the_ground_get_the_class_they_were_made_for():
    rng = np.random.default_rng(11)
    counts = rng.poisson(20, (12, 20, 20)).astype(np.float64)
    later = np.arange(12)
    counts[:, 3:6, 3:6] += 100
    counts[:, 3:6, 13:16] += (80 + 12 * later)[:, None, None]
    counts[:, 13:16, 3:6] += (220 - 12 * later)[:, None, None]
    counts[11, 13:16, 13:16] += 90
    counts[9:, 9:11, 9:11] += 120
    found = emerging(counts.reshape(12, 400), neighbours_of(square(20), 400))
    klass = found.klass.reshape(20, 20)
    middles = klass[[4, 4, 14, 14, 9], [4, 14, 4, 14, 9]].tolist()
    assert middles == ["persistent-hot", "intensifying-hot", "diminishing-hot", "new-hot", "consecutive-hot"]
    assert (klass == "none").mean() > 0.8
    assert found.significant.shape == found.z.shape == (12, 400)
    assert ((found.significant != 0) == (found.p <= found.threshold)).all()
    assert found.threshold < 0.05


def test_nothing_is_hot_where_all_is_equal_or_nobody_is_beside_or_there_is_nothing():
    level = emerging(np.full((12, 25), 7.0), neighbours_of(square(5), 25))
    assert set(level.klass.tolist()) == {"none"}
    assert np.isnan(level.z).all()
    assert (level.trend.p == 1).all()
    islands = emerging(np.arange(36.0).reshape(12, 3), neighbours_of([], 3))
    assert islands.klass.tolist() == ["none"] * 3
    assert not islands.significant.any()
    one_week = emerging([[0, 0, 0, 0, 0, 0, 0, 0, 900, 900]], neighbours_of([(i, i + 1) for i in range(9)], 10))
    assert one_week.klass.tolist() == ["none"] * 9 + ["new-hot"]
    assert emerging(np.empty((0, 4)), neighbours_of([], 4)).klass.tolist() == ["none"] * 4
    assert emerging(np.empty((3, 0)), neighbours_of([], 0)).klass.tolist() == []


def test_counts_that_do_not_fit_the_grids_are_refused():
    with pytest.raises(ValueError, match="one row for each week"):
        emerging([[1, 2, 3]], neighbours_of([(0, 1)], 2))
    with pytest.raises(BadInput) as caught:
        emerging([[1, np.nan]], neighbours_of([(0, 1)], 2))
    assert caught.value.code == "unknown_value"
