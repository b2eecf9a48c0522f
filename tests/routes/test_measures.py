"""Measures and letters over HTTP: the numbers, their cases page by page, files, and who decides on a letter."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from tests.routes.requests import told
from tests.stepping import SUE, give_town_rules, reported, step

SUPERVISOR = {"X-Actor": "sue", "X-Role": "supervisor"}
PERIOD = {
    "tree": "town",
    "from": str((datetime.now(UTC) - timedelta(days=2)).date()),
    "to": str((datetime.now(UTC) + timedelta(days=2)).date()),
}


@pytest.fixture
def town(client: TestClient, tmp_path: Path) -> Session:
    """The town behind the client, under the small catalogue."""
    session = Session(client.app.state.engine, join_transaction_mode="create_savepoint")
    give_town_rules(session, tmp_path)
    return session


def test_a_number_opens_page_by_page_into_the_cases_it_counts(client: TestClient, town: Session):
    reports = [reported(town) for _ in range(3)]
    town.commit()
    found = client.get("/api/v1/measures", params={**PERIOD, "by": "department"}).json()
    (group,) = found["groups"]
    assert (group["code"], group["values"]["filed"]["numerator"]) == ("S", 3)
    assert found["measures"][1]["denominator"] == "received"
    question = {**PERIOD, "by": "department", "of": "S", "measure": "filed", "as_of": found["as_of"], "limit": 2}
    first = client.get("/api/v1/measures/cases", params=question).json()
    assert ([row["number"] for row in first["rows"]], first["total"], first["next"]) == (reports[:2], 3, reports[1])
    second = client.get("/api/v1/measures/cases", params={**question, "after": first["next"]}).json()
    assert ([row["number"] for row in second["rows"]], second["next"]) == (reports[2:], None)


def test_measures_come_as_files_too(client: TestClient, town: Session):
    reported(town)
    town.commit()
    answer = client.get("/api/v1/measures", params={**PERIOD, "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="measures-{PERIOD["from"]}-{PERIOD["to"]}.csv"' in answer.headers["content-disposition"]
    rows = {row["measure"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert (rows["filed"]["numerator"], rows["filed"]["percent"]) == ("1", "100.0")
    assert (rows["closed"]["percent"], rows["closed"]["reason"]) == ("", "no_cases")
    sheet = client.get("/api/v1/measures", params={**PERIOD, "format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(sheet.content))
    assert len(list(book.active.rows)) == 1 + len(rows)


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("measures", {"by": "planet"}, 422, "unknown_word"),
        ("measures", {"tree": "atlantis"}, 404, "unknown_tree"),
        ("measures", {"from": "2027-01-02", "to": "2027-01-01"}, 422, "bad_period"),
        ("measures", {"from": "yesterday"}, 422, "invalid_value"),
        ("measures", {"colour": "red"}, 422, "invalid_value"),
        ("measures/cases", {"measure": "beauty"}, 422, "unknown_word"),
        ("measures/cases", {"measure": "filed", "by": "staff", "of": "nobody"}, 404, "unknown_group"),
        ("measures/cases", {"measure": "filed", "after": "-1"}, 422, "invalid_value"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, path: str, more: dict[str, Any], status: int, code: str):
    told(client.get(f"/api/v1/{path}", params={**PERIOD, **more}), status, code)


def test_a_letter_is_decided_on_by_a_supervisor_once(client: TestClient, town: Session):
    number = reported(town)
    for _ in range(2):
        step(town, number, "notify", SUE, reason="late")
    town.commit()
    (letter,) = client.get("/api/v1/letters", params={"state": "draft"}).json()["letters"]
    address = f"/api/v1/letters/{letter['letter']}"
    told(client.post(address, json={"decision": "send"}), 403, "letter_role")
    sent = client.post(address, json={"decision": "send", "note": "by hand"}, headers=SUPERVISOR).json()
    assert (sent["state"], sent["decided_by"], sent["note"]) == ("sent", "sue", "by hand")
    refused = told(client.post(address, json={"decision": "drop"}, headers=SUPERVISOR), 409, "letter_decided")
    assert refused["values"]["state"] == "sent"
    told(client.post("/api/v1/letters/99", json={"decision": "drop"}, headers=SUPERVISOR), 404, "unknown_letter")
    told(client.get("/api/v1/letters", params={"state": "lost"}), 422, "unknown_word")
