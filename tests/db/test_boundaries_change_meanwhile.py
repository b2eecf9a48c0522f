"""What was judged by boundaries that are not the newest any more is judged again before it is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy.orm import Session

from data import migrate
from data.readers.chunk import Chunk
from data.session import unit_of_work
from layers.actor import Actor
from layers.cases.backfill import place_existing
from layers.cases.check import check
from layers.cases.intake import Claim, Report, receive
from layers.errors import Conflict
from layers.grids.guard import BoundariesChanged, hold_versions
from layers.grids.schemes import SchemeSpec, scheme_named
from tests.boundaries import MISPLACED, just_before, publish_halves, publish_new_scheme
from tests.cluster import Database
from tests.imports import rows_of, take_cases, take_grids
from tests.town import at, squares

WANG = Actor("wang")
MICRO = SchemeSpec(name="micro", tree="town")
WHOLE = [("M1", squares((-1, 0, 8, 5)))]
STORING = "EXECUTE insert_case "
BACKFILLING = "SELECT row_no, scheme_id"
PLACED = """
    SELECT COALESCE(c.source_id, c.id::text), s.name, p.version, g.code FROM placements p
    JOIN cases c ON c.id = p.case_id JOIN schemes s ON s.id = p.scheme_id JOIN grids g ON g.id = p.grid_id
    ORDER BY s.id, c.id"""


def soon() -> datetime:
    """An instant that phones may send: after all that is published in the test."""
    return datetime.now(UTC) + timedelta(minutes=2)


def report_from(column: float, row: float, **more) -> Report:
    lon, lat = at(column, row)
    return Report(x=lon, y=lat, datum="wgs84", occurred_at=soon(), **more)


def place_in(town: Database, scheme: str) -> int:
    with unit_of_work(town.app) as session:
        return place_existing(session, scheme_named(session, scheme)).placed


def send(town: Database, report: Report, claim: Claim | None = None):
    with unit_of_work(town.app) as session:
        return receive(session, WANG, report, claim=claim)


def chunks_of(*sizes: int, when: datetime) -> Iterator[Chunk]:
    """Chunks of cases at (3, 3), which is D06 in version 2 of the town."""
    lon, lat = at(3, 3)
    first = 1
    for size in sizes:
        numbers = range(first, first + size)
        rows = {"row_no": numbers, "id": [str(no) for no in numbers], "lon": lon, "lat": lat}
        yield Chunk(pd.DataFrame(rows | {"at": when.isoformat(), "grid": "W"}))
        first += size


def after(act: Callable[[], Any], chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks, after something was done; the judge has read the boundaries by then."""
    act()
    yield from chunks


def take(town: Database, chunks: Iterator[Chunk], *, expect: str | None = None):
    return take_cases(town.app, Path("cases.csv"), columns={"at": "at"}, chunks=chunks, expect=expect)


def differences(town: Database):
    assert rows_of(town.app, MISPLACED) == []
    with Session(town.app) as session:
        return check(session).differences


def test_a_report_is_found_again_where_boundaries_came_between(town: Database):
    with just_before(town.app, STORING, lambda: publish_halves(town.app, 4)) as left:
        answer = send(town, report_from(3, 3)).answer
    assert not left
    assert (answer["version"], answer["grid"]["code"]) == (3, "W")
    assert rows_of(town.app, PLACED) == [(answer["number"], "duty", 3, "W")]
    assert rows_of(town.app, "SELECT DISTINCT scheme_version FROM case_events") == [(3,)]
    assert differences(town) == []


def test_a_report_is_found_again_once_for_the_next_publication_waits_for_it(town: Database):
    claim, report = Claim("once", "hash"), report_from(3, 3)
    with ThreadPoolExecutor(1) as pool:
        later: list[Future[int]] = []

        def begin_to_publish() -> None:
            later.append(pool.submit(publish_halves, town.app, 2))
            with pytest.raises(TimeoutError):
                later[0].result(timeout=1)

        with just_before(town.app, STORING, lambda: publish_halves(town.app, 4), begin_to_publish) as left:
            first = send(town, report, claim)
        # It saw the case that it had waited for.
        with pytest.raises(Conflict, match="1 cases happened after"):
            later[0].result(timeout=20)
    assert not left
    assert (first.is_replay, first.answer["version"], first.answer["grid"]["code"]) == (False, 3, "W")
    again = send(town, report, claim)
    assert (again.is_replay, again.answer) == (True, first.answer)
    assert rows_of(town.app, PLACED) == [(first.answer["number"], "duty", 3, "W")]


def test_a_repeat_gets_the_first_answer_though_boundaries_came_between(town: Database):
    claim, report = Claim("once", "hash"), report_from(3, 3)
    first = send(town, report, claim)
    later = datetime.now(UTC) + timedelta(minutes=3)
    with just_before(town.app, STORING, lambda: publish_halves(town.app, 4, since=later)) as left:
        again = send(town, report, claim)
    assert not left
    assert (again.is_replay, again.answer) == (True, first.answer)
    assert len(rows_of(town.app, "SELECT FROM cases")) == 1


def test_a_scheme_that_is_new_meanwhile_gets_its_placements_too(town: Database):
    with just_before(town.app, STORING, lambda: publish_new_scheme(town.app, "micro")):
        send(town, report_from(3, 3))
    take(town, after(lambda: publish_new_scheme(town.app, "unit"), chunks_of(2, when=soon())))
    for scheme in ("micro", "unit"):
        assert len([row for row in rows_of(town.app, PLACED) if row[1] == scheme]) == 3
    assert differences(town) == []


def test_chunks_under_way_are_judged_again_and_every_row_counts_once(town: Database):
    chunks = after(lambda: publish_halves(town.app, 4), chunks_of(3, 2, 2, 1, 4, when=soon()))
    done = take(town, chunks, expect="grid")
    assert (done.read, done.stored, done.already_there, done.quarantined) == (12, 12, 0, 0)
    assert {row[1:] for row in rows_of(town.app, PLACED)} == {("duty", 3, "W")}
    assert rows_of(town.app, "SELECT count(*) FROM placements") == [(12,)]
    agreement = done.facts["agreement"]["wgs84"]
    assert 0 < agreement < 1
    assert (agreement * 12) == pytest.approx(round(agreement * 12))  # each row was compared once
    assert differences(town) == []


def test_an_import_whose_boundaries_change_twice_keeps_what_it_stored_and_goes_on_when_run_again(town: Database):
    when = datetime.now(UTC)

    def paced() -> Iterator[Chunk]:
        first, second = chunks_of(2, 2, when=when)
        yield first
        give_up = time.monotonic() + 20
        while not rows_of(town.app, "SELECT FROM cases"):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        publish_halves(town.app, 4)
        yield second

    with (
        just_before(town.app, "SELECT hold_versions", lambda: None, lambda: None, lambda: publish_halves(town.app, 2)),
        pytest.raises(BoundariesChanged) as refused,
    ):
        take(town, paced())
    assert refused.value.code == "boundaries_changed"
    assert rows_of(town.app, "SELECT count(*) FROM cases") == [(2,)]
    done = take(town, chunks_of(2, 2, when=when))
    assert (done.stored, done.already_there, done.quarantined) == (2, 2, 0)
    assert differences(town) == []


def test_places_given_afterwards_are_judged_again_too(town: Database):
    lon, lat = at(3, 3)
    send(town, Report(x=lon, y=lat, datum="wgs84"))
    with unit_of_work(town.app) as session:
        take_grids(session, WHOLE, spec=MICRO)
    halves = [lambda: publish_halves(town.app, 4, spec=MICRO), lambda: publish_halves(town.app, 2, spec=MICRO)]
    with just_before(town.app, BACKFILLING, *halves), pytest.raises(BoundariesChanged):
        place_in(town, "micro")
    assert rows_of(town.app, "SELECT count(*) FROM placements") == [(1,)]
    with just_before(town.app, BACKFILLING, lambda: publish_halves(town.app, 3, spec=MICRO), lambda: None) as left:
        assert place_in(town, "micro") == 1
    assert not left
    assert differences(town) == []


def test_who_publishes_may_place_in_the_same_transaction(town: Database):
    send(town, report_from(3, 3))
    with unit_of_work(town.app) as session:
        take_grids(session, WHOLE, spec=MICRO)
        assert place_existing(session, scheme_named(session, "micro")).placed == 1
    assert differences(town) == []


def test_a_version_is_published_though_writers_hold_the_one_before_by_turns(town: Database):
    stop = threading.Event()

    def hold_by_turns(first_wait_s: float) -> None:
        stop.wait(first_wait_s)
        while not stop.is_set():
            with unit_of_work(town.app) as session:
                scheme = scheme_named(session, "duty")
                hold_versions(session, {scheme.id: scheme.version}, whole_city=False)
                stop.wait(0.4)

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(hold_by_turns, wait_s) for wait_s in (0, 0.2)]
        try:
            time.sleep(0.6)
            began = time.monotonic()
            assert publish_halves(town.app, 4) == 3
            took_s = time.monotonic() - began
        finally:
            stop.set()
        errors = [writer.exception() for writer in writers]
    assert took_s < 5
    assert [error for error in errors if not isinstance(error, BoundariesChanged | None)] == []


def test_a_version_that_was_there_before_gets_a_name_of_its_own(town: Database):
    names = "SELECT DISTINCT snapshot_id FROM scheme_versions"
    before = rows_of(town.owner, names)
    migrate.downgrade(town.owner, revision="0001")
    migrate.upgrade(town.owner)
    after_all = rows_of(town.owner, names)
    assert len(before) == len(after_all) == len(rows_of(town.owner, "SELECT FROM scheme_versions"))
    assert not set(before) & set(after_all)
