"""Drafts that wait for their instant: withdrawn, kept free of others, carried over, published once and as of then."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput, GridError
from layers.cases.check import check
from layers.errors import Conflict
from layers.grids.schemes import SchemeSpec
from layers.rezoning import drafts
from layers.rezoning.carrying_out import Asked
from layers.rezoning.publishing import publish, roll_back, schedule, withdraw
from layers.rezoning.schedule import publish_due
from tests.boundaries import MISPLACED
from tests.cluster import Database
from tests.imports import rows_of, take_grids
from tests.plans_of_town import SCHEME, give, merge_top, plan_cell, split_first, take_plan_scheme
from tests.publications import LI, WANG, WHY, case, case_at, drafted, lead, published
from tests.town import squares

EASTERN = mapping(squares((5, 0, 6, 1)))
# Long enough that a draft is still waiting after the next statement of a test, short enough to wait for.
SOON = timedelta(seconds=1.5)


@pytest.fixture
def plan(town: Database) -> Database:
    """A database of its own with the scheme to be redrawn."""
    with unit_of_work(town.app) as session:
        take_plan_scheme(session)
        for code, person in (("P01", "P01"), ("P02", "P05")):
            lead(session, code, person)
    return town


def scheduled(plan: Database, *edits: dict[str, Any], in_s: timedelta = SOON, asked: Asked = WHY) -> int:
    with unit_of_work(plan.app) as session:
        draft, revision = drafted(session, *edits)
        at = datetime.now(UTC) + in_s
        schedule(session, WANG, draft, revision=revision, asked=asked, at=at)
    return draft


def state(plan: Database, draft: int) -> tuple[str, datetime | None]:
    with Session(plan.app) as session:
        found = drafts.opened(session, draft).draft
        return found.state, found.publish_at


def revision_of(session: Session, draft: int) -> int:
    return drafts.opened(session, draft).draft.revision


def wait_until_due(plan: Database) -> datetime:
    at = rows_of(plan.app, "SELECT max(publish_at) FROM drafts")[0][0]
    time.sleep(max(0, (at - datetime.now(UTC)).total_seconds()) + 0.01)
    return at


def refusal(plan: Database, act: Callable[[Session], Any]) -> GridError:
    with pytest.raises(GridError) as refused, unit_of_work(plan.app) as session:
        act(session)
    return refused.value


def newest(plan: Database) -> int:
    return rows_of(plan.app, "SELECT version FROM schemes WHERE name = 'plan'")[0][0]


def require_no_difference(plan: Database) -> None:
    assert rows_of(plan.app, MISPLACED) == []
    with Session(plan.app) as session:
        assert check(session).differences == []


def test_a_scheduled_draft_is_published_at_its_instant_and_not_before(plan: Database):
    draft = scheduled(plan, split_first(1.5))
    assert publish_due(plan.app) == []
    assert (state(plan, draft)[0], newest(plan)) == ("scheduled", 1)
    at = wait_until_due(plan)
    (due,) = publish_due(plan.app)
    assert (due.draft_id, due.done.version, due.done.since, due.done.codes) == (draft, 2, at, {9: "P01-1"})
    assert state(plan, draft)[0] == "published"
    said = rows_of(plan.app, "SELECT actor, reason FROM scheme_versions WHERE version = 2 AND valid @> now()")
    assert ("wang", WHY.reason) in [tuple(row) for row in said]
    assert publish_due(plan.app) == []


def test_an_instant_that_is_over_is_refused(plan: Database):
    def too_late(session: Session) -> None:
        draft, revision = drafted(session, split_first())
        schedule(session, WANG, draft, revision=revision, asked=WHY, at=datetime.now(UTC) - timedelta(seconds=1))

    refused = refusal(plan, too_late)
    assert isinstance(refused, BadInput)
    assert refused.code == "not_in_the_future"


def test_until_its_instant_it_can_be_withdrawn(plan: Database):
    draft = scheduled(plan, split_first())
    with unit_of_work(plan.app) as session:
        withdraw(session, LI, draft, revision=revision_of(session, draft))
    wait = datetime.now(UTC) + SOON
    assert state(plan, draft) == ("withdrawn", None)
    time.sleep(max(0, (wait - datetime.now(UTC)).total_seconds()))
    assert publish_due(plan.app) == []
    assert newest(plan) == 1


def test_it_can_be_taken_back_to_be_approved_and_published_another_day(plan: Database):
    draft = scheduled(plan, split_first())
    with unit_of_work(plan.app) as session:
        drafts.change(session, LI, draft, revision=revision_of(session, draft), state="approved")
    assert state(plan, draft) == ("approved", None)
    with unit_of_work(plan.app) as session:
        assert publish(session, LI, draft, revision=revision_of(session, draft), asked=WHY).version == 2


def test_while_one_is_scheduled_nobody_else_publishes_the_same_grids(plan: Database):
    with unit_of_work(plan.app) as session:
        published(session, merge_top())
    draft = scheduled(plan, split_first(), in_s=timedelta(hours=1))

    def another_draft(session: Session) -> None:
        published(session, give(2, 1, area=mapping(squares((2, 0, 3, 2)))))

    def another_scheduled(session: Session) -> None:
        other, revision = drafted(session, give(2, 1, area=mapping(squares((2, 0, 3, 2)))))
        schedule(session, LI, other, revision=revision, asked=WHY, at=datetime.now(UTC) + timedelta(days=1))

    def an_import(session: Session) -> None:
        take_grids(session, [("W", squares((0, 0, 4, 4))), ("E", squares((4, 0, 8, 4)))], spec=SchemeSpec(name=SCHEME))

    def an_import_that_begins_later(session: Session) -> None:
        cells = [(f"P{no:02}", plan_cell(no)) for no in range(1, 9)]  # P08 comes back, P01 stays
        take_grids(session, cells, spec=SchemeSpec(name=SCHEME), since=datetime.now(UTC) + timedelta(hours=2))

    for act in (another_draft, another_scheduled, an_import, an_import_that_begins_later):
        refused = refusal(plan, act)
        assert isinstance(refused, Conflict)
        assert (refused.code, refused.values["draft"]) == ("publication_scheduled", draft)
    assert newest(plan) == 2


def test_a_roll_back_of_the_same_grids_is_refused_too(plan: Database):
    with unit_of_work(plan.app) as session:
        published(session, give())
    scheduled(plan, split_first(1.25), in_s=timedelta(hours=1))
    refused = refusal(plan, lambda session: roll_back(session, LI, SCHEME, to_version=1, seen_version=2, asked=WHY))
    assert refused.code == "publication_scheduled"


def test_elsewhere_is_free_and_the_scheduled_one_is_carried_over(plan: Database):
    scheduled(plan, split_first(1.5, name="East"))
    with unit_of_work(plan.app) as session:
        # Its new grid takes the number that the scheduled draft drew with.
        other = published(session, {"kind": "carve", "area": mapping(squares((5, 0.5, 7, 1.5))), "datum": "wgs84"})
    assert other.codes == {9: "P03-1"}
    at = wait_until_due(plan)
    (due,) = publish_due(plan.app)
    assert due.refused is None
    assert (due.done.version, due.done.since, due.done.codes) == (3, at, {10: "P01-1"})
    assert rows_of(plan.app, "SELECT name FROM grids WHERE code = 'P01-1'") == [("East",)]
    require_no_difference(plan)


def test_one_whose_ground_changed_all_the_same_is_approved_again_and_told_why(plan: Database):
    draft = scheduled(plan, split_first(1.5))
    # Nothing of ours lets this through; a restored back-up or a hand in the database may.
    with plan.owner.begin() as connection:
        connection.exec_driver_sql("UPDATE drafts SET state = 'approved'")
    with unit_of_work(plan.app) as session:
        published(session, give())
    with plan.owner.begin() as connection:
        connection.exec_driver_sql(f"UPDATE drafts SET state = 'scheduled' WHERE id = {draft}")
    wait_until_due(plan)
    (due,) = publish_due(plan.app)
    assert (due.draft_id, due.done, due.refused.code) == (draft, None, "draft_stale")
    assert state(plan, draft) == ("approved", None)
    ((kind, actor, told),) = rows_of(plan.app, "SELECT kind, actor, detail FROM draft_events ORDER BY id DESC LIMIT 1")
    assert (kind, actor, told["to"], told["not_published"]["code"]) == (
        "state",
        "gridkeeper",
        "approved",
        "draft_stale",
    )
    assert publish_due(plan.app) == []


def test_cases_that_came_in_between_the_instant_and_the_job_are_placed_and_moved_by_the_new_version(plan: Database):
    scheduled(plan, give(2, 1, area=mapping(squares((2, 0, 3, 2)))))
    with unit_of_work(plan.app) as session:
        before = case_at(session, 2.75, 1.75)
    at = wait_until_due(plan)
    with unit_of_work(plan.app) as session:
        between = case_at(session, 2.75, 1.75, when=at + timedelta(milliseconds=5))
        assert case(session, between)["grid"] == "P02"
    (due,) = publish_due(plan.app)
    assert (due.done.cases_judged_again, due.done.cases_moved) == (1, 2)
    with Session(plan.app) as session:
        assert (case(session, before)["grid"], case(session, before)["task"]) == ("P02", "P01")
        assert (case(session, between)["grid"], case(session, between)["person"]) == ("P01", "P01")
    require_no_difference(plan)


def test_two_drafts_of_one_scheme_are_published_in_the_order_of_their_instants(plan: Database):
    later = scheduled(plan, merge_top(), in_s=2 * SOON)
    sooner = scheduled(plan, split_first(1.5))
    wait_until_due(plan)
    assert [due.draft_id for due in publish_due(plan.app)] == [sooner, later]
    assert newest(plan) == 3


def test_drafts_for_one_instant_are_all_published(plan: Database):
    at = datetime.now(UTC) + SOON
    for edit in (merge_top(), split_first(1.5), give(3, 4, area=EASTERN)):
        with unit_of_work(plan.app) as session:
            draft, revision = drafted(session, edit)
            schedule(session, WANG, draft, revision=revision, asked=WHY, at=at)
    wait_until_due(plan)
    found = publish_due(plan.app)
    assert [(due.done and due.done.version, due.refused) for due in found] == [(2, None), (3, None), (4, None)]
    require_no_difference(plan)


def test_who_publishes_when_another_is_due_already_waits_for_that(plan: Database):
    scheduled(plan, split_first(1.5))
    with unit_of_work(plan.app) as session:
        draft, revision = drafted(session, merge_top())
    wait_until_due(plan)
    refused = refusal(plan, lambda session: publish(session, LI, draft, revision=revision, asked=WHY))
    assert (refused.code, "comes before it" in refused.detail) == ("publication_scheduled", True)


def test_many_who_look_after_scheduled_drafts_publish_each_once(plan: Database):
    expected = [scheduled(plan, edit) for edit in (split_first(1.5), give(3, 4, area=EASTERN), merge_top())]
    wait_until_due(plan)
    with ThreadPoolExecutor(4) as pool:
        found = [due for seen in pool.map(lambda _: publish_due(plan.app), range(4)) for due in seen]
    assert sorted(due.draft_id for due in found if due.done) == expected
    assert [due for due in found if due.refused] == []
    assert newest(plan) == 1 + len(expected)
