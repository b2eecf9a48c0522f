"""Where people have been, over HTTP: who may see it, what is put down of each look, and the files to take along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from data.session import unit_of_work
from data.settings import PatrolSettings
from tests.cluster import Cluster, Database
from tests.conftest import FROM_HERE
from tests.patrolling import NOON, enrol, fix, on_shift, take
from tests.routes.requests import told

SUPERVISOR = {"X-Actor": "sue", "X-Role": "supervisor"}
DISPATCHER = {"X-Actor": "dan", "X-Role": "dispatcher"}
WANG = {"X-Actor": "P01", "X-Role": "grid_worker"}
DAY = {"from": "2026-05-04", "to": "2026-05-04"}
_GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture(scope="module")
def walked_town(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The town after two people walked: Wang for twenty minutes with a silence of ten, Li for twenty in the next grid;
    Wang is on shift now, too, and told where he is."""
    with cluster.clone(town_template, next(clone_name)) as made:
        with unit_of_work(made.app) as session:
            wang, li = enrol(session, "phone-1"), enrol(session, "phone-2", staff_no="P02")
            now = datetime.now(UTC)
            for device in (wang, li):
                on_shift(session, device, NOON, NOON + timedelta(minutes=30))
            on_shift(session, wang, now - timedelta(hours=1), now + timedelta(hours=1))
        minutes = [nth / 4 for nth in range(40)] + [20 + nth / 4 for nth in range(40)]
        take(made.app, wang, [fix(minute, 0.2 + 0.05 * minute, 1.0) for minute in minutes])
        take(made.app, li, [fix(minute, 2.2 + 0.05 * minute, 1.0) for minute in minutes])
        seconds_ago = (now - NOON).total_seconds() / 60 - 0.5
        take(made.app, wang, [fix(seconds_ago, 1.0, 1.0)], now=now)
        yield made


@pytest.fixture(scope="module")
def service(walked_town: Database) -> Iterator[TestClient]:
    """The service of that town, which keeps fixes for ever."""
    for_ever = PatrolSettings(fixes_kept_days=0)
    with TestClient(create_app(walked_town.settings, fixes_kept=for_ever), **FROM_HERE) as calling:
        yield calling


def asked(service: TestClient, part: str, who: dict[str, str], **more: Any) -> Any:
    """An answer about that day."""
    return service.get(f"/api/v1/patrols/{part}", params={**DAY, **more}, headers=who)


def looks(service: TestClient, staff: str = "P01", who: dict[str, str] = WANG) -> list[dict[str, Any]]:
    """The record of who looked at somebody, newest first."""
    answer = service.get("/api/v1/patrols/views", params={"staff": staff, "tree": "town"}, headers=who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["views"]
    return found


def test_a_worker_sees_the_own_trace_and_no_other(service: TestClient):
    found = asked(service, "traces", WANG).json()["traces"]
    assert [(one["staff_no"], one["device"], one["day"]) for one in found] == [("P01", "phone-1", "2026-05-04")]
    (trace,) = found
    assert len(trace["at"]) == len(trace["lon"]) == len(trace["kind"]) + 1 == 80
    assert trace["kind"].count("gap") == 1
    told(asked(service, "traces", WANG, staff="P02"), 403, "trace_role")
    told(asked(service, "coverage", WANG, staff="P02"), 403, "trace_role")
    told(service.get("/api/v1/patrols/views", params={"staff": "P02"}, headers=WANG), 403, "trace_role")


@pytest.mark.parametrize("what", ["coverage", "traces", "live", "unvisited"])
def test_a_resident_sees_nobody(service: TestClient, what: str):
    more = {} if what == "live" else {**DAY, "staff": "P01"}
    more |= {"what": "streets"} if what == "unvisited" else {}
    told(service.get(f"/api/v1/patrols/{what}", params=more), 403, "trace_role")
    told(service.get(f"/api/v1/patrols/{what}", params=more, headers={"X-Actor": "P01"}), 403, "trace_role")


def test_a_dispatcher_is_told_where_people_are_and_not_where_they_were(service: TestClient):
    (position,) = service.get("/api/v1/patrols/live", headers=DISPATCHER).json()["positions"]
    assert (position["staff_no"], position["device"]) == ("P01", "phone-1")
    assert 25 <= position["age_s"] <= 90
    told(asked(service, "traces", DISPATCHER, staff="P01"), 403, "trace_role")


@pytest.mark.parametrize("way", ["json", "csv", "xlsx", "gpx"])
def test_each_reading_of_a_trace_is_put_down_for_whom_it_concerns(service: TestClient, way: str):
    before = len(looks(service))
    others = len(looks(service, "P02", SUPERVISOR))
    assert asked(service, "traces", SUPERVISOR, staff="P01", format=way).status_code == 200
    assert asked(service, "traces", SUPERVISOR, staff="P01", format=way).status_code == 200
    found = looks(service)
    assert len(found) == before + 2
    assert len(looks(service, "P02", SUPERVISOR)) == others
    newest = found[0]
    assert (newest["viewer"], newest["role"], newest["what"]) == ("sue", "supervisor", "page" if way == "json" else way)
    assert datetime.fromisoformat(newest["since"]) == datetime(2026, 5, 3, 16, tzinfo=UTC)
    assert datetime.fromisoformat(newest["until"]) == datetime(2026, 5, 4, 16, tzinfo=UTC)


def test_a_look_at_a_team_is_put_down_for_each_of_it(service: TestClient):
    before = {staff: len(looks(service, staff, SUPERVISOR)) for staff in ("P01", "P02")}
    found = asked(service, "traces", SUPERVISOR, team="north").json()["traces"]
    assert sorted(one["staff_no"] for one in found) == ["P01", "P02"]
    assert {staff: len(looks(service, staff, SUPERVISOR)) - many for staff, many in before.items()} == {
        "P01": 1,
        "P02": 1,
    }


def test_watching_live_positions_is_one_look(service: TestClient):
    who = {"X-Actor": "kim", "X-Role": "supervisor"}
    for _ in range(3):
        service.get("/api/v1/patrols/live", headers=who)
    assert [one["what"] for one in looks(service) if one["viewer"] == "kim"] == ["live"]


def test_numbers_of_one_person_are_a_look_and_those_of_all_are_none(service: TestClient):
    who = {"X-Actor": "lee", "X-Role": "shift_chief"}
    assert asked(service, "coverage", who).status_code == 200
    assert [one for one in looks(service) if one["viewer"] == "lee"] == []
    asked(service, "coverage", who, staff="P01")
    asked(service, "unvisited", who, staff="P01", what="streets")
    assert [one["what"] for one in looks(service) if one["viewer"] == "lee"] == ["page"]


def test_of_a_device_that_nobody_knows_nothing_is_told(service: TestClient):
    assert asked(service, "coverage", SUPERVISOR, device="nope").json()["people"] == []
    assert asked(service, "traces", SUPERVISOR, device="nope").json()["traces"] == []


def test_nobody_reads_everybodys_trace_by_asking_for_nobody_in_particular(service: TestClient):
    told(asked(service, "traces", SUPERVISOR), 422, "whose_trace")


def test_coverage_tells_grids_and_people_with_the_quality_of_each(service: TestClient):
    found = asked(service, "coverage", SUPERVISOR).json()
    assert [one["code"] for one in found["grids"]] == sorted(one["code"] for one in found["grids"])
    assert [one["staff_no"] for one in found["people"]] == ["P02", "P01"], "by name"
    for row in [*found["grids"], *found["people"], found["total"]]:
        assert {"fixes", "interval_median_s", "gaps", "traced", "interpolated"} <= row["quality"].keys()
        assert isinstance(row["withheld"], list)
    assert found["choices"]["teams"] == ["north"]
    assert [one["name"] for one in found["choices"]["people"]] == ["Li 李二", "Wang 王一"]
    assert found["points"] == found["plans"] == []


def test_a_worker_is_told_the_own_numbers_alone(service: TestClient):
    found = asked(service, "coverage", WANG).json()
    assert [one["staff_no"] for one in found["people"]] == ["P01"]
    assert [one["staff_no"] for one in found["choices"]["people"]] == ["P01"]


def test_tables_come_as_files(service: TestClient):
    answer = asked(service, "coverage", SUPERVISOR, table="people", format="csv")
    assert 'filename="patrol-people-2026-05-04-2026-05-04.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["staff_no"] for row in rows] == ["P02", "P01"]
    assert {"km", "interval_median_s", "withheld", "fates_kept"} <= rows[0].keys()
    sheet = asked(service, "coverage", SUPERVISOR, table="grids", format="xlsx")
    assert len(list(openpyxl.load_workbook(io.BytesIO(sheet.content)).active.rows)) == 1 + 9 - 1


def test_fixes_come_as_a_table_and_as_gpx_that_is_parted_at_the_silence(service: TestClient):
    told_ones = asked(service, "traces", WANG).json()["traces"][0]
    rows = list(csv.DictReader(io.StringIO(asked(service, "traces", WANG, format="csv").text)))
    assert [float(row["lon"]) for row in rows] == told_ones["lon"]
    assert (rows[0]["at"], rows[-1]["what"]) == ("2026-05-04T12:00:00+08:00", "last")
    gpx = ElementTree.fromstring(asked(service, "traces", WANG, format="gpx").content)
    parts = [part.findall(f"{_GPX}trkpt") for part in gpx.iter(f"{_GPX}trkseg")]
    assert [len(part) for part in parts] == [40, 40]
    assert [float(point.get("lon", "")) for part in parts for point in part] == told_ones["lon"]
    assert parts[0][0].findtext(f"{_GPX}time") == "2026-05-04T04:00:00Z"


def test_what_nobody_was_near_comes_as_shapes(service: TestClient):
    found = asked(service, "unvisited", SUPERVISOR, what="buildings").json()
    assert found["type"] == "FeatureCollection"
    assert {one["properties"]["name"] for one in found["features"]} <= {"House 1", "House 2", "House 3"}
    assert all(one["properties"].keys() == {"id", "name", "days_since"} for one in found["features"])


@pytest.mark.parametrize(
    ("what", "more", "status", "code"),
    [
        ("coverage", {"scheme": "atlantis"}, 404, "unknown_scheme"),
        ("coverage", {"from": "2026-05-05"}, 422, "bad_period"),
        ("coverage", {"reach_m": "-1"}, 422, "bad_distance"),
        ("coverage", {"reach_m": "nan"}, 422, "invalid_value"),
        ("coverage", {"format": "gpx"}, 422, "invalid_value"),
        ("traces", {"staff": "nobody"}, 404, "unknown_staff"),
        ("traces", {"grid": "X"}, 422, "unknown_grid"),
        ("unvisited", {}, 422, "invalid_value"),
        ("views", {"staff": "nobody", "from": None, "to": None}, 404, "unknown_staff"),
    ],
)
def test_what_cannot_be_asked_is_refused(service: TestClient, what: str, more: dict[str, Any], status: int, code: str):
    params = {name: value for name, value in {**DAY, "tree": None, **more}.items() if value is not None}
    params |= {"tree": "town"} if what == "views" else {}
    told(service.get(f"/api/v1/patrols/{what}", params=params, headers=SUPERVISOR), status, code)
