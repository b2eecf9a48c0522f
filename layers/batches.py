"""Import batches: what was read, with which options, what came of it, and the rows set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from data.readers.chunk import BadRow
from data.tables import ImportBatch, Quarantined
from layers.actor import Actor

Progress = Callable[[int], None]
"""Is told how much more of a long work is done."""


def unheard(_: int) -> None:
    """The progress that nobody follows."""


@dataclass
class Summary:
    """The sums of an import; `read` is the sum of the next four.

    Attributes:
        stored: Rows that are new.
        changed: Rows known by their source id whose values were brought up to date.
        already_there: Rows that say what is stored.
        quarantined: Rows set aside, with their reasons in `reasons`.
        facts: Further sums of one kind of import.
        remarks: Plain sentences for people.
    """

    batch_id: int
    dataset: str
    read: int = 0
    stored: int = 0
    changed: int = 0
    already_there: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        """All sums, for storing and for `--json`."""
        sums = {name: getattr(self, name) for name in ("read", "stored", "changed", "already_there", "quarantined")}
        return {**sums, "reasons": dict(self.reasons), **self.facts, "remarks": self.remarks}


def open_batch(
    session: Session, actor: Actor, *, kind: str, dataset: str, file: str, options: dict[str, Any]
) -> Summary:
    """Begin a batch."""
    values = {"kind": kind, "dataset": dataset, "file": file, "options": options, "actor": actor.name}
    return Summary(session.scalars(insert(ImportBatch).values(values).returning(ImportBatch.id)).one(), dataset)


def close_batch(session: Session, summary: Summary) -> None:
    """Write down what came of it."""
    session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == summary.batch_id)
        .values(finished_at=datetime.now(UTC), counts=summary.counts())
    )


def imported(session: Session, dataset: str, *kinds: str) -> tuple[object, ...] | None:
    """What tells all that imports of some kinds have brought to a city from what they had brought before.

    Each import is a batch of its own, and of two that run at one time the one begun first may end last. None where
    nothing was imported.
    """
    asked = select(func.max(ImportBatch.id), func.max(ImportBatch.started_at), func.count())
    row = session.execute(asked.where(ImportBatch.dataset == dataset, ImportBatch.kind.in_(kinds))).one()
    return tuple(row) if row[0] is not None else None


def quarantine(session: Session, summary: Summary, bad: Sequence[BadRow]) -> None:
    """Keep rows that were set aside until somebody mends them."""
    if bad:
        session.execute(
            insert(Quarantined),
            [
                {
                    "batch_id": summary.batch_id,
                    "row_no": row.row_no,
                    "field": row.field or "row",
                    "value": row.value,
                    "reason": row.reason,
                    "detail": row.detail,
                    "raw": row.raw,
                }
                for row in bad
            ],
        )


def quarantined_rows(session: Session, *, batch_id: int | None = None) -> list[BadRow]:
    """The rows set aside by one batch, by default the newest, in the order of the file."""
    if batch_id is None:
        batch_id = session.scalar(select(func.max(ImportBatch.id)))
    rows = session.scalars(
        select(Quarantined).where(Quarantined.batch_id == batch_id).order_by(Quarantined.row_no, Quarantined.id)
    )
    return [BadRow(row.row_no, row.field, row.value, row.reason, row.raw, row.detail) for row in rows]
