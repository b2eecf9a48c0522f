"""Atoms and plans: who lies beside whom, moves that even out and tear nothing, fresh partitions, grids made of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from gis.atoms import Links, bridged, homes, links, nearest
from gis.atoms_between import Between
from gis.crs import LATTICE
from gis.edits_atoms import deal_out
from gis.errors import BadInput, GridError
from gis.partition import partition
from gis.plans import Plan
from gis.shapes import to_cells
from gis.suggest import BEND_LIMIT, MOST_ATOMS, best_move, even_out, suggest
from gis.topology import problems
from tests.plans_of_atoms import METRIC_SRID, components, ground, grown_plan, spread_of

U = LATTICE


def units(*boxes):
    """Boxes in lattice units near Zhengzhou."""
    return to_cells([box(113.5 + w * U, 34.5 + s * U, 113.5 + e * U, 34.5 + n * U) for w, s, e, n in boxes])[0]


def faults(cells) -> list[str]:
    return [one.kind for one in problems(list(cells.values()), metric_srid=METRIC_SRID, labels=list(cells))]


def ways(of: Links) -> dict[tuple[int, int], float]:
    return {(a, b): metres for (a, b), metres in zip(of.pairs.tolist(), of.border_m.tolist(), strict=True)}


@pytest.mark.parametrize("seed", range(6))
def test_atoms_beside_each_other_are_those_whose_shapes_share_a_line(seed: int):
    made = ground(seed, across=6)
    found = ways(made.links)
    tree = shapely.STRtree(made.atoms)
    one, other = tree.query(made.atoms, predicate="intersects")
    common = shapely.intersection(made.atoms[one], made.atoms[other])
    lines = (one < other) & (shapely.length(common) > 0)
    assert set(found) == set(zip(one[lines].tolist(), other[lines].tolist(), strict=True))
    for a, b, line in zip(one[lines].tolist(), other[lines].tolist(), common[lines], strict=True):
        scale = np.array([np.cos(np.radians(34.75)), 1.0]) * 110_940
        assert found[a, b] == pytest.approx(shapely.transform(line, lambda xy, by=scale: xy * by).length, rel=0.01)


def test_a_corner_is_no_border_and_a_side_in_pieces_is_one():
    tall, low, high, far = units(
        (0, 0, 900, 2000), (900, 0, 1800, 700), (900, 700, 1800, 2000), (1800, 2000, 2700, 2700)
    )
    found = links(np.array([tall, low, high, far]), metric_srid=METRIC_SRID)
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.border_m[1] / found.border_m[0] == pytest.approx(13 / 7, rel=1e-3)


def test_a_border_that_two_files_place_a_step_apart_is_still_one():
    west = units((0, 0, 900, 2000))[0]
    # The neighbour has a vertex more, a lattice step aside.
    east = shapely.Polygon(np.array([(900, 0), (1800, 0), (1800, 2000), (900, 2000), (901, 1000)]) * U + (113.5, 34.5))
    (metres,) = links(to_cells([west, east])[0], metric_srid=METRIC_SRID).border_m
    assert metres == pytest.approx(2000 * U * 110_940, rel=0.01)


def test_an_atom_is_at_home_where_more_than_half_of_it_lies():
    cells = units((0, 0, 1000, 1000), (1000, 0, 2000, 1000))
    some = units((0, 0, 500, 500), (600, 0, 1500, 900), (500, 0, 1500, 900), (1900, 0, 4000, 900), (0, 0, 1000, 1000))
    assert homes(some, cells).tolist() == [0, 1, -1, -1, 0]


def test_a_point_goes_to_the_nearest_atom_of_its_own_grid():
    atoms = units((0, 0, 100, 100), (500, 0, 600, 100), (100, 0, 200, 100))
    lon = 113.5 + np.array([50, 450, 450, 100, 2000]) * U
    lat = np.full(5, 34.5 + 50 * U)
    # The fourth lies on the border of two, the last in a grid without atoms.
    assert nearest(atoms, [7, 8, 7], lon, lat, [7, 8, 7, 7, 9]).tolist() == [0, 1, 2, 0, -1]


def test_a_point_on_the_border_of_atoms_goes_to_the_lowest_however_many_there_are():
    rng = np.random.default_rng(1)
    east, north = (one.ravel() for one in np.meshgrid(np.arange(20), np.arange(20)))
    order = rng.permutation(400)
    atoms = units(*[(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for x, y in zip(east, north, strict=True)])
    # Each corner where four meet, and whose squares these are.
    x, y = (one.ravel() for one in np.meshgrid(np.arange(1, 20), np.arange(1, 20)))
    rank = np.argsort(order)
    lowest = np.min([rank[(y - up) * 20 + x - left] for up in (0, 1) for left in (0, 1)], axis=0)
    found = nearest(atoms[order], np.full(400, 7), 113.5 + 100 * x * U, 34.5 + 100 * y * U, np.full(len(x), 7))
    assert found.tolist() == lowest.tolist()


def test_pieces_that_nothing_joins_are_bridged_at_their_nearest_atoms():
    atoms = units((0, 0, 100, 100), (100, 0, 200, 100), (900, 0, 1000, 100), (5000, 0, 5100, 100))
    found = bridged(links(atoms, metric_srid=METRIC_SRID), atoms)
    assert sorted(found.pairs.tolist()) == [[0, 1], [1, 2], [2, 3]]
    assert found.border_m.tolist()[1:] == [0, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.booleans())
def test_from_any_plan_each_small_move_lowers_the_spread_and_tears_nothing(seed: int, parts: int, priced: bool):
    made = ground(seed)
    plan = grown_plan(made, parts, seed)
    cost = np.random.default_rng(seed).integers(0, 200, len(made.atoms)) if priced else None
    if not made.load.sum():
        return
    before = spread_of(plan.part, made.load)
    pieces = components(made.links, plan.part)
    was = plan.part.copy()
    for move in even_out(plan, cost=cost):
        after = spread_of(plan.part, made.load)
        assert after[0] < before[0]
        assert after[1] <= before[1] * (1 + 1e-12)
        changed = np.flatnonzero(plan.part != was).tolist()
        assert tuple(changed) == move.atoms
        assert set(was[changed]) == {move.giver}
        assert set(plan.part[changed]) == {move.taker}
        assert len(move.atoms) <= MOST_ATOMS
        now = components(made.links, plan.part)
        assert now.keys() == pieces.keys()
        assert all(now[part] <= pieces[part] for part in now)
        before, pieces, was = after, now, plan.part.copy()
    assert (plan.loads == [made.load[plan.part == part].sum() for part in range(parts)]).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_suggestion_is_one_piece_beside_its_taker_and_grows_no_tongue(seed: int):
    made = ground(seed)
    plan = grown_plan(made, 8, seed)
    found = suggest(plan, cost=made.load)
    assert found
    assert [move.worth for move in found] == sorted((move.worth for move in found), reverse=True)
    for move in found:
        given = set(move.atoms)
        marked = np.isin(np.arange(len(plan.part)), move.atoms).astype(int)
        assert components(made.links, marked)[1] == 1
        rest, theirs = plan.atoms[move.giver] - given, plan.atoms[move.taker]
        new = sum(plan.border_m(atom, rest) for atom in given)
        old = sum(plan.border_m(atom, theirs) for atom in given)
        assert old > 0
        assert new <= old * BEND_LIMIT


def test_only_grids_in_focus_give_or_take():
    made = ground(1)
    plan = grown_plan(made, 8, 1)
    assert {part for move in suggest(plan, cost=made.load) for part in (move.giver, move.taker)} > {3}
    for move in suggest(plan, cost=made.load, focus=[3]):
        assert 3 in (move.giver, move.taker)


def test_of_moves_that_gain_nearly_as_much_the_cheaper_one_is_made():
    star = Links(np.array([[0, 1], [0, 2], [1, 3], [2, 3], [0, 4]]), np.ones(5))
    plan = Plan([0, 0, 0, 1, 0], [50.0, 20.0, 19.0, 0.0, 20.0], star)
    move = best_move(plan, 0, 1, cost=np.array([0.0, 90.0, 5.0, 0.0, 0.0]), most_atoms=1)
    assert move is not None
    assert move.atoms == (2,)


def test_a_part_that_holds_a_neighbour_together_is_not_torn_by_its_gift():
    row = Links(np.array([[0, 1], [1, 2], [1, 3]]), np.ones(3))
    # Atom 1 lies beside the taker, and between the giver's two others: what it would cut off goes along, or nothing.
    plan = Plan([0, 0, 0, 1], [40.0, 10.0, 5.0, 1.0], row)
    move = best_move(plan, 0, 1, cost=np.ones(4))
    assert move is not None
    assert move.atoms == (1, 2)


@pytest.mark.parametrize("seed", range(8))
def test_a_fresh_partition_is_even_in_pieces_and_the_same_for_a_seed(seed: int):
    made = ground(seed, across=14)
    load = 20.0 + np.random.default_rng(seed).integers(0, 30, len(made.atoms))
    done = partition(load, made.links, 9, seed=seed)
    sums = np.bincount(done.part, load)
    assert done.deviation == pytest.approx(np.abs(sums / sums.mean() - 1).max())
    assert done.deviation <= 0.05
    assert components(made.links, done.part) == dict.fromkeys(range(9), 1)
    again = partition(load, made.links, 9, seed=seed)
    assert (again.part == done.part).all()
    other = partition(load, made.links, 9, seed=seed + 100)
    assert (other.part != done.part).any()


def test_a_partition_with_an_atom_that_is_too_heavy_is_the_best_there_is():
    made = ground(3, across=10)
    load = np.full(100, 10.0)
    load[0] = 400.0
    done = partition(load, made.links, 10, seed=1)
    sums = np.sort(np.bincount(done.part, load))
    assert sums[-1] == 400
    assert sums[-2] - sums[0] <= 30
    assert components(made.links, done.part) == dict.fromkeys(range(10), 1)


def test_atoms_without_load_are_dealt_out_too():
    made = ground(4, across=8)
    load = np.zeros(64)
    load[::7] = 30.0
    done = partition(load, made.links, 5, seed=2)
    assert components(made.links, done.part) == dict.fromkeys(range(5), 1)
    assert done.deviation == 0


@pytest.mark.parametrize(
    ("load", "parts", "code"),
    [([1.0, 1.0], 3, "too_few_blocks"), ([1.0, 1.0], 0, "too_few_blocks"), ([0.0, 0.0], 2, "no_load")],
)
def test_a_partition_that_cannot_be_is_refused(load, parts: int, code: str):
    with pytest.raises(BadInput) as caught:
        partition(load, Links(np.array([[0, 1]]), np.ones(1)), parts, seed=1)
    assert caught.value.code == code


def test_a_partition_of_every_atom_by_itself_and_of_all_in_one():
    made = ground(5, across=4)
    load = np.ones(16)
    assert sorted(partition(load, made.links, 16, seed=1).part.tolist()) == list(range(16))
    assert set(partition(load, made.links, 1, seed=1).part.tolist()) == {0}


def town_of_blocks(rng: np.random.Generator, *, street: int):
    """A 6 x 6 town of blocks with streets between them, over 4 grids whose borders run along the middle of streets."""
    edges = np.cumsum([0, *rng.integers(2000, 5000, 6)])
    half = street // 2
    blocks = units(
        *[
            (edges[i] + half, edges[j] + half, edges[i + 1] - half, edges[j + 1] - half)
            for i in range(6)
            for j in range(6)
        ]
    )
    middle, end = edges[3], edges[6]
    cells = units(
        (0, 0, middle, middle), (middle, 0, end, middle), (0, middle, middle, end), (middle, middle, end, end)
    )
    return blocks, dict(zip((1, 2, 3, 4), cells, strict=True))


@pytest.mark.parametrize("street", [0, 20, 300, 900])
@pytest.mark.parametrize("seed", range(3))
def test_grids_dealt_out_by_blocks_tile_the_same_ground_with_their_streets(seed: int, street: int):
    rng = np.random.default_rng(seed)
    blocks, cells = town_of_blocks(rng, street=street)
    between = Between(blocks) if street else None
    beside = (
        links(blocks, metric_srid=METRIC_SRID)
        if between is None
        else between.links(shapely.union_all(list(cells.values())))
    )
    assert len(beside.pairs) >= 2 * 5 * 6
    made = partition(np.full(36, 10.0), bridged(beside, blocks), 5, seed=seed, tolerance=0.2)
    goes = np.array([1, 2, 3, 4, 9])[made.part]
    middle = None if between is None else between.apart(goes)
    done = deal_out(cells, cells, blocks, goes, middle=middle, afresh=True)
    after = done.on(cells)
    assert set(after) == {1, 2, 3, 4, 9}
    assert faults(after) == []
    assert sum(cell.area for cell in after.values()) == pytest.approx(
        sum(cell.area for cell in cells.values()), rel=1e-9
    )
    # Every block lies in its grid, and no grid is torn by a street.
    for block, number in zip(blocks, goes.tolist(), strict=True):
        assert shapely.intersection(block, after[number]).area == pytest.approx(block.area, rel=1e-6)
    assert Counter(shapely.get_num_geometries(list(after.values())).tolist()) == {1: 5}


def test_a_street_goes_with_the_nearer_block():
    blocks = units((0, 0, 1000, 1000), (1400, 0, 2400, 1000))
    cells = {7: units((0, 0, 2400, 1000))[0]}
    between = Between(blocks)
    done = deal_out(cells, [7], blocks, [7, 8], middle=between.apart(np.array([7, 8]))).on(cells)
    assert shapely.bounds(done[7])[2] == pytest.approx(113.5 + 1200 * U, abs=2 * U)


def test_what_a_neighbour_has_of_a_block_stays_with_the_neighbour():
    blocks = units((0, 0, 1000, 1000), (1000, 0, 2300, 1000), (2300, 0, 4000, 1000))
    cells = dict(zip((1, 2), units((0, 0, 2000, 1000), (2000, 0, 4000, 1000)), strict=True))
    assert homes(blocks, list(cells.values())).tolist() == [0, 0, 1]
    done = deal_out(cells, [1], blocks[:2], [1, 3]).on(cells)
    assert done[2].equals(cells[2])
    assert done[3].area == pytest.approx(1000 * 1000 * U**2)


def test_an_edit_by_blocks_that_changes_nothing_or_ends_a_grid_is_refused():
    blocks = units((0, 0, 1000, 1000), (1000, 0, 2000, 1000))
    cells = dict(zip((1, 2), units((0, 0, 2000, 1000), (2000, 0, 4000, 1000)), strict=True))
    for goes, code in (([1, 1], "nothing_changes"), ([2, 2], "grid_would_end")):
        with pytest.raises(GridError) as caught:
            deal_out(cells, [1], blocks, goes)
        assert caught.value.code == code
    assert set(deal_out(cells, [1], blocks, [2, 2], afresh=True).on(cells)) == {2}
