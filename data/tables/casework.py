"""Tables of casework: cases, their append-only events, placements, import batches, quarantine."""

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
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.tables.catalogue import PLACE_CLASSES, URGENCIES
from data.tables.ground import one_of
from data.tables.loop import CLOCKS
from data.types import Instant, Shape

# What each means, and which step leads where: data/loop.
STATES = (
    "reported",
    "on_site",
    "queued",
    "returned",
    "dispatched",
    "handling",
    "extension_asked",
    "suspended",
    "deferred",
    "waiting",
    "fed_back",
    "verified",
    "assessed",
    "archived",
    "rejected",
    "merged",
)
# The states in which nobody has anything to do any more; data/loop says so, and the index of the open cases.
CLOSED_STATES = ("archived", "rejected", "merged")
# received: nobody said when it happened, so the time of receipt stands for it.
PRECISIONS = ("instant", "day", "received")


class ImportBatch(Base):
    """One run of an import: its file, options and sums."""

    __tablename__ = "import_batches"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    dataset: Mapped[str] = mapped_column(Text)
    file: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Instant, server_default=func.clock_timestamp())
    # Null while running and after a crash: such a batch is safe to run again, rows are known by source id.
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class Quarantined(Base):
    """A row that could not be used, with the reason; kept until somebody mends it."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"), index=True)
    row_no: Mapped[int] = mapped_column(BigInteger)
    field: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    raw: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Case(Base):
    """A report from the day it comes in; its number is its id."""

    __tablename__ = "cases"
    __table_args__ = (
        # The column that tells rows apart goes first: a bulk import compares keys by the million.
        UniqueConstraint("source_id", "dataset", "tree"),
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint(one_of("occurred_precision", PRECISIONS), name="precision"),
        CheckConstraint("(state = 'queued') = (queue_reason IS NOT NULL)", name="queue_has_reason"),
        CheckConstraint(one_of("urgency", URGENCIES), name="urgency"),
        CheckConstraint(one_of("place_class", PLACE_CLASSES), name="place_class"),
        CheckConstraint(one_of("clock", CLOCKS), name="clock"),
        CheckConstraint("(clock = 'running') = (due_at IS NOT NULL)", name="running_has_deadline"),
        CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_into_one"),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "occurred_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        # What came in within a period; cases that come in one by one lie in this order.
        Index(None, "received_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        Index(None, "task_grid_id", postgresql_where=text("task_grid_id IS NOT NULL")),
        # Who looks at the clocks asks for the earliest deadlines, and for how many have passed.
        Index(None, "tree", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
        Index(None, "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        # The open cases, in the order in which they are to be seen to.
        Index(
            "ix_cases_queue",
            "tree",
            text("(clock <> 'beyond_calendar')"),
            text("COALESCE(due_at, 'infinity')"),
            "id",
            postgresql_where=text(f"NOT ({one_of('state', CLOSED_STATES)})"),
        ),
        # What may be the same as a new report is looked for among these alone, however many years of cases lie there.
        Index(
            "ix_cases_open_geom",
            "geom",
            postgresql_using="gist",
            postgresql_where=text(f"NOT ({one_of('state', CLOSED_STATES)})"),
        ),
    )
    # Numbers are read out on the phone: eight digits from the first case on.
    id: Mapped[int] = mapped_column(BigInteger, Identity(start=10_000_001), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    scheme_id: Mapped[int] = mapped_column(Integer)
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    dataset: Mapped[str | None] = mapped_column(Text)
    source_id: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    queue_reason: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    occurred_precision: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(Instant)
    raw_x: Mapped[float] = mapped_column()
    raw_y: Mapped[float] = mapped_column()
    raw_datum: Mapped[str] = mapped_column(Text)
    # Who has the task today, and who led the owning grid when it happened if that is somebody else.
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    owner_staff_id: Mapped[int | None] = mapped_column(BigInteger)
    # Set when the owning grid is gone and the task went to today's grid on the same ground.
    task_grid_id: Mapped[int | None] = mapped_column(BigInteger)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    geom: Mapped[BaseGeometry] = mapped_column(Shape("POINT"))
    matter_id: Mapped[int | None] = mapped_column(BigInteger)
    urgency: Mapped[str] = mapped_column(Text, server_default="normal")
    place_class: Mapped[str] = mapped_column(Text, server_default="city")
    # The unit that handles it, and those that assist; the first asked keeps the lead.
    department_id: Mapped[int | None] = mapped_column(BigInteger)
    assisting: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    # Rises with every event: who writes says what was seen.
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    # All below follow from the events and can be worked out again from them.
    clock: Mapped[str] = mapped_column(Text, server_default="no_limit")
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    due_milestone: Mapped[str | None] = mapped_column(Text)
    paused_state: Mapped[str | None] = mapped_column(Text)
    reworks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    returns: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    level: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    supervised: Mapped[bool] = mapped_column(server_default=text("false"))
    merged_into: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class CaseEvent(Base):
    """What happened to a case; rows are only ever added."""

    __tablename__ = "case_events"
    __table_args__ = (
        Index(None, "xact", "id", postgresql_where=text("xact IS NOT NULL")),
        Index("ix_case_events_notices", "at", postgresql_where=text("kind = 'notify'")),
    )
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    scheme_version: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # Where the actor was, if the phone told.
    geom: Mapped[BaseGeometry | None] = mapped_column(Shape("POINT"))
    # The transaction that wrote it: readers go by this, then by id, so that one that commits late is not missed.
    # Null for what an import brought: nobody follows that live.
    xact: Mapped[int | None] = mapped_column(
        BigInteger, server_default=text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
    )


class Placement(Base):
    """Where one case lies in one scheme, judged by the boundaries of one version.

    Cases, schemes and grids are never deleted and `gridkeeper check` looks up every reference to them, so the
    millions of rows here carry no foreign keys: they were about two fifths of a bulk import.
    """

    __tablename__ = "placements"
    __table_args__ = (
        CheckConstraint("grid_id IS NOT NULL OR nearest_grid_id IS NOT NULL", name="never_silent"),
        CheckConstraint("(grid_id IS NULL) = (outside_m IS NOT NULL)", name="outside_has_distance"),
        CheckConstraint("(override_grid_id IS NULL) = (override_by IS NULL)", name="override_has_actor"),
        Index(None, "grid_id", postgresql_where=text("routing")),
    )
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    scheme_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    grid_id: Mapped[int | None] = mapped_column(BigInteger)
    nearest_grid_id: Mapped[int | None] = mapped_column(BigInteger)
    outside_m: Mapped[float | None] = mapped_column()
    edge_distance_m: Mapped[float | None] = mapped_column()
    near_border: Mapped[bool] = mapped_column()
    second_grid_id: Mapped[int | None] = mapped_column(BigInteger)
    # The one placement by which the case was dispatched.
    routing: Mapped[bool] = mapped_column()
    override_grid_id: Mapped[int | None] = mapped_column(BigInteger)
    override_by: Mapped[str | None] = mapped_column(Text)
    override_reason: Mapped[str | None] = mapped_column(Text)


class IdempotencyKey(Base):
    """A key a client sent with a request, claimed by inserting it, and the first answer."""

    __tablename__ = "idempotency_keys"
    actor: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    body_hash: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    claimed_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
