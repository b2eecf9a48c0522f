"""Who should have a case, where people are and which grids nobody covers, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.routes.requests import a_report, told
from tests.town import at

ANNA = {"X-Actor": "anna", "X-Role": "dispatcher"}


def tell(client: TestClient, staff_no: str, *, role: str = "grid_worker", who: str | None = None, **more: Any):
    lon, lat = at(1, 1)
    body = {"lon": lon, "lat": lat, "datum": "wgs84", **more}
    headers = {"X-Actor": who or staff_no, "X-Role": role}
    return client.put(f"/api/v1/staff/{staff_no}/position", json=body, headers=headers)


def test_an_urgent_case_is_told_with_its_best_owners_and_who_is_near(client: TestClient):
    assert tell(client, "P01", accuracy_m=12).json()["is_newest"] is True
    number = client.post("/api/v1/cases", json=a_report(urgency="urgent")).json()["number"]
    found = client.get(f"/api/v1/cases/{number}/choices", headers=ANNA)
    assert found.status_code == 200
    body = found.json()
    assert [one["owner"] for one in body["best"]] == [{"staff_no": "P01", "name": "Wang 王一"}]
    assert body["best"][0]["why"][0]["code"] == "lead"
    [near] = body["nearest"]
    assert near.keys() == {
        *("staff_no", "name", "distance_m", "accuracy_m", "at", "age_s", "is_stale", "open_cases", "on_duty"),
    }
    assert client.get(f"/api/v1/cases/{number}/choices").json()["nearest"] == []


def test_a_position_tells_back_the_newest_that_is_known(client: TestClient):
    now = datetime.now(UTC)
    first = tell(client, "P01", at=now.isoformat()).json()
    assert first == {
        "staff_no": "P01", "at": now.isoformat(), "position": dict(zip(("lon", "lat"), at(1, 1), strict=True)),
        "accuracy_m": None, "is_newest": True,
    }  # fmt: skip
    late = tell(client, "P01", at=(now - timedelta(hours=1)).isoformat(), lat=34.9).json()
    assert late == first | {"is_newest": False}


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"who": "P02"}, 403, "own_position_only"),
        ({"role": "dispatcher"}, 403, "own_position_only"),
        ({"staff_no": "P99"}, 404, "unknown_staff"),
        ({"at": "2126-01-01T00:00:00Z"}, 422, "in_the_future"),
        ({"datum": "mars"}, 422, "unknown_datum"),
        ({"lat": 134.0}, 422, "position_out_of_range"),
        ({"accuracy_m": -1}, 422, "invalid_value"),
        ({"speed": 3}, 422, "invalid_value"),
    ],
)
def test_a_position_that_cannot_be_kept_is_refused(client: TestClient, more, status, code):
    staff_no = more.pop("staff_no", "P01")
    told(tell(client, staff_no, **more), status, code)


def test_a_case_that_is_not_there_has_no_choices(client: TestClient):
    told(client.get("/api/v1/cases/7/choices"), 404, "unknown_case")
    told(client.get("/api/v1/cases/abc/choices"), 404, "unknown_case")


def test_a_city_without_rules_knows_no_duplicates(client: TestClient):
    number = client.post("/api/v1/cases", json=a_report()).json()["number"]
    client.post("/api/v1/cases", json=a_report())
    assert client.get(f"/api/v1/cases/{number}/duplicates").json() == []
    told(client.get("/api/v1/cases/7/duplicates"), 404, "unknown_case")


def test_grids_that_nobody_covers_are_told_for_an_instant(client: TestClient):
    found = client.get("/api/v1/schemes/duty/uncovered", params={"at": "2026-05-03T00:00:00Z"}).json()
    assert [grid["code"] for grid in found["grids"]] == ["D04", "D06", "D07"]
    assert client.get("/api/v1/schemes/duty/uncovered").json()["uncovered"] == 3
    told(client.get("/api/v1/schemes/nope/uncovered"), 404, "unknown_scheme")
    told(client.get("/api/v1/schemes/duty/uncovered", params={"at": "soon"}), 422, "invalid_value")
