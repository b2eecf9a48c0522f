"""Drafts: edits are saved one by one, undo and redo give the same bits, and nobody writes over another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Barrier
from typing import Any

import pytest
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.errors import BrokenRule
from data.session import unit_of_work
from data.tables import Draft, DraftCell, DraftEdit, Street
from data.tables.planning import DRAFT_STATES
from gis.errors import BadInput, GridError
from layers.actor import Actor
from layers.errors import Conflict, NotFound, Outdated
from layers.grids.schemes import scheme_named
from layers.rezoning import drafts, editing, reading
from layers.rezoning.ground import Base, base_of
from layers.rezoning.states import MOVES
from tests.cluster import Database
from tests.plans_of_town import (
    SCHEME,
    carve_middle,
    every_kind,
    give,
    merge_top,
    move_corner,
    plan_cell,
    split_first,
    take_plan_scheme,
)
from tests.statements import noting
from tests.town import at

WANG, LI = Actor("wang", ("planner",)), Actor("li", ("planner",))


@pytest.fixture
def plan(town_session: Session) -> Session:
    """The town with the scheme to be redrawn."""
    take_plan_scheme(town_session)
    return town_session


@pytest.fixture
def draft(plan: Session) -> int:
    """A new draft of it."""
    return drafts.create(plan, WANG, scheme=SCHEME, name="Summer").id


def seen(session: Session, draft: int) -> int:
    return drafts.opened(session, draft).draft.revision


def save(session: Session, draft: int, edit: dict[str, Any], *, actor: Actor = WANG) -> editing.Saved:
    return editing.save_edit(session, actor, draft, edit, revision=seen(session, draft))


def undo(session: Session, draft: int) -> editing.Saved:
    return editing.undo(session, WANG, draft, revision=seen(session, draft))


def redo(session: Session, draft: int) -> editing.Saved:
    return editing.redo(session, WANG, draft, revision=seen(session, draft))


def bits(session: Session, draft: int) -> dict[int, bytes]:
    """The ground of every grid in a draft, bit for bit."""
    return {number: shapely.to_wkb(cell) for number, cell in drafts.opened(session, draft).ground.items()}


def refused(call: Callable[[], Any], kind: type[GridError], code: str) -> GridError:
    with pytest.raises(kind) as found:
        call()
    assert found.value.code == code
    return found.value


def test_a_new_draft_is_the_published_ground(plan: Session, draft: int):
    assert bits(plan, draft) == {number: shapely.to_wkb(plan_cell(number)) for number in range(1, 9)}
    told = reading.described(plan, draft)
    assert {name: told[name] for name in ("scheme", "name", "state", "owner", "revision", "base_version")} == {
        "scheme": SCHEME,
        "name": "Summer",
        "state": "draft",
        "owner": "wang",
        "revision": 1,
        "base_version": 1,
    }
    assert (told["can_undo"], told["can_redo"], told["is_stale"], told["grids_changed"]) == (False, False, False, 0)


@pytest.mark.parametrize("edit", every_kind(), ids=lambda edit: edit["kind"])
def test_undo_gives_the_same_bits_and_redo_too(plan: Session, draft: int, edit):
    before = bits(plan, draft)
    made = save(plan, draft, edit)
    after = bits(plan, draft)
    assert after != before
    assert {n: g for n, g in bits(plan, draft).items() if before.get(n) != g}.keys() <= set(made.edited.numbers)
    assert undo(plan, draft).edited.after == made.edited.before
    assert bits(plan, draft) == before
    assert redo(plan, draft).edited.numbers == made.edited.numbers
    assert bits(plan, draft) == after


def test_a_row_of_edits_is_walked_back_and_forth_bit_for_bit(plan: Session, draft: int):
    states = [bits(plan, draft)]
    for edit in every_kind():
        save(plan, draft, edit)
        states.append(bits(plan, draft))
        assert shapely.coverage_is_valid(list(drafts.opened(plan, draft).ground.values()))
    for state in states[-2::-1]:
        undo(plan, draft)
        assert bits(plan, draft) == state
    refused(lambda: undo(plan, draft), Conflict, "nothing_to_undo")
    for state in states[1:]:
        redo(plan, draft)
        assert bits(plan, draft) == state
    refused(lambda: redo(plan, draft), Conflict, "nothing_to_redo")


def test_an_edit_after_undo_keeps_the_old_branch_and_its_number(plan: Session, draft: int):
    first = save(plan, draft, split_first())
    undo(plan, draft)
    second = save(plan, draft, split_first(0.5))
    assert (first.edited.numbers, second.edited.numbers) == ((1, 5, 9), (1, 5, 10))
    told = reading.detail(plan, draft)["edits"]
    assert [(edit["parent_id"], edit["on_path"], edit["grids"]) for edit in told] == [
        (None, False, [1, 5, 9]),
        (None, True, [1, 5, 10]),
    ]
    undo(plan, draft)
    redo(plan, draft)
    assert sorted(drafts.opened(plan, draft).ground.changed) == [1, 5, 10]


def test_a_grid_that_got_its_ground_back_is_not_changed(plan: Session, draft: int):
    save(plan, draft, move_corner(2.25, 2.25))
    assert sorted(drafts.opened(plan, draft).ground.changed) == [1, 2, 5, 6]
    save(plan, draft, {**move_corner(2, 2), "vertex": at(2.25, 2.25)})
    assert drafts.opened(plan, draft).ground.changed == {}
    assert reading.changes(drafts.opened(plan, draft))["changed"]["features"] == []


def test_new_grids_have_names_and_ended_ones_are_told(plan: Session, draft: int):
    save(plan, draft, carve_middle(name="Station 车站"))
    save(plan, draft, {**merge_top(), "grids": [4, 8], "into": 4})
    save(plan, draft, move_corner())
    told = reading.changes(drafts.opened(plan, draft))
    named = {one["properties"]["grid_no"]: one["properties"] for one in told["changed"]["features"]}
    assert named[9] == {"grid_no": 9, "code": None, "name": "Station 车站", "status": "new"}
    assert named[4] == {"grid_no": 4, "code": "P04", "name": "P04", "status": "changed"}
    assert told["ended"] == [8]
    assert told["revision"] == 4


def test_chosen_houses_go_to_another_grid(plan: Session, draft: int):
    house = plan.scalar(text("SELECT id FROM buildings WHERE source_id = 'b1'"))
    made = save(plan, draft, give(buildings=[house]))
    assert made.edited.torn == {2: 2}
    ground = drafts.opened(plan, draft).ground
    assert ground[1].area + ground[2].area == plan_cell(1).area + plan_cell(2).area
    found = refused(lambda: save(plan, draft, give(buildings=[house, 4711])), BadInput, "unknown_building")
    assert (found.field, found.value) == ("buildings", "4711")
    refused(lambda: save(plan, draft, give(atoms=[4711])), BadInput, "unknown_block")


def test_a_drawn_line_follows_the_street_it_was_drawn_along(plan: Session, draft: int):
    street = shapely.multilinestrings([[at(1, -1), at(1, 3)]])
    plan.add(Street(tree="town", source_id="s9", name="Axis", geom=street))
    save(plan, draft, split_first(1.01, snap_m=10))
    ground = drafts.opened(plan, draft).ground
    assert {ground[number].bounds for number in (1, 9)} == {(*at(0, 0), *at(1, 2)), (*at(1, 0), *at(2, 2))}


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (split_first() | {"grid": 77}, "grid_not_given"),
        (split_first(5), "line_does_not_cut"),
        (split_first() | {"line": {"type": "LineString", "coordinates": [[1, 2]]}}, "bad_drawing"),
        (move_corner(4.5, 4.5), "borders_cross"),
        (move_corner() | {"vertex": at(1, 1)}, "no_vertex_here"),
        (merge_top() | {"grids": [7]}, "nothing_changes"),
        ({"kind": "insert_vertex", "at": [100.0, 0.0], "datum": "wgs84"}, "no_ground_here"),
        (give(giver=None), "no_ground_here"),
        (split_first() | {"datum": "gcj02"}, "datum_not_stored"),
        (split_first() | {"datum": None}, "unknown_datum"),
        ({"kind": "melt", "datum": "wgs84"}, "unknown_kind_of_edit"),
    ],
    ids=lambda given: given if isinstance(given, str) else given["kind"],
)
def test_a_refused_edit_stores_nothing(plan: Session, draft: int, edit, code):
    refused(lambda: save(plan, draft, edit), BadInput, code)
    assert seen(plan, draft) == 1
    assert plan.scalar(select(func.count()).select_from(DraftEdit).where(DraftEdit.draft_id == draft)) == 0


def test_a_vertex_that_would_jump_over_grids_is_refused(plan: Session, draft: int):
    """All that lies between where it is and where it should go is looked at, not only its neighbours."""
    found = refused(lambda: save(plan, draft, move_corner(7.5, 0.5)), BadInput, "borders_cross")
    assert found.where is not None


def test_a_draft_goes_where_the_table_lets_it(plan: Session, draft: int):
    row = plan.get_one(Draft, draft)
    for state, to in product(DRAFT_STATES, repeat=2):
        row.state, row.publish_at = state, row.created_at
        row.published_version = 1 if state == "published" else None
        plan.flush()
        if to in MOVES[state]:
            row.published_version = 1 if to == "published" else None
            drafts.step(plan, WANG, row, to)
            assert reading.detail(plan, draft)["events"][-1]["detail"] == {"from": state, "to": to}
        else:
            refused(lambda to=to: drafts.step(plan, WANG, row, to), Conflict, "draft_state")
        assert row.state == (to if to in MOVES[state] else state)


@pytest.mark.parametrize("state", ["scheduled", "published"])
def test_nobody_says_that_a_draft_is_published(plan: Session, draft: int, state):
    drafts.change(plan, WANG, draft, revision=1, state="in_review")
    drafts.change(plan, WANG, draft, revision=2, state="approved")
    refused(lambda: drafts.change(plan, WANG, draft, revision=3, state=state), Conflict, "draft_state")


@pytest.mark.parametrize("state", ["in_review", "withdrawn"])
def test_a_draft_that_is_not_open_refuses_edits(plan: Session, draft: int, state):
    save(plan, draft, split_first())
    drafts.change(plan, WANG, draft, revision=2, state=state)
    for call in (lambda: save(plan, draft, merge_top()), lambda: undo(plan, draft), lambda: redo(plan, draft)):
        assert refused(call, Conflict, "draft_not_open").values == {"state": state}
    if state == "in_review":
        drafts.change(plan, WANG, draft, revision=3, state="draft")
        save(plan, draft, merge_top())


def test_what_is_said_of_a_draft_changes_and_is_recorded(plan: Session, draft: int):
    drafts.change(plan, LI, draft, revision=1, name="Autumn", settings={"measure": "people", "band": None})
    drafts.change(plan, LI, draft, revision=2, settings={"measure": None, "weights": {"case": 20}})
    drafts.comment(plan, WANG, draft, "Is the quay not too large?", at=at(1, 1))
    told = reading.detail(plan, draft)
    assert (told["name"], told["settings"], told["revision"]) == ("Autumn", {"weights": {"case": 20}}, 3)
    assert [(event["actor"], event["kind"]) for event in told["events"]] == [
        ("wang", "created"),
        ("li", "renamed"),
        ("li", "settings"),
        ("li", "settings"),
        ("wang", "comment"),
    ]
    assert told["events"][-1]["detail"] == {"text": "Is the quay not too large?", "at": list(at(1, 1))}
    refused(lambda: drafts.change(plan, LI, draft, revision=3, settings={"colour": 1}), BadInput, "unknown_word")


def test_a_new_name_counts_though_the_settings_sent_with_it_are_the_old_ones(plan: Session, draft: int):
    drafts.change(plan, LI, draft, revision=1, settings={"measure": "people"})
    drafts.change(plan, LI, draft, revision=2, name="Autumn", settings={"measure": "people"})
    told = reading.detail(plan, draft)
    assert (told["name"], told["revision"]) == ("Autumn", 3)
    assert [event["kind"] for event in told["events"]] == ["created", "settings", "renamed"]


def test_the_second_of_two_planners_is_told_by_whom_the_draft_was_changed(plan: Session, draft: int):
    editing.save_edit(plan, WANG, draft, split_first(), revision=1)
    before = bits(plan, draft)
    for call in (
        lambda: editing.save_edit(plan, LI, draft, merge_top(), revision=1),
        lambda: editing.undo(plan, LI, draft, revision=1),
        lambda: drafts.change(plan, LI, draft, revision=1, name="Mine"),
    ):
        found = refused(call, Outdated, "draft_changed")
        assert {name: found.values[name] for name in ("revision", "by", "what")} == {
            "revision": 2,
            "by": "wang",
            "what": "split",
        }
    assert bits(plan, draft) == before


def test_of_two_planners_who_save_at_once_one_wins_and_nothing_is_overwritten(town: Database):
    with unit_of_work(town.owner) as session:
        take_plan_scheme(session)
    with unit_of_work(town.app) as session:
        draft = drafts.create(session, WANG, scheme=SCHEME, name="Summer").id
    start = Barrier(2)

    def attempt(actor: Actor, edit: dict[str, Any], revision: int) -> str:
        with unit_of_work(town.app) as session:
            start.wait()
            try:
                editing.save_edit(session, actor, draft, edit, revision=revision)
            except Outdated as error:
                return error.code
        return "saved"

    corner = at(2, 2)
    with ThreadPoolExecutor(2) as pool:
        for revision in range(1, 9):
            goals = [at(1.5 + revision / 16, row) for row in (1.5, 1.75)]
            edits = [move_corner() | {"vertex": corner, "to": goal} for goal in goals]
            ends = list(pool.map(attempt, (WANG, LI), edits, (revision, revision)))
            assert sorted(ends) == ["draft_changed", "saved"]
            corner = goals[ends.index("saved")]
    with unit_of_work(town.app) as session:
        told = reading.detail(session, draft)
        ground = drafts.opened(session, draft).ground
    assert (told["revision"], len(told["edits"])) == (9, 8)
    assert all(list(corner) in shapely.get_coordinates(ground[number]).tolist() for number in (1, 2, 5, 6))


def test_a_version_is_read_once_however_many_open_it_at_once(town: Database):
    with unit_of_work(town.owner) as session:
        take_plan_scheme(session)
    start, reads = Barrier(8), []

    def note(sql: str, _: Any) -> None:
        reads.extend([sql] if "boundaries" in sql else [])

    def read(_: int) -> Base:
        with unit_of_work(town.app) as session:
            scheme = scheme_named(session, SCHEME)
            start.wait()
            return base_of(session, scheme)

    with noting(town.app, note), ThreadPoolExecutor(8) as pool:
        bases = list(pool.map(read, range(8)))
    assert len(reads) == 1
    assert all(base is bases[0] for base in bases)


def test_what_one_planner_saved_another_session_reads(town: Database):
    with unit_of_work(town.owner) as session:
        take_plan_scheme(session)
    with unit_of_work(town.app) as session:
        draft = drafts.create(session, WANG, scheme=SCHEME, name="Summer").id
    with unit_of_work(town.app) as session:
        save(session, draft, split_first())
        mine = bits(session, draft)
    with unit_of_work(town.app) as session:
        assert bits(session, draft) == mine


def test_a_draft_stays_on_its_version_and_is_told_to_be_stale(plan: Session, draft: int):
    save(plan, draft, merge_top())
    before = bits(plan, draft)
    take_plan_scheme(plan, range(1, 8))
    assert bits(plan, draft) == before
    told = reading.described(plan, draft)
    assert (told["base_version"], told["newest_version"], told["is_stale"]) == (1, 2, True)
    later = drafts.create(plan, LI, scheme=SCHEME, name="Autumn")
    assert (later.base_version, 8 in drafts.opened(plan, later.id).ground) == (2, False)


def test_drafts_are_listed_by_scheme(plan: Session, draft: int):
    other = drafts.create(plan, LI, scheme="duty", name="Else").id
    assert {told["id"] for told in reading.listed(plan)} >= {draft, other}
    assert [told["id"] for told in reading.listed(plan, scheme=SCHEME)] == [draft]
    refused(lambda: reading.listed(plan, scheme="moon"), NotFound, "unknown_scheme")
    refused(lambda: drafts.create(plan, LI, scheme="moon", name="x"), NotFound, "unknown_scheme")
    refused(lambda: drafts.opened(plan, 4711), NotFound, "unknown_draft")
    refused(lambda: reading.described(plan, 4711), NotFound, "unknown_draft")
    refused(lambda: save(plan, 4711, merge_top()), NotFound, "unknown_draft")


@pytest.mark.parametrize("table", ["draft_edits", "draft_cells", "draft_events", "grid_lineage"])
def test_the_trail_of_a_draft_is_never_rewritten(plan: Session, town: Database, table):
    column = {"draft_cells": "edit_id", "grid_lineage": "version"}.get(table, "id")
    for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="permission denied"), plan.begin_nested():
            plan.execute(text(change))
        with pytest.raises(BrokenRule) as found, unit_of_work(town.owner) as session:
            session.execute(text(change))
        assert found.value.code == "append_only"


def test_a_cell_of_a_draft_is_stored_as_a_multipolygon(plan: Session, draft: int):
    for edit in every_kind():
        save(plan, draft, edit)
    kinds = {None if one is None else one.geom_type for one in plan.scalars(select(DraftCell.geom))}
    assert kinds == {None, "MultiPolygon"}
