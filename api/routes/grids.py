"""Grids: which one lies here, who answers for it today, how many cases each has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.answers import canonical_json, revalidated
from api.deps import TheSession
from api.schemas.cases import Instant
from layers.cases.counts import Chosen, count_by_grid
from layers.cases.finding import described, find
from layers.grids.schemes import DEFAULT_SCHEME

router = APIRouter(tags=["grids"])


@router.get("/grids/at")
def grid_at(
    session: TheSession,
    lon: Annotated[float, Query(allow_inf_nan=False)],
    lat: Annotated[float, Query(allow_inf_nan=False)],
    datum: Annotated[str, Query(max_length=40)],
    at: Instant | None = None,
    scheme: str = DEFAULT_SCHEME,
) -> dict[str, Any]:
    """The grid that owned a place at an instant (now when not given), and the person who answers for it today."""
    now = datetime.now(UTC)
    found = find(session, lon, lat, datum=datum, scheme=scheme, at=at or now, now=now)
    return {"at": (at or now).isoformat(), **described(found)}


@router.get("/layers/grids/counts")
def counts(
    request: Request,
    session: TheSession,
    scheme: str = DEFAULT_SCHEME,
    since: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to")] = None,
    state: str | None = None,
    category: str | None = None,
) -> Response:
    """Cases per grid of a scheme, with the sums by state and category."""
    chosen = Chosen(since=since, until=until, state=state, category=category)
    found = count_by_grid(session, scheme, chosen)
    return revalidated(request, canonical_json(found), media_type="application/json")
