"""Publish a draft, now or at an instant to come; bring an older version back. One transaction each.

Locks are taken in one order everywhere: the draft, then the city (`layers.grids.guard`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Draft, Grid, Scheme
from gis.errors import BadInput
from layers.actor import Actor
from layers.errors import Conflict, Outdated
from layers.grids.guard import publish_alone
from layers.grids.publish import require_later, require_unscheduled
from layers.grids.schemes import scheme_named
from layers.rezoning.carrying_out import Asked, Done, carry_out
from layers.rezoning.drafts import Opened, count, held, note, opened_of, step
from layers.rezoning.ground import Base, Ground, base_of
from layers.rezoning.history import changed_grids
from layers.rezoning.replacing import require_tiled
from layers.rezoning.states import require_move

Changed = Mapping[int, BaseGeometry | None]


def publish(session: Session, actor: Actor, draft_id: int, *, revision: int, asked: Asked) -> Done:
    """Make a draft the scheme's boundaries from now on.

    Args:
        session: An open session; all or nothing.
        actor: Who publishes.
        draft_id: Which draft; one that is drawn or approved.
        revision: The revision that the actor saw.
        asked: What was said of it.

    Raises:
        NotFound: `unknown_draft`.
        Outdated: `draft_changed`.
        Conflict: `draft_state`, `draft_stale`, `nothing_to_publish`, `version_order`, and as `carry_out`.
        BadInput: `tiling_not_kept`, `ground_lost`, and as `carry_out`.
    """
    draft = held(session, draft_id, revision=revision)
    now = _ready(session, draft, "published")
    since = datetime.now(UTC)
    require_later(session, now.scheme, since)
    return _publish(session, actor, now, now.ground.base, _changes(now), asked=asked, since=since)


def schedule(session: Session, actor: Actor, draft_id: int, *, revision: int, asked: Asked, at: datetime) -> datetime:
    """Have a draft published at an instant to come; `publish_due` does it then.

    Until then the draft can be withdrawn, and nobody else publishes boundaries of the grids that it changes.

    Raises:
        BadInput: `not_in_the_future`, and as `publish`.
        Conflict: As `publish`.
    """
    draft = held(session, draft_id, revision=revision)
    if at <= datetime.now(UTC):
        raise BadInput(
            "not_in_the_future",
            f"{at.isoformat()} is over; name an instant to come, or none to publish now.",
            field="at",
            value=at.isoformat(),
        )
    now = _ready(session, draft, "scheduled")
    require_later(session, now.scheme, at)
    require_unscheduled(session, now.scheme, [*_changes(now).keys() & now.ground.base.cells.keys()], since=None)
    draft.publish_at = at
    draft.publication = {**asdict(asked), "actor": actor.name, "role": actor.role}
    step(session, actor, draft, "scheduled", {"at": at.isoformat(), "reason": asked.reason})
    return at


def withdraw(session: Session, actor: Actor, draft_id: int, *, revision: int) -> Draft:
    """Give a draft up for good; one that is scheduled is not published then.

    Raises:
        NotFound: `unknown_draft`.
        Outdated: `draft_changed`.
        Conflict: `draft_state`.
    """
    draft = held(session, draft_id, revision=revision)
    step(session, actor, draft, "withdrawn")
    return draft


def publish_scheduled(session: Session, draft: Draft) -> Done:
    """Publish a scheduled draft whose instant has come, as of that instant.

    What was published elsewhere in the scheme meanwhile does no harm: where none of the draft's grids changed and all
    still tiles, the draft is carried over to the newest version.

    Args:
        session: An open session; all or nothing.
        draft: The draft, kept from others.

    Raises:
        Conflict: As `publish`.
        BadInput: As `publish`.
    """
    if draft.publish_at is None or draft.publication is None:
        raise ValueError(f"draft {draft.id} is not scheduled")
    said = dict(draft.publication)
    actor = Actor(said.pop("actor"), (said.pop("role"),))
    scheme = session.get_one(Scheme, draft.scheme_id)
    publish_alone(session, scheme)
    now = opened_of(session, draft)
    base = base_of(session, scheme)
    changed, names = _carried_over(session, now, base)
    require_tiled(Ground(base, {}), changed)
    begun = base.version.since or datetime.min.replace(tzinfo=UTC)
    since = max(draft.publish_at, begun + timedelta(microseconds=1))
    return _publish(session, actor, now, base, changed, names=names, asked=Asked(**said), since=since)


def roll_back(session: Session, actor: Actor, scheme: str, *, to_version: int, seen_version: int, asked: Asked) -> Done:
    """Bring the ground of an older version back as a new version: the same grids, with their numbers and codes.

    Args:
        session: An open session; all or nothing.
        actor: Who does it.
        scheme: Name of the scheme.
        to_version: The version to bring back.
        seen_version: The newest version that the actor saw.
        asked: What was said of it.

    Raises:
        NotFound: `unknown_scheme`, `unknown_version`.
        Outdated: `versions_changed`.
        Conflict: `nothing_to_publish`, `version_order`, and as `carry_out`.
    """
    found = scheme_named(session, scheme)
    publish_alone(session, found)
    if found.version != seen_version:
        raise Outdated(
            "versions_changed",
            f"Version {found.version} of scheme '{scheme}' was published meanwhile, so nothing was done. Look, and do "
            "it again.",
            field="If-Match",
            values={"version": found.version},
        )
    then, base = base_of(session, found, to_version), base_of(session, found)
    changed: Changed = {
        number: then.cells.get(number)
        for number in sorted(then.cells.keys() | base.cells.keys())
        if not _same(then.cells.get(number), base.cells.get(number))
    }
    _require_some(changed)
    since = datetime.now(UTC)
    require_later(session, found, since)
    return carry_out(session, actor, found, base, changed, names={}, asked=asked, since=since)


def _ready(session: Session, draft: Draft, to: str) -> Opened:
    """A draft that is held, with its scheme had alone, after all that can be in its way was looked at."""
    require_move(draft.state, to)
    scheme = session.get_one(Scheme, draft.scheme_id)
    publish_alone(session, scheme)
    if draft.base_version != scheme.version:
        raise _stale(session, draft, scheme)
    now = opened_of(session, draft)
    changed = _changes(now)
    _require_some(changed)
    require_tiled(Ground(now.ground.base, {}), changed)
    return now


def _publish(
    session: Session,
    actor: Actor,
    now: Opened,
    base: Base,
    changed: Changed,
    *,
    asked: Asked,
    since: datetime,
    names: Mapping[int, str] | None = None,
) -> Done:
    draft = now.draft
    done = carry_out(
        session,
        actor,
        now.scheme,
        base,
        changed,
        names=now.names if names is None else names,
        asked=asked,
        since=since,
        draft_id=draft.id,
    )
    draft.state, draft.published_version = "published", done.version
    count(session, draft)
    note(session, actor, draft, "published", {"reason": asked.reason, **done.told()})
    return done


def _changes(now: Opened) -> Changed:
    """What a draft changes of its base, less the grids that it made and ended again."""
    cells = now.ground.base.cells
    return {number: ground for number, ground in now.ground.changed.items() if ground is not None or number in cells}


def _carried_over(session: Session, now: Opened, base: Base) -> tuple[Changed, Mapping[int, str]]:
    """The changes of a draft on a newer version than the one it was drawn on, and the names of its new grids."""
    then, changed = now.ground.base, _changes(now)
    if then.version.number == base.version.number:
        return changed, now.names
    if any(not _same(then.cells[number], base.cells.get(number)) for number in changed if number in then.cells):
        raise _stale(session, now.draft, now.scheme)
    new = sorted(number for number in changed if number not in then.cells)
    highest = session.scalar(select(func.max(Grid.grid_no)).where(Grid.scheme_id == now.scheme.id)) or 0
    # Other grids may have got these numbers meanwhile; the order stays, and so does who owns a border.
    number_of = {number: highest + 1 + place for place, number in enumerate(new)}
    names = {number_of.get(number, number): name for number, name in now.names.items()}
    return {number_of.get(number, number): ground for number, ground in changed.items()}, names


def _same(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(shapely.equals_identical(one, other))


def _require_some(changed: Changed) -> None:
    if not changed:
        raise Conflict("nothing_to_publish", "No grid would have other ground than it has; nothing was published.")


def _stale(session: Session, draft: Draft, scheme: Scheme) -> Conflict:
    grids = changed_grids(session, scheme, draft.base_version, scheme.version)
    told = ", ".join(f"{one['name']} ({one['status']})" for one in grids[:10])
    return Conflict(
        "draft_stale",
        f"Version {scheme.version} was published after the draft was begun on version {draft.base_version}, and "
        f"changed {len(grids)} grids: {told}. Draw what is still wanted in a new draft.",
        field="base_version",
        value=draft.base_version,
        values={"base_version": draft.base_version, "newest_version": scheme.version, "grids": grids},
    )
