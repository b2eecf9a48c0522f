"""Drafts over HTTP: each write names what was seen, each refusal its place."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import event as of_engine
from starlette.testclient import TestClient

from data.session import unit_of_work
from layers.rezoning import editing
from tests.plans_of_town import (
    SCHEME,
    carve_middle,
    every_kind,
    give,
    merge_top,
    move_corner,
    split_first,
)
from tests.publications import WANG
from tests.routes.drafting import API, Draft, new_draft
from tests.routes.requests import told
from tests.town import at, squares


@pytest.fixture
def draft(client: TestClient) -> Draft:
    """A new draft, called as a page does: each write sends the tag of the answer before."""
    return Draft(client, new_draft(client))


def test_a_draft_is_made_listed_and_shown(client: TestClient, draft: Draft):
    shown = draft.get()
    assert shown.headers["etag"] == draft.tag == f'"d{draft.id}-r1-v1"'
    body = shown.json()
    assert (body["scheme"], body["name"], body["owner"], body["edits"]) == (SCHEME, "Summer", "wang", [])
    assert [event["kind"] for event in body["events"]] == ["created"]
    (listed,) = client.get(API, params={"scheme": SCHEME}).json()["drafts"]
    assert listed == {name: value for name, value in body.items() if name not in ("edits", "events")}
    assert set(listed) == {
        *("id", "scheme", "name", "state", "owner", "revision", "base_version", "newest_version", "is_stale"),
        *("can_undo", "can_redo", "settings", "created_at", "updated_at", "publish_at", "published_version"),
        "grids_changed",
    }
    told(client.get(API, params={"scheme": "moon"}), 404, "unknown_scheme")


@pytest.mark.parametrize("edit", every_kind(), ids=lambda edit: edit["kind"])
def test_an_edit_is_answered_with_what_it_changed_and_so_are_undo_and_redo(draft: Draft, edit):
    made = draft.edit(edit)
    assert made.status_code == 200, made.text
    body = made.json()
    assert made.headers["etag"] == f'"d{draft.id}-r2-v1"'
    assert (body["draft"]["revision"], body["draft"]["can_undo"], body["draft"]["can_redo"]) == (2, True, False)
    numbers = {one["properties"]["grid_no"] for one in body["changed"]["features"]} | set(body["ended"])
    assert body["draft"]["grids_changed"] == len(numbers) > 0
    undone = draft.send("/undo").json()
    assert (undone["draft"]["can_undo"], undone["draft"]["can_redo"]) == (False, True)
    assert {one["properties"]["grid_no"] for one in undone["changed"]["features"]} <= numbers
    assert draft.get("/changes").json() == {
        "changed": {"type": "FeatureCollection", "features": []},
        "ended": [],
        "revision": 3,
    }
    redone = draft.send("/redo").json()
    assert redone["changed"] == body["changed"]
    assert draft.get("/changes").json()["changed"] == body["changed"]
    assert draft.get().headers["etag"] == draft.tag


def test_grids_in_more_parts_than_before_are_told(draft: Draft):
    house = draft.client.get("/api/v1/layers/buildings/items", params={"tree": "town"}).json()["features"][0]["id"]
    assert draft.edit(give(buildings=[house])).json()["torn"] == {"2": 2}


def test_nothing_is_there_to_undo_or_redo(draft: Draft):
    told(draft.send("/undo"), 409, "nothing_to_undo")
    told(draft.send("/redo"), 409, "nothing_to_redo")


def line(coordinates: list[list[float]]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": coordinates}


def end_grid(number: int) -> dict[str, Any]:
    return {"kind": "replace", "datum": "wgs84", "cells": [{"grid_no": number, "geometry": None}]}


WRITES = [
    ("POST", "/edits", merge_top()),
    ("POST", "/undo", None),
    ("POST", "/redo", None),
    ("PATCH", "", {"name": "Mine"}),
    ("POST", "/import", {"type": "FeatureCollection", "features": []}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=[path or "change" for _, path, _ in WRITES])
def test_a_write_says_what_was_seen(draft: Draft, method, path, body):
    told(draft.client.request(method, f"{draft.at}{path}", json=body), 428, "if_match_missing")
    seen = draft.tag
    draft.edit(split_first())
    for tag in (seen, seen.replace("-r1-", "-r3-"), seen.replace('"d', '"d9'), "*", '"x"', seen.strip('"')):
        problem = told(draft.send(path, body, method=method, tag=tag), 412, "draft_changed")
        assert {name: problem["values"][name] for name in ("revision", "by", "what")} == {
            "revision": 2,
            "by": "wang",
            "what": "split",
        }
    assert len(draft.get().json()["edits"]) == 1


def test_of_two_planners_at_once_the_second_gets_a_conflict(committing_client: TestClient):
    draft = Draft(committing_client, new_draft(committing_client))
    corner = at(2, 2)
    with ThreadPoolExecutor(2) as pool:
        for revision in range(1, 6):
            goals = [at(2 + revision / 16, 2 + aside / 16) for aside in (1, 2)]
            edits = [move_corner() | {"vertex": corner, "to": goal} for goal in goals]
            seen = draft.get().headers["etag"]
            answers = list(pool.map(lambda edit, tag=seen: draft.send("/edits", edit, tag=tag), edits))
            assert sorted(answer.status_code for answer in answers) == [200, 412]
            corner = goals[[answer.status_code for answer in answers].index(200)]
    assert len(draft.get().json()["edits"]) == 5


def test_a_refused_edit_tells_its_place(draft: Draft):
    problem = told(draft.edit(move_corner(4.5, 4.5)), 422, "borders_cross")
    assert shapely.dwithin(shape(problem["where"]), squares((0, 0, 8, 5)), 0)
    assert draft.get().headers["etag"] == draft.tag


@pytest.mark.parametrize(
    ("edit", "code", "field"),
    [
        ({}, "invalid_value", None),
        ({"kind": "melt"}, "invalid_value", None),
        (merge_top() | {"into": "7"}, "invalid_value", "merge.into"),
        (merge_top() | {"more": 1}, "invalid_value", "merge.more"),
        (merge_top() | {"grids": []}, "invalid_value", "merge.grids"),
        (merge_top() | {"grids": [2**31]}, "invalid_value", "merge.grids.0"),
        ({name: value for name, value in merge_top().items() if name != "datum"}, "invalid_value", "merge.datum"),
        (split_first(snap_m=1e9), "invalid_value", "split.snap_m"),
        (split_first(name="\0"), "invalid_value", "split.name"),
        (
            split_first() | {"line": {"type": "LineString", "coordinates": [[1, 2]]}},
            "invalid_value",
            "split.line.coordinates",
        ),
        (split_first() | {"line": {"type": "LineString", "coordinates": [[1, 2], [3, 1e400]]}}, "invalid_value", None),
        (split_first() | {"line": {"type": "Point", "coordinates": [1, 2]}}, "invalid_value", "split.line.type"),
        (carve_middle() | {"buildings": [1]}, "invalid_value", "carve"),
        (carve_middle() | {"area": None}, "invalid_value", "carve"),
        (carve_middle() | {"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}, "bad_drawing", "area"),
        (carve_middle() | {"datum": "bd09"}, "datum_not_stored", "datum"),
        (
            {"kind": "replace", "datum": "wgs84", "cells": [{"grid_no": 77, "geometry": None}]},
            "grid_not_given",
            "cells",
        ),
        ({"kind": "replace", "datum": "wgs84", "cells": [{"grid_no": 7, "geometry": None}]}, "ground_lost", "cells"),
    ],
    ids=range(18),
)
def test_an_edit_that_cannot_be_read_is_refused_in_the_one_shape(draft: Draft, edit, code, field):
    text = json.dumps(edit).replace("Infinity", "1e400")
    answer = draft.client.post(
        f"{draft.at}/edits", content=text, headers={"If-Match": draft.tag, "Content-Type": "application/json"}
    )
    problem = told(answer, 422, code)
    assert field is None or problem["field"] == field


def test_a_draft_under_review_refuses_edits(draft: Draft):
    assert draft.send("", {"state": "in_review"}, method="PATCH").json()["state"] == "in_review"
    told(draft.edit(merge_top()), 409, "draft_not_open")
    told(draft.send("", {"state": "published"}, method="PATCH"), 409, "draft_state")
    assert draft.send("", {"state": "draft", "name": "Again"}, method="PATCH").json()["name"] == "Again"
    assert draft.edit(merge_top()).status_code == 200


def test_settings_are_kept_and_wrong_ones_are_not(draft: Draft):
    wanted = {"measure": "people", "band": {"low": 100, "high": 300}}
    assert draft.send("", {"settings": wanted}, method="PATCH").json()["settings"] == wanted
    assert draft.send("", {"settings": {"band": None}}, method="PATCH").json()["settings"] == {"measure": "people"}
    told(draft.send("", {"settings": {"measure": "luck"}}, method="PATCH"), 422, "unknown_measure")
    told(draft.send("", {"settings": {"colour": 1}}, method="PATCH"), 422, "unknown_word")
    told(draft.send("", {"settings": {"weights": {"case": 10**400}}}, method="PATCH"), 422, "bad_weight")
    revision = draft.get().json()["revision"]
    assert draft.send("", {}, method="PATCH").json()["revision"] == revision


def test_a_comment_needs_no_tag_and_changes_none(draft: Draft):
    place = list(at(1, 1))
    said = draft.client.post(f"{draft.at}/comments", json={"text": "太大？", "at": place}, headers={"X-Actor": "li"})
    assert said.status_code == 201
    event = said.json()["events"][-1]
    assert (event["actor"], event["kind"], event["detail"]) == ("li", "comment", {"text": "太大？", "at": place})
    assert said.headers["etag"] == draft.get().headers["etag"] == draft.tag


@pytest.mark.parametrize("path", ["", "/changes"])
def test_a_tag_is_never_newer_than_what_it_came_with(committing_client: TestClient, path: str):
    """Another planner saves after each statement of the answer in turn."""
    engine, after = committing_client.app.state.engine, 0
    new_draft(committing_client)
    while True:
        draft = Draft(committing_client, committing_client.post(API, json={"scheme": SCHEME, "name": "Summer"}))
        after += 1
        seen = 0

        def meanwhile(*_: Any, number: int = draft.id, wanted: int = after) -> None:
            nonlocal seen
            seen += 1
            if seen == wanted:
                with unit_of_work(engine) as session:
                    editing.save_edit(session, WANG, number, split_first(), revision=1)

        of_engine.listen(engine, "after_cursor_execute", meanwhile)
        try:
            answer = draft.get(path)
        finally:
            of_engine.remove(engine, "after_cursor_execute", meanwhile)
        body = answer.json()
        is_told = len(body["changed"]["features"]) if path else len(body["edits"])
        assert answer.headers["etag"] == f'"d{draft.id}-r1-v1"' or is_told, f"saved after statement {after}"
        if seen < after:
            return


def test_a_draft_goes_out_as_a_file_and_comes_back(draft: Draft, tmp_path: Path):
    draft.edit(move_corner(2.1, 2.3))
    package = draft.get("/export", params={"format": "gpkg"})
    assert package.headers["content-type"] == "application/geopackage+sqlite3"
    assert package.headers["content-disposition"] == f'attachment; filename="draft-{draft.id}.gpkg"'
    (tmp_path / "draft.gpkg").write_bytes(package.content)
    assert len(geopandas.read_file(tmp_path / "draft.gpkg")) == 8
    plain = draft.get("/export")
    assert plain.headers["content-type"] == "application/geo+json"
    collection = plain.json()
    told(draft.send("/import", collection), 422, "nothing_changes")
    seven, eight = (one for one in collection["features"] if one["properties"]["grid_no"] in (7, 8))
    whole = shapely.coverage_union_all([shape(seven["geometry"]), shape(eight["geometry"])])
    seven["geometry"] = json.loads(shapely.to_geojson(whole))
    collection["features"].remove(eight)
    back = draft.send("/import", collection)
    assert back.status_code == 200, back.text
    assert back.json()["ended"] == [8]
    assert [one["properties"]["grid_no"] for one in back.json()["changed"]["features"]] == [7]
    told(draft.send("/import", collection), 412, "draft_changed")
    told(draft.get("/export", params={"format": "dwg"}), 422, "invalid_value")


@pytest.mark.parametrize("body", [[], {}, {"type": "FeatureCollection", "features": [{}]}, {"type": "Point"}])
def test_an_import_that_is_no_coverage_is_refused(draft: Draft, body):
    assert draft.send("/import", body).status_code == 422


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "abc", "9" * 18, "9" * 19, "９"])
def test_a_number_of_no_draft_is_not_found(client: TestClient, number):
    told(client.get(f"{API}/{number}"), 404, "unknown_draft")
    told(client.get(f"{API}/{number}/changes"), 404, "unknown_draft")
    told(client.post(f"{API}/{number}/undo", headers={"If-Match": '"d1-r1-v1"'}), 404, "unknown_draft")
