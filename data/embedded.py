"""A private PostGIS cluster: unix socket only, peer authentication, never the system's own cluster."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from sqlalchemy import URL

from data.embedded_conf import INCLUDE
from data.embedded_conf import files as conf_files
from data.embedded_place import PORT, Place, find_place
from data.embedded_programs import (
    find_programs,
    initialise,
    make_run_folder,
    pg_ctl,
    postmaster_lives,
    server_log,
    write_owned,
)
from data.errors import DatabaseAway
from data.roles import ADMIN

Say = Callable[[str], None]
_START_LIMIT_S = 120  # crash recovery of a large import included


@dataclass(frozen=True)
class Cluster:
    """One embedded cluster, running or not.

    Attributes:
        place: Where it keeps its files.
    """

    place: Place

    def url(self, role: str, database: str = "gridkeeper") -> str:
        """URL for SQLAlchemy that logs in as `role` over the socket."""
        host = {"host": str(self.place.run), "port": str(PORT)}
        return URL.create("postgresql+psycopg2", username=role, database=database, query=host).render_as_string()

    def is_running(self) -> bool:
        """Whether the server answers."""
        try:
            psycopg2.connect(host=str(self.place.run), port=PORT, user=ADMIN, dbname="postgres").close()
        except psycopg2.OperationalError:
            return False
        return True


def find(home: Path) -> Cluster:
    """The cluster of a home, whether it exists or not."""
    return Cluster(find_place(home))


def start(home: Path, say: Say) -> Cluster:
    """Make the cluster when there is none, start it when it is down; nothing to do costs some milliseconds.

    Raises:
        DatabaseAway: The server is not installed, the home is not usable or the server did not start.
    """
    cluster = find(home)
    place = cluster.place
    if _has_our_settings(place) and cluster.is_running():
        return cluster
    programs = find_programs(place)
    with _one_at_a_time(place):
        for remark in place.remarks:
            say(remark)
        make_run_folder(place)
        if not place.data.exists():
            say(f"Making a PostGIS cluster in {place.data}")
            initialise(place, programs)
        _write_settings(place)
        if postmaster_lives(place, programs):
            pg_ctl(place, programs, "reload")
        else:
            say(f"Starting the database in {place.data}")
            pg_ctl(place, programs, "start", "-w", "-t", str(_START_LIMIT_S), "-l", str(place.data / "start.log"))
        _wait_until_it_answers(cluster)
    return cluster


def stop(home: Path, say: Say) -> bool:
    """Stop the cluster, closing open connections; tells whether it had been running."""
    place = find(home).place
    if not place.data.exists():
        return False
    programs = find_programs(place)
    with _one_at_a_time(place):
        if not postmaster_lives(place, programs):
            return False
        say(f"Stopping the database in {place.data}")
        pg_ctl(place, programs, "stop", "-w", "-m", "fast", "-t", str(_START_LIMIT_S))
    return True


def status(home: Path, *, database: str = "gridkeeper") -> dict[str, object]:
    """Facts for people: running, where it lives, its socket, its user, how to connect, remarks."""
    cluster = find(home)
    place = cluster.place
    return {
        "running": cluster.is_running(),
        "data": str(place.data),
        "socket": str(place.socket),
        "os_user": place.os_user,
        "url": cluster.url(ADMIN, database),
        "remarks": list(place.remarks),
    }


def _has_our_settings(place: Place) -> bool:
    return all(
        (place.data / name).exists() and (place.data / name).read_text() == text for name, text in _conf(place).items()
    )


def _write_settings(place: Place) -> None:
    for name, text in _conf(place).items():
        write_owned(place.data / name, text, os_user=place.os_user)
    main = place.data / "postgresql.conf"
    if INCLUDE not in (text := main.read_text()):
        write_owned(main, text + INCLUDE, os_user=place.os_user)


def _conf(place: Place) -> dict[str, str]:
    return conf_files(place.run, os_user=place.os_user)


@contextmanager
def _one_at_a_time(place: Place) -> Iterator[None]:
    """Hold the cluster's lock; the system lets go of it when the process ends, however it ends."""
    with (place.root / "cluster.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wait_until_it_answers(cluster: Cluster) -> None:
    give_up = time.monotonic() + _START_LIMIT_S
    while not cluster.is_running():
        if time.monotonic() > give_up:
            raise DatabaseAway(
                "database_did_not_start",
                f"The database in {cluster.place.data} does not answer:\n{server_log(cluster.place)}",
            )
        time.sleep(0.1)
