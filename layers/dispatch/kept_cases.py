"""The rows of the open cases of a city, kept from one asking to the next: what happened since then alone is read anew.

At the start of a shift a hundred pages open, and each would have a hundred thousand cases read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from data.fixed_rows import copy_out
from data.session import read_only
from data.sql import statement
from data.tables.loop import CLOCKS
from layers.cases.loop import closed_states, states
from layers.dispatch import feed
from layers.dispatch.feed import Cursor

Numbers = NDArray[Any]

ROW = {
    "id": "bigint",
    "point": "point",
    "state": "smallint",
    "clock": "smallint",
    "due": "instant",
    "received": "instant",
    "level": "smallint",
    "urgent": "smallint",
    "supervised": "smallint",
    "matter": "bigint",
    "department": "bigint",
    "staff": "bigint",
    "grid": "bigint",
    "revision": "bigint",
}
# Whatever changed without an event, by hand in the database, is looked for behind the back of whoever asks once the
# rows are so old, and is waited for when they are very old.
_FRESH_S, _KEPT_S = 60, 3600
# More events than these are not looked at one by one.
_MOST_EVENTS = 5_000
_LOG = logging.getLogger("gridkeeper")


@dataclass(frozen=True, eq=False)
class Reading:
    """Open cases as they stood at some moment.

    Attributes:
        cursor: The place in the feed before all that the rows may lack.
        rows: Columns of `ROW`, of one length.
        read_s: When all of them were read, by the clock of this process.
    """

    cursor: Cursor
    rows: Mapping[str, Numbers]
    read_s: float


_kept: dict[tuple[str, str], Reading] = {}
_locks: dict[tuple[str, str], Lock] = {}


def reading_of(session: Session, tree: str) -> Reading:
    """The open cases of a city as they stand now; what happened since the cursor may be in it already.

    Of many who ask at once, one reads and the others wait.
    """
    bind = session.get_bind().engine
    key = str(bind.url), tree
    with _locks.setdefault(key, Lock()):
        found = _now(session, key, _kept.get(key))
    if monotonic() - found.read_s > _FRESH_S:
        Thread(target=_renew, args=(bind, key), daemon=True).start()
    return found


def _renew(bind: Engine, key: tuple[str, str]) -> None:
    if not _locks[key].acquire(blocking=False):
        return
    try:
        with read_only(bind) as session:
            _now(session, key, None)
    except SQLAlchemyError as error:  # whoever asks next is told, if it is still so
        _LOG.warning("the open cases were not read again: %s", error)
    finally:
        _locks[key].release()


def _now(session: Session, key: tuple[str, str], kept: Reading | None) -> Reading:
    # The cursor first: a later one would let a case slip through between the two statements.
    cursor = feed.now(session)
    known = kept if kept is not None and monotonic() - kept.read_s < _KEPT_S else None
    values = {"xact": cursor.xact if known is None else known.cursor.xact, "limit": _MOST_EVENTS}
    since = session.execute(statement("changed_cases"), values).one()
    is_whole = since.has_chunk or since.has_written or since.events == _MOST_EVENTS
    if known is None or is_whole or known.cursor.xact > since.top:
        found = Reading(cursor, _read(session, key[1]), monotonic())
    else:
        found = Reading(cursor, _brought_up(session, key[1], known.rows, since.cases), known.read_s)
    # Who has written sees what nobody else does, and may take it back.
    if not since.has_written:
        _kept[key] = found
    return found


def _brought_up(session: Session, tree: str, rows: Mapping[str, Numbers], cases: list[int]) -> Mapping[str, Numbers]:
    if not cases:
        return rows
    same = ~np.isin(rows["id"], cases)
    changed = _read(session, tree, only=cases)
    return {name: np.concatenate([column[same], changed[name]]) for name, column in rows.items()}


def _read(session: Session, tree: str, only: list[int] | None = None) -> dict[str, Numbers]:
    pieces: list[Mapping[str, Numbers]] = []
    words = {"closed": list(closed_states()), "states": list(states()), "clocks": list(CLOCKS)}
    copy_out(session, statement("open_cases"), {"tree": tree, "only": only, **words}, ROW, pieces.append)
    empty = {name: np.empty((0, 2)) if kind == "point" else np.empty(0, np.int64) for name, kind in ROW.items()}
    return {name: np.concatenate([piece[name] for piece in pieces or [empty]]) for name in ROW}
