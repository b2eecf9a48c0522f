"""Who should have a case: what the catalogue, the past, the ground and those who returned it say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.dispatch.choices import REACH, choices, duplicates
from layers.errors import NotFound
from tests.stepping import BUILDING, DORA, OWN, give_town_rules, reported, step, steps_along

W, T = {"department": "W"}, {"department": "T"}


@pytest.fixture
def town(town_session: Session, tmp_path: Path) -> Session:
    """The town under the small catalogue: rubbish goes to sanitation, with police and water assisting."""
    give_town_rules(town_session, tmp_path)
    return town_session


def best(session: Session, number: str) -> dict[str, float]:
    """Owner -> confidence, the best first."""
    found = choices(session, DORA, number)["best"]
    assert [(one["owner"] is None) != (one["department"] is None) for one in found] == [True] * len(found)
    return {(one["owner"] or {}).get("staff_no") or one["department"]["code"]: one["confidence"] for one in found}


def why(session: Session, number: str, place: int = 0) -> list[str]:
    found: list[dict[str, Any]] = choices(session, DORA, number)["best"][place]["why"]
    return [reason["code"] for reason in found]


def settled(session: Session, owner: dict[str, Any], *, of: str | None = None, **more: Any) -> str:
    """A case that was returned, and settled by a referee: its number."""
    number = of or reported(session, **more)
    step(session, number, "return", reason="not ours", right_owner=T)
    step(session, number, "settle", owner=owner, reason="the drain is theirs")
    return number


def test_the_catalogue_names_the_lead_and_the_person_of_the_grid_comes_after(town: Session):
    number = reported(town)
    assert best(town, number) == {"S": 0.667, "P01": 0.083, "T": 0.083}
    told = choices(town, DORA, number)
    assert [reason["en"] for reason in told["best"][0]["why"]] == ["Sanitation handles what it is about."]
    assert [reason["zh"] for reason in told["best"][2]["why"]] == ["此类事项由其协办。"]
    assert [unit["code"] for unit in told["assisting"]] == ["T", "W"]
    assert told["nearest"] == []


def test_where_the_catalogue_names_nobody_the_person_of_the_grid_is_meant(town: Session):
    number = reported(town, category=BUILDING)
    assert best(town, number) == {"P01": 0.889}
    assert why(town, number) == ["lead"]


def test_a_city_without_a_catalogue_is_served_by_the_grid(town_session: Session):
    assert best(town_session, reported(town_session)) == {"P01": 0.889}


def test_a_case_that_nobody_has_a_sign_for_gets_no_choice(town_session: Session):
    number = reported(town_session, x=-87.7, y=41.9, scheme="beats")
    assert choices(town_session, DORA, number) == {"number": number, "best": [], "assisting": [], "nearest": []}


def test_who_was_named_when_a_case_was_returned_comes_before_who_returned_it(town: Session):
    number = reported(town)
    step(town, number, "return", reason="a water main", right_owner=W)
    found = best(town, number)
    # Named and assisting: 9. The rule, a quarter of it: 2. The grid, the police and somebody else: 1 each.
    assert found == {"W": 0.643, "S": 0.143, "P01": 0.071}
    assert why(town, number) == ["assists", "named"]
    assert why(town, number, 1) == ["department", "returned"]
    step(town, number, "redispatch", owner=W)
    step(town, number, "return", reason="no, a private one", right_owner={"staff_no": "P01"})
    assert best(town, number) == {"P01": 0.679, "S": 0.151, "T": 0.075}


def test_a_settled_dispute_is_offered_for_the_next_case_of_the_matter_near_by(town: Session):
    first = settled(town, W)
    number = reported(town, column=1.25)
    assert best(town, number) == {"W": 0.542, "S": 0.333, "P01": 0.042}
    told = choices(town, DORA, number)["best"][0]["why"]
    assert told[1]["en"] == f"Case {first}, 89 m away, was settled on it: the drain is theirs"
    # Another matter, and another grid out of reach: nothing of it.
    assert "W" not in best(town, reported(town, category=BUILDING))
    assert best(town, reported(town, column=6.5, row=0.5))["S"] == 0.667
    assert REACH * 30 < 358


def test_a_dispute_is_offered_across_a_border_within_reach_and_in_the_whole_grid(town: Session):
    settled(town, W, column=1.75, row=1.75)
    assert next(iter(best(town, reported(town, column=2.25, row=1.75)))) == "W"
    assert next(iter(best(town, reported(town, column=0.25, row=0.25)))) == "W"
    assert next(iter(best(town, reported(town, column=3.5, row=0.25)))) == "S"


def test_of_a_case_that_was_settled_twice_the_newest_decision_counts(town: Session):
    first = settled(town, W)
    settled(town, T, of=first)
    found = best(town, reported(town))
    assert list(found)[:2] == ["T", "S"]
    assert why(town, reported(town)) == ["assists", "settled"]


def test_who_had_the_last_cases_of_a_kind_when_they_were_verified_is_trusted_with_the_next(town: Session):
    for _ in range(3):
        steps_along(town, reported(town, column=0.5), "accept", "feed_back", "pass")
    number = reported(town)
    # 8 of the rule and 20 × 3/5, of these and 4 of others.
    assert best(town, number)["S"] == pytest.approx(20 / 24, abs=0.001)
    assert why(town, number) == ["department", "past"]
    # Not for another kind, nor in another grid.
    assert why(town, reported(town, category=BUILDING)) == ["lead"]
    assert why(town, reported(town, column=3, row=3)) == ["department"]


def test_a_case_that_was_sent_wrongly_teaches_who_closed_it_in_the_end(town: Session):
    for _ in range(6):
        number = reported(town)
        step(town, number, "return", reason="ours is the bin alone", right_owner={"staff_no": "P01"})
        step(town, number, "redispatch", owner={"staff_no": "P01"})
        steps_along(town, number, "accept", "feed_back", "pass")
    found = best(town, reported(town))
    assert next(iter(found)) == "P01"
    assert found["P01"] == pytest.approx(16 / 27, abs=0.001)


def test_cases_under_way_teach_nothing_and_those_by_file_only_what_the_file_named(town: Session):
    steps_along(town, reported(town), "accept", "feed_back")
    by_file = reported(town)
    steps_along(town, by_file, "accept", "feed_back", "pass")
    batch = (
        "INSERT INTO import_batches (kind, dataset, file, options, actor) "
        "VALUES ('cases', 'd', 'f', :options, 'x') RETURNING id"
    )
    taught = []
    for options in ('{"columns": {"at": "At"}}', '{"columns": {"department": "Agency"}}'):
        id_ = town.scalar(text(batch), {"options": options})
        town.execute(text("UPDATE cases SET batch_id = :batch WHERE id = :id"), {"batch": id_, "id": int(by_file)})
        taught.append("past" in why(town, reported(town)))
    assert taught == [False, True]


def test_near_a_border_the_person_across_it_may_be_meant(town: Session):
    number = reported(town, column=1.99, row=1.9, category=BUILDING)
    assert list(best(town, number)) == ["P01", "P03"]
    assert why(town, number, 1) == ["near_border"]


def test_outside_all_grids_the_nearest_is_offered(town: Session):
    number = reported(town, column=2.5, row=-0.02, category=BUILDING)
    assert list(best(town, number)) == ["P03"]
    assert why(town, number) == ["outside"]


def test_the_lead_that_a_dispatcher_chose_and_who_returned_it_is_known(town: Session):
    number = reported(town, category=BUILDING)
    step(town, number, "reassign", owner=OWN["owner"], reason="try")
    step(town, number, "return", reason="no", right_owner={"staff_no": "P01"})
    assert list(best(town, number)) == ["P01"]
    assert why(town, number) == ["lead", "named"]


def test_open_cases_that_may_be_the_same_are_offered_across_borders(town: Session):
    a_metre = 1 / 358
    first = reported(town, column=1.99, row=1.75, description="一袋垃圾")
    near = reported(town, column=1.99 + 20 * a_metre, row=1.75)
    reported(town, column=1.99 + 40 * a_metre, row=1.75)
    reported(town, column=1.99, row=1.75, category=BUILDING)
    reported(town, column=1.99, row=1.75, occurred_at=datetime.now(UTC) - timedelta(hours=13))
    earlier = reported(town, column=1.99, row=1.75, occurred_at=datetime.now(UTC) - timedelta(hours=2))
    found = {one["number"]: one for one in duplicates(town, first)}
    assert list(found) == [earlier, near]
    assert found[earlier] == {
        "number": earlier, "distance_m": 0.0, "hours": 2.0, "state": "dispatched", "description": None,
    }  # fmt: skip
    assert found[near]["distance_m"] == pytest.approx(20, abs=0.5)
    step(town, near, "merge", into=first)
    assert [one["number"] for one in duplicates(town, first)] == [earlier]
    assert duplicates(town, near)[0]["description"] == "一袋垃圾"


def test_a_case_that_is_not_there_is_told(town: Session):
    for ask in (lambda: choices(town, DORA, "7"), lambda: duplicates(town, "7")):
        with pytest.raises(NotFound, match="no case with the number 7"):
            ask()
