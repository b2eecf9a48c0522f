"""The queue: open cases a page at a time, those first that somebody has to see to, and how many are late."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from data.prepared import execute_prepared
from data.sql import statement
from data.tables.loop import CLOCKS
from gis.errors import BadInput
from layers.cases.loop import states
from layers.dispatch.cities import city

MOST_ROWS = 1_000
USUAL_ROWS = 100
_PLACE = re.compile(r"([01])-(-?\d{1,17}|none)-(\d{1,18})", re.ASCII)
_NAMED = ("matter", "department", "area", "grid", "staff")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Before all cases that have a deadline.
_FIRST_DUE = "-infinity"


@dataclass(frozen=True)
class Filters:
    """Which cases are wanted: those that fit every filter given, each by any of its values.

    Attributes:
        state, clock: Names.
        matter: Codes; what one became and what became it are meant as well.
        department, grid, area: Codes; an area stands for all that lies below it.
        staff: Staff numbers.
        overdue: Only those whose deadline has passed.
        text: What the number, the category or the description holds.
    """

    state: Sequence[str] = ()
    clock: Sequence[str] = ()
    matter: Sequence[str] = ()
    department: Sequence[str] = ()
    area: Sequence[str] = ()
    grid: Sequence[str] = ()
    staff: Sequence[str] = ()
    overdue: bool = False
    text: str | None = None


@dataclass(frozen=True)
class Page:
    """A page of the queue.

    Attributes:
        rows: The JSON text of an array of cases, as made by the database.
        total: How many open cases fit the filters.
        overdue: How many of them are past their deadline.
        next: Where the next page begins; None on the last one.
    """

    rows: str
    total: int
    overdue: int
    next: str | None


@dataclass(frozen=True)
class _Place:
    """A place in the queue: just after a case."""

    ahead: bool = False
    due: str = _FIRST_DUE
    id: int = 0


def page(
    session: Session,
    tree: str | None = None,
    *,
    filters: Filters | None = None,
    after: str | None = None,
    limit: int = USUAL_ROWS,
    now: datetime | None = None,
) -> Page:
    """A page of the open cases: those for which no deadline can be found first, then by deadline, then those without.

    Args:
        session: An open session.
        tree: The city; that of the scheme which takes reports if not given.
        filters: Which cases; all if not given.
        after: `next` of the page before.
        limit: Cases on the page, 1 to 1,000.
        now: The instant by which cases are late.

    Raises:
        NotFound: `unknown_tree`.
        BadInput: `bad_limit`, `bad_cursor`, `unknown_word`; `unknown_matter`, `unknown_department`, `unknown_area`,
            `unknown_grid`, `unknown_staff`: the city has none of the code that a filter names.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise BadInput("bad_limit", f"limit must be from 1 to {MOST_ROWS}.", field="limit", value=limit)
    place, filters = _parsed(after), filters or Filters()
    if tree is None or filters != Filters(overdue=filters.overdue):
        tree = city(session, tree)
    meant = _meant(session, tree, filters)
    values = {
        **meant,
        "tree": tree,
        "now": now or datetime.now(UTC),
        "ahead": place.ahead,
        "due": place.due,
        "id": place.id,
        "limit": limit,
    }
    if limit == USUAL_ROWS and all(value is None for name, value in meant.items() if name != "overdue"):
        # What is asked for all day is planned once, for no filter but whether the cases are late.
        (row,) = execute_prepared(session, "queue", values, written=(*meant, "limit"))
    else:
        row = session.execute(statement("queue"), values).one()
    total = row.overdue if filters.overdue else row.total
    if not total:
        city(session, tree)  # one that is not there has no cases either
    return Page(row.rows, total, row.overdue, _written(row) if row.is_more else None)


def _written(last: Row[Any]) -> str:
    due = "none" if last.due is None else (last.due - _EPOCH) // timedelta(microseconds=1)
    return f"{int(last.ahead)}-{due}-{last.id}"


def _parsed(after: str | None) -> _Place:
    """A place as it was written.

    >>> _parsed("1-none-7")
    _Place(ahead=True, due='infinity', id=7)
    """
    if after is None:
        return _Place()
    found = _PLACE.fullmatch(after)
    try:
        assert found is not None
        ahead, due, number = found.groups()
        instant = "infinity" if due == "none" else (_EPOCH + timedelta(microseconds=int(due))).isoformat()
    except (AssertionError, OverflowError):
        raise BadInput(
            "bad_cursor", "after is what a page of the queue called next.", field="after", value=after
        ) from None
    return _Place(ahead == "1", instant, int(number))


def _meant(session: Session, tree: str, filters: Filters) -> dict[str, Any]:
    """The filters as the statement takes them; None for those that are not given."""
    for name, given, known in (("state", filters.state, _open_states()), ("clock", filters.clock, CLOCKS)):
        for word in given:
            if word not in known:
                listed = ", ".join(known)
                detail = f"'{word}' is no {name} of an open case. Known: {listed}."
                raise BadInput("unknown_word", detail, field=name, value=word)
    words = (filters.text or "").strip().lower()
    named = {name: list(getattr(filters, name)) for name in _NAMED}
    ids: dict[str, dict[str, list[int]]] = {name: {} for name in _NAMED}
    if any(named.values()):
        for name, code, one in session.execute(statement("queue_names"), {"tree": tree, **named}):
            ids[name].setdefault(code, []).append(one)
    for name, codes in named.items():
        for code in codes:
            if code not in ids[name]:
                detail = f"The city has no {name} '{code}'."
                raise BadInput(f"unknown_{name}", detail, field=name, value=code)
    return {
        "state": list(filters.state) or None,
        "clock": list(filters.clock) or None,
        "words": words or None,
        "overdue": filters.overdue,
        **{name: sorted(chain.from_iterable(found.values())) or None for name, found in ids.items()},
    }


def _open_states() -> list[str]:
    return [name for name, state in states().items() if state.is_open]
