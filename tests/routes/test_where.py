"""GET /api/v1/grids/at: who owned a place, who answers there today."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.routes.requests import asked_at, told
from tests.town import MOVED, at

AT = "/api/v1/grids/at"


def codes(body) -> list[str]:
    return [one["code"] for one in body["reasons"]]


def test_a_place_inside_a_grid_names_grid_person_and_reason(client: TestClient):
    body = client.get(AT, params=asked_at(1, 0.25)).json()
    assert body["grid"] == {"grid_no": 1, "code": "D01", "name": "Wharf 码头"}
    assert body["person"] == {"name": "Wang 王一", "phone": "555-0101", "role": "grid_lead"}
    assert (body["near_border"], body["second_grid"], body["outside_m"]) == (False, None, None)
    assert codes(body) == ["inside", "lead"]
    assert body["edge_distance_m"] == pytest.approx(108.3, abs=0.1)


@pytest.mark.parametrize(
    ("place", "owner", "second"),
    [
        ((2, 0.25), "D01", "D02"),
        ((2, 2), "D01", "D02"),
        ((4, 3), "D03", "D06"),
        ((4, 4), "D03", "D06"),
        ((5, 2), "D03", "D04"),
        ((5, 1), "D03", "D04"),
        ((0, 0), "D01", "D07"),
    ],
)
def test_a_point_on_a_shared_border_belongs_to_the_lowest_number(client: TestClient, place, owner, second):
    body = client.get(AT, params=asked_at(*place)).json()
    assert body["grid"]["code"] == owner
    assert body["second_grid"]["code"] == second
    assert body["near_border"]
    assert body["edge_distance_m"] == 0
    assert "on_border" in codes(body)


def test_a_point_between_the_vertices_of_a_border_is_on_it_within_two_millimetres(client: TestClient):
    body = client.get(AT, params=asked_at(0.5, 4)).json()
    assert (body["grid"]["code"], body["second_grid"]["code"]) == ("D05", "D07")
    assert body["edge_distance_m"] <= 0.002


def test_near_a_border_the_second_choice_is_named(client: TestClient):
    body = client.get(AT, params=asked_at(1.98, 0.25)).json()
    assert (body["grid"]["code"], body["second_grid"]["code"]) == ("D01", "D02")
    assert body["edge_distance_m"] == pytest.approx(7.15, abs=0.1)
    assert client.get(AT, params=asked_at(1.97, 0.25)).json()["near_border"] is False


def test_near_the_outer_border_there_is_no_second(client: TestClient):
    body = client.get(AT, params=asked_at(6, 0.01)).json()
    assert (body["near_border"], body["second_grid"]) == (True, None)
    assert "near_outer_border" in codes(body)


def test_an_enclave_is_not_its_surroundings(client: TestClient):
    assert client.get(AT, params=asked_at(6, 2)).json()["grid"]["code"] == "D04"
    assert client.get(AT, params=asked_at(4.5, 2)).json()["grid"]["code"] == "D03"


def test_both_parts_of_a_grid_are_the_grid(client: TestClient):
    for place in ((0.5, 4.5), (-0.5, 0.5)):
        assert client.get(AT, params=asked_at(*place)).json()["grid"]["code"] == "D07"


def test_the_partial_scheme_wins_where_it_lies_and_only_there(client: TestClient):
    body = client.get(AT, params=asked_at(2, 1)).json()
    assert (body["grid"]["code"], body["scheme"], body["routed_by"]) == ("Z01", "duty", "dedicated")
    assert "partial_wins" in codes(body)
    assert client.get(AT, params=asked_at(1.25, 1)).json()["grid"]["code"] == "D01"
    told(client.get(AT, params=asked_at(6, 2, scheme="dedicated")), 422, "not_covered")


def test_the_boundary_of_the_asked_instant_decides(client: TestClient):
    for instant, code in ((MOVED - timedelta(microseconds=1), "D06"), (MOVED, "D05")):
        body = client.get(AT, params=asked_at(2.25, 3, at=instant.isoformat())).json()
        assert body["grid"]["code"] == code
    told(client.get(AT, params=asked_at(1, 1, at="2020-01-01T00:00:00Z")), 422, "no_boundaries_then")


def test_outside_the_nearest_grid_and_its_distance_are_told(client: TestClient):
    body = client.get(AT, params=asked_at(9, 2.5)).json()
    assert (body["grid"], body["person"], body["nearest_grid"]["code"]) == (None, None, "D03")
    assert body["outside_m"] == pytest.approx(357.7, abs=0.5)
    assert codes(body) == ["outside"]


def test_a_place_may_be_declared_in_another_datum(client: TestClient):
    lon, lat = at(1, 0.25)
    body = client.get(AT, params={"lon": lon + 0.0061, "lat": lat - 0.0011, "datum": "gcj02"}).json()
    assert body["datum"]["declared"] == "gcj02"
    assert body["grid"]["code"] == "D01"
    assert "datum" in codes(body)


@pytest.mark.parametrize(
    ("params", "status", "code", "field"),
    [
        ({"lon": 113.63, "lat": 34.75}, 422, "invalid_value", "datum"),
        ({"lat": 34.75, "datum": "wgs84"}, 422, "invalid_value", "lon"),
        ({"lon": "nan", "lat": 34.75, "datum": "wgs84"}, 422, "invalid_value", "lon"),
        ({"lon": "inf", "lat": 34.75, "datum": "wgs84"}, 422, "invalid_value", "lon"),
        ({"lon": "x", "lat": 34.75, "datum": "wgs84"}, 422, "invalid_value", "lon"),
        ({"lon": 113.63, "lat": 34.75, "datum": "wgs84", "schema": "duty"}, 422, "invalid_value", "schema"),
        ({"lon": 0, "lat": 0, "datum": "wgs84"}, 422, "position_zero", "position"),
        ({"lon": 34.75, "lat": 113.63, "datum": "wgs84"}, 422, "position_swapped", "position"),
        ({"lon": 113.63, "lat": 34.75, "datum": "mars"}, 422, "unknown_datum", "datum"),
        ({"lon": 113.63, "lat": 34.75, "datum": "wgs84", "at": "2024-05-03"}, 422, "invalid_value", "at"),
        ({"lon": 113.63, "lat": 34.75, "datum": "wgs84", "at": "2024-05-03T08:00:00"}, 422, "invalid_value", "at"),
        ({"lon": 113.63, "lat": 34.75, "datum": "wgs84", "at": "yesterday"}, 422, "invalid_value", "at"),
        ({"lon": 113.63, "lat": 34.75, "datum": "wgs84", "scheme": "x' OR '1'='1"}, 404, "unknown_scheme", "scheme"),
        ({"lon": 121.5, "lat": 31.2, "datum": "wgs84"}, 422, "too_far", "position"),
        ({"lon": -66, "lat": 18, "datum": "wgs84"}, 422, "too_far", "position"),
        ({"lon": 24, "lat": 0.001, "datum": "wgs84"}, 422, "too_far", "position"),
        ({"lon": 10, "lat": 89.999, "datum": "wgs84"}, 422, "too_far", "position"),
        ({"lon": 180, "lat": -90, "datum": "wgs84"}, 422, "too_far", "position"),
        ({"lon": 0, "lat": 90, "datum": "wgs84"}, 422, "too_far", "position"),
    ],
)
def test_a_question_that_cannot_be_answered_names_its_field(client: TestClient, params, status, code, field):
    assert told(client.get(AT, params=params), status, code)["field"] == field
