"""What all tests share: marks, the PostGIS cluster, databases, the town, the service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.app import create_app
from data import embedded
from tests.cluster import RUN, Cluster, Database
from tests.sample import load_sample
from tests.server import served
from tests.town import build_town

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED_DATA = CHECKOUT.parent / "shared/data"
# Tests in these folders take seconds each. They begin first, so that no worker has them left when the others are done.
SLOW_FIRST = [CHECKOUT / "tests" / name for name in ("pages", "journeys", "db")]
# Tests tell right from wrong, benchmarks tell how fast: a busy machine fails nothing.
hypothesis.settings.register_profile("gridkeeper", deadline=None)
hypothesis.settings.load_profile("gridkeeper")
FROM_HERE: dict[str, Any] = {"base_url": "http://127.0.0.1:8000", "client": ("127.0.0.1", 50000)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="Also run the long campaigns and large stores.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shared_data: reads the real files in ../shared/data")
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")
    os.environ.setdefault(RUN, str(os.getpid()))  # workers inherit it


def pytest_report_header() -> str | None:
    if SHARED_DATA.is_dir():
        return None
    return f"Deselected: the tests marked shared_data, because {SHARED_DATA} is not there."


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    away = {"shared_data"} if not SHARED_DATA.is_dir() else set()
    if not config.getoption("--long"):
        away.add("long")
    chosen = [item for item in items if not away & {mark.name for mark in item.iter_markers()}]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = sorted(chosen, key=_turn)


def _turn(item: pytest.Item) -> int:
    """When a test begins, among those of other folders; within one the order stays."""
    folder = item.path.parent
    return SLOW_FIRST.index(folder) if folder in SLOW_FIRST else len(SLOW_FIRST)


def pytest_unconfigure(config: pytest.Config) -> None:
    is_worker = hasattr(config, "workerinput")
    for home in () if is_worker else _home().glob("*/"):
        if embedded.find(home).is_running():
            Cluster(home).drop_left_over()


def _home() -> Path:
    return Path(os.environ.get("GRIDKEEPER_HOME") or CHECKOUT / "var/test").resolve()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files; ask for it in tests marked `shared_data`."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def worker() -> str:
    """Name of this process among the parallel ones."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def cluster(worker: str) -> Cluster:
    """The running PostGIS cluster of this process: the live feed waits for whatever is written in the same cluster."""
    home = _home() / worker
    embedded.start(home, lambda _: None)
    made = Cluster(home)
    made.hurry()
    return made


@pytest.fixture(scope="session")
def empty_template(cluster: Cluster) -> str:
    """Name of a migrated database without rows."""
    return cluster.template("empty", lambda _: None)


@pytest.fixture(scope="session")
def town_template(cluster: Cluster, empty_template: str) -> str:
    """Name of a database with the hand-drawn town and no cases."""
    return cluster.template("town", build_town, source=empty_template)


@pytest.fixture(scope="session")
def clone_name(worker: str) -> Iterator[str]:
    """Numbers for database names."""
    return (f"{worker}_{number}" for number in count())


@pytest.fixture
def database(cluster: Cluster, empty_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """A migrated, empty database for one test, with engines for both roles."""
    with cluster.clone(empty_template, next(clone_name)) as made:
        yield made


@pytest.fixture
def town(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """A database with the hand-drawn town for one test."""
    with cluster.clone(town_template, next(clone_name)) as made:
        yield made


@pytest.fixture(scope="session")
def shared_database(cluster: Cluster, empty_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """An empty database that all tests of a process use through `session`, which leaves nothing behind."""
    with cluster.clone(empty_template, next(clone_name)) as made:
        yield made


@pytest.fixture(scope="session")
def shared_town(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """The hand-drawn town that all tests of a process use through `town_session`."""
    with cluster.clone(town_template, next(clone_name)) as made:
        yield made


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """A session of the serving role on an empty database; even what it commits is rolled back."""
    yield from _rolled_back(shared_database)


@pytest.fixture
def town_session(shared_town: Database) -> Iterator[Session]:
    """The same in the hand-drawn town."""
    yield from _rolled_back(shared_town)


def _rolled_back(database: Database) -> Iterator[Session]:
    with database.app.connect() as connection:
        outer = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture(scope="session")
def shared_client(shared_town: Database) -> Iterator[TestClient]:
    """The service that all tests of a process call through `client`."""
    with TestClient(create_app(shared_town.settings), **FROM_HERE) as calling:
        yield calling


@pytest.fixture
def client(shared_client: TestClient) -> Iterator[TestClient]:
    """The service on the hand-drawn town, called from this machine, one request at a time; all is rolled back."""
    state = shared_client.app.state
    engine = state.engine
    with engine.connect() as connection:
        outer = connection.begin()
        connection.begin_nested()
        state.engine = connection
        yield shared_client
        state.engine = engine
        outer.rollback()
    shared_client.cookies.clear()


@pytest.fixture
def committing_client(town: Database) -> Iterator[TestClient]:
    """The service on a hand-drawn town of its own: it commits, and many threads may call it."""
    with TestClient(create_app(town.settings), **FROM_HERE) as calling:
        yield calling


@pytest.fixture(scope="session")
def sample_template(cluster: Cluster, empty_template: str) -> str:
    """Name of a database with the generated sample town."""
    return cluster.template("sample", load_sample, source=empty_template)


@pytest.fixture(scope="module")
def town_server(cluster: Cluster, sample_template: str, clone_name: Iterator[str]) -> Iterator[str]:
    """The service on a real port of 127.0.0.1 with the sample town: its address."""
    with cluster.clone(sample_template, next(clone_name)) as made, served(made) as url:
        yield url
