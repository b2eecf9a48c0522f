"""What happens to cases, in an order in which nobody who follows it misses anything.

Events get their numbers before they are committed, so a lower number may appear after a higher one. They are followed
by the transaction that wrote them, and only as far as every older transaction has ended: what is read is complete. A
transaction that stays open for long delays what came after it, and loses nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from data.sql import statement
from gis.errors import BadInput
from layers.cases.loop import states
from layers.errors import Outdated

_CURSOR = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)
_HIGHEST = 2**63 - 1


@dataclass(frozen=True, order=True)
class Cursor:
    """A place between two events.

    Attributes:
        xact: The transaction that wrote the last event before it.
        id: The number of that event.
    """

    xact: int
    id: int

    def __str__(self) -> str:
        return f"{self.xact}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor in its written form.

        >>> str(Cursor.parse("1240-88")), Cursor.parse("9-88") < Cursor.parse("1240-0")
        ('1240-88', True)

        Raises:
            BadInput: `bad_cursor`.
        """
        found = _CURSOR.fullmatch(text)
        if found is None or max(numbers := [int(number) for number in found.groups()]) > _HIGHEST:
            raise BadInput(
                "bad_cursor",
                "A cursor is two numbers like 1240-88, as an event carried them.",
                field="cursor",
                value=text,
            )
        return cls(*numbers)


START = Cursor(0, 0)
"""Before everything that can be followed."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a case.

    Attributes:
        cursor: The place just after it.
        tree: The city.
        kind: What happened; `imported` stands for a whole chunk of a file.
        body: The event with its case as it stands now, as JSON.
    """

    cursor: Cursor
    tree: str
    kind: str
    body: str


@dataclass(frozen=True)
class Page:
    """Events in their order.

    Attributes:
        events: The events.
        cursor: Where to go on; everything up to it was read.
        is_full: Whether there may be more now.
        waits: Whether events are there that may be read only when an older transaction has ended.
    """

    events: tuple[Event, ...]
    cursor: Cursor
    is_full: bool
    waits: bool


def now(session: Session) -> Cursor:
    """The place of this moment: what comes after it was not there yet, or could not be followed yet."""
    return Cursor(_horizon(session).below, 0)


def read(session: Session, after: Cursor, limit: int) -> Page:
    """The events after a place.

    Args:
        session: An open session.
        after: The place.
        limit: At most so many.

    Raises:
        Outdated: `cursor_void`: no transaction of this database has come that far; it was restored into another
            cluster, where transactions are counted anew, or the cursor is of another database.
    """
    horizon = _horizon(session)
    if after.xact > horizon.top:
        raise Outdated(
            "cursor_void",
            f"No event of this database has come as far as {after}: it was restored, or the cursor is another one's. "
            "Read the cases anew, and follow from now on.",
            field="cursor",
            value=str(after),
        )
    values = {"xact": after.xact, "id": after.id, "below": horizon.below, "limit": limit, "stages": _stages()}
    rows = session.execute(statement("feed"), values).all()
    events = tuple(Event(Cursor(row.xact, row.id), row.tree, row.kind, row.body) for row in rows)
    is_full = len(events) == limit
    end = events[-1].cursor if is_full else max(after, Cursor(horizon.below, 0))
    return Page(events, end, is_full, horizon.waits)


def _horizon(session: Session) -> Row[Any]:
    return session.execute(statement("feed_horizon")).one()


@cache
def _stages() -> str:
    return json.dumps({name: state.stage for name, state in states().items()})
