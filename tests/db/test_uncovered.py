"""Grids that nobody of their own answers for, why, and what waits there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.dispatch.uncovered import uncovered
from layers.errors import NotFound
from tests.stepping import reported, step
from tests.town import LEAD_CHANGED, MOVED

NOW = datetime(2026, 5, 3, tzinfo=UTC)


def codes(session: Session, at: datetime = NOW) -> dict[str, str]:
    """Grid -> why, in the order told."""
    return {grid["code"]: grid["why"][0]["code"] for grid in uncovered(session, "duty", at=at)["grids"]}


def test_grids_without_people_of_their_own_are_told_with_why_and_who_answers(town_session: Session):
    found = uncovered(town_session, "duty", at=NOW)
    assert codes(town_session) == {"D04": "no_duty", "D06": "substitute_away", "D07": "no_duty"}
    assert (found["grids_in_all"], found["uncovered"], found["by_nobody"], found["open_cases"]) == (8, 3, 0, 0)
    quay = found["grids"][1]
    assert quay["covered_by"] == {
        "name": "Wu 吴六", "phone": "555-0106", "role": "street_lead", "place": "West street 西街道",
    }  # fmt: skip
    assert quay["area"] == {"code": "410199001000", "name": "West street 西街道"}
    assert quay["why"][0]["en"] == (
        "The lead, Qian 钱十, and the substitute, He 何十一, are both away, and no deputy is on duty."
    )
    assert quay["why"][1]["code"] == "next_level"


def test_a_substitute_or_a_deputy_on_duty_covers_a_grid_and_their_leave_uncovers_it(town_session: Session):
    assert not {"D02", "D03"} & codes(town_session).keys()
    # The substitute of D02 and the deputy of D03 go on leave; D01 has a worker, which is not enough for a lead.
    town_session.execute(
        text(
            "INSERT INTO absences (staff_id, kind, valid) SELECT id, 'leave', '[2026-05-01,2026-05-10)' FROM staff "
            "WHERE staff_no IN ('P03', 'P05')"
        )
    )
    town_session.execute(text("UPDATE duties SET leads = false WHERE role = 'grid_lead' AND grid_id = 1"))
    found = codes(town_session)
    assert found["D02"] == "substitute_away"
    assert found["D03"] == "lead_away"
    assert found["D01"] == "no_lead"
    assert not {"D01", "D02", "D03"} & codes(town_session, LEAD_CHANGED - timedelta(days=1)).keys() - {"D01"}


def test_grids_that_nobody_answers_for_at_any_level_come_first_and_the_fullest_of_them(town_session: Session):
    number = reported(town_session, column=3.5, row=3)
    town_session.execute(text("UPDATE duties SET valid = '[2024-01-01,2026-01-01)' WHERE role = 'street_lead'"))
    found = uncovered(town_session, "duty", at=NOW)
    assert [grid["code"] for grid in found["grids"]] == ["D06", "D04", "D07"]
    assert (found["by_nobody"], found["open_cases"], found["grids"][0]["open_cases"]) == (3, 1, 1)
    assert [reason["code"] for reason in found["grids"][0]["why"]] == ["substitute_away", "no_person"]
    step(town_session, number, "return", reason="no", right_owner={"staff_no": "P01"})
    step(town_session, number, "reject", reason="nothing there")
    assert uncovered(town_session, "duty", at=NOW)["open_cases"] == 0


def test_the_boundaries_of_the_instant_count(town_session: Session):
    assert uncovered(town_session, "duty", at=MOVED - timedelta(days=1))["grids_in_all"] == 9
    assert "D06" not in codes(town_session, MOVED - timedelta(days=1))
    with pytest.raises(NotFound, match="no scheme named 'nope'"):
        uncovered(town_session, "nope", at=NOW)


def test_a_city_without_staff_is_uncovered_as_a_whole(town_session: Session):
    found = uncovered(town_session, "beats", at=NOW)
    assert (found["uncovered"], found["by_nobody"]) == (2, 2)
