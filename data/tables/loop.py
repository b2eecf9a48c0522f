"""Tables of the loop: the clocks of cases, escalations, photos, letters, and the outbox to other systems."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.tables.catalogue import STAGES
from data.tables.ground import one_of
from data.types import Instant, Shape

# no_limit: the catalogue has none for it. beyond_calendar: its days are not known yet, a dispatcher must see to it.
# unmeasured: imported history of days that no calendar knows. stopped: the case is closed.
CLOCKS = ("no_limit", "running", "paused", "beyond_calendar", "unmeasured", "stopped")
LETTER_STATES = ("draft", "sent", "dropped")
WEBHOOK_STATES = ("active", "paused")


class CaseClock(Base):
    """One limit on one round of one step of a case; derived from its events, and stored so that it can be counted."""

    __tablename__ = "case_clocks"
    __table_args__ = (
        CheckConstraint(one_of("stage", STAGES), name="stage"),
        Index(None, "tree", "stage", "started_at"),
    )
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    milestone: Mapped[str] = mapped_column(Text, primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Instant)
    # Null where it cannot be measured.
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    met_at: Mapped[datetime | None] = mapped_column(Instant)
    # The step was left without the milestone: returned, merged, rejected. It is counted nowhere as met or missed.
    void: Mapped[bool] = mapped_column(server_default=text("false"))


class Escalation(Base):
    """A missed deadline went up one level; its key makes each happen once, whoever looks."""

    __tablename__ = "escalations"
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    # Who is told: the lead of the area of that level, or of the nearest one above that has somebody.
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # When the next level is told unless the deadline is met by then; null on the last one, and beyond the calendar.
    next_at: Mapped[datetime | None] = mapped_column(Instant)


class Letter(Base):
    """A letter that asks a department in for a talk: a draft until a person decides on it."""

    __tablename__ = "letters"
    __table_args__ = (CheckConstraint(one_of("state", LETTER_STATES), name="state"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    # The cases whose notices led to it.
    case_ids: Mapped[list[int]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="draft")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)


class Photo(Base):
    """A picture of a case; its file is named by the SHA-256 of its content."""

    __tablename__ = "photos"
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(Text, primary_key=True, index=True)
    media_type: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(Integer)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class StaffPosition(Base):
    """Where a person was last, by the phone."""

    __tablename__ = "staff_positions"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    accuracy_m: Mapped[float | None] = mapped_column()
    geom: Mapped[BaseGeometry] = mapped_column(Shape("POINT"))


class Webhook(Base):
    """Another system that is told of events: signed, in order, again until it answers."""

    __tablename__ = "webhooks"
    __table_args__ = (CheckConstraint(one_of("state", WEBHOOK_STATES), name="state"),)
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    # The city it wants to hear of; null for all.
    tree: Mapped[str | None] = mapped_column(Text)
    # Kinds of events it wants; null for all.
    kinds: Mapped[list[str] | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="active")
    # How far it was told: transaction, then event.
    cursor_xact: Mapped[int] = mapped_column(BigInteger)
    cursor_id: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    # While it is told something, far enough away that nobody else tells it the same.
    next_try_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    last_answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
