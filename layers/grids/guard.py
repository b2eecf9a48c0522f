"""Boundaries stay what they were judged by: who writes placements holds the versions, who publishes has them alone."""

from __future__ import annotations

import json

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.tables import Scheme
from layers.errors import Conflict


class BoundariesChanged(Conflict):
    """What was judged was judged by boundaries that are not the newest any more; judging it again helps."""

    def __init__(self) -> None:
        super().__init__(
            "boundaries_changed",
            "New boundaries were published while positions were judged by the old ones, so those were not stored. "
            "Do it again; what was stored before stays.",
        )


def hold_versions(session: Session, judged_by: dict[int, int], *, whole_city: bool) -> None:
    """Keep publications away until the transaction ends, if none came between judging and now.

    Call it as late as possible: nothing is published and no other writer of the city starts behind a waiting
    publication before this transaction ends.

    Args:
        session: An open session; the placements are part of its transaction.
        judged_by: Scheme id to the newest version that the judge knew, read no later than the boundaries.
        whole_city: Whether a place in every scheme of the city is written, so that a scheme which is none of these
            makes them stale.

    Raises:
        BoundariesChanged: A version is not the newest any more; roll back.
    """
    session.flush()  # what this transaction itself published counts
    values = {"judged_by": json.dumps(judged_by), "whole_city": whole_city}
    if not session.scalar(text("SELECT hold_versions(CAST(:judged_by AS jsonb), :whole_city)"), values):
        raise BoundariesChanged


def keep_publications_away(session: Session, case_id: int) -> None:
    """Let nothing be published in a case's city until the transaction ends; what is judged from here on stays right.

    Call it before the case is locked: a publication that has the city alone locks its cases.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock_shared(hashtext('publication'), hashtext(tree)) FROM cases WHERE id = :id"),
        {"id": case_id},
    )


def publish_alone(session: Session, scheme: Scheme) -> None:
    """Wait for all who hold versions in the scheme's city, then have the scheme alone, as it is now."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('publication'), hashtext(:tree))"), {"tree": scheme.tree}
    )
    session.refresh(scheme, with_for_update=True)
