"""Open cases follow the ground by a stated rule; where a case lies by the boundaries of its time is never touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapely.geometry import mapping
from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.cases.check import check
from layers.cases.queries import detail
from layers.errors import Conflict
from layers.grids.schemes import SchemeSpec
from layers.rezoning.carrying_out import Asked
from layers.rezoning.publishing import roll_back
from tests.imports import take_grids
from tests.plans_of_town import SCHEME, give, merge_top, move_corner, split_first, take_plan_scheme
from tests.publications import WANG, case, case_at, last_event, lead, published
from tests.town import METRIC_SRID, squares

KEEP = Asked(reason="only the border", open_cases="keep")
# The west half of P02 for P01, and the corner of four grids away from the north-east.
WIDER = give(2, 1, area=mapping(squares((2, 0, 3, 2))))


@pytest.fixture
def plan(town_session: Session) -> Session:
    """The town with the scheme to be redrawn; Wang P01 leads P01, Zhou P05 leads P02, Wu P06 leads P08."""
    take_plan_scheme(town_session)
    for code, person in (("P01", "P01"), ("P02", "P05"), ("P08", "P06")):
        lead(town_session, code, person)
    return town_session


def soon() -> datetime:
    """An instant that a phone may send whose clock runs ahead."""
    return datetime.now(UTC) + timedelta(minutes=2)


def require_no_difference(session: Session) -> None:
    assert check(session).differences == []


def test_an_open_case_goes_to_who_answers_where_it_lies_now_and_keeps_its_place_of_then(plan: Session):
    number = case_at(plan, 2.5, 1.75)
    done = published(plan, WIDER)
    assert (done.cases_moved, done.cases_kept, done.cases_queued, done.cases_judged_again) == (1, 0, 0, 0)
    assert case(plan, number) == {
        "state": "dispatched", "queue_reason": None, "person": "P01", "owner": "P05", "task": "P01",
        "grid": "P02", "version": 1, "routed_by": SCHEME,
    }  # fmt: skip
    require_no_difference(plan)


def test_the_event_of_a_move_tells_from_where_to_where_by_which_version_and_rule(plan: Session):
    number = case_at(plan, 2.5, 1.75)
    published(plan, WIDER)
    kind, told = last_event(plan, number)
    assert (kind, told["from"]["code"], told["to"]["code"]) == ("moved", "P02", "P01")
    assert (told["version"], told["rule"], told["why"]) == (2, "move", "ground_changed_hands")
    seen = detail(plan, str(number))
    assert seen["events"][-1]["en"] == "Boundaries changed; the task went to another grid. (wang)"
    codes = [reason["code"] for reason in seen["reasons"]]
    assert codes == ["inside", "moved", "lead"]
    assert (seen["person"]["name"], seen["person"]["role"]) == ("Wang 王一", "grid_lead")


def test_a_case_whose_ground_stays_is_left_alone(plan: Session):
    numbers = [case_at(plan, column, 1) for column in (1, 3.5, 7)]
    before = [case(plan, number) for number in numbers]
    assert published(plan, WIDER).cases_moved == 0
    assert [case(plan, number) for number in numbers] == before


def test_a_closed_case_is_left_alone(plan: Session):
    number = case_at(plan, 2.5, 1.75, state="archived")
    assert published(plan, WIDER).cases_moved == 0
    assert case(plan, number)["person"] == "P05"


@pytest.mark.parametrize(
    ("state", "to", "after", "reason"),
    [
        ("reported", 1, "dispatched", None),
        ("dispatched", 1, "dispatched", None),
        ("handling", 1, "handling", None),
        ("verified", 1, "verified", None),
        ("dispatched", 3, "queued", "no_person"),
        ("handling", 3, "queued", "no_person"),
        ("assessed", 3, "assessed", None),
    ],
)
def test_the_state_after_a_move(plan: Session, state: str, to: int, after: str, reason: str | None):
    number = case_at(plan, 2.5 if to == 1 else 3.5, 1.75, state=state)
    published(plan, WIDER if to == 1 else give(2, 3, area=mapping(squares((3, 0, 4, 2)))))
    found = case(plan, number)
    assert (found["state"], found["queue_reason"]) == (after, reason)
    assert found["person"] == ("P01" if to == 1 else None)


def test_a_case_that_waited_for_a_person_finds_one(plan: Session):
    number = case_at(plan, 4.5, 1)  # nobody answers in P03
    assert case(plan, number)["queue_reason"] == "no_person"
    published(plan, give(3, 2, area=mapping(squares((4, 0, 5, 2)))))
    found = case(plan, number)
    assert (found["state"], found["person"], found["task"], found["grid"]) == ("dispatched", "P05", "P02", "P03")


def test_ground_that_nobody_had_takes_the_cases_that_waited_outside(plan: Session):
    number = case_at(plan, -0.5, 1)
    assert case(plan, number)["queue_reason"] == "outside"
    published(plan, give(None, 1, area=mapping(squares((-1, 0, 0, 2)))))
    found = case(plan, number)
    assert (found["state"], found["person"], found["task"], found["grid"]) == ("dispatched", "P01", "P01", None)
    require_no_difference(plan)


def test_ground_that_becomes_nobody_s_leaves_its_cases_to_the_dispatcher(plan: Session):
    number = case_at(plan, 0.25, 0.1)
    corner = {"kind": "move_vertex", "vertex": [*corner_of_town()], "to": [*corner_of_town(1, 0.5)], "datum": "wgs84"}
    done = published(plan, corner)
    assert (done.cases_moved, done.cases_queued) == (1, 1)
    found = case(plan, number)
    assert (found["state"], found["queue_reason"], found["person"], found["task"]) == ("queued", "outside", None, None)
    assert last_event(plan, number)[1]["to"] is None
    require_no_difference(plan)


def test_ground_that_comes_back_from_nobody_takes_its_cases_out_of_the_queue(plan: Session):
    number = case_at(plan, 0.25, 0.1)
    corner = {"kind": "move_vertex", "vertex": [*corner_of_town()], "to": [*corner_of_town(1, 0.5)], "datum": "wgs84"}
    published(plan, corner)
    back = Asked(reason="back", reinstated=True)
    done = roll_back(plan, WANG, SCHEME, to_version=1, seen_version=2, asked=back)
    assert (done.cases_moved, done.cases_queued) == (1, 0)
    found = case(plan, number)
    assert (found["state"], found["queue_reason"], found["person"], found["task"]) == ("dispatched", None, "P01", None)
    kind, told = last_event(plan, number)
    assert (kind, told["from"], told["to"]["code"]) == ("moved", None, "P01")


def corner_of_town(column: float = 0, row: float = 0) -> tuple[float, float]:
    west, south, _, _ = squares((column, row, column + 1, row + 1)).bounds
    return west, south


def test_with_keep_a_case_stays_with_its_person_and_an_event_says_so(plan: Session):
    number = case_at(plan, 2.5, 1.75)
    before = case(plan, number)
    done = published(plan, WIDER, asked=KEEP)
    assert (done.cases_moved, done.cases_kept) == (0, 1)
    assert case(plan, number) == before
    kind, told = last_event(plan, number)
    assert (kind, told["rule"], told["from"]["code"], told["to"]["code"]) == ("kept", "keep", "P02", "P01")
    assert [reason["code"] for reason in detail(plan, str(number))["reasons"]] == ["inside", "lead", "kept"]


def test_with_keep_the_cases_of_a_grid_that_ends_move_all_the_same(plan: Session):
    number = case_at(plan, 7, 3)
    done = published(plan, merge_top(), asked=KEEP)
    assert (done.cases_moved, done.cases_kept) == (1, 0)
    kind, told = last_event(plan, number)
    assert (kind, told["rule"], told["why"]) == ("moved", "keep", "grid_ended")


def test_with_keep_a_case_that_nobody_has_moves(plan: Session):
    number = case_at(plan, 4.5, 1)
    published(plan, give(3, 2, area=mapping(squares((4, 0, 5, 2)))), asked=KEEP)
    assert case(plan, number)["person"] == "P05"


def test_a_new_grid_s_cases_go_to_the_people_it_got(plan: Session):
    number = case_at(plan, 1.75, 1.75)
    done = published(plan, split_first(1.5))
    found = case(plan, number)
    assert (done.cases_moved, found["person"], found["task"], found["grid"]) == (1, "P01", "P01-1", "P01")


def test_a_task_held_elsewhere_than_where_its_case_lay_follows_the_ground_again(plan: Session):
    number = case_at(plan, 2.5, 1.75)
    published(plan, WIDER)
    published(plan, give(1, 2, area=mapping(squares((2, 0, 3, 2)))))
    found = case(plan, number)
    assert (found["person"], found["owner"], found["task"], found["grid"]) == ("P05", None, None, "P02")


def test_a_point_on_a_border_goes_to_a_neighbour_whose_own_ground_did_not_change(plan: Session):
    # On the border of P02 and P06 the lower number owns; when P02 gives that part away, its new owner has a higher
    # number than P06, whose ground is the same but for a vertex.
    on_border = case_at(plan, 2.5, 2)
    assert case(plan, on_border)["grid"] == "P02"
    carve = {"kind": "carve", "area": mapping(squares((2, 0, 3, 2))), "datum": "wgs84"}
    done = published(plan, carve)
    assert case(plan, on_border)["task"] == "P06"
    assert done.codes == {9: "P02-1"}
    require_no_difference(plan)


def test_an_unchanged_neighbour_loses_a_point_on_its_border_too(plan: Session):
    on_border = case_at(plan, 4, 1)  # P02 | P03: P02 owns it
    published(plan, give(3, 1, area=mapping(squares((4, 0.5, 5, 1.5)))))
    assert case(plan, on_border)["task"] == "P01"


def test_a_case_that_a_dedicated_grid_has_is_not_touched_by_the_scheme_below(plan: Session):
    number = case_at(plan, 2.25, 1)  # in Z01 Station
    before = case(plan, number)
    assert published(plan, WIDER).cases_moved == 0
    assert case(plan, number) == before


def test_a_corner_that_moves_takes_what_it_sweeps_and_nothing_else(plan: Session):
    swept, beside = case_at(plan, 2.1, 2.1), case_at(plan, 2.5, 2.5)
    done = published(plan, move_corner(2.25, 2.25))
    assert done.cases_moved == 1
    assert (case(plan, swept)["task"], case(plan, beside)["task"]) == ("P01", None)


def test_cases_that_happened_later_are_placed_by_the_new_version_in_every_scheme_that_changed(plan: Session):
    ahead, now = case_at(plan, 2.5, 1.75, when=soon()), case_at(plan, 2.5, 1.75)
    done = published(plan, WIDER)
    assert (done.cases_judged_again, done.cases_moved) == (1, 2)
    found = case(plan, ahead)
    assert (found["grid"], found["version"], found["task"], found["person"]) == ("P01", 2, None, "P01")
    assert (case(plan, now)["grid"], case(plan, now)["version"]) == ("P02", 1)
    require_no_difference(plan)


def test_with_keep_a_case_that_happened_later_stays_with_its_person_though_it_lies_elsewhere(plan: Session):
    ahead = case_at(plan, 2.5, 1.75, when=soon())
    published(plan, WIDER, asked=KEEP)
    found = case(plan, ahead)
    assert (found["grid"], found["version"], found["task"], found["person"]) == ("P01", 2, "P02", "P05")
    require_no_difference(plan)


@pytest.fixture
def campus(plan: Session) -> Session:
    """Beside it a partial scheme: C1 and C2 on P02, which take the cases there."""
    spec = SchemeSpec(name="campus", tree="town", extent="partial", priority=20, metric_srid=METRIC_SRID)
    take_grids(plan, [("C1", squares((2, 0, 3, 1))), ("C2", squares((2, 1, 3, 2)))], spec=spec)
    for code, person in (("C1", "P03"), ("C2", "P08")):
        lead(plan, code, person, scheme="campus")
    return plan


def wider_campus(east: float) -> dict[str, Any]:
    return give(None, 1, area=mapping(squares((3, 0, east, 1))))


def test_a_dedicated_grid_that_grows_takes_cases_that_happen_from_then_on_and_leaves_those_of_before(campus: Session):
    before, ahead = case_at(campus, 3.5, 0.5), case_at(campus, 3.5, 0.5, when=soon())
    done = published(campus, wider_campus(4), scheme="campus")
    assert (done.cases_judged_again, done.cases_moved) == (1, 1)
    assert (case(campus, before)["routed_by"], case(campus, before)["person"]) == (SCHEME, "P05")
    found = case(campus, ahead)
    assert (found["routed_by"], found["grid"], found["task"], found["person"]) == ("campus", "C1", None, "P03")
    require_no_difference(campus)


def test_a_dedicated_grid_that_shrinks_gives_its_cases_back_to_the_scheme_that_was_named(campus: Session):
    published(campus, wider_campus(4), scheme="campus")
    before, ahead = case_at(campus, 3.5, 0.5, when=datetime.now(UTC)), case_at(campus, 3.5, 0.5, when=soon())
    assert case(campus, before)["routed_by"] == "campus"
    back = Asked(reason="back", reinstated=True)
    done = roll_back(campus, WANG, "campus", to_version=1, seen_version=2, asked=back)
    assert (done.cases_judged_again, done.cases_moved) == (1, 2)
    found = case(campus, before)
    assert (found["routed_by"], found["grid"], found["task"], found["person"]) == ("campus", "C1", "P02", "P05")
    found = case(campus, ahead)
    assert (found["routed_by"], found["grid"], found["task"], found["person"]) == (SCHEME, "P02", None, "P05")
    places = "SELECT count(*) FROM placements p JOIN schemes s ON s.id = p.scheme_id WHERE s.name = 'campus'"
    assert campus.scalar(text(places)) == 1
    require_no_difference(campus)


def test_a_case_that_would_be_left_without_any_place_stops_the_publication(campus: Session):
    published(campus, wider_campus(4), scheme="campus")
    # Told to the partial scheme itself, in a city that has no other there.
    campus.execute(text("UPDATE schemes SET tree = 'campus' WHERE name = 'campus'"))
    campus.expire_all()
    case_at(campus, 3.5, 0.5, scheme="campus", when=soon())
    back = Asked(reason="back", reinstated=True)
    with pytest.raises(Conflict) as refused:
        roll_back(campus, WANG, "campus", to_version=1, seen_version=2, asked=back)
    assert refused.value.code == "cases_after"


def test_a_place_is_taken_back_only_where_the_boundaries_of_its_time_do_not_give_it(campus: Session):
    number = case_at(campus, 2.5, 0.5, when=soon())
    schemes = campus.execute(text("SELECT name, id FROM schemes")).all()
    for _, scheme_id in schemes:
        campus.execute(text("SELECT retract_placements(:scheme, ARRAY[:case])"), {"scheme": scheme_id, "case": number})
    places = campus.scalar(text("SELECT count(*) FROM placements WHERE case_id = :case"), {"case": number})
    assert places == 4  # in duty, dedicated, plan and campus
