"""The sample town as a stranger meets it, and the way of a row that was set aside back into the city."""

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from api.app import create_app
from data.session import read_only
from data.tables import PatrolPlan
from layers.patrols.asking import Asked
from layers.patrols.plans import points_and_plans
from tests.cluster import Cluster, Database
from tests.conftest import FROM_HERE
from tests.journeys.commands import gridkeeper_within


@pytest.fixture
def sample(cluster: Cluster, sample_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    with cluster.clone(sample_template, next(clone_name)) as made:
        yield made


def test_every_placement_of_the_sample_town_follows_the_rule(sample):
    told = gridkeeper_within(sample, "check")
    assert told.code == 0
    assert told.facts["differences"] == []
    assert told.facts["placements"] > 7_000


def test_a_loaded_sample_is_left_alone_and_a_broken_off_load_is_gone_on_with(sample):
    assert gridkeeper_within(sample, "demo", "--if-empty").facts == {"loaded": False}
    assert gridkeeper_within(sample, "demo").code == 2
    with sample.owner.begin() as connection:
        connection.execute(text("ALTER TABLE case_events DISABLE TRIGGER append_only"))
        connection.execute(text("TRUNCATE cases, case_events, placements"))
    again = gridkeeper_within(sample, "demo", "--if-empty")
    assert again.facts["loaded"] is True
    assert again.facts["stored"] > 3_500


def test_cases_show_in_every_scheme_in_which_they_have_a_place(sample):
    with TestClient(create_app(sample.settings), **FROM_HERE) as client:
        schemes = {one["name"]: one for one in client.get("/api/v1/schemes").json()["schemes"]}
        items = client.get("/api/v1/layers/cases/items", params={"scheme": "unit", "limit": 10_000}).json()
        counts = client.get("/api/v1/layers/grids/counts", params={"scheme": "unit"}).json()
    assert schemes["unit"]["cases"] == items["numberReturned"] == counts["total"] > 3_500
    assert 0 < schemes["dedicated"]["cases"] < schemes["duty"]["cases"]


def test_patrols_of_the_sample_are_done_late_or_missed_and_of_one_nobody_can_tell(sample):
    with read_only(sample.app) as session:
        day = session.scalars(select(PatrolPlan.day).where(PatrolPlan.day.is_not(None)).limit(1)).one()
        plans = points_and_plans(session, Asked(scheme="duty", first=day, last=day))["plans"]
        # Some are to be seen by six in the morning: those of the day before that are over, whatever time it is.
        before = day - timedelta(days=1)
        points = points_and_plans(session, Asked(scheme="duty", first=before, last=before))["points"]
    assert {"done", "partial", "unknown"} <= {plan["state"] for plan in plans}
    assert {bool(point["done"]) for point in points} == {True, False}
    assert all(point["missed"] for point in points if not point["people"])


def test_a_mended_quarantine_file_brings_its_rows_back(sample, tmp_path):
    rows = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "lon": ["113.65", "113.651", "113.652"],
            "lat": ["34.75", "north", "34.752"],
            "at": ["2026-05-03 08:00"] * 3,
        }
    )
    first, aside, mended = (tmp_path / name for name in ("rows.csv", "aside.csv", "mended.csv"))
    rows.to_csv(first, index=False)
    columns = ("--id", "id", "--lon", "lon", "--lat", "lat", "--at", "at", "--datum", "wgs84", "--dataset", "mine")
    told = gridkeeper_within(sample, "import", "cases", first, *columns).facts
    assert (told["read"], told["stored"], told["quarantined"]) == (3, 2, 1)
    assert gridkeeper_within(sample, "export", "quarantine", "-o", aside).code == 0
    set_aside = pd.read_csv(aside, dtype="str")
    assert set_aside[["field", "value", "reason"]].to_numpy().tolist() == [["lat", "north", "not_a_number"]]
    set_aside.assign(lat="34.751").to_csv(mended, index=False)
    told = gridkeeper_within(sample, "import", "cases", mended, *columns).facts
    assert (told["read"], told["stored"], told["quarantined"]) == (1, 1, 0)
    told = gridkeeper_within(sample, "import", "cases", first, *columns).facts
    assert (told["stored"], told["already_there"], told["quarantined"]) == (0, 2, 1)
