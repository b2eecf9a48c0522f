"""A repeat of a report with the same Idempotency-Key is harmless, whoever answers it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from tests.cluster import Database
from tests.conftest import CHECKOUT, FROM_HERE
from tests.routes.requests import a_report, told

CASES = "/api/v1/cases"
KEY = {"Idempotency-Key": "once"}
_IN_ANOTHER_PROCESS = """
import json, sys
from starlette.testclient import TestClient
from api.app import create_app
with TestClient(create_app(), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)) as client:
    answer = client.post("/api/v1/cases", json=json.loads(sys.argv[1]), headers={"Idempotency-Key": "once"})
    print(answer.headers.get("idempotent-replay"), answer.text)
"""


def stored_cases(town: Database) -> int:
    with town.app.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM cases")).scalar_one()


def test_a_repeat_gets_the_first_answer_byte_for_byte(client: TestClient):
    first = client.post(CASES, json=a_report(description="once"), headers=KEY)
    again = client.post(CASES, json=a_report(description="once"), headers=KEY)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"


def test_the_same_values_written_another_way_are_the_same_body(client: TestClient):
    first = client.post(CASES, json={"lon": 113.63, "lat": 34.753, "datum": "wgs84"}, headers=KEY)
    body = '{"datum":"wgs84", "lat":34.7530, "lon":113.63, "description":null}'
    again = client.post(CASES, content=body, headers={**KEY, "Content-Type": "application/json"})
    assert again.content == first.content


def test_a_key_with_another_body_is_a_conflict_and_stores_nothing(client: TestClient):
    client.post(CASES, json=a_report(), headers=KEY)
    told(client.post(CASES, json=a_report(3, 1), headers=KEY), 409, "key_reused")
    assert client.get("/api/v1/layers/cases/items").json()["numberReturned"] == 1


def test_a_key_belongs_to_its_actor(client: TestClient):
    first = client.post(CASES, json=a_report(), headers={**KEY, "X-Actor": "wang"}).json()
    other = client.post(CASES, json=a_report(), headers={**KEY, "X-Actor": "li"}).json()
    assert first["number"] != other["number"]


def test_without_a_key_every_report_is_a_case(client: TestClient):
    numbers = {client.post(CASES, json=a_report()).json()["number"] for _ in range(3)}
    assert len(numbers) == 3


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_an_unusable_key_is_refused(client: TestClient, key):
    problem = told(client.post(CASES, json=a_report(), headers={"Idempotency-Key": key}), 422, "invalid_value")
    assert problem["field"] == "Idempotency-Key"


def test_a_refused_report_does_not_use_up_its_key(client: TestClient):
    told(client.post(CASES, json=a_report(80, 0), headers=KEY), 422, "too_far")
    assert client.post(CASES, json=a_report(), headers=KEY).status_code == 201


def test_a_repeat_is_answered_even_when_the_report_would_now_be_refused(committing_client: TestClient, town: Database):
    first = committing_client.post(CASES, json=a_report(6, 5.5), headers=KEY)
    with town.owner.begin() as connection:
        connection.execute(text("UPDATE schemes SET far_limit_m = 1"))
    assert committing_client.post(CASES, json=a_report(6, 5.5), headers=KEY).content == first.content
    told(committing_client.post(CASES, json=a_report(6, 5.6), headers=KEY), 409, "key_reused")
    told(committing_client.post(CASES, json=a_report(6, 5.5)), 422, "too_far")


def test_the_first_answer_survives_a_restart_and_reaches_another_process(town: Database):
    with TestClient(create_app(town.settings), **FROM_HERE) as before:
        first = before.post(CASES, json=a_report(), headers=KEY)
    with TestClient(create_app(town.settings), **FROM_HERE) as after:
        assert after.post(CASES, json=a_report(), headers=KEY).content == first.content
    command = [sys.executable, "-c", _IN_ANOTHER_PROCESS, json.dumps(a_report())]
    done = subprocess.run(command, env=town.env, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"true {first.text}"
    assert stored_cases(town) == 1


def test_twenty_repeats_at_once_make_one_case(committing_client: TestClient, town: Database):
    def send(_: int):
        return committing_client.post(CASES, json=a_report(), headers=KEY)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replay" not in answer.headers for answer in answers) == 1
    assert stored_cases(town) == 1
