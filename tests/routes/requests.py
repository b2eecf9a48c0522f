"""Requests as clients send them, and the shape that every error has."""

from __future__ import annotations

from typing import Any

from httpx2 import Response

from tests.town import at

MEMBERS = {"type", "title", "status", "detail", "code", "field", "value", "where", "values"}


def a_report(column: float = 1, row: float = 0.25, **more: Any) -> dict[str, Any]:
    """A report from a place of the town; grid D01 when no place is said."""
    lon, lat = at(column, row)
    return {"lon": lon, "lat": lat, "datum": "wgs84", **more}


def asked_at(column: float, row: float, **more: Any) -> dict[str, Any]:
    """Parameters for /grids/at."""
    return a_report(column, row, **more)


def told(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem a response tells, checked for its shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    problem = response.json()
    assert set(problem) == MEMBERS
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"].endswith(f":{code}")
    assert problem["detail"].endswith(".")
    return dict(problem)
