"""Drafts: made, opened, named, discussed, passed from state to state. Who writes names the revision that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Draft, DraftEdit, DraftEvent, Scheme
from gis.errors import BadInput
from gis.kept import Kept
from layers.actor import Actor
from layers.errors import Conflict, NotFound, Outdated
from layers.grids.schemes import scheme_named
from layers.rezoning.ground import Base, Ground, base_of
from layers.rezoning.settled import settled
from layers.rezoning.states import BY_PUBLISHING, require_move

# Drafts in memory at once; a draft holds the cells that it changes, not the city.
_MOST_OPEN = 32
# What may be set in `settings`, and what it is for.
SETTINGS = ("weights", "measure", "band")


@dataclass(frozen=True)
class Changes:
    """What a draft changes: number -> ground (None where the grid ends), and the names of its new grids."""

    cells: Mapping[int, BaseGeometry | None]
    names: Mapping[int, str]


@dataclass(frozen=True)
class Opened:
    """A draft with the ground it makes.

    Attributes:
        draft, scheme: Their rows.
        ground: The base version with the draft's changes on top.
        names: Number -> name of the grids that are new.
    """

    draft: Draft
    scheme: Scheme
    ground: Ground
    names: Mapping[int, str]


_CHANGES = Kept[Changes](most=_MOST_OPEN)


def create(session: Session, actor: Actor, *, scheme: str, name: str) -> Draft:
    """A new draft on the newest version of a scheme.

    Raises:
        NotFound: `unknown_scheme`.
        Conflict: `no_version_yet`.
    """
    found = scheme_named(session, scheme)
    if found.version == 0:
        raise Conflict("no_version_yet", f"Scheme '{scheme}' has no boundaries yet; import them first.", field="scheme")
    draft = Draft(scheme_id=found.id, name=name, base_version=found.version, owner=actor.name)
    session.add(draft)
    session.flush()
    session.refresh(draft)
    note(session, actor, draft, "created", {"name": name, "base_version": found.version})
    return draft


def opened(session: Session, draft_id: int) -> Opened:
    """A draft with its ground, as it is now.

    Raises:
        NotFound: `unknown_draft`.
    """
    return opened_of(session, _found(session, draft_id))


def opened_of(session: Session, draft: Draft) -> Opened:
    """The ground of a draft whose row is at hand."""
    scheme = session.get_one(Scheme, draft.scheme_id)
    base = base_of(session, scheme, draft.base_version)
    asked = {"draft_id": draft.id, "scheme_id": scheme.id, "tip": draft.tip}
    head = session.execute(statement("draft_head"), asked).one()
    changes = _changes(session, draft, base, tip_at=head.tip_at)
    ground = Ground(base, changes.cells, next_no=max(head.ever or 0, head.here or 0) + 1)
    return Opened(draft, scheme, ground, changes.names)


def held(session: Session, draft_id: int, *, revision: int) -> Draft:
    """A draft, kept from others until the transaction ends, when it still is what the caller saw.

    Raises:
        NotFound: `unknown_draft`.
        Outdated: `draft_changed`; it tells by whom and when.
    """
    draft = _found(session, draft_id, for_update=True)
    if draft.revision != revision:
        raise draft_changed(session, draft)
    return draft


def change(
    session: Session,
    actor: Actor,
    draft_id: int,
    *,
    revision: int,
    name: str | None = None,
    state: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Draft:
    """Change what is said of a draft; what is None stays.

    Args:
        session: An open session.
        actor: Who does it.
        draft_id: Which draft.
        revision: The revision that the actor saw.
        name: Its new name.
        state: The state it goes to.
        settings: Settings to change; one that is None goes back to its usual value.

    Raises:
        Conflict: `draft_state`; and as `save_edit`.
        BadInput: `unknown_word`, and those of `settled`.
    """
    draft = held(session, draft_id, revision=revision)
    if name is not None and name != draft.name:
        note(session, actor, draft, "renamed", {"from": draft.name, "to": name})
        draft.name = name
    if settings and (now := _settled(draft.settings, settings)) != draft.settings:
        note(session, actor, draft, "settings", dict(settings))
        draft.settings = now
    if state in BY_PUBLISHING:
        raise Conflict(
            "draft_state",
            f"A draft becomes {state} when it is published, not before.",
            field="state",
            value=state,
            values={"state": draft.state},
        )
    if state is not None and state != draft.state:
        step(session, actor, draft, state)
    elif session.is_modified(draft):
        count(session, draft)
    return draft


def step(session: Session, actor: Actor, draft: Draft, to: str, detail: Mapping[str, Any] | None = None) -> None:
    """Bring a draft that is held to another state.

    Raises:
        Conflict: `draft_state`.
    """
    require_move(draft.state, to)
    was, draft.state = draft.state, to
    if to != "scheduled":
        draft.publish_at = draft.publication = None
    note(session, actor, draft, "state", {"from": was, "to": to, **(detail or {})})
    count(session, draft)


def count(session: Session, draft: Draft) -> None:
    """Store what was changed of a draft that is held, as its next revision."""
    draft.revision += 1
    draft.updated_at = func.now()
    session.flush()
    session.refresh(draft)


def comment(session: Session, actor: Actor, draft_id: int, text: str, *, at: tuple[float, float] | None = None) -> None:
    """Say something about a draft, of a place when told; it overwrites nothing, so it asks for no revision."""
    note(session, actor, _found(session, draft_id), "comment", {"text": text, **({"at": list(at)} if at else {})})


def note(session: Session, actor: Actor, draft: Draft, kind: str, detail: Mapping[str, Any] | None = None) -> None:
    """Write an event of a draft."""
    session.add(DraftEvent(draft_id=draft.id, actor=actor.name, kind=kind, detail=dict(detail) if detail else None))
    session.flush()


def draft_changed(session: Session, draft: Draft) -> Outdated:
    """The refusal of a write that was made for an older draft."""
    last = _last_change(session, draft)
    return Outdated(
        "draft_changed",
        f"{last['by']} changed this draft meanwhile ({last['what']}), so nothing was saved. Look, and do it again.",
        field="If-Match",
        values={"revision": draft.revision, **last},
    )


def _found(session: Session, draft_id: int, *, for_update: bool = False) -> Draft:
    # A row that the session knows already is read again, for another transaction may have written it. Its key is left
    # to others, or nobody could comment while somebody saves.
    lock = {"key_share": True} if for_update else None
    draft = session.get(Draft, draft_id, with_for_update=lock, populate_existing=True)
    if draft is None:
        raise NotFound("unknown_draft", f"There is no draft {draft_id}.", field="draft", value=draft_id)
    return draft


def _changes(session: Session, draft: Draft, base: Base, *, tip_at: datetime | None) -> Changes:
    if draft.tip is None:
        return Changes({}, {})

    def read() -> Changes:
        rows = session.execute(statement("draft_cells"), {"tip": draft.tip}).all()
        cells = {row.grid_no: None if row.geom is None else shapely.from_wkb(bytes(row.geom)) for row in rows}
        # What an edit put back as it was is not changed.
        same = {
            number
            for number, cell in cells.items()
            if number in base.cells and cell is not None and shapely.equals_identical(cell, base.cells[number])
        }
        kept = {number: cell for number, cell in cells.items() if number not in same}
        return Changes(kept, {row.grid_no: row.name for row in rows if row.name is not None})

    # An edit never changes, so what lies on its path never does; the instant tells it from one of a restored database.
    return _CHANGES.get((base.version.snapshot_id, draft.tip, tip_at), read)


def _settled(stored: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    for field in said:
        if field not in SETTINGS:
            raise BadInput(
                "unknown_word",
                f"'{field}' is no setting of a draft; known: {', '.join(SETTINGS)}.",
                field="settings",
                value=field,
            )
    both = {field: value for field, value in {**stored, **said}.items() if value is not None}
    settled(both)
    return both


def _last_change(session: Session, draft: Draft) -> dict[str, Any]:
    """By whom, when and by what the draft was changed last."""
    found: list[tuple[datetime, str, str]] = []
    for table, condition in (
        (DraftEdit, DraftEdit.draft_id == draft.id),
        (DraftEvent, (DraftEvent.draft_id == draft.id) & DraftEvent.kind.not_in(("comment", "exported"))),
    ):
        row = session.execute(
            select(table.at, table.actor, table.kind).where(condition).order_by(table.id.desc()).limit(1)
        ).one_or_none()
        found += [(row.at, row.actor, row.kind)] if row else []
    at, by, what = max(found)
    return {"by": by, "at": at.isoformat(), "what": what}
