"""The states of a draft, and who goes where from which."""

from __future__ import annotations

from collections.abc import Mapping

from layers.errors import Conflict

OPEN = "draft"
"""The one state in which a draft may be edited."""

MOVES: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"in_review", "scheduled", "published", "withdrawn"}),
    "in_review": frozenset({"draft", "approved", "withdrawn"}),
    "approved": frozenset({"draft", "scheduled", "published", "withdrawn"}),
    "scheduled": frozenset({"approved", "published", "withdrawn"}),
    "published": frozenset(),
    "withdrawn": frozenset(),
}
"""State -> the states that may follow it.

A draft may be published without a review, for a planner may work alone; one that is under review waits for its end. One
whose instant came and that could not be published then is approved again.
"""

BY_PUBLISHING = frozenset({"scheduled", "published"})
"""States that a draft reaches by being published, not by being told so."""


def require_move(state: str, to: str) -> None:
    """Refuse a step that is not among `MOVES`.

    Raises:
        Conflict: `draft_state`.

    >>> require_move("in_review", "approved")
    >>> require_move("withdrawn", "draft")
    Traceback (most recent call last):
    layers.errors.Conflict: A draft that is withdrawn stays so.
    """
    if to in MOVES[state]:
        return
    ways = ", ".join(sorted(MOVES[state]))
    raise Conflict(
        "draft_state",
        f"A draft that is {state} can become {ways}, not {to}." if ways else f"A draft that is {state} stays so.",
        field="state",
        value=to,
        values={"state": state, "next": sorted(MOVES[state])},
    )
