"""Tables of the ground: areas, schemes, grids with their boundary versions, buildings, streets, places."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

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
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.types import Instant, Period, Shape

AREA_LEVELS = ("city", "county", "street", "community")
SCHEME_KINDS = ("unit", "duty", "micro", "dedicated", "evaluation", "beats")
EXTENTS = ("whole", "partial")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL of a check that a text column holds one of a few words."""
    return f"{column} IN ({', '.join(repr(v) for v in values)})"


class Area(Base):
    """A node of a city's administrative tree; `tree` names the city."""

    __tablename__ = "areas"
    __table_args__ = (
        UniqueConstraint("tree", "code"),
        CheckConstraint(one_of("level", AREA_LEVELS), name="level"),
        Index(None, "geom", postgresql_using="gist"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    # What limits hold there; null takes that of the area above, and at the top the city's.
    place_class: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[BaseGeometry] = mapped_column(Shape("MULTIPOLYGON"))


class Scheme(Base):
    """A named coverage of a city by grids, with its own metric CRS and time zone."""

    __tablename__ = "schemes"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint(one_of("kind", SCHEME_KINDS), name="kind"),
        CheckConstraint(one_of("extent", EXTENTS), name="extent"),
    )
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    tree: Mapped[str] = mapped_column(Text, index=True)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    extent: Mapped[str] = mapped_column(Text)
    # Among partial schemes that cover a point the highest priority takes the case; a whole scheme has 0.
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    metric_srid: Mapped[int] = mapped_column(Integer)
    time_zone: Mapped[str] = mapped_column(Text)
    near_limit_m: Mapped[float] = mapped_column(server_default="10")
    far_limit_m: Mapped[float] = mapped_column(server_default="5000")
    version: Mapped[int] = mapped_column(Integer, server_default="0")


class SchemeVersion(Base):
    """One published state of a scheme's boundaries and the period in which it holds."""

    __tablename__ = "scheme_versions"
    __table_args__ = (
        ExcludeConstraint(("scheme_id", "="), ("valid", "&&"), using="gist", name="ex_scheme_versions_one_at_a_time"),
    )
    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    valid: Mapped[Any] = mapped_column(Period)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    # Names files made from these boundaries. They never change, and no other database or later publication has this
    # name, so such a file is never stale, not even after a back-up was restored.
    snapshot_id: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())


class Grid(Base):
    """A grid's lasting identity; its ground is in `boundaries`."""

    __tablename__ = "grids"
    __table_args__ = (UniqueConstraint("scheme_id", "grid_no"), UniqueConstraint("scheme_id", "code"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"))
    grid_no: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)


class Boundary(Base):
    """The ground of one grid in one period. Published geometry is never updated or deleted."""

    __tablename__ = "boundaries"
    __table_args__ = (
        ExcludeConstraint(("grid_id", "="), ("valid", "&&"), using="gist", name="ex_boundaries_one_at_a_time"),
        Index(None, "geom", postgresql_using="gist"),
        # No index leads with grid_no: it would tempt the planner to walk all grids for ORDER BY grid_no LIMIT 1.
        Index(None, "scheme_id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"))
    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id"))
    # Repeated from the grid: the border rule orders by it inside one index scan. It never changes.
    grid_no: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    valid: Mapped[Any] = mapped_column(Period)
    area_m2: Mapped[float] = mapped_column()
    geom: Mapped[BaseGeometry] = mapped_column(Shape("MULTIPOLYGON"))


class Building(Base):
    """A building with the households and people counted in it."""

    __tablename__ = "buildings"
    __table_args__ = (
        UniqueConstraint("tree", "source_id"),
        Index(None, "geom", postgresql_using="gist"),
        Index("ix_buildings_grams", text("place_grams(name, address)"), postgresql_using="gin"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    households: Mapped[int | None] = mapped_column(Integer)
    people: Mapped[int | None] = mapped_column(Integer)
    geom: Mapped[BaseGeometry] = mapped_column(Shape("MULTIPOLYGON"))


class Street(Base):
    """A street as lines."""

    __tablename__ = "streets"
    __table_args__ = (
        UniqueConstraint("tree", "source_id"),
        Index(None, "geom", postgresql_using="gist"),
        Index("ix_streets_grams", text("place_grams(name, NULL)"), postgresql_using="gin"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(Text)
    geom: Mapped[BaseGeometry] = mapped_column(Shape("MULTILINESTRING"))


class Place(Base):
    """A place that people walk to for a service: a station of the community, a clinic, a market."""

    __tablename__ = "places"
    __table_args__ = (UniqueConstraint("tree", "source_id"), Index(None, "geom", postgresql_using="gist"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    geom: Mapped[BaseGeometry] = mapped_column(Shape("POINT"))
