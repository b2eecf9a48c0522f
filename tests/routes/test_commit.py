"""The answer leaves after the commit, and a broken rule of the tables has a name."""

from __future__ import annotations

from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from tests.cluster import Database
from tests.conftest import FROM_HERE
from tests.routes.requests import a_report, told

_BROKEN_AT_COMMIT = """
CREATE FUNCTION refuse_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no more cases: secret words' USING ERRCODE = '{code}'; END $$;
CREATE CONSTRAINT TRIGGER refuse_case AFTER INSERT ON cases DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_case()
"""


def break_commits(town: Database, code: str) -> None:
    with town.owner.begin() as connection:
        connection.execute(text(_BROKEN_AT_COMMIT.format(code=code)))


def test_a_commit_that_fails_is_an_error_and_never_a_201(town: Database):
    break_commits(town, "check_violation")
    with TestClient(create_app(town.settings), **FROM_HERE) as client:
        answer = client.post("/api/v1/cases", json=a_report(), headers={"Idempotency-Key": "k"})
        problem = told(answer, 409, "rule_broken")
        assert "secret" not in answer.text
        assert problem["values"] == {"constraint": None}
        assert client.get("/api/v1/layers/cases/items").json()["features"] == []


def test_what_nobody_expected_is_a_500_with_a_reference_and_no_inner_words(town: Database, caplog):
    break_commits(town, "raise_exception")
    with TestClient(create_app(town.settings), raise_server_exceptions=False, **FROM_HERE) as client:
        answer = client.post("/api/v1/cases", json=a_report())
    problem = told(answer, 500, "unexpected")
    assert "secret" not in answer.text
    assert problem["values"]["reference"] in problem["detail"]
    assert problem["values"]["reference"] in caplog.text
    assert "secret words" in caplog.text
