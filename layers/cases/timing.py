"""Working days and rules come in together with the deadlines that follow from them for cases that are there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from layers.actor import Actor
from layers.batches import Summary
from layers.cases.winding import wind_beyond_calendar, wind_since
from layers.matters.calendars import import_calendar
from layers.matters.publishing import import_catalogue


def take_calendar(
    session: Session, actor: Actor, chunks: Iterable[Chunk], *, tree: str, name: str, zone: str, file: str
) -> Summary:
    """Take in the days of a calendar, and give deadlines to the cases that waited for them.

    Args:
        session: An open session.
        actor: Who imports.
        chunks, tree, name, zone, file: As for `layers.matters.calendars.import_calendar`.

    Returns:
        The sums; `waited` of the facts is how many cases are shown with another deadline now.

    Raises:
        GridError: As `import_calendar`.
    """
    summary = import_calendar(session, actor, chunks, tree=tree, name=name, zone=zone, file=file)
    waited = wind_beyond_calendar(session, actor, tree)
    summary.facts["waited"] = waited
    if waited:
        summary.remarks.append(f"The deadlines of {waited} cases that waited for more days were worked out again.")
    return summary


def take_catalogue(
    session: Session, actor: Actor, folder: Path, *, tree: str, since: datetime | None = None, reason: str = "import"
) -> Summary:
    """Publish the next version of a city's catalogue, and give clocks to the cases that came in since it holds.

    Args:
        session: An open session.
        actor: Who publishes.
        folder, tree, since, reason: As for `layers.matters.publishing.import_catalogue`.

    Raises:
        GridError: As `import_catalogue`.
    """
    summary = import_catalogue(session, actor, folder, tree=tree, since=since, reason=reason)
    # Only a first one may begin in the past, before cases that are there already.
    wound = wind_since(session, actor, tree, since) if since and summary.facts["version"] == 1 else 0
    if wound:
        summary.remarks.append(f"The deadlines of {wound} cases that came in since then were worked out.")
    return summary
