"""Clocks of many cases, worked out again from their events."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Case
from data.tables import Catalogue as CatalogueRow
from layers.cases.derived import Derived, Facts, derive, happening
from layers.cases.replay import Happening
from layers.matters.held import Catalogue, catalogue_of

# Cases worked out at once: their events are in memory.
_ROWS = 2_000


class Deriver:
    """Works out many cases; asks for each version of a catalogue once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._versions: dict[str, Sequence[Row[Any]]] = {}
        self._catalogues: dict[int, Catalogue | None] = {}

    def derive(self, ids: Sequence[int]) -> Iterator[tuple[Row[Any], Derived]]:
        """The row (`data/sql/facts_of_cases.sql`) and what follows from the events, of each case that has any."""
        events: dict[int, list[Happening]] = defaultdict(list)
        for one in self._session.execute(statement("events_of_cases"), {"cases": list(ids)}).mappings():
            events[one["case_id"]].append(happening(one))
        for row in self._session.execute(statement("facts_of_cases"), {"cases": list(ids)}).all():
            if row.id in events:
                facts = Facts(row.received_at, row.matter_id, row.urgency, row.place_class)
                yield row, derive(facts, events[row.id], self._catalogue(row.tree, row.received_at))

    def _catalogue(self, tree: str, at: datetime) -> Catalogue | None:
        if tree not in self._versions:
            rows = self._session.execute(select(CatalogueRow.id, CatalogueRow.valid).where(CatalogueRow.tree == tree))
            self._versions[tree] = rows.all()
        version = next((row.id for row in self._versions[tree] if at in row.valid), None)
        if version is not None and version not in self._catalogues:
            self._catalogues[version] = catalogue_of(self._session, tree, at=at)
        return None if version is None else self._catalogues[version]


def wind(session: Session, ids: Sequence[int]) -> None:
    """Work the clocks of some cases out again and store them.

    Args:
        session: An open session that has written all of their events.
        ids: The cases.
    """
    deriver = Deriver(session)
    for start in range(0, len(ids), _ROWS):
        # Held before their events are read: a step that somebody takes meanwhile comes after this.
        session.execute(statement("lock_cases"), {"ids": list(ids[start : start + _ROWS])})
        faces, clocks = [], []
        for row, derived in deriver.derive(ids[start : start + _ROWS]):
            shown = derived.face
            faces.append(
                {"id": row.id, "clock": shown.clock, "due_at": shown.due_at, "due_milestone": shown.due_milestone}
            )
            clocks += [{"case_id": row.id, "tree": row.tree, **one} for one in derived.clock_rows()]
        values = {"faces": faces, "clocks": clocks}
        texts = {name: json.dumps(rows, default=datetime.isoformat) for name, rows in values.items()}
        session.execute(statement("wind_clocks"), texts)


def wind_beyond_calendar(session: Session, tree: str) -> int:
    """Give deadlines to the cases of a city that wait for one since its calendar ended, now that it goes on.

    Returns:
        How many cases waited.
    """
    return _wind_those(session, Case.tree == tree, Case.clock == "beyond_calendar")


def wind_since(session: Session, tree: str, since: datetime) -> int:
    """Give clocks to the reports that came in since a city's first catalogue holds, before it was there.

    Returns:
        How many there were; what an import brought keeps what it was measured by.
    """
    return _wind_those(session, Case.tree == tree, Case.received_at >= since, Case.batch_id.is_(None))


def _wind_those(session: Session, *where: ColumnElement[bool]) -> int:
    ids = list(session.scalars(select(Case.id).where(*where).order_by(Case.id)))
    wind(session, ids)
    return len(ids)
