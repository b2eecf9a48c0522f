"""Tables of patrols: devices, shifts, and the fixes that devices send."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.tables.ground import one_of
from data.types import Instant, Period

# How somebody gets about, and so how fast; gis.tracks has a speed for each.
TRAVELS = ("walk", "ebike", "car")


class Device(Base):
    """A telephone or tracker that may send fixes; who knows its secret is the device."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("tree", "label"),
        UniqueConstraint("secret_hash"),
        CheckConstraint(one_of("travel", TRAVELS), name="travel"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    # What its positions are in, as it was declared when it was enrolled.
    datum: Mapped[str] = mapped_column(Text)
    # Who carries it where no shift says so.
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # SHA-256: whoever reads the table cannot send for a device.
    secret_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    travel: Mapped[str] = mapped_column(Text, server_default="walk")
    enrolled_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class Shift(Base):
    """A person on duty with a device; outside of it the device's positions are not kept."""

    __tablename__ = "shifts"
    __table_args__ = (
        UniqueConstraint("device_id", "valid"),
        ExcludeConstraint(("device_id", "="), ("valid", "&&"), using="gist", name="ex_shifts_one_at_a_time"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    team: Mapped[str | None] = mapped_column(Text)
    valid: Mapped[Any] = mapped_column(Period)


class StoredFix(Base):
    """One position of one device at one instant; a partition for each day of UTC."""

    __tablename__ = "fixes"
    __table_args__ = {"postgresql_partition_by": "RANGE (at)"}  # noqa: RUF012  # read once, by the mapper
    device_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    # Plain numbers on the lattice: a geometry would take twice the room, and no query looks for fixes by their place.
    lon: Mapped[float] = mapped_column()
    lat: Mapped[float] = mapped_column()
    raw_x: Mapped[float] = mapped_column()
    raw_y: Mapped[float] = mapped_column()
    raw_datum: Mapped[str] = mapped_column(Text)
    accuracy_m: Mapped[float | None] = mapped_column(REAL)
    speed_ms: Mapped[float | None] = mapped_column(REAL)
    course: Mapped[float | None] = mapped_column(REAL)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    # Null where history was imported as if always on shift.
    shift_id: Mapped[int | None] = mapped_column(BigInteger)
    grid_id: Mapped[int | None] = mapped_column(BigInteger)
    # Whose version it is; both null where the city has no grids then.
    scheme_id: Mapped[int | None] = mapped_column(Integer)
    version: Mapped[int | None] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(Instant)


class AsideFix(Base):
    """A fix on shift that cannot be right, with its reason."""

    __tablename__ = "fixes_aside"
    __table_args__ = (Index(None, "received_at"),)
    device_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    raw_x: Mapped[float] = mapped_column()
    raw_y: Mapped[float] = mapped_column()
    raw_datum: Mapped[str] = mapped_column(Text)
    accuracy_m: Mapped[float | None] = mapped_column(REAL)
    speed_ms: Mapped[float | None] = mapped_column(REAL)
    course: Mapped[float | None] = mapped_column(REAL)
    received_at: Mapped[datetime] = mapped_column(Instant)


class OffShiftFix(Base):
    """A fix that came outside a shift: that there was one, so that it is counted once, and not where."""

    __tablename__ = "fixes_off_shift"
    __table_args__ = (Index(None, "at"),)
    device_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)


class PatrolDayDue(Base):
    """A day of a device that is to be summarised, or was; who brings late fixes makes it due again."""

    __tablename__ = "patrol_days_due"
    __table_args__ = (Index(None, "day", postgresql_where=text("done_at IS NULL")),)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, autoincrement=False)
    # Of the calendar of the city, as in all tables below.
    day: Mapped[date] = mapped_column(primary_key=True)
    marked_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    # Null while it is due.
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    # Whether the days beside it are to be done again, too, where the trace leads over midnight; they need not be where
    # it is due for the sake of one of them.
    spreads: Mapped[bool] = mapped_column(server_default=text("true"))


class PatrolDay(Base):
    """A day of a device with a person, summarised; worked out from fixes, and again when others come late."""

    __tablename__ = "patrol_days"
    __table_args__ = (
        UniqueConstraint("device_id", "day", "staff_id", postgresql_nulls_not_distinct=True),
        Index(None, "scheme_id", "day"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scheme_id: Mapped[int] = mapped_column(ForeignKey("schemes.id"))
    day: Mapped[date] = mapped_column()
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # The newest version of the scheme that was known then: of a later one that reaches back the day is done again.
    judged_by: Mapped[int] = mapped_column(Integer)
    gone_m: Mapped[float] = mapped_column()
    known_s: Mapped[float] = mapped_column()
    on_grid_s: Mapped[float] = mapped_column()
    quality: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # How many fixes of the day had which fate.
    fates: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PatrolGridDay(Base):
    """What somebody covered of a grid in a day, in one version of its boundaries."""

    __tablename__ = "patrol_grid_days"
    patrol_day_id: Mapped[int] = mapped_column(ForeignKey("patrol_days.id"), primary_key=True)
    grid_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    area_m2: Mapped[float] = mapped_column()
    street_m: Mapped[float] = mapped_column()
    on_grid_s: Mapped[float] = mapped_column()
    visits: Mapped[int] = mapped_column(Integer)
    dwell_s: Mapped[float] = mapped_column()
    # Those visited in the grid: so that it is known for each how long nobody has been there.
    street_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    building_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class PatrolVisit(Base):
    """A visit of a grid; it belongs to the day on which it begins."""

    __tablename__ = "patrol_visits"
    __table_args__ = (Index(None, "grid_id", "left_at"),)
    patrol_day_id: Mapped[int] = mapped_column(ForeignKey("patrol_days.id"), primary_key=True)
    grid_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entered_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    left_at: Mapped[datetime] = mapped_column(Instant)
    dwell_s: Mapped[float] = mapped_column()
    # Share of the dwell that lies on interpolated legs.
    interpolated: Mapped[float] = mapped_column()
