"""The server's programs: initdb and pg_ctl, run as the user who owns the cluster."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from data.embedded_place import Place, as_user
from data.errors import DatabaseAway, server_missing
from data.roles import ADMIN

_INSTALLED = Path("/usr/lib/postgresql")
_LOG_LINES = 6


def find_programs(place: Place) -> Path:
    """Folder of the programs: of the version the data was made with, else of the newest that has PostGIS.

    Raises:
        DatabaseAway: There is none; the message names the packages.
    """
    version = (place.data / "PG_VERSION").read_text().strip() if place.data.exists() else None
    found = [path.parent for path in _INSTALLED.glob(f"{version or '*'}/bin/postgres")]
    usable = [path for path in found if (path.parent / "lib/postgis-3.so").exists()]
    if not usable:
        raise server_missing(version or "15")
    return max(usable, key=lambda path: int(path.parent.name))


def initialise(place: Place, programs: Path) -> None:
    """Make the data directory, under another name first: a broken attempt never looks like a cluster."""
    draft = place.root / "pg.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _give(draft, place.os_user)
    options: list[str | Path] = [
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--auth=peer",
        "-U",
        ADMIN,
        "-D",
        draft,
    ]
    _run(place, programs / "initdb", *options)
    draft.rename(place.data)


def write_owned(path: Path, text: str, *, os_user: str) -> bool:
    """Write a file of the server's when its text is new; tells whether it was."""
    if path.exists() and path.read_text() == text:
        return False
    path.write_text(text)
    _give(path, os_user)
    return True


def make_run_folder(place: Place) -> None:
    """The socket's folder, closed to everybody else.

    Raises:
        DatabaseAway: Somebody else's folder stands there.
    """
    run = place.run
    if not os.path.lexists(run):
        run.mkdir(mode=0o700)
        _give(run, place.os_user)
    if run.is_symlink() or run.owner() != place.os_user or run.stat().st_mode & 0o077:
        raise DatabaseAway(
            "socket_folder_not_ours",
            f"The folder {run} for the database's socket must belong to {place.os_user} alone. "
            "Remove it and try again.",
        )


def pg_ctl(place: Place, programs: Path, *arguments: str) -> None:
    """Run pg_ctl on the cluster."""
    _run(place, programs / "pg_ctl", *arguments, "-D", place.data)


def postmaster_lives(place: Place, programs: Path) -> bool:
    """Whether the server's process exists, ready or not."""
    return _try(place, programs / "pg_ctl", "status", "-D", place.data).returncode == 0


def server_log(place: Place) -> str:
    """The last lines of the server's newest log."""
    logs = [*place.data.glob("start.log"), *place.data.glob("log/*.log")]
    newest = max(logs, key=lambda path: path.stat().st_mtime, default=None)
    return "" if newest is None else "\n".join(newest.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def _run(place: Place, *command: str | Path) -> None:
    done = _try(place, *command)
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip()
        raise DatabaseAway(
            "database_did_not_start",
            f"{command[0]} failed for the database in {place.data}:\n{told}\n{server_log(place)}".rstrip(),
            values={"place": str(place.data)},
        )


def _try(place: Place, *command: str | Path) -> subprocess.CompletedProcess[str]:
    line = as_user(place.os_user, *command, home=place.data)
    return subprocess.run(line, check=False, cwd="/", capture_output=True, text=True)


def _give(path: Path, user: str) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
