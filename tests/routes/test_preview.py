"""POST /drafts/{id}/preview: its shape, what it refuses, and that nothing comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from data.session import unit_of_work
from tests.plans_of_town import SCHEME, carve_middle, every_kind, give, move_corner, split_first, take_plan_scheme
from tests.routes.requests import a_report, told
from tests.town import at

MEASURES = {
    *("area_m2", "people", "households", "buildings", "street_m", "cases_per_month", "open_cases", "staff_hours"),
    *("compactness", "parts"),
}
SPREAD = {"mean", "cv", "max_over_mean", "imbalance", "worst"}
TRANSFER = {"from", "to", "area_m2", "buildings", "households", "people", "cases", "open_cases", "shape"}
HEAD = {"draft", "revision", "etag", "version", "newest_version", "problems"}
PARTS = {
    *("cases_since", "changed", "ended", "grids", "balance"),
    *("transfers", "nesting", "duties", "boards", "cases"),
}


@pytest.fixture
def draft(client: TestClient) -> str:
    """The address of a draft of a scheme that tiles its ground, in the town."""
    with unit_of_work(client.app.state.engine) as session:
        take_plan_scheme(session)
    made = client.post("/api/v1/drafts", json={"scheme": SCHEME, "name": "Summer"})
    assert made.status_code == 201, made.text
    return made.headers["location"]


def asked(client: TestClient, draft: str, edit: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = client.post(f"{draft}/preview", json={"edit": edit})
    assert answer.status_code == 200, answer.text
    body = dict(answer.json())
    assert answer.headers["etag"] == body["etag"]
    assert set(body) == HEAD | PARTS
    return body


def test_every_part_of_a_preview_is_there(client, draft):
    assert client.post("/api/v1/cases", json=a_report(0.5, 1.5, scheme=SCHEME)).status_code == 201
    body = asked(client, draft, split_first(name="Pier"))
    number = int(draft.rsplit("/", 1)[1])
    assert (body["draft"], body["revision"], body["etag"]) == (number, 1, f'"d{number}-r1-v1"')
    assert [(one["grid_no"], one["code"], one["name"], one["status"]) for one in body["grids"]] == [
        (1, "P01", "P01", "changed"),
        (5, "P05", "P05", "same ground"),
        (9, None, "Pier", "new"),
    ]
    assert {one["properties"]["grid_no"] for one in body["changed"]["features"]} == {1, 5, 9}
    assert set(body["grids"][0]["before"]) == set(body["grids"][2]["after"]) == MEASURES
    assert set(body["balance"]) == {"measure", "before", "after", "band"}
    assert set(body["balance"]["before"]) == set(body["balance"]["after"]) == SPREAD
    assert set(body["balance"]["after"]["worst"][0]) == {"grid_no", "value", "deviation"}
    (transfer,) = body["transfers"]
    assert set(transfer) == TRANSFER
    assert (transfer["from"], transfer["to"], transfer["shape"]["type"]) == (1, 9, "MultiPolygon")
    assert [set(one) for one in body["boards"]["grids"]] == [{"grid_no", "code", "name", "why"}] * 2
    assert set(body["boards"]) == {"grids", "buildings", "buildings_total"}
    assert set(body["cases"]) == {"changing_hands", "open_changing_hands", "sample"}
    assert body["problems"] == []


@pytest.mark.parametrize("edit", every_kind(), ids=lambda edit: edit["kind"])
def test_an_edit_of_every_kind_is_previewed_as_it_would_be_saved(client, draft, edit):
    body = asked(client, draft, edit)
    saved = client.post(f"{draft}/edits", json=edit, headers={"If-Match": body["etag"]})
    assert saved.status_code == 200, saved.text
    assert (saved.json()["changed"], saved.json()["ended"]) == (body["changed"], body["ended"])
    after = asked(client, draft)
    assert (after["changed"]["features"], after["ended"]) == ([], [])
    for part in ("grids", "transfers", "balance", "boards", "cases"):
        assert after[part] == body[part]


def test_nothing_is_saved_by_asking(client, draft):
    before = client.get(draft).json()
    for edit in every_kind():
        asked(client, draft, edit)
    assert client.get(draft).json() == before


def test_an_edit_that_is_refused_is_answered_with_its_place(client, draft):
    body = asked(client, draft, move_corner(9, 9))
    assert {part: body[part] for part in PARTS} == dict.fromkeys(PARTS)
    (problem,) = body["problems"]
    assert problem["code"] == "borders_cross"
    assert problem["detail"].endswith(".")
    assert problem["where"]["type"]
    assert problem["grids"]
    assert asked(client, draft, give(1, 7))["problems"][0]["code"] == "torn"


def test_a_grid_that_is_not_there_is_a_problem_and_no_error(client, draft):
    body = asked(client, draft, {**split_first(), "grid": 77})
    assert [one["code"] for one in body["problems"]] == ["grid_not_given"]


def test_what_is_no_edit_at_all_is_an_error(client, draft):
    for body in ({"edit": {"kind": "dance"}}, {"edit": {"kind": "merge", "grids": [1, 2], "into": 1}}, {"more": 1}):
        answer = client.post(f"{draft}/preview", json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    told(client.post("/api/v1/drafts/999999/preview", json={}), 404, "unknown_draft")
    told(client.post("/api/v1/drafts/one/preview", json={}), 404, "unknown_draft")


def test_a_draft_is_previewed_without_an_edit_and_without_a_body(client, draft):
    assert asked(client, draft)["grids"] == []
    assert client.post(f"{draft}/preview").json()["grids"] == []


def test_settings_of_the_draft_count(client, draft):
    assert client.post("/api/v1/cases", json=a_report(0.5, 1.5, scheme=SCHEME)).status_code == 201
    chosen = {"measure": "open_cases", "band": {"low": 0, "high": 0.5}, "weights": {"case": 120}}
    tag = client.get(draft).headers["etag"]
    changed = client.patch(draft, json={"settings": chosen}, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    body = asked(client, draft, carve_middle())
    assert body["balance"]["measure"] == "open_cases"
    assert body["balance"]["band"] == {"low": 0, "high": 0.5, "outside_before": 1, "outside_after": 1}
    hours = next(one["before"]["staff_hours"] for one in asked(client, draft, split_first())["grids"])
    assert hours > 120 / 60 / 12


def test_the_place_of_a_refusal_is_where_the_drawing_went_wrong(client, draft):
    short = {"type": "LineString", "coordinates": [at(0.5, 1), at(1, 1)]}
    body = asked(client, draft, {**split_first(), "line": short})
    (problem,) = body["problems"]
    assert problem["code"] == "line_does_not_cut"
    assert problem["grids"] == [1]
