"""Suggestions for a draft: small moves, which are only told, and a fresh partition, which is saved as an edit of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.answers import canonical_json
from api.auth import TheActor
from api.deps import TheReader, TheSession
from api.etags import SeenDraft
from api.routes.drafts import DraftNumber, saved
from api.schemas.suggestions import PartitionWanted, SuggestionsAsked
from layers.rezoning.parting import save_partition
from layers.rezoning.suggestions import suggestions

router = APIRouter(prefix="/drafts", tags=["drafts"])


@router.post("/{number}/suggestions")
def suggest_for_draft(number: DraftNumber, session: TheReader, body: SuggestionsAsked | None = None) -> Response:
    """Blocks that a grid could give to a neighbour so that loads are more even; nothing is written."""
    asked = body or SuggestionsAsked()
    found = suggestions(session, number, measure=asked.measure, weights=asked.weights, grids=asked.grids)
    return Response(canonical_json(found), media_type="application/json")


@router.post("/{number}/partition")
def partition_draft(
    number: DraftNumber,
    body: PartitionWanted,
    seen: SeenDraft,
    actor: TheActor,
    session: TheSession,
    response: Response,
) -> dict[str, Any]:
    """Deal the ground of some grids out anew; it is stored as one edit, which can be undone."""
    made = save_partition(session, actor, number, body.wish(), revision=seen.revision_of(number))
    return {**saved(session, made.saved, response), "partition": made.told}
