"""Density on a raster, beside the sum over all points and beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from gis.density import Surface, density, exact_density, rate
from gis.errors import BadInput

BANDWIDTH_M = 100.0
# Of the peak.
MOST_OFF = 1e-3
EAST, NORTH = 500_000.0, 3_840_000.0


def error(found: Surface, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The largest difference from the exact kernel, of its peak."""
    at_x, at_y = (axis.ravel() for axis in np.meshgrid(found.x, found.y))
    truth = exact_density(x, y, at_x, at_y, bandwidth_m=found.bandwidth_m, weights=weights)
    return float(np.abs(found.values.ravel() - truth).max() / truth.max())


def gathered(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points around a few places, some on top of each other."""
    rng = np.random.default_rng(7)
    places = rng.uniform(0, 2_000, (12, 2))
    x, y = (places[rng.integers(0, 12, count)] + rng.normal(0, 60, (count, 2))).T
    x[: count // 10], y[: count // 10] = places[0]
    return x + EAST, y + NORTH


@pytest.mark.parametrize("cells", [3, 5, 20])
def test_the_error_is_at_most_a_thousandth_of_the_peak(cells):
    cell_m = BANDWIDTH_M / cells
    # One point wherever in its cell it lies is the hardest; many make up for each other.
    for share in np.linspace(0, 1, 9):
        x, y = np.array([EAST + share * cell_m]), np.array([NORTH + share**2 * cell_m])
        box = (EAST - 320, NORTH - 320, EAST + 320, NORTH + 320)
        assert error(density(x, y, bandwidth_m=BANDWIDTH_M, cell_m=cell_m, bounds=box), x, y) <= MOST_OFF
    if cells == 5:
        x, y = gathered(200)
        weights = np.random.default_rng(1).uniform(0, 3, len(x))
        assert error(density(x, y, bandwidth_m=BANDWIDTH_M), x, y) <= MOST_OFF / 10
        assert error(density(x, y, bandwidth_m=BANDWIDTH_M, weights=weights), x, y, weights) <= MOST_OFF / 10


def test_it_is_the_density_that_scikit_learn_gives_and_all_points_are_in_it():
    x, y = gathered(500)
    found = density(x, y, bandwidth_m=BANDWIDTH_M)
    theirs = KernelDensity(bandwidth=BANDWIDTH_M, rtol=1e-9).fit(np.column_stack([x - EAST, y - NORTH]))
    at = np.random.default_rng(3).integers(0, found.values.size, 200)
    rows, columns = np.unravel_index(at, found.values.shape)
    places = np.column_stack([found.x[columns] - EAST, found.y[rows] - NORTH])
    truth = np.exp(theirs.score_samples(places)) * len(x) * 1e6
    assert np.abs(found.values[rows, columns] - truth).max() <= MOST_OFF * truth.max()
    assert found.n == 500
    assert found.values.sum() * found.cell_m**2 / 1e6 == pytest.approx(500, rel=0.01)
    assert found.values.min() >= 0


def test_points_beyond_the_surface_count_as_far_as_they_reach():
    x, y = gathered(2_000)
    whole = density(x, y, bandwidth_m=BANDWIDTH_M, bounds=(EAST, NORTH, EAST + 2_000, NORTH + 2_000))
    part = density(x, y, bandwidth_m=BANDWIDTH_M, bounds=(EAST + 600, NORTH + 400, EAST + 1_000, NORTH + 990))
    assert part.values.shape == (30, 20)
    assert (part.x[0], part.y[0]) == (EAST + 610, NORTH + 410)
    assert part.values == pytest.approx(whole.values[20:50, 30:50], abs=1e-5 * whole.peak)
    far = density([EAST - 5_000], [NORTH], bandwidth_m=BANDWIDTH_M, bounds=(EAST, NORTH, EAST + 100, NORTH + 100))
    assert (far.peak, far.n, far.values.shape) == (0.0, 1, (5, 5))


def test_no_point_one_point_and_all_points_on_one_place_give_a_surface():
    none = density([], [], bandwidth_m=BANDWIDTH_M)
    assert (none.values.shape, none.peak, none.n) == ((0, 0), 0.0, 0)
    empty = density([], [], bandwidth_m=BANDWIDTH_M, bounds=(EAST, NORTH, EAST + 70, NORTH + 20))
    assert (empty.values.shape, empty.peak) == ((1, 4), 0.0)
    one = density([EAST], [NORTH], bandwidth_m=BANDWIDTH_M)
    many = density([EAST] * 1_000, [NORTH] * 1_000, bandwidth_m=BANDWIDTH_M)
    assert many.values == pytest.approx(1_000 * one.values, rel=1e-9)
    # In the middle of four cells, a tenth of the bandwidth from each way: 1e6 / (2 pi 100^2) and a little less.
    assert one.peak == pytest.approx(1e6 / (2 * np.pi * BANDWIDTH_M**2) * np.exp(-0.01), rel=MOST_OFF)
    assert exact_density([], [], [0.0], [0.0], bandwidth_m=1).tolist() == [0.0]


@pytest.mark.parametrize("bad", [0.0, -5.0, np.nan, np.inf])
def test_a_bandwidth_that_is_none_is_refused(bad):
    for ask in (density, lambda x, y, bandwidth_m: exact_density(x, y, x, y, bandwidth_m=bandwidth_m)):
        with pytest.raises(BadInput, match="above 0") as refused:
            ask([0.0], [0.0], bandwidth_m=bad)
        assert (refused.value.code, refused.value.field) == ("bad_distance", "bandwidth_m")


def test_cells_that_are_too_coarse_or_too_many_are_refused():
    for cell_m in (34.0, 4.9, 0.0, -1.0, np.nan):
        with pytest.raises(BadInput, match="a third to a twentieth of the bandwidth, 100 m") as refused:
            density([0.0], [0.0], bandwidth_m=100, cell_m=cell_m)
        assert (refused.value.code, refused.value.field) == ("bad_distance", "cell_m")
    with pytest.raises(BadInput, match="larger bandwidth or less ground") as refused:
        density([0.0, 100_000.0], [0.0, 100_000.0], bandwidth_m=50)
    assert (refused.value.code, refused.value.values["most_cells"]) == ("surface_too_large", 20_000_000)


def test_points_and_weights_that_are_not_finite_are_refused():
    for bad in (np.nan, np.inf):
        with pytest.raises(BadInput, match="1 of 2 positions") as refused:
            density([0.0, 1.0], [0.0, bad], bandwidth_m=100)
        assert refused.value.code == "position_not_finite"
        with pytest.raises(BadInput, match="weight") as refused:
            density([0.0], [0.0], bandwidth_m=100, weights=[bad])
        assert refused.value.code == "unknown_value"
    with pytest.raises(ValueError, match="one number for each point"):
        density([0.0], [0.0], bandwidth_m=100, weights=[1.0, 2.0])


def test_a_rate_is_told_only_where_there_is_enough_to_count_by():
    found = rate([[1.0, 0.0], [3.0, 0.0]], [[100.0, 50.0], [9.9, 0.0]], least=10)
    assert found == pytest.approx(np.array([[10.0, 0.0], [np.nan, np.nan]]), nan_ok=True)
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(BadInput, match="above 0"):
            rate([1.0], [1.0], least=bad)
