"""Schemes of grids."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.deps import TheSession
from layers.cases.counts import schemes_with_counts

router = APIRouter(tags=["grids"])


@router.get("/schemes")
def schemes(session: TheSession) -> dict[str, Any]:
    """Every scheme that has ground today, with its bounds and sums."""
    return {"schemes": schemes_with_counts(session)}
