"""Edits of a draft, with undo and redo; each is stored at once, with the cells it changed.

The edits are a tree of which nothing is ever taken away. The tip is where undo and redo stand; what the draft says is
the path from the tip to the root. Undo moves the tip to the edit before, redo to the newest that came after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Draft, DraftCell, DraftEdit
from gis.edits import Edited
from gis.shapes import as_multipolygons
from layers.actor import Actor
from layers.errors import Conflict
from layers.rezoning.drafts import Opened, count, held, note, opened_of
from layers.rezoning.drawing import drawn, names_given
from layers.rezoning.states import OPEN


@dataclass(frozen=True)
class Saved:
    """What a saved change did.

    Attributes:
        opened: The draft as it is now.
        edited: The grids that changed by it, before and after.
    """

    opened: Opened
    edited: Edited


def save_edit(session: Session, actor: Actor, draft_id: int, edit: Mapping[str, Any], *, revision: int) -> Saved:
    """Make an edit and store it.

    Args:
        session: An open session.
        actor: Who edits.
        draft_id: Which draft.
        edit: The edit as data; see docs/planner.md.
        revision: The revision of the draft that the actor saw.

    Raises:
        NotFound: `unknown_draft`.
        Outdated: `draft_changed`.
        Conflict: `draft_not_open`.
        BadInput: The edit is refused; nothing was stored.
    """
    draft = held(session, draft_id, revision=revision)
    require_open(draft)
    now = opened_of(session, draft)
    made = drawn(session, now.ground, edit)
    return store_edit(session, actor, now, edit, made)


def store_edit(session: Session, actor: Actor, now: Opened, edit: Mapping[str, Any], made: Edited) -> Saved:
    """Store an edit that was made on a draft which is held and open; see `save_edit`."""
    draft = now.draft
    row = DraftEdit(draft_id=draft.id, parent_id=draft.tip, kind=edit["kind"], params=_as_kept(edit), actor=actor.name)
    session.add(row)
    session.flush()
    names = {**now.names, **names_given(edit, made)}
    session.add_all(
        DraftCell(
            edit_id=row.id,
            grid_no=number,
            geom=None if after is None else as_multipolygons([after])[0],
            name=names.get(number),
        )
        for number, after in zip(made.numbers, made.after, strict=True)
    )
    draft.tip = row.id
    count(session, draft)
    return Saved(opened_of(session, draft), made)


def undo(session: Session, actor: Actor, draft_id: int, *, revision: int) -> Saved:
    """Go back to before the edit at the tip; the edit stays.

    Raises:
        Conflict: `nothing_to_undo`, `draft_not_open`; and as `save_edit`.
    """
    draft = held(session, draft_id, revision=revision)
    require_open(draft)
    if draft.tip is None:
        raise Conflict("nothing_to_undo", "The draft has no edit that could be undone.")
    edit = session.get_one(DraftEdit, draft.tip)
    return _walk(session, actor, draft, edit.parent_id, "undone", edit)


def redo(session: Session, actor: Actor, draft_id: int, *, revision: int) -> Saved:
    """Make the edit again that was undone last.

    Raises:
        Conflict: `nothing_to_redo`, `draft_not_open`; and as `save_edit`.
    """
    draft = held(session, draft_id, revision=revision)
    require_open(draft)
    edit = session.scalar(
        select(DraftEdit)
        .where(DraftEdit.draft_id == draft.id, DraftEdit.parent_id.is_not_distinct_from(draft.tip))
        .order_by(DraftEdit.id.desc())
        .limit(1)
    )
    if edit is None:
        raise Conflict("nothing_to_redo", "There is no edit that was undone here.")
    return _walk(session, actor, draft, edit.id, "redone", edit)


def require_open(draft: Draft) -> None:
    """Refuse to edit a draft that is under review, or past it.

    Raises:
        Conflict: `draft_not_open`.
    """
    if draft.state != OPEN:
        raise Conflict(
            "draft_not_open",
            f"The draft is {draft.state}; it can be edited when it is brought back to {OPEN}.",
            field="state",
            value=draft.state,
            values={"state": draft.state},
        )


def _walk(session: Session, actor: Actor, draft: Draft, to: int | None, kind: str, edit: DraftEdit) -> Saved:
    """Put the tip elsewhere; what changes are the grids of the edit between."""
    before = opened_of(session, draft).ground
    numbers = tuple(
        session.scalars(select(DraftCell.grid_no).where(DraftCell.edit_id == edit.id).order_by(DraftCell.grid_no))
    )
    draft.tip = to
    note(session, actor, draft, kind, {"edit": edit.id, "kind": edit.kind})
    count(session, draft)
    now = opened_of(session, draft)
    then, after = (tuple(ground.get(number) for number in numbers) for ground in (before, now.ground))
    return Saved(now, Edited(numbers, then, after))


def _as_kept(edit: Mapping[str, Any]) -> dict[str, Any]:
    """The edit as it came; of whole grids only the numbers, for their ground is in the cells."""
    if edit["kind"] != "replace":
        return dict(edit)
    return {**edit, "cells": [cell["grid_no"] for cell in edit["cells"]]}
