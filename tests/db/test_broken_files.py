"""Campaign: whatever stands in a file of cases, every row is accounted for and nothing but named errors comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import geopandas
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from shapely import Point
from sqlalchemy.orm import Session

from gis.errors import GridError
from layers.batches import Summary, quarantined_rows
from layers.cases.check import check
from tests.broken import BrokenFile, broken_files
from tests.cluster import Cluster, Database
from tests.forms import forms
from tests.imports import rows_of, take_cases
from tests.town import at

NAMED = {"at": "at", "state": "state", "datum": "system", "description": "words"}
# Small, so that a file comes in several chunks and an id comes again in another one.
CHUNK_ROWS = 4
_STORED = """
    SELECT c.source_id, (SELECT count(*) FROM case_events e WHERE e.case_id = c.id) AS events,
        (SELECT count(*) FROM placements p WHERE p.case_id = c.id AND p.routing) AS routing
    FROM cases c WHERE c.dataset = :dataset"""


@pytest.fixture(scope="module")
def module_town(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The hand-drawn town for all files of a campaign; each is a dataset of its own."""
    with cluster.clone(town_template, next(clone_name)) as made:
        yield made


@pytest.mark.parametrize("examples", forms(short=20, long=1000))
def test_every_row_of_a_broken_file_is_accounted_for(module_town: Database, tmp_path: Path, examples: int):
    names = (f"broken{examples}-{number}" for number in count())

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(broken=broken_files())
    def accounted(broken: BrokenFile) -> None:
        file = tmp_path / f"{next(names)}{broken.ending}"
        file.write_bytes(broken.body)
        first = taken(module_town, file)
        again = taken(module_town, file)
        if isinstance(first, GridError):
            assert broken.rows is None, "the file can be read"
            assert (type(again), again.code, again.detail) == (type(first), first.code, first.detail)
            return
        require_account(module_town, first, broken)
        assert (again.read, again.stored, again.already_there) == (first.read, 0, first.stored + first.already_there)
        assert again.reasons == first.reasons
        assert len(rows_of(module_town.app, _STORED, dataset=file.name)) == first.stored

    accounted()
    with Session(module_town.app) as session:
        assert check(session).differences == []


def taken(database: Database, file: Path) -> Summary | GridError:
    """What comes of an import; any error but a named one fails the test."""
    try:
        return take_cases(database.app, file, columns=NAMED, datum=None, chunk_rows=CHUNK_ROWS)
    except GridError as error:
        return error


def require_account(database: Database, done: Summary, broken: BrokenFile) -> None:
    """The sums are those of the rows in the database, and no sound row was lost beside the bad ones."""
    stored = rows_of(database.app, _STORED, dataset=done.dataset)
    with Session(database.app) as session:
        aside = quarantined_rows(session, batch_id=done.batch_id)
    assert done.read == done.stored + done.already_there + done.quarantined
    assert broken.rows in (None, done.read)
    assert (len(stored), len(aside)) == (done.stored, done.quarantined)
    assert Counter(row.reason for row in aside) == done.reasons
    assert all(row.raw and row.detail.endswith(".") for row in aside)
    assert all((row.events, row.routing) == (1, 1) for row in stored)
    assert broken.sound <= {row.source_id for row in stored}


def test_an_empty_cell_is_the_same_in_every_kind_of_file(module_town: Database, tmp_path: Path):
    lon, lat = at(1, 1)
    rows = pd.DataFrame(
        {"id": ["1", ""], "lon": lon, "lat": lat, "at": "", "state": "", "system": "wgs84", "words": ""}
    )
    points = geopandas.GeoDataFrame(rows.drop(columns=["lon", "lat"]), geometry=[Point(lon, lat)] * 2, crs=4326)
    rows.to_csv(tmp_path / "empty.csv", index=False)
    rows.to_parquet(tmp_path / "empty.parquet")
    points.to_file(tmp_path / "empty.geojson")
    for ending in ("csv", "parquet", "geojson"):
        done = taken(module_town, tmp_path / f"empty.{ending}")
        assert isinstance(done, Summary)
        assert (done.stored, done.reasons) == (1, {"id_missing": 1}), ending
    words = "SELECT count(*), count(description) FROM cases WHERE dataset LIKE 'empty.%'"
    assert rows_of(module_town.app, words) == [(3, 0)]
