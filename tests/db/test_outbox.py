"""Webhooks are told everything they asked for: signed, in order, again until they take it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput, GridError
from layers.dispatch import delivery, feed, outbox
from layers.dispatch.feed import START, Cursor
from layers.dispatch.outbox import Added
from tests.cluster import Database
from tests.happenings import ANNA, noted, report_one
from tests.receivers import Receiver, receiving
from tests.server import served

_PATIENCE_S = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def added(town: Database, receiver: Receiver, **wanted: Any) -> Added:
    with unit_of_work(town.app) as session:
        return outbox.add(session, ANNA, receiver.url, **wanted)


def the_only_one(town: Database) -> dict[str, Any]:
    with Session(town.app) as session:
        (found,) = outbox.listed(session)
        return found


def until_told(town: Database, receiver: Receiver, count: int) -> list[int]:
    """Deliver until so many events were told, as transactions elsewhere allow."""
    give_up = time.monotonic() + _PATIENCE_S
    while len(receiver.events()) < count:
        assert time.monotonic() < give_up, receiver.events()
        delivery.deliver_next(town.app)
    return receiver.events()


def is_due_now(town: Database) -> None:
    with town.owner.begin() as connection:
        connection.execute(text("UPDATE webhooks SET next_try_at = now() - interval '1 second'"))


def refused(town: Database, url: str, **wanted: Any) -> GridError:
    with pytest.raises(GridError) as found, unit_of_work(town.app) as session:
        outbox.add(session, ANNA, url, **wanted)
    return found.value


def test_events_come_signed_and_in_order(town: Database, receiver: Receiver):
    hook = added(town, receiver)
    case = report_one(town)
    notes = noted(town, case, 3)
    assert until_told(town, receiver, 5)[2:] == notes
    kinds = [event["kind"] for batch in receiver.batches for event in batch["events"]]
    assert kinds == ["received", "dispatched", "note", "note", "note"]
    headers, body = receiver.got[0]
    signed = headers["x-gridkeeper-timestamp"].encode() + b"." + body
    expected = hmac.new(hook.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["x-gridkeeper-signature"] == f"sha256={expected}"
    assert abs(int(headers["x-gridkeeper-timestamp"]) - time.time()) < 60
    assert headers["x-gridkeeper-webhook"] == str(hook.id)
    assert receiver.batches[0]["after"] == str(hook.cursor)
    assert the_only_one(town)["last_answer"]["status"] == 200


def test_more_than_a_batch_comes_in_batches_that_join(town: Database, receiver: Receiver):
    added(town, receiver)
    case = report_one(town)
    notes = noted(town, case, 2 * delivery.MOST_EVENTS)
    assert until_told(town, receiver, len(notes) + 2)[2:] == notes
    batches = receiver.batches
    assert max(len(batch["events"]) for batch in batches) == delivery.MOST_EVENTS
    assert [batch["after"] for batch in batches[1:]] == [batch["cursor"] for batch in batches[:-1]]


@pytest.mark.parametrize("status", [500, 404, 302, 0])
def test_what_was_not_taken_is_sent_again_and_nothing_overtakes_it(town: Database, receiver: Receiver, status: int):
    """An error, no such address, a redirect, a connection that breaks."""
    added(town, receiver)
    case = report_one(town)
    receiver.statuses = [status, status]
    until_told(town, receiver, 2)
    failed = the_only_one(town)
    assert failed["failures"] == 1
    assert failed["last_answer"]["status"] == (status or None)
    later = noted(town, case)
    assert not delivery.deliver_next(town.app), "it waits before it tries again"
    for tries in (2, 3):
        is_due_now(town)
        until_told(town, receiver, 2 * tries)
    assert [batch["after"] for batch in receiver.batches[:3]] == [receiver.batches[0]["after"]] * 3
    assert receiver.events()[-1:] == later
    assert the_only_one(town)["failures"] == 0


def test_a_system_that_is_not_there_is_tried_less_and_less(town: Database):
    with receiving() as gone:
        added(town, gone)
    report_one(town)
    waits = []
    give_up = time.monotonic() + _PATIENCE_S
    while len(waits) < 4:
        assert time.monotonic() < give_up
        is_due_now(town)
        if delivery.deliver_next(town.app):
            with town.owner.connect() as connection:
                waits.append(connection.scalar(text("SELECT next_try_at - now() FROM webhooks")).total_seconds())
    assert [round(wait) for wait in waits] == [2, 4, 8, 16]
    assert the_only_one(town)["last_answer"]["status"] is None


def test_many_processes_tell_each_event_once(town: Database, receiver: Receiver):
    added(town, receiver)
    case = report_one(town)
    notes = noted(town, case, 5 * delivery.MOST_EVENTS)

    def work() -> None:
        give_up = time.monotonic() + _PATIENCE_S
        while len(receiver.events()) < len(notes) + 2 and time.monotonic() < give_up:
            delivery.deliver_next(town.app)

    with ThreadPoolExecutor(4) as processes:
        for running in [processes.submit(work) for _ in range(4)]:
            running.result()
    assert receiver.events()[2:] == notes


def test_a_process_that_died_is_followed_by_another(town: Database, receiver: Receiver):
    added(town, receiver)
    report_one(town)
    until_claimed(town)
    assert not delivery.deliver_next(town.app), "somebody else tells it just now"
    is_due_now(town)
    assert len(until_told(town, receiver, 2)) == 2


def until_claimed(town: Database) -> None:
    """Claim the webhook and do nothing with it, as who is killed."""
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up:
        with unit_of_work(town.app) as session:
            if session.execute(delivery.statement("claim_webhook"), {"lease_s": 60}).one_or_none():
                return
    raise AssertionError("there was nothing to claim")


def test_only_what_was_asked_for_is_told(town: Database, receiver: Receiver):
    added(town, receiver, kinds=["note"], tree="town")
    with receiving() as other:
        added(town, other, tree="lakeside")
        case = report_one(town)
        notes = noted(town, case, 2)
        assert until_told(town, receiver, 2) == notes
        while delivery.deliver_next(town.app):
            pass
        assert other.got == []
    with Session(town.app) as session:
        assert [one["behind"] for one in outbox.listed(session)] == [0, 0]


def test_a_paused_webhook_loses_nothing(town: Database, receiver: Receiver):
    hook = added(town, receiver)
    with unit_of_work(town.app) as session:
        outbox.pause(session, hook.id)
    report_one(town)
    assert not delivery.deliver_next(town.app)
    assert (the_only_one(town)["state"], the_only_one(town)["behind"]) == ("paused", 2)
    with unit_of_work(town.app) as session:
        outbox.resume(session, hook.id)
    assert len(until_told(town, receiver, 2)) == 2


def test_a_replay_tells_everything_after_a_cursor_again(town: Database, receiver: Receiver):
    hook = added(town, receiver)
    case = report_one(town)
    notes = noted(town, case, 2)
    told = until_told(town, receiver, 4)
    last = receiver.batches[-1]["cursor"]
    with unit_of_work(town.app) as session:
        outbox.replay(session, hook.id, START)
    assert until_told(town, receiver, 8) == told * 2
    with unit_of_work(town.app) as session:
        outbox.replay(session, hook.id, Cursor.parse(last))
    assert noted(town, case) == until_told(town, receiver, 9)[8:]
    assert told[2:] == notes


def test_a_replay_is_not_undone_by_who_tells_it_just_then(town: Database, receiver: Receiver):
    hook = added(town, receiver)
    report_one(town)
    until_claimed(town)
    with town.owner.connect() as connection:
        (claimed,) = connection.execute(text("SELECT * FROM webhooks")).all()
    with unit_of_work(town.app) as session:
        outbox.replay(session, hook.id, START)
        page = feed.read(session, hook.cursor, 10)
    delivery._settle(town.app, claimed, page, delivery.Answer(True))
    assert the_only_one(town)["cursor"] == str(START)


def test_after_a_restore_a_webhook_waits_for_a_person(town: Database, receiver: Receiver):
    hook = added(town, receiver)
    with town.owner.begin() as connection:
        connection.execute(text("UPDATE webhooks SET cursor_xact = 999999999999"))
    report_one(town)
    assert delivery.deliver_next(town.app)
    paused = the_only_one(town)
    assert (paused["state"], paused["last_answer"]["fault"], receiver.got) == ("paused", "cursor_void", [])
    with unit_of_work(town.app) as session:
        outbox.replay(session, hook.id, START)
    assert len(until_told(town, receiver, 2)) == 2


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/hook",
        "127.0.0.1/hook",
        "https://",
        "http://name:secret@127.0.0.1/hook",
        "http://127.0.0.1:99999/hook",
        "http://127.0.0.1/a b",
        "http://[::1/hook",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_cannot_be_posted_to_is_refused(town: Database, url: str):
    error = refused(town, url)
    assert isinstance(error, BadInput)
    assert (error.code, error.field, error.value) == ("bad_webhook_url", "url", url)


def test_a_kind_that_never_happens_is_refused(town: Database, receiver: Receiver):
    assert refused(town, receiver.url, kinds=["note", "party"]).code == "unknown_kind"
    assert refused(town, receiver.url, after=Cursor(999999999999, 0)).code == "cursor_void"


def test_a_city_of_which_nothing_will_ever_be_heard_is_refused(town: Database, receiver: Receiver):
    error = refused(town, receiver.url, tree="twon")
    assert (error.code, error.field, error.value) == ("unknown_tree", "tree", "twon")


def test_the_service_tells_webhooks_within_a_second(town: Database, receiver: Receiver):
    added(town, receiver)
    with served(town):
        case = report_one(town)
        started = time.monotonic()
        while len(receiver.events()) < 2 and time.monotonic() < started + _PATIENCE_S:
            time.sleep(0.01)
        assert len(receiver.events()) == 2
        assert receiver.batches[0]["events"][0]["number"] == str(case)
