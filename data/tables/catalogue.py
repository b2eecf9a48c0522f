"""Tables of the catalogue: departments, matters, and the versioned rules of who does what within which time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Constraint,
    Date,
    Float,
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
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.tables.ground import one_of
from data.types import Instant, Period

URGENCIES = ("normal", "urgent")
PLACE_CLASSES = ("city", "fringe", "rural")
STAGES = ("report", "dispatch", "handle", "verify", "assess", "archive")
TIME_UNITS = ("hours", "working_hours", "working_days")
INTAKE_PATHS = ("direct", "on_site")


class Calendar(Base):
    """The working times of a city: its days are known from the first to the last, without a gap."""

    __tablename__ = "calendars"
    __table_args__ = (UniqueConstraint("tree", "name"),)
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)


class CalendarDay(Base):
    """One day of a calendar; `spans` holds minutes of the local day: begin, end, begin, end…; none on a day of rest."""

    __tablename__ = "calendar_days"
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    spans: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    note: Mapped[str | None] = mapped_column(Text)


class Department(Base):
    """An office or company that handles cases."""

    __tablename__ = "departments"
    __table_args__ = (UniqueConstraint("tree", "code"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    # Null: it answers in the whole city.
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    phone: Mapped[str | None] = mapped_column(Text)


class Matter(Base):
    """A kind of incident by the numbering of one standard; `same_as` is the matter that it became."""

    __tablename__ = "matters"
    __table_args__ = (UniqueConstraint("tree", "standard", "code"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    # Codes without the name of their standard are ambiguous: 04 was emergencies once and is street order now.
    standard: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    class_zh: Mapped[str] = mapped_column(Text)
    class_en: Mapped[str] = mapped_column(Text)
    same_as: Mapped[int | None] = mapped_column(ForeignKey("matters.id"))


class Catalogue(Base):
    """One version of a city's rules; only the end of `valid` is ever updated."""

    __tablename__ = "catalogues"
    __table_args__ = (
        UniqueConstraint("tree", "version"),
        ExcludeConstraint(("tree", "="), ("valid", "&&"), using="gist", name="ex_catalogues_one_at_a_time"),
    )
    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    valid: Mapped[Any] = mapped_column(Period)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"))
    # The returns after which only a referee settles who is responsible.
    most_returns: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant, server_default=func.clock_timestamp())


class _ForSomeCases:
    """A row of a catalogue and the cases that it is for; null stands for any matter, urgency or place."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    catalogue_id: Mapped[int] = mapped_column(ForeignKey("catalogues.id"))
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matters.id"))
    urgency: Mapped[str | None] = mapped_column(Text)
    place_class: Mapped[str | None] = mapped_column(Text)


def _once_for_each(table: str, *further: str) -> tuple[Constraint, ...]:
    """That there is one such row for the same cases and whatever further columns set rows apart."""
    return (
        CheckConstraint(one_of("urgency", URGENCIES), name="urgency"),
        CheckConstraint(one_of("place_class", PLACE_CLASSES), name="place_class"),
        UniqueConstraint(
            *("catalogue_id", "matter_id", "urgency", "place_class", *further),
            name=f"uq_{table}_once",
            postgresql_nulls_not_distinct=True,
        ),
    )


class ServiceRule(_ForSomeCases, Base):
    """Who handles a matter: the lead department and those that assist."""

    __tablename__ = "service_rules"
    __table_args__ = _once_for_each("service_rules")
    # Null: the person of the grid does it.
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    assisting: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    skill: Mapped[str | None] = mapped_column(Text)
    # Reports of the same matter this near and this close in time are offered as one.
    same_within_m: Mapped[float] = mapped_column(Float)
    same_within_h: Mapped[float] = mapped_column(Float)
    source: Mapped[str] = mapped_column(Text)


class TimeLimit(_ForSomeCases, Base):
    """How long a step may take; a step of one matter may have several milestones, each with its own limit."""

    __tablename__ = "time_limits"
    __table_args__ = (
        CheckConstraint(one_of("stage", STAGES), name="stage"),
        CheckConstraint(one_of("unit", TIME_UNITS), name="unit"),
        CheckConstraint("amount > 0", name="amount_positive"),
        *_once_for_each("time_limits", "stage", "milestone"),
    )
    stage: Mapped[str] = mapped_column(Text)
    # 'end' is the end of the step itself.
    milestone: Mapped[str] = mapped_column(Text)
    amount: Mapped[float] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


class IntakePath(Base):
    """What becomes of a report by where it came from: filed at once, or looked at on site first."""

    __tablename__ = "intake_paths"
    __table_args__ = (CheckConstraint(one_of("path", INTAKE_PATHS), name="path"),)
    catalogue_id: Mapped[int] = mapped_column(ForeignKey("catalogues.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    path: Mapped[str] = mapped_column(Text)


class Precedent(Base):
    """A settled dispute: who was found responsible for a matter at a place; offered for the next case there."""

    __tablename__ = "precedents"
    __table_args__ = (Index(None, "tree", "matter_id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    matter_id: Mapped[int | None] = mapped_column(ForeignKey("matters.id"))
    # One that was settled and returned again is settled again: the newest counts.
    case_id: Mapped[int] = mapped_column(BigInteger)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
