"""Clocks of many cases, worked out again from their events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, exists, select
from sqlalchemy.orm import Session

from data.as_json import as_json
from data.sql import statement
from data.tables import Case, CaseClock, CaseEvent
from data.tables import Catalogue as CatalogueRow
from layers.actor import Actor
from layers.cases.clock import Face
from layers.cases.derived import Derived, Facts, derive, happening
from layers.cases.loop import steps
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


@dataclass(frozen=True)
class Turn:
    """A case whose row shows other clocks than it did."""

    case_id: int
    before: Face
    after: Face


def wind(session: Session, ids: Sequence[int]) -> list[Turn]:
    """Work the clocks of some cases out again and store them.

    Args:
        session: An open session that has written all of their events.
        ids: The cases.

    Returns:
        Those whose rows changed by it; the caller tells of them, if that is not told already.
    """
    deriver, turns = Deriver(session), list[Turn]()
    for start in range(0, len(ids), _ROWS):
        # Held before their events are read: a step that somebody takes meanwhile comes after this.
        session.execute(statement("lock_cases"), {"ids": list(ids[start : start + _ROWS])})
        faces, clocks = [], []
        for row, derived in deriver.derive(ids[start : start + _ROWS]):
            turn = Turn(row.id, Face(row.clock, row.due_at, row.due_milestone), derived.face)
            if turn.after != turn.before:
                turns.append(turn)
                faces.append({"id": row.id, **vars(turn.after)})
            clocks += [{"case_id": row.id, "tree": row.tree, **one} for one in derived.clock_rows()]
        session.execute(statement("wind_clocks"), {"faces": as_json(faces), "clocks": as_json(clocks)})
    return turns


def wind_beyond_calendar(session: Session, actor: Actor, tree: str) -> int:
    """Give deadlines to the cases of a city that have some beyond its calendar, now that it goes on.

    Args:
        session: An open session; the new days are stored.
        actor: Who brought them.
        tree: The city.

    Returns:
        For how many cases something else is shown now; each has an event that says so.
    """
    # Also those that show another deadline, or are done: what is counted has to follow from the events for all.
    lacks_one = exists().where(CaseClock.case_id == Case.id, CaseClock.due_at.is_(None))
    return _wind_those(session, actor, "calendar", Case.tree == tree, lacks_one)


def wind_since(session: Session, actor: Actor, tree: str, since: datetime) -> int:
    """Give clocks to the cases that came in since a city's first catalogue holds, before it was there.

    Args:
        session: An open session; the catalogue is stored.
        actor: Who brought it.
        tree: The city.
        since: From when it holds.

    Returns:
        As `wind_beyond_calendar`.
    """
    return _wind_those(session, actor, "catalogue", Case.tree == tree, Case.received_at >= since)


def kinds_that_measure() -> list[str]:
    """Kinds of events that make a case go by its clocks; what an import brought keeps what it was measured by."""
    return ["received", *steps()]


def _wind_those(
    session: Session, actor: Actor, why: Literal["calendar", "catalogue"], *where: ColumnElement[bool]
) -> int:
    measured = exists().where(
        CaseEvent.case_id == Case.id, CaseEvent.xact.is_not(None), CaseEvent.kind.in_(kinds_that_measure())
    )
    turns = wind(session, session.scalars(select(Case.id).where(*where, measured).order_by(Case.id)).all())
    told = [
        {"case_id": turn.case_id, "detail": {"why": why, "from": vars(turn.before), "to": vars(turn.after)}}
        for turn in turns
    ]
    values = {"at": datetime.now(UTC), "actor": actor.name, "role": actor.role, "told": as_json(told)}
    if told:
        session.execute(statement("tell_retimed"), values)
    return len(turns)
