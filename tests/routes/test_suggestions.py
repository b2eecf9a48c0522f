"""POST /drafts/{id}/suggestions and /partition: their shapes, what they refuse, and what they need to have seen."""

from __future__ import annotations

from typing import Any

import pytest
from shapely.geometry import mapping
from starlette.testclient import TestClient

from data.session import unit_of_work
from data.tables import Atom
from tests.plans_of_town import SCHEME, take_plan_scheme
from tests.routes.requests import told
from tests.town import squares

SUGGESTION = {
    *("giver", "taker", "blocks", "atoms", "shape", "imbalance_before", "imbalance_after", "cv_before", "cv_after"),
    *("households", "people", "buildings", "cases", "open_cases", "edit"),
}


@pytest.fixture
def draft(client: TestClient) -> Any:
    """The answer to a new draft of a scheme that tiles its ground, whose city has blocks."""
    with unit_of_work(client.app.state.engine) as session:
        take_plan_scheme(session)
        for number in range(32):
            x, y = number % 8, number // 8
            session.add(Atom(tree="town", source_id=str(number), people=9, geom=squares((x, y, x + 1, y + 1))))
    made = client.post("/api/v1/drafts", json={"scheme": SCHEME, "name": "Summer"})
    assert made.status_code == 201, made.text
    return made


def address(draft: Any, verb: str) -> str:
    return f"{draft.headers['location']}/{verb}"


def test_a_suggestion_has_every_part_and_its_edit_can_be_saved_as_it_is(client, draft):
    whole = client.post(f"{draft.headers['location']}/edits", headers={"If-Match": draft.headers["etag"]}, json=MERGED)
    answer = client.post(address(draft, "suggestions"), json={"measure": "area_m2", "grids": [1]})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"draft", "revision", "measure", "imbalance", "cv", "grids", "suggestions"}
    assert (body["measure"], body["grids"], body["revision"]) == ("area_m2", [1], 2)
    assert body["suggestions"]
    for one in body["suggestions"]:
        assert set(one) == SUGGESTION
        assert (one["giver"], one["blocks"]) == (1, "atoms")
    tag = {"If-Match": whole.headers["etag"]}
    saved = client.post(f"{draft.headers['location']}/edits", headers=tag, json=body["suggestions"][0]["edit"])
    assert saved.status_code == 200, saved.text


MERGED = {"kind": "merge", "grids": [1, 2], "into": 1, "datum": "wgs84"}


def test_no_body_is_the_draft_as_it_is_settled(client, draft):
    assert client.post(address(draft, "suggestions")).json()["measure"] == "staff_hours"
    change = {"settings": {"measure": "open_cases"}}
    client.patch(draft.headers["location"], json=change, headers={"If-Match": draft.headers["etag"]})
    assert told(client.post(address(draft, "suggestions")), 422, "no_load")["field"] == "measure"
    asked = {"measure": "households", "beauty": 1}
    assert told(client.post(address(draft, "suggestions"), json=asked), 422, "invalid_value")["field"] == "beauty"


def test_a_partition_answers_as_an_edit_does_and_asks_what_was_seen(client, draft):
    wish = {"grids": [1, 2, 5, 6], "parts": 3, "measure": "area_m2", "seed": 7}
    told(client.post(address(draft, "partition"), json=wish), 428, "if_match_missing")
    answer = client.post(address(draft, "partition"), json=wish, headers={"If-Match": draft.headers["etag"]})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"draft", "changed", "ended", "torn", "partition"}
    assert set(body["partition"]) == {"grids", "parts", "measure", "seed", "tolerance", "deviation", "blocks"}
    assert len(body["ended"]) == 1
    assert body["draft"]["can_undo"] is True
    assert answer.headers["etag"] != draft.headers["etag"]
    told(
        client.post(address(draft, "partition"), json=wish, headers={"If-Match": draft.headers["etag"]}),
        412,
        "draft_changed",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"grids": [1], "area": mapping(squares((0, 0, 2, 2))), "datum": "wgs84"},
        {"grids": []},
        {"grids": [0]},
        {"grids": [1], "parts": 0},
        {"grids": [1], "parts": 1001},
        {"grids": [1], "tolerance": 0},
        {"grids": [1], "tolerance": 1.5},
        {"grids": [1], "seed": -1},
        {"grids": [1], "seed": "1"},
        {"area": {"type": "Point", "coordinates": [1, 1]}, "datum": "wgs84"},
        {"area": {"type": "Polygon", "coordinates": [[[1, 1], [2, 2]]]}, "datum": "wgs84"},
        {"area": {"type": "Polygon", "coordinates": [[]]}, "datum": "wgs84"},
    ],
)
def test_a_wish_that_is_none_is_refused(client, draft, wrong):
    answer = client.post(address(draft, "partition"), json=wrong, headers={"If-Match": draft.headers["etag"]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_area_needs_its_datum(client, draft):
    wish = {"area": mapping(squares((0, 0, 4, 4))), "measure": "area_m2"}
    tag = {"If-Match": draft.headers["etag"]}
    told(client.post(address(draft, "partition"), json=wish, headers=tag), 422, "unknown_datum")
    told(
        client.post(address(draft, "partition"), json={**wish, "datum": "gcj02"}, headers=tag), 422, "datum_not_stored"
    )
    done = client.post(address(draft, "partition"), json={**wish, "datum": "wgs84", "parts": 2}, headers=tag)
    assert done.json()["partition"]["grids"] == [1, 2, 5, 6]


@pytest.mark.parametrize("verb", ["suggestions", "partition"])
def test_a_draft_that_is_not_there_is_not_found(client, draft, verb):
    tag = {"If-Match": draft.headers["etag"]}
    body = {"grids": [1]}
    told(client.post(f"/api/v1/drafts/99/{verb}", json=body, headers=tag), 404, "unknown_draft")
