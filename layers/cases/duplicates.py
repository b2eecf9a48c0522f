"""Which open cases may be the same as a new report: of the same matter, this near and this close in time."""

from __future__ import annotations

from datetime import datetime
from math import cos, radians
from typing import Any

from layers.matters.held import Rule

# A degree of latitude is nowhere shorter than this.
_DEGREE_M = 110_500
MOST_OFFERED = 5


def search(rule: Rule | None, matter_id: int | None, *, lat: float, occurred_at: datetime) -> dict[str, Any]:
    """Parameters with which a statement looks for duplicates of a report; grids' borders have no say.

    Without a rule, or without a matter, nothing is alike.

    Args:
        rule: What the catalogue says of the matter.
        matter_id: The matter.
        lat: Where it happened, for a box in degrees around it.
        occurred_at: When it happened.
    """
    within_m = rule.same_within_m if rule else 0.0
    height = within_m / _DEGREE_M
    return {
        "same_matter": matter_id if within_m > 0 else None,
        "same_at": occurred_at,
        "same_within_m": within_m,
        "same_within_h": rule.same_within_h if rule else 0.0,
        "same_width": min(height / max(cos(radians(lat)), 1e-6), 360.0),
        "same_height": height,
        "same_most": MOST_OFFERED,
    }
