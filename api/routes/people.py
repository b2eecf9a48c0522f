"""Who should have a case, which others may be the same, and where people are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.auth import TheActor
from api.deps import TheReader, TheSession
from api.schemas.staff import PositionTold
from layers.dispatch.choices import choices, duplicates
from layers.dispatch.nearest import keep_position

router = APIRouter(tags=["people"])


@router.get("/cases/{number}/choices")
def case_choices(number: str, actor: TheActor, session: TheReader) -> dict[str, Any]:
    """The three best owners of a case, with confidence and reasons; who assists; for an urgent case who is near."""
    return choices(session, actor, number)


@router.get("/cases/{number}/duplicates")
def case_duplicates(number: str, session: TheReader) -> list[dict[str, Any]]:
    """Open cases that may be the same: of the same matter, near and of about the same time, across borders too."""
    return duplicates(session, number)


@router.put("/staff/{staff_no}/position")
def tell_position(
    staff_no: str,
    body: PositionTold,
    actor: TheActor,
    session: TheSession,
    tree: Annotated[str | None, Query(description="The city; that of the scheme `duty` when not given.")] = None,
) -> dict[str, Any]:
    """Tell where one is; a position that comes late does not take the place of a newer one."""
    return keep_position(session, actor, staff_no, body.fix(), tree=tree)
