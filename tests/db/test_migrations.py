"""The migrations make what the models say, go down and up again, and leave the service no way to rewrite the record."""

from __future__ import annotations

import pytest
from sqlalchemy import UniqueConstraint, inspect, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data import migrate
from data.constraints import SENTENCES
from data.errors import BrokenRule, DatabaseAway
from data.session import unit_of_work
from data.tables import Base, Case, CaseEvent, Scheme
from layers.actor import Actor
from layers.cases.intake import Report, receive
from tests.cluster import Database
from tests.town import at


def test_models_and_migrations_are_the_same(database: Database):
    migrate.check(database.owner)


def test_migrations_go_up_down_and_up(database: Database):
    tables = set(Base.metadata.tables)
    assert tables <= set(inspect(database.owner).get_table_names())
    migrate.downgrade(database.owner, revision="base")
    assert not tables & set(inspect(database.owner).get_table_names())
    migrate.upgrade(database.owner)
    migrate.check(database.owner)
    with database.owner.connect() as connection:
        assert migrate.current(connection) == migrate.head()


def test_a_database_from_a_newer_program_is_left_alone(database: Database):
    with database.owner.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseAway, match="9999"):
        migrate.upgrade(database.owner)


@pytest.fixture
def reported(town_session: Session) -> Session:
    """The town with one case."""
    lon, lat = at(1, 1)
    receive(town_session, Actor("wang"), Report(x=lon, y=lat, datum="wgs84"))
    return town_session


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE case_events SET actor = 'somebody else'",
        "DELETE FROM case_events",
        "TRUNCATE case_events",
        "UPDATE boundaries SET geom = ST_Translate(geom, 1, 0)",
        "UPDATE boundaries SET grid_no = 7",
        "DELETE FROM boundaries",
        "UPDATE scheme_versions SET reason = 'another'",
        "DELETE FROM scheme_versions",
        "DELETE FROM cases",
        "DELETE FROM placements",
        "UPDATE idempotency_keys SET answer = '{}'",
        "UPDATE quarantine SET reason = 'fine'",
        "UPDATE fixes SET lon = 0",
        "DELETE FROM fixes",
        "DELETE FROM fixes_aside",
        "UPDATE fixes_off_shift SET at = now()",
        "UPDATE trace_views SET viewer = 'somebody else'",
        "DELETE FROM trace_views",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE cases DISABLE TRIGGER ALL",
        "DROP TABLE cases",
    ],
)
def test_the_service_may_not_rewrite_the_record(reported: Session, change):
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        reported.execute(text(change))


@pytest.mark.parametrize(
    "change", ["UPDATE case_events SET actor = 'x'", "DELETE FROM case_events", "TRUNCATE case_events"]
)
def test_not_even_the_owner_rewrites_events_by_mistake(town: Database, change):
    with pytest.raises(BrokenRule) as refused, unit_of_work(town.owner) as session:
        session.execute(text(change))
    assert refused.value.code == "append_only"


def test_the_service_does_its_own_work(reported: Session):
    for change in (
        "UPDATE cases SET state = 'handling'",
        "UPDATE boundaries SET valid = tstzrange(lower(valid), now()) WHERE upper(valid) IS NULL",
        "CREATE TEMPORARY TABLE stage (id int) ON COMMIT DROP",
    ):
        reported.execute(text(change))


def test_a_broken_rule_has_a_name_and_a_sentence_and_no_database_words(database: Database):
    def add_scheme() -> None:
        with unit_of_work(database.app) as session:
            rule = {"title": "t", "kind": "duty", "extent": "whole", "metric_srid": 4547, "time_zone": "UTC"}
            session.add(Scheme(name="duty", tree="t", **rule))

    add_scheme()
    with pytest.raises(BrokenRule) as refused:
        add_scheme()
    assert (refused.value.code, refused.value.values) == ("already_there", {"constraint": "uq_schemes_name"})
    assert refused.value.detail == SENTENCES["uq_schemes_name"]


def test_every_rule_that_two_people_can_break_has_its_sentence():
    rules = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | ExcludeConstraint)
    }
    assert rules == set(SENTENCES)


def test_a_case_is_never_silent(town_session: Session):
    lon, lat = at(1, 1)
    number = receive(town_session, Actor("wang"), Report(x=lon, y=lat, datum="wgs84")).answer["number"]
    case = town_session.get_one(Case, int(number))
    assert case.reasons
    assert case.geom.coords[0] == (lon, lat)
    assert [one.actor for one in town_session.query(CaseEvent).filter_by(case_id=case.id)] == ["wang", "wang"]
    with pytest.raises(DBAPIError, match="never_silent"):
        town_session.execute(text("UPDATE placements SET grid_id = NULL, outside_m = 5"))
