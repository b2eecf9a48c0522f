"""A scheme whose grids overlap goes through the same commands; each of them says that SQL assigns it."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import Database
from tests.imports import grid_frame, rows_of, write_csv
from tests.journeys.commands import gridkeeper_within
from tests.town import at, squares


def test_an_overlapping_scheme_is_assigned_in_sql_says_so_and_passes_the_check(database: Database, tmp_path: Path):
    cells = [("A1", squares((0, 0, 2, 2))), ("A2", squares((1, 0, 3, 2)))]
    grid_frame(cells).to_file(tmp_path / "cells.gpkg")
    grids = gridkeeper_within(
        database, "import", "grids", tmp_path / "cells.gpkg", "--scheme", "both", "--accept-problems"
    )
    points = [(str(number), *at(number / 4, 1)) for number in range(1, 12)]
    file = write_csv(tmp_path / "cases.csv", points, header=("id", "lon", "lat"))
    options = ("--scheme", "both", "--id", "id", "--lon", "lon", "--lat", "lat", "--datum", "wgs84")
    cases = gridkeeper_within(database, "import", "cases", file, *options)
    for told in (grids, cases):
        assert (told.code, told.err) == (0, "")
        assert any("'both' is assigned in SQL" in remark for remark in told.facts["remarks"])
    assert cases.facts["stored"] == 11
    checked = gridkeeper_within(database, "check")
    assert (checked.code, checked.facts["differences"]) == (0, [])


def test_a_sound_scheme_says_nothing_of_sql_and_leaves_its_coverage_ready(database: Database, tmp_path: Path):
    grid_frame([("A1", squares((0, 0, 2, 2))), ("A2", squares((2, 0, 3, 2)))]).to_file(tmp_path / "cells.gpkg")
    told = gridkeeper_within(database, "import", "grids", tmp_path / "cells.gpkg", "--scheme", "sound")
    assert told.code == 0
    assert not any("SQL" in remark for remark in told.facts["remarks"])
    ((name,),) = rows_of(
        database.app, "SELECT snapshot_id || '-' || metric_srid FROM scheme_versions, schemes WHERE id = scheme_id"
    )
    assert (database.settings.home / "coverages" / f"{name}.coverage").is_file()
