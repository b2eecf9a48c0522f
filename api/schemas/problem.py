"""The one shape of every error."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """An error as RFC 9457 has it, with our members; each member is always there."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None
    value: str | None
    where: dict[str, Any] | None
    values: dict[str, Any]
