"""Places come in, and how far people of the hand-drawn town walk to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from shapely import LineString, Point
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.readers.rows import read_rows
from data.tables import Place
from gis.errors import BadInput
from gis.gcj import wgs84_to_gcj02
from layers.batches import Summary, quarantined_rows
from layers.errors import NotFound
from layers.grids.ground import BUILDINGS, STREETS, import_ground
from layers.reach import ways as ways_of
from layers.reach.asking import Asked
from layers.reach.bands import bands
from layers.reach.places import PLACES, places_table, with_service
from layers.reach.population import spread_population
from layers.reach.sites import sites
from layers.reach.telling import reach
from layers.reach.ways import streets
from layers.staff.intake import import_people
from tests.imports import PLANNER, write_csv
from tests.town import at, squares

# Wide and high, of one square of the town.
WIDE_M, HIGH_M = 357.7, 433.4
TOWN = Asked(scheme="duty", service="clinic")


def shapes(rows: list[tuple[str, Any]], **columns: list[Any]) -> geopandas.GeoDataFrame:
    values = {"row_no": range(1, len(rows) + 1), "source_id": [id_ for id_, _ in rows], **columns}
    return geopandas.GeoDataFrame(values, geometry=[geom for _, geom in rows], crs=4326).rename_geometry("geom")


def table(
    session: Session, file: Path, *, datum: str | None = None, service: str | None = None, **columns: str
) -> Summary:
    (chunk,) = read_rows(file)
    kind = places_table(datum=datum, service=service)
    return import_people(
        session,
        PLANNER,
        chunk,
        kind,
        tree="town",
        columns={"id": "source_id"} | columns,
        time_zone="UTC",
        file=file.name,
    )


def sums(done: Summary) -> tuple[int, int, int, int, int]:
    return done.read, done.stored, done.changed, done.already_there, done.quarantined


@pytest.fixture
def clinics(town_session: Session) -> Session:
    """The town with a clinic at each end of its road, one far away, and the people of one of its houses."""
    rows = [("c1", Point(*at(0, 2))), ("c2", Point(*at(2, 2))), ("far", Point(*at(7, 0)))]
    frame = shapes(rows, name=["West", None, "Far"], service=["clinic"] * 3)
    import_ground(town_session, PLANNER, frame, PLACES, tree="town", file="places.gpkg")
    house = shapes([("b2", squares((3, 1, 3.125, 1.125)))], people=[10])
    import_ground(town_session, PLANNER, house, BUILDINGS, tree="town", file="buildings.gpkg")
    return town_session


def test_places_of_a_table_come_in_with_their_datum_once(session: Session, tmp_path: Path):
    lon, lat = (float(value) for value in np.concatenate(wgs84_to_gcj02([at(1, 1)[0]], [at(1, 1)[1]])))
    rows = [("1", "甲", "clinic", lon, lat, "gcj02"), ("2", "乙", "", *at(2, 1), "")]
    file = write_csv(tmp_path / "places.csv", rows, header=["no", "name", "service", "lon", "lat", "datum"])
    assert sums(table(session, file, datum="wgs84", service="station", id="no")) == (2, 2, 0, 0, 0)
    assert sums(table(session, file, datum="wgs84", service="station", id="no")) == (2, 0, 0, 2, 0)
    moved = write_csv(tmp_path / "moved.csv", [("2", *at(3, 1))], header=["source_id", "lon", "lat"])
    assert sums(table(session, moved, datum="wgs84", service="station")) == (1, 0, 1, 0, 0)
    found = {row.source_id: row for row in session.scalars(select(Place).where(Place.tree == "town"))}
    assert {id_: (row.name, row.service) for id_, row in found.items()} == {
        "1": ("甲", "clinic"),
        "2": ("乙", "station"),
    }
    assert found["1"].geom.distance(Point(*at(1, 1))) < 1e-5
    assert found["2"].geom.equals(Point(*at(3, 1)))


def test_a_place_without_a_service_a_position_or_a_datum_is_set_aside(session: Session, tmp_path: Path):
    rows = [("1", "", *at(1, 1), "wgs84"), ("2", "clinic", "x", 34.8, "wgs84"), ("3", "clinic", *at(1, 1), "")]
    rows += [("4", "clinic", *at(1, 1), "mars"), ("", "clinic", *at(1, 1), "wgs84"), ("5", "clinic", 0, 0, "wgs84")]
    file = write_csv(tmp_path / "bad.csv", rows, header=["source_id", "service", "lon", "lat", "datum"])
    done = table(session, file)
    assert sums(done) == (6, 0, 0, 0, 6)
    told = [(row.field, row.reason) for row in quarantined_rows(session, batch_id=done.batch_id)]
    assert told == [
        ("service", "empty"),
        ("lon", "not_a_number"),
        ("datum", "empty"),
        ("datum", "unknown_datum"),
        ("source_id", "empty"),
        ("lon", "position_zero"),
    ]


def test_places_of_a_vector_file_need_a_service_and_a_point(session: Session):
    frame = shapes(
        [("1", Point(*at(1, 1))), ("2", Point(*at(2, 1))), ("3", squares((0, 0, 1, 1)))], service=["a", None, "a"]
    )
    done = import_ground(session, PLANNER, frame, PLACES, tree="town", file="p.gpkg")
    assert sums(done) == (3, 1, 0, 0, 2)
    assert done.reasons == {"empty": 1, "shape_wrong_type": 1}
    named = import_ground(session, PLANNER, with_service(frame, "service", "b"), PLACES, tree="town", file="p.gpkg")
    assert sums(named) == (3, 1, 0, 1, 1)
    none = import_ground(session, PLANNER, frame.drop(columns="service"), PLACES, tree="town", file="p.gpkg")
    assert none.reasons == {"empty": 2, "shape_wrong_type": 1}


def test_the_walk_goes_to_the_street_along_it_and_from_it(clinics: Session):
    found = reach(clinics, TOWN)
    walk_m = 1.0625 * WIDE_M + (1 - 1 / 16) * HIGH_M
    by_code = {row["code"]: row for row in found["grids"]}
    lane = by_code["D02"]
    assert lane["median_min"] == lane["longest_min"] == pytest.approx(walk_m / 80, abs=0.05)
    assert (lane["buildings"], lane["within"], lane["share"], lane["off"]) == (1, 1, 1.0, 0)
    assert (lane["people"], lane["people_within"], lane["people_share"], lane["people_unknown"]) == (10, 10, 1.0, 0)
    # Those that are too far from the street are told apart from those that walk long, and nobody invents people.
    wharf = by_code["D01"]
    assert (wharf["buildings"], wharf["within"], wharf["off"], wharf["median_min"]) == (1, 0, 1, None)
    assert (wharf["people"], wharf["people_share"], wharf["people_unknown"]) == (None, None, 1)
    assert (by_code["D08"]["buildings"], by_code["D08"]["share"], by_code["D08"]["people"]) == (0, None, None)
    total = found["total"]
    assert (total["buildings"], total["buildings_within"], total["off"], found["n"]) == (3, 1, 2, 3)
    assert (total["people"], total["people_share"], total["share"]) == (10, 1.0, 0.3333)
    assert total["growing"]["people"][-1] == total["people_within"]
    assert found["pieces"] | {"street_m": 0} == {
        "n": 1, "street_m": 0, "largest_share": 1.0, "passed_over": 0, "passed_over_m": 0, "buildings_off": 2,
    }  # fmt: skip
    assert found["pieces"]["street_m"] == pytest.approx(4 * WIDE_M, rel=0.001)
    west, middle, far = found["stations"]
    assert (west["name"], west["buildings"], west["on_street"]) == ("West", 0, True)
    assert (middle["name"], middle["buildings"], middle["people"]) == ("c2", 1, 10)
    assert (far["buildings"], far["people"], far["on_street"]) == (0, None, False)
    areas = {row["code"]: (row["level"], row["buildings"], row["within"]) for row in found["areas"]}
    assert areas == {
        "410199000000": ("county", 3, 1),
        "410199001000": ("street", 2, 1),
        "410199002000": ("street", 1, 0),
    }
    assert found["services"] == [{"service": "clinic", "n": 3}, {"service": "kiosk", "n": 1}]


def test_the_limit_and_the_speed_decide_who_is_within(clinics: Session):
    def within(**more: float) -> int:
        found = reach(
            clinics, Asked(scheme="duty", minutes=more.get("minutes", 15), speed_kmh=more.get("speed_kmh", 4.8))
        )
        assert sum(row["within"] for row in found["grids"]) == found["total"]["buildings_within"]
        return found["total"]["buildings_within"]

    assert [within(minutes=minutes) for minutes in (9, 10)] == [0, 1]
    assert [within(speed_kmh=speed) for speed in (3.0, 3.6)] == [0, 1]


def test_one_more_station_goes_where_it_brings_most_people(clinics: Session):
    far_away = Asked(scheme="duty", service="clinic", minutes=9.5)
    found = sites(clinics, far_away, k=2)
    # From the east end of the road it is nearer.
    assert (found["by"], found["share_now"], found["n"]) == ("people", 0.0, 1)
    (site,) = found["sites"]
    assert (site["rank"], site["gains_buildings"], site["gains_people"], site["share_after"]) == (1, 1, 10, 1.0)
    assert (site["lon"], site["lat"]) == (pytest.approx(at(4, 2)[0]), pytest.approx(at(4, 2)[1]))
    assert site["street"] == "Bend road 河湾路"
    assert sites(clinics, far_away, by="buildings")["share_now"] == 0
    assert sites(clinics, TOWN)["sites"] == []


def test_streets_and_ground_are_told_by_the_minutes(clinics: Session):
    ways = streets(clinics, TOWN)
    minutes = [one["properties"]["minutes"] for one in ways["features"]]
    assert max(minutes) == pytest.approx(2 * WIDE_M / 80, abs=0.01)
    assert {one["properties"]["name"] for one in ways["features"]} == {"Bend road 河湾路"}
    assert {one["properties"]["station_name"] for one in ways["features"]} == {"West", "c2"}
    ground = bands(clinics, Asked(scheme="duty", service="clinic", minutes=7))
    assert [one["properties"]["minutes"] for one in ground["features"]] == [5, 7]
    wide = bands(clinics, Asked(scheme="duty", service="clinic", minutes=100))
    assert [one["properties"]["minutes"] for one in wide["features"]] == [20, 40, 60, 80, 100]
    near, far = (shapely.geometry.shape(one["geometry"]) for one in ground["features"])
    assert far.area > near.area
    lon, lat = at(2, 2)
    assert near.contains(LineString([at(0, 2), at(3, 2)]))
    assert far.contains(Point(lon, lat + 0.0004))
    assert not far.contains(Point(lon, lat + 0.0005))


def test_pieces_of_streets_are_told_and_joined_when_asked(clinics: Session):
    lines = [("s2", LineString([at(3, 1.9), at(3, 2.001)])), ("s3", LineString([at(6, 0), at(6, 2)]))]
    frame = shapes(lines, kind=["steps", "motorway"])
    import_ground(clinics, PLANNER, frame, STREETS, tree="town", file="streets.gpkg")
    told = reach(clinics, TOWN)["pieces"]
    assert (told["n"], told["passed_over"], told["passed_over_m"]) == (2, 1, 44)
    assert told["largest_share"] == pytest.approx(0.97, abs=0.01)
    joined = reach(clinics, Asked(scheme="duty", service="clinic", join_m=1))
    assert joined["pieces"]["n"] == 1
    # The steps shorten the straight way to the road and count double.
    longer = joined["total"]["median_min"], reach(clinics, TOWN)["total"]["median_min"]
    assert longer == (None, None)
    walk_m = [
        next(row["longest_min"] for row in one["grids"] if row["code"] == "D02") * 80
        for one in (joined, reach(clinics, TOWN))
    ]
    assert 0 < walk_m[0] - walk_m[1] < 60


def test_a_city_without_anything_is_told_so(town_session: Session):
    nothing = Asked(scheme="beats")
    found = reach(town_session, nothing)
    assert (found["stations"], found["areas"], found["services"]) == ([], [], [])
    assert (found["total"]["buildings"], found["total"]["share"], found["total"]["median_min"]) == (0, None, None)
    assert (found["pieces"]["n"], found["pieces"]["largest_share"]) == (0, None)
    assert [row["buildings"] for row in found["grids"]] == [0, 0]
    assert streets(town_session, nothing)["features"] == bands(town_session, nothing)["features"] == []
    assert sites(town_session, nothing)["sites"] == []
    # Streets and houses, and a place that no street leads to.
    assert reach(town_session, Asked(scheme="duty"))["total"]["off"] == 3
    with pytest.raises(NotFound) as caught:
        reach(town_session, TOWN)
    assert caught.value.code == "unknown_service"


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"minutes": 121}, {"speed_kmh": -1}, {"join_m": float("nan")}])
def test_a_walk_that_is_none_is_refused(town_session: Session, wrong: dict[str, float]):
    with pytest.raises(BadInput) as caught:
        reach(town_session, Asked(scheme="duty", **wrong))
    assert (caught.value.code, caught.value.field) == ("bad_walk", next(iter(wrong)))


def test_people_of_cells_come_to_the_houses_that_have_none(clinics: Session):
    cells = [("1", squares((0, 0, 2, 2))), ("2", squares((2, 0, 4, 2))), ("3", squares((4, 4, 5, 5))), ("4", None)]
    house = shapes([("b4", squares((3, 0, 3.125, 0.125)))], name=["Barn"])
    import_ground(clinics, PLANNER, house, BUILDINGS, tree="town", file="b.gpkg")
    frame = shapes(cells, people=[30, 12, 5, 1])
    done = spread_population(clinics, PLANNER, frame, tree="town", file="cells.gpkg")
    assert sums(done) == (4, 0, 3, 0, 1)
    assert done.facts == {"people": 47, "people_given": 32, "buildings_given": 2, "people_without_building": 5}
    told = reach(clinics, TOWN)
    assert {row["code"]: row["people"] for row in told["grids"] if row["buildings"]} == {
        "D01": 30,
        "D02": 12,
        "D04": None,
    }
    again = spread_population(clinics, PLANNER, frame, tree="town", file="cells.gpkg")
    assert sums(again) == (4, 0, 0, 3, 1)
    bad = spread_population(clinics, PLANNER, frame.assign(people=[1.5, -1, None, 7]), tree="town", file="cells.gpkg")
    assert bad.reasons == {"not_a_count": 3, "shape_missing": 1}


def test_the_streets_of_a_large_city_are_told_by_quarters_of_a_minute(
    clinics: Session, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ways_of, "MOST_FEATURES", 3)
    told = streets(clinics, Asked(scheme="duty", service="clinic", minutes=3))
    assert (told["merged"], told["left_out"]) == (True, 10)
    assert [one["properties"]["minutes"] for one in told["features"]] == [1, 2, 3]
    length = sum(shapely.geometry.shape(one["geometry"]).length for one in told["features"])
    # One way from the clinic at the end, two from the one in the middle of the road.
    assert length == pytest.approx(3 * 3 * 80 / WIDE_M * (at(1, 0)[0] - at(0, 0)[0]), rel=0.01)
