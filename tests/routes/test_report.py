"""POST /api/v1/cases: where a report goes, what it is told, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from tests.cluster import Database
from tests.routes.requests import a_report, told
from tests.statements import noting
from tests.town import LEAD_CHANGED, MOVED, at

CASES = "/api/v1/cases"
BEFORE_THE_MOVE = (MOVED - timedelta(days=1)).isoformat()


@contextmanager
def counted(client: TestClient) -> Iterator[list[str]]:
    """What requests ask from here on, but for what a connection prepares once; the service has threads of its own."""
    seen: list[str] = []

    def note(sql: str, _: Any) -> None:
        if threading.current_thread().name.startswith("AnyIO") and not sql.startswith("PREPARE"):
            seen.append(sql)

    with noting(client.app.state.engine, note):
        yield seen


def test_a_report_is_stored_and_the_answer_says_where_it_went(client: TestClient):
    answer = client.post(CASES, json=a_report(category="litter", description="一袋垃圾"))
    assert answer.status_code == 201
    body = answer.json()
    assert body["grid"] == {"grid_no": 1, "code": "D01", "name": "Wharf 码头"}
    assert body["person"] == {"name": "Wang 王一", "phone": "555-0101", "role": "grid_lead"}
    assert body["state"] == "dispatched"
    stored = client.get(answer.headers["location"]).json()
    assert stored["number"] == body["number"]
    assert stored["description"] == "一袋垃圾"
    assert {key: stored[key] for key in ("grid", "person", "reasons")} == {
        key: body[key] for key in ("grid", "person", "reasons")
    }


@pytest.mark.parametrize(
    ("place", "person", "reason"),
    [
        ((3, 1), "Zhao 赵三", "substitute"),
        ((4.5, 0.5), "Zhou 周五", "deputy"),
        ((6, 2), "Zheng 郑七", "next_level"),
        ((3.5, 3), "Wu 吴六", "next_level"),
        ((0.5, 4.5), "Wu 吴六", "next_level"),
        ((-0.5, 0.5), "Wu 吴六", "next_level"),
        ((2, 1), "Zhao 赵三", "partial_wins"),
    ],
)
def test_whoever_stands_in_gets_the_case_and_the_reason_is_said(client: TestClient, place, person, reason):
    body = client.post(CASES, json=a_report(*place)).json()
    assert body["person"]["name"] == person
    assert reason in [one["code"] for one in body["reasons"]]
    stored = client.get(f"{CASES}/{body['number']}").json()
    assert stored["person"] == body["person"]
    for one in body["reasons"]:
        assert one["zh"]
        assert one["en"]


def test_a_case_nobody_answers_for_waits_with_its_reason(client: TestClient):
    body = client.post(CASES, json={"lon": -87.7, "lat": 41.9, "datum": "wgs84", "scheme": "beats"}).json()
    assert (body["state"], body["queue_reason"], body["person"]) == ("queued", "no_person", None)
    assert body["grid"]["code"] == "B1"


def test_a_case_outside_every_grid_waits_and_names_the_nearest(client: TestClient):
    body = client.post(CASES, json=a_report(6, 5.5)).json()
    assert (body["state"], body["queue_reason"], body["grid"]) == ("queued", "outside", None)
    assert body["nearest_grid"]["code"] == "D03"
    assert body["outside_m"] == pytest.approx(216.7, abs=0.5)
    assert client.get(f"{CASES}/{body['number']}").json()["nearest_grid"] == body["nearest_grid"]


def test_on_a_shared_border_the_lowest_number_owns_and_the_second_is_named(client: TestClient):
    body = client.post(CASES, json=a_report(2, 0.25)).json()
    assert body["grid"]["code"] == "D01"
    assert body["second_grid"]["code"] == "D02"
    assert body["near_border"]
    assert body["edge_distance_m"] == 0
    assert [one["code"] for one in body["reasons"]][:2] == ["on_border", "near_border"]


def test_the_boundary_at_the_time_it_happened_decides(client: TestClient):
    now = client.post(CASES, json=a_report(2.25, 3)).json()
    then = client.post(CASES, json=a_report(2.25, 3, occurred_at=BEFORE_THE_MOVE)).json()
    assert (now["grid"]["code"], now["version"]) == ("D05", 2)
    assert (then["grid"]["code"], then["version"]) == ("D06", 1)


def test_the_task_of_an_ended_grid_goes_to_the_grid_on_its_ground(client: TestClient):
    body = client.post(CASES, json=a_report(6, 4.5, occurred_at=BEFORE_THE_MOVE)).json()
    assert body["grid"]["code"] == "D09"
    assert body["person"]["name"] == "Zhou 周五"
    assert {"boundary_then", "moved_to_today"} <= {one["code"] for one in body["reasons"]}
    stored = client.get(f"{CASES}/{body['number']}").json()
    assert stored["task_grid"]["code"] == "D03"
    assert stored["owner_person"] == {"name": "Feng 冯八", "phone": "555-0108", "role": "grid_lead"}


def test_owner_then_and_person_today_are_both_stored_when_they_differ(client: TestClient):
    then = (LEAD_CHANGED - timedelta(days=30)).isoformat()
    number = client.post(CASES, json=a_report(1, 3, occurred_at=then)).json()["number"]
    stored = client.get(f"{CASES}/{number}").json()
    assert stored["person"]["name"] == "Chen 陈九"
    assert stored["owner_person"]["name"] == "Feng 冯八"


def test_a_declared_datum_is_converted_and_the_raw_position_kept(client: TestClient):
    body = client.post(CASES, json={"lon": 113.6328, "lat": 34.7501, "datum": "GCJ02"}).json()
    stored = client.get(f"{CASES}/{body['number']}").json()
    assert stored["raw"] == {"x": 113.6328, "y": 34.7501, "datum": "gcj02"}
    assert abs(stored["position"]["lon"] - 113.6328) > 0.004
    assert "datum" in [one["code"] for one in stored["reasons"]]


def test_eastings_and_northings_come_as_x_and_y(client: TestClient):
    body = client.post(CASES, json={"x": 38466000.0, "y": 3847000.0, "datum": "gk3-38"}).json()
    assert body["grid"]["code"] == "D01"


def test_a_report_takes_three_statements_and_a_repeat_four(committing_client: TestClient):
    with counted(committing_client) as seen:
        first = committing_client.post(CASES, json=a_report(), headers={"Idempotency-Key": "k"})
    assert len(seen) == 3, seen
    with counted(committing_client) as seen:
        again = committing_client.post(CASES, json=a_report(), headers={"Idempotency-Key": "k"})
    assert len(seen) == 4, seen
    assert again.content == first.content


def test_a_refused_swapped_report_takes_no_more_than_four_statements(committing_client: TestClient):
    swapped = {"lon": 41.9, "lat": -87.7, "datum": "wgs84", "scheme": "beats"}
    with counted(committing_client) as seen:
        told(committing_client.post(CASES, json=swapped, headers={"Idempotency-Key": "k"}), 422, "too_far")
    assert len(seen) <= 4, seen


def test_the_actor_is_written_into_every_event(client: TestClient):
    number = client.post(CASES, json=a_report(), headers={"X-Actor": "王小明".encode()}).json()["number"]
    events = client.get(f"{CASES}/{number}").json()["events"]
    assert [(one["kind"], one["actor"]) for one in events] == [("received", "王小明"), ("dispatched", "王小明")]


def test_without_a_name_the_actor_is_anonymous(client: TestClient):
    number = client.post(CASES, json=a_report()).json()["number"]
    assert {one["actor"] for one in client.get(f"{CASES}/{number}").json()["events"]} == {"anonymous"}


def test_swapped_coordinates_far_away_get_the_hint_and_the_place(client: TestClient):
    body = {"lon": 41.9, "lat": -87.7, "datum": "wgs84", "scheme": "beats"}
    problem = told(client.post(CASES, json=body), 422, "too_far")
    assert "Swapped?" in problem["detail"]
    assert problem["values"]["hint"] == "swapped"
    assert problem["where"]["type"] == "Point"
    assert problem["where"]["coordinates"] == pytest.approx([41.9, -87.7], abs=1e-7)


def test_swapped_coordinates_out_of_range_are_named(client: TestClient):
    told(client.post(CASES, json={"lon": 34.75, "lat": 113.63, "datum": "wgs84"}), 422, "position_swapped")


def test_a_place_far_outside_is_refused_with_its_distance(client: TestClient):
    problem = told(client.post(CASES, json=a_report(80, 0)), 422, "too_far")
    assert problem["values"]["outside_m"] > problem["values"]["far_limit_m"] == 5000
    assert problem["where"]["coordinates"] == list(at(80, 0))


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"lon": 0, "lat": 0, "datum": "wgs84"}, "position_zero", "position"),
        ({"lon": 200, "lat": 95, "datum": "wgs84"}, "position_out_of_range", "position"),
        ({"lon": 113.63, "lat": 34.75}, "invalid_value", "datum"),
        ({"lon": 113.63, "lat": 34.75, "datum": "mars"}, "unknown_datum", "datum"),
        ({"lon": 113.63, "lat": 34.75, "datum": "beijing54"}, "legacy_datum", "datum"),
        ({"lon": 113.63, "datum": "wgs84"}, "position_incomplete", "lat"),
        ({"datum": "wgs84"}, "position_incomplete", "lon"),
        ({"lon": 113.63, "lat": 34.75, "x": 1, "y": 1, "datum": "wgs84"}, "position_twice", "lon"),
        ({"lon": "113.63", "lat": 34.75, "datum": "wgs84"}, "invalid_value", "lon"),
        ({"lon": True, "lat": 34.75, "datum": "wgs84"}, "invalid_value", "lon"),
        ({"lon": 10**400, "lat": 34.75, "datum": "wgs84"}, "invalid_value", "lon"),
        (a_report(colour="red"), "invalid_value", "colour"),
        (a_report(description="x" * 4001), "invalid_value", "description"),
        (a_report(description="a\0b"), "invalid_value", "description"),
        (a_report(scheme="du\0ty"), "invalid_value", "scheme"),
        (a_report(occurred_at="2024-05-03T08:00:00"), "invalid_value", "occurred_at"),
        (a_report(occurred_at=1714723200), "invalid_value", "occurred_at"),
        (a_report(occurred_at="0001-01-01T00:00:00+14:00"), "invalid_value", "occurred_at"),
        (a_report(occurred_at="2023-05-03T08:00:00Z"), "no_boundaries_then", "at"),
        ([1, 2], "invalid_value", "body"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(client: TestClient, body, code, field):
    problem = told(client.post(CASES, json=body), 422, code)
    assert problem["field"] == field


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused_by_field(client: TestClient, number):
    body = f'{{"lon": {number}, "lat": 34.75, "datum": "wgs84"}}'
    answer = client.post(CASES, content=body, headers={"Content-Type": "application/json"})
    problem = told(answer, 422, "invalid_value")
    assert problem["field"] == "lon"
    assert "finite" in problem["detail"]


def test_half_a_character_is_refused_by_field(client: TestClient):
    body = r'{"lon": 113.63, "lat": 34.75, "datum": "wgs84", "description": "\ud800"}'
    answer = client.post(CASES, content=body, headers={"Content-Type": "application/json"})
    assert told(answer, 422, "invalid_value")["field"] == "description"
    body = r'{"lon": 113.63, "lat": 34.75, "datum": "wgs84", "\udfff": 1}'
    answer = client.post(CASES, content=body, headers={"Content-Type": "application/json"})
    told(answer, 422, "invalid_value")


def test_broken_json_is_told_with_its_place(client: TestClient):
    answer = client.post(CASES, content='{"lon": 1,', headers={"Content-Type": "application/json"})
    assert "character 10" in told(answer, 422, "body_not_json")["detail"]


@pytest.mark.parametrize("content", [b"[" * 100_000, b"1" * 5000, b"\xff\xfe{"])
def test_json_that_cannot_be_read_at_all_is_a_client_error(client: TestClient, content):
    answer = client.post(CASES, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("body_unreadable", "body_not_json", "invalid_value")


def test_a_body_that_is_not_declared_as_json_is_refused(client: TestClient):
    content = b'{"lon": 113.63, "lat": 34.75, "datum": "wgs84"}'
    answer = client.post(CASES, content=content, headers={"Content-Type": "text/plain"})
    assert "application/json" in told(answer, 422, "invalid_value")["detail"]


def test_an_unknown_scheme_is_not_found(client: TestClient):
    told(client.post(CASES, json=a_report(scheme="nope")), 404, "unknown_scheme")


def test_a_partial_scheme_does_not_route_where_it_has_no_grid(client: TestClient):
    told(client.post(CASES, json=a_report(6, 2, scheme="dedicated")), 422, "not_covered")


def test_the_future_is_refused_but_a_fast_clock_is_not(client: TestClient):
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert client.post(CASES, json=a_report(occurred_at=soon)).status_code == 201
    problem = told(client.post(CASES, json=a_report(occurred_at=tomorrow)), 422, "in_the_future")
    assert problem["field"] == "occurred_at"


def test_nothing_of_a_refused_report_is_stored(committing_client: TestClient, town: Database):
    committing_client.post(CASES, json=a_report(80, 0), headers={"Idempotency-Key": "k"})
    committing_client.post(CASES, json=a_report(datum="mars"))
    with town.app.connect() as connection:
        for table in ("cases", "case_events", "placements", "idempotency_keys"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_every_scheme_that_covers_the_place_keeps_a_placement(committing_client: TestClient, town: Database):
    committing_client.post(CASES, json=a_report(2, 1))
    with town.app.connect() as connection:
        rows = connection.execute(
            text("SELECT s.name, p.routing FROM placements p JOIN schemes s ON s.id = p.scheme_id ORDER BY s.name")
        ).all()
    assert [tuple(row) for row in rows] == [("dedicated", True), ("duty", False)]
