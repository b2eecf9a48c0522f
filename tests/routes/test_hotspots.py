"""Hot spots over HTTP and as files: what counts, where it lies, and whether it is more than chance."""

from __future__ import annotations

import base64
import io
import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.app import create_app
from gis.density import exact_density
from gis.emerging import CLASSES
from gis.metric import points_to_metric
from gis.rates import empirical_bayes
from layers.hotspots import behind as module
from layers.hotspots.asking import Asked
from layers.hotspots.behind import cases_behind
from layers.hotspots.by_grid import Judging, judged
from layers.hotspots.clusters import clusters
from layers.hotspots.density import surfaces_of
from layers.hotspots.ground import built_in
from layers.hotspots.near_repeat import near_repeats
from layers.hotspots.weekly import emerging_told
from tests.cluster import Cluster, Database
from tests.conftest import FROM_HERE
from tests.hotspotting import (
    DATED,
    FIRST,
    LAST,
    NIGHTLY,
    OUTSIDE,
    PERIOD,
    PILED,
    SPREAD,
    WEEKS,
    happen,
    square_of,
    statements,
)
from tests.journeys.commands import gridkeeper_within
from tests.routes.requests import told
from tests.town import METRIC_SRID, at

# Two old numbers became one, and the holes were reported under the first of them.
_RENAMED = """
WITH became AS (
    INSERT INTO matters (tree, standard, code, name_zh, name_en, class_zh, class_en)
    SELECT 'town', '2026', code, code, code, '类', 'Class' FROM (VALUES ('new-1'), ('other')) AS of (code)
    RETURNING id, code
), old AS (
    INSERT INTO matters (tree, standard, code, name_zh, name_en, class_zh, class_en, same_as)
    SELECT 'town', '2013', old, old, old, '类', 'Class', became.id
    FROM became CROSS JOIN (VALUES ('old-1'), ('old-2')) AS of (old) WHERE became.code = 'new-1'
    RETURNING id, code
)
UPDATE cases SET matter_id = old.id FROM old WHERE old.code = 'old-1' AND category = 'hole'
"""

ALL = SPREAD + DATED + NIGHTLY + PILED + 1
PARTS = ("density", "grids", "emerging", "clusters", "near-repeat", "cases")


@pytest.fixture(scope="module")
def busy_town(
    cluster: Cluster, town_template: str, clone_name: Iterator[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The town with thirteen weeks of cases."""
    with cluster.clone(town_template, next(clone_name)) as made:
        happen(made, tmp_path_factory.mktemp("cases"))
        yield made


@pytest.fixture(scope="module")
def service(busy_town: Database) -> Iterator[TestClient]:
    """The service of that town."""
    with TestClient(create_app(busy_town.settings), **FROM_HERE) as calling:
        yield calling


def get(service: TestClient, part: str, **more: Any) -> Any:
    """An answer about those weeks."""
    return service.get(f"/api/v1/hotspots/{part}", params={**PERIOD, **more})


def asked(service: TestClient, part: str, **more: Any) -> dict[str, Any]:
    """The same, read."""
    answer = get(service, part, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def pictures(image: dict[str, Any]) -> np.ndarray:
    """The densities of all frames, NaN for none."""
    shape = len(image["frames"]), image["height"], image["width"]
    numbers = np.concatenate([np.frombuffer(base64.b64decode(one["data"]), "<u2") for one in image["frames"]])
    return np.where(numbers == image["none"], np.nan, numbers * image["scale"]).reshape(shape)


def place_of(image: dict[str, Any], row: int, column: int) -> tuple[float, float]:
    """Longitude and latitude of the middle of a pixel."""
    lon = image["west"] + (column + 0.5) / image["width"] * (image["east"] - image["west"])
    top, bottom = (math.asinh(math.tan(math.radians(image[edge]))) for edge in ("north", "south"))
    mercator = top + (row + 0.5) / image["height"] * (bottom - top)
    return lon, math.degrees(math.atan(math.sinh(mercator)))


def test_a_surface_is_the_kernel_around_the_cases_where_they_are(service: TestClient):
    found = asked(service, "density", matter="noise", bandwidth_m=150)
    facts = ("n", "outside", "unit", "method", "bandwidth_m", "cell_m", "per", "time_zone", "version")
    assert [found[fact] for fact in facts] == [
        *(NIGHTLY, 0, "cases_per_km2", "gaussian_kernel", 150.0, 30.0, "km2", "Asia/Shanghai", 2)
    ]
    [picture] = pictures(found["image"])
    cases = asked(service, "cases", matter="noise")["cases"]
    x, y = points_to_metric([one["lon"] for one in cases], [one["lat"] for one in cases], srid=METRIC_SRID)
    rows, columns = np.meshgrid(*(np.arange(5, side - 5, 9) for side in picture.shape), indexing="ij")
    places = [place_of(found["image"], row, column) for row, column in zip(rows.flat, columns.flat, strict=True)]
    at_x, at_y = points_to_metric(*zip(*places, strict=True), srid=METRIC_SRID)
    exact = exact_density(x, y, at_x, at_y, bandwidth_m=150)
    assert np.abs(picture[rows, columns].ravel() - exact).max() <= found["error_of_peak"] * exact.max()
    peak = place_of(found["image"], *np.unravel_index(np.nanargmax(picture), picture.shape))
    assert np.allclose(peak, at(6, 2), atol=0.0006)
    assert found["classes"][-2] < found["image"]["frames"][0]["peak"] <= found["classes"][-1]
    bands = get(service, "density", matter="noise", bandwidth_m=150, format="geojson").json()["features"]
    assert [one["properties"]["upper"] for one in bands] == found["classes"]
    ground = [shapely.geometry.shape(one["geometry"]) for one in bands]
    assert ground[-1].covers(shapely.Point(peak))
    middles = [place_of(found["image"], row, column) for row, column in zip(rows.flat, columns.flat, strict=True)]
    of = shapely.STRtree(ground).query(shapely.points(middles), predicate="within")
    classes = np.searchsorted(found["classes"], picture[rows, columns].ravel()[of[0]])
    assert np.mean(classes == of[1]) > 0.98


def test_steps_share_a_scale_and_together_are_the_whole(service: TestClient):
    weekly = asked(service, "density", step="week")
    frames = weekly["image"]["frames"]
    assert (len(frames), sum(one["n"] for one in frames), weekly["n"]) == (WEEKS, ALL, ALL)
    assert (frames[0]["from"], frames[0]["to"], frames[-1]["to"]) == ("2026-02-02", "2026-02-08", "2026-05-03")
    all_weeks = pictures(weekly["image"])
    assert np.nanmax(all_weeks, axis=(1, 2)) == pytest.approx([one["peak"] for one in frames], rel=0.02)
    [whole] = pictures(asked(service, "density")["image"])
    assert whole.shape == all_weeks[0].shape
    assert all_weeks.sum(axis=0) == pytest.approx(whole, abs=0.01 * np.nanmax(whole), nan_ok=True)
    months = asked(service, "density", step="month", matter="rubbish")["image"]["frames"]
    assert [(one["from"], one["to"]) for one in months][1:] == [
        *(("2026-03-01", "2026-03-31"), ("2026-04-01", "2026-04-30"), ("2026-05-01", "2026-05-03"))
    ]


def test_hours_are_those_of_the_city_and_cases_without_one_are_told(service: TestClient):
    by_night = asked(service, "density", hours="22-5", step="hour")
    frames = by_night["image"]["frames"]
    assert [one["from"] for one in frames] == ["22:00", "23:00", "00:00", "01:00", "02:00", "03:00", "04:00"]
    assert sum(one["n"] for one in frames) == by_night["n"] >= NIGHTLY
    assert by_night["without_hour"] == DATED
    assert asked(service, "cases", matter="noise", hours="22-5")["n"] == NIGHTLY
    assert asked(service, "cases", matter="noise", hours="5-22")["n"] == 0
    assert asked(service, "cases", matter="rubbish")["n"] == SPREAD + DATED
    some, rest = (asked(service, "cases", matter="rubbish", hours=hours)["n"] for hours in ("8-20", "20-8"))
    assert some + rest == SPREAD
    assert asked(service, "grids", step="hour")["frames"][0].keys() == {"from", "to", "n", "counts"}


def test_rates_by_what_is_built_say_nothing_where_little_is(service: TestClient, busy_town: Database):
    by_household = asked(service, "density", per="household", bandwidth_m=200)
    [picture] = pictures(by_household["image"])
    lon, lat = place_of(by_household["image"], *np.unravel_index(np.nanargmax(picture), picture.shape))
    # Only the forty households in one house are enough, and around it not far.
    assert np.isnan(picture).mean() > 0.9
    assert np.allclose((lon, lat), at(3, 1), atol=0.005)
    # That house is in no grid of this scheme, whose cases therefore are not counted by it.
    told(get(service, "density", per="household", scheme="dedicated"), 422, "nothing_built")
    by_building = asked(service, "density", per="building")
    assert (by_building["classes"], by_building["unit"]) == ([], "cases_per_1000_buildings")
    assert np.isnan(pictures(by_building["image"])).all()
    told(get(service, "grids", value="per_1000_people"), 422, "nothing_built")
    rows = {row["code"]: row for row in asked(service, "grids", value="per_1000_households")["grids"]}
    assert [rows[code]["base"] for code in ("D01", "D02", "D04", "D05")] == [12, 40, 1, 0]
    assert rows["D04"]["value"] == 1000 * rows["D04"]["cases"]
    assert (rows["D05"]["value"], rows["D05"]["hot"]) == (None, "none")
    # Three houses, of which households are known and people are not.
    assert asked(service, "grids")["base_unknown"] == 0
    with Session(busy_town.app) as session:
        found = judged(session, Asked(scheme="duty", first=date(2026, 2, 2), last=date(2026, 2, 2)), Judging())
        assert built_in(session, found.points).unknown == {"households": 0, "people": 3}
    smoothed = asked(service, "grids", value="smoothed")["grids"]
    rates = 1000 * empirical_bayes(*([row[name] for row in smoothed] for name in ("cases", "base")))
    assert [row["value"] or np.nan for row in smoothed] == pytest.approx(rates, rel=1e-9, nan_ok=True)


def test_grids_count_by_the_border_rule_and_are_judged_beside_their_neighbours(service: TestClient):
    found = asked(service, "grids", permutations=199, seed=5, step="week")
    assert (found["n"], found["outside"], found["islands"], found["seed"]) == (ALL, OUTSIDE, 0, 5)
    grids = service.get("/api/v1/layers/grids/items", params={"scheme": "duty", "at": "2026-05-03T00:00:00Z"}).json()
    ground = {one["properties"]["code"]: shapely.geometry.shape(one["geometry"]) for one in grids["features"]}
    rows = found["grids"]
    assert [row["code"] for row in rows] == sorted(ground)
    cells = [ground[row["code"]] for row in rows]
    shared = [[one is not other and one.intersection(other).length > 1e-6 for other in cells] for one in cells]
    cases = [one for part in ("rubbish", "noise", "hole", "lamp") for one in behind(service, matter=part)]
    counted = Counter(one["grid_code"] for one in cases)
    counts = np.array([row["cases"] for row in rows])
    assert counts.tolist() == [counted[row["code"]] for row in rows]
    assert np.sum([one["counts"] for one in found["frames"]], axis=0).tolist() == counts.tolist()
    with_self = np.array(shared) + np.eye(len(rows))
    weight, spread, n = with_self.sum(axis=1), counts.std(), len(rows)
    expected = (with_self @ counts - weight * counts.mean()) / (spread * np.sqrt(weight * (n - weight) / (n - 1)))
    assert [row["z"] for row in rows] == pytest.approx(expected, abs=1e-9)
    assert all(0 < row["p_permuted"] <= 1 and isinstance(row["found"], bool) for row in rows)
    again = asked(service, "grids", permutations=199, seed=5, step="week")
    assert again == found
    moran = asked(service, "grids", statistic="moran", alpha=0.2)
    assert {row["hot"] for row in moran["grids"]} <= {"none", "high-high", "low-low", "high-low", "low-high"}
    willing = asked(service, "grids", alpha=0.99)["grids"]
    assert [row["hot"] for row in willing if row["found"] and not row["confidence"]].count("none") == 0
    assert any(row["found"] and not row["confidence"] for row in willing)
    # A scheme of one grid, with no neighbour.
    alone = asked(service, "grids", scheme="dedicated", permutations=99)
    assert (alone["islands"], alone["grids"][0]["z"], alone["grids"][0]["found"]) == (1, None, False)
    assert alone["n"] + alone["outside"] == ALL + OUTSIDE
    # Where grids overlap, the one with the lowest number owns a place, as everywhere.
    loose = asked(service, "grids", scheme="loose")
    west = sum(one["lon"] <= at(5, 0)[0] for one in cases)
    assert [row["cases"] for row in loose["grids"]] == [west, ALL - west]


def behind(service: TestClient, **more: Any) -> list[dict[str, Any]]:
    """The cases of an answer."""
    return list(asked(service, "cases", limit=1000, **more)["cases"])


def test_weeks_are_counted_back_from_the_last_day(service: TestClient, busy_town: Database):
    found = asked(service, "emerging")
    assert len(found["weeks"]) == WEEKS
    assert sum(found["classes"].values()) == len(found["grids"])
    assert set(found["classes"]) <= set(CLASSES)
    lane = next(row for row in found["grids"] if row["code"] == "D02")
    assert lane["weeks"][-1] >= PILED > max(lane["weeks"][:-1])
    assert lane["cases"] == sum(lane["weeks"])
    four = asked(service, "emerging", weeks=4, to="2026-05-02")
    assert (four["from"], four["to"], len(four["weeks"])) == ("2026-04-05", "2026-05-02", 4)
    assert four["weeks"][0] == {"from": "2026-04-05", "to": "2026-04-11"}
    # Weeks that are still to come have no cases, and are none.
    planned = Asked(
        scheme="duty", first=date(2026, 4, 6), last=date(2026, 6, 7), now=datetime(2026, 5, 3, 15, tzinfo=UTC)
    )
    with Session(busy_town.app) as session:
        assert emerging_told(session, planned)["weeks"][-1]["to"] == "2026-05-03"


def test_clusters_hold_their_cases_and_what_lies_on_one_place_has_ground(service: TestClient):
    found = asked(service, "clusters", within_m=80, least=10)
    noise, pile = found["features"]
    assert pile["properties"]["n"] == PILED + pile_strays(found)
    assert pile["properties"]["diameter_m"] < 160
    assert noise["properties"]["n"] >= 50
    outline = shapely.geometry.shape(noise["geometry"])
    named = {one["number"]: one for one in behind(service)}
    assert all(
        outline.covers(shapely.Point(named[one]["lon"], named[one]["lat"])) for one in noise["properties"]["cases"]
    )
    assert outline.is_valid
    assert found["noise"] == found["n"] - sum(one["properties"]["n"] for one in found["features"])
    only = asked(service, "clusters", matter="hole", within_m=5, least=30)
    [disc] = only["features"]
    assert (disc["properties"]["n"], disc["properties"]["diameter_m"], only["noise"]) == (PILED, 0, 0)
    assert shapely.geometry.shape(disc["geometry"]).area > 0
    assert disc["properties"]["first"].startswith("2026-04-27T00:00:00+08:00")


def pile_strays(found: dict[str, Any]) -> int:
    """Cases beside the thirty on one place that its cluster has, too."""
    return int(found["features"][1]["properties"]["n"]) - PILED


def test_more_than_can_be_told_is_refused(service: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("layers.hotspots.clusters.MOST_CLUSTERS", 1)
    monkeypatch.setattr("layers.hotspots.weekly.MOST_NUMBERS", 50)
    told(get(service, "clusters", least="1", within_m="1"), 422, "too_many_clusters")
    told(get(service, "emerging"), 422, "too_many_steps")


def test_pairs_of_cases_are_counted_by_distance_and_time(service: TestClient):
    found = asked(service, "near-repeat", matter="hole", distances="50,100", days="0.5,1", permutations=99, seed=2)
    assert [(row["to_m"], row["to_days"], row["observed"]) for row in found["rows"]] == [
        # Every five hours one, all on one place.
        *((50.0, 0.5, 29 + 28), (50.0, 1.0, 27 + 26), (100.0, 0.5, 0), (100.0, 1.0, 0))
    ]
    assert (found["rows"][2]["ratio"], found["seed"], found["permutations"]) == (None, 2, 99)


def test_the_cases_behind_a_number_are_those_that_it_counts(service: TestClient):
    counts = {row["code"]: row["cases"] for row in asked(service, "grids")["grids"]}
    found = asked(service, "cases", grid="D04")
    assert (found["n"], {one["grid_code"] for one in found["cases"]}) == (counts["D04"], {"D04"})
    times = [one["occurred_at"] for one in found["cases"]]
    assert times == sorted(times, reverse=True)
    boxed = asked(service, "cases", bbox=square_of(3.5, 1.5), limit=7)
    assert (boxed["n"] >= PILED, len(boxed["cases"])) == (True, 7)
    # The one that was rejected, and the one that was reported twice, are nobody's.
    assert asked(service, "cases", matter="hole")["n"] == PILED
    told(get(service, "cases", grid="D99"), 422, "unknown_grid")


def test_for_one_grid_only_the_cases_around_it_are_read(busy_town: Database, monkeypatch: pytest.MonkeyPatch):
    question = Asked(scheme="duty", first=date.fromisoformat(FIRST), last=date.fromisoformat(LAST))
    read: list[int] = []
    real = module.points_of

    def watched(*one: Any, **more: Any) -> Any:
        points = real(*one, **more)
        read.append(len(points) + points.outside)
        return points

    monkeypatch.setattr(module, "points_of", watched)
    with Session(busy_town.app) as session:
        whole = cases_behind(session, question)["n"]
        n = cases_behind(session, question, grid="D05")["n"]
        west, south, east, north = map(float, square_of(3.5, 1.5).split(","))
        cases_behind(session, question, bounds=(west, south, east, north))
    assert whole == ALL
    assert (read[0], read[1] < ALL / 2, PILED <= read[2] < ALL / 2) == (ALL + OUTSIDE, True, True)
    assert n <= read[1]


def test_a_matter_stands_for_what_became_it_and_what_it_became(busy_town: Database):
    with Session(busy_town.app) as session:
        session.execute(text(_RENAMED))
        for code, n in (("new-1", PILED), ("old-1", PILED), ("old-2", PILED), ("hole", PILED), ("other", 0)):
            question = Asked(scheme="duty", first=date.fromisoformat(FIRST), last=date.fromisoformat(LAST), matter=code)
            assert cases_behind(session, question)["n"] == n, code
        session.rollback()


@pytest.mark.parametrize(
    ("more", "n"),
    [
        ({"matter": "nothing of the kind"}, 0),
        ({"matter": "lamp"}, 1),
        ({"matter": "hole"}, PILED),
        ({"scheme": "beats"}, 0),
        ({"scheme": "dedicated", "matter": "lamp"}, 0),
    ],
    ids=["no case", "one case", "all on one place", "a city without cases", "one grid without cases"],
)
def test_few_cases_and_few_grids_are_answered_as_well(service: TestClient, more: dict[str, str], n: int):
    answers = {part: asked(service, part, **more) for part in PARTS}
    assert {part: one["n"] for part, one in answers.items()} == dict.fromkeys(PARTS, n)
    assert answers["emerging"]["classes"].keys() <= set(CLASSES)
    assert len(answers["cases"]["cases"]) == n
    for part in ("density", "grids", "emerging", "clusters"):
        assert get(service, part, format="geojson", **more).json()["type"] == "FeatureCollection"
    if not n:
        assert np.nanmax(pictures(answers["density"]["image"])) == 0


def test_the_boundaries_are_those_of_the_last_day(service: TestClient):
    before = asked(service, "grids", **{"from": "2024-06-01", "to": "2024-06-30"})
    assert (before["version"], before["grids"][-1]["code"]) == (1, "D09")
    after = asked(service, "grids", **{"from": "2024-06-01", "to": "2024-07-01"})
    assert (after["version"], after["grids"][-1]["code"]) == (2, "D08")
    theft = {"from": "2024-06-01", "to": "2024-06-30", "matter": "theft"}
    assert [one["grid_code"] for one in asked(service, "cases", **theft)["cases"]] == ["D09"]
    assert [one["grid_code"] for one in asked(service, "cases", **{**theft, "to": "2024-07-01"})["cases"]] == ["D03"]
    # A step of a longer period has the boundaries of all of it.
    assert [one["grid_code"] for one in asked(service, "cases", **theft, version=2, grid="D03")["cases"]] == ["D03"]
    told(get(service, "cases", version=9), 404, "unknown_version")


def test_an_answer_takes_few_statements_however_many_cases_there_are(busy_town: Database):
    question = Asked(scheme="duty", first=date(2026, 2, 2), last=date(2026, 5, 3))
    answers = {
        "density": lambda session: surfaces_of(session, question, bandwidth_m=200),
        "grids": lambda session: judged(session, question, Judging()),
        "emerging": lambda session: emerging_told(session, question),
        "clusters": lambda session: clusters(session, question),
        "near-repeat": lambda session: near_repeats(session, question, permutations=9),
        "cases": lambda session: cases_behind(session, question),
    }
    most = {}
    for part, answer in answers.items():
        with Session(busy_town.app) as session:
            answer(session)
            with statements(session.connection()) as sent:
                answer(session)
        most[part] = len(sent)
    # Scheme, versions, grids; whether buildings came in, and these where no import brought any; the cases that are
    # listed. Cases that are counted come by COPY.
    assert most == {"density": 3, "grids": 5, "emerging": 3, "clusters": 3, "near-repeat": 3, "cases": 4}


def test_every_map_can_be_had_as_a_file(service: TestClient, busy_town: Database, tmp_path: Path):
    for part in ("density", "grids", "emerging", "clusters"):
        answer = get(service, part, format="gpkg", matter="noise", **({"within_m": 80} if part == "clusters" else {}))
        layer = tmp_path / f"{part}.gpkg"
        layer.write_bytes(answer.content)
        frame = geopandas.read_file(layer)
        assert len(frame), part
        assert frame.geometry.is_valid.all()
        assert {"first_day", "last_day", "method", "unit"} <= set(frame.columns)
        table = pd.read_csv(io.StringIO(get(service, part, format="csv", matter="noise").text), dtype=str)
        assert len(table), part
    days = ["--from", PERIOD["from"], "--to", PERIOD["to"]]
    options = {"hotspots": ["--step", "month"], "significance": [], "clusters": ["--within", "80"], "emerging": []}
    for name, more in options.items():
        for ending, holds in ((".html", "leaflet"), (".geojson", '"Feature"')):
            file = tmp_path / f"{name}{ending}"
            done = gridkeeper_within(busy_town, "map", name, "-o", file, *days, *more)
            assert done.facts == {"map": name, "file": str(file)}
            assert holds in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("part", "more", "status", "code"),
    [
        ("density", {"scheme": "atlantis"}, 404, "unknown_scheme"),
        ("density", {"from": "2026-05-05"}, 422, "bad_period"),
        ("grids", {"from": "2020-01-01"}, 422, "bad_period"),
        ("clusters", {"hours": "25-1"}, 422, "bad_hours"),
        ("clusters", {"hours": "8"}, 422, "bad_hours"),
        ("clusters", {"hours": "8-8"}, 422, "bad_hours"),
        ("density", {"bandwidth_m": "-1"}, 422, "bad_distance"),
        ("density", {"bandwidth_m": "nan"}, 422, "invalid_value"),
        ("density", {"bandwidth_m": "1"}, 422, "bandwidth_too_small"),
        ("density", {"step": "day", "from": "2025-10-01"}, 422, "too_many_steps"),
        ("density", {"step": "year"}, 422, "invalid_value"),
        ("density", {"format": "png"}, 422, "invalid_value"),
        ("grids", {"alpha": "1"}, 422, "bad_share"),
        ("grids", {"permutations": "100000"}, 422, "bad_threshold"),
        ("grids", {"seed": "-1"}, 422, "invalid_value"),
        ("emerging", {"weeks": "3"}, 422, "too_few_weeks"),
        ("emerging", {"alpha": "0"}, 422, "bad_share"),
        ("clusters", {"within_m": "0"}, 422, "bad_distance"),
        ("clusters", {"least": "0"}, 422, "bad_threshold"),
        ("near-repeat", {"distances": "200,100"}, 422, "bad_bands"),
        ("near-repeat", {"days": "x"}, 422, "invalid_value"),
        ("near-repeat", {"permutations": "0"}, 422, "invalid_value"),
        ("cases", {"bbox": "1,2,3"}, 422, "bad_bbox"),
        ("cases", {"limit": "0"}, 422, "invalid_value"),
        ("cases", {"colour": "red"}, 422, "invalid_value"),
    ],
)
def test_what_cannot_be_asked_is_refused(service: TestClient, part: str, more: dict[str, str], status: int, code: str):
    told(get(service, part, **more), status, code)
