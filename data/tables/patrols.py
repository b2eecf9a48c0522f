"""Tables of patrols: devices, shifts, and the fixes that devices send."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import REAL, BigInteger, ForeignKey, Identity, Index, Integer, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.types import Instant, Period


class Device(Base):
    """A telephone or tracker that may send fixes; who knows its secret is the device."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("tree", "label"), UniqueConstraint("secret_hash"))
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
