"""THE reader: a page, a frame and a tile of a layer are the same features, found through the index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sql import statement
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.intake import Report, receive
from layers.catalog import LAYERS
from layers.errors import NotFound
from layers.features import frame, frames, page, tile
from layers.grids.lookup import places_at
from tests.cluster import Database
from tests.plans import plan_nodes
from tests.statements import noting
from tests.town import MOVED, WEST, at

TOWN_TILE = {"z": 13, "x": 6681, "y": 3251}
_MANY_CASES = """
INSERT INTO cases (tree, scheme_id, source, category, state, queue_reason, occurred_at, occurred_precision,
    received_at, raw_x, raw_y, raw_datum, reasons, geom)
SELECT 'town', s.id, 'test', 'c' || n % 3, CASE WHEN n % 4 = 0 THEN 'queued' ELSE 'handling' END,
    CASE WHEN n % 4 = 0 THEN 'outside' END, now(), 'instant', now(), 0, 0, 'wgs84', '[]',
    ST_SetSRID(ST_MakePoint(113.625 + (n * 7919 % 10007) / 10007.0 * 0.03, 34.75 + n * 1.0 / :cases * 0.019), 4326)
FROM generate_series(1, :cases) n, schemes s WHERE s.name = 'duty'
"""
_THEIR_EVENTS = """
INSERT INTO case_events (case_id, at, kind, actor, role) SELECT id, now(), 'imported', 'test', 'system' FROM cases
"""


@pytest.fixture
def cases(town_session: Session) -> Session:
    """The town with 25 cases along a line, some outside."""
    for number in range(25):
        lon, lat = at(number / 3, number / 4.5)
        receive(town_session, Actor("wang"), Report(x=lon, y=lat, datum="wgs84", category=f"c{number % 2}"))
    return town_session


@pytest.fixture(scope="module")
def crowded_town(cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The town with 20,000 cases and a street of 4,000 more grids, analysed."""
    with cluster.clone(town_template, next(clone_name)) as made:
        with made.owner.begin() as connection:
            connection.execute(text(_MANY_CASES), {"cases": 20_000})
            connection.execute(text(_THEIR_EVENTS))
            connection.execute(
                text(
                    """
                    WITH g AS (
                        INSERT INTO grids (scheme_id, grid_no, code, name)
                        SELECT s.id, 100 + n, 'X' || n, 'X' || n FROM generate_series(1, 4000) n, schemes s
                        WHERE s.name = 'duty' RETURNING id, scheme_id, grid_no
                    )
                    INSERT INTO boundaries (scheme_id, grid_id, grid_no, version, valid, area_m2, geom)
                    SELECT scheme_id, id, grid_no, 1, tstzrange('2024-01-01Z', NULL), 1,
                        ST_Multi(ST_MakeEnvelope(114 + grid_no / 256.0, 35, 114 + (grid_no + 1) / 256.0, 35.01, 4326))
                    FROM g
                    """
                )
            )
        with made.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        yield made


@pytest.fixture
def crowded(crowded_town: Database) -> Iterator[Session]:
    """A session in the crowded town."""
    with Session(crowded_town.app) as session:
        yield session


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_page_and_a_frame_are_the_same_features(cases: Session, name):
    found = page(cases, name, filters={"scheme": "duty"}, limit=10_000)
    features = json.loads(found.features)
    table = frame(cases, name, filters={"scheme": "duty"})
    assert table.crs.to_epsg() == 4326
    assert len(table) == len(features) == found.count > 0
    assert [one["id"] for one in features] == table["id"].tolist()
    for feature, geom in zip(features, table.geometry, strict=True):
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.geom_type == geom.geom_type == LAYERS[name].geometry_type
        assert shapely.equals_exact(shapely.normalize(shape), shapely.normalize(geom), tolerance=1e-8)
    plain = [column for column in LAYERS[name].properties if table[column].dtype.kind != "M"]
    for feature, (_, row) in zip(features, table[plain].iterrows(), strict=True):
        for column in plain:
            value = feature["properties"][column]
            assert value == row[column] or (value is None and row.isna()[column]), (name, column)


def test_paging_by_key_visits_each_feature_once_whatever_the_size(cases: Session):
    every = [one["id"] for one in json.loads(page(cases, "cases", filters={}).features)]
    for limit in (1, 7, 24, 25, 26):
        seen: list[int] = []
        after: int | None = 0
        while after is not None:
            found = page(cases, "cases", filters={}, after=after, limit=limit)
            assert found.count <= limit
            seen += [one["id"] for one in json.loads(found.features)]
            after = found.next_after
        assert seen == every


def test_frames_of_any_size_are_the_frame(cases: Session):
    parts = list(frames(cases, "cases", rows=10))
    assert [len(part) for part in parts] == [10, 10, 5]
    assert [id_ for part in parts for id_ in part["id"]] == frame(cases, "cases")["id"].tolist()


def test_an_empty_layer_is_an_empty_frame_with_its_columns_and_crs(town_session: Session):
    empty = frame(town_session, "cases")
    assert len(empty) == 0
    assert empty.crs.to_epsg() == 4326
    assert {"number", "grid_code", "geometry"} <= set(empty.columns)
    assert page(town_session, "cases", filters={}).features == "[]"


def test_what_cannot_be_asked_is_refused_by_name(town_session: Session):
    with pytest.raises(NotFound, match="nope"):
        page(town_session, "nope", filters={})
    with pytest.raises(BadInput) as refused:
        frame(town_session, "cases", filters={"colour": "red"})
    assert refused.value.field == "colour"
    with pytest.raises(BadInput):
        page(town_session, "cases", filters={}, limit=0)


def decoded(body: bytes, tmp_path: Path, **tile_of: int) -> geopandas.GeoDataFrame:
    """A vector tile as GDAL reads it, back in degrees."""
    folder = tmp_path / str(tile_of["z"]) / str(tile_of["x"])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{tile_of['y']}.mvt"
    file.write_bytes(body)
    options = {key.upper(): value for key, value in tile_of.items()}
    return pyogrio.read_dataframe(file, **options).set_crs(3857, allow_override=True).to_crs(4326)


def test_a_tile_of_cases_decodes_to_the_cases(cases: Session, tmp_path: Path):
    table = decoded(tile(cases, "cases", filters={}, **TOWN_TILE), tmp_path, **TOWN_TILE)
    stored = frame(cases, "cases").set_index("number").loc[table["number"]]
    assert 0 < len(table) < 25
    assert table["state"].tolist() == stored["state"].tolist()
    assert table["category"].tolist() == stored["category"].tolist()
    assert set(table["count"]) == {1}
    metres = table.geometry.set_crs(4326).to_crs(4547).distance(stored.geometry.to_crs(4547), align=False)
    assert metres.max() < 1.5


@pytest.mark.parametrize("name", ["grids", "areas", "buildings", "streets"])
def test_a_tile_of_ground_decodes_to_its_features(town_session: Session, tmp_path: Path, name):
    table = decoded(tile(town_session, name, filters={"scheme": "duty"}, **TOWN_TILE), tmp_path, **TOWN_TILE)
    assert len(table) > 0
    assert set(LAYERS[name].tile_properties) <= set(table.columns) | {"households", "people", "name"}
    assert table.geometry.is_valid.all()


def test_neighbouring_tiles_show_every_case_once(crowded: Session, tmp_path: Path):
    seen: list[str] = []
    zoom = 16
    west, south, east, north = frame(crowded, "cases").total_bounds
    columns = range(*(int((lon + 180) / 360 * 2**zoom) + extra for lon, extra in ((west, 0), (east, 1))))
    rows = {
        crowded.execute(
            text("SELECT floor((1 - asinh(tan(radians(CAST(:lat AS float8)))) / pi()) / 2 * :n)::int"),
            {"lat": lat, "n": 2**zoom},
        ).scalar_one()
        for lat in (float(south), float(north))
    }
    for x in columns:
        for y in range(min(rows), max(rows) + 1):
            body = tile(crowded, "cases", z=zoom, x=x, y=y, filters={})
            if body:
                seen += decoded(body, tmp_path, z=zoom, x=x, y=y)["number"].tolist()
    assert len(seen) == len(set(seen)) == 20_000


@pytest.mark.parametrize("zoom", [0, 5, 10, 12])
def test_bins_add_up_to_the_cases_in_them(crowded: Session, tmp_path: Path, zoom):
    shift = 13 - zoom
    where = {"z": zoom, "x": TOWN_TILE["x"] >> shift, "y": TOWN_TILE["y"] >> shift}
    neighbour = {**where, "x": (where["x"] + 1) % 2**zoom}
    wanted = [where] if zoom < 12 else [where, neighbour]

    def found(**filters: object) -> geopandas.GeoDataFrame:
        tiles = [decoded(tile(crowded, "cases", filters=filters, **one), tmp_path, **one) for one in wanted]
        return pd.concat(tiles)

    every, queued = found(), found(state="queued")
    assert every["count"].sum() == 20_000
    assert queued["count"].sum() == 5_000
    assert len(every) <= 32 * 32
    assert every["count"].max() > 1


def test_from_zoom_14_on_every_case_is_shown_by_itself(crowded: Session, tmp_path: Path):
    where = {"z": 14, "x": int((WEST + 0.01 + 180) / 360 * 2**14), "y": 6502}
    table = decoded(tile(crowded, "cases", filters={}, **where), tmp_path, **where)
    assert len(table) > 2_000
    assert set(table["count"]) == {1}


def plan(session: Session, sql: str, values: dict[str, object]) -> str:
    return "\n".join(session.scalars(text(f"EXPLAIN {sql}"), values))


@pytest.mark.parametrize(("name", "index"), [("cases", "ix_cases_geom"), ("grids", "ix_boundaries_geom")])
def test_a_page_of_a_bbox_uses_the_index_of_places(crowded: Session, name, index):
    seen: list[tuple[str, Any]] = []

    connection = crowded.connection()
    with noting(connection, lambda sql, values: seen.append((sql, values))):
        page(crowded, name, filters={}, bbox=(*at(1, 1), *at(1.05, 1.05)))
    sql, parameters = seen[0]
    explained = connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)
    assert index in "\n".join(explained.scalars())


@pytest.mark.parametrize(
    ("place", "when"),
    [((1.99, 1), datetime.now(UTC)), ((8.1, 2), datetime.now(UTC)), ((7, 4.5), MOVED - timedelta(days=1))],
    ids=["near another grid", "outside", "in a grid that is gone"],
)
def test_a_point_is_looked_up_among_the_grids_around_it_alone(
    crowded: Session, place: tuple[float, float], when: datetime
):
    lon, lat = at(*place)

    def ask() -> None:
        places_at(crowded, lon, lat, at=when, scheme="duty")

    nodes = plan_nodes(crowded, ask, how="ANALYZE, FORMAT JSON")
    assert not [one for one in nodes if (one["Node Type"], one.get("Relation Name")) == ("Seq Scan", "boundaries")]
    nodes = [node for node in nodes if "Index Name" in node]
    by_place = [node for node in nodes if node["Index Name"] == "ix_boundaries_geom"]
    assert len(by_place) == 5
    assert max(node["Actual Rows"] for node in by_place) in range(1, 20)
    # What finds boundaries otherwise finds those of one grid.
    others = [node["Index Cond"] for node in nodes if "_boundaries_" in node["Index Name"] and node not in by_place]
    assert all("grid_id = " in condition for condition in others)


def test_looking_up_one_case_reads_no_table_whole(crowded: Session):
    found = plan(crowded, statement("case_detail").text, {"id": 10_000_001})
    for table in ("cases", "case_events", "grids"):
        assert f"Seq Scan on {table}" not in found


def test_the_crowded_town_answers_at_one_point_as_before(crowded: Session, town: Database):
    lon, lat = at(2, 0.25)
    values = {"scheme": "duty", "lon": lon, "lat": lat, "at": "2025-01-01T00:00:00Z"}
    with Session(town.app) as quiet:
        columns = ("code", "edge_distance_m", "second_code")
        assert [
            [crowded.execute(statement("grid_at"), values).mappings().first()[key] for key in columns],
        ] == [[quiet.execute(statement("grid_at"), values).mappings().first()[key] for key in columns]]
