"""Tables of planning: drafts of boundaries with their edits, what became of grids, blocks to plan with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.tables.ground import one_of
from data.types import Instant, Shape

DRAFT_STATES = ("draft", "in_review", "approved", "scheduled", "published", "withdrawn")
LINEAGE_KINDS = ("split", "merge", "transfer", "reinstated")


class Draft(Base):
    """A plan of new boundaries beside one published version; nothing of it counts until it is published."""

    __tablename__ = "drafts"
    __table_args__ = (
        CheckConstraint(one_of("state", DRAFT_STATES), name="state"),
        CheckConstraint("(state = 'published') = (published_version IS NOT NULL)", name="published_has_version"),
        CheckConstraint("state <> 'scheduled' OR publish_at IS NOT NULL", name="scheduled_has_time"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    base_version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="draft")
    owner: Mapped[str] = mapped_column(Text)
    # Counts every saved change. Whoever saves names the revision that was seen, so nobody writes over another.
    revision: Mapped[int] = mapped_column(Integer, server_default="1")
    # The edit where undo and redo stand; null before the first. Not a foreign key, which would go round in a circle.
    tip: Mapped[int | None] = mapped_column(BigInteger)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    publish_at: Mapped[datetime | None] = mapped_column(Instant)
    publication: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    published_version: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class DraftEdit(Base):
    """One saved edit; the edits of a draft are a tree, so that undo loses nothing. Rows are only ever added."""

    __tablename__ = "draft_edits"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("drafts.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("draft_edits.id"))
    kind: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant, server_default=func.clock_timestamp())


class DraftCell(Base):
    """The ground of one grid after an edit that changed it; rows are only ever added."""

    __tablename__ = "draft_cells"
    edit_id: Mapped[int] = mapped_column(ForeignKey("draft_edits.id"), primary_key=True)
    grid_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Null where the grid ends by the edit.
    geom: Mapped[BaseGeometry | None] = mapped_column(Shape("MULTIPOLYGON"))
    # Given to a grid that is new.
    name: Mapped[str | None] = mapped_column(Text)


class DraftEvent(Base):
    """What happened to a draft, comments included; rows are only ever added."""

    __tablename__ = "draft_events"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("drafts.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant, server_default=func.clock_timestamp())
    actor: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class GridLineage(Base):
    """Ground that went from one grid to another by a version; rows are only ever added."""

    __tablename__ = "grid_lineage"
    __table_args__ = (
        ForeignKeyConstraint(["scheme_id", "version"], ["scheme_versions.scheme_id", "scheme_versions.version"]),
        CheckConstraint(one_of("kind", LINEAGE_KINDS), name="kind"),
    )
    scheme_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    from_grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    to_grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(Text)
    area_m2: Mapped[float] = mapped_column()
    # Of the ground that the giver had.
    area_share: Mapped[float] = mapped_column()
    # Of the buildings on it; null where nobody counted.
    households: Mapped[int | None] = mapped_column(Integer)
    people: Mapped[int | None] = mapped_column(Integer)


class Atom(Base):
    """A block that a plan gives to one grid as a whole, with the households and people counted in it."""

    __tablename__ = "atoms"
    __table_args__ = (UniqueConstraint("tree", "source_id"), Index(None, "geom", postgresql_using="gist"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    people: Mapped[int | None] = mapped_column(Integer)
    households: Mapped[int | None] = mapped_column(Integer)
    geom: Mapped[BaseGeometry] = mapped_column(Shape("MULTIPOLYGON"))
