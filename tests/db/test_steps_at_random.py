"""Whatever steps people try, possible or not: what is stored is what the events give, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from gis.errors import BadInput
from layers.cases.check import check
from layers.cases.check_loop import replayed_again
from layers.cases.loop import allowed, states, steps
from layers.cases.queries import detail
from layers.errors import Conflict
from tests.forms import forms
from tests.stepping import ANYBODY, BUILDING, GOOD, RUBBISH, a_photo, give_town_rules, reported, row_of, step
from tests.town import at

NAMES = sorted(steps().keys() - {"escalate"})
# What one step is told at which moment: its name, a place for those that need one, minutes since the step before.
TRIED = st.tuples(st.sampled_from(NAMES), st.integers(0, 7), st.sampled_from([0, 1, 30, 400, 1500]))
REPORTS = st.tuples(
    st.sampled_from([RUBBISH, BUILDING, "litter"]),
    st.sampled_from(["patrol", "resident"]),
    st.sampled_from(["normal", "urgent"]),
    st.sampled_from([(1, 0.25), (2, 1), (6, 5.5), (3.5, 3)]),
)


@pytest.fixture(scope="module")
def ruled(shared_town: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One session for all examples; each of them is rolled back."""
    with shared_town.app.connect() as connection:
        outer = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            give_town_rules(session, Path(tmp_path_factory.mktemp("rules")))
            yield session
        outer.rollback()


def fields_for(session: Session, number: str, other: str, name: str, place: int) -> dict[str, Any]:
    """Fields that do for a step, whether or not it is possible."""
    if name == "merge":
        return {"into": other}
    if name == "reach":
        waiting = [one for one in detail(session, number)["clocks"] if one["met_at"] is None and not one["void"]]
        return {"milestone": waiting[0]["milestone"] if waiting else "stop"}
    if name == "move_pin":
        lon, lat = at(0.5 + place, 0.5 + place / 2)
        return {"lon": lon, "lat": lat, "datum": "wgs84", "reason": "there"}
    if name == "override_grid":
        return {"grid": f"D0{1 + place}", "reason": "theirs"}
    if name == "solve_on_spot":
        return {"note": "done", "photos": [a_photo(session, number, "0123456789abcdef"[place])]}
    return GOOD.get(name, {})


def require_right(session: Session, number: str) -> None:
    """What is stored of the case is what its events give, and no clock of it runs while it is paused."""
    row = row_of(session, number)
    state = states()[row["state"]]
    if state.is_paused:
        assert row["clock"] in ("paused", "no_limit", "beyond_calendar")
        assert row["due_at"] is None
    assert (row["closed_at"] is None) == state.is_open
    assert (row["clock"] in ("stopped", "unmeasured")) != state.is_open
    waiting = [one for one in detail(session, number)["clocks"] if one["met_at"] is None and not one["void"]]
    if row["clock"] == "running":
        assert row["due_at"] == min(datetime.fromisoformat(one["due_at"]) for one in waiting if one["due_at"])
    _, differences = replayed_again(session, "town")
    assert differences == []


def try_one(session: Session, number: str, other: str, name: str, place: int, minutes: int) -> bool:
    """Try a step; whether it was taken. What is refused tells the steps that are possible, and changes nothing."""
    before = row_of(session, number)
    possible = {one["step"] for one in detail(session, number, roles=ANYBODY.roles)["allowed"]}
    when = before["received_at"] + timedelta(minutes=minutes)
    fields = fields_for(session, number, other, name, place)
    refused, after = None, before
    try:
        with session.begin_nested():
            after = step(session, number, name, when=when, **fields)
    except (BadInput, Conflict) as error:
        refused = error
    if refused is not None:
        assert row_of(session, number) == before
        assert (name in possible) == isinstance(refused, BadInput)
        assert isinstance(refused, BadInput) or set(refused.values["allowed"]) == possible
        return False
    assert name in possible
    assert after["revision"] == before["revision"] + 1
    target = steps()[name].target(before["state"], before["paused_state"])
    assert (after["state"], after["events"][-1]["kind"]) == (target, name)
    return True


@pytest.mark.parametrize("examples", forms(short=20, long=300))
def test_whatever_is_tried_the_stored_case_is_the_replay_of_its_events(ruled: Session, examples: int):
    taken = {True: 0, False: 0}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=examples < 50)
    @given(REPORTS, st.lists(TRIED, min_size=4, max_size=14))
    def run(report: tuple[str, str, str, tuple[float, float]], tries: list[tuple[str, int, int]]) -> None:
        category, source, urgency, (column, row) = report
        example = ruled.begin_nested()
        try:
            said = {"category": category, "source": source, "urgency": urgency}
            number, other = reported(ruled, column, row, **said), reported(ruled)
            minutes = 0
            for name, place, later in tries:
                minutes += later
                # Most of what is tried is possible, or few examples would get beyond the first states.
                possible = [one.name for one in allowed(row_of(ruled, number)["state"], ANYBODY.roles)]
                chosen = possible[(place * 5 + minutes) % len(possible)] if possible and later not in (1, 30) else name
                taken[try_one(ruled, number, other, chosen, place, minutes)] += 1
                require_right(ruled, number)
            assert check(ruled).differences == []
        finally:
            example.rollback()

    run()
    assert min(taken.values()) > examples, taken
