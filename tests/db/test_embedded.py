"""The embedded cluster: really made, started and stopped, in homes of this test alone."""

import os
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from data import bootstrap, embedded, migrate
from data.embedded_place import find_place, socket_in
from data.errors import DatabaseAway
from data.ready import describe, ensure_ready
from data.roles import ADMIN, APP, OWNER
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings

START = "import sys; from pathlib import Path; from data import embedded; embedded.start(Path(sys.argv[1]), print)"


@pytest.fixture(scope="module")
def home():
    """A home the server's user can enter: pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory(prefix="gridkeeper-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        embedded.stop(folder, print)


@pytest.fixture(scope="module")
def cluster(home):
    return embedded.start(home, print)


@pytest.fixture
def settings(home):
    return DatabaseSettings(home=home, database_url=None, owner_url=None)


def _best_of_five_s(call):
    return min(timeit.repeat(call, number=1, repeat=5))


def test_the_second_start_is_fast_and_silent(home, cluster):
    said = []
    assert embedded.start(home, said.append) == cluster
    assert _best_of_five_s(lambda: embedded.start(home, said.append)) < 0.1
    assert said == []


def test_it_listens_on_no_network_and_never_runs_as_root(cluster):
    with create_engine(cluster.url(ADMIN, "postgres")).connect() as connection:
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("listen_addresses", "server_encoding", "data_checksums", "jit", "timezone", "lc_collate")
        }
    assert shown == {
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "jit": "off",
        "timezone": "UTC",
        "lc_collate": "C.UTF-8",
    }
    assert cluster.place.data.owner() == cluster.place.os_user != "root"


def test_a_stranger_of_this_machine_gets_no_role(cluster):
    with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
        psycopg2.connect(host=str(cluster.place.run), user="stranger", dbname="postgres")


def test_making_ready_twice_is_fast_the_second_time(settings, cluster):
    ensure_ready(settings, print)
    assert _best_of_five_s(lambda: ensure_ready(settings, print)) < 0.3
    facts = describe(settings)
    assert facts["running"] is True
    assert facts["revision"] == facts["head"] == migrate.head()


def test_the_owner_owns_and_the_service_does_not(settings, cluster):
    ensure_ready(settings, print)
    asked = text("SELECT current_user, session_user, current_setting('timezone')")
    for role in (OWNER, APP):
        with engine(settings, role=role).connect() as connection:
            assert tuple(connection.execute(asked).one()) == (role, role, "UTC")
    with engine(settings, role=OWNER).connect() as connection:
        owners = connection.execute(text("SELECT DISTINCT tableowner FROM pg_tables WHERE tablename = 'cases'"))
        assert [owner for (owner,) in owners] == [OWNER]


def _insert_and_fail(owner):
    with unit_of_work(owner) as session:
        session.execute(text("INSERT INTO marks VALUES (2)"))
        session.execute(text("SELECT 1 FROM no_such_table"))


def test_a_unit_of_work_commits_at_its_end_and_rolls_back_on_an_error(settings, cluster):
    ensure_ready(settings, print)
    owner = engine(settings, role=OWNER, pool_size=1)
    count = text("SELECT count(*) FROM marks")
    with unit_of_work(owner) as session:
        session.execute(text("CREATE TEMPORARY TABLE marks (n int)"))
        session.execute(text("INSERT INTO marks VALUES (1)"))
    with pytest.raises(ProgrammingError):
        _insert_and_fail(owner)
    with unit_of_work(owner) as session:
        assert session.execute(count).scalar_one() == 1
    owner.dispose()


def test_an_engine_recovers_by_itself_after_the_database_was_away(home, settings, cluster):
    ensure_ready(settings, print)
    serving = engine(settings)
    with serving.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert embedded.stop(home, print) is True
    assert embedded.stop(home, print) is False
    assert embedded.status(home)["running"] is False
    embedded.start(home, print)
    with serving.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_changed_settings_arrive_at_the_next_start(home, cluster):
    written = cluster.place.data / "gridkeeper.conf"
    written.write_text(written.read_text().replace("work_mem = 64MB", "work_mem = 1MB"))
    embedded.start(home, print)
    with create_engine(cluster.url(ADMIN, "postgres")).connect() as connection:
        assert connection.execute(text("SHOW work_mem")).scalar_one() == "64MB"


def test_a_login_that_may_not_prepare_is_told_the_sql_for_the_administrator(cluster):
    admin = create_engine(cluster.url(ADMIN, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS elsewhere"))
        connection.execute(text("CREATE DATABASE elsewhere"))
    bootstrap.make_database(admin.url, name="gridkeeper")
    app_url = create_engine(cluster.url(APP, "elsewhere")).url
    with pytest.raises(DatabaseAway) as refusal:
        bootstrap.prepare(app_url)
    assert refusal.value.code == "database_not_prepared"
    assert f"GRANT {OWNER} TO" in refusal.value.detail
    assert "CREATE EXTENSION postgis;" in refusal.value.detail

    with create_engine(cluster.url(ADMIN, "elsewhere")).begin() as connection:
        for statement in refusal.value.values["sql"]:
            connection.execute(text(statement))
    bootstrap.prepare(app_url)
    with admin.connect() as connection:
        connection.execute(text(f"REVOKE {OWNER} FROM {APP}"))
        connection.execute(text("DROP DATABASE elsewhere WITH (FORCE)"))


def test_a_database_that_is_not_there_is_named_without_its_password():
    settings = DatabaseSettings(database_url="postgresql://me:secret@127.0.0.1:1/nowhere")
    with pytest.raises(DatabaseAway, match=r"127\.0\.0\.1:1/nowhere cannot be reached") as refusal:
        ensure_ready(settings, print)
    assert "secret" not in str(refusal.value)


def test_two_starts_at_once_make_one_cluster_in_a_place_the_socket_can_live(home):
    long_home = home / ("long" * 30)
    assert len(os.fsencode(socket_in(long_home / "run"))) > 107
    both = [
        subprocess.Popen([sys.executable, "-c", START, long_home], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = "".join(process.communicate(timeout=60)[0] for process in both)
    try:
        assert [process.returncode for process in both] == [0, 0]
        assert said.count("Making a PostGIS cluster") == 1
        assert said.count("The database's socket is in /tmp/gridkeeper-") >= 1
        status = embedded.status(long_home)
        assert status["running"] is True
        assert len(os.fsencode(str(status["socket"]))) <= 107
        assert find_place(long_home) == find_place(long_home)
    finally:
        embedded.stop(long_home, print)
        find_place(long_home).run.rmdir()


def test_a_home_that_is_a_file_is_refused_with_what_to_do(home):
    (home / "file").write_text("")
    with pytest.raises(DatabaseAway, match="Set GRIDKEEPER_HOME") as refusal:
        embedded.start(home / "file", print)
    assert refusal.value.code == "home_not_writable"
