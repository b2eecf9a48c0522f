"""Publishing from the command line: at once, at an instant to come, taken back, brought back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from data.session import unit_of_work
from layers.rezoning import drafts
from tests.cluster import Database
from tests.imports import rows_of
from tests.journeys.commands import gridkeeper_within
from tests.plans_of_town import SCHEME, merge_top, split_first, take_plan_scheme
from tests.publications import case_at, drafted

WHY = ("--reason", "one school")


@pytest.fixture
def plan(town: Database) -> Database:
    """The plan scheme with one open case where P01 is cut."""
    with unit_of_work(town.app) as session:
        take_plan_scheme(session)
        case_at(session, 1.75, 1.75)
    return town


def a_draft(plan: Database, *edits: dict[str, object]) -> int:
    with unit_of_work(plan.app) as session:
        return drafted(session, *edits)[0]


def state(plan: Database, draft: int) -> str:
    with Session(plan.app) as session:
        return drafts.opened(session, draft).draft.state


def test_a_draft_is_published_and_the_version_before_brought_back(plan: Database):
    draft = a_draft(plan, split_first(1.5))
    told = gridkeeper_within(plan, "draft", "publish", draft, *WHY, "--as", "wang")
    assert told.code == 0, told.err
    assert (told.facts["version"], told.facts["codes"], told.facts["cases_queued"]) == (2, {"9": "P01-1"}, 1)
    assert "3 grids have new ground, 1 of them are new (P01-1), 0 ended." in told.out
    assert "1 open cases moved, 1 of them to the queue, 0 were kept; 0 duties were carried over." in told.out
    back = gridkeeper_within(plan, "rollback", SCHEME, 1, *WHY)
    assert (back.code, back.facts["version"], back.facts["ended"]) == (0, 3, [9])
    told = rows_of(plan.app, "SELECT version, actor FROM scheme_versions WHERE reason = 'one school' ORDER BY 1")
    assert told[0] == (2, "wang")
    assert len(told) == 2


def test_a_refusal_is_a_sentence_and_an_exit_code(plan: Database):
    draft = a_draft(plan, split_first(1.5))
    gridkeeper_within(plan, "draft", "publish", draft, *WHY)
    again = gridkeeper_within(plan, "draft", "publish", draft, *WHY)
    assert (again.code, again.facts["error"]["code"]) == (2, "draft_state")
    other = gridkeeper_within(plan, "draft", "publish", a_draft(plan), *WHY)
    assert (other.code, other.facts["error"]["code"]) == (2, "nothing_to_publish")
    word = gridkeeper_within(plan, "draft", "publish", draft, *WHY, "--open-cases", "burn")
    assert (word.code, word.facts["error"]["code"]) == (2, "unknown_word")
    assert gridkeeper_within(plan, "draft", "withdraw", 2**63).code == 2
    never = gridkeeper_within(plan, "rollback", SCHEME, 9, *WHY)
    assert (never.code, never.facts["error"]["code"]) == (2, "unknown_version")


def test_a_scheduled_draft_is_withdrawn_or_published_when_it_is_due(plan: Database):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    given_up = a_draft(plan, split_first(1.5))
    assert gridkeeper_within(plan, "draft", "publish", given_up, *WHY, "--at", later).facts["state"] == "scheduled"
    assert gridkeeper_within(plan, "draft", "withdraw", given_up).facts["state"] == "withdrawn"
    draft = a_draft(plan, merge_top())
    soon = datetime.now(UTC) + timedelta(seconds=3)
    told = gridkeeper_within(plan, "draft", "publish", draft, *WHY, "--at", soon.isoformat())
    assert datetime.fromisoformat(told.facts["publish_at"]) == soon
    assert gridkeeper_within(plan, "publish-due").facts["due"] == []
    time.sleep(max(0, (soon - datetime.now(UTC)).total_seconds()) + 0.01)
    (due,) = gridkeeper_within(plan, "publish-due").facts["due"]
    assert (due["draft"], due["published"]["version"], due["refused"]) == (draft, 2, None)
    assert (state(plan, given_up), state(plan, draft)) == ("withdrawn", "published")


def test_an_instant_without_a_zone_is_on_the_clock_of_the_scheme(plan: Database):
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    told = gridkeeper_within(plan, "draft", "publish", a_draft(plan, merge_top()), *WHY, "--at", f"{tomorrow} 00:00")
    assert told.facts["publish_at"] == f"{tomorrow - timedelta(days=1)}T16:00:00+00:00"
