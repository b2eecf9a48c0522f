"""Steps over HTTP: what was seen is sent back, a repeat is harmless, two dispatchers do not write over each other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from data.session import unit_of_work
from layers.cases.loop import states, steps
from tests.cluster import Database
from tests.conftest import FROM_HERE
from tests.imports import rows_of
from tests.routes.requests import a_report, told
from tests.stepping import OWN, give_town_rules

CASES = "/api/v1/cases"
CHIEF = {"X-Actor": "chen", "X-Role": "shift_chief handler"}


def new_case(client: TestClient, **more: Any) -> tuple[str, str]:
    """A case at a place where nobody answers, so that it waits: its address and its tag."""
    at = {"lon": -87.7, "lat": 41.9, "datum": "wgs84", "scheme": "beats", **more}
    address = client.post(CASES, json=at).headers["location"]
    return address, client.get(address).headers["etag"]


def take(client: TestClient, address: str, tag: str | None, step: str, **fields: Any) -> Response:
    headers = {**CHIEF, **({"If-Match": tag} if tag else {}), **fields.pop("headers", {})}
    return client.post(f"{address}/steps", json={"step": step, **fields}, headers=headers)


def test_a_step_answers_with_the_case_as_it_is_then_and_its_tag(client: TestClient):
    address, tag = new_case(client)
    answer = take(client, address, tag, "reject", reason="another city's")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["state"], body["state_names"]) == ("rejected", {"zh": "不予立案", "en": "Rejected"})
    number = address.rpartition("/")[2]
    assert (tag, answer.headers["etag"]) == (f'"c{number}-r1"', f'"c{number}-r2"')
    again = client.get(address, headers=CHIEF)
    assert again.json() == body
    assert again.headers["etag"] == answer.headers["etag"]
    event = body["events"][-1]
    assert (event["actor"], event["role"], event["kind"]) == ("chen", "shift_chief", "reject")


def test_without_what_was_seen_nothing_is_done(client: TestClient):
    address, tag = new_case(client)
    told(take(client, address, None, "reject", reason="x"), 428, "if_match_missing")
    for other in ("*", '"c1-r1"', tag.replace("r1", "r9"), f"W/{tag}"):
        problem = told(take(client, address, other, "reject", reason="x"), 412, "case_changed")
        assert problem["values"] == {"state": "queued", "revision": 1}


def test_what_is_possible_depends_on_who_asks(client: TestClient):
    address, _ = new_case(client)
    assert client.get(address).json()["allowed"] == []
    names = [one["step"] for one in client.get(address, headers=CHIEF).json()["allowed"]]
    assert {"dispatch", "reject", "merge"} <= set(names)
    assert "supervise" not in names


def test_refusals_have_their_status_and_say_what_would_do(client: TestClient):
    address, tag = new_case(client)
    problem = told(take(client, address, tag, "archive"), 409, "step_not_allowed")
    assert "dispatch" in problem["values"]["allowed"]
    told(take(client, address, tag, "supervise", reason="x"), 403, "step_role")
    assert told(take(client, address, tag, "dispatch"), 422, "field_missing")["field"] == "owner"
    assert told(take(client, address, tag, "leap"), 422, "unknown_step")["field"] == "step"
    told(take(client, f"{CASES}/5", '"c5-r1"', "note", note="x"), 404, "unknown_case")


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"step": 5}',
        '{"step": "note", "note": NaN}',
        r'{"step": "note", "note": "\ud800"}',
        r'{"step": "note", "note": "a\u0000b"}',
        r'{"step": "note", "position": {"\u0000": 1}}',
        "[]",
    ],
)
def test_a_body_that_cannot_be_stored_is_refused(client: TestClient, body: str):
    address, tag = new_case(client)
    headers = {**CHIEF, "If-Match": tag, "Content-Type": "application/json"}
    told(client.post(f"{address}/steps", content=body, headers=headers), 422, "invalid_value")


@pytest.mark.parametrize("roles", ["king", "system", "", "dispatcher, handler"])
def test_a_role_that_is_none_is_refused(client: TestClient, roles: str):
    problem = told(client.get(f"{CASES}/5", headers={"X-Role": roles}), 422, "unknown_role")
    assert problem["field"] == "X-Role"


def test_roles_are_taken_from_this_machine_only(town: Database):
    with TestClient(create_app(town.settings), base_url=FROM_HERE["base_url"], client=("192.0.2.7", 1)) as far:
        problem = told(far.get(f"{CASES}/5", headers={"X-Role": "dispatcher"}), 403, "actor_not_trusted")
    assert problem["field"] == "X-Role"


def test_a_repeat_with_the_same_key_gets_the_first_answer_and_takes_no_second_step(client: TestClient):
    address, tag = new_case(client)
    key = {"headers": {"Idempotency-Key": "once"}}
    first = take(client, address, tag, "note", note="seen", **key)
    again = take(client, address, tag, "note", note="seen", **key)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert (first.headers.get("idempotent-replay"), again.headers["idempotent-replay"]) == (None, "true")
    assert [one["kind"] for one in client.get(address).json()["events"]].count("note") == 1
    told(take(client, address, tag, "note", note="other", **key), 409, "key_reused")
    other, seen = new_case(client)
    told(take(client, other, seen, "note", note="seen", **key), 409, "key_reused")


def test_the_loop_is_told_as_the_tables_have_it(client: TestClient):
    body = client.get("/api/v1/loop").json()
    assert [one["name"] for one in body["states"]] == list(states())
    assert [one["name"] for one in body["steps"]] == list(steps())
    dispatch = next(one for one in body["steps"] if one["name"] == "dispatch")
    assert (dispatch["sources"], dispatch["to"], dispatch["needs"]) == (["reported", "queued"], "dispatched", ["owner"])
    assert all(set(one) == {"name", "zh", "en"} for one in body["stages"] + body["roles"])


def test_of_two_dispatchers_at_once_one_is_told_the_newer_state(
    committing_client: TestClient, town: Database, tmp_path: Path
):
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path)
    for _ in range(5):
        address = committing_client.post(CASES, json=a_report(6, 5.5)).headers["location"]
        tag = committing_client.get(address).headers["etag"]

        def send(code: str, address: str = address, tag: str = tag) -> Response:
            return take(committing_client, address, tag, "dispatch", owner={"department": code})

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, "STWS"))
        assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]
        stored = committing_client.get(address).json()
        won = next(one.json() for one in answers if one.status_code == 200)
        assert stored["department"] == won["department"]
        assert [one["kind"] for one in stored["events"]] == ["received", "queued", "dispatch"]
        lost = next(one.json() for one in answers if one.status_code == 412)
        assert lost["values"] == {"state": "dispatched", "revision": 2}


def test_repeats_at_once_with_one_key_take_one_step(committing_client: TestClient, town: Database):
    address, tag = new_case(committing_client)

    def send(_: int) -> Response:
        return take(committing_client, address, tag, "note", note="seen", headers={"Idempotency-Key": "k"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.content for one in answers}) == 1
    assert sum("idempotent-replay" not in one.headers for one in answers) == 1
    assert rows_of(town.app, "SELECT count(*) FROM case_events WHERE kind = 'note'") == [(1,)]


def test_two_cases_merged_into_each_other_at_once_leave_one_open(committing_client: TestClient):
    for _ in range(3):
        (one, its_tag), (other, other_tag) = new_case(committing_client), new_case(committing_client)

        def merge(case: tuple[str, str, str]) -> Response:
            address, tag, into = case
            return take(committing_client, address, tag, "merge", into=into.rpartition("/")[2])

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(merge, [(one, its_tag, other), (other, other_tag, one)]))
        assert sorted(answer.status_code for answer in answers) == [200, 422]
        found = [committing_client.get(address).json() for address in (one, other)]
        assert sorted(case["state"] for case in found) == ["merged", "queued"]
        assert {len(case["reporters"]) for case in found} == {1, 2}


def test_an_answer_to_a_step_is_plain_json_in_one_form(client: TestClient):
    address, tag = new_case(client)
    body = take(client, address, tag, "note", note="seen").content
    assert json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() == body


def test_a_department_named_by_code_is_told_in_both_languages(
    committing_client: TestClient, town: Database, tmp_path: Path
):
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path)
    address = committing_client.post(CASES, json=a_report(6, 5.5)).headers["location"]
    tag = committing_client.get(address).headers["etag"]
    body = take(committing_client, address, tag, "dispatch", **OWN, assisting=["W"]).json()
    assert body["department"] == {"code": "S", "zh": "环卫", "en": "Sanitation", "phone": "1"}
    assert body["assisting"] == [{"code": "W", "zh": "水务", "en": "Water"}]
