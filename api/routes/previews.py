"""Previews of drafts: every consequence before anything changes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import canonical_json
from api.deps import TheReader
from api.etags import draft_tag
from api.routes.drafts import DraftNumber
from api.schemas.previews import PreviewAsked
from layers.rezoning.preview import preview

router = APIRouter(prefix="/drafts", tags=["drafts"])


@router.post("/{number}/preview")
def preview_draft(number: DraftNumber, session: TheReader, body: PreviewAsked | None = None) -> Response:
    """What a draft would change, with one more edit that is not saved; nothing is written.

    An edit that is refused is answered too: with its problems and where they are.
    """
    asked = body.edit.data() if body is not None and body.edit is not None else None
    found = preview(session, number, asked)
    tag = draft_tag({"id": number, **found})
    return Response(canonical_json({**found, "etag": tag}), media_type="application/json", headers={"ETag": tag})
