"""Real cities, as they came: Chicago's beats and reports, Tainan's villages, Zhengzhou's districts and listings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cluster import Database
from tests.imports import rows_of
from tests.journeys.commands import gridkeeper_within

pytestmark = pytest.mark.shared_data

ROWS = 50_000
# 0.2 % of the rows.
ALLOWED = 100
FIRST_COLUMNS = "source_id,grid_code,near_border,edge_distance_m,second_grid_code,outside_m"
LISTINGS = ("--lon", "经度(lon)", "--lat", "纬度(lat)", "--expect", "区域")


def done(database: Database, *words: object) -> dict[str, Any]:
    told = gridkeeper_within(database, *words)
    assert told.code == 0, told.err
    return told.facts


def refused(database: Database, *words: object) -> str:
    told = gridkeeper_within(database, *words)
    assert told.code == 2
    return str(told.facts["error"]["code"])


def test_chicago_gives_the_counts_that_were_promised(database: Database, shared_data: Path, tmp_path: Path):
    beats, reports = (
        shared_data / name
        for name in ("boundaries/chicago_beats.gpkg", "incidents/chicago_crimes_2019_sample50k.csv.gz")
    )
    as_named = ("--scheme", "beats", "--code", "beat_num", "--parent-code", "district")
    grids = done(database, "import", "grids", beats, *as_named)
    assert (grids["read"], grids["stored"], grids["grids"]) == (277, 277, 275)
    assert any("EPSG:32616" in remark and "America/Chicago" in remark for remark in grids["remarks"])
    parents = "SELECT count(DISTINCT a.code), min(a.level) FROM grids g LEFT JOIN areas a ON a.id = g.area_id"
    assert rows_of(database.app, parents) == [(23, "county")]
    assert rows_of(database.app, "SELECT count(*) FROM grids WHERE area_id IS NULL") == [(0,)]

    columns = ("--id", "id", "--lon", "longitude", "--lat", "latitude", "--at", "date", "--category", "primary_type")
    cases = done(database, "import", "cases", reports, "--scheme", "beats", *columns, "--datum", "wgs84")
    assert cases["read"] == ROWS == cases["stored"] + cases["quarantined"]
    assert sum(cases["reasons"].values()) == cases["quarantined"]

    counts = done(database, "compare")
    assert counts["stored"] + counts["not_stored"] == ROWS
    assert counts["agree"] == pytest.approx(45_341, abs=ALLOWED)
    assert counts["outside"] == pytest.approx(139, abs=ALLOWED)
    assert counts["near_border_share"] == pytest.approx(0.172, abs=0.002)
    assert counts["differ_unflagged"] == pytest.approx(78, abs=ALLOWED)
    told = ("agree", "outside", "differ_flagged", "differ_unflagged")
    assert sum(counts[name] for name in told) == counts["stored"]

    done(database, "export", "cases", "-o", tmp_path / "cases.csv")
    assert (tmp_path / "cases.csv").read_text(encoding="utf-8-sig").startswith(FIRST_COLUMNS + ",")
    exported = pd.read_csv(tmp_path / "cases.csv", usecols=FIRST_COLUMNS.split(","), low_memory=False)
    assert (exported["grid_code"].isna() == exported["outside_m"].notna()).all()
    assert exported["near_border"].sum() == counts["near_border"]

    checked = done(database, "check")
    assert (checked["placements"], checked["differences"]) == (cases["stored"], [])


@pytest.mark.filterwarnings("ignore:.*private-use characters")
def test_tainan_in_big5_has_its_villages_and_towns(database: Database, shared_data: Path):
    file = shared_data / "bad/tainan_villages_big5_twd97.zip"
    names = ("--scheme", "tainan", "--code", "V_ID", "--name", "VILLAGE", "--parent-code", "TOWN")
    assert refused(database, "import", "grids", file, *names) == "encoding_missing"
    assert refused(database, "import", "grids", file, *names, "--encoding", "big5") == "tiling_broken"
    grids = done(database, "import", "grids", file, *names, "--encoding", "big5", "--accept-problems")
    assert (grids["read"], grids["grids"]) == (752, 752)
    towns = [name for (name,) in rows_of(database.app, "SELECT name FROM areas WHERE tree = 'tainan' ORDER BY name")]
    assert len(towns) == 37
    assert all(name.endswith("區") for name in towns)
    assert {"安平區", "新營區", "永康區"} <= set(towns)
    at_the_old_fort = done(database, "locate", 120.1606, 23.0015, "--datum", "wgs84", "--scheme", "tainan")
    belongs = "SELECT a.name FROM grids g JOIN areas a ON a.id = g.area_id WHERE g.code = :code"
    assert rows_of(database.app, belongs, code=at_the_old_fort["grid"]["code"]) == [("安平區",)]


def test_zhengzhou_in_gbk_has_its_names_and_places(database: Database, shared_data: Path):
    file = shared_data / "bad/zhengzhou_gbk_cgcs2000_cm114E.zip"
    names = ("--scheme", "duty", "--code", "名称", "--accept-problems")
    grids = done(database, "import", "grids", file, *names)
    assert (grids["read"], grids["grids"]) == (12, 12)
    assert rows_of(database.app, "SELECT metric_srid, time_zone FROM schemes") == [(4547, "Asia/Shanghai")]
    for name, lon, lat in (("中原区", 113.57, 34.75), ("登封市", 113.03, 34.46), ("中牟县", 114.02, 34.72)):
        assert done(database, "locate", lon, lat, "--datum", "wgs84")["grid"]["name"] == name


def test_zhengzhous_listings_agree_when_both_sides_are_gcj02_and_a_wrong_datum_is_noticed(
    database: Database, shared_data: Path
):
    districts = shared_data / "boundaries/zhengzhou_districts_datav.geojson"
    listings = shared_data / "incidents/zhengzhou_poi_restaurants.csv.gz"
    names = ("--code", "adcode", "--name", "name", "--accept-problems")
    done(database, "import", "grids", districts, "--scheme", "duty", *names, "--datum", "gcj02")
    right = done(database, "import", "cases", listings, *LISTINGS, "--datum", "gcj02", "--dataset", "right")
    assert (right["read"], right["stored"] + right["quarantined"]) == (17_574, 17_574)
    assert right["agreement"]["gcj02"] == pytest.approx(0.988, abs=0.002)
    assert not [remark for remark in right["remarks"] if remark.startswith("Warning")]
    counts = done(database, "compare", listings, "--official", "区域", "--dataset", "right")
    assert counts["agree"] == pytest.approx(17_363, abs=35)
    again = done(database, "import", "cases", listings, *LISTINGS, "--datum", "gcj02", "--dataset", "right")
    assert (again["stored"], again["already_there"]) == (0, right["stored"])

    wrong = done(database, "import", "cases", listings, *LISTINGS, "--datum", "wgs84", "--dataset", "wrong")
    (warning,) = [remark for remark in wrong["remarks"] if remark.startswith("Warning")]
    assert "as wgs84" in warning
    assert "as gcj02: was the datum declared rightly?" in warning
    assert done(database, "check")["differences"] == []
