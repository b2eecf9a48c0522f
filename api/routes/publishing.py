"""Drafts published, now or at an instant to come; versions looked at, compared, brought back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.answers import canonical_json
from api.auth import TheActor
from api.deps import TheSession
from api.etags import IfMatch, SeenDraft, seen_version, versions_tag
from api.routes.drafts import DraftNumber, tagged
from api.schemas.publishing import DifferencesAsked, HistoryAsked, Publication, RollBack
from layers.grids.schemes import scheme_named
from layers.rezoning import history, publishing

router = APIRouter(tags=["publishing"])


@router.post("/drafts/{number}/publish", responses={202: {"description": "Scheduled for the instant named."}})
def publish_draft(
    number: DraftNumber, body: Publication, seen: SeenDraft, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Make a draft the boundaries of its scheme, from now on or from an instant to come."""
    revision, asked = seen.revision_of(number), body.asked()
    if body.at is None:
        done = publishing.publish(session, actor, number, revision=revision, asked=asked)
        tagged(session, number, response)
        return done.told()
    at = publishing.schedule(session, actor, number, revision=revision, asked=asked, at=body.at)
    tagged(session, number, response)
    response.status_code = 202
    return {"state": "scheduled", "publish_at": at.isoformat()}


@router.post("/drafts/{number}/withdraw")
def withdraw_draft(
    number: DraftNumber, seen: SeenDraft, actor: TheActor, session: TheSession, response: Response
) -> dict[str, Any]:
    """Give a draft up; one that is scheduled is not published."""
    publishing.withdraw(session, actor, number, revision=seen.revision_of(number))
    return tagged(session, number, response)


@router.get("/schemes/{name}/versions")
def versions(name: str, session: TheSession, response: Response) -> dict[str, Any]:
    """All versions of a scheme: since when, who, why, and how many grids each added, changed and ended."""
    found = history.versions(session, name)
    response.headers["ETag"] = versions_tag(found.pop("scheme_id"), found["newest"])
    return found


@router.get("/schemes/{name}/differences")
def differences(name: str, session: TheSession, asked: Annotated[DifferencesAsked, Query()]) -> Response:
    """The ground that changed hands between two versions as GeoJSON, and the grids concerned as a table."""
    found = history.differences(session, name, before=asked.before, after=asked.after)
    return Response(canonical_json(found), media_type="application/geo+json")


@router.post("/schemes/{name}/rollback")
def roll_back(name: str, body: RollBack, tag: IfMatch, actor: TheActor, session: TheSession) -> dict[str, Any]:
    """Bring an older version back as a new one; If-Match is the ETag of the scheme's versions."""
    done = publishing.roll_back(
        session,
        actor,
        name,
        to_version=body.version,
        seen_version=seen_version(tag, scheme_named(session, name).id),
        asked=body.asked(reinstated=True),
    )
    return done.told()


@router.get("/grids/history")
def history_of_place(session: TheSession, asked: Annotated[HistoryAsked, Query()]) -> dict[str, Any]:
    """Whose a place was in each version of a scheme, with the people who led there then."""
    return history.history_of_place(session, asked.lon, asked.lat, datum=asked.datum, scheme=asked.scheme)
