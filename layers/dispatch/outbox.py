"""Webhooks: other systems that are told what happens to cases, kept by who runs the service."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Webhook
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.events import OTHER_KINDS
from layers.cases.loop import states, steps
from layers.dispatch import feed
from layers.dispatch.cities import city
from layers.dispatch.feed import Cursor
from layers.errors import NotFound

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Added:
    """A new webhook: its number, and the secret that nobody is told a second time."""

    id: int
    secret: str
    cursor: Cursor


def add(
    session: Session,
    actor: Actor,
    url: str,
    *,
    tree: str | None = None,
    kinds: Sequence[str] | None = None,
    after: Cursor | None = None,
) -> Added:
    """Tell another system what happens.

    Args:
        session: An open session.
        actor: Who wants it.
        url: Where events are posted to.
        tree: Only the events of this city.
        kinds: Only events of these kinds.
        after: Where to begin; from now on if not given.

    Raises:
        BadInput: `bad_webhook_url`, `unknown_kind`.
        NotFound: `unknown_tree`.
        Outdated: `cursor_void`.
    """
    if tree is not None:
        city(session, tree)
    cursor = _reachable(session, after) if after else feed.now(session)
    made = Webhook(
        url=_checked(url),
        secret=secrets.token_urlsafe(32),
        tree=tree,
        kinds=_known(kinds) if kinds else None,
        cursor_xact=cursor.xact,
        cursor_id=cursor.id,
        actor=actor.name,
    )
    session.add(made)
    session.flush()
    return Added(made.id, made.secret, cursor)


def listed(session: Session) -> list[dict[str, Any]]:
    """All webhooks, without their secrets: where each has come to, what it said last, how much is before it."""
    rows = session.execute(statement("webhooks")).mappings()
    return [
        {
            **{name: value for name, value in row.items() if name not in ("cursor_xact", "cursor_id")},
            "cursor": str(Cursor(row["cursor_xact"], row["cursor_id"])),
        }
        for row in rows
    ]


def pause(session: Session, webhook_id: int) -> None:
    """Tell it nothing for a while; it loses nothing.

    Raises:
        NotFound: `unknown_webhook`.
    """
    _held(session, webhook_id).state = "paused"


def resume(session: Session, webhook_id: int) -> None:
    """Go on at once where it stopped, also with one that waits for its next try.

    Raises:
        NotFound: `unknown_webhook`.
    """
    _begin_now(_held(session, webhook_id))


def replay(session: Session, webhook_id: int, after: Cursor) -> None:
    """Tell it again everything after a place, in order, and go on from there.

    Raises:
        NotFound: `unknown_webhook`.
        Outdated: `cursor_void`.
    """
    found = _held(session, webhook_id)
    cursor = _reachable(session, after)
    found.cursor_xact, found.cursor_id = cursor.xact, cursor.id
    _begin_now(found)


def _begin_now(webhook: Webhook) -> None:
    # Another instant than the one that a sender has claimed it by: what that one brings back does not count any more.
    webhook.state, webhook.failures, webhook.next_try_at = "active", 0, datetime.now(UTC)


def _held(session: Session, webhook_id: int) -> Webhook:
    found = session.get(Webhook, webhook_id, with_for_update=True)
    if found is None:
        raise NotFound("unknown_webhook", f"There is no webhook {webhook_id}.", field="webhook", value=webhook_id)
    return found


def _reachable(session: Session, after: Cursor) -> Cursor:
    feed.read(session, after, 1)
    return after


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    # Whoever lists webhooks sees the address.
    if not fits or parts.username or parts.fragment or not _PRINTABLE.fullmatch(url) or len(url) > 2_000:
        raise BadInput(
            "bad_webhook_url",
            "The address must look like https://host/path, with http or https, and without a name or password in it.",
            field="url",
            value=url,
        )
    return url


def _known(kinds: Sequence[str]) -> list[str]:
    known = {*steps(), *states(), *OTHER_KINDS}
    for kind in kinds:
        if kind not in known:
            raise BadInput(
                "unknown_kind",
                f"No event is called '{kind}'; there are {', '.join(sorted(known))}.",
                field="kinds",
                value=kind,
            )
    return sorted(set(kinds))
