"""Grids that nearly tile are repaired on the way in; what moved and what was kept is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from shapely import box

from gis.crs import LATTICE
from tests.cluster import Database
from tests.imports import grid_frame, rows_of
from tests.journeys.commands import gridkeeper_within
from tests.town import at, squares

SLIT = 40 * LATTICE


def ragged(folder: Path, *, pond: bool) -> Path:
    """Five grids: A2 overlaps A1 by 22 cm, a gap of 27 cm lies below A3, A5 lacks corners; perhaps a pond."""
    (west, south), (east, north) = at(0, 0), at(4, 2)
    middle, top = at(2, 0)[0], at(0, 3)[1]
    cells = [
        ("A1", box(west, south, middle, north)),
        ("A2", box(middle - SLIT, south, east, north)),
        ("A3", box(west, north + SLIT, at(3, 0)[0], top)),
        ("A4", box(at(3, 0)[0], north, east, top)),
        ("A5", squares((-1, 0, 0, 3))),
    ]
    if pond:
        hole = box(*at(-0.5, 1), *at(0.5, 1.5))
        cells = [(code, cell.difference(hole)) for code, cell in cells]
    grid_frame(cells).to_file(folder / "ragged.gpkg")
    return folder / "ragged.gpkg"


def test_a_ragged_file_is_imported_with_repair_and_tiles_in_the_database(database: Database, tmp_path: Path):
    file = ragged(tmp_path, pond=False)
    plain = gridkeeper_within(database, "import", "grids", file)
    assert plain.code == 2
    assert plain.facts["error"]["code"] == "tiling_broken"
    assert "--repair" in plain.err
    told = gridkeeper_within(database, "import", "grids", file, "--repair")
    assert told.code == 0, told.err
    assert {one["kind"] for one in told.facts["repaired"]["closed"]} == {"overlap", "gap", "t_junction"}
    assert told.facts["problems"] == []
    moved_m2 = told.facts["repaired"]["moved_m2"]
    assert all(area > 0 for area in moved_m2.values())
    assert len(moved_m2) == 2
    assert any(
        remark.startswith("Repair closed ") and all(code in remark for code in moved_m2)
        for remark in told.facts["remarks"]
    )
    stored = [
        shapely.from_wkb(bytes(geom)) for (geom,) in rows_of(database.app, "SELECT ST_AsBinary(geom) FROM boundaries")
    ]
    assert shapely.coverage_is_valid(stored)
    ((facts,),) = rows_of(database.app, "SELECT counts -> 'repaired' FROM import_batches WHERE kind = 'grids'")
    assert facts == told.facts["repaired"]
    again = gridkeeper_within(database, "import", "grids", file, "--repair")
    assert (again.code, again.facts["version"], again.facts["already_there"]) == (0, 1, 5)


def test_what_is_too_wide_is_kept_and_refused_or_accepted(database: Database, tmp_path: Path):
    file = ragged(tmp_path, pond=True)
    refused = gridkeeper_within(database, "import", "grids", file, "--repair")
    assert refused.code == 2
    assert "(1 gap)" in refused.err
    narrow = gridkeeper_within(database, "import", "grids", file, "--repair", "--gap-limit-m", 0.1, "--accept-problems")
    assert narrow.code == 0, narrow.err
    assert [one["kind"] for one in narrow.facts["problems"]] == ["gap", "gap"]
    accepted = gridkeeper_within(database, "import", "grids", file, "--repair", "--accept-problems")
    assert accepted.code == 0, accepted.err
    (pond,) = accepted.facts["problems"]
    assert (pond["kind"], pond["grids"]) == ("gap", ["A1", "A5"])


def test_a_limit_of_gaps_goes_with_repair_alone(database: Database, tmp_path: Path):
    file = ragged(tmp_path, pond=False)
    told = gridkeeper_within(database, "import", "grids", file, "--gap-limit-m", 2)
    assert (told.code, told.facts["error"]["code"]) == (2, "gap_limit_without_repair")
    told = gridkeeper_within(database, "import", "grids", file, "--repair", "--gap-limit-m", -1)
    assert (told.code, told.facts["error"]["code"]) == (2, "bad_distance")


@pytest.mark.shared_data
@pytest.mark.filterwarnings("ignore:.*private-use characters")
def test_tainan_comes_in_repaired_with_its_one_wide_gap_listed(database: Database, shared_data: Path):
    file = shared_data / "bad/tainan_villages_big5_twd97.zip"
    names = ("--scheme", "tainan", "--code", "V_ID", "--encoding", "big5", "--repair", "--accept-problems")
    told = gridkeeper_within(database, "import", "grids", file, *names)
    assert told.code == 0, told.err
    assert told.facts["grids"] == 752
    assert [(one["kind"], round(one["area_m2"], -2)) for one in told.facts["problems"]] == [("gap", 17_200)]
    assert 0 < sum(told.facts["repaired"]["moved_m2"].values()) < 50
