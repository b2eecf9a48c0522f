"""Suggestions and partitions of drafts: what they promise is what follows, and nothing is done unless it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from shapely.geometry import mapping, shape

from data.session import read_only, unit_of_work
from gis.errors import BadInput, GridError
from gis.topology import problems
from layers.batches import Summary
from layers.errors import Conflict, NotFound, Outdated
from layers.grids.ground import ATOMS, BUILDINGS, import_ground
from layers.rezoning import drafts, editing
from layers.rezoning.parting import Wish, save_partition
from layers.rezoning.preview import preview
from layers.rezoning.suggestions import MOST, suggestions
from tests.cluster import Cluster, Database
from tests.imports import PLANNER, rows_of
from tests.plans_of_town import split_first
from tests.publications import WANG, a_draft, first_draft, saved
from tests.redrawing import Things, cells_today
from tests.statements import noting
from tests.town import METRIC_SRID, at, squares


@pytest.fixture(scope="module")
def sample(cluster: Cluster, sample_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The sample town, of which no blocks are known but its unit grids."""
    with cluster.clone(sample_template, next(clone_name)) as made:
        yield made


@pytest.fixture
def plan(town: Database) -> Database:
    """The hand-drawn town with a scheme of eight squares that tiles its ground, and a draft of it, number 1."""
    return first_draft(town)


def suggested(database: Database, draft: int, **asked: Any) -> dict[str, Any]:
    with read_only(database.app) as session:
        return suggestions(session, draft, **asked)


def revision_of(database: Database, draft: int) -> int:
    with read_only(database.app) as session:
        return drafts.opened(session, draft).draft.revision


def cells_of(database: Database, draft: int) -> dict[int, shapely.Geometry]:
    with read_only(database.app) as session:
        return dict(drafts.opened(session, draft).ground.items())


def parted(database: Database, draft: int, **wish: Any) -> dict[str, Any]:
    revision = revision_of(database, draft)
    with unit_of_work(database.app) as session:
        return save_partition(session, WANG, draft, Wish(**wish), revision=revision).told


def take_blocks(database: Database, *blocks: Any, kind: Any = ATOMS, tree: str = "town", **columns: Any) -> Summary:
    """Blocks or buildings of the town as a file would bring them, called 1, 2, 3 …"""
    ids = [str(number) for number in range(1, len(blocks) + 1)]
    rows = {"row_no": range(1, len(blocks) + 1), "source_id": ids, **columns}
    frame = geopandas.GeoDataFrame(rows, geometry=list(blocks), crs=4326).rename_geometry("geom")
    with unit_of_work(database.app) as session:
        return import_ground(session, PLANNER, frame, kind, tree=tree, file="blocks.gpkg")


def clear_of_buildings(database: Database) -> None:
    with unit_of_work(database.owner) as session:
        session.connection().exec_driver_sql("DELETE FROM buildings")


def quarters(*, street: float = 0.0) -> list[shapely.Geometry]:
    """Sixteen blocks a square of the plan, row by row over all of its ground, with streets between when told."""
    half, step = street / 2, 0.5
    corners = [(column * step, row * step) for row in range(8) for column in range(16)]
    return [squares((x + half, y + half, x + step - half, y + step - half)) for x, y in corners]


def faults(cells: dict[int, shapely.Geometry]) -> list[str]:
    found = problems(list(cells.values()), metric_srid=METRIC_SRID, labels=list(cells))
    return [one.kind for one in found if one.kind != "hole"]


@pytest.mark.parametrize("measure", ["households", "cases_per_month", "open_cases", "staff_hours"])
def test_a_suggestion_does_what_it_says(sample, measure: str):
    draft = a_draft(sample, "duty", measure=measure)
    told = suggested(sample, draft)
    assert told["measure"] == measure
    assert 3 <= len(told["suggestions"]) <= MOST
    cells = cells_of(sample, draft)
    for one in told["suggestions"]:
        with read_only(sample.app) as session:
            seen = preview(session, draft, one["edit"])
        assert seen["problems"] == []
        assert seen["balance"]["before"]["imbalance"] == one["imbalance_before"] == told["imbalance"]
        assert seen["balance"]["after"]["imbalance"] == one["imbalance_after"] <= one["imbalance_before"]
        assert seen["balance"]["after"]["cv"] == pytest.approx(one["cv_after"], abs=1e-4)
        assert one["cv_after"] < one["cv_before"]
        (given,) = [each for each in seen["transfers"] if each["area_m2"] > 0]
        assert (given["from"], given["to"]) == (one["giver"], one["taker"])
        for name in ("households", "people", "buildings", "cases", "open_cases"):
            assert given[name] == one[name]
        assert shapely.area(shapely.difference(shape(one["shape"]), cells[one["giver"]])) < 1e-12
        assert all(grid["after"]["parts"] <= grid["before"]["parts"] for grid in seen["grids"])
        assert one["blocks"] == "unit"
        assert len(one["atoms"]) >= 1
    assert cells_of(sample, draft).keys() == cells.keys()


def test_suggestions_taken_one_after_another_lower_the_spread_of_what_lies_in_the_grids(sample):
    draft = a_draft(sample, "duty", measure="households")
    with read_only(sample.app) as session:
        since = datetime.fromisoformat(preview(session, draft, None)["cases_since"])
    things = Things.of(sample.app, "town", since=since)

    def spread() -> float:
        counted = things.counted(cells_of(sample, draft))
        households = np.array([load["households"] for number, load in counted.items() if number is not None])
        return float(households.std() / households.mean())

    before = spread()
    for _ in range(6):
        one = suggested(sample, draft)["suggestions"][0]
        saved(sample, draft, one["edit"])
        after = spread()
        assert after < before
        assert after == pytest.approx(one["cv_after"], abs=1e-5)
        before = after
    assert faults(cells_of(sample, draft)) == faults(cells_today(sample.app, "duty"))


def test_grids_that_are_chosen_give_or_take(sample):
    draft = a_draft(sample, "duty", measure="households")
    told = suggested(sample, draft, grids=[40, 17])
    assert told["grids"] == [17, 40]
    assert told["suggestions"]
    assert all({one["giver"], one["taker"]} & {17, 40} for one in told["suggestions"])


def test_what_is_asked_for_once_goes_before_what_is_settled(sample):
    draft = a_draft(sample, "duty", measure="people", weights={"case": 1, "household": 0, "street_km": 0})
    assert suggested(sample, draft)["measure"] == "people"
    cases = suggested(sample, draft, measure="staff_hours")
    homes = suggested(sample, draft, measure="staff_hours", weights={"case": 0, "household": 1, "street_km": 0})
    assert cases["imbalance"] == suggested(sample, draft, measure="cases_per_month")["imbalance"]
    assert homes["imbalance"] == suggested(sample, draft, measure="households")["imbalance"]


def test_no_move_is_lost_because_hours_do_not_add_up_to_the_last_digit(sample):
    draft = a_draft(sample, "duty", measure="households")

    def moves(**asked: Any) -> list[tuple[Any, ...]]:
        told = suggested(sample, draft, **asked)["suggestions"]
        return sorted((one["giver"], one["taker"], one["atoms"]) for one in told)

    # Households times 11 by 60: as a measure the same, but its sums are rounded.
    hours = {"measure": "staff_hours", "weights": {"case": 0, "household": 11, "street_km": 0}}
    assert moves(**hours) == moves()


@pytest.mark.parametrize("street", [0.0, 0.05])
def test_a_heavy_grid_gives_blocks_to_its_light_neighbour_with_half_the_street(plan, street: float):
    clear_of_buildings(plan)
    blocks = quarters(street=street)
    # The south-west square is full of people, its neighbours hold a few.
    people = [50 if block.centroid.within(squares((0, 0, 2, 2))) else 5 for block in blocks]
    assert take_blocks(plan, *blocks, people=people).stored == len(blocks)
    told = suggested(plan, 1, measure="people", grids=[1])
    assert {(one["giver"], one["taker"]) for one in told["suggestions"]} == {(1, 2), (1, 5)}
    east = next(one for one in told["suggestions"] if one["taker"] == 2)
    assert east["blocks"] == "atoms"
    named = rows_of(plan.app, "SELECT source_id FROM atoms WHERE id = ANY(:ids)", ids=east["atoms"])
    given = [blocks[int(name) - 1] for (name,) in named]
    assert east["people"] == 50 * len(given) > 0
    assert east["buildings"] == 0
    ground = shape(east["shape"])
    for block in given:
        assert shapely.intersection(block, ground).area == pytest.approx(block.area, rel=1e-6)
    # With half of the street around each, so that nothing between the blocks stays behind.
    reach = squares((0, 0, 2, 2)).area / 16
    assert ground.area == pytest.approx(len(given) * reach, rel=0.02)
    saved(plan, 1, east["edit"])
    cells = cells_of(plan, 1)
    assert faults(cells) == []
    assert {number: shapely.get_num_geometries(cell) for number, cell in cells.items()} == dict.fromkeys(range(1, 9), 1)


def test_a_block_across_a_border_goes_only_where_more_than_half_of_it_lies(plan):
    clear_of_buildings(plan)
    # The second lies astride: 0.6 of it in P01, 0.4 in P02. The third in equal halves.
    astride, halved = squares((1.4, 0, 2.4, 1)), squares((1.5, 1, 2.5, 2))
    blocks = [squares((0, 0, 1.4, 2)), astride, halved, squares((2.4, 0, 4, 1)), squares((2.5, 1, 4, 2))]
    take_blocks(plan, *blocks, people=[100, 60, 30, 10, 10])
    (one,) = suggested(plan, 1, measure="people", grids=[1])["suggestions"]
    names = rows_of(plan.app, "SELECT source_id FROM atoms WHERE id = ANY(:ids)", ids=one["atoms"])
    assert (one["giver"], one["taker"], names) == (1, 2, [("2",)])
    # Only P01 gives, so what P02 has of the block is not in it; the halved block is nobody's and stays by nearness.
    moved = shape(one["shape"])
    assert shapely.bounds(moved)[2] == pytest.approx(at(2, 0)[0], abs=1e-7)
    assert shapely.intersection(moved, astride).area == pytest.approx(squares((1.4, 0, 2, 1)).area, rel=1e-3)


def test_where_a_city_has_no_buildings_the_people_of_its_blocks_count(plan):
    clear_of_buildings(plan)
    take_blocks(plan, *quarters(), people=[3] * 128, households=[1] * 128)
    with read_only(plan.app) as session:
        told = preview(session, 1, {"kind": "merge", "grids": [1, 2], "into": 1, "datum": "wgs84"})
    (one,) = [grid for grid in told["grids"] if grid["grid_no"] == 1]
    assert (one["before"]["people"], one["after"]["people"], one["after"]["households"]) == (48, 96, 32)
    assert one["after"]["buildings"] == told["boards"]["buildings_total"] == 0
    assert told["boards"]["buildings"] == []
    take_blocks(plan, squares((1, 1, 1.1, 1.1)), kind=BUILDINGS, people=[7])
    with read_only(plan.app) as session:
        told = preview(session, 1, {"kind": "merge", "grids": [1, 2], "into": 1, "datum": "wgs84"})
    assert next(grid for grid in told["grids"] if grid["grid_no"] == 1)["after"]["people"] == 7


def refused(call: Any, kind: type[GridError], code: str) -> GridError:
    with pytest.raises(kind) as found:
        call()
    assert found.value.code == code
    return found.value


def test_what_cannot_be_suggested_is_refused_by_name(plan):
    error = refused(lambda: suggested(plan, 1, measure="area_m2"), Conflict, "no_blocks")
    assert "gridkeeper import atoms" in error.detail
    take_blocks(plan, *quarters())
    refused(lambda: suggested(plan, 2), NotFound, "unknown_draft")
    refused(lambda: suggested(plan, 1, measure="area_m2", grids=[1, 99]), BadInput, "grid_not_given")
    refused(lambda: suggested(plan, 1, measure="beauty"), BadInput, "unknown_measure")
    refused(lambda: suggested(plan, 1, measure="open_cases"), BadInput, "no_load")
    wish = {"grids": [1, 2], "measure": "area_m2"}
    refused(lambda: parted(plan, 1, **wish, parts=500), BadInput, "too_few_blocks")
    refused(lambda: parted(plan, 1, **{**wish, "grids": [1, 99]}), BadInput, "grid_not_given")
    nowhere = mapping(squares((3.4, 0, 3.6, 1)))
    refused(lambda: parted(plan, 1, area=nowhere, datum="wgs84"), BadInput, "no_ground_here")
    refused(lambda: parted(plan, 1, area=nowhere, datum="gcj02"), BadInput, "datum_not_stored")
    bow = {"type": "Polygon", "coordinates": [[at(0, 0), at(2, 2), at(2, 0), at(0, 2), at(0, 0)]]}
    crossing = refused(lambda: parted(plan, 1, area=bow, datum="wgs84"), BadInput, "bad_drawing")
    assert crossing.field == "area"
    assert shapely.distance(crossing.where, shapely.Point(at(1, 1))) < 1e-6
    with pytest.raises(Outdated), unit_of_work(plan.app) as session:
        save_partition(session, WANG, 1, Wish(**wish), revision=7)
    with unit_of_work(plan.app) as session:
        drafts.change(session, WANG, 1, revision=1, state="in_review")
    refused(lambda: parted(plan, 1, **wish), Conflict, "draft_not_open")
    assert rows_of(plan.app, "SELECT count(*) FROM draft_edits") == [(0,)]


def test_who_saves_while_a_partition_is_sought_need_not_wait_and_the_partition_is_refused(plan):
    take_blocks(plan, *quarters())
    sought: list[str] = []

    def save_meanwhile(sql: str, _: Any) -> None:
        if "FROM atoms" in sql and not sought:
            sought.append(sql)
            saved(plan, 1, split_first())

    wish = {"grids": [1, 2, 5, 6], "parts": 2, "measure": "area_m2"}
    with noting(plan.app, save_meanwhile):
        assert refused(lambda: parted(plan, 1, **wish), Outdated, "draft_changed").values["what"] == "split"
    assert rows_of(plan.app, "SELECT kind FROM draft_edits") == [("split",)]


@pytest.mark.parametrize("street", [0.0, 0.05])
@pytest.mark.parametrize(("parts", "numbers"), [(2, 2), (4, 4), (6, 6)])
def test_a_partition_deals_the_ground_of_grids_out_and_leaves_the_others_alone(plan, street, parts, numbers):
    take_blocks(plan, *quarters(street=street))
    before = cells_of(plan, 1)
    told = parted(plan, 1, grids=[1, 2, 5, 6], parts=parts, measure="area_m2")
    assert (told["grids"], told["parts"], told["blocks"]) == ([1, 2, 5, 6], parts, "atoms")
    after = cells_of(plan, 1)
    # 64 blocks of one size do not go evenly into six parts.
    assert told["deviation"] <= 0.07
    assert faults(after) == []
    changed = {number for number in after if number not in before or not after[number].equals(before[number])}
    assert {number for number in before if number not in (1, 2, 5, 6)} <= after.keys() - changed
    ours = [number for number in after if number not in (3, 4, 7, 8)]
    assert len(ours) == numbers
    assert sorted(set(ours) - {1, 2, 5, 6}) == list(range(9, 9 + max(0, parts - 4)))
    assert shapely.get_num_geometries([after[number] for number in ours]).tolist() == [1] * numbers
    whole = shapely.union_all([before[number] for number in (1, 2, 5, 6)])
    assert shapely.area([after[number] for number in ours]).sum() == pytest.approx(whole.area, rel=1e-9)
    if street:
        return
    for block in quarters():
        inside = [number for number, cell in after.items() if shapely.intersection(cell, block).area > 1e-12]
        assert len(inside) == 1


def test_a_partition_is_one_edit_that_can_be_undone_and_the_same_for_a_seed(plan):
    take_blocks(plan, *quarters())
    first = {number: shapely.to_wkb(cell) for number, cell in cells_of(plan, 1).items()}
    wish = {"grids": list(range(1, 9)), "parts": 5, "measure": "area_m2"}
    made = []
    for seed in (4, 4, 5):
        told = parted(plan, 1, **wish, seed=seed)
        assert told["seed"] == seed
        made.append({number: shapely.to_wkb(cell) for number, cell in cells_of(plan, 1).items()})
        with unit_of_work(plan.app) as session:
            editing.undo(session, WANG, 1, revision=drafts.opened(session, 1).draft.revision)
        assert {number: shapely.to_wkb(cell) for number, cell in cells_of(plan, 1).items()} == first
    assert made[0] == made[1] != made[2]
    kinds = rows_of(plan.app, "SELECT kind, params->'partition'->>'parts' FROM draft_edits")
    assert kinds == [("replace", "5")] * 3


def test_an_area_stands_for_the_grids_that_have_most_of_their_ground_in_it(plan):
    take_blocks(plan, *quarters())
    area = mapping(squares((0, 0, 3.2, 2)))
    assert parted(plan, 1, area=area, datum="wgs84", parts=3, measure="area_m2")["grids"] == [1, 2]


def test_a_partition_leaves_as_much_as_it_can_where_it_is(plan):
    clear_of_buildings(plan)
    blocks = quarters()
    take_blocks(plan, *blocks, people=[4] * 128, households=[1] * 128)
    told = parted(plan, 1, grids=[1, 2, 3, 4], measure="households")
    before = {number: squares((2 * number - 2, 0, 2 * number, 2)) for number in (1, 2, 3, 4)}
    after = cells_of(plan, 1)
    kept = sum(shapely.intersection(before[number], after[number]).area for number in (1, 2, 3, 4))
    orders = [
        sum(shapely.intersection(before[number], after[other]).area for number, other in enumerate(row, start=1))
        for row in ((2, 1, 3, 4), (1, 3, 2, 4), (4, 3, 2, 1), (2, 3, 4, 1), (3, 4, 1, 2))
    ]
    assert told["deviation"] <= 0.05
    assert kept >= max(orders)
