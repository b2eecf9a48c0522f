"""Which rule of a catalogue holds: the most particular that fits, matter before urgency before place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import pytest

from gis.working_time import WorkingTime
from layers.matters.calendars import minutes_of, spans_text
from layers.matters.held import Catalogue, Edition, Rule, most_particular
from layers.matters.limits import Limit

HERE = (7, "urgent", "rural")
WEIGHT = (4, 2, 1)


def weight(pattern: tuple[object, ...]) -> int:
    return sum(points for points, value in zip(WEIGHT, pattern, strict=True) if value is not None)


@pytest.mark.parametrize("known", range(1, 2**8))
def test_of_all_rows_that_fit_the_heaviest_holds(known: int):
    patterns = list(product((7, None), ("urgent", None), ("rural", None)))
    rows = {pattern: pattern for at, pattern in enumerate(patterns) if known >> at & 1}
    assert most_particular(rows, HERE) == max(rows, key=weight)


@pytest.mark.parametrize("asked", [(8, "urgent", "rural"), (None, "urgent", "rural"), (7, "normal", "rural")])
def test_a_row_for_something_else_never_holds(asked: tuple[int | None, str, str]):
    assert most_particular({HERE: "here"}, asked) is None
    assert most_particular({HERE: "here", (None, None, None): "any"}, asked) == "any"


def limit(milestone: str, amount: float, stage: str = "handle") -> Limit:
    return Limit(stage, milestone, amount, "hours", "book")


def test_the_milestones_of_a_step_come_from_rows_equally_particular():
    of_seven = (limit("stop", 4), limit("end", 20))
    catalogue = Catalogue(
        Edition(1, 3, datetime(2026, 1, 1, tzinfo=UTC), date(2026, 5, 1), date(2026, 5, 1)),
        WorkingTime.of({date(2026, 5, 1): [510, 720]}, "Asia/Shanghai"),
        3,
        {},
        {},
        _codes={},
        _rules={(None, None, None): Rule(None, (), None, 50, 24)},
        _limits={
            "handle": {
                (None, None, None): (limit("accept", 1), limit("end", 5)),
                (7, None, None): of_seven,
                (None, "urgent", "city"): (limit("end", 1),),
            }
        },
        _paths={},
    )
    assert catalogue.limits(7, "urgent", "city", "handle") == of_seven
    assert [one.amount for one in catalogue.limits(8, "urgent", "city", "handle")] == [1]
    assert [one.milestone for one in catalogue.limits(8, "urgent", "rural", "handle")] == ["accept", "end"]
    assert catalogue.limits(7, "normal", "city", "verify") == ()
    assert catalogue.limits_of(7, "normal", "rural")("handle") == of_seven
    assert catalogue.version == 3


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", []),
        ("00:00-24:00", [0, 1440]),
        ("8:30-12:00, 12:00-13:00", [510, 720, 720, 780]),
        ("08:30-12:00;14:30-18:00", [510, 720, 870, 1080]),
    ],
)
def test_working_spans_are_minutes_of_the_day(text: str, minutes: list[int]):
    assert minutes_of(text) == minutes
    assert minutes_of(spans_text(minutes)) == minutes
