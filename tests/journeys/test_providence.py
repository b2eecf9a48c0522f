"""Providence: its census blocks dealt out afresh, and its real plan of precincts evened out move by move.

Run with `-s` to see the tables.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import geopandas
import networkx
import numpy as np
import pytest
import shapely
from shapely.geometry import shape
from starlette.testclient import TestClient

from api.app import create_app
from data.readers.features import read_features
from gis.atoms import homes, links
from gis.partition import partition
from gis.plans import Plan
from gis.suggest import even_out
from gis.topology import problems
from layers.grids.incoming import to_degrees
from tests.cluster import Database
from tests.conftest import FROM_HERE
from tests.imports import rows_of
from tests.journeys.commands import gridkeeper_within

pytestmark = pytest.mark.shared_data

METRIC_SRID = 32619
PRECINCTS, WARDS, BLOCKS, PEOPLE = 59, 15, 3014, 178_040


@cache
def read(folder: Path, name: str) -> tuple[geopandas.GeoDataFrame, np.ndarray]:
    """The rows of a file and their polygons on the lattice."""
    frame = read_features(folder / f"boundaries/providence_{name}.zip")
    return frame, to_degrees(frame, datum=None)


def shares(part: np.ndarray, people: np.ndarray, parts: int) -> tuple[float, float, float]:
    """Of the people of parts: standard deviation, largest less smallest, farthest from the mean; all by the mean."""
    sums = np.array([people[part == one].sum() for one in range(parts)])
    mean = sums.sum() / parts
    return float(sums.std() / mean), float((sums.max() - sums.min()) / mean), float(np.abs(sums - mean).max() / mean)


def pieces(blocks: np.ndarray, part: np.ndarray) -> list[int]:
    """In how many pieces each part is, told by the shape of its ground."""
    grounds = [shapely.coverage_union_all(blocks[part == one]) for one in range(part.max() + 1)]
    return [networkx.number_connected_components(_touching(shapely.get_parts(ground))) for ground in grounds]


def _touching(polygons: np.ndarray) -> networkx.Graph:
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(polygons)))
    one, other = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    lines = shapely.length(shapely.intersection(polygons[one], polygons[other])) > 0
    graph.add_edges_from(zip(one[lines].tolist(), other[lines].tolist(), strict=True))
    return graph


def test_a_fresh_partition_into_as_many_parts_as_precincts_is_even_within_5_percent(shared_data: Path):
    frame, blocks = read(shared_data, "blocks")
    people = frame["TOTPOP"].to_numpy(dtype=float)
    assert (len(blocks), people.sum(), len(read(shared_data, "precincts")[1])) == (BLOCKS, PEOPLE, PRECINCTS)
    beside = links(blocks, metric_srid=METRIC_SRID)
    print(f"\n{BLOCKS} blocks, {PEOPLE:,} people, {PRECINCTS} parts of {PEOPLE / PRECINCTS:,.0f}")
    print("seed   spread   imbalance   farthest from the mean   parts in one piece")
    for seed in (1, 2, 3):
        made = partition(people, beside, PRECINCTS, seed=seed)
        spread, imbalance, farthest = shares(made.part, people, PRECINCTS)
        whole = pieces(blocks, made.part).count(1)
        print(f"{seed:>4} {spread:>8.4f} {imbalance:>11.4f} {farthest:>24.2%} {whole:>20}")
        assert made.deviation == pytest.approx(farthest)
        assert farthest <= 0.05
        assert whole == PRECINCTS


def test_small_moves_from_the_real_precincts_lower_the_spread_at_every_step(shared_data: Path):
    frame, blocks = read(shared_data, "blocks")
    _, precincts = read(shared_data, "precincts")
    people = frame["TOTPOP"].to_numpy(dtype=float)
    part = homes(blocks, precincts)
    inside = part >= 0
    blocks, people, part = blocks[inside], people[inside], part[inside]
    assert set(part.tolist()) == set(range(PRECINCTS))
    plan = Plan(part, people, links(blocks, metric_srid=METRIC_SRID))
    first = before = shares(plan.part, people, PRECINCTS)
    torn = pieces(blocks, plan.part)
    print(f"\n{len(blocks)} blocks with more than half of their ground in one of {PRECINCTS} precincts")
    print("step   giver   taker   blocks   people   spread   imbalance")
    print(f"{0:>4} {'':>31} {before[0]:>8.4f} {before[1]:>11.4f}")
    for step, move in enumerate(even_out(plan, cost=people), start=1):
        after = shares(plan.part, people, PRECINCTS)
        assert after[0] < before[0]
        assert after[1] <= before[1] * (1 + 1e-12)
        if step <= 5 or step % 50 == 0:
            row = f"{move.giver:>7} {move.taker:>7} {len(move.atoms):>8} {move.load:>8,.0f}"
            print(f"{step:>4} {row} {after[0]:>8.4f} {after[1]:>11.4f}")
        before = after
    print(f"{step:>4} {'':>31} {before[0]:>8.4f} {before[1]:>11.4f}")
    assert step > 100
    assert before[0] < first[0] / 4
    assert all(now <= then for now, then in zip(pieces(blocks, plan.part), torn, strict=True))


def done(database: Database, *words: object) -> dict[str, Any]:
    told = gridkeeper_within(database, *words)
    assert told.code == 0, told.err
    return told.facts


@pytest.fixture
def wards(database: Database, shared_data: Path) -> Database:
    """Grids made of the blocks of each ward, and the blocks with their people."""
    file = shared_data / "boundaries/providence_blocks.zip"
    grids = done(database, "import", "grids", file, "--scheme", "wards", "--code", "WARD")
    assert (grids["read"], grids["grids"]) == (BLOCKS, WARDS)
    columns = ("--tree", "wards", "--id", "GEOID10", "--people", "TOTPOP")
    first = done(database, "import", "atoms", file, *columns)
    again = done(database, "import", "atoms", file, *columns)
    assert (first["stored"], again["stored"], again["already_there"]) == (BLOCKS, 0, BLOCKS)
    assert rows_of(database.app, "SELECT sum(people) FROM atoms") == [(PEOPLE,)]
    return database


def test_a_draft_of_the_wards_takes_suggestions_and_a_partition(wards: Database):
    with TestClient(create_app(wards.settings), **FROM_HERE) as client:
        made = client.post("/api/v1/drafts", json={"scheme": "wards", "name": "fresh"})
        address, tag = made.headers["location"], made.headers["etag"]
        spread = 1.0
        for _ in range(3):
            told = client.post(f"{address}/suggestions", json={"measure": "people"}).json()
            assert told["cv"] < spread
            spread = told["cv"]
            best = told["suggestions"][0]
            assert best["cv_after"] < spread
            moved = sum(
                people
                for (people,) in rows_of(wards.app, "SELECT people FROM atoms WHERE id = ANY(:ids)", ids=best["atoms"])
            )
            assert best["people"] == moved > 0
            saved = client.post(f"{address}/edits", json=best["edit"], headers={"If-Match": tag})
            assert saved.status_code == 200, saved.text
            tag = saved.headers["etag"]
        wish = {"grids": list(range(1, WARDS + 1)), "parts": PRECINCTS, "measure": "people", "seed": 1}
        parted = client.post(f"{address}/partition", json=wish, headers={"If-Match": tag})
        assert parted.status_code == 200, parted.text
        assert parted.json()["partition"]["deviation"] <= 0.05
        cells = client.get(f"{address}/changes").json()["changed"]["features"]
        grounds = [shape(cell["geometry"]) for cell in cells]
        told = client.post(f"{address}/preview").json()
    people = [grid["after"]["people"] for grid in told["grids"]]
    mean = PEOPLE / PRECINCTS
    assert (len(people), sum(people)) == (PRECINCTS, PEOPLE)
    assert max(abs(one - mean) for one in people) <= 0.05 * mean
    assert [grid["after"]["parts"] for grid in told["grids"]] == [1] * PRECINCTS
    assert problems(grounds, metric_srid=METRIC_SRID, labels=range(len(grounds))) == []
