"""A store of many cases from our own generator, and what must hold in it whatever its size."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sample_town import generate
from data.sample_town.sizes import SizeName
from layers.cases.counts import Chosen, count_by_grid
from layers.cases.queries import detail
from layers.catalog import LAYERS
from layers.features import page, tile
from layers.grids.lookup import places_at
from tests.cluster import Cluster, Database
from tests.forms import forms
from tests.imports import rows_of
from tests.journeys.commands import gridkeeper_within
from tests.plans import reading

NAMED = ("--id", "source_id", "--lon", "x", "--lat", "y", "--at", "occurred_at", "--datum-column", "datum")
NAMED += ("--category", "category", "--description", "description", "--state", "state", "--source", "source")
COUNTS = "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM placements), (SELECT count(*) FROM case_events)"
# Tables that no hot query may read from end to end.
LARGE = {"cases", "placements", "case_events", "boundaries", "buildings"}


@dataclass(frozen=True)
class Size:
    """Which sample town the ground is, the prefix of its schemes, and how many cases come in a file."""

    town: SizeName
    prefix: str
    cases: int


@pytest.mark.parametrize("size", forms(short=Size("town", "", 4_000), long=Size("district", "district-", 300_000)))
def test_a_store_keeps_its_promises_at_any_size(
    cluster: Cluster, request: pytest.FixtureRequest, clone_name: Iterator[str], tmp_path: Path, size: Size
):
    is_town = size.town == "town"
    source = request.getfixturevalue("sample_template" if is_town else "empty_template")
    with cluster.clone(source, next(clone_name)) as store:
        if not is_town:
            assert gridkeeper_within(store, "demo", "--size", size.town, "--cases", 1_000).code == 0
        a_second_import_adds_nothing(store, cases_file(size, tmp_path), size)
        no_placement_differs(store)
        with store.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        with Session(store.app) as session:
            paging_walks_every_layer_exactly_once(session)
            every_case_is_counted_in_one_grid(session)
            hot_queries_find_their_rows_by_an_index(session, size)


def cases_file(size: Size, folder: Path) -> Path:
    """A file of cases as the generator writes it."""
    file = folder / "reports.csv"
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number, frame in enumerate(generate(size.town, until=until, cases=size.cases).reports()):
        frame.to_csv(file, mode="a" if number else "w", header=not number, index=False)
    return file


def a_second_import_adds_nothing(store: Database, file: Path, size: Size) -> None:
    words = ("import", "cases", file, "--scheme", f"{size.prefix}duty", *NAMED)
    first = gridkeeper_within(store, *words).facts
    assert first["read"] == size.cases == first["stored"] + first["quarantined"]
    assert first["stored"] > 0.99 * size.cases
    before = rows_of(store.app, COUNTS)
    again = gridkeeper_within(store, *words).facts
    assert (again["stored"], again["already_there"]) == (0, first["stored"])
    assert again["reasons"] == first["reasons"]
    assert rows_of(store.app, COUNTS) == before


def no_placement_differs(store: Database) -> None:
    told = gridkeeper_within(store, "check")
    assert (told.code, told.facts["differences"]) == (0, [])
    assert told.facts["placements"] == rows_of(store.app, COUNTS)[0][1]


def paging_walks_every_layer_exactly_once(session: Session) -> None:
    for name, layer in LAYERS.items():
        table = layer.source.split()[0]
        seen: list[int] = []
        after: int | None = 0
        while after is not None:
            found = page(session, name, filters={}, after=after, limit=7_000)
            seen += [one["id"] for one in json.loads(found.features)]
            after = found.next_after
        assert seen == session.scalars(text(f"SELECT id FROM {table} ORDER BY id")).all(), name
        assert seen, name


def every_case_is_counted_in_one_grid(session: Session) -> None:
    placed = "SELECT s.name, count(*) FROM placements p JOIN schemes s ON s.id = p.scheme_id GROUP BY 1"
    for scheme, cases in session.execute(text(placed)).all():
        counted = count_by_grid(session, scheme, Chosen())
        assert counted["total"] == cases == counted["outside"] + sum(counted["counts"].values())
        read = reading(session, lambda name=scheme: count_by_grid(session, name, Chosen()))
        assert max(Counter(read.whole).values(), default=0) <= 1, "a table is read over and over"


def hot_queries_find_their_rows_by_an_index(session: Session, size: Size) -> None:
    for (what, index), call in hot_queries(session, size).items():
        read = reading(session, call)
        assert index in read.indexes, (what, read)
        assert not LARGE & set(read.whole), (what, read)


def hot_queries(session: Session, size: Size) -> dict[tuple[str, str], Callable[[], Any]]:
    """What the map and the reader ask all day, each with the index that must serve it."""
    middle = text("SELECT id, ST_X(geom), ST_Y(geom) FROM cases ORDER BY id OFFSET :half LIMIT 1")
    case, lon, lat = session.execute(middle, {"half": size.cases // 2}).one()
    duty = {"scheme": f"{size.prefix}duty"}
    around = (lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)
    x, y = (lon + 180) / 360, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    at_zoom_16 = {"z": 16, "x": int(x * 2**16), "y": int(y * 2**16)}
    page_rows = size.cases // 30
    now = datetime.now(UTC)
    return {
        ("first page of cases", "pk_cases"): lambda: page(session, "cases", filters={}, limit=page_rows),
        ("page of a scheme", "pk_cases"): lambda: page(session, "cases", filters=duty, after=case, limit=page_rows),
        ("cases in a box", "ix_cases_geom"): lambda: page(session, "cases", filters=duty, bbox=around),
        ("tile of cases", "ix_cases_geom"): lambda: tile(session, "cases", filters=duty, **at_zoom_16),
        ("one case", "pk_cases"): lambda: detail(session, str(case)),
        ("grids in a box", "ix_boundaries_geom"): lambda: page(session, "grids", filters=duty, bbox=around),
        ("tile of grids", "ix_boundaries_geom"): lambda: tile(session, "grids", filters=duty, **at_zoom_16),
        ("grid of a place", "ix_boundaries_geom"): lambda: places_at(session, lon, lat, at=now, **duty),
        ("tile of buildings", "ix_buildings_geom"): lambda: tile(session, "buildings", filters=duty, **at_zoom_16),
    }
