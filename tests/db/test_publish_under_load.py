"""Boundaries are published again and again while two programs take cases in: each case has the right version."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from layers.cases.check import check
from tests.boundaries import MISPLACED
from tests.cluster import Database
from tests.conftest import CHECKOUT
from tests.imports import rows_of
from tests.routes.requests import a_report
from tests.statements import noting

SECONDS = 8
COLUMNS = (1, 3, 6)
PUBLISHING = """
import json, sys, time
from collections import Counter
from data.session import engine
from data.settings import DatabaseSettings
from layers.errors import Conflict
from tests.boundaries import publish_halves

print("ready", flush=True)
stop = float(sys.stdin.readline()) + time.monotonic()
bind, told = engine(DatabaseSettings()), Counter()
while time.monotonic() < stop:
    try:
        publish_halves(bind, 1 + told.total() % 7)
        told["published"] += 1
    except Conflict as refused:
        told[refused.code] += 1
    # Long enough for a small chunk to be judged and stored between two publications, on a busy machine too.
    time.sleep(0.5)
print(json.dumps(told))
"""
IMPORTING = """
import json, sys, time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
import pandas as pd
from data.readers.chunk import Chunk
from data.session import engine
from data.settings import DatabaseSettings
from layers.errors import Conflict
from tests.imports import take_cases
from tests.town import at

def chunks():
    for first in range(1, 80, 20):
        rows = np.arange(first, first + 20)
        lon, lat = at(rows % 80 / 10, rows % 50 / 10)
        yield Chunk(pd.DataFrame(
            {"row_no": rows, "id": rows.astype(str), "lon": lon, "lat": lat, "at": datetime.now(UTC).isoformat()}
        ))

print("ready", flush=True)
stop = float(sys.stdin.readline()) + time.monotonic()
bind, told = engine(DatabaseSettings()), Counter()
while time.monotonic() < stop:
    told["runs"] += 1
    try:
        done = take_cases(bind, Path(f"{told['runs']}.csv"), columns={"at": "at"}, chunks=chunks())
        told["stored"] += done.stored
    except Conflict as refused:
        told[refused.code] += 1
print(json.dumps(told))
"""


@pytest.fixture
def attempts(committing_client: TestClient) -> Iterator[Counter[str]]:
    """How often the service tried to store a report."""
    seen: Counter[str] = Counter()

    def note(sql: str, _: Any) -> None:
        seen["stored"] += sql.startswith("EXECUTE insert_case ")

    with noting(committing_client.app.state.engine, note):
        yield seen


@contextmanager
def running(town: Database, program: str) -> Iterator[subprocess.Popen[str]]:
    """A program that waits to be told for how many seconds to work."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], env=town.env, cwd=CHECKOUT, text=True, **pipes) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def post_reports(client: TestClient, column: float, *, during: subprocess.Popen[str]) -> Counter[int]:
    told: Counter[int] = Counter()
    while during.poll() is None:
        # Clocks of phones run ahead a little, so some happen after the next publication.
        ahead = timedelta(milliseconds=10 * (told.total() % 5))
        when = (datetime.now(UTC) + ahead).isoformat()
        told[client.post("/api/v1/cases", json=a_report(column, 1, occurred_at=when)).status_code] += 1
    return told


def counted(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(out)


def test_no_case_is_judged_by_another_version_than_the_one_valid_when_it_happened(
    committing_client: TestClient, town: Database, attempts: Counter[str]
):
    with running(town, PUBLISHING) as publishing, running(town, IMPORTING) as importing:
        for process in (publishing, importing):
            print(SECONDS, file=process.stdin, flush=True)
        with ThreadPoolExecutor(len(COLUMNS)) as pool:
            posting = [pool.submit(post_reports, committing_client, one, during=publishing) for one in COLUMNS]
            answers = sum((post.result() for post in posting), Counter())
        published, imported = counted(publishing), counted(importing)
    assert published["published"] >= 5, published
    assert rows_of(town.app, "SELECT count(*) FROM cases WHERE batch_id IS NOT NULL")[0][0] >= 20, imported
    assert set(answers) == {201}
    assert attempts["stored"] > answers[201], "no report was ever found again"
    assert rows_of(town.app, MISPLACED) == []
    assert rows_of(town.app, "SELECT count(DISTINCT version) FROM placements")[0][0] >= 5
    with Session(town.app) as session:
        report = check(session)
    assert report.differences == []
