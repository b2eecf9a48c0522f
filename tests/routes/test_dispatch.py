"""The lists of the dispatch centre over HTTP."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from tests.columns import unpacked_columns
from tests.routes.requests import a_report, told

CASES, QUEUE, PLACES = "/api/v1/dispatch/cases", "/api/v1/dispatch/queue", "/api/v1/places"


def test_a_report_is_in_the_columns_and_in_the_queue(client: TestClient):
    number = client.post("/api/v1/cases", json=a_report(description="路灯不亮")).json()["number"]
    told_columns = unpacked_columns(client.get(CASES).json())
    columns = told_columns["columns"]
    assert columns["number"] == [int(number)]
    assert told_columns["states"][columns["state"][0]] == "dispatched"
    assert told_columns["grids"][columns["grid"][0]]["code"] == "D01"
    assert told_columns["staff"][columns["staff"][0]] == {"staff_no": "P01", "name": "Wang 王一"}
    assert told_columns["tree"] == "town"
    assert abs(datetime.fromisoformat(told_columns["now"]) - datetime.now(UTC)).total_seconds() < 60
    page = client.get(QUEUE, params={"text": "路灯", "grid": ["D01", "D02"]}).json()
    assert (page["total"], page["overdue"], page["next"]) == (1, 0, None)
    assert page["rows"][0]["number"] == number


def test_the_columns_travel_packed_when_the_client_can_unpack_them(client: TestClient):
    client.post("/api/v1/cases", json=a_report())
    with client.stream("GET", CASES, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in answer.headers["vary"].lower()
        packed = b"".join(answer.iter_raw())
    plain = client.get(CASES, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    start = b'{"areas":['
    assert gzip.decompress(packed).startswith(start)
    assert plain.content.startswith(start)


def test_pages_of_the_queue_lead_to_each_other(client: TestClient):
    numbers = {client.post("/api/v1/cases", json=a_report()).json()["number"] for _ in range(3)}
    first = client.get(QUEUE, params={"limit": 2}).json()
    second = client.get(QUEUE, params={"limit": 2, "after": first["next"]}).json()
    assert (first["total"], second["total"], second["next"]) == (3, 3, None)
    assert {row["number"] for row in first["rows"] + second["rows"]} == numbers


@pytest.mark.parametrize(
    ("address", "status", "code", "field"),
    [
        (f"{QUEUE}?colour=red", 422, "invalid_value", "colour"),
        (f"{QUEUE}?limit=0", 422, "invalid_value", "limit"),
        (f"{QUEUE}?limit=1001", 422, "invalid_value", "limit"),
        (f"{QUEUE}?overdue=perhaps", 422, "invalid_value", "overdue"),
        (f"{QUEUE}?after=here", 422, "bad_cursor", "after"),
        (f"{QUEUE}?state=archived", 422, "unknown_word", "state"),
        (f"{QUEUE}?department=U7", 422, "unknown_department", "department"),
        (f"{QUEUE}?tree=village", 404, "unknown_tree", "tree"),
        (f"{CASES}?tree=village", 404, "unknown_tree", "tree"),
        (f"{PLACES}?q=mill&tree=village", 404, "unknown_tree", "tree"),
        (PLACES, 422, "invalid_value", "q"),
        (f"{PLACES}?q=mill&limit=101", 422, "invalid_value", "limit"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_its_name(
    client: TestClient, address: str, status: int, code: str, field
):
    assert told(client.get(address), status, code)["field"] == field


def test_a_place_is_found_by_name(client: TestClient):
    (found,) = client.get(PLACES, params={"q": "河湾路"}).json()["places"]
    assert (found["kind"], found["name"], found["address"]) == ("street", "Bend road 河湾路", None)
    assert set(found) == {"kind", "name", "address", "lon", "lat"}
