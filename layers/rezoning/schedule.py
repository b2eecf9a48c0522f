"""Scheduled drafts, published when their instant has come: each once, however many processes look after them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from data.session import unit_of_work
from data.sql import statement
from data.tables import Draft
from gis.errors import GridError
from layers.actor import SYSTEM
from layers.rezoning.carrying_out import Done
from layers.rezoning.drafts import step
from layers.rezoning.publishing import publish_scheduled


@dataclass(frozen=True)
class Due:
    """What became of a draft whose instant had come: it was published, or why it could not be."""

    draft_id: int
    done: Done | None
    refused: GridError | None = None


def publish_due(bind: Engine) -> list[Due]:
    """Publish the drafts that are due, soonest first.

    One that cannot be published is approved again, with an event that says why. Where the database is away nothing
    happens, and the draft is still due.

    Args:
        bind: Engine of the service role.
    """
    seen: list[Due] = []
    while (due := _next(bind, [one.draft_id for one in seen])) is not None:
        seen.append(due)
        if due.refused is not None:
            _give_back(bind, due.draft_id, due.refused)
    return seen


def _next(bind: Engine, seen: list[int]) -> Due | None:
    """Publish the first draft that is due, of those not seen yet; None when there is none."""
    draft_id: int | None = None
    try:
        with unit_of_work(bind) as session:
            draft_id = session.scalar(statement("due_draft"), {"seen": seen})
            if draft_id is None:
                return None
            return Due(draft_id, publish_scheduled(session, session.get_one(Draft, draft_id)))
    except GridError as refused:
        if draft_id is None:
            raise
        return Due(draft_id, None, refused)


def _give_back(bind: Engine, draft_id: int, refused: GridError) -> None:
    with unit_of_work(bind) as session:
        draft = session.get(Draft, draft_id, with_for_update=True)
        if draft is None or draft.state != "scheduled":
            return
        why = {"code": refused.code, "detail": refused.detail, "values": refused.values}
        step(session, SYSTEM, draft, "approved", {"not_published": why})
