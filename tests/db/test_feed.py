"""Events are followed in the order of their transactions: nothing is missed and nothing comes twice."""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput
from layers.dispatch.feed import START, Cursor, Page, read
from layers.errors import Outdated
from tests.cluster import Database
from tests.happenings import note, noted, report_one, this_moment
from tests.imports import COLUMNS, take_cases, write_csv
from tests.town import at

_PATIENCE_S = 60


def the_page(town: Database, after: Cursor, limit: int = 1000) -> Page:
    with Session(town.app) as session:
        return read(session, after, limit)


def numbers(page: Page) -> list[int]:
    return [event.cursor.id for event in page.events]


def all_after(town: Database, after: Cursor, count: int) -> list[int]:
    """The numbers of the events after a place, as somebody sees them who follows until there are so many."""
    seen: list[int] = []
    give_up = time.monotonic() + _PATIENCE_S
    while len(seen) < count and time.monotonic() < give_up:
        page = the_page(town, after)
        seen += numbers(page)
        after = page.cursor
    return seen


def test_the_lower_number_committed_last_is_neither_lost_nor_repeated(town: Database):
    case = report_one(town)
    after = this_moment(town)
    with town.app.connect() as slow, town.app.connect() as quick:
        (lower,) = note(slow, case)
        (higher,) = note(quick, case)
        assert lower < higher
        quick.commit()
        waiting = the_page(town, after)
        assert numbers(waiting) == []
        assert waiting.waits, "what was committed first waits for what was begun first"
        slow.commit()
    assert all_after(town, waiting.cursor, 2) == [lower, higher]


def test_a_higher_number_of_an_older_transaction_is_not_lost_either(town: Database):
    case = report_one(town)
    after = this_moment(town)
    with town.app.connect() as older, town.app.connect() as younger:
        older.execute(text("SELECT pg_current_xact_id()"))
        (lower,) = note(younger, case)
        (higher,) = note(older, case)
        older.commit()
        page = the_page(town, after)
        younger.commit()
    seen = numbers(page)
    assert seen + all_after(town, page.cursor, 2 - len(seen)) == [higher, lower]


def test_a_transaction_that_stays_open_only_delays(town: Database):
    case = report_one(town)
    after = this_moment(town)
    with town.app.connect() as somebody:
        somebody.execute(text("SELECT pg_current_xact_id()"))
        written = [noted(town, case)[0] for _ in range(3)]
        page = the_page(town, after)
        assert numbers(page) == []
        assert page.waits
        somebody.rollback()
    assert all_after(town, page.cursor, 3) == written


def test_what_is_rolled_back_is_never_told(town: Database):
    case = report_one(town)
    after = this_moment(town)
    with town.app.connect() as undone:
        note(undone, case)
        undone.rollback()
    (kept,) = noted(town, case)
    assert all_after(town, after, 1) == [kept]


def test_many_writers_and_one_reader_agree(town: Database):
    case = report_one(town)
    after = this_moment(town)

    def write(seed: int) -> list[int]:
        chance = random.Random(seed)
        written = []
        for _ in range(15):
            with unit_of_work(town.app) as session:
                written += note(session, case, chance.randint(1, 3))
                time.sleep(chance.random() / 100)
                written += note(session, case)
        return written

    with ThreadPoolExecutor(6) as writers:
        under_way = [writers.submit(write, seed) for seed in range(6)]
        seen: list[int] = []
        while not all(writer.done() for writer in under_way):
            page = the_page(town, after, limit=7)
            seen += numbers(page)
            after = page.cursor
        written = [number for writer in under_way for number in writer.result()]
    seen += all_after(town, after, len(written) - len(seen))
    assert sorted(seen) == sorted(written)
    assert len(set(seen)) == len(seen)


def test_a_page_that_is_full_says_so_and_the_next_goes_on(town: Database):
    case = report_one(town)
    after = this_moment(town)
    written = noted(town, case, 5)
    all_after(town, after, 5)
    first = the_page(town, after, limit=3)
    assert (numbers(first), first.is_full) == (written[:3], True)
    second = the_page(town, first.cursor, limit=3)
    assert (numbers(second), second.is_full) == (written[3:], False)
    assert second.cursor > second.events[-1].cursor


def test_an_event_carries_what_list_and_map_need(town: Database):
    case = report_one(town)
    all_after(town, START, 2)
    page = the_page(town, START)
    assert [event.kind for event in page.events] == ["received", "dispatched"]
    told = json.loads(page.events[-1].body)
    assert told["number"] == str(case)
    assert (told["tree"], told["kind"], told["state"], told["stage"]) == ("town", "dispatched", "dispatched", "handle")
    assert (told["clock"], told["due_at"], told["level"], told["revision"]) == ("no_limit", None, 0, 1)
    assert (told["staff"]["staff_no"], told["staff"]["name"]) == ("P01", "Wang 王一")
    assert (told["department"], told["matter"], told["category"]) == (None, None, "garbage")
    assert (told["grid"], told["grid_name"], told["grid_area"]) == ("D01", "Wharf 码头", "410199001000")
    assert -180 < told["lon"] < 180
    assert told["at"].endswith("+00:00")


def test_a_chunk_of_a_file_is_one_event_for_those_who_follow(town: Database, tmp_path: Path):
    before = this_moment(town)
    rows = [(f"r{number}", *at(1, 0.25)) for number in range(5)]
    assert take_cases(town.app, write_csv(tmp_path / "cases.csv", rows, header=list(COLUMNS))).stored == 5
    assert len(all_after(town, before, 1)) == 1
    (event,) = the_page(town, before).events
    assert event.kind == "imported"
    assert event.tree == "town"


def test_a_cursor_of_another_cluster_is_void(town: Database):
    report_one(town)
    far = Cursor(this_moment(town).xact + 1_000_000, 5)
    with pytest.raises(Outdated, match="No event of this database has come as far") as refused:
        the_page(town, far)
    assert refused.value.code == "cursor_void"


@pytest.mark.parametrize("written", ["", "7", "7-", "-1-2", "1-2-3", "a-b", "１-2", "1-9999999999999999999"])
def test_what_is_no_cursor_is_refused(written: str):
    with pytest.raises(BadInput) as refused:
        Cursor.parse(written)
    assert refused.value.code == "bad_cursor"
    assert refused.value.value == written


def test_a_cursor_is_read_as_it_is_written():
    assert Cursor.parse(str(Cursor(12, 3))) == Cursor(12, 3)
    assert START < Cursor(0, 1) < Cursor(1, 0)
