"""Places come in by command, and reach goes out as a page and as layers."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import geopandas
from shapely import Point

from tests.cluster import Database
from tests.imports import rows_of, write_csv
from tests.journeys.commands import gridkeeper_within
from tests.town import at


def test_places_come_from_tables_and_shapes_and_reach_goes_into_files(town: Database, tmp_path: Path):
    table = write_csv(
        tmp_path / "places.csv", [("1", "甲", *at(0, 2)), ("2", "乙", "", "")], header=["no", "titel", "x", "y"]
    )
    named = ("--id", "no", "--name", "titel", "--lon", "x", "--lat", "y", "--service", "station", "--datum", "wgs84")
    told = gridkeeper_within(town, "import", "places", table, "--tree", "town", *named)
    assert told.code == 0, told.err
    assert (told.facts["read"], told.facts["stored"], told.facts["reasons"]) == (2, 1, {"empty": 1})
    with zipfile.ZipFile(tmp_path / "places.zip", "w") as archive:
        archive.write(table, "places.csv")
    told = gridkeeper_within(town, "import", "places", tmp_path / "places.zip", "--tree", "town", *named)
    assert (told.code, told.facts["already_there"]) == (0, 1)
    shapes, columns = tmp_path / "places.gpkg", {"source_id": ["c1"], "kind": ["clinic"]}
    other = geopandas.GeoDataFrame(columns, geometry=[Point(*at(4, 2))], crs=4326)
    other.to_file(shapes, layer="places")
    other.to_file(shapes, layer="others")
    told = gridkeeper_within(town, "import", "places", shapes, "--tree", "town", "--service-column", "kind")
    assert (told.code, told.facts["stored"]) == (0, 1)
    assert rows_of(town.app, "SELECT source_id, name, service FROM places WHERE service <> 'kiosk' ORDER BY id") == [
        ("1", "甲", "station"),
        ("c1", None, "clinic"),
    ]
    cells = tmp_path / "cells.geojson"
    geopandas.GeoDataFrame(
        {"pop": [25]}, geometry=[Point(*at(3, 1)).buffer(0.004, cap_style="square")], crs=4326
    ).to_file(cells)
    told = gridkeeper_within(town, "import", "population", cells, "--tree", "town", "--people", "pop")
    assert (told.facts["people_given"], told.facts["buildings_given"]) == (25, 1)

    walk = ("--service", "station", "--minutes", 19, "--lang", "en")
    page = tmp_path / "reach.html"
    assert gridkeeper_within(town, "map", "reach", "-o", page, *walk).facts == {"map": "reach", "file": str(page)}
    assert '"people_within":25' in page.read_text(encoding="utf-8").replace(" ", "")
    grids = tmp_path / "grids.csv"
    gridkeeper_within(town, "map", "reach", "-o", grids, *walk)
    within = {row["code"]: row["people_within"] for row in csv.DictReader(grids.open(encoding="utf-8"))}
    assert within["D02"] in ("25", "25.0")
    for layer, count in (("areas", 3), ("stations", 1), ("sites", 0), ("area", 4)):
        file = tmp_path / f"{layer}.geojson"
        told = gridkeeper_within(town, "map", "reach", "-o", file, *walk, "--layer", layer)
        assert told.code == 0, told.err
        assert len(json.loads(file.read_text(encoding="utf-8"))["features"]) == count
    exported = tmp_path / "out.geojson"
    assert gridkeeper_within(town, "export", "places", "-o", exported, "--scheme", "duty").facts["rows"] == 3
    wrong = gridkeeper_within(town, "map", "reach", "-o", page, "--service", "bakery")
    assert (wrong.code, wrong.facts["error"]["code"]) == (2, "unknown_service")
