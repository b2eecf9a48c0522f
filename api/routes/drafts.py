"""Drafts of boundaries: made, edited, discussed, passed on."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Response
from sqlalchemy.orm import Session

from api.answers import as_file
from api.auth import TheActor
from api.deps import TheSession
from api.etags import SeenDraft, draft_tag
from api.schemas.drafts import Comment, DraftChange, NewDraft
from api.schemas.edits import Edit
from data.readers.features import read_features
from layers.errors import NotFound
from layers.rezoning import drafts, editing, exchange, reading

router = APIRouter(prefix="/drafts", tags=["drafts"])

_MOST_DIGITS = 18


def draft_number(number: str) -> int:
    """The number of a draft in an address.

    Raises:
        NotFound: `unknown_draft`.
    """
    if not (number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS):
        raise NotFound("unknown_draft", f"There is no draft {number[:40]}.", field="draft", value=number)
    return int(number)


DraftNumber = Annotated[int, Depends(draft_number)]


@router.get("")
def list_drafts(session: TheSession, scheme: Annotated[str | None, Query()] = None) -> dict[str, Any]:
    """All drafts, or those of a scheme."""
    return {"drafts": reading.listed(session, scheme=scheme)}


@router.post("", status_code=201)
def create_draft(body: NewDraft, actor: TheActor, session: TheSession, response: Response) -> dict[str, Any]:
    """Begin a draft on the newest version of a scheme."""
    made = drafts.create(session, actor, scheme=body.scheme, name=body.name)
    response.headers["Location"] = f"/api/v1/drafts/{made.id}"
    return tagged(session, made.id, response)


@router.get("/{number}")
def show_draft(number: DraftNumber, session: TheSession, response: Response) -> dict[str, Any]:
    """One draft with its edits and all that happened to it."""
    found = reading.detail(session, number)
    response.headers["ETag"] = draft_tag(found)
    return found


@router.patch("/{number}")
def change_draft(
    number: DraftNumber, body: DraftChange, seen: SeenDraft, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Rename a draft, change its settings, or bring it to another state."""
    revision = seen.revision_of(number)
    drafts.change(session, actor, number, revision=revision, name=body.name, state=body.state, settings=body.settings)
    return tagged(session, number, response)


@router.post("/{number}/comments", status_code=201)
def comment_on_draft(
    number: DraftNumber, body: Comment, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Say something about a draft; it overwrites nothing, so it needs no If-Match."""
    drafts.comment(session, actor, number, body.text, at=body.at)
    return show_draft(number, session, response)


@router.get("/{number}/changes")
def changes_of_draft(number: DraftNumber, session: TheSession, response: Response) -> dict[str, Any]:
    """What a draft changes of the version it started from."""
    tagged(session, number, response)  # first: a tag newer than the ground would let a write pass that saw the old one
    return reading.changes(drafts.opened(session, number))


@router.post("/{number}/edits")
def edit_draft(
    number: DraftNumber, body: Edit, seen: SeenDraft, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Make an edit; it is stored at once."""
    made = editing.save_edit(session, actor, number, body.data(), revision=seen.revision_of(number))
    return saved(session, made, response)


@router.post("/{number}/undo")
def undo(
    number: DraftNumber, seen: SeenDraft, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Take the last edit back."""
    return saved(session, editing.undo(session, actor, number, revision=seen.revision_of(number)), response)


@router.post("/{number}/redo")
def redo(
    number: DraftNumber, seen: SeenDraft, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Make the edit again that was taken back last."""
    return saved(session, editing.redo(session, actor, number, revision=seen.revision_of(number)), response)


@router.get("/{number}/export")
def export_draft(
    number: DraftNumber,
    actor: TheActor,
    session: TheSession,
    format_: Annotated[Literal["geojson", "gpkg"], Query(alias="format")] = "geojson",
) -> Response:
    """All grids of a draft as a file, to be edited elsewhere and brought back."""
    return as_file(f"draft-{number}.{format_}", partial(exchange.export, session, actor, number))


@router.post("/{number}/import")
def import_draft(
    number: DraftNumber,
    body: Annotated[dict[str, Any], Body(media_type="application/geo+json")],
    seen: SeenDraft,
    actor: TheActor,
    session: TheSession,
    response: Response,
) -> dict[str, Any]:
    """Bring GeoJSON back: what changed in it becomes one edit. Larger files go by `gridkeeper draft import`."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "body.geojson"
        file.write_text(json.dumps(body))
        frame = read_features(file)
    revision = seen.revision_of(number)
    return saved(session, exchange.bring_back(session, actor, number, frame, file=None, revision=revision), response)


def tagged(session: Session, number: int, response: Response) -> dict[str, Any]:
    """A draft as it is now, with its tag on the answer."""
    found = reading.described(session, number)
    response.headers["ETag"] = draft_tag(found)
    return found


def saved(session: Session, made: editing.Saved, response: Response) -> dict[str, Any]:
    """The answer to every edit: the draft, and the grids that changed by it."""
    draft = tagged(session, made.opened.draft.id, response)
    return {"draft": draft, **reading.edited(made.opened, made.edited)}
