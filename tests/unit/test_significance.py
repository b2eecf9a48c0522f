"""Gi*, local Moran, permutations, rates, neighbours: beside esda and libpysal, on the sample town and in Chicago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from esda.smoothing import Empirical_Bayes, Spatial_Empirical_Bayes
from scipy.sparse import csr_matrix
from scipy.stats import false_discovery_control

from data.sample_town import generate
from gis.covering import Covering
from gis.datum import to_stored
from gis.errors import BadInput
from gis.neighbours import Neighbours, neighbours_of, shared_corners, shared_edges
from gis.rates import empirical_bayes, local_empirical_bayes
from gis.shapes import densify, to_cells
from gis.significance import false_discovery, getis_ord, local_moran, permuted, two_sided

pytestmark = pytest.mark.filterwarnings("ignore")

UNTIL = datetime(2026, 6, 30, 10, 30, tzinfo=UTC)
PERMUTATIONS = 999
QUADRANTS = np.array(["", "HH", "LH", "LL", "HL"])


@dataclass
class Ground:
    """Grids with counts, what these are counted by, our neighbours and the same as libpysal has them."""

    cells: np.ndarray
    counts: np.ndarray
    base: np.ndarray

    def __post_init__(self) -> None:
        self.beside = shared_edges(self.cells)
        size = (len(self.cells), len(self.cells))
        matrix = csr_matrix((np.ones(len(self.beside.indices)), self.beside.indices, self.beside.indptr), shape=size)
        self.weights = libpysal.weights.WSP(matrix).to_W(silence_warnings=True)

    def fresh_weights(self) -> libpysal.weights.W:
        """esda changes the weights that it is given."""
        return libpysal.weights.W(self.weights.neighbors, silence_warnings=True)


@pytest.fixture(scope="module")
def sample_town() -> dict[str, Ground]:
    """Both whole schemes: 120 grids with some 30 cases each, 900 with four."""
    town = generate("town", until=UNTIL)
    cases = pd.concat(town.reports(), ignore_index=True)
    stored = [to_stored(part["x"], part["y"], datum=datum) for datum, part in cases.groupby("datum")]
    lon, lat = np.concatenate([one.lon for one in stored]), np.concatenate([one.lat for one in stored])
    inside = shapely.point_on_surface(town.buildings.geometry.to_numpy())

    def ground(scheme: str) -> Ground:
        cells = town.schemes[scheme].geometry.to_numpy()
        judge = Covering(cells, np.arange(1, len(cells) + 1))
        owner, home = judge.ranks(lon, lat), judge.ranks(shapely.get_x(inside), shapely.get_y(inside))
        counts = np.bincount(owner[owner >= 0], minlength=len(cells)).astype(float)
        households = town.buildings["households"].to_numpy()[home >= 0]
        return Ground(cells, counts, np.bincount(home[home >= 0], households, minlength=len(cells)))

    return {scheme: ground(scheme) for scheme in ("duty", "unit")}


@pytest.fixture(scope="module")
def chicago(shared_data: Path) -> Ground:
    """The beats, with the crimes that the city itself counts there; by the square kilometre for want of households."""
    frame = pyogrio.read_dataframe(shared_data / "boundaries/chicago_beats.gpkg").dissolve("beat_num").reset_index()
    cells, _ = to_cells(densify(frame.geometry.values, source_crs=frame.crs))
    crimes = pd.read_csv(shared_data / "incidents/chicago_crimes_2019_sample50k.csv.gz", usecols=["beat"])["beat"]
    counts = crimes.astype(int).value_counts().reindex(frame["beat_num"].astype(int), fill_value=0).to_numpy()
    return Ground(cells, counts.astype(float), shapely.area(cells) * 1e6)


def look_the_same(ground: Ground) -> None:
    """z and p of Gi*, Gi and local Moran as esda has them; neighbours as libpysal has them."""
    table = gpd.GeoSeries(list(ground.cells))
    for ours, rook in ((ground.beside, True), (shared_corners(ground.cells), False)):
        theirs = libpysal.graph.Graph.build_contiguity(table, rook=rook, strict=False).sparse.tocsr()
        assert (np.diff(theirs.indptr) == ours.count).all()
        assert (np.sort(theirs.indices) == np.sort(ours.indices)).all()
        assert (abs(theirs).astype(bool) @ ground.counts == ours.sums(ground.counts)).all()
    for star in (True, False):
        theirs = esda.G_Local(ground.counts, ground.fresh_weights(), transform="B", star=star, permutations=0)
        ours = getis_ord(ground.counts, ground.beside, star=star)
        assert np.abs(ours.statistic - theirs.Gs).max() <= 1e-9
        assert np.abs(ours.z - theirs.Zs).max() <= 1e-9
        assert np.abs(ours.p - 2 * theirs.p_norm).max() <= 1e-9
    theirs = esda.Moran_Local(ground.counts, ground.fresh_weights(), permutations=0)
    ours = local_moran(ground.counts, ground.beside)
    assert np.abs(ours.statistic - theirs.Is).max() <= 1e-9
    assert np.abs(ours.z - (theirs.Is - theirs.EIc) / np.sqrt(theirs.VIc)).max() <= 1e-9
    assert (ours.quadrant == QUADRANTS[theirs.q.astype(int)]).all()


def share_beyond(ours: np.ndarray, theirs: np.ndarray) -> float:
    """How many p are farther apart than two honest series of permutations are in three standard deviations."""
    return float((np.abs(ours - theirs) > 3 * np.sqrt(2 * theirs * (1 - theirs) / PERMUTATIONS)).mean())


def permute_the_same(ground: Ground) -> None:
    """p of permutations as esda has them, for 99 per cent of the grids, whichever the seeds."""
    for statistic, peer in (("gi", gi_star), ("moran", esda.Moran_Local)):
        for seed in range(4):
            theirs = peer(ground.counts, ground.fresh_weights(), seed=seed, n_jobs=1).p_sim
            assert share_beyond(permuted(ground.counts, ground.beside, statistic=statistic, seed=seed), theirs) <= 0.01


def gi_star(counts: np.ndarray, weights: libpysal.weights.W, **how: int) -> esda.G_Local:
    return esda.G_Local(counts, weights, transform="B", star=True, **how)


def test_on_the_sample_town_z_and_p_are_those_of_esda_and_neighbours_those_of_libpysal(sample_town):
    for ground in sample_town.values():
        look_the_same(ground)


@pytest.mark.shared_data
def test_on_the_beats_of_chicago_z_and_p_are_those_of_esda_and_neighbours_those_of_libpysal(chicago):
    assert (len(chicago.cells), chicago.counts.sum()) == (275, 50_000)
    look_the_same(chicago)


def test_on_the_sample_town_permutations_come_to_what_esda_s_come_to(sample_town):
    permute_the_same(sample_town["duty"])


@pytest.mark.shared_data
def test_on_the_beats_of_chicago_permutations_come_to_what_esda_s_come_to(chicago):
    permute_the_same(chicago)


def test_where_counts_are_small_ties_count_on_both_sides(sample_town):
    ground = sample_town["unit"]
    theirs = gi_star(ground.counts, ground.fresh_weights(), seed=5, n_jobs=1)
    fewer, more = ((np.sign(theirs.sim - theirs.Gs) != side).sum(axis=0) for side in (1, -1))
    ours = permuted(ground.counts, ground.beside, seed=5)
    assert share_beyond(ours, (np.minimum(fewer, more) + 1) / (PERMUTATIONS + 1)) <= 0.01
    # Forty cases in 900 grids leave hardly anything but zeros; none of these is a cold spot.
    rare = np.bincount(np.arange(40) * 22, minlength=900).astype(float)
    believed, _ = false_discovery(two_sided(permuted(rare, ground.beside, seed=1)))
    assert not believed.any()
    assert (gi_star(rare, ground.fresh_weights(), seed=5, n_jobs=1).p_sim == 0.001).sum() > 500


@pytest.mark.parametrize("star", [True, False])
def test_moments_are_those_of_dealing_out_all_values_in_every_way(star):
    values = np.array([4.0, 0.0, 1.0, 7.0, 2.0, 2.5])
    beside = neighbours_of([(0, 1), (0, 2), (0, 4), (1, 2), (3, 4)], 6)
    found, moran = getis_ord(values, beside, star=star), local_moran(values, beside)
    centred = values - values.mean()
    for grid in np.flatnonzero(beside.count):
        near = beside.indices[beside.indptr[grid] : beside.indptr[grid + 1]]
        own = [grid] if star else []
        dealt = values if star else np.delete(values, grid)
        every = np.array([sum(some) for some in combinations(dealt, len(near) + len(own))])
        z = (values[[*own, *near]].sum() - every.mean()) / every.std()
        assert found.z[grid] == pytest.approx(z, abs=1e-12)
        means = np.array([np.mean(some) for some in combinations(np.delete(centred, grid), len(near))])
        # The scale of I, and not that of its moments, has n - 1 for n, as with esda.
        z = np.sign(centred[grid]) * (5 / 6 * centred[near].mean() - means.mean()) / means.std()
        assert moran.z[grid] == pytest.approx(z, abs=1e-12)


def test_permutations_come_to_what_counting_every_deal_comes_to():
    values = np.array([4.0, 0.0, 1.0, 7.0, 2.0, 2.5, 0.0])
    beside = neighbours_of([(0, 1), (0, 2), (0, 4), (1, 2), (3, 4), (5, 6), (0, 3), (0, 5), (0, 6)], 7)
    deals = 20_000
    found = permuted(values, beside, permutations=deals, seed=3)
    assert (found == permuted(values, beside, permutations=deals, seed=3)).all()
    assert (found != permuted(values, beside, permutations=deals, seed=4)).any()
    for grid in range(7):
        near = beside.indices[beside.indptr[grid] : beside.indptr[grid + 1]]
        every = np.array([sum(some) for some in combinations(np.delete(values, grid), len(near))])
        p = min((every >= values[near].sum() - 1e-9).mean(), (every <= values[near].sum() + 1e-9).mean())
        assert found[grid] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / deals) + 1 / deals)
    # The same values in other units, where sums are rounded, have the same ties.
    assert permuted(values / 3 + 0.1, beside, permutations=deals, seed=3).tolist() == found.tolist()


@pytest.mark.parametrize(
    ("values", "pairs"),
    [
        pytest.param([], [], id="no grid"),
        pytest.param([5.0], [], id="one grid"),
        pytest.param([5.0, 1.0], [(0, 1)], id="two grids"),
        pytest.param([0.1] * 9, [(at, at + 1) for at in range(8)], id="all equal"),
        pytest.param([0.0] * 9, [(at, at + 1) for at in range(8)], id="all zero"),
        pytest.param([1.0, 2.0, 9.0], [], id="islands"),
        pytest.param([1.0, 5.0, 2.0, 3.0], list(combinations(range(4), 2)), id="all beside all"),
    ],
)
def test_where_nothing_can_be_said_nothing_is_said(values, pairs):
    beside = neighbours_of(pairs, len(values))
    for found in (getis_ord(values, beside), getis_ord(values, beside, star=False), local_moran(values, beside)):
        assert not found.tested.any()
        assert np.isnan(found.z).all()
        assert (found.p == 1).all()
    assert (local_moran(values, beside).quadrant == "").all()
    for statistic in ("gi", "moran"):
        p = permuted(values, beside, statistic=statistic, seed=0)
        assert p.shape == (len(values),)
        assert (p == 1).all()
    assert not false_discovery(np.ones(len(values)))[0].any()


def test_one_case_in_all_is_told_of_with_finite_numbers():
    beside = neighbours_of([(at, at + 1) for at in range(8)], 10)
    values = np.zeros(10)
    values[4] = 1
    found, without, moran = (
        getis_ord(values, beside),
        getis_ord(values, beside, star=False),
        local_moran(values, beside),
    )
    assert np.flatnonzero(~found.tested).tolist() == [9]
    # What is dealt out without the one case is all zero; its own grid cannot be told from the others.
    assert np.flatnonzero(~without.tested).tolist() == np.flatnonzero(~moran.tested).tolist() == [4, 9]
    assert found.z[3:6] == pytest.approx(np.full(3, np.sqrt(7 / 3)))
    assert moran.quadrant.tolist() == ["LL", "LL", "LL", "LH", "", "LH", "LL", "LL", "LL", ""]


def test_a_grid_without_a_number_is_refused():
    beside = neighbours_of([(0, 1), (1, 2)], 3)
    for judge in (getis_ord, local_moran, lambda *both: permuted(*both, seed=1)):
        for bad in (np.nan, np.inf):
            with pytest.raises(BadInput, match="1 of 3 grids") as refused:
                judge([1.0, bad, 2.0], beside)
            assert (refused.value.code, refused.value.field) == ("unknown_value", "values")
        with pytest.raises(ValueError, match="one number for each grid"):
            judge([1.0, 2.0], beside)


def test_false_discoveries_are_those_of_scipy_and_what_was_not_tested_does_not_count():
    rng = np.random.default_rng(1)
    for alpha in (0.01, 0.05, 0.2):
        p = np.concatenate([rng.uniform(0, 0.01, 30), rng.uniform(0, 1, 300)])
        believed, threshold = false_discovery(p, alpha=alpha)
        assert (believed == (false_discovery_control(p) <= alpha)).all()
        assert (believed == (p <= threshold)).all()
        assert threshold == pytest.approx(esda.fdr(p, alpha), abs=1e-12)
        tested = rng.random(330) < 0.5
        some, alone = false_discovery(p.reshape(10, 33), alpha=alpha, tested=tested.reshape(10, 33))
        assert (some.ravel()[tested], alone) == (pytest.approx(false_discovery(p[tested], alpha=alpha)[0]), alone)
        assert not some.ravel()[~tested].any()


def rates_the_same(ground: Ground) -> None:
    """Both rates as esda has them, among grids with something to count by."""
    lived_in = ground.base > 0
    counts, base, beside = ground.counts[lived_in], ground.base[lived_in], ground.beside.among(lived_in)
    sparse = csr_matrix((np.ones(len(beside.indices)), beside.indices, beside.indptr), shape=(len(base), len(base)))
    weights = libpysal.weights.WSP(sparse, id_order=list(range(len(base)))).to_W(silence_warnings=True)
    weights = libpysal.weights.W(weights.neighbors, id_order=list(range(len(base))), silence_warnings=True)
    for ours, theirs in (
        (empirical_bayes(ground.counts, ground.base), Empirical_Bayes(counts, base)),
        (
            local_empirical_bayes(ground.counts, ground.base, ground.beside),
            Spatial_Empirical_Bayes(counts, base, weights),
        ),
    ):
        assert np.abs(ours[lived_in] / theirs.r.ravel() - 1).max() <= 1e-9
        assert np.isnan(ours[~lived_in]).all()


def test_smoothed_rates_of_the_sample_town_are_those_of_esda(sample_town):
    rates_the_same(sample_town["duty"])


@pytest.mark.shared_data
def test_smoothed_rates_of_the_beats_of_chicago_are_those_of_esda(chicago):
    rates_the_same(chicago)


def test_rates_without_a_base_are_not_known_and_without_more_scatter_than_chance_all_are_the_mean():
    beside = neighbours_of([(0, 1), (1, 2), (2, 3)], 5)
    for rates in (empirical_bayes, lambda *both: local_empirical_bayes(*both, beside)):
        assert np.isnan(rates([1, 2, 3, 0, 0], [0, np.nan, 0, 0, np.nan])).all()
        assert rates([0, 0, 0, 0, 0], [5, 9, 0, 2, 1])[[0, 1, 3, 4]].tolist() == [0, 0, 0, 0]
        assert rates([1, 2, 1, 2, 2], [10, 20, 10, 20, 20]).round(15).tolist() == [0.1] * 5
        with pytest.raises(BadInput, match="below 0"):
            rates([1, -1, 0, 0, 0], [1, 1, 1, 1, 1])
        with pytest.raises(BadInput, match="not finite"):
            rates([1, np.nan, 0, 0, 0], [1, 1, 1, 1, 1])
    # The neighbour without a base says nothing about the others.
    assert local_empirical_bayes([3, 9, 1, 4, 2], [10, 0, 10, 10, 10], beside)[0] == pytest.approx(0.3)


def test_only_rates_drawn_towards_all_grids_may_be_judged():
    columns, rows = (places.ravel() for places in np.meshgrid(np.arange(30), np.arange(30)))
    beside = shared_edges(shapely.box(columns, rows, columns + 1, rows + 1))
    rng, rare = np.random.default_rng(1), np.zeros(2)
    for _ in range(20):
        base = rng.integers(20, 500, 900)
        cases = rng.poisson(base * 0.02 * rng.gamma(4, 1 / 4, 900))
        rates = empirical_bayes(cases, base), local_empirical_bayes(cases, base, beside)
        rare += [np.mean(getis_ord(one, beside).p < 0.05) / 20 for one in rates]
    # There is nothing to find.
    assert rare[0] < 0.06 < 0.09 < rare[1]


def test_grids_of_another_number_are_refused():
    beside = Neighbours(np.zeros(3, dtype=np.int64), np.empty(0, dtype=np.int64))
    with pytest.raises(ValueError, match="same grids"):
        local_empirical_bayes([1, 2, 3], [1, 2, 3], beside)
