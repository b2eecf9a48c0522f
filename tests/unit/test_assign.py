"""The decision on one case: which grid, which person, which state, and the reasons it gives."""

from dataclasses import replace

import pytest

from layers.cases.assign import decide, routing_place
from layers.cases.reasons import SENTENCES, render
from layers.grids.lookup import GridRef, Place
from layers.staff.duties import Answer

OAK, ELM, MALL = GridRef(1, 1, "A1", "Oak"), GridRef(2, 2, "A2", "Elm"), GridRef(9, 1, "M1", "Mall")
DUTY = Place(1, "duty", "town", "whole", 0, "Asia/Shanghai", 1, OAK, edge_distance_m=40.0, today_grid_id=1)
DEDICATED = Place(2, "dedicated", "town", "partial", 5, "Asia/Shanghai", 1, MALL, edge_distance_m=30.0, today_grid_id=9)
LI = Answer(7, "Li", "000-1", "grid_lead", "lead", 0, "Oak", None, 7)


def codes(decision):
    return [reason["code"] for reason in decision.reasons]


def test_a_case_inside_a_grid_goes_to_its_lead():
    decision = decide([DUTY], LI)
    assert (decision.state, decision.staff_id, decision.queue_reason) == ("dispatched", 7, None)
    assert codes(decision) == ["inside", "lead"]


def test_a_case_on_a_border_says_that_the_lowest_number_owns_it():
    assert "on_border" in codes(decide([replace(DUTY, edge_distance_m=0.0, near_border=True, second=ELM)], LI))


def test_a_case_near_a_border_names_the_second_choice():
    decision = decide([replace(DUTY, edge_distance_m=3.2, near_border=True, second=ELM)], LI)
    assert {"code": "near_border", "second": "Elm", "edge_distance_m": 3.2} in decision.reasons


def test_a_case_near_the_outer_border_has_no_second_choice_and_says_so():
    assert "near_outer_border" in codes(decide([replace(DUTY, edge_distance_m=3.2, near_border=True)], LI))


def test_a_case_outside_waits_for_a_dispatcher_with_the_nearest_grid():
    outside = replace(DUTY, grid=None, edge_distance_m=None, nearest=OAK, outside_m=12.5, today_grid_id=None)
    decision = decide([outside], None)
    assert (decision.state, decision.queue_reason, decision.staff_id) == ("queued", "outside", None)
    assert decision.reasons == [{"code": "outside", "nearest": "Oak", "outside_m": 12.5}]


def test_a_case_nobody_answers_for_waits_with_that_reason():
    decision = decide([DUTY], replace(LI, staff_id=None))
    assert (decision.state, decision.queue_reason) == ("queued", "no_person")
    assert codes(decision) == ["inside", "no_person"]


def test_history_keeps_its_state_even_where_nobody_answers():
    decision = decide([DUTY], None).with_state("archived")
    assert (decision.state, decision.queue_reason) == ("archived", None)


def test_a_state_of_waiting_is_decided_anew():
    assert decide([DUTY], LI).with_state("queued").state == "dispatched"
    assert decide([DUTY], LI).with_state("reported").state == "dispatched"


def test_a_dedicated_grid_wins_over_the_routing_scheme():
    assert routing_place([DUTY, DEDICATED]) is DEDICATED
    assert codes(decide([DUTY, DEDICATED], LI))[0] == "partial_wins"


def test_a_partial_scheme_without_priority_or_ground_there_does_not_win():
    assert routing_place([DUTY, replace(DEDICATED, priority=0)]) is DUTY
    assert routing_place([DUTY, replace(DEDICATED, grid=None)]) is DUTY


def test_of_two_partial_schemes_the_higher_priority_wins():
    higher = replace(DEDICATED, scheme_id=3, scheme="school", priority=9)
    assert routing_place([DUTY, DEDICATED, higher]) is higher


def test_the_owner_of_that_time_is_kept_only_where_it_is_another_person():
    assert decide([DUTY], LI).owner_staff_id is None
    assert decide([DUTY], replace(LI, owner_staff_id=3)).owner_staff_id == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"via": "substitute", "stands_in_for": "Wang"}, "substitute"),
        ({"via": "deputy"}, "deputy"),
        ({"climb": 1, "place_name": "Willow community"}, "next_level"),
    ],
)
def test_who_stands_in_is_a_reason(change, code):
    assert codes(decide([DUTY], replace(LI, **change)))[-1] == code


def test_a_grid_that_is_gone_hands_its_case_to_the_one_on_the_same_ground():
    gone = replace(DUTY, version=1, today_grid_id=2)
    assert codes(decide([gone], LI)) == ["inside", "boundary_then", "moved_to_today", "lead"]


def test_a_converted_datum_is_a_reason_and_wgs84_is_not():
    assert "datum" in codes(decide([DUTY], LI, datum="gcj02"))
    assert "datum" not in codes(decide([DUTY], LI, datum="WGS84"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_reason_is_a_sentence_in_both_languages(lang):
    values = {
        "grid": "Oak", "second": "Elm", "nearest": "Oak", "outside_m": 1.5, "edge_distance_m": 2.5, "scheme": "mall",
        "version": 2, "datum": "gcj02", "place": "Oak", "role": "grid_lead", "absent": "Wang",
            "department": {"zh": "水务局", "en": "Water office"},
    }  # fmt: skip
    for code in SENTENCES:
        sentence = render({"code": code, **values}, lang=lang)
        assert sentence.endswith("。" if lang == "zh" else ".")
        assert "{" not in sentence
