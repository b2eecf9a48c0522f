"""Schemes of grids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import TheReader, TheSession
from api.schemas.cases import Instant
from layers.cases.counts import schemes_with_counts
from layers.dispatch.uncovered import uncovered

router = APIRouter(tags=["grids"])


@router.get("/schemes")
def schemes(session: TheSession) -> dict[str, Any]:
    """Every scheme that has ground today, with its bounds and sums."""
    return {"schemes": schemes_with_counts(session)}


@router.get("/schemes/{name}/uncovered")
def show_uncovered(
    name: str,
    session: TheReader,
    at: Annotated[Instant | None, Query(description="The instant whose duties count; now when not given.")] = None,
) -> dict[str, Any]:
    """The grids that nobody of their own answers for, why, who answers in their place, and what waits there."""
    return uncovered(session, name, at=at or datetime.now(UTC))
