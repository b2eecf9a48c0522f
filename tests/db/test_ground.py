"""Buildings and streets come in: known by source id, brought up to date, bad rows set aside."""

from __future__ import annotations

from typing import Any

import geopandas
import pytest
import shapely
from shapely import LineString, MultiLineString, Point
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Building, Street
from gis.crs import on_lattice
from gis.errors import BadInput
from gis.gcj import wgs84_to_gcj02
from layers.batches import Summary, quarantined_rows
from layers.grids.ground import ATOMS, BUILDINGS, STREETS, import_ground
from tests.imports import PLANNER
from tests.town import at, squares

HOUSE, OTHER = squares((0, 0, 0.125, 0.125)), squares((1, 1, 1.125, 1.125))
BOW_TIE = shapely.Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)])
ROAD = LineString([at(0, 0), at(1, 0), at(1, 1)])


def frame(*rows: tuple[Any, Any], **columns: list[Any]) -> geopandas.GeoDataFrame:
    ids, geoms = zip(*rows, strict=True)
    values = {"row_no": range(1, len(rows) + 1), "source_id": ids, **columns}
    return geopandas.GeoDataFrame(values, geometry=list(geoms), crs=4326).rename_geometry("geom")


def buildings(session: Session, rows: geopandas.GeoDataFrame, **options: Any) -> Summary:
    return import_ground(session, PLANNER, rows, BUILDINGS, tree="t", file="b.gpkg", **options)


def sums(done: Summary) -> tuple[int, int, int, int, int]:
    return done.read, done.stored, done.changed, done.already_there, done.quarantined


def set_aside(session: Session, done: Summary) -> list[tuple[int, str | None, str | None, str]]:
    rows = quarantined_rows(session, batch_id=done.batch_id)
    return [(row.row_no, row.field, row.value, row.reason) for row in rows]


def test_buildings_are_new_once_then_changed_or_the_same(session: Session):
    first = frame(("1", HOUSE), ("2", OTHER), name=["甲", "乙"], households=[12, 3])
    assert sums(buildings(session, first)) == (2, 2, 0, 0, 0)
    assert sums(buildings(session, first)) == (2, 0, 0, 2, 0)
    moved = frame(("1", OTHER), ("2", OTHER), ("3", HOUSE), name=["甲", "丙", None], households=[12, 3, 0])
    assert sums(buildings(session, moved)) == (3, 1, 2, 0, 0)
    rows = session.execute(select(Building.source_id, Building.name, Building.households, Building.geom)).all()
    assert sorted(row[:3] for row in rows) == [("1", "甲", 12), ("2", "丙", 3), ("3", None, 0)]
    assert {row[0]: row[3] for row in rows}["1"].equals(OTHER)


def test_a_column_the_file_lacks_is_left_as_it_was(session: Session):
    buildings(session, frame(("1", HOUSE), name=["甲"], address=["一号"], people=[7]))
    assert sums(buildings(session, frame(("1", HOUSE), people=[8]))) == (1, 0, 1, 0, 0)
    row = session.execute(select(Building.name, Building.address, Building.people)).one()
    assert tuple(row) == ("甲", "一号", 8)


def test_bad_buildings_are_set_aside_and_the_rest_is_kept(session: Session):
    rows = (("1", HOUSE), ("1", OTHER), (None, HOUSE), ("4", BOW_TIE), ("5", None), ("6", Point(at(0, 0))),
            ("7", HOUSE), ("8", HOUSE), ("9", HOUSE), ("10", HOUSE), ("11", HOUSE))  # fmt: skip
    people = [None, 1, 1, 1, 1, 1, -1, 2.5, "many", 3e9, 4]
    done = buildings(session, frame(*rows, people=people))
    assert sums(done) == (11, 2, 0, 0, 9)
    assert set_aside(session, done) == [
        (2, "source_id", "1", "id_reused"),
        (3, "source_id", None, "id_missing"),
        (4, "geometry", None, "shape_ambiguous"),
        (5, "geometry", None, "shape_missing"),
        (6, "geometry", None, "shape_wrong_type"),
        (7, "people", "-1", "not_a_count"),
        (8, "people", "2.5", "not_a_count"),
        (9, "people", "many", "not_a_count"),
        (10, "people", "3000000000", "not_a_count"),
    ]
    assert sum(done.reasons.values()) == 9


def test_ids_that_are_numbers_with_gaps_are_read_as_numbers(session: Session):
    rows = frame((1, HOUSE), (2, OTHER), (3, HOUSE))
    rows["source_id"] = rows["source_id"].astype("Int64").mask(rows["source_id"] == 2)
    done = buildings(session, rows)
    assert set_aside(session, done) == [(2, "source_id", None, "id_missing")]
    assert sorted(session.scalars(select(Building.source_id))) == ["1", "3"]


def test_shapes_in_gcj02_are_brought_back_and_lie_on_the_lattice(session: Session):
    def shifted(xy):
        return list(zip(*wgs84_to_gcj02(xy[:, 0], xy[:, 1]), strict=True))

    buildings(session, frame(("1", shapely.transform(HOUSE, shifted))), datum="gcj02")
    stored = session.scalars(select(Building.geom)).one()
    assert shapely.hausdorff_distance(stored, HOUSE) < 1e-7
    assert on_lattice(shapely.get_coordinates(stored)).all()


def test_streets_are_lines_of_one_or_several_parts(session: Session):
    two = MultiLineString([ROAD, LineString([at(2, 2), at(3, 2)])])
    rows = frame(("1", ROAD), ("2", two), ("3", HOUSE), name=["河湾路", None, "x"], kind=["road", "lane", "x"])
    done = import_ground(session, PLANNER, rows, STREETS, tree="t", file="s.gpkg")
    assert sums(done) == (3, 2, 0, 0, 1)
    assert set_aside(session, done) == [(3, "geometry", None, "shape_wrong_type")]
    assert sums(import_ground(session, PLANNER, rows, STREETS, tree="t", file="s.gpkg")) == (3, 0, 0, 2, 1)
    assert [len(geom.geoms) for geom in session.scalars(select(Street.geom).order_by(Street.source_id))] == [1, 2]


def test_the_column_of_ids_must_be_there(session: Session):
    with pytest.raises(BadInput, match="There is no column osm_id"):
        buildings(session, frame(("1", HOUSE)), columns={"id": "osm_id"})


def test_columns_are_found_under_the_names_they_have_in_the_file(session: Session):
    rows = frame(("1", HOUSE), ("2", OTHER), 楼号=["甲1", "甲1"], 人口=["7", "many"], address=["一号", "二号"])
    columns = {"id": "楼号", "people": "人口", "name": "source_id"}
    done = buildings(session, rows, columns=columns)
    assert set_aside(session, done) == [(2, "楼号", "甲1", "id_reused")]
    row = session.execute(select(Building.source_id, Building.name, Building.address, Building.people)).one()
    assert tuple(row) == ("甲1", "1", "一号", 7)
    wrong = buildings(session, frame(("3", HOUSE), 人口=["many"]), columns={"people": "人口"})
    assert set_aside(session, wrong) == [(1, "人口", "many", "not_a_count")]
    with pytest.raises(BadInput, match="There is no column 住户") as caught:
        buildings(session, rows, columns={"households": "住户"})
    assert (caught.value.code, caught.value.field) == ("column_missing", "households")


def test_rows_are_told_as_they_are_done_and_an_id_is_known_from_slice_to_slice(session: Session):
    told: list[int] = []
    rows = [(str(no), HOUSE) for no in range(5_000)]
    done = buildings(session, frame(*rows, ("7", OTHER), ("x", None)), progress=told.append)
    assert told == [5_000, 2]
    assert sums(done) == (5_002, 5_000, 0, 0, 2)
    assert set_aside(session, done) == [
        (5_001, "source_id", "7", "id_reused"),
        (5_002, "geometry", None, "shape_missing"),
    ]


def test_two_cities_may_use_the_same_ids(session: Session):
    buildings(session, frame(("1", HOUSE)))
    assert import_ground(session, PLANNER, frame(("1", OTHER)), BUILDINGS, tree="other", file="b").stored == 1


def test_blocks_that_overlap_are_told_with_a_place(session: Session):
    west, east, beside = squares((0, 0, 2, 1)), squares((1.5, 0, 3, 1)), squares((3, 0, 4, 1))
    rows = frame(("a", west), ("b", east), ("c", beside), ("d", Point(1, 1)))
    (remark,) = import_ground(session, PLANNER, rows, ATOMS, tree="t", file="a.gpkg").remarks
    assert remark.startswith("1 pairs of blocks overlap, so their ground counts twice; the first are a and b at ")
    lon, lat = map(float, remark.rstrip(".").rpartition(" at ")[2].split())
    assert squares((1.5, 0, 2, 1)).contains(Point(lon, lat))


def test_blocks_that_touch_or_lie_apart_are_not_remarked_on(session: Session):
    rows = frame(("a", squares((0, 0, 2, 1))), ("b", squares((2, 0, 3, 1))), ("c", squares((5, 0, 6, 1))))
    assert import_ground(session, PLANNER, rows, ATOMS, tree="t", file="a.gpkg").remarks == []
    assert import_ground(session, PLANNER, rows.iloc[:0], ATOMS, tree="t", file="a.gpkg").remarks == []
    houses = frame(("a", squares((0, 0, 2, 1))), ("b", squares((1, 0, 3, 1))))
    assert buildings(session, houses).remarks == []
