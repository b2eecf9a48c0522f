"""Where the embedded cluster lives: the home when the server can use it, else one other place."""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from data.errors import DatabaseAway, server_missing

PORT = 5432  # of the socket file's name only: nothing listens on TCP
_SOCKET_LIMIT_BYTES = 107  # sockaddr_un.sun_path, less its closing NUL
_UNSAFE = set(",\"'\\$`\n")  # libpq splits host at a comma; pg_ctl hands the path to a shell


@dataclass(frozen=True)
class Place:
    """Where one cluster keeps its files.

    Attributes:
        root: Folder that holds the data directory `pg`.
        run: Folder of the socket.
        os_user: Operating-system user who runs the server.
        remarks: One sentence for each place that is not the one asked for.
    """

    root: Path
    run: Path
    os_user: str
    remarks: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.root / "pg"

    @property
    def socket(self) -> Path:
        """The socket file."""
        return socket_in(self.run)


def socket_in(run: Path) -> Path:
    """The socket file the server makes in `run`."""
    return run / f".s.PGSQL.{PORT}"


def find_place(home: Path) -> Place:
    """Choose the place for a home; the answer stays the same once a cluster stands there.

    Raises:
        DatabaseAway: The home cannot be made or belongs to somebody else.
    """
    other = _other_root(home)
    root = next((folder for folder in (home, other) if os.path.lexists(folder / "pg")), None)
    if root is None:
        _make(home)
        root = home if _is_usable(home) else other
        _make(root)
    user = _server_user(root)
    remarks = []
    if root == other:
        remarks.append(f"The database lives in {root}: its user {user} cannot use {home}.")
    run = root / "run"
    if len(os.fsencode(socket_in(run))) > _SOCKET_LIMIT_BYTES or _UNSAFE & set(str(run)):
        digest = _digest(root)
        run = Path(f"/tmp/gridkeeper-{pwd.getpwnam(user).pw_uid}-{digest}")
        remarks.append(f"The database's socket is in {run}: {root} is too long or unusual a path.")
    return Place(root, run, user, tuple(remarks))


def as_user(user: str, *command: str | Path, home: Path) -> list[str]:
    """The command line that runs `command` as `user`: clean environment, a HOME of its own, no root."""
    clean = ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={home}", "LC_ALL=C.UTF-8", *map(str, command)]
    if os.geteuid() != 0:
        return clean
    group = str(pwd.getpwnam(user).pw_gid)
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", *clean]


def _other_root(home: Path) -> Path:
    base = Path("/var/lib") if os.geteuid() == 0 else Path.home() / ".local/share"
    return base / f"gridkeeper-{_digest(home)}"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]


def _make(folder: Path) -> None:
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(0o755)  # root's umask may keep the server's user out
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise DatabaseAway(
            "home_not_writable",
            f"The database cannot live in {folder} ({error.strerror}). Set GRIDKEEPER_HOME to a folder of yours.",
            field="GRIDKEEPER_HOME",
            value=folder,
        ) from error


def _is_usable(home: Path) -> bool:
    """Whether the server's user gets into the home: asked of the system, which knows of ACLs and mounts."""
    if _UNSAFE & set(str(home)):
        return False
    probe = as_user(_server_user(home), "test", "-x", home, home=home)
    return subprocess.run(probe, check=False, cwd="/").returncode == 0


def _server_user(root: Path) -> str:
    """Who runs the server: the user who runs us, or for root the data's owner, at first `postgres`."""
    data, me = root / "pg", os.geteuid()
    owner = data.stat().st_uid if data.exists() else me
    if me == 0:
        return _name(owner) if owner else _first_server_user()
    if owner != me:
        raise DatabaseAway(
            "home_of_another_user",
            f"The database in {root} belongs to {_name(owner)}, not to {_name(me)}. "
            "Run as that user or as root, or set GRIDKEEPER_HOME to a folder of yours.",
            field="GRIDKEEPER_HOME",
            value=root,
        )
    return _name(me)


def _first_server_user() -> str:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise server_missing() from None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise DatabaseAway(
            "no_os_user", f"The user with number {uid} has no name on this machine, and PostgreSQL needs one."
        ) from None
