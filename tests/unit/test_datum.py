from __future__ import annotations

import geocoordinates_ffi as oracle
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gis.crs import on_lattice, transformer
from gis.datum import REASONS, hypotheses, suspect_swap, to_position, to_stored
from gis.errors import BadInput
from gis.gcj import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

BOX = (72.004, 0.8293, 137.8347, 55.8271)
CENTIMETRE_DEG = 0.01 / 111_320
IN_CHINA_BOX = (st.floats(BOX[0], BOX[2]), st.floats(BOX[1], BOX[3]))
ANYWHERE = (st.floats(-180, 180), st.floats(-90, 90))


def apart_m(a, b):
    east = (a[0] - b[0]) * np.cos(np.radians(b[1]))
    return float(np.hypot(east, a[1] - b[1]) * 111_320)


@given(*IN_CHINA_BOX)
@example(BOX[0], BOX[1])
@example(BOX[0], BOX[3])
@example(BOX[2], BOX[1])
@example(BOX[2], BOX[3])
@example(BOX[2], 35.0)
@example(105.0, 35.0)
def test_every_place_in_the_box_comes_back_from_both_offset_datums(lon, lat):
    assert apart_m(gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat)), (lon, lat)) < 1e-5
    assert apart_m(bd09_to_wgs84(*wgs84_to_bd09(lon, lat)), (lon, lat)) < 1e-5


@given(*ANYWHERE)
def test_bd09_on_top_of_gcj02_comes_back_everywhere(lon, lat):
    there = gcj02_to_bd09(lon, lat)
    back = bd09_to_gcj02(*there)
    assert np.hypot(back[0] - lon, back[1] - lat) < CENTIMETRE_DEG / 100


@given(*ANYWHERE)
def test_outside_the_box_gcj02_is_wgs84_both_ways(lon, lat):
    reach = 0.05
    if BOX[0] - reach <= lon <= BOX[2] + reach and BOX[1] - reach <= lat <= BOX[3] + reach:
        lon -= 90.0
    assert [float(v) for v in wgs84_to_gcj02(lon, lat)] == [lon, lat]
    assert [float(v) for v in gcj02_to_wgs84(lon, lat)] == [lon, lat]


@given(*IN_CHINA_BOX)
def test_the_forward_offsets_are_those_of_an_independent_implementation(lon, lat):
    place = oracle.Wgs84(lat=lat, lon=lon)
    gcj02, bd09 = oracle.wgs84_to_gcj02(place), oracle.wgs84_to_bd09(place)
    assert apart_m(wgs84_to_gcj02(lon, lat), (gcj02.lon, gcj02.lat)) < 1e-5
    assert apart_m(wgs84_to_bd09(lon, lat), (bd09.lon, bd09.lat)) < 1e-5


@given(st.floats(BOX[0] + 0.05, BOX[2] - 0.05), st.floats(BOX[1] + 0.05, BOX[3] - 0.05))
def test_the_inverse_agrees_with_an_independent_implementation(lon, lat):
    gcj02 = oracle.gcj02_to_wgs84_refined(oracle.Gcj02(lat=lat, lon=lon))
    bd09 = oracle.bd09_to_wgs84_refined(oracle.Bd09(lat=lat, lon=lon))
    assert apart_m(gcj02_to_wgs84(lon, lat), (gcj02.lon, gcj02.lat)) < 0.01
    assert apart_m(bd09_to_wgs84(lon, lat), (bd09.lon, bd09.lat)) < 0.01


def test_a_batch_of_any_length_and_one_alone_give_the_same_place():
    lon, lat = np.random.default_rng(1).uniform((73, 18), (135, 53), (1000, 2)).T
    batch = to_stored(lon, lat, datum="bd09")
    alone = [to_position(x, y, datum="bd09") for x, y in zip(lon[:50], lat[:50], strict=True)]
    assert on_lattice(batch.lon).all()
    assert [(place.lon, place.lat) for place in alone] == list(zip(batch.lon[:50], batch.lat[:50], strict=True))


def test_bad_rows_get_a_reason_and_the_others_are_kept():
    x = [113.65, np.nan, np.inf, 0.0, 34.7, 181.0, -87.7]
    y = [34.75, 34.75, 34.75, 0.0, 113.6, 10.0, 41.9]
    got = to_stored(x, y, datum="GCJ02")
    assert got.reason.tolist() == [
        "",
        "position_not_finite",
        "position_not_finite",
        "position_zero",
        "position_swapped",
        "position_out_of_range",
        "",
    ]
    assert np.isnan(got.lon[got.bad]).all()
    assert np.isfinite(got.lon[~got.bad]).all()


@pytest.mark.parametrize("easting", [465_689.0, 38_465_689.0])
@pytest.mark.parametrize("datum", ["gk3-38", "EPSG:4547", "epsg:4526"])
def test_a_zone_takes_eastings_with_and_without_the_prefix(easting, datum):
    place = to_position(easting, 3_846_000.0, datum=datum)
    expected = transformer(4547, 4326).transform(465_689.0, 3_846_000.0)
    assert apart_m((place.lon, place.lat), expected) < 0.01
    assert place.datum == "gk3-38"


def test_six_degree_zones_are_not_three_degree_zones():
    place = to_position(19_700_000.0, 3_846_000.0, datum="gk6-19")
    expected = transformer(4508, 4326).transform(700_000.0, 3_846_000.0)
    assert apart_m((place.lon, place.lat), expected) < 0.01


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (39_465_689.0, 3_846_000.0, "zone_mismatch"),
        (3_846_000.0, 465_689.0, "position_swapped"),
        (3_846_000.0, 38_465_689.0, "position_swapped"),
        (113.65, 34.75, "position_out_of_range"),
        (4_465_689.0, 3_846_000.0, "position_out_of_range"),
    ],
)
def test_an_easting_that_contradicts_its_zone_is_refused_by_name(x, y, reason):
    with pytest.raises(BadInput) as refused:
        to_position(x, y, datum="gk3-38")
    assert refused.value.code == reason
    assert str(refused.value) == REASONS[reason]


def test_any_epsg_code_is_taken_with_the_error_that_proj_states():
    feet = to_stored([1_176_000.0], [1_900_000.0], datum="epsg:3435")
    assert apart_m((feet.lon[0], feet.lat[0]), (-87.6287, 41.8810)) < 100
    assert feet.error_m is not None
    assert feet.error_m > 1


def test_a_position_beyond_the_reach_of_its_system_is_a_bad_row():
    got = to_stored([500_000.0, 1e30], [4_000_000.0, 1e30], datum="epsg:32650")
    assert got.reason.tolist() == ["", "position_not_transformable"]


@pytest.mark.parametrize("datum", ["epsg:4214", "EPSG:4610", "epsg:2343", "epsg:2434", "beijing54", "xian80"])
def test_a_legacy_datum_is_refused_with_the_reason(datum):
    with pytest.raises(BadInput, match="off by tens of metres") as refused:
        to_stored([113.0], [34.0], datum=datum)
    assert refused.value.code == "legacy_datum"


@pytest.mark.parametrize("datum", ["mars", "", "gk3-12", "gk6-38", "gk4-38", "epsg:999999"])
def test_an_unknown_datum_is_refused(datum):
    with pytest.raises(BadInput) as refused:
        to_stored([113.0], [34.0], datum=datum)
    assert refused.value.code == "unknown_datum"


def test_a_vertical_or_geocentric_system_is_refused():
    for datum in ("epsg:5703", "epsg:4978"):
        with pytest.raises(BadInput) as refused:
            to_position(1.0, 1.0, datum=datum)
        assert refused.value.code == "unsuitable_crs"


def test_the_hypotheses_of_degrees_lie_hundreds_of_metres_apart_in_zhengzhou():
    rivals = hypotheses([113.65], [34.75], datum="cgcs2000")
    assert list(rivals) == ["cgcs2000", "gcj02", "bd09"]
    places = {name: (lon[0], lat[0]) for name, (lon, lat) in rivals.items()}
    assert 500 < apart_m(places["gcj02"], places["cgcs2000"]) < 650
    assert 1000 < apart_m(places["bd09"], places["cgcs2000"]) < 1500


def test_a_swap_is_suspected_only_where_swapping_helps():
    bounds = (-87.95, 41.6, -87.5, 42.1)
    assert suspect_swap([41.9, -87.7, 10.0], [-87.7, 41.9, 10.0], bounds=bounds).tolist() == [True, False, False]
