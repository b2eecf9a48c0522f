"""Publishing and the past over HTTP: what was seen goes with every write, and all pages flip together."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from data.session import unit_of_work
from tests.plans_of_town import SCHEME, give, merge_top, split_first
from tests.publications import lead
from tests.routes.drafting import API, Draft, new_draft
from tests.routes.requests import a_report, told
from tests.town import at

WHY = {"reason": "too much work in P01"}
SCHEMES = "/api/v1/schemes"


@pytest.fixture
def draft(client: TestClient) -> Draft:
    """A draft with one edit: P01 split."""
    return drawn(client)


def drawn(client: TestClient) -> Draft:
    made = Draft(client, new_draft(client))
    assert made.edit(split_first(1.5)).status_code == 200
    return made


def another(client: TestClient, *edits: dict[str, Any]) -> Draft:
    made = Draft(client, client.post(API, json={"scheme": SCHEME, "name": "Other"}))
    for edit in edits:
        assert made.edit(edit).status_code == 200
    return made


def codes(client: TestClient, **more: Any) -> set[str]:
    items = client.get("/api/v1/layers/grids/items", params={"scheme": SCHEME, **more}).json()["features"]
    return {one["properties"]["code"] for one in items}


def versions(client: TestClient) -> Response:
    return client.get(f"{SCHEMES}/{SCHEME}/versions")


def test_a_published_draft_tells_its_version_codes_and_what_moved(client: TestClient, draft: Draft):
    client.post("/api/v1/cases", json=a_report(1.75, 1.75, scheme=SCHEME))
    answer = draft.send("/publish", WHY)
    assert answer.status_code == 200
    body = answer.json()
    assert {name: body[name] for name in ("version", "codes", "ended", "changed", "cases_moved", "cases_queued")} == {
        "version": 2, "codes": {"9": "P01-1"}, "ended": [], "changed": 3, "cases_moved": 1, "cases_queued": 1,
    }  # fmt: skip
    assert datetime.fromisoformat(body["since"]).tzinfo is not None
    shown = draft.get().json()
    assert (shown["state"], shown["published_version"], shown["events"][-1]["kind"]) == ("published", 2, "published")
    assert answer.headers["etag"] == draft.get().headers["etag"]


def test_every_reader_has_the_new_version_with_the_next_request(committing_client: TestClient):
    client, draft = committing_client, drawn(committing_client)
    before = client.get("/api/v1/layers/grids/items", params={"scheme": SCHEME})
    tag = before.headers["etag"]
    then = datetime.now(UTC).isoformat()
    draft.send("/publish", WHY)
    assert codes(client) == {f"P{number:02}" for number in range(1, 9)} | {"P01-1"}
    assert codes(client, at=then) == {f"P{number:02}" for number in range(1, 9)}
    changed = client.get("/api/v1/layers/grids/items", params={"scheme": SCHEME}, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    lon, lat = at(1.75, 1.75)
    asked = {"lon": lon, "lat": lat, "datum": "wgs84", "scheme": SCHEME}
    found = client.get("/api/v1/grids/at", params=asked).json()
    assert (found["version"], found["person"]) == (2, None)
    reported = client.post("/api/v1/cases", json=a_report(0.5, 1.75, scheme=SCHEME)).json()
    assert (reported["version"], reported["grid"]["code"]) == (2, "P01")


def test_what_was_seen_must_be_said(client: TestClient, draft: Draft):
    told(client.post(f"{draft.at}/publish", json=WHY), 428, "if_match_missing")
    told(client.post(f"{draft.at}/withdraw"), 428, "if_match_missing")
    told(client.post(f"{SCHEMES}/{SCHEME}/rollback", json={"version": 1, **WHY}), 428, "if_match_missing")


def test_a_draft_that_changed_since_is_not_published(draft: Draft):
    old = draft.tag
    draft.edit(merge_top())
    problem = told(draft.send("/publish", WHY, tag=old), 412, "draft_changed")
    assert problem["values"]["by"] == "wang"


def test_a_stale_draft_is_told_what_changed(client: TestClient, draft: Draft):
    other = another(client, merge_top())
    assert draft.send("/publish", WHY).status_code == 200
    problem = told(other.send("/publish", WHY), 409, "draft_stale")
    assert [(one["code"], one["status"]) for one in problem["values"]["grids"]] == [
        ("P01", "changed"), ("P05", "changed"), ("P01-1", "added"),
    ]  # fmt: skip


def test_a_draft_under_review_is_not_published(draft: Draft):
    draft.send("", {"state": "in_review"}, method="PATCH")
    told(draft.send("/publish", WHY), 409, "draft_state")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "reason"), ({"reason": ""}, "reason"), ({**WHY, "open_cases": "burn"}, "open_cases"),
     ({**WHY, "at": "tomorrow"}, "at"), ({**WHY, "at": 4_102_444_800}, "at"),
     ({**WHY, "at": "9999-12-31T23:59:59-12:00"}, "at"),
     ({**WHY, "at": "2026-05-03T08:00:00"}, "at"), ({**WHY, "who": "me"}, "who")],
)  # fmt: skip
def test_what_is_said_of_a_publication_is_checked(draft: Draft, body: dict[str, Any], field: str):
    problem = told(draft.send("/publish", body), 422, "invalid_value")
    assert problem["field"] == field


def test_with_keep_open_cases_stay_with_their_people(client: TestClient, draft: Draft):
    with unit_of_work(client.app.state.engine) as session:
        lead(session, "P01", "P01")
    client.post("/api/v1/cases", json=a_report(1.75, 1.75, scheme=SCHEME))
    done = draft.send("/publish", {**WHY, "open_cases": "keep"}).json()
    assert (done["cases_kept"], done["cases_moved"]) == (1, 0)


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def test_for_an_instant_to_come_it_is_scheduled_and_can_be_withdrawn(client: TestClient, draft: Draft):
    when = tomorrow()
    answer = draft.send("/publish", {**WHY, "at": when})
    assert (answer.status_code, answer.json()) == (202, {"state": "scheduled", "publish_at": when})
    shown = draft.get().json()
    assert (shown["state"], datetime.fromisoformat(shown["publish_at"])) == ("scheduled", datetime.fromisoformat(when))
    assert codes(client) == {f"P{number:02}" for number in range(1, 9)}
    other = another(client, give(2, 1))
    problem = told(other.send("/publish", WHY), 409, "publication_scheduled")
    assert problem["values"]["draft"] == draft.id
    withdrawn = draft.send("/withdraw").json()
    assert (withdrawn["state"], withdrawn["publish_at"]) == ("withdrawn", None)
    assert other.send("/publish", WHY).status_code == 200


def test_an_instant_that_is_over_is_refused(draft: Draft):
    problem = told(draft.send("/publish", {**WHY, "at": "2026-05-03T08:00:00+08:00"}), 422, "not_in_the_future")
    assert problem["field"] == "at"


def test_the_service_publishes_it_by_itself_when_its_instant_comes(committing_client: TestClient):
    draft = drawn(committing_client)
    when = datetime.now(UTC) + timedelta(seconds=1)
    assert draft.send("/publish", {**WHY, "at": when.isoformat()}).status_code == 202
    give_up = time.monotonic() + 20
    while draft.get().json()["state"] == "scheduled":
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert draft.get().json()["published_version"] == 2
    found = versions(committing_client).json()["versions"][-1]
    assert datetime.fromisoformat(found["since"]) == when
    assert (found["actor"], found["reason"], found["draft"]) == ("wang", WHY["reason"], draft.id)


def test_versions_are_listed_with_a_tag_for_the_roll_back(committing_client: TestClient):
    client, draft = committing_client, drawn(committing_client)
    draft.send("/publish", WHY)
    answer = versions(client)
    assert answer.json()["newest"] == 2
    assert [one["version"] for one in answer.json()["versions"]] == [1, 2]
    seen = {"If-Match": answer.headers["etag"]}
    done = client.post(f"{SCHEMES}/{SCHEME}/rollback", json={"version": 1, "reason": "no"}, headers=seen)
    assert (done.status_code, done.json()["version"], done.json()["ended"]) == (200, 3, [9])
    assert codes(client) == {f"P{number:02}" for number in range(1, 9)}
    again = client.post(f"{SCHEMES}/{SCHEME}/rollback", json={"version": 2, "reason": "yes"}, headers=seen)
    assert told(again, 412, "versions_changed")["values"]["version"] == 3
    other = {"If-Match": '"s999-v3"'}
    told(
        client.post(f"{SCHEMES}/{SCHEME}/rollback", json={"version": 2, **WHY}, headers=other), 412, "versions_changed"
    )


def test_a_roll_back_to_what_never_was_is_not_found(client: TestClient, draft: Draft):
    seen = {"If-Match": versions(client).headers["etag"]}
    told(client.post(f"{SCHEMES}/{SCHEME}/rollback", json={"version": 7, **WHY}, headers=seen), 404, "unknown_version")
    told(client.post(f"{SCHEMES}/nothing/rollback", json={"version": 1, **WHY}, headers=seen), 404, "unknown_scheme")
    same = client.post(f"{SCHEMES}/{SCHEME}/rollback", json={"version": 1, **WHY}, headers=seen)
    told(same, 409, "nothing_to_publish")


def test_the_difference_of_two_versions_is_geojson_with_a_table(client: TestClient, draft: Draft):
    draft.send("/publish", WHY)
    answer = client.get(f"{SCHEMES}/{SCHEME}/differences", params={"from": 1, "to": 2})
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    ((giver, taker),) = [
        (one["properties"]["from"]["code"], one["properties"]["to"]["code"]) for one in body["features"]
    ]
    assert (body["type"], giver, taker) == ("FeatureCollection", "P01", "P01-1")
    assert {one["code"]: one["status"] for one in body["grids"]} == {
        "P01": "changed", "P05": "changed", "P01-1": "added",
    }  # fmt: skip
    told(client.get(f"{SCHEMES}/{SCHEME}/differences", params={"from": 1, "to": 9}), 404, "unknown_version")
    told(client.get(f"{SCHEMES}/{SCHEME}/differences", params={"from": 1}), 422, "invalid_value")


def test_whose_a_place_was_is_told_version_by_version(client: TestClient, draft: Draft):
    draft.send("/publish", WHY)
    lon, lat = at(1.75, 1)
    asked = {"lon": lon, "lat": lat, "datum": "wgs84", "scheme": SCHEME}
    found = client.get("/api/v1/grids/history", params=asked).json()
    assert [(one["version"], one["grid"]["code"]) for one in found["versions"]] == [(1, "P01"), (2, "P01-1")]
    told(client.get("/api/v1/grids/history", params={**asked, "scheme": "nothing"}), 404, "unknown_scheme")
    told(client.get("/api/v1/grids/history", params={**asked, "datum": "mars"}), 422, "unknown_datum")
