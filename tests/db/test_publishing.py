"""Publishing a draft: new boundaries, codes, lineage and duties, in one transaction that writes what changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapely.geometry import mapping
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Area, DraftCell, DraftEdit
from gis.errors import BadInput
from layers.cases.check import check
from layers.errors import Conflict, NotFound, Outdated
from layers.grids.lookup import places_at
from layers.grids.schemes import SchemeSpec
from layers.rezoning import drafts, editing
from layers.rezoning.carrying_out import Asked
from layers.rezoning.publishing import publish, roll_back
from tests.imports import take_grids
from tests.plans_of_town import (
    SCHEME,
    every_kind,
    give,
    merge_top,
    move_corner,
    plan_cell,
    split_first,
    take_plan_scheme,
)
from tests.publications import LI, WANG, WHY, drafted, grid_ids, lead, published
from tests.town import FIRST, METRIC_SRID, at, squares

WEST, EAST = "410199001001", "410199002001"
LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def plan(town_session: Session) -> Session:
    """The town with the scheme to be redrawn."""
    take_plan_scheme(town_session)
    return town_session


def owner(session: Session, column: float, row: float, *, when: datetime | None = None) -> str | None:
    place = places_at(session, *at(column, row), at=when or datetime.now(UTC), scheme=SCHEME)[0]
    return place.grid and place.grid.code


def rows_written(session: Session) -> dict[str, int]:
    """Rows that this transaction wrote so far, by table; temporary tables aside."""
    rows = session.execute(
        text(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables "
            "WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND schemaname = 'public'"
        )
    )
    return dict(rows.all())


def lineage(session: Session) -> list[tuple[object, ...]]:
    rows = session.execute(
        text(
            "SELECT l.version, f.code, t.code, l.kind, round(l.area_share::numeric, 3)::float, l.households "
            "FROM grid_lineage l JOIN grids f ON f.id = l.from_grid_id JOIN grids t ON t.id = l.to_grid_id "
            "ORDER BY l.version, f.grid_no, t.grid_no"
        )
    )
    return [tuple(row) for row in rows]


def leads(session: Session, code: str, *, when: datetime) -> list[str]:
    rows = session.execute(
        text(
            "SELECT s.staff_no FROM duties d JOIN staff s ON s.id = d.staff_id "
            "WHERE d.grid_id = :grid AND d.valid @> CAST(:at AS timestamptz) ORDER BY 1"
        ),
        {"grid": grid_ids(session)[code], "at": when},
    )
    return list(rows.scalars())


def test_a_published_split_holds_from_its_instant_on_and_leaves_the_past_as_it_was(plan: Session):
    before = datetime.now(UTC)
    done = published(plan, split_first(1.5, name="Wharf east"))
    assert (done.version, done.codes, done.ended, done.changed) == (2, {9: "P01-1"}, [], 3)
    assert before < done.since < datetime.now(UTC)
    assert (owner(plan, 0.5, 1), owner(plan, 1.75, 1)) == ("P01", "P01-1")
    assert (owner(plan, 0.5, 1, when=before), owner(plan, 1.75, 1, when=before)) == ("P01", "P01")
    name = plan.scalar(text("SELECT name FROM grids WHERE code = 'P01-1'"))
    assert name == "Wharf east"


def test_every_kind_of_edit_can_be_published_at_once(plan: Session):
    done = published(plan, *every_kind())
    assert done.ended == [8]
    assert set(done.codes) == {9, 10}
    assert check(plan).differences == []


def test_only_rows_that_change_are_written(plan: Session):
    draft, revision = drafted(plan, split_first())
    before = rows_written(plan)
    publish(plan, WANG, draft, revision=revision, asked=WHY)
    wrote = {table: rows - before.get(table, 0) for table, rows in rows_written(plan).items()}
    assert {table: rows for table, rows in wrote.items() if rows} == {
        "schemes": 1,
        "scheme_versions": 2,  # one ends, one begins
        "grids": 1,
        "boundaries": 5,  # those of P01 and, beside it, P05 end; three begin
        "grid_lineage": 1,
        "drafts": 1,
        "draft_events": 1,
    }


def test_a_draft_tells_what_became_of_it(plan: Session):
    draft, revision = drafted(plan, split_first())
    publish(plan, WANG, draft, revision=revision, asked=WHY)
    now = drafts.opened(plan, draft).draft
    assert (now.state, now.published_version, now.revision) == ("published", 2, revision + 1)
    said = plan.execute(text("SELECT actor, detail FROM draft_events WHERE kind = 'published'")).one()
    assert (said.actor, said.detail["reason"], said.detail["codes"]) == ("wang", WHY.reason, {"9": "P01-1"})
    version = plan.execute(text("SELECT actor, reason FROM scheme_versions ORDER BY recorded_at DESC, version DESC"))
    assert ("wang", WHY.reason) in [tuple(row) for row in version]


def test_a_code_that_is_void_is_never_given_to_another_grid(plan: Session):
    first = published(plan, split_first())
    merged = published(plan, {"kind": "merge", "grids": [1, 9], "into": 1, "datum": "wgs84"})
    again = published(plan, split_first())
    assert (first.codes, merged.ended, again.codes) == ({9: "P01-1"}, [9], {10: "P01-2"})


def test_grids_with_national_codes_get_the_next_serials_of_their_community(town_session: Session):
    take_national(town_session)
    # Cut in the east first and in the north last; counted from the north and from the west.
    done = published(town_session, upright(2, 3.5), upright(1, 1.5), upright(4, 3.5, rows=(2, 4)), scheme="national")
    serials = {number: code.removeprefix(WEST) for number, code in done.codes.items()}
    assert serials == {9: "009", 10: "008", 11: "007"}
    homes = town_session.scalars(
        text(
            "SELECT DISTINCT a.code FROM grids g JOIN areas a ON a.id = g.area_id "
            "WHERE g.grid_no > 8 AND length(g.code) = 15"
        )
    )
    assert homes.all() == [WEST]


def test_a_grid_belongs_to_the_community_that_holds_the_most_of_its_ground(town_session: Session):
    take_national(town_session)
    area = mapping(squares((3.5, 0.5, 5, 1.5)))  # a third in the west, the rest in the east
    done = published(town_session, {"kind": "carve", "area": area, "datum": "wgs84"}, scheme="national")
    assert done.codes == {9: f"{EAST}009"}


def test_without_stored_communities_the_codes_of_the_givers_tell_them(town_session: Session):
    take_national(town_session, communities=False)
    area = mapping(squares((3.5, 0.5, 5, 1.5)))
    done = published(town_session, {"kind": "carve", "area": area, "datum": "wgs84"}, scheme="national")
    assert done.codes == {9: f"{EAST}009"}


def test_a_void_serial_is_passed_over(town_session: Session):
    take_national(town_session)
    published(town_session, upright(1, 1.5), scheme="national")
    published(town_session, {"kind": "merge", "grids": [1, 9], "into": 1, "datum": "wgs84"}, scheme="national")
    again = published(town_session, upright(1, 1.5), scheme="national")
    assert again.codes == {10: f"{WEST}008"}


def test_a_community_without_free_serials_is_told(town_session: Session):
    take_national(town_session, last="999")
    with pytest.raises(BadInput) as refused:
        published(town_session, upright(1, 1.5), scheme="national")
    assert (refused.value.code, refused.value.value) == ("serials_exhausted", WEST)


def test_lineage_tells_who_gave_what_to_whom(plan: Session):
    published(plan, split_first(1.5), merge_top())
    assert lineage(plan) == [(2, "P01", "P01-1", "split", 0.25, None), (2, "P08", "P07", "merge", 1.0, 1)]
    published(plan, give(2, 3, area=mapping(squares((2.5, 0, 4, 2)))))
    assert lineage(plan)[2:] == [(3, "P02", "P03", "transfer", 0.75, 40)]


def test_ground_of_nobody_has_no_lineage(plan: Session):
    published(plan, give(None, 4, area=mapping(squares((8, 0, 9, 2)))))
    assert lineage(plan) == []
    assert owner(plan, 8.5, 1) == "P04"


def test_a_vertex_put_into_a_border_hands_nothing_over(plan: Session):
    done = published(plan, {"kind": "insert_vertex", "at": at(6.001, 1), "datum": "wgs84"})
    assert (done.changed, done.lineage) == (2, 0)


def test_grids_that_stay_keep_their_duties_and_new_ones_get_those_of_who_gave_the_most(plan: Session):
    for code, person in (("P01", "P01"), ("P02", "P05"), ("P03", "P04"), ("P08", "P06")):
        lead(plan, code, person)
    lead(plan, "P03", "P03", role="deputy", leads=False, valid=Range(LATER, None))
    before = datetime.now(UTC)
    # A grid around the corner of P02, P03, P06, P07, most of it from P03; and P08 ends.
    carve = {"kind": "carve", "area": mapping(squares((3.5, 0.5, 5, 2.5))), "datum": "wgs84"}
    done = published(plan, carve, merge_top())
    new = done.codes[9]
    assert done.duties_carried == 2
    assert leads(plan, new, when=before) == []
    assert leads(plan, new, when=done.since) == ["P04"]
    assert leads(plan, new, when=LATER) == ["P03", "P04"]
    assert [leads(plan, code, when=LATER) for code in ("P01", "P02")] == [["P01"], ["P05"]]
    assert (leads(plan, "P08", when=before), leads(plan, "P08", when=done.since)) == (["P06"], [])


def test_two_duties_that_would_end_as_one_do_not_stop_a_publication(plan: Session):
    lead(plan, "P08", "P06")
    lead(plan, "P08", "P06", valid=Range(FIRST, LATER))
    done = published(plan, merge_top())
    assert done.ended == [8]


def test_a_draft_that_others_changed_is_not_published(plan: Session):
    draft, revision = drafted(plan, split_first())
    editing.save_edit(plan, LI, draft, merge_top(), revision=revision)
    with pytest.raises(Outdated) as refused:
        publish(plan, WANG, draft, revision=revision, asked=WHY)
    assert (refused.value.code, refused.value.values["by"]) == ("draft_changed", "li")


def test_a_stale_draft_is_told_what_changed_since(plan: Session):
    draft, revision = drafted(plan, move_corner())
    published(plan, split_first(), merge_top())
    with pytest.raises(Conflict) as refused:
        publish(plan, WANG, draft, revision=revision, asked=WHY)
    assert refused.value.code == "draft_stale"
    told = {(one["code"], one["status"]) for one in refused.value.values["grids"]}
    assert told == {("P01", "changed"), ("P05", "changed"), ("P01-1", "added"), ("P07", "changed"), ("P08", "ended")}


@pytest.mark.parametrize(
    ("states", "is_published"),
    [
        ([], True),
        (["in_review"], False),
        (["in_review", "approved"], True),
        (["in_review", "draft"], True),
        (["withdrawn"], False),
    ],
)
def test_a_draft_is_published_as_drawn_or_approved_and_not_while_it_is_under_review(
    plan: Session, states: list[str], is_published: bool
):
    draft, revision = drafted(plan, split_first())
    for state in states:
        revision = drafts.change(plan, WANG, draft, revision=revision, state=state).revision
    if is_published:
        assert publish(plan, WANG, draft, revision=revision, asked=WHY).version == 2
        return
    with pytest.raises(Conflict) as refused:
        publish(plan, WANG, draft, revision=revision, asked=WHY)
    assert refused.value.code == "draft_state"


def test_a_published_draft_is_not_published_again(plan: Session):
    draft, revision = drafted(plan, split_first())
    publish(plan, WANG, draft, revision=revision, asked=WHY)
    with pytest.raises(Conflict) as refused:
        publish(plan, WANG, draft, revision=revision + 1, asked=WHY)
    assert refused.value.code == "draft_state"


def test_a_draft_that_changes_nothing_is_not_published(plan: Session):
    draft, revision = drafted(plan, split_first())
    revision = editing.undo(plan, WANG, draft, revision=revision).opened.draft.revision
    with pytest.raises(Conflict) as refused:
        publish(plan, WANG, draft, revision=revision, asked=WHY)
    assert refused.value.code == "nothing_to_publish"


@pytest.mark.parametrize(
    ("pond", "inside"), [((8.5, 0.5, 9, 1), (8.75, 0.75)), ((8, 1.5, 9, 2.5), (8.5, 2))], ids=["in one grid", "between"]
)
def test_ground_of_nobody_may_be_closed_in(plan: Session, pond: tuple[float, ...], inside: tuple[float, float]):
    shore = squares((8, 0, 10, 3)).difference(squares(pond))
    assert published(plan, give(None, 4, area=mapping(shore))).version == 2
    assert (owner(plan, 9.5, 1), owner(plan, *inside)) == ("P04", None)


def test_what_does_not_tile_is_refused_with_its_places(plan: Session):
    draft, revision = drafted(plan)
    # As if another program had drawn it wrongly: P02 lies over P03, and far from there P08 over P07.
    edit = DraftEdit(draft_id=draft, kind="replace", params={}, actor="other")
    plan.add(edit)
    plan.flush()
    plan.add(DraftCell(edit_id=edit.id, grid_no=2, geom=squares((2, 0, 5, 2))))
    plan.add(DraftCell(edit_id=edit.id, grid_no=8, geom=squares((5.5, 2, 8, 4))))
    drafts.opened(plan, draft).draft.tip = edit.id
    plan.flush()
    with pytest.raises(BadInput) as refused:
        publish(plan, WANG, draft, revision=revision, asked=WHY)
    assert refused.value.code == "tiling_not_kept"
    assert {2, 3, 7, 8} <= {number for one in refused.value.values["first"] for number in one["grids"]}
    assert all(refused.value.where.intersects(squares(ground)) for ground in ((4, 0, 5, 2), (5.5, 2, 6, 4)))
    assert plan.scalar(text("SELECT version FROM schemes WHERE name = 'plan'")) == 1


def test_a_roll_back_brings_the_same_grids_back_with_their_own_numbers_codes_and_duties(plan: Session):
    lead(plan, "P08", "P06")
    published(plan, split_first(1.5), merge_top())
    done = roll_back(plan, LI, SCHEME, to_version=1, seen_version=2, asked=Asked(reason="not good", reinstated=True))
    assert (done.version, done.codes, done.ended, done.changed, done.duties_carried) == (3, {}, [9], 4, 1)
    assert [owner(plan, 2 * (number % 4) + 1.5, 2 * (number // 4) + 1) for number in range(8)] == [
        f"P{number:02}" for number in range(1, 9)
    ]
    assert leads(plan, "P08", when=done.since) == ["P06"]
    assert lineage(plan)[2:] == [(3, "P07", "P08", "reinstated", 0.5, 1), (3, "P01-1", "P01", "reinstated", 1.0, None)]
    again = roll_back(plan, LI, SCHEME, to_version=2, seen_version=3, asked=Asked(reason="it was", reinstated=True))
    assert (again.version, again.ended, again.codes) == (4, [8], {})
    assert owner(plan, 1.75, 1) == "P01-1"
    assert check(plan).differences == []


def test_a_roll_back_is_refused_where_it_would_change_nothing_or_what_was_seen_is_over(plan: Session):
    published(plan, split_first())
    for to_version, seen, kind, code in (
        (2, 2, Conflict, "nothing_to_publish"),
        (1, 1, Outdated, "versions_changed"),
        (7, 2, NotFound, "unknown_version"),
    ):
        with pytest.raises(kind) as refused:
            roll_back(plan, LI, SCHEME, to_version=to_version, seen_version=seen, asked=WHY)
        assert refused.value.code == code


def upright(grid: int, column: float, *, rows: tuple[float, float] = (0, 2)) -> dict[str, Any]:
    """Cut a grid from south to north."""
    line = {"type": "LineString", "coordinates": [at(column, rows[0] - 0.1), at(column, rows[1] + 0.1)]}
    return {"kind": "split", "grid": grid, "line": line, "datum": "wgs84"}


def take_national(session: Session, *, communities: bool = True, last: str = "006") -> None:
    """The plan scheme again with national codes: numbers 1 to 4 lie in the western community, 5 to 8 in the eastern."""
    for code, ground in ((WEST, (0, 0, 4, 4)), (EAST, (4, 0, 8, 4))):
        if communities:
            session.add(Area(tree="town", level="community", code=code, name=code, geom=squares(ground)))
    session.flush()
    west = [
        (f"{WEST}{serial}", plan_cell(number)) for serial, number in (("001", 1), ("002", 2), ("005", 5), (last, 6))
    ]
    east = [(f"{EAST}{number:03}", plan_cell(number)) for number in (3, 4, 7, 8)]
    spec = SchemeSpec(name="national", tree="town", metric_srid=METRIC_SRID, time_zone="Asia/Shanghai")
    take_grids(session, west + east, spec=spec)
