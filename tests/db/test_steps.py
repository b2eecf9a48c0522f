"""Steps with a case: what each changes, who may take it, what is refused and with which words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.check import check
from layers.cases.queries import detail
from layers.cases.steps import take
from layers.errors import Conflict, Forbidden, NotFound, Outdated
from tests.stepping import (
    ANYBODY,
    BUILDING,
    DORA,
    GOOD,
    HAN,
    OWN,
    PERSON,
    REX,
    SUE,
    VERA,
    a_photo,
    give_town_rules,
    reported,
    row_of,
    step,
    steps_along,
)
from tests.town import at


@pytest.fixture
def town(town_session: Session, tmp_path: Path) -> Session:
    """The town under the small catalogue: rubbish goes to sanitation, with police and water assisting."""
    give_town_rules(town_session, tmp_path)
    return town_session


def require_no_difference(session: Session) -> None:
    assert check(session).differences == []


def clocks(case: dict[str, Any]) -> list[tuple[str, int, str, bool, bool]]:
    return [
        (one["stage"], one["round"], one["milestone"], one["met_at"] is not None, one["void"]) for one in case["clocks"]
    ]


def test_the_loop_goes_round_with_rework_and_every_step_is_told(town: Session):
    number = reported(town)
    photo = a_photo(town, number)
    step(town, number, "accept", HAN)
    step(town, number, "feed_back", HAN, note="swept", photos=[photo])
    failed = step(town, number, "fail", VERA, reason="half is still there")
    assert (failed["state"], failed["stage"], failed["reworks"], failed["clock"]) == (
        "handling",
        "handle",
        1,
        "running",
    )
    assert [one[:2] for one in clocks(failed) if one[0] == "handle"] == [("handle", 1), ("handle", 2)]
    done = steps_along(town, number, "feed_back", "pass", "assess", "archive")
    assert (done["state"], done["stage"], done["clock"], done["due_at"]) == ("archived", None, "stopped", None)
    assert done["closed_at"] is not None
    assert [one["kind"] for one in done["events"]] == [
        *("received", "dispatched", "accept", "feed_back", "fail", "feed_back", "pass", "assess", "archive"),
    ]  # fmt: skip
    assert done["events"][4]["en"] == "Fail: do it again: half is still there. (vera)"
    assert done["events"][4]["detail"] == {"from": "fed_back", "to": "handling", "reason": "half is still there"}
    assert (done["revision"], done["allowed"]) == (8, [])
    require_no_difference(town)


def test_a_step_that_is_not_possible_tells_which_are(town: Session):
    number = reported(town)
    with pytest.raises(Conflict, match="Possible are: reassign, wait, merge") as refused:
        step(town, number, "redispatch", DORA, **OWN)
    assert refused.value.code == "step_not_allowed"
    assert refused.value.values["state"] == "dispatched"
    assert refused.value.values["allowed"] == [one["step"] for one in detail(town, number, roles=DORA.roles)["allowed"]]


def test_a_step_is_for_its_roles_and_is_recorded_under_one_of_them(town: Session):
    number = reported(town)
    with pytest.raises(Forbidden) as refused:
        step(town, number, "accept", DORA)
    assert (refused.value.code, "handler" in refused.value.values["roles"]) == ("step_role", True)
    both = Actor("kim", ("dispatcher", "handler"))
    assert step(town, number, "accept", both)["events"][-1]["role"] == "handler"


def test_whoever_saw_an_older_state_is_told_the_newer_one(town: Session):
    number = reported(town)
    seen = detail(town, number)["revision"]
    take(town, DORA, number, "reassign", GOOD["reassign"], seen=seen)
    with pytest.raises(Outdated) as refused:
        take(town, DORA, number, "reassign", GOOD["reassign"], seen=seen)
    assert refused.value.code == "case_changed"
    assert refused.value.values == {"state": "dispatched", "revision": seen + 1}


@pytest.mark.parametrize(
    ("name", "fields", "code", "field"),
    [
        ("leap", {}, "unknown_step", "step"),
        ("reassign", {"reason": "x"}, "field_missing", "owner"),
        ("reassign", {"owner": {"staff_no": "P01"}, "reason": " "}, "field_unusable", "reason"),
        ("reassign", {"owner": {"staff_no": "P99"}, "reason": "x"}, "unknown_staff", "owner"),
        ("reassign", {"owner": {"department": "Q"}, "reason": "x"}, "unknown_department", "owner"),
        ("reassign", {**OWN, "reason": "x", "assisting": ["Q"]}, "unknown_department", "assisting"),
        ("reassign", {**OWN, "reason": "x", "assisting": "S"}, "field_unusable", "assisting"),
        ("reassign", {"owner": {"department": "S", "staff_no": "P01"}, "reason": "x"}, "field_unusable", "owner"),
        ("reassign", {"owner": "S", "reason": "x"}, "field_unusable", "owner"),
        ("return", {"reason": "x", "right_owner": {"department": "S"}}, "owner_unchanged", "right_owner"),
        ("note", {"note": "x", "colour": "red"}, "field_unknown", "colour"),
        ("note", {"note": 7}, "field_unusable", "note"),
        ("note", {"note": "x" * 2001}, "field_unusable", "note"),
        ("note", {"note": "x", "photos": ["a" * 64]}, "unknown_photo", "photos"),
        ("note", {"note": "x", "photos": ["../etc"]}, "field_unusable", "photos"),
        ("note", {"note": "x", "position": {"lon": 1}}, "field_unusable", "position"),
        ("note", {"note": "x", "position": {"lon": 0, "lat": 0, "datum": "wgs84"}}, "position_zero", "position"),
        ("merge", {"into": "abc"}, "field_unusable", "into"),
        ("merge", {"into": 5}, "merge_impossible", "into"),
        ("move_pin", {"lon": 10**400, "lat": 1, "datum": "wgs84", "reason": "x"}, "field_unusable", "lon"),
        ("move_pin", {"lon": 0.5, "lat": 1, "datum": "wgs84", "reason": "x"}, "too_far", "position"),
        ("override_grid", {"grid": "D99", "reason": "x"}, "grid_not_there", "grid"),
        ("override_grid", {"grid": "D09", "reason": "x"}, "grid_not_there", "grid"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(town: Session, name: str, fields: dict[str, Any], code: str, field: str):
    number = reported(town)
    with pytest.raises(BadInput) as refused:
        step(town, number, name, **fields)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_case_that_is_not_there_is_unknown(town: Session):
    for number in ("5", "x", "9" * 19):
        with pytest.raises(NotFound, match="no case"):
            step(town, number, "note", note="x")


def test_the_rule_names_the_department_and_the_dispatcher_another(town: Session):
    number = reported(town)
    case = detail(town, number)
    assert (case["department"]["en"], [one["code"] for one in case["assisting"]]) == ("Sanitation", ["T", "W"])
    assert case["person"]["name"] == "Wang 王一"
    case = step(town, number, "reassign", owner={"department": "T"}, reason="a lorry lost it")
    # Who leads does not assist; the others stay asked.
    assert (case["department"]["code"], [one["code"] for one in case["assisting"]]) == ("T", ["W"])
    case = step(town, number, "reassign", owner={"department": "W"}, assisting=["S", "W", "S"], reason="no")
    assert (case["department"]["code"], [one["code"] for one in case["assisting"]]) == ("W", ["S"])
    assert case["person"]["name"] == "Wang 王一"
    case = step(town, number, "reassign", **{**PERSON, "owner": {"staff_no": "P05"}}, reason="he is there")
    assert (case["department"], case["person"]["name"]) == (None, "Zhou 周五")
    require_no_difference(town)


def test_after_the_most_returns_only_a_referee_settles_and_it_is_remembered(town: Session):
    number = reported(town)
    for unit in ("T", "W", "S"):
        step(town, number, "return", HAN, reason="not ours", right_owner={"department": unit})
        if unit != "S":
            step(town, number, "redispatch", DORA, owner={"department": unit})
    with pytest.raises(Conflict, match="returned 3 times, so that only a referee") as refused:
        step(town, number, "redispatch", DORA, **OWN)
    assert "redispatch" not in refused.value.values["allowed"]
    case = step(town, number, "settle", REX, owner={"department": "W"}, reason="list of 2025, row 12")
    assert (case["state"], case["department"]["code"], case["returns"]) == ("dispatched", "W", 3)
    kept = town.execute(
        text("SELECT case_id, reason, actor, d.code FROM precedents JOIN departments d ON d.id = department_id")
    )
    assert [tuple(row) for row in kept] == [(int(number), "list of 2025, row 12", "rex", "W")]
    require_no_difference(town)


def test_an_extension_moves_the_deadline_and_a_pause_holds_it(town: Session):
    number = reported(town)
    before = step(town, number, "accept")
    asked = step(town, number, "ask_extension", reason="rain", amount=4, unit="working_hours")
    assert asked["due_at"] == before["due_at"]
    granted = step(town, number, "grant_extension", SUE, amount=4, unit="working_hours")
    assert granted["due_at"] > before["due_at"]
    held = step(town, number, "suspend", SUE, reason="winter")
    assert (held["state"], held["clock"], held["due_at"], held["paused_state"]) == (
        "suspended",
        "paused",
        None,
        "handling",
    )
    later = step(town, number, "resume", SUE, when=row_of(town, number)["received_at"] + timedelta(days=9))
    assert (later["state"], later["clock"]) == ("handling", "running")
    assert later["due_at"] > granted["due_at"] + timedelta(days=8)
    require_no_difference(town)


def test_a_milestone_is_reached_once_and_by_its_name(town: Session):
    number = reported(town, category=BUILDING)
    step(town, number, "accept")
    assert detail(town, number)["due_milestone"] == "stop"
    case = step(town, number, "reach", milestone="stop")
    assert case["due_milestone"] == "penalty"
    for name in ("stop", "end", "nothing"):
        with pytest.raises(BadInput, match="left are: penalty") as refused:
            step(town, number, "reach", milestone=name)
        assert refused.value.code == "milestone_not_open"
    assert ("handle", 1, "stop", True, False) in clocks(case)
    require_no_difference(town)


def test_a_merged_case_leaves_its_reporters_with_the_one_it_was_merged_into(town: Session):
    first, second, third = (reported(town, description=word) for word in ("one", "two", "three"))
    merged = step(town, second, "merge", DORA, into=first)
    assert (merged["state"], merged["merged_into"], merged["clock"]) == ("merged", first, "stopped")
    step(town, first, "merge", DORA, into=third)
    reporters = detail(town, third)["reporters"]
    assert [(one["number"], one["description"]) for one in reporters] == [
        (third, "three"),
        (first, "one"),
        (second, "two"),
    ]
    # A case that is named after it was merged itself stands for the one it went into.
    fourth = reported(town)
    assert step(town, fourth, "merge", DORA, into=int(second))["merged_into"] == third
    for into, why in ((third, "the case itself"), (first, "merged into this one")):
        with pytest.raises(BadInput, match=why) as refused:
            step(town, third, "merge", DORA, into=into)
        assert refused.value.code == "merge_impossible"
    require_no_difference(town)


def test_a_case_is_not_merged_into_a_closed_one_or_another_city_s(town: Session):
    number, closed = reported(town), reported(town, category=None)
    step(town, closed, "return", **GOOD["return"])
    step(town, closed, "reject", DORA, reason="not ours")
    away = reported(town, *(0, 0), x=-87.7, y=41.9, scheme="beats")
    for into, why in ((closed, "it is rejected"), (away, "no such case")):
        with pytest.raises(BadInput, match=why):
            step(town, number, "merge", DORA, into=into)


def test_a_rejected_case_is_opened_again_and_says_why_it_waits(town: Session):
    number = reported(town)
    steps_along(town, number, "return", "reject")
    assert row_of(town, number)["closed_at"] is not None
    case = step(town, number, "reopen", SUE, reason="it is ours")
    assert (case["state"], case["queue_reason"], case["closed_at"], case["stage"]) == (
        "queued",
        "reopen",
        None,
        "dispatch",
    )
    assert step(town, number, "dispatch", DORA, **PERSON)["queue_reason"] is None
    require_no_difference(town)


def test_a_pin_that_is_moved_is_placed_anew_in_every_scheme_and_goes_to_who_answers_there(town: Session):
    number = reported(town, 2, 1)  # in Z01, on the border of D01 and D02
    assert detail(town, number)["routed_by"] == "dedicated"
    lon, lat = at(1, 3)
    case = step(town, number, "move_pin", DORA, lon=lon, lat=lat, datum="wgs84", reason="the caller erred")
    assert (case["routed_by"], case["grid"]["code"], case["person"]["name"]) == ("duty", "D05", "Chen 陈九")
    assert case["position"] == {"lon": lon, "lat": lat}
    assert case["raw"] == {"x": at(2, 1)[0], "y": at(2, 1)[1], "datum": "wgs84"}
    told = case["events"][-1]["detail"]
    assert told["before"] == {"lon": at(2, 1)[0], "lat": at(2, 1)[1]}
    assert (told["pin"]["x"], told["grid"]["code"], case["state"]) == (lon, "D05", "dispatched")
    require_no_difference(town)
    back = step(town, number, "move_pin", DORA, lon=at(2, 1)[0], lat=at(2, 1)[1], datum="wgs84", reason="no, there")
    assert (back["routed_by"], back["grid"]["code"], back["person"]["name"]) == ("dedicated", "Z01", "Zhao 赵三")
    require_no_difference(town)


def test_a_case_that_waited_outside_waits_for_another_reason_once_its_pin_is_inside(town: Session):
    number = reported(town, 6, 5.5)
    assert detail(town, number)["queue_reason"] == "outside"
    lon, lat = at(1, 1)
    case = step(town, number, "move_pin", DORA, lon=lon, lat=lat, datum="wgs84", reason="typo")
    assert (case["state"], case["queue_reason"], case["grid"]["code"]) == ("queued", "move_pin", "D01")
    lon, lat = at(6, 5.5)
    case = step(town, number, "move_pin", DORA, lon=lon, lat=lat, datum="wgs84", reason="no")
    assert (case["queue_reason"], case["nearest_grid"]["code"]) == ("outside", "D03")
    require_no_difference(town)


def test_a_grid_chosen_by_hand_takes_the_task_and_the_place_stays_on_record(town: Session):
    number = reported(town)
    case = step(town, number, "override_grid", DORA, grid="D05", reason="their bin")
    assert (case["grid"]["code"], case["person"]["name"]) == ("D05", "Chen 陈九")
    assert case["override"] == {"by": "dora", "reason": "their bin"}
    assert "override" in [one["code"] for one in case["reasons"]]
    stored = town.scalar(
        text("SELECT g.code FROM placements p JOIN grids g ON g.id = p.grid_id WHERE case_id = :id AND routing"),
        {"id": int(number)},
    )
    assert stored == "D01"
    require_no_difference(town)


def test_where_somebody_stood_and_what_was_photographed_is_in_the_event(town: Session):
    number = reported(town)
    lon, lat = at(1, 0.5)
    case = step(
        town,
        number,
        "note",
        note="here",
        photos=[a_photo(town, number)],
        position={"lon": lon, "lat": lat, "datum": "wgs84"},
    )
    assert case["events"][-1]["position"] == {"lon": lon, "lat": lat}
    assert case["events"][-1]["detail"]["photos"] == ["a" * 64]
    assert [one["sha256"] for one in case["photos"]] == ["a" * 64]


def test_a_step_is_never_told_before_what_happened_already(town: Session):
    number = reported(town)
    when = row_of(town, number)["received_at"]
    later = step(town, number, "accept", when=when + timedelta(hours=2))
    early = step(town, number, "note", note="from a slow clock", when=when + timedelta(hours=1))
    assert early["events"][-1]["at"] == later["events"][-1]["at"]


def test_the_check_finds_a_state_and_a_clock_that_no_event_explains(town: Session):
    number = reported(town)
    step(town, number, "accept")
    town.execute(text("UPDATE cases SET state = 'verified' WHERE id = :id"), {"id": int(number)})
    town.execute(
        text("UPDATE case_clocks SET due_at = due_at + interval '1 hour' WHERE case_id = :id AND stage = 'handle'"),
        {"id": int(number)},
    )
    found = check(town)
    assert [(one.number, one.field) for one in found.differences] == [(number, "clock handle 1 end"), (number, "state")]
    assert (found.differences[1].stored, found.differences[1].expected) == ("verified", "handling")
    assert found.replayed == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_step_is_a_sentence_in_both_languages(town: Session, lang: str):
    number = reported(town)
    case = steps_along(town, number, "accept", "ask_extension", "grant_extension", "return", "settle", "remind", "note")
    for event in case["events"]:
        assert event["kind"] not in event[lang].split()
        assert event[lang].endswith(")")
    assert "4 working hours" in case["events"][-5]["en"]
    assert "水务" in case["events"][-3]["zh"]


def test_all_roles_together_may_do_what_the_table_says(town: Session):
    number = reported(town)
    told = {one["step"]: one for one in detail(town, number, roles=ANYBODY.roles)["allowed"]}
    assert told["return"]["needs"] == ("reason", "right_owner")
    assert "redispatch" not in told
