"""Reach over HTTP: answers, files, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely import Point
from starlette.testclient import TestClient

from api.app import create_app
from data.session import unit_of_work
from layers.grids.ground import import_ground
from layers.reach.places import PLACES
from tests.cluster import Cluster, Database
from tests.conftest import FROM_HERE
from tests.imports import PLANNER
from tests.routes.requests import told
from tests.statements import noting
from tests.town import at


@pytest.fixture(scope="module")
def service(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[TestClient]:
    """The service of the town with a clinic at the west end of its road."""
    with cluster.clone(town_template, next(clone_name)) as made:
        place(made)
        with TestClient(create_app(made.settings), **FROM_HERE) as calling:
            yield calling


def place(database: Database) -> None:
    columns = {"row_no": [1], "source_id": ["c1"], "name": ["West 西"], "service": ["clinic"]}
    frame = geopandas.GeoDataFrame(columns, geometry=[Point(*at(0, 2))], crs=4326).rename_geometry("geom")
    with unit_of_work(database.app) as session:
        import_ground(session, PLANNER, frame, PLACES, tree="town", file="places.gpkg")


def asked(calling: TestClient, part: str = "", **more: Any) -> Any:
    return calling.get(f"/api/v1/reach{part}", params=more)


def test_the_answer_holds_all_that_the_page_shows(service: TestClient):
    found = asked(service, service="clinic", minutes=20).json()
    assert set(found) == {
        *(
            "scheme",
            "tree",
            "version",
            "time_zone",
            "service",
            "minutes",
            "speed_kmh",
            "join_m",
            "services",
            "stations",
        ),
        *("pieces", "total", "outside", "grids", "areas", "method", "n"),
    }
    assert (found["scheme"], found["version"], found["minutes"], found["speed_kmh"]) == ("duty", 2, 20, 4.8)
    assert [row["code"] for row in found["grids"]] == ["D01", "D02", "D03", "D04", "D05", "D06", "D07", "D08"]
    (station,) = found["stations"]
    assert (station["name"], station["service"], station["buildings"]) == ("West 西", "clinic", 1)
    assert found["total"]["buildings_within"] == 1


def test_what_is_remembered_is_not_worked_out_again_and_eight_statements_are_enough(service: TestClient):
    statements: list[str] = []

    first = asked(service, service="clinic")
    with noting(service.app.state.engine, lambda sql, _: statements.append(sql)):
        again = asked(service, service="clinic")
    assert first.content == again.content
    assert not [one for one in statements if "ST_AsBinary" in one]
    assert len([one for one in statements if one.startswith("SELECT")]) <= 8


@pytest.mark.parametrize(
    ("part", "more", "columns"),
    [
        ("", {"table": "grids"}, {"grid_no", "code", "name", "share", "median_min"}),
        ("", {"table": "areas"}, {"level", "code", "people_share"}),
        ("", {"table": "stations"}, {"name", "service", "buildings", "lon", "lat"}),
        ("/sites", {"minutes": 9.5}, {"rank", "gains_buildings", "share_after", "lon", "lat"}),
        ("/area", {}, {"minutes"}),
        ("/streets", {}, {"minutes", "name", "station_name"}),
    ],
)
def test_answers_are_taken_along_as_files(
    service: TestClient, tmp_path: Path, part: str, more: dict, columns: set[str]
):
    formats = ["geojson", "gpkg"] if part in ("/area", "/streets") else ["csv", "geojson", "gpkg"]
    for kind in formats:
        answer = asked(service, part, service="clinic", format=kind, **more)
        assert answer.status_code == 200, answer.text
        if kind == "csv":
            rows = list(csv.DictReader(io.StringIO(answer.text)))
            assert rows
            assert columns <= set(rows[0])
            continue
        file = tmp_path / f"taken.{kind}"
        file.write_bytes(answer.content)
        frame = geopandas.read_file(file)
        assert len(frame)
        assert columns <= set(frame.columns)
        assert not frame.geometry.is_empty.any()


def test_one_more_station_is_proposed(service: TestClient):
    found = asked(service, "/sites", service="clinic", minutes=9.5, k=1, by="buildings").json()
    assert [(one["gains_buildings"], one["gains_people"], one["share_after"]) for one in found["sites"]] == [
        (1, None, 0.3333)
    ]


def test_empty_answers_are_files_too(service: TestClient):
    for part in ("", "/sites", "/area", "/streets"):
        for kind in ("geojson", "gpkg"):
            assert asked(service, part, scheme="beats", format=kind).status_code == 200, (part, kind)
    assert asked(service, "/sites", scheme="beats", format="csv").status_code == 200
    assert asked(service, scheme="beats", table="stations", format="csv").status_code == 200


def test_what_is_not_there_is_named(service: TestClient):
    problem = told(asked(service, service="bakery"), 404, "unknown_service")
    assert problem["values"] == {"services": ["clinic", "kiosk"]}
    told(asked(service, "/streets", scheme="nope"), 404, "unknown_scheme")
    assert told(asked(service, minutes=0), 422, "bad_walk")["field"] == "minutes"
    told(asked(service, "/sites", k=0), 422, "invalid_value")
    told(asked(service, nonsense=1), 422, "invalid_value")
