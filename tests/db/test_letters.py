"""Notices of censure and the letters that two in a row draft: once, for the department, never sent by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.check import check
from layers.dispatch.letters import decide, letters
from layers.errors import Conflict, Forbidden, NotFound
from tests.cluster import Database
from tests.stepping import PERSON, SUE, give_town_rules, reported, step

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ruled(town_session: Session, tmp_path: Path) -> Session:
    """The town under the small catalogue: rubbish goes to sanitation."""
    give_town_rules(town_session, tmp_path)
    return town_session


def noticed(session: Session, number: str, after: timedelta = timedelta(), reason: str = "late") -> None:
    step(session, number, "notify", SUE, reason=reason, when=NOW + timedelta(minutes=1) + after)


def test_a_notice_says_against_which_department_it_is(ruled: Session):
    number = reported(ruled)
    told = step(ruled, number, "notify", SUE, reason="late")
    assert told["events"][-1]["detail"]["department"]["department"] == "S"
    assert told["events"][-1]["en"] == "Notice of censure: late. (sue)"
    assert check(ruled).differences == []


def test_the_second_notice_against_a_department_drafts_one_letter(ruled: Session):
    first, second = reported(ruled), reported(ruled, 3)
    noticed(ruled, first)
    assert letters(ruled) == []
    noticed(ruled, second, 2 * DAY, reason="later")
    (letter,) = letters(ruled, tree="town", state="draft")
    assert letter["department"]["code"] == "S"
    assert [(one["number"], one["reason"]) for one in letter["cases"]] == [(first, "late"), (second, "later")]
    assert letter["text"]["zh"].startswith("环卫:")
    assert first in letter["text"]["en"]
    assert (letter["state"], letter["decided_by"]) == ("draft", None)


def test_a_notice_counts_for_one_letter_only(ruled: Session):
    number = reported(ruled)
    for day in range(5):
        noticed(ruled, number, day * DAY)
    assert [len(one["cases"]) for one in letters(ruled)] == [2, 2]


def test_a_notice_that_is_stored_last_may_be_the_earlier_one(ruled: Session):
    first, second, third = reported(ruled), reported(ruled, 3), reported(ruled, 1.5)
    noticed(ruled, first, 2 * DAY)
    noticed(ruled, second, DAY)
    noticed(ruled, third, 3 * DAY)
    (letter,) = letters(ruled)
    assert [one["number"] for one in letter["cases"]] == [second, first]


def test_notices_more_than_ninety_days_apart_are_not_consecutive(ruled: Session):
    number = reported(ruled)
    noticed(ruled, number)
    noticed(ruled, number, 91 * DAY)
    assert letters(ruled) == []
    noticed(ruled, number, 92 * DAY)
    assert [len(one["cases"]) for one in letters(ruled)] == [2]


def test_other_departments_and_people_do_not_count(ruled: Session):
    first, second, third = reported(ruled), reported(ruled, 3), reported(ruled, 1.5)
    noticed(ruled, first)
    step(ruled, second, "reassign", owner={"department": "W"}, reason="theirs", when=NOW + timedelta(minutes=1))
    noticed(ruled, second, DAY)
    step(ruled, third, "reassign", **PERSON, reason="his", when=NOW + timedelta(minutes=1))
    noticed(ruled, third, DAY)
    noticed(ruled, third, 2 * DAY)
    assert letters(ruled) == []


def test_two_notices_at_the_same_time_draft_one_letter(town: Database, tmp_path: Path):
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path)
        numbers = [reported(session), reported(session, 3)]

    def notice(number: str) -> None:
        with unit_of_work(town.app) as session:
            noticed(session, number)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(notice, numbers))
    with Session(town.app) as session:
        assert [len(one["cases"]) for one in letters(session)] == [2]


def a_letter(session: Session) -> int:
    number = reported(session)
    noticed(session, number)
    noticed(session, number, DAY)
    return int(letters(session)[0]["letter"])


def test_a_person_decides_on_a_letter_once(ruled: Session):
    number = a_letter(ruled)
    told = decide(ruled, SUE, number, "send", note="by post")
    assert (told["state"], told["decided_by"], told["note"]) == ("sent", "sue", "by post")
    with pytest.raises(Conflict) as refused:
        decide(ruled, SUE, number, "drop")
    assert (refused.value.code, refused.value.values["state"]) == ("letter_decided", "sent")


def test_only_supervisors_decide_on_letters_that_there_are(ruled: Session):
    number = a_letter(ruled)
    for who, letter, decision, kind, code in (
        (Actor("han", ("handler",)), number, "send", Forbidden, "letter_role"),
        (SUE, number + 99, "send", NotFound, "unknown_letter"),
        (SUE, number, "burn", BadInput, "unknown_word"),
    ):
        with pytest.raises(kind) as refused:
            decide(ruled, who, letter, decision)
        assert refused.value.code == code
    with pytest.raises(BadInput, match="Known: draft, sent, dropped"):
        letters(ruled, state="lost")
    with pytest.raises(NotFound, match="no city named 'twon'"):
        letters(ruled, tree="twon")
