"""One workspace for each scheme of a database: made when first asked for, kept up to date, for one caller at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from data.tables import Scheme
from gis.kept import Kept
from layers.errors import Unavailable
from layers.rezoning.caseload import look
from layers.rezoning.ground import Base
from layers.rezoning.workspace import Workspace

_YEAR = timedelta(days=365)
_MOST_WORKSPACES = 3
_LONGEST_WAIT_S = 25


@dataclass
class _Desk:
    """The workspace of one scheme, for one at a time.

    Attributes:
        stamp: The local day on which it was made, and the newest buildings and streets that it knows.
    """

    lock: Lock = field(default_factory=Lock)
    workspace: Workspace | None = None
    stamp: tuple[date, int] | None = None

    def ready(self, session: Session, scheme: Scheme, base: Base) -> Workspace:
        """The workspace, up to date and on a version."""
        today = datetime.now(ZoneInfo(scheme.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        mark = look(session, scheme.tree)
        stamp = (today.date(), mark.ground)
        known, self.workspace = self.workspace, None
        if known is None or stamp != self.stamp or not _stands_on(known, base):
            del known  # before the next one takes as much memory
            known, self.stamp = Workspace(session, base, mark, since=today - _YEAR), stamp
        else:
            known.catch_up(session, mark)
        self.workspace = known
        return known


_DESKS: WeakKeyDictionary[Engine | Connection, Kept[_Desk]] = WeakKeyDictionary()
_DESKS_LOCK = Lock()


@contextmanager
def workspace_on(session: Session, scheme: Scheme, base: Base) -> Iterator[Workspace]:
    """A scheme's workspace, up to date, for one caller at a time; made at the first call, which takes a while.

    Args:
        session: An open session; one database has one workspace for each scheme.
        scheme: The scheme.
        base: The version to stand on.

    Raises:
        Unavailable: `ground_loading`: others make or use it for longer than one waits.
    """
    with _DESKS_LOCK:
        desks = _DESKS.setdefault(session.get_bind(), Kept[_Desk](most=_MOST_WORKSPACES))
    desk = desks.get(scheme.id, _Desk)
    if not desk.lock.acquire(timeout=_LONGEST_WAIT_S):
        raise Unavailable(
            "ground_loading", "The cases of the city are being read into memory. Try again in a moment.", field="draft"
        )
    try:
        yield desk.ready(session, scheme, base)
    except BaseException:
        desk.workspace = None  # its borders may have stayed half-way
        raise
    finally:
        desk.lock.release()


def _stands_on(workspace: Workspace, base: Base) -> bool:
    return workspace.base.version.snapshot_id == base.version.snapshot_id or workspace.go_to(base)
