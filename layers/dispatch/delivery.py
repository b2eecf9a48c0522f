"""Telling webhooks: signed batches in order, again until they are taken; at least once, and never past a gap."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import urllib3
from sqlalchemy import Engine, Row, text
from urllib3.exceptions import HTTPError

from data.session import read_only, unit_of_work
from data.sql import statement
from layers.dispatch import feed
from layers.dispatch.feed import Cursor, Event, Page
from layers.errors import Outdated

MOST_EVENTS = 100
# Longer than one try can take; after that another process may try.
_LEASE_S = 120.0
_CONNECT_S, _ANSWER_S = 3.0, 5.0
_LONGEST_WAIT_S = 3_600.0
_LOG = logging.getLogger("gridkeeper")


@dataclass(frozen=True)
class Answer:
    """What came of one try.

    Attributes:
        is_taken: Whether the other side has it.
        said: What it answered, for the record.
    """

    is_taken: bool
    said: dict[str, Any] | None = None


def deliver_next(bind: Engine) -> bool:
    """Tell one webhook its next events; whether there was one that had something to be told.

    Args:
        bind: Engine of the service role.
    """
    with unit_of_work(bind) as session:
        claimed = session.execute(statement("claim_webhook"), {"lease_s": _LEASE_S}).one_or_none()
    if claimed is None:
        return False
    try:
        with read_only(bind) as session:
            page = feed.read(session, Cursor(claimed.cursor_xact, claimed.cursor_id), MOST_EVENTS)
    except Outdated as void:
        _give_up(bind, claimed, void)
        return True
    wanted = [event for event in page.events if _wants(claimed, event)]
    _settle(bind, claimed, page, _post(claimed, page, wanted) if wanted else Answer(True))
    return True


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What proves that a batch is ours: the HMAC-SHA256 of timestamp, full stop and body.

    >>> signature("secret", "1790000000", b"{}")[:15]
    'sha256=d0cadd43'
    """
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _wants(webhook: Row[Any], event: Event) -> bool:
    return webhook.tree in (None, event.tree) and (webhook.kinds is None or event.kind in webhook.kinds)


def _post(webhook: Row[Any], page: Page, events: Sequence[Event]) -> Answer:
    body = (
        f'{{"webhook": {webhook.id}, "after": "{Cursor(webhook.cursor_xact, webhook.cursor_id)}", '
        f'"cursor": "{page.cursor}", "events": [{",".join(event.body for event in events)}]}}'
    ).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "gridkeeper",
        "X-Gridkeeper-Webhook": str(webhook.id),
        "X-Gridkeeper-Timestamp": timestamp,
        "X-Gridkeeper-Signature": signature(webhook.secret, timestamp, body),
    }
    tried = {"at": datetime.now(UTC).isoformat(), "events": len(events)}
    try:
        # What it says beside the status is not read: it may be endless.
        answer = _client().request("POST", webhook.url, body=body, headers=headers, preload_content=False)
        answer.close()
    except (HTTPError, OSError) as fault:
        return Answer(False, {**tried, "status": None, "fault": type(fault).__name__})
    return Answer(200 <= answer.status < 300, {**tried, "status": answer.status, "fault": None})


@cache
def _client() -> urllib3.PoolManager:
    # A redirect would send the city's cases to a place that nobody entered.
    limits = urllib3.Timeout(connect=_CONNECT_S, read=_ANSWER_S)
    return urllib3.PoolManager(retries=False, timeout=limits)


def _settle(bind: Engine, webhook: Row[Any], page: Page, answer: Answer) -> None:
    failures = 0 if answer.is_taken else webhook.failures + 1
    cursor = page.cursor if answer.is_taken else Cursor(webhook.cursor_xact, webhook.cursor_id)
    wait_s = 0.0 if answer.is_taken else min(2.0 ** min(failures, 20), _LONGEST_WAIT_S)
    values = {
        "id": webhook.id,
        "lease": webhook.next_try_at,
        "xact": cursor.xact,
        "event_id": cursor.id,
        "failures": failures,
        "wait_s": wait_s,
        "answer": json.dumps(answer.said) if answer.said else None,
    }
    with unit_of_work(bind) as session:
        session.execute(statement("settle_webhook"), values)
    if failures == 1:
        _LOG.warning("webhook %s does not take its events: %s", webhook.id, answer.said)


def _give_up(bind: Engine, webhook: Row[Any], void: Outdated) -> None:
    """Where a database was restored, only a person can say from where on to tell it."""
    said = json.dumps({"at": datetime.now(UTC).isoformat(), "events": 0, "status": None, "fault": void.code})
    with unit_of_work(bind) as session:
        session.execute(
            text("UPDATE webhooks SET state = 'paused', last_answer = CAST(:said AS jsonb) WHERE id = :id"),
            {"id": webhook.id, "said": said},
        )
    _LOG.warning("webhook %s is paused: %s", webhook.id, void)
