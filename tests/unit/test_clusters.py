from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from sklearn.cluster import DBSCAN

from gis.clusters import dbscan, outlines
from gis.errors import BadInput


def clusters_and_cores(at: np.ndarray, within_m: float, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Our labels, those of scikit-learn, and which points are its cores."""
    theirs = DBSCAN(eps=within_m, min_samples=least, algorithm="kd_tree").fit(at)
    core = np.zeros(len(at), dtype=bool)
    core[theirs.core_sample_indices_] = True
    return dbscan(*at.T, within_m=within_m, least=least), theirs.labels_, core


def hold_the_same(at: np.ndarray, within_m: float, least: int) -> np.ndarray:
    """Our labels, after each of them was held against scikit-learn."""
    ours, theirs, core = clusters_and_cores(at, within_m, least)
    assert (ours < 0).tolist() == (theirs < 0).tolist()
    pairs = np.unique(np.column_stack([ours, theirs])[core], axis=0)
    assert len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == len(pairs) == ours.max(initial=-1) + 1
    border = np.flatnonzero(~core & (ours >= 0))
    if len(border):
        # Of what cores are as near as the nearest, one is of the cluster.
        away, near = cKDTree(at[core]).query(at[border], k=min(int(core.sum()), 8))
        away, near = away.reshape(len(border), -1), near.reshape(len(border), -1)
        nearest = away <= away[:, :1] * (1 + 1e-12)
        assert ((ours[core][near] == ours[border][:, None]) & nearest).any(axis=1).all()
    return ours


@pytest.mark.shared_data
def test_clusters_of_real_cases_are_those_of_scikit_learn(shared_data):
    table = pd.read_csv(
        shared_data / "incidents/chicago_crimes_2019_sample50k.csv.gz", usecols=["longitude", "latitude"]
    ).dropna()
    table = table[table.latitude > 41]
    at = np.column_stack(Transformer.from_crs(4326, 32616, always_xy=True).transform(table.longitude, table.latitude))
    assert hold_the_same(at, 100.0, 15).max() + 1 == 367


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9), st.sampled_from([1.0, 2.0, 5.0, np.sqrt(8), 13.0]))
@example(0, 1, 1.0)
def test_clusters_on_a_lattice_are_those_of_scikit_learn_whatever_the_order(seed, least, within_m):
    # Distances on a lattice are often exactly the one that is asked for, and places are often taken twice.
    rng = np.random.default_rng(seed)
    at = rng.integers(0, rng.integers(3, 60), (rng.integers(1, 150), 2)).astype(np.float64)
    labels = hold_the_same(at, within_m, least)
    size = np.bincount(labels[labels >= 0])
    assert (np.diff(size) <= 0).all()
    order = rng.permutation(len(at))
    assert dbscan(*at[order].T, within_m=within_m, least=least).tolist() == labels[order].tolist()


def test_crowds_on_one_place_and_along_a_gap_cost_no_more_than_others():
    one_place = dbscan(np.full(300_000, 5.0), np.full(300_000, -3.0), within_m=50, least=100)
    assert one_place.max() == one_place.min() == 0
    # Two quarter circles face each other, each of whose points is just out of reach of all of the other.
    angle = np.linspace(0, np.pi / 2, 40_000)
    arc = np.column_stack([np.cos(angle), np.sin(angle)])
    two = np.concatenate([20 * arc, 70.001 * arc])
    assert np.bincount(dbscan(*two.T, within_m=50, least=5)).tolist() == [40_000, 40_000]
    assert np.bincount(dbscan(*two.T, within_m=50.002, least=5)).tolist() == [80_000]


def test_outlines_hold_their_cases_and_tell_number_and_longest_way():
    rng = np.random.default_rng(8)
    angle = rng.uniform(0, 2 * np.pi, 900)
    ring = 600 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 30, (900, 2))
    street = np.column_stack([np.arange(0, 2000, 79.0), np.full(26, 2000.0)])
    crowd = rng.uniform(-80, 80, (100, 2))
    at = np.array([464_000, 3_847_000]) + np.concatenate([ring, crowd, street, np.full((40, 2), 3000.0)])
    labels = dbscan(*at.T, within_m=80, least=2)
    found = outlines(*at.T, labels, within_m=80)
    assert found.n.tolist() == [900, 100, 40, 26] == np.bincount(labels[labels >= 0]).tolist()
    assert shapely.get_type_id(found.polygons).tolist() == [shapely.GeometryType.POLYGON] * 4
    assert shapely.is_valid(found.polygons).all()
    crowds = [at[labels == one] for one in range(4)]
    for outline, crowd in zip(found.polygons, crowds, strict=True):
        assert shapely.contains_xy(shapely.buffer(outline, -20), *crowd.T).all()
    assert found.diameter_m == pytest.approx([pdist(crowd).max() for crowd in crowds])
    # The second cluster lies in the hole of the first; the street is long and narrow; one place has ground around it.
    assert [len(outline.interiors) for outline in found.polygons] == [1, 0, 0, 0]
    assert not found.polygons[0].intersects(found.polygons[1])
    assert 1975 * 60 < found.polygons[3].area < 2075 * 110
    assert 30**2 * np.pi < found.polygons[2].area < 55**2 * np.pi


def test_an_outline_a_thousand_times_as_long_as_the_reach_is_still_one_polygon_around_its_cases():
    x = np.linspace(0, 100_000, 2001)
    at = np.column_stack([x, 20_000 * np.sin(x / 8000)])
    labels = dbscan(*at.T, within_m=200, least=2)
    found = outlines(*at.T, labels, within_m=200)
    assert labels.max() == 0
    assert found.polygons[0].geom_type == "Polygon"
    assert shapely.contains_xy(found.polygons[0], *at.T).all()
    assert found.polygons[0].area < 600_000 * 1000


def test_no_case_one_case_and_noise_have_no_outline():
    assert dbscan([], [], within_m=10, least=2).tolist() == []
    assert dbscan([4.0], [4.0], within_m=10, least=2).tolist() == [-1]
    assert dbscan([4.0], [4.0], within_m=10, least=1).tolist() == [0]
    for x, labels in (([], []), ([4.0], [-1])):
        nothing = outlines(x, x, labels, within_m=10)
        assert (len(nothing.polygons), len(nothing.n), len(nothing.diameter_m)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("x", "within_m", "least", "code", "field"),
    [
        ([0.0, 1.0], 0.0, 2, "bad_distance", "within_m"),
        ([0.0, 1.0], np.nan, 2, "bad_distance", "within_m"),
        ([0.0, 1e9], 1e-3, 2, "bad_distance", "within_m"),
        ([0.0, 1.0], 10.0, 0, "bad_threshold", "least"),
        ([0.0, np.nan], 10.0, 2, "position_not_finite", "x, y"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(x, within_m, least, code, field):
    with pytest.raises(BadInput) as caught:
        dbscan(x, [0.0, 0.0], within_m=within_m, least=least)
    assert (caught.value.code, caught.value.field) == (code, field)
