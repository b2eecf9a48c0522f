"""Tables of people: staff, their duties, their absences."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base
from data.types import Period


class Staff(Base):
    """A person who answers for ground; `tree` names the city."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("tree", "staff_no"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tree: Mapped[str] = mapped_column(Text)
    staff_no: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    organisation: Mapped[str | None] = mapped_column(Text)
    # What the rules of the catalogue may ask of whoever is sent.
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class Duty(Base):
    """Who answers for which grid or area, in which role and period; of several people one leads."""

    __tablename__ = "duties"
    __table_args__ = (
        CheckConstraint("num_nonnulls(grid_id, area_id) = 1", name="one_place"),
        UniqueConstraint("staff_id", "grid_id", "area_id", "role", "valid", postgresql_nulls_not_distinct=True),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grids.id"), index=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    role: Mapped[str] = mapped_column(Text)
    leads: Mapped[bool] = mapped_column()
    valid: Mapped[Any] = mapped_column(Period)


class Absence(Base):
    """A period in which a person is away, with the substitute when one is named."""

    __tablename__ = "absences"
    __table_args__ = (
        UniqueConstraint("staff_id", "valid"),
        CheckConstraint("substitute_id <> staff_id", name="substitute_is_another"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(Text)
    valid: Mapped[Any] = mapped_column(Period)
