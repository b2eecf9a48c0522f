"""Grids: which one lies here, who answers for it today, how many cases each has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.answers import canonical_json, revalidated
from api.deps import TheSession
from api.schemas.grids import CountsAsked, PlaceAsked
from layers.cases.counts import Chosen, count_by_grid
from layers.cases.finding import described, find

router = APIRouter(tags=["grids"])


@router.get("/grids/at")
def grid_at(session: TheSession, asked: Annotated[PlaceAsked, Query()]) -> dict[str, Any]:
    """The grid that owned a place at an instant (now when not given), and the person who answers for it today."""
    now = datetime.now(UTC)
    at = asked.at or now
    found = find(session, asked.lon, asked.lat, datum=asked.datum, scheme=asked.scheme, at=at, now=now)
    return {"at": at.isoformat(), **described(found)}


@router.get("/layers/grids/counts")
def counts(request: Request, session: TheSession, asked: Annotated[CountsAsked, Query()]) -> Response:
    """Cases per grid of a scheme, with the sums by state and category."""
    chosen = Chosen(since=asked.since, until=asked.until, state=asked.state, category=asked.category)
    found = count_by_grid(session, asked.scheme, chosen)
    return revalidated(request, canonical_json(found), media_type="application/json")
