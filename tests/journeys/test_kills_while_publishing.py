"""Killed in the middle of a publication, the old version or the new one is there, whole, and trying again succeeds.

A publication waits wherever the test holds a lock, so it is killed at the step that the kill names, without a word in
the program for it. What is killed: the command, the service, the backend of its connection (which takes the whole
database down), the connection, or the database as when the machine loses power.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import shapely
from sqlalchemy import Connection, Row, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from data import embedded
from data.embedded_programs import find_programs, pg_ctl
from data.ready import ensure_ready
from data.roles import ADMIN
from data.session import unit_of_work
from data.settings import DatabaseSettings
from layers.cases.check import check
from layers.rezoning import drafts
from layers.rezoning.publishing import publish, schedule
from layers.rezoning.schedule import publish_due
from tests.boundaries import MISPLACED
from tests.cluster import Database
from tests.forms import forms
from tests.imports import rows_of
from tests.journeys.commands import COMMAND
from tests.plans_of_town import split_first, take_plan_scheme
from tests.publications import WANG, WHY, case_at, drafted, lead
from tests.town import build_town

# Where a publication waits -> what the test holds for that; in the order of its steps.
STEPS = {
    "draft held": "LOCK TABLE drafts IN EXCLUSIVE MODE",
    "queue of the city": "SELECT pg_advisory_xact_lock_shared(hashtext('publication'), hashtext('town'))",
    "scheme alone": "SELECT FROM schemes WHERE name = 'plan' FOR UPDATE",
    "old version ended": "LOCK TABLE scheme_versions IN SHARE MODE",
    "old boundaries ended": "LOCK TABLE boundaries IN SHARE MODE",
    "new grids": "LOCK TABLE grids IN SHARE MODE",
    "lineage": "LOCK TABLE grid_lineage IN SHARE MODE",
    "duties": "LOCK TABLE duties IN SHARE MODE",
    "places": "LOCK TABLE placements IN SHARE MODE",
    "cases": "LOCK TABLE cases IN SHARE MODE",
    "events of cases": "LOCK TABLE case_events IN SHARE MODE",
    "draft told": "LOCK TABLE draft_events IN SHARE MODE",
    # The commit is on the disk; a standby that is not there keeps it from being seen and answered.
    "committed, not told": "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
}
ANY_TIME = "at any time"
VICTIMS = ("command", "backend", "service", "database", "connection", "due")
LOOKING_FOR_DUE = "-- The scheduled draft"
OURS = """
    SELECT pid, xact_start IS NOT NULL AS inside, wait_event_type = 'Lock' OR wait_event = 'SyncRep' AS waits,
        query
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'gridkeeper' AND pid <> pg_backend_pid()"""


@dataclass(frozen=True)
class Kill:
    """What is killed, and at which step; `due` is the service while it publishes what was scheduled."""

    victim: str
    step: str


def plan_of_kills(number: int) -> list[Kill]:
    """Every victim in turn and every step in turn, one kill in six at any time."""
    names = list(STEPS)
    # The last step first, then every fifth, so that few kills are spread over all of them.
    steps = (names[(len(names) - 1 + 5 * one) % len(names)] for one in itertools.count())
    return [
        Kill(victim, ANY_TIME if one % 6 == 5 - one // 6 % 6 else next(steps))
        for one, victim in zip(range(number), itertools.cycle(VICTIMS), strict=False)
    ]


@dataclass
class House:
    """A cluster, a database and a service of this test alone."""

    database: Database
    port: int
    chance: random.Random = field(default_factory=lambda: random.Random(2026))
    service: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.database.settings.home

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection of the superuser."""
        url = embedded.find(self.home).url(ADMIN, self.database.settings.database)
        with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
            yield connection

    def serve(self) -> None:
        """Have the service running."""
        if self.service is None or self.service.poll() is not None:
            self.service = self.run("serve", "--port", str(self.port))
            assert self.service.stdout is not None
            assert self.service.stdout.readline().startswith(b"Gridkeeper is at")

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        return subprocess.Popen(
            [COMMAND, *words], env=self.database.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def at_work(self, *, on_due: bool) -> list[Row[Any]]:
        """The backends of ours inside a transaction; what only looks for drafts that are due counts where told."""
        with self.looking() as connection:
            rows = connection.execute(text(OURS)).all()
        return [row for row in rows if row.inside and (on_due or not row.query.startswith(LOOKING_FOR_DUE))]

    def recover(self) -> None:
        """The database answers again, and nobody who was killed is still at work in it."""
        embedded.start(self.home, lambda _: None)
        with self.looking() as connection:
            connection.execute(text("ALTER SYSTEM RESET synchronous_standby_names"))
            connection.execute(text("SELECT pg_reload_conf()"))
        give_up = time.monotonic() + 60
        while True:
            with suppress(DBAPIError):
                if not self.at_work(on_due=False):
                    return
            assert time.monotonic() < give_up, "somebody who was killed goes on"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """The town with the plan scheme, a person, and open cases where P01 is cut."""
    with tempfile.TemporaryDirectory(prefix="gridkeeper-kills-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o755)
        database = Database(DatabaseSettings(database_url=None, owner_url=None, home=home))
        ensure_ready(database.settings, lambda _: None)
        build_town(database)
        with unit_of_work(database.app) as session:
            take_plan_scheme(session)
            lead(session, "P01", "P01")
            for row in (0.25, 1.75, 1.9):
                case_at(session, 1.75, row)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        made = House(database, port)
        try:
            yield made
        finally:
            if made.service is not None:
                made.service.kill()
                made.service.wait()
            database.let_go()
            embedded.stop(home, lambda _: None)


@dataclass(frozen=True)
class Attempt:
    """A draft about to be published, with what holds before and what shall hold after."""

    draft: int
    revision: int
    version: int
    old: dict[int, bytes]
    new: dict[int, bytes]


def prepared(house: House) -> Attempt:
    """A draft that cuts P01, or joins what the last one cut; and a report from somebody whose clock runs ahead."""
    old = ground_now(house)
    cut = max(old) if len(old) > 8 else None
    edit = {"kind": "merge", "grids": [1, cut], "into": 1, "datum": "wgs84"} if cut else split_first(1.5)
    with unit_of_work(house.database.app) as session:
        case_at(session, 0.5, 1.75, when=datetime.now(UTC) + timedelta(minutes=4))
        draft, revision = drafted(session, edit)
        opened = drafts.opened(session, draft)
        new = {number: shapely.to_wkb(cell) for number, cell in opened.ground.items()}
        return Attempt(draft, revision, opened.scheme.version, old, new)


def ground_now(house: House) -> dict[int, bytes]:
    rows = rows_of(
        house.database.app,
        "SELECT b.grid_no, ST_AsBinary(b.geom) FROM boundaries b JOIN schemes s ON s.id = b.scheme_id "
        "WHERE s.name = 'plan' AND upper_inf(b.valid)",
    )
    return {number: shapely.to_wkb(shapely.from_wkb(bytes(wkb))) for number, wkb in rows}


def kill_once(house: House, kill: Kill, attempt: Attempt) -> str | None:
    """Begin to publish and kill at the step; what the database was doing for it, None outside any transaction."""
    if kill.victim != "command":
        house.serve()
    if kill.victim == "due":
        with unit_of_work(house.database.app) as session:
            at = datetime.now(UTC) + timedelta(seconds=0.5)
            schedule(session, WANG, attempt.draft, revision=attempt.revision, asked=WHY, at=at)
    with ExitStack() as stack:
        hold(house, kill.step, stack)
        process = publishing(house, kill, attempt, stack)
        row = wait_for(house, kill)
        strike(house, kill, process, row)
    if process is not None:
        process.wait()
    return row and " ".join(row.query.split())[:50]


def hold(house: House, step: str, stack: ExitStack) -> None:
    """Hold what keeps a publication at this step, until the stack ends or the database does."""
    if step == ANY_TIME:
        return
    if STEPS[step].startswith("ALTER SYSTEM"):
        with house.looking() as connection:
            connection.execute(text(STEPS[step]))
            connection.execute(text("SELECT pg_reload_conf()"))
        return
    url = embedded.find(house.home).url(ADMIN, house.database.settings.database)
    holding = create_engine(url, poolclass=NullPool).connect()
    stack.callback(let_go, holding)
    holding.execute(text(STEPS[step]))


def let_go(connection: Connection) -> None:
    with suppress(DBAPIError):
        connection.close()


def publishing(house: House, kill: Kill, attempt: Attempt, stack: ExitStack) -> subprocess.Popen[bytes] | None:
    """Have the draft published by the command or the service."""
    if kill.victim == "due":
        return None
    if kill.victim == "command":
        return house.run("draft", "publish", str(attempt.draft), "--reason", WHY.reason)
    address = f"http://127.0.0.1:{house.port}/api/v1/drafts/{attempt.draft}/publish"
    headers = {"If-Match": f'"d{attempt.draft}-r{attempt.revision}-v{attempt.version}"'}

    def send() -> None:
        with suppress(httpx2.HTTPError):
            httpx2.post(address, json={"reason": WHY.reason}, headers=headers, timeout=60)

    sender = threading.Thread(target=send)
    sender.start()
    stack.callback(sender.join)
    return None


def wait_for(house: House, kill: Kill) -> Row[Any] | None:
    """The backend that publishes, once it waits at the step; at any time, whatever it does after a moment."""
    due = kill.victim == "due"
    if kill.step == ANY_TIME:
        longest_s = {"command": 5.0, "due": 2.0}.get(kill.victim, 0.6)
        time.sleep(house.chance.uniform(0, longest_s))
        return next(iter(house.at_work(on_due=due)), None)
    give_up = time.monotonic() + 60
    while True:
        waiting = [row for row in house.at_work(on_due=due) if row.waits]
        if waiting:
            return waiting[0]
        assert time.monotonic() < give_up, f"nobody came to '{kill.step}'"
        time.sleep(0.01)


def strike(house: House, kill: Kill, process: subprocess.Popen[bytes] | None, row: Row[Any] | None) -> None:
    if kill.victim == "database":
        place = embedded.find(house.home).place
        pg_ctl(place, find_programs(place), "stop", "-w", "-m", "immediate")
    elif kill.victim == "backend":
        with suppress(ProcessLookupError):
            os.kill(row.pid if row else any_backend(house), signal.SIGKILL)
    elif kill.victim == "connection":
        with house.looking() as connection:
            pid = row.pid if row else any_backend(house)
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    else:
        killed = process or house.service
        assert killed is not None
        killed.kill()
        killed.wait()


def any_backend(house: House) -> int:
    with house.looking() as connection:
        return connection.execute(text(OURS)).all()[0].pid


def require_whole(house: House, attempt: Attempt) -> bool:
    """One version or the other, with all that belongs to it; whether it is the new one."""
    app = house.database.app
    with Session(app) as session:
        draft = drafts.opened(session, attempt.draft).draft
        is_new = draft.state == "published"
        assert (draft.state in ("draft", "scheduled")) != is_new
        assert draft.published_version == (attempt.version + 1 if is_new else None)
        differences = check(session).differences
    assert differences == []
    assert ground_now(house) == (attempt.new if is_new else attempt.old)
    version = attempt.version + is_new
    counts = rows_of(
        app,
        """
        SELECT s.version, (SELECT count(*) FROM scheme_versions v WHERE v.scheme_id = s.id),
            (SELECT count(*) FROM scheme_versions v WHERE v.scheme_id = s.id AND upper_inf(v.valid)),
            (SELECT max(version) FROM boundaries b WHERE b.scheme_id = s.id),
            (SELECT count(DISTINCT version) FROM grid_lineage l WHERE l.scheme_id = s.id),
            (SELECT count(*) FROM draft_events e WHERE e.draft_id = :draft AND e.kind = 'published'),
            (SELECT count(*) FROM case_events e WHERE e.scheme_version > :version AND e.kind = 'moved'),
            (SELECT count(*) FROM duties d JOIN boundaries b ON b.grid_id = d.grid_id
             WHERE b.scheme_id = s.id AND upper_inf(b.valid) AND upper_inf(d.valid))
        FROM schemes s WHERE s.name = 'plan'
        """,
        draft=attempt.draft,
        version=attempt.version,
    )
    moved = 3 if is_new else 0
    people = 2 if len(attempt.new if is_new else attempt.old) > 8 else 1
    assert [tuple(row) for row in counts] == [(version, version, 1, version, version - 1, int(is_new), moved, people)]
    assert rows_of(app, MISPLACED) == []
    return is_new


def try_again(house: House, attempt: Attempt, *, is_new: bool) -> None:
    if is_new:
        return
    with Session(house.database.app) as session:
        draft = drafts.opened(session, attempt.draft).draft
    if draft.state == "scheduled":
        assert draft.publish_at is not None
        time.sleep(max(0.0, (draft.publish_at - datetime.now(UTC)).total_seconds()))  # killed before its instant came
        (due,) = publish_due(house.database.app)
        assert due.done is not None, due.refused
    else:
        with unit_of_work(house.database.app) as session:
            publish(session, WANG, attempt.draft, revision=draft.revision, asked=WHY)
    assert require_whole(house, attempt)


@pytest.mark.parametrize("number", forms(short=4, long=50))
def test_after_a_kill_one_version_is_whole_and_the_next_try_succeeds(house: House, number: int):
    told: list[str] = []
    for kill in plan_of_kills(number):
        attempt = prepared(house)
        doing = kill_once(house, kill, attempt)
        house.recover()
        is_new = require_whole(house, attempt)
        try_again(house, attempt, is_new=is_new)
        where = f"inside a transaction, at: {doing}" if doing else "outside any transaction"
        told.append(f"{kill.victim:<10} {kill.step:<21} {'new' if is_new else 'old'} version; {where}")
        print(told[-1])
    inside = sum("inside" in line for line in told)
    print(f"{number} kills, {inside} of them between BEGIN and COMMIT")
    assert inside >= 0.6 * number
