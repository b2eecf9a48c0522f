"""Where people are: the newest position counts, and of who is free the nearest is told for a case that cannot wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.tables import Staff
from gis.datum import to_position
from gis.errors import BadInput
from layers.actor import Actor
from layers.dispatch.choices import choices
from layers.dispatch.nearest import Fix, keep_position
from layers.errors import Forbidden, NotFound
from tests.cluster import Database
from tests.imports import rows_of
from tests.rules import RULES
from tests.stepping import DORA, VERA, give_town_rules, reported, step
from tests.town import at

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def tell(session: Session, staff_no: str, column: float, row: float = 0.25, *, ago: timedelta = MINUTE) -> bool:
    """Somebody tells a place in squares of the town: whether it is the newest known."""
    fix = Fix(*at(column, row), "wgs84", at=datetime.now(UTC) - ago, accuracy_m=8)
    return bool(keep_position(session, Actor(staff_no, ("grid_worker",)), staff_no, fix, tree="town")["is_newest"])


def nearest(session: Session, number: str, who: Actor = DORA) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = choices(session, who, number)["nearest"]
    return found


def numbers(session: Session, number: str) -> list[str]:
    return [one["staff_no"] for one in nearest(session, number)]


def urgent(session: Session, **more: Any) -> str:
    return reported(session, urgency="urgent", **more)


def come_back(session: Session, *staff: str) -> None:
    """End the absences of people."""
    ended = "UPDATE absences SET valid = tstzrange(lower(valid), '2026-01-01') WHERE staff_id = ANY(:ids)"
    ids = session.scalars(select(Staff.id).where(Staff.staff_no.in_(staff))).all()
    session.execute(text(ended), {"ids": list(ids)})


def test_the_nearest_come_first_with_distance_age_and_load(town_session: Session):
    tell(town_session, "P03", 3)
    tell(town_session, "P01", 2, ago=45 * MINUTE)
    number = urgent(town_session)
    assert numbers(town_session, number) == ["P01", "P03"]
    first, second = nearest(town_session, number)
    assert (first["distance_m"], second["distance_m"]) == (pytest.approx(358, abs=3), pytest.approx(716, abs=5))
    assert (first["is_stale"], second["is_stale"]) == (True, False)
    assert first["age_s"] == pytest.approx(2_700, abs=30)
    assert (first["open_cases"], second["open_cases"], first["accuracy_m"], first["on_duty"]) == (1, 0, 8, True)


def test_whoever_is_away_off_duty_or_unheard_of_since_yesterday_is_left_out(town_session: Session):
    number = urgent(town_session)
    # Li is away, He away and without a duty; Wu was last heard of this morning.
    for staff_no in ("P02", "P11"):
        tell(town_session, staff_no, 1)
    tell(town_session, "P06", 1, ago=8 * HOUR + MINUTE)
    assert numbers(town_session, number) == []
    come_back(town_session, "P02", "P10", "P11")
    assert numbers(town_session, number) == ["P02"]
    tell(town_session, "P06", 1.5, ago=8 * HOUR - MINUTE)
    assert numbers(town_session, number) == ["P02", "P06"]


def test_who_stands_in_for_somebody_is_on_duty(town_session: Session):
    tell(town_session, "P11", 1)
    assert numbers(town_session, urgent(town_session)) == []
    come_back(town_session, "P11")
    assert numbers(town_session, urgent(town_session)) == ["P11"]


def test_whoever_handles_another_urgent_case_is_not_free(town_session: Session):
    tell(town_session, "P01", 1)
    number = urgent(town_session)
    other = urgent(town_session)
    assert numbers(town_session, number) == []
    step(town_session, other, "suspend", reason="it waits")
    assert numbers(town_session, number) == ["P01"]
    assert nearest(town_session, number)[0]["open_cases"] == 2


def test_only_whoever_has_the_skill_that_the_rule_asks_for_is_told(town_session: Session, tmp_path: Path):
    rules = [*RULES["rules"], ("01001", "urgent", "", "", "", "gas fitter", 30, 12, "book")]
    give_town_rules(town_session, tmp_path, rules=rules)
    for column, staff_no in enumerate(("P01", "P03", "P07"), start=1):
        tell(town_session, staff_no, column)
    number = urgent(town_session, category="01001")
    assert numbers(town_session, number) == []
    town_session.execute(text("UPDATE staff SET skills = '{boat,gas fitter}' WHERE staff_no IN ('P03', 'P07')"))
    assert numbers(town_session, number) == ["P03", "P07"]


def test_nobody_is_told_for_a_case_that_can_wait_nor_to_those_who_send_nobody(town_session: Session):
    tell(town_session, "P01", 1)
    assert nearest(town_session, reported(town_session)) == []
    number = urgent(town_session)
    assert numbers(town_session, number) == ["P01"]
    assert nearest(town_session, number, VERA) == []


def test_a_position_that_comes_late_does_not_take_the_place_of_a_newer_one(town_session: Session):
    assert tell(town_session, "P01", 1, ago=5 * MINUTE)
    assert not tell(town_session, "P01", 3, ago=9 * MINUTE)
    assert not tell(town_session, "P01", 3, ago=300 * MINUTE)
    assert nearest(town_session, urgent(town_session))[0]["distance_m"] == 0
    assert tell(town_session, "P01", 3, ago=MINUTE)


def test_a_position_is_stored_in_degrees_whatever_datum_was_declared(town_session: Session):
    lon, lat = at(1, 1)
    fix = Fix(lon, lat, "gcj02")
    told = keep_position(town_session, Actor("P01", ("handler",)), "P01", fix, tree="town")
    want = to_position(lon, lat, datum="gcj02")
    assert told["position"] == {"lon": want.lon, "lat": want.lat}
    assert abs(told["position"]["lon"] - lon) > 0.005


def test_only_the_person_tells_where_the_person_is(town_session: Session):
    fix = Fix(*at(1, 1), "wgs84")
    for actor in (Actor("P02", ("grid_worker",)), Actor("P01"), Actor("P01", ("dispatcher",))):
        with pytest.raises(Forbidden, match="Only P01 tells where P01 is"):
            keep_position(town_session, actor, "P01", fix, tree="town")
    with pytest.raises(NotFound, match="nobody of the staff number P99"):
        keep_position(town_session, Actor("P99", ("handler",)), "P99", fix, tree="town")
    with pytest.raises(NotFound, match="no city named 'nowhere'"):
        keep_position(town_session, Actor("P01", ("handler",)), "P01", fix, tree="nowhere")


def test_a_position_of_the_future_is_refused_but_for_a_clock_that_runs_fast(town_session: Session):
    with pytest.raises(BadInput, match="lies in the future"):
        tell(town_session, "P01", 1, ago=-6 * MINUTE)
    assert tell(town_session, "P01", 1, ago=-4 * MINUTE)
    assert nearest(town_session, urgent(town_session))[0]["age_s"] in range(60)


def test_of_two_positions_at_once_the_newer_stays_whichever_is_written_first(town: Database):
    gate = threading.Barrier(8)

    def send(minutes: int) -> None:
        with unit_of_work(town.app) as session:
            gate.wait()
            tell(session, "P01", minutes / 4, ago=minutes * MINUTE)

    threads = [threading.Thread(target=send, args=(minutes,)) for minutes in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows_of(town.app, "SELECT round(((ST_X(geom) - 113.625) * 1024)::numeric) AS n FROM staff_positions") == [
        (1,)
    ]
