"""Many publish at once, in threads and in processes of their own: exactly one wins, and the others are told why not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import GridError
from layers.actor import Actor
from layers.cases.check import check
from layers.cases.intake import Report, receive
from layers.rezoning import drafts, editing
from layers.rezoning.publishing import publish, schedule
from layers.rezoning.schedule import publish_due
from tests.boundaries import MISPLACED
from tests.cluster import Database
from tests.conftest import CHECKOUT
from tests.imports import rows_of
from tests.plans_of_town import SCHEME, give, merge_top, split_first, take_plan_scheme
from tests.publications import LI, WANG, WHY, drafted
from tests.town import at, squares

ROUNDS = 5
LOSERS = {"draft_stale", "draft_changed", "draft_state"}
# A process that waits for a line, publishes the drafts it was given, and tells what came of it.
PUBLISHING = """
import json, sys
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from gis.errors import GridError
from layers.rezoning.publishing import publish
from tests.publications import WANG, WHY

bind = engine(DatabaseSettings())
draft, revision = map(int, sys.argv[1:])
with bind.connect():
    print("ready", flush=True)
sys.stdin.readline()
try:
    with unit_of_work(bind) as session:
        told = publish(session, WANG, draft, revision=revision, asked=WHY).version
except GridError as refused:
    told = refused.code
print(json.dumps(told))
"""


@pytest.fixture
def plan(town: Database) -> Database:
    """A database of its own with the scheme to be redrawn."""
    with unit_of_work(town.app) as session:
        take_plan_scheme(session)
    return town


def drawn(plan: Database, *edits: dict[str, Any]) -> tuple[int, int]:
    with unit_of_work(plan.app) as session:
        return drafted(session, *edits)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act gave, or the code of what it raised; all begin at the same moment."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        except GridError as refused:
            return refused.code

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def east(number: int) -> dict[str, Any]:
    """A strip of P04 for P03, wider with each number."""
    return give(4, 3, area=mapping(squares((6, 0, 6.1 + number / 10, 2))))


def publishing(plan: Database, draft: int, revision: int) -> Callable[[], int]:
    def act() -> int:
        with unit_of_work(plan.app) as session:
            return publish(session, WANG, draft, revision=revision, asked=WHY).version

    return act


def newest(plan: Database) -> int:
    return rows_of(plan.app, "SELECT version FROM schemes WHERE name = 'plan'")[0][0]


def require_one_winner(plan: Database, told: list[Any], *, version: int) -> None:
    assert [one for one in told if one not in LOSERS] == [version], told
    assert newest(plan) == version
    published = "SELECT count(*) FROM drafts WHERE published_version = :version"
    assert rows_of(plan.app, published, version=version) == [(1,)]
    valid = "SELECT count(*) FROM scheme_versions v JOIN schemes s ON s.id = v.scheme_id WHERE s.name = 'plan'"
    assert rows_of(plan.app, f"{valid} AND upper_inf(v.valid)") == [(1,)]


def test_one_draft_published_by_many_threads_is_published_once(plan: Database):
    for number in range(ROUNDS):
        draft, revision = drawn(plan, split_first(1.9 - number / 10))
        told = at_once(*[publishing(plan, draft, revision)] * 6)
        require_one_winner(plan, told, version=2 + number)
        assert set(told) <= {2 + number, "draft_changed"}


def test_of_two_drafts_on_one_version_one_is_published_and_the_other_is_stale(plan: Database):
    for number in range(ROUNDS):
        drafts_ = [drawn(plan, split_first(1.9 - number / 10)), drawn(plan, east(number))]
        told = at_once(*(publishing(plan, *one) for one in drafts_))
        require_one_winner(plan, told, version=2 + number)
        assert set(told) == {2 + number, "draft_stale"}


def test_processes_that_publish_at_once_have_one_winner_too(plan: Database):
    waiting = [drawn(plan, split_first(1.5)), drawn(plan, merge_top()), drawn(plan, east(0))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", PUBLISHING, str(draft), str(revision)], env=plan.env, cwd=CHECKOUT, **pipes
                )
            )
            for draft, revision in waiting
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        told = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    require_one_winner(plan, told, version=2)


def test_an_edit_and_a_publication_at_once_never_publish_what_nobody_saw(plan: Database):
    seen: Counter[str] = Counter()
    for number in range(ROUNDS):
        draft, revision = drawn(plan, split_first(1.9 - number / 10))

        def edit(draft: int = draft, revision: int = revision, change: dict[str, Any] = east(number)) -> str:
            with unit_of_work(plan.app) as session:
                editing.save_edit(session, LI, draft, change, revision=revision)
            return "edited"

        told = at_once(publishing(plan, draft, revision), edit)
        with Session(plan.app) as session:
            state = drafts.opened(session, draft).draft.state
        assert told in ([2 + seen["published"], "draft_changed"], ["draft_changed", "edited"]), told
        assert state == ("published" if told[1] == "draft_changed" else "draft")
        seen["published"] += state == "published"


def test_who_schedules_and_who_publishes_the_same_grids_at_once_never_both_succeed(plan: Database):
    for number in range(ROUNDS):
        one, other = drawn(plan, split_first(1.9 - number / 10)), drawn(plan, give(1, 2))
        soon = datetime.now(UTC) + timedelta(hours=1)

        def scheduling(draft: int = other[0], revision: int = other[1], soon: datetime = soon) -> str:
            with unit_of_work(plan.app) as session:
                schedule(session, LI, draft, revision=revision, asked=WHY, at=soon)
            return "scheduled"

        before = newest(plan)
        told = at_once(publishing(plan, *one), scheduling)
        assert told in ([before + 1, "draft_stale"], ["publication_scheduled", "scheduled"]), told
        with plan.owner.begin() as connection:
            connection.exec_driver_sql("UPDATE drafts SET state = 'approved' WHERE state = 'scheduled'")


def test_reports_that_come_in_while_boundaries_are_published_lie_where_their_time_says(plan: Database):
    """Reports stamped a little ahead, open cases moved, versions published and brought due: nothing is misplaced."""
    stop = datetime.now(UTC) + timedelta(seconds=6)
    told: Counter[str] = Counter()

    def report(column: float) -> None:
        number = 0
        while datetime.now(UTC) < stop:
            number += 1
            x, y = at(column + number % 7 / 7, 1.75 if number % 2 else 2)
            ahead = timedelta(milliseconds=40 * (number % 6))
            sent = Report(x=x, y=y, datum="wgs84", scheme=SCHEME, occurred_at=datetime.now(UTC) + ahead)
            with unit_of_work(plan.app) as session:
                receive(session, Actor("resident"), sent)
            told["reported"] += 1

    def redraw() -> None:
        to_and_fro = 0
        while datetime.now(UTC) < stop:
            to_and_fro += 1
            giver, taker = (2, 1) if to_and_fro % 2 else (1, 2)
            draft, revision = drawn(plan, give(giver, taker, area=mapping(squares((2, 0, 3, 2)))))
            if to_and_fro % 3:
                told["moved"] += publishing_done(plan, draft, revision)
                continue
            with unit_of_work(plan.app) as session:
                soon = datetime.now(UTC) + timedelta(milliseconds=150)
                schedule(session, WANG, draft, revision=revision, asked=WHY, at=soon)
            while not (due := publish_due(plan.app)):
                pass
            assert [one.refused for one in due] == [None]
            told["judged again"] += due[0].done.cases_judged_again

    with ThreadPoolExecutor(4) as pool:
        for working in [pool.submit(report, column) for column in (1.5, 2, 2.5)] + [pool.submit(redraw)]:
            working.result()
    assert told["reported"] > 50, told
    assert newest(plan) >= 5
    assert told["judged again"] > 0
    assert rows_of(plan.app, MISPLACED) == []
    with Session(plan.app) as session:
        assert check(session).differences == []


def publishing_done(plan: Database, draft: int, revision: int) -> int:
    with unit_of_work(plan.app) as session:
        return publish(session, WANG, draft, revision=revision, asked=WHY).cases_moved
