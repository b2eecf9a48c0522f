"""The tables of the loop are sound, and what follows from the events of a case follows from them alone."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from data.tables.casework import STATES
from data.tables.catalogue import STAGES
from layers.cases.events import told
from layers.cases.loop import allowed, roles, states, steps
from layers.cases.replay import Happening, Standing, replay
from tests.courses import KNOWN_KINDS, courses

EIGHT = datetime(2026, 5, 3, 8, tzinfo=UTC)


def events(*kinds):
    """Events an hour apart; a kind may come with details."""
    named = [kind if isinstance(kind, tuple) else (kind, {}) for kind in kinds]
    return [Happening(EIGHT + timedelta(hours=n), kind, detail) for n, (kind, detail) in enumerate(named)]


def targets(state):
    """States that a step leads to from a state; a pause leads back to where it came from."""
    before = {source for step in steps().values() if step.to == state for source in step.sources}
    possible = [step.to for step in steps().values() if state in step.sources]
    return {target or state for target in possible if target != "back"} | (before if "back" in possible else set())


def reached_from(state):
    found, new = {state}, {state}
    while new:
        new = {target for one in new for target in targets(one)} - found
        found |= new
    return found


def test_states_and_stages_are_those_of_the_store():
    assert tuple(states()) == STATES
    assert tuple(dict.fromkeys(state.stage for state in states().values() if state.stage)) == STAGES


def test_a_state_has_a_stage_as_long_as_it_is_open():
    assert [state.name for state in states().values() if (state.stage is None) == state.is_open] == []


def test_every_state_can_be_reached_from_a_new_report():
    assert reached_from("reported") == set(STATES)


def test_every_step_begins_and_ends_in_states_that_there_are():
    for step in steps().values():
        assert step.sources <= set(STATES), step.name
        assert step.to in {None, "back", *STATES}, step.name
        assert step.sources, step.name


def test_every_open_state_has_a_way_on_and_a_way_to_the_end():
    for state in states().values():
        if state.is_open:
            assert targets(state.name) - {state.name}, state.name
            assert "archived" in reached_from(state.name), state.name


def test_a_closed_case_is_only_ever_opened_again():
    closed = [state.name for state in states().values() if not state.is_open]
    assert {(name, step.name) for name in closed for step in allowed(name, roles())} == {("rejected", "reopen")}


def test_every_step_has_somebody_who_may_take_it_and_every_open_state_somebody_who_may_act():
    assert [step.name for step in steps().values() if not step.roles] == []
    for state in states().values():
        if state.is_open:
            assert [step for step in allowed(state.name, roles() - {"system"}) if step.to is not None], state.name


def test_pauses_are_begun_and_ended_by_the_steps_that_say_so():
    for step in steps().values():
        pauses = step.to in states() and states()[step.to].is_paused
        resumes = any(states()[one].is_paused for one in step.sources) and step.to is not None
        assert (step.clock == "pause", step.clock == "resume") == (pauses, resumes), step.name
        assert (step.to == "back") == resumes, step.name
    assert {step.clock for step in steps().values()} == {None, "pause", "resume", "extend", "void"}


def test_what_voids_the_clocks_leaves_the_stage():
    voiding = [step for step in steps().values() if step.clock == "void"]
    for step in voiding:
        assert {states()[one].stage for one in step.sources if step.name == "return"} <= {"handle"}
        assert states()[step.to].stage is None or states()[step.to].stage == "dispatch"
    assert {step.name for step in voiding} == {"return", "reject", "merge"}


def test_an_extension_says_how_long():
    assert {step.name for step in steps().values() if step.clock == "extend"} == {"grant_extension"}
    assert {"amount", "unit"} <= set(steps()["grant_extension"].needs)


def test_what_a_step_counts_is_counted_for_a_case():
    counts = {step.counts for step in steps().values()} - {None}
    assert counts == {"returns", "reworks", "level"}
    assert counts <= {field.name for field in fields(Standing)}


def test_no_field_is_both_needed_and_left_open():
    assert [step.name for step in steps().values() if set(step.needs) & set(step.may)] == []


def test_states_and_steps_have_names_in_both_languages():
    for one in (*states().values(), *steps().values()):
        assert one.zh.strip()
        assert one.en.strip()
        assert one.zh != one.en


def test_no_step_is_called_like_a_state():
    # An event of such a name could be either.
    assert set(steps()) & set(STATES) == set()
    assert set(KNOWN_KINDS) & (set(steps()) | set(STATES)) == set()


@pytest.mark.parametrize("kind", [*STATES, *steps(), *KNOWN_KINDS])
def test_every_kind_of_event_can_be_told(kind):
    event = told({"kind": kind, "actor": "li", "role": "dispatcher", "detail": {}})
    assert "(li)" in event["en"]
    assert "li" in event["zh"]


def test_a_pause_leads_back_to_where_it_came_from():
    for begin in ("suspend", "defer", "wait"):
        way = ("received", "queued", "dispatch", "accept", begin)
        assert replay(events(*way)).paused_state == "handling"
        assert replay(events(*way, "note", "resume")).state == "handling"


def test_who_waits_for_the_resident_on_site_is_still_in_the_first_step():
    waiting = replay(events("received", "on_site", "wait"))
    assert (waiting.state, waiting.stage) == ("waiting", "report")
    assert replay(events("received", "on_site", "wait", "resume")).state == "on_site"


def test_a_case_is_closed_once_and_opened_again():
    rejected = replay(events("received", "queued", "reject", "note"))
    assert (rejected.stage, rejected.closed_at) == (None, EIGHT + timedelta(hours=2))
    assert replay(events("received", "queued", "reject", "reopen")).closed_at is None


def test_a_case_by_file_was_closed_when_the_file_says():
    told_when = {"state": "archived", "closed_at": "2025-02-01T09:00:00+00:00"}
    assert replay(events(("imported", told_when))).closed_at == datetime(2025, 2, 1, 9, tzinfo=UTC)
    assert replay(events(("imported", {"state": "archived", "closed_at": None}))).closed_at is None


def test_a_case_by_file_that_is_paused_goes_on_in_the_same_step():
    suspended = replay(events(("imported", {"state": "suspended"})))
    assert (suspended.stage, suspended.paused_state) == ("handle", "handling")
    assert replay(events(("imported", {"state": "suspended"}), "resume")).state == "handling"


def test_new_boundaries_send_a_case_where_their_event_says():
    way = ("received", "queued")
    assert replay(events(*way, ("moved", {"queue_reason": None}))).state == "dispatched"
    assert replay(events(*way, "dispatch", "accept", ("moved", {"queue_reason": None}))).state == "handling"
    assert replay(events(*way, "dispatch", ("moved", {"queue_reason": "outside"}))).state == "queued"
    assert replay(events(*way, "dispatch", ("kept", {"queue_reason": None}))).state == "dispatched"
    suspended = replay(events(*way, "dispatch", "accept", "suspend", ("moved", {"state": "suspended"})))
    assert (suspended.state, suspended.paused_state) == ("suspended", "handling")


@settings(max_examples=200, deadline=None)
@given(courses())
def test_a_standing_is_the_same_step_by_step_and_all_at_once(course):
    standing = Standing()
    for number, event in enumerate(course):
        standing = standing.after(event)
        assert standing == replay(course[: number + 1])
        assert (standing.paused_state is not None) == states()[standing.state].is_paused
        assert (standing.closed_at is not None) == (standing.stage is None)
        assert (standing.merged_into is not None) == (standing.state == "merged")
