"""What a form of the dispatch centre can name."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from layers.dispatch.names import names
from tests.stepping import RUBBISH, give_town_rules


def test_a_matter_says_within_what_another_case_may_be_the_same(town_session: Session, tmp_path: Path):
    give_town_rules(town_session, tmp_path)
    found = {
        one["code"]: (one["same_within_m"], one["same_within_h"]) for one in names(town_session, "town")["matters"]
    }
    assert found[RUBBISH] == (30, 12)


def test_a_city_without_a_catalogue_names_its_people_all_the_same(town_session: Session):
    found = names(town_session, "town")
    assert (found["matters"], found["departments"]) == ([], [])
    assert {"staff_no": "P01", "name": "Wang 王一"} in found["staff"]
