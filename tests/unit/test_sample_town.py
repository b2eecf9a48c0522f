"""The sample town: the same every time, an exact tiling on every level, with the awkward rows it promises."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import shapely

from data.matters import SAMPLE_CATALOGUE
from data.readers.features import read_features
from data.readers.rows import read_rows
from data.readers.times import parse_times
from data.sample_town import SIZES, TIME_ZONE, generate
from data.sample_town.files import write_files
from data.sample_town.reports import AWKWARD, DAYS, HOPELESS
from data.sample_town.tessellation import tessellation
from gis.codes import area_level, parse_grid_code
from gis.crs import on_lattice
from gis.datum import suspect_swap, to_stored
from gis.emerging import emerging
from gis.metric import area_m2, points_to_metric, to_metric
from gis.near_repeat import near_repeat
from gis.neighbours import shared_edges
from gis.topology import nesting, problems

UNTIL = datetime(2026, 6, 30, 10, 30, tzinfo=UTC)
METRIC = 4547
LEVELS = ("city", "county", "street", "community")


@pytest.fixture(scope="module")
def town():
    return generate("town", until=UNTIL)


@pytest.fixture(scope="module")
def cases(town):
    return pd.concat(town.reports(), ignore_index=True)


@pytest.fixture(scope="module")
def patrols(town):
    return town.patrols()


@pytest.fixture(scope="module")
def stored(cases):
    """Where each case lies under the datum it declares."""
    lon, lat = np.full(len(cases), np.nan), np.full(len(cases), np.nan)
    for datum, rows in cases.groupby("datum").groups.items():
        got = to_stored(cases.loc[rows, "x"], cases.loc[rows, "y"], datum=datum)
        lon[rows], lat[rows] = got.lon, got.lat
    return shapely.points(lon, lat)


def shapes(frame):
    return frame.geometry.to_numpy()


def bytes_of(frame):
    plain = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    geometry = b"".join(shapely.to_wkb(shapes(frame))) if "geometry" in frame else b""
    return plain.to_csv(index=False).encode() + geometry


def frames_of(town):
    people, patrols = town.people, town.patrols()
    tables = [town.areas, *town.schemes.values(), town.buildings, town.streets]
    asked = [patrols.devices, patrols.shifts, patrols.points, patrols.plans]
    return [*tables, people.staff, people.duties, people.absences, *asked, patrols.fixes, *town.reports()]


def holders(points, frame):
    """For each point how many grids cover it."""
    point, _ = shapely.STRtree(shapes(frame)).query(points, predicate="covered_by")
    return np.bincount(point, minlength=len(points))


def test_the_same_seed_makes_the_same_bytes_and_another_seed_makes_others(town):
    again = generate("town", until=UNTIL)
    assert [bytes_of(one) for one in frames_of(again)] == [bytes_of(one) for one in frames_of(town)]
    other = generate("town", until=UNTIL, seed=7)
    assert bytes_of(other.areas) != bytes_of(town.areas)


def test_reports_can_be_asked_for_twice(town):
    first, second = (b"".join(map(bytes_of, town.reports())) for _ in range(2))
    assert first == second


def test_the_counts_are_as_promised(town, cases):
    size = SIZES["town"]
    assert {name: len(frame) for name, frame in town.schemes.items()} == {"duty": 120, "unit": 900, "dedicated": 6}
    assert town.areas["level"].value_counts()[list(LEVELS)].tolist() == [1, 1, size.streets, size.communities]
    assert (len(town.buildings), len(cases)) == (5_000, size.cases)
    assert not cases["source_id"].duplicated().any()


def test_the_city_has_seventy_thousand_grids():
    size = SIZES["city"]
    assert (size.atoms + size.duty + size.dedicated, size.buildings, size.cases) == (70_000, 1_000_000, 10_000_000)


def test_every_vertex_is_on_the_lattice(town):
    for frame in (town.areas, *town.schemes.values(), town.buildings, town.streets):
        assert frame.crs == "EPSG:4326"
        assert on_lattice(shapely.get_coordinates(shapes(frame))).all()


@pytest.mark.parametrize("name", ["duty", "unit", "street", "community"])
def test_every_coverage_tiles_the_town_without_a_gap(town, name):
    frame = town.schemes[name] if name in town.schemes else town.areas[town.areas["level"] == name]
    cells = shapes(frame)
    assert shapely.is_valid(cells).all()
    assert shapely.coverage_is_valid(cells)
    assert problems(cells, metric_srid=METRIC, labels=frame["code"].tolist()) == []
    whole = shapes(town.areas[town.areas["level"] == "city"])[0]
    union = shapely.coverage_union_all(cells)
    assert shapely.equals_exact(shapely.normalize(union), shapely.normalize(whole.geoms[0]))
    assert len(whole.geoms[0].interiors) == 0


def test_dedicated_grids_lie_apart_each_in_one_duty_grid(town):
    walled = shapes(town.schemes["dedicated"])
    _, duty = shapely.STRtree(shapes(town.schemes["duty"])).query(walled, predicate="covered_by")
    assert len(set(duty)) == len(walled)
    assert problems(walled, metric_srid=METRIC, labels=range(len(walled))) == []


@pytest.mark.parametrize("child", ["county", "street", "community", "duty", "unit"])
def test_children_make_up_their_parents_exactly(town, child):
    is_scheme = child in town.schemes
    level = "community" if is_scheme else LEVELS[LEVELS.index(child) - 1]
    parents = town.areas[town.areas["level"] == level].reset_index(drop=True)
    children = town.schemes[child] if is_scheme else town.areas[town.areas["level"] == child]
    of = parents.index.to_series(index=parents["code"])[children["parent_code"]].to_numpy()
    assert set(of) == set(range(len(parents)))
    assert nesting(shapes(children), of, shapes(parents), metric_srid=METRIC) == []
    for number, parent in enumerate(shapes(parents)):
        own = {tuple(xy) for xy in shapely.get_coordinates(shapes(children)[of == number])}
        assert {tuple(xy) for xy in shapely.get_coordinates(parent)} <= own


def test_unit_grids_nest_in_duty_grids(town):
    inside = shapely.point_on_surface(shapes(town.schemes["unit"]))
    _, duty = shapely.STRtree(shapes(town.schemes["duty"])).query(inside, predicate="within")
    assert nesting(shapes(town.schemes["unit"]), duty, shapes(town.schemes["duty"]), metric_srid=METRIC) == []


def test_codes_say_where_a_thing_belongs(town):
    areas, grids = town.areas, pd.concat(town.schemes.values())
    assert [area_level(code) for code in areas["code"]] == areas["level"].tolist()
    assert not areas["code"].duplicated().any()
    for frame in town.schemes.values():
        assert not frame["code"].duplicated().any()
    assert [parse_grid_code(code).community for code in grids["code"]] == grids["parent_code"].tolist()


def test_grid_codes_rise_from_west_to_east_and_north_to_south_in_each_community(town):
    duty = town.schemes["duty"]
    x, y = shapely.get_coordinates(shapely.point_on_surface(shapes(duty))).T
    one, other = np.triu_indices(len(duty), k=1)
    code, community = duty["code"].to_numpy(), duty["parent_code"].to_numpy()
    for a, b in ((one, other), (other, one)):
        beside = (community[a] == community[b]) & (x[a] < x[b]) & (y[a] > y[b])
        assert beside.any()
        assert (code[a[beside]] < code[b[beside]]).all()


def test_duty_grids_are_of_a_size_that_a_person_can_walk(town):
    hectares = area_m2(shapes(town.schemes["duty"]), srid=METRIC) / 10_000
    assert 5 < hectares.min() < 12 < hectares.max() < 35
    inside = shapely.STRtree(shapes(town.schemes["duty"])).query(
        shapely.centroid(shapes(town.buildings)), predicate="within"
    )
    households = np.bincount(inside[1], town.buildings["households"].to_numpy()[inside[0]], len(hectares))
    assert 200 < np.median(households) < 500


@pytest.mark.parametrize("scheme", ["duty", "unit"])
def test_no_building_crosses_a_border(town, scheme):
    building, _ = shapely.STRtree(shapes(town.schemes[scheme])).query(shapes(town.buildings), predicate="within")
    assert np.array_equal(np.sort(building), np.arange(len(town.buildings)))


def test_no_building_crosses_the_wall_of_a_dedicated_grid_or_another_building(town):
    houses = shapes(town.buildings)
    walls = shapely.boundary(shapes(town.schemes["dedicated"]))
    assert shapely.STRtree(houses).query(walls, predicate="intersects").size == 0
    one, other = shapely.STRtree(houses).query(houses, predicate="intersects")
    assert (one == other).all()


def test_streets_run_along_borders_and_have_names_and_kinds(town):
    assert set(town.streets["kind"]) == {"ring", "arterial", "secondary", "lane"}
    assert town.streets["name"].str.fullmatch(r"[一-鿿]{3,7}").all()
    lines = shapely.union_all(shapes(town.streets))
    borders = shapely.length(shapely.boundary(shapes(town.schemes["duty"])))
    shared = shapely.length(shapely.intersection(shapely.boundary(shapes(town.schemes["duty"])), lines))
    assert shared.sum() / borders.sum() > 0.8


def test_people_answer_for_most_grids_and_some_are_vacant(town):
    duties = town.people.duties
    now = duties[duties["valid_to"].isna()]
    leads = now[(now["role"] == "grid_lead") & (now["leads"] == "yes")]
    assert not leads["grid_code"].duplicated().any()
    assert 0 < 120 - len(leads) < 15
    assert set(duties["role"]) == {
        *("area_lead", "street_lead", "community_lead", "grid_lead", "deputy", "grid_worker", "police"),
    }
    assert set(duties["staff_no"]) == set(town.people.staff["staff_no"])
    assert town.people.staff["phone"].str.startswith("000-").all()
    skills = set(town.people.staff["skills"].dropna().str.split(";").explode())
    assert skills == set(pd.read_csv(SAMPLE_CATALOGUE / "rules.csv")["skill"].dropna())


def test_two_people_changed_places_a_month_ago(town):
    leads = town.people.duties.query("role == 'grid_lead'")
    moved = leads[leads["staff_no"].duplicated(keep=False)].sort_values(["staff_no", "valid_from"])
    assert moved["valid_to"].notna().tolist() == [True, False, True, False]
    assert moved["valid_to"].iloc[0] == moved["valid_from"].iloc[1] == (UNTIL - timedelta(days=30)).date().isoformat()
    assert moved["grid_code"].iloc[0] == moved["grid_code"].iloc[3] != moved["grid_code"].iloc[1]


def test_leave_comes_with_a_substitute_and_without(town):
    today = UNTIL.date().isoformat()
    absences = town.people.absences
    away = absences[(absences["valid_from"] <= today) & (absences["valid_to"] > today)]
    assert away["substitute_no"].notna().any()
    assert away["substitute_no"].isna().any()
    assert not (away["substitute_no"] == away["staff_no"]).any()


def test_cases_lie_within_three_months_before_and_not_all_hours_are_alike(cases):
    parsed = parse_times(cases["occurred_at"], tz=TIME_ZONE)
    assert not parsed.bad.any()
    assert parsed.at.max() <= UNTIL
    assert parsed.at.min() >= UNTIL - timedelta(days=DAYS)
    local = parsed.at[parsed.precision == "instant"].tz_convert(TIME_ZONE)
    assert (local.hour == 9).sum() > 5 * (local.hour == 3).sum()
    assert (local.day_of_week == 0).sum() > 1.2 * (local.day_of_week == 6).sum()
    assert (parsed.precision == "day").sum() == np.ceil(AWKWARD["bare_date"] * len(cases))


def test_old_cases_are_settled_and_new_ones_are_not(cases):
    at = parse_times(cases["occurred_at"], tz=TIME_ZONE).at
    age = (UNTIL - at).days
    assert (cases.loc[age > 60, "state"] == "archived").mean() > 0.9
    assert (cases.loc[age < 2, "state"] == "archived").mean() < 0.1
    assert set(cases["state"]) == {"reported", "dispatched", "handling", "verified", "assessed", "archived"}


def test_some_cases_lie_exactly_on_borders_and_corners(town, cases, stored):
    count = holders(stored, town.schemes["duty"])
    assert (count == 2).sum() >= np.ceil(AWKWARD["edge"] * len(cases))
    assert (count >= 3).sum() >= np.ceil(AWKWARD["corner"] * len(cases))


def test_some_cases_lie_outside_and_a_few_too_far(town, cases, stored):
    whole = shapes(town.areas[town.areas["level"] == "city"])
    placed = stored[np.isfinite(shapely.get_x(stored))]
    metres = shapely.distance(to_metric(whole, srid=METRIC)[0], to_metric(placed, srid=METRIC))
    assert ((metres > 15) & (metres < 5_000)).sum() >= np.ceil(AWKWARD["outside"] * len(cases))
    assert (metres > 5_000).sum() == HOPELESS["far"]
    west, south, east, north = shapely.total_bounds(whole)
    swapped = suspect_swap(cases["x"], cases["y"], bounds=(west - 0.1, south - 0.1, east + 0.1, north + 0.1))
    assert swapped.sum() == HOPELESS["swapped"]


def test_cases_come_in_three_datums(cases):
    shares = cases["datum"].value_counts(normalize=True)
    assert shares["wgs84"] > 0.8
    assert shares["gcj02"] == pytest.approx(0.10, abs=0.01)
    assert shares["bd09"] == pytest.approx(0.04, abs=0.01)


def test_cases_crowd_at_hot_spots(town, stored):
    tree = shapely.STRtree(shapes(town.schemes["duty"]))
    per_grid = np.sort(np.bincount(tree.query(stored, predicate="within")[1], minlength=120))
    assert per_grid[-12:].sum() > 0.25 * per_grid.sum()
    assert (per_grid > 0).mean() > 0.95


def test_hot_spots_come_and_go_and_reports_follow_others(town, cases, stored):
    at = parse_times(cases["occurred_at"], tz=TIME_ZONE).at
    weeks_ago = ((pd.Timestamp(UNTIL) - at) / pd.Timedelta(days=7)).to_numpy().astype(int)
    cells = shapes(town.schemes["unit"])
    case, cell = shapely.STRtree(cells).query(stored, predicate="within")
    counts = np.zeros((13, len(cells)))
    np.add.at(counts, (12 - weeks_ago[case], cell), 1)
    classes = emerging(counts, shared_edges(cells)).klass
    assert {"new-hot", "intensifying-hot", "diminishing-hot", "none"} <= set(classes)
    x, y = points_to_metric(*shapely.get_coordinates(stored[case]).T, srid=METRIC)
    seconds = (at - at.min()).total_seconds().to_numpy()[case]
    pairs = near_repeat(x, y, seconds, distances_m=[100], days=[2], permutations=99, seed=1)
    assert (float(pairs.p[0, 0]), bool(pairs.ratio[0, 0] > 1.05)) == (0.01, True)


def test_so_many_cases_as_asked_for_come_in_frames(town):
    frames = list(generate("town", until=UNTIL, cases=40).reports())
    assert [len(frame) for frame in frames] == [40]


def test_people_walk_along_streets_on_their_shifts_up_to_now(town, patrols):
    fixes = patrols.fixes.merge(patrols.devices, left_on="device", right_on="label")
    place = np.full((len(fixes), 2), np.nan)
    for datum, rows in fixes.groupby("datum").groups.items():
        got = to_stored(fixes.loc[rows, "lon"], fixes.loc[rows, "lat"], datum=datum)
        place[rows] = np.c_[got.lon, got.lat]
    assert set(fixes["datum"]) == {"wgs84", "gcj02"}
    streets = shapely.STRtree(to_metric(shapes(town.streets), srid=METRIC))
    _, away_m = streets.query_nearest(
        to_metric(shapely.points(place), srid=METRIC), return_distance=True, all_matches=False
    )
    assert np.median(away_m) < 5
    assert (away_m < 30).mean() > 0.99
    shifts = dict(list(patrols.shifts.groupby("device")))
    for device, rows in fixes.groupby("device"):
        at = pd.to_datetime(rows["at"], unit="s", utc=True)
        assert at.max() <= UNTIL
        spans = zip(*(pd.to_datetime(shifts[device][name]) for name in ("valid_from", "valid_to")), strict=True)
        assert sum(at.between(*span).sum() for span in spans) == len(at)
    assert len(set(patrols.shifts["team"])) == 2


def test_what_patrols_are_asked_for_is_there(town, patrols):
    assert not patrols.points["label"].duplicated().any()
    assert not patrols.plans["label"].duplicated().any()
    assert set(";".join(patrols.plans["points"].dropna()).split(";")) == set(patrols.points["label"])
    assert set(";".join(patrols.plans["grids"].dropna()).split(";")) <= set(town.schemes["duty"]["code"])
    assert set(patrols.shifts["staff_no"]) <= set(town.people.staff["staff_no"])


def test_the_files_can_be_read_by_the_readers(town, tmp_path):
    files = write_files(town, tmp_path / "town")
    tables = ["staff.csv", "duties.csv", "absences.csv", "calendar.csv", "cases.csv"]
    assert [file.name for file in files] == ["ground.gpkg", *tables, "catalogue"]
    for layer, frame in (("duty", town.schemes["duty"]), ("buildings", town.buildings), ("streets", town.streets)):
        read = read_features(files[0], layer=layer)
        assert len(read) == len(frame)
        assert np.array_equal(shapely.to_wkb(read.geometry.to_numpy()), shapely.to_wkb(shapes(frame)))
    chunks = list(read_rows(files[-2]))
    assert sum(len(chunk.frame) for chunk in chunks) == SIZES["town"].cases
    assert not any(chunk.bad for chunk in chunks)


def test_a_tessellation_tiles_its_ground_with_ragged_cells():
    cells = tessellation(400, seed=3)
    assert len(cells) == 400
    assert 80 <= np.median(shapely.get_num_coordinates(cells)) <= 130
    assert on_lattice(shapely.get_coordinates(cells)).all()
    assert problems(cells, metric_srid=METRIC, labels=range(400)) == []
    assert np.array_equal(shapely.to_wkb(cells), shapely.to_wkb(tessellation(400, seed=3)))


def test_a_tessellation_has_cells_as_wide_as_asked():
    metres = to_metric(tessellation(60, seed=3, cell_m=300.0), srid=METRIC)
    assert 200 <= np.sqrt(np.median(shapely.area(metres))) <= 350


def test_a_tessellation_can_have_lakes_and_islands():
    cells = tessellation(200, seed=4, holes=3, islands=5)
    assert len(cells) == 200
    ground = shapely.coverage_union_all(cells)
    assert len(ground.interiors) == 3
    assert sum(len(part.interiors) for part in shapely.get_parts(cells)) == 8
