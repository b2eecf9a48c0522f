"""Measures: a week worked out by hand, numbers that open into their cases, nothing divided by nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.writers import write_layer
from gis.errors import BadInput
from layers.cases.queries import detail
from layers.dispatch.formulas import measures
from layers.dispatch.measures import BY, Asked, as_table, measured, opened
from layers.errors import NotFound
from tests.rules import RULES
from tests.stepping import ANYBODY, BUILDING, GOOD, give_town_rules, reported, row_of, step

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
# Around now in any time zone.
DAYS: dict[str, Any] = {"first": (NOW - 2 * DAY).date(), "last": (NOW + 2 * DAY).date()}
# Ten hours from now: what was to be handled within two hours of its report is late then.
LATER = NOW + timedelta(hours=10)
LIMITS = [
    ("", "", "", "dispatch", "end", 0.5, "hours", "book"),
    ("", "", "", "handle", "end", 2, "hours", "book"),
    # Longer than the calendar, which nobody can measure.
    ("06001", "", "", "handle", "end", 300, "working_days", "book"),
]


@pytest.fixture
def town(town_session: Session, tmp_path: Path) -> Session:
    """The town with limits in hours."""
    give_town_rules(town_session, tmp_path, limits=LIMITS, settings=RULES["settings"])
    return town_session


def go(session: Session, number: str, *course: tuple[str, float]) -> str:
    """Take steps, each at some hours from now."""
    for name, hours in course:
        step(session, number, name, **GOOD.get(name, {}), when=NOW + timedelta(hours=hours, minutes=1))
    return number


def closed(session: Session, number: str, hours: float) -> str:
    return go(session, number, ("feed_back", hours), ("pass", hours), ("assess", hours), ("archive", hours))


@pytest.fixture
def thirteen(town: Session) -> dict[str, str]:
    """Cases of which all measures are worked out by hand: what is special of each, and its number."""
    cases = {name: reported(town) for name in ("in_time", "late", "extended", "deferred", "suspended", "reworked")}
    closed(town, cases["in_time"], 1)
    closed(town, cases["late"], 3)
    go(town, cases["extended"], ("accept", 0.5), ("ask_extension", 1))
    step(town, cases["extended"], "grant_extension", amount=20, unit="hours", when=NOW + timedelta(hours=1.5))
    go(town, cases["deferred"], ("defer", 0.5))
    go(town, cases["suspended"], ("suspend", 0.5))
    closed(town, go(town, cases["reworked"], ("feed_back", 1), ("fail", 1.5)), 2)
    cases["returned"] = go(town, reported(town), ("return", 0.5))
    step(town, cases["returned"], "redispatch", owner={"department": "W"}, when=NOW + timedelta(hours=0.75))
    go(town, cases["returned"], ("feed_back", 1))
    cases["merged"] = reported(town)
    step(town, cases["merged"], "merge", into=cases["returned"])
    cases["rejected"] = go(town, reported(town, source="resident"), ("reject", 0.2))
    cases["unmeasured"] = reported(town, category=BUILDING)
    cases["overdue"] = reported(town)
    cases["on_site"] = reported(town, source="resident")
    cases["urgent"] = closed(town, reported(town, urgency="urgent"), 1)
    return cases


def asked(**more: Any) -> Asked:
    return Asked(tree="town", as_of=LATER, **{**DAYS, **more})


def shares(values: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: (one["numerator"], one["denominator"], one["percent"]) for name, one in values.items()}


def numbers(session: Session, measure: str, part: str = "numerator", **more: Any) -> set[str]:
    found = opened(session, asked(), measure, part, **more)
    return {row["number"] for row in found["rows"]}


def test_thirteen_cases_give_the_numbers_worked_out_by_hand(town: Session, thirteen: dict[str, str]):
    assert shares(measured(town, asked())["total"]) == {
        "received": (13, None, None),
        # Not filed: the merged, the rejected, and the one that is to be looked at first.
        "filed": (10, 13, 76.9),
        "rejected": (1, 13, 7.7),
        "merged": (1, 13, 7.7),
        "dispatched": (10, 10, 100.0),
        # In time: in_time, reworked in both rounds, returned (what was left undone is void), urgent. Late: two.
        "handled_in_time": (4, 6, 66.7),
        # Closed: in_time, late, reworked, urgent. Should be: overdue too; the extended one has time yet.
        "closed": (4, 5, 80.0),
        "closed_in_time": (3, 5, 60.0),
        "urgent_closed": (1, 1, 100.0),
        "urgent_closed_in_time": (1, 1, 100.0),
        # Of ten filed, without the deferred, the suspended and the unmeasured one.
        "overdue": (2, 7, 28.6),
        "escalated": (0, 10, 0.0),
        # Of those that were handled at all: in_time, late, reworked, returned, urgent.
        "reworked": (1, 5, 20.0),
        "returned": (1, 10, 10.0),
        "deferred": (1, 10, 10.0),
        "suspended": (1, 10, 10.0),
        "unmeasured": (1, 10, 10.0),
    }


def test_numbers_open_into_the_cases_that_they_are_made_of(town: Session, thirteen: dict[str, str]):
    of = thirteen
    assert numbers(town, "overdue") == {of["late"], of["overdue"]}
    assert numbers(town, "closed_in_time") == {of["in_time"], of["reworked"], of["urgent"]}
    assert numbers(town, "closed_in_time", "denominator") == numbers(town, "closed_in_time") | numbers(town, "overdue")
    for name in ("deferred", "suspended", "unmeasured", "returned", "reworked", "merged", "rejected"):
        assert numbers(town, name) == {of[name]}


def test_groups_are_told_by_name_and_what_belongs_to_none_comes_last(town: Session, thirteen: dict[str, str]):
    groups = measured(town, asked(by="department"))["groups"]
    assert [(one["code"], one["en"]) for one in groups] == [("S", "Sanitation"), ("W", "Water"), ("", "None")]
    assert [one["values"]["unmeasured"]["numerator"] for one in groups] == [0, 0, 1]
    (street,) = measured(town, asked(by="street"))["groups"]
    assert (street["code"], street["values"]["received"]["numerator"]) == ("410199001000", 13)
    assert measured(town, asked(by="county"))["groups"][0]["values"] == street["values"]


def test_a_share_of_nothing_is_null_with_the_reason_and_never_zero(town: Session, thirteen: dict[str, str]):
    groups = measured(town, asked(by="department"))["groups"]
    water = groups[1]["values"]["closed_in_time"]
    assert water == {"numerator": 0, "denominator": 0, "percent": None, "few": True, "reason": "no_cases"}
    long_ago = measured(town, asked(first=date(2020, 1, 1), last=date(2020, 1, 31), by="street"))
    assert long_ago["groups"] == []
    assert {one["percent"] for one in long_ago["total"].values()} == {None}


def test_shares_of_few_cases_are_marked(town: Session, thirteen: dict[str, str]):
    found = measured(town, asked())
    assert found["small"] == 10
    assert (found["total"]["returned"]["few"], found["total"]["closed"]["few"]) == (False, True)


def test_a_case_belongs_to_the_day_on_which_it_came_in_by_the_clock_of_the_city(town: Session):
    number = reported(town)
    # Half past midnight in Shanghai.
    at = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    town.execute(text("UPDATE cases SET received_at = :at WHERE id = :id"), {"at": at, "id": int(number)})
    for first, last, expected in (((2026, 3, 2), (2026, 3, 2), 1), ((2026, 3, 1), (2026, 3, 1), 0)):
        found = measured(town, asked(first=date(*first), last=date(*last)))
        assert found["total"]["received"]["numerator"] == expected


def test_without_days_the_month_so_far_is_measured(town: Session):
    found = measured(town, Asked(tree="town", as_of=datetime(2026, 3, 14, 20, tzinfo=UTC)))
    assert (found["from"], found["to"], found["time_zone"]) == ("2026-03-01", "2026-03-15", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 2, 1), date(2026, 1, 1), "from"),
        (date(1899, 12, 31), date(2026, 1, 1), "from"),
        (date(2026, 2, 1), date(9000, 1, 2), "to"),
    ],
)
def test_a_day_that_makes_no_period_is_named(town: Session, first: date, last: date, field: str):
    with pytest.raises(BadInput, match="between 1900-01-01 and 9000-01-01") as refused:
        measured(town, asked(first=first, last=last))
    assert (refused.value.field, refused.value.value) == (field, str(last if field == "to" else first))


def test_what_cannot_be_asked_is_told_with_what_can(town: Session):
    for act, kind, code in (
        (lambda: measured(town, asked(by="planet")), BadInput, "unknown_word"),
        (lambda: measured(town, asked(first=date(2026, 2, 1), last=date(2026, 1, 1))), BadInput, "bad_period"),
        (lambda: measured(town, Asked(tree="atlantis")), NotFound, "unknown_tree"),
        (lambda: opened(town, asked(), "beauty"), BadInput, "unknown_word"),
        (lambda: opened(town, asked(), "closed", "both"), BadInput, "unknown_word"),
        (lambda: opened(town, asked(), "closed", of="S"), BadInput, "unknown_word"),
        (lambda: opened(town, asked(by="department"), "closed", of="X"), NotFound, "unknown_group"),
    ):
        with pytest.raises(kind) as refused:
            act()
        assert refused.value.code == code


@pytest.mark.parametrize("seed", range(3))
def test_each_number_is_the_count_of_the_cases_it_opens_into(town: Session, seed: int):
    at_random(town, random.Random(seed))
    for by in BY[seed::3]:
        found = measured(town, asked(by=by))
        for name in measures():
            inside = [numerator_and_denominator(town, by, name, None, found["total"])]
            inside += [numerator_and_denominator(town, by, name, one["code"], one["values"]) for one in found["groups"]]
            for every, *of_groups in zip(*inside, strict=True):
                assert sorted(number for numbers in of_groups for number in numbers) == every
            assert all(set(numerator) <= set(denominator) for numerator, denominator in inside)


def numerator_and_denominator(
    session: Session, by: str, name: str, of: str | None, values: dict[str, Any]
) -> tuple[list[int], list[int]]:
    """The cases on both sides of a share, when there are as many as it says."""
    sides = []
    for part in ("numerator", "denominator"):
        found = list(pages(session, asked(by=by), name, part, of))
        assert len(set(found)) == len(found) == count(values[name], part, len(found))
        sides.append(found)
    return sides[0], sides[1]


def count(value: dict[str, Any], part: str, otherwise: int) -> int:
    """How many a number says it counts; a mere count has no denominator to tell."""
    return otherwise if value[part] is None else int(value[part])


def pages(session: Session, question: Asked, name: str, part: str, of: str | None) -> Iterator[int]:
    """The numbers of all cases of a number, page by page."""
    after = 0
    while True:
        page = opened(session, question, name, part, of=of, after=after, limit=5)
        yield from (int(row["number"]) for row in page["rows"])
        if page["next"] is None:
            return
        after = int(page["next"])


def at_random(session: Session, rng: random.Random) -> None:
    """Cases anywhere in the town, with steps at any time."""
    for _ in range(11):
        said = {"category": rng.choice(["06010", BUILDING, "L1"]), "source": rng.choice(["patrol", "resident"])}
        number = reported(
            session, rng.uniform(0, 8), rng.uniform(0, 5), urgency=rng.choice(["normal", "urgent"]), **said
        )
        hours = 0.0
        for _ in range(rng.randrange(9)):
            hours += rng.choice([0.1, 0.5, 1.5])
            possible = detail(session, number, roles=ANYBODY.roles)["allowed"]
            names = [one["step"] for one in possible if one["step"] in GOOD or not one["needs"]]
            if names:
                try_step(session, number, rng.choice(names), hours)
    assert len({row_of(session, str(one))["state"] for one in session.scalars(text("SELECT id FROM cases"))}) > 3


def try_step(session: Session, number: str, name: str, hours: float) -> None:
    """Take a step, unless what is said with it makes no sense for the case."""
    with suppress(BadInput), session.begin_nested():
        go(session, number, (name, hours))


def test_the_table_has_a_row_for_each_group_and_measure_and_is_written_as_it_is(
    town: Session, thirteen: dict[str, str], tmp_path: Path
):
    table = as_table(measured(town, asked(by="department")))
    assert len(table) == 4 * len(measures())
    for name in ("m.csv", "m.xlsx"):
        write_layer(table, tmp_path / name)
    for back in (pd.read_csv(tmp_path / "m.csv"), pd.read_excel(tmp_path / "m.xlsx")):
        row = back[(back["measure"] == "overdue") & (back["name_en"] == "Whole city")].iloc[0]
        assert (row["numerator"], row["denominator"], row["percent"], row["measure_zh"]) == (2, 7, 28.6, "逾期率")
        nothing = back[(back["measure"] == "closed_in_time") & (back["code"] == "W")].iloc[0]
        assert pd.isna(nothing["percent"])
        assert nothing["reason"] == "no_cases"
