"""The database goes away and comes back; the service says so and recovers by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from data import embedded
from data.ready import ensure_ready
from data.session import engine
from data.settings import DatabaseSettings
from tests.cluster import Database
from tests.conftest import FROM_HERE
from tests.routes.requests import a_report, told
from tests.town import build_town

ADDRESSES = (
    "/healthz",
    "/api/v1/schemes",
    "/api/v1/layers/grids/items",
    "/api/v1/layers/cases/tiles/10/835/406.mvt",
    "/api/v1/layers/grids/counts",
    "/api/v1/grids/at?lon=113.63&lat=34.753&datum=wgs84",
    "/api/v1/cases/10000001",
)


def quiet(_: str) -> None:
    """Says nothing."""


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[DatabaseSettings]:
    """A PostGIS cluster that a test may stop, with the town in it."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)  # the server's user must get in
    settings = DatabaseSettings(database_url=None, owner_url=None, home=tmp_path / "home")
    ensure_ready(settings, quiet)
    made = Database(settings)
    build_town(made)
    made.let_go()
    yield settings
    embedded.stop(settings.home, quiet)


def test_while_the_database_is_away_every_address_says_so_and_then_works_again(own_cluster: DatabaseSettings):
    with TestClient(create_app(own_cluster), **FROM_HERE) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        embedded.stop(own_cluster.home, quiet)
        for address in ADDRESSES:
            answer = client.get(address)
            told(answer, 503, "database_away")
            assert int(answer.headers["retry-after"]) > 0
        assert "socket" not in client.get("/healthz").text
        told(client.post("/api/v1/cases", json=a_report()), 503, "database_away")
        assert client.get("/?lang=en").status_code == 200
        embedded.start(own_cluster.home, quiet)
        assert client.get("/healthz").status_code == 200
        assert client.post("/api/v1/cases", json=a_report()).status_code == 201


def test_the_service_starts_without_its_database_and_serves_when_it_comes(own_cluster: DatabaseSettings):
    embedded.stop(own_cluster.home, quiet)
    with TestClient(create_app(own_cluster), **FROM_HERE) as client:
        told(client.get("/healthz"), 503, "database_away")
        embedded.start(own_cluster.home, quiet)
        assert client.get("/healthz").status_code == 200


def test_connections_cut_by_the_database_are_not_noticed_by_callers(committing_client: TestClient, town: Database):
    assert committing_client.get("/api/v1/schemes").status_code == 200
    town.cut()
    assert committing_client.get("/api/v1/schemes").status_code == 200


def test_an_unmigrated_database_is_not_healthy(committing_client: TestClient, town: Database):
    with town.owner.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "gridkeeper db migrate" in told(committing_client.get("/healthz"), 503, "not_migrated")["detail"]


def test_a_lock_that_is_not_had_and_an_answer_that_takes_too_long_are_given_up(
    committing_client: TestClient, town: Database
):
    state = committing_client.app.state
    usual, state.engine = state.engine, engine(town.settings, lock_limit_s=0.1)
    with town.owner.connect() as connection:
        connection.execute(text("LOCK TABLE schemes IN ACCESS EXCLUSIVE MODE"))
        told(committing_client.get("/api/v1/schemes"), 503, "database_busy")
        state.engine.dispose()
        state.engine = engine(town.settings, statement_limit_s=0.1)
        told(committing_client.get("/api/v1/schemes"), 503, "took_too_long")
        connection.rollback()
    assert committing_client.get("/api/v1/schemes").status_code == 200
    state.engine.dispose()
    state.engine = usual
