"""Tables of what patrols should do, and of who looked at where people have been."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.tables.ground import one_of
from data.types import Instant, Period

WAYS_OF_LOOKING = ("page", "live", "csv", "xlsx", "gpx")


class RequiredPoint(Base):
    """A place that patrols must be at within a window of the local day, so many times."""

    __tablename__ = "required_points"
    __table_args__ = (
        UniqueConstraint("tree", "label"),
        CheckConstraint("radius_m > 0", name="radius"),
        CheckConstraint("times > 0", name="times"),
        CheckConstraint("dwell_s >= 0", name="dwell"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    lon: Mapped[float] = mapped_column()
    lat: Mapped[float] = mapped_column()
    raw_x: Mapped[float] = mapped_column()
    raw_y: Mapped[float] = mapped_column()
    raw_datum: Mapped[str] = mapped_column(Text)
    radius_m: Mapped[float] = mapped_column(server_default=text("30"))
    # Days on which a window opens: 1 is Monday, 7 Sunday.
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default=text("'{1,2,3,4,5,6,7}'"))
    # By the wall clock of the city; one that closes no later than it opens does so on the next day.
    opens: Mapped[time] = mapped_column(Time, server_default=text("'00:00'"))
    closes: Mapped[time] = mapped_column(Time, server_default=text("'00:00'"))
    # How often in each window, and how long each time; 0 for passing by.
    times: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    dwell_s: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    valid: Mapped[Any] = mapped_column(Period, server_default=text("'(,)'"))


class PatrolPlan(Base):
    """Grids and points that a person or a team should be in during a window, on one day or on days of the week."""

    __tablename__ = "patrol_plans"
    __table_args__ = (
        UniqueConstraint("tree", "label"),
        CheckConstraint("num_nonnulls(staff_id, team) = 1", name="somebody"),
        CheckConstraint("num_nonnulls(day, weekdays) = 1", name="some_day"),
        CheckConstraint("cardinality(grid_ids) + cardinality(point_ids) > 0", name="some_place"),
        CheckConstraint("dwell_s >= 0", name="dwell"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    team: Mapped[str | None] = mapped_column(Text)
    day: Mapped[date | None] = mapped_column(Date)
    weekdays: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger))
    opens: Mapped[time] = mapped_column(Time, server_default=text("'00:00'"))
    closes: Mapped[time] = mapped_column(Time, server_default=text("'00:00'"))
    grid_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    point_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    # How long in each of them.
    dwell_s: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    valid: Mapped[Any] = mapped_column(Period, server_default=text("'(,)'"))


class TraceView(Base):
    """Somebody saw where a person was: who, whose, of which period, and in which way. Only ever added to."""

    __tablename__ = "trace_views"
    __table_args__ = (
        CheckConstraint("num_nonnulls(staff_id, device_id) > 0", name="of_somebody"),
        CheckConstraint(one_of("what", WAYS_OF_LOOKING), name="what"),
        Index(None, "staff_id", "at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    viewer: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    # Whose trace; the device alone where nobody is known to have carried it.
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"))
    # Which time was looked at.
    period: Mapped[Any] = mapped_column(Period)
    what: Mapped[str] = mapped_column(Text)
