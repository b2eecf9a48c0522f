"""A key that a client sends along makes a repeat harmless: it gets the first answer again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.as_json import as_json
from layers.actor import Actor
from layers.errors import Conflict


@dataclass(frozen=True)
class Claim:
    """An idempotency key with a fingerprint of the request's body."""

    key: str
    body_hash: str


@dataclass(frozen=True)
class Receipt:
    """What a caller is told.

    Attributes:
        answer: What was done.
        is_replay: Whether this is the answer to an earlier request with the same key.
    """

    answer: dict[str, Any]
    is_replay: bool = False


def first_answer(session: Session, actor: Actor, claim: Claim | None) -> dict[str, Any] | None:
    """The answer to the first request with a key; None without one.

    Raises:
        Conflict: `key_reused`: the first request had another body.
    """
    if claim is None:
        return None
    row = session.execute(
        text("SELECT body_hash, answer FROM idempotency_keys WHERE actor = :actor AND key = :key"),
        {"actor": actor.name, "key": claim.key},
    ).one_or_none()
    if row is not None and row.body_hash != claim.body_hash:
        raise Conflict(
            "key_reused",
            "This Idempotency-Key came before with another body; use a new key for a new request.",
            field="Idempotency-Key",
            value=claim.key,
        )
    return None if row is None else row.answer


def keep_answer(session: Session, actor: Actor, claim: Claim, answer: dict[str, Any]) -> None:
    """Keep the answer for a repeat.

    Raises:
        Conflict: `key_reused`: somebody used the key for another request meanwhile.
    """
    kept = session.execute(
        text(
            "INSERT INTO idempotency_keys (actor, key, body_hash, answer) "
            "VALUES (:actor, :key, :body_hash, CAST(:answer AS jsonb)) ON CONFLICT DO NOTHING RETURNING key"
        ),
        {"actor": actor.name, "key": claim.key, "body_hash": claim.body_hash, "answer": as_json(answer)},
    )
    if kept.one_or_none() is None:
        first_answer(session, actor, claim)
