"""Devices and shifts in the hand-drawn town, and fixes of theirs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.tables import Device, Shift, Staff
from layers.patrols.fixes import Batch, Fix, hash_of, taken
from layers.patrols.instants import us_of
from layers.patrols.taking import Device as Known
from layers.patrols.taking import Taker
from tests.imports import rows_of
from tests.town import at

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)
AFTERWARDS = NOON + timedelta(hours=12)
# A square of the town, in metres to the east and to the north.
SQUARE_M = (357.7, 433.3)
TABLES = ("fixes", "fixes_aside", "fixes_off_shift")


def secret_of(label: str) -> str:
    """A secret that nobody would guess, but for the tests."""
    return f"secret of the device {label}"


def enrol(session: Session, label: str = "phone-1", *, staff_no: str | None = "P01", **given: Any) -> Known:
    """A device of the town, carried by Wang unless somebody else is named."""
    staff_id = session.scalar(select(Staff.id).where(Staff.tree == "town", Staff.staff_no == staff_no))
    values = {"tree": "town", "datum": "wgs84", "secret_hash": hash_of(secret_of(label)), "staff_id": staff_id}
    device = Device(**{**values, "label": label, **given})
    session.add(device)
    session.flush()
    return Known(device.id, device.tree, device.label, device.datum, device.staff_id)


def on_shift(session: Session, device: Known, since: datetime | None = None, until: datetime | None = None) -> int:
    """A shift of whoever carries the device, from eight hours before noon to eight hours after it."""
    valid = Range(since or NOON - timedelta(hours=8), until or NOON + timedelta(hours=8))
    shift = Shift(device_id=device.id, staff_id=device.staff_id, team="north", valid=valid)
    session.add(shift)
    session.flush()
    return shift.id


def fix(minute: float = 0, column: float = 1.0, row: float = 1.0, **more: float) -> Fix:
    """A fix some minutes after noon at a place of the town."""
    return Fix(us_of(NOON) + int(minute * 60e6), *at(column, row), **{"accuracy_m": 5.0, **more})


def way(
    minute: float, *places: tuple[float, float], every_s: float = 20, pace_ms: float = 1.2, **more: float
) -> list[Fix]:
    """Fixes of a walk from place to place of the town, from some minutes after noon on."""
    corners = np.array(places)
    metres = np.hypot(*(np.diff(corners, axis=0) * SQUARE_M).T)
    gone = np.append(0, np.cumsum(metres))
    steps = np.arange(0, gone[-1] + 1e-6, every_s * pace_ms)
    columns, rows = (np.interp(steps, gone, corners[:, axis]) for axis in (0, 1))
    return [
        fix(minute + number * every_s / 60, column, row, **more)
        for number, (column, row) in enumerate(zip(columns, rows, strict=True))
    ]


def take(
    bind: Engine, device: Known, fixes: list[Fix], *, kept_days: int = 0, now: datetime = AFTERWARDS, **given: Any
) -> Any:
    """Take fixes of one device in, by default at the end of that day; the counts."""
    taker = Taker(bind, kept_days=kept_days)
    counts = taken(taker.take(batch_of(device, fixes, **given), {device.id: device}, now_us=us_of(now)))
    taker.close()
    return counts


def batch_of(device: Known, fixes: list[Fix], **given: Any) -> Batch:
    """Fixes of one device, said to be in what it declares."""
    n = len(fixes)
    values = {"device": np.full(n, device.id), "datum": np.full(n, None, dtype=object), **given}
    return Batch(fix=np.array(fixes, dtype=np.float64), **values)


def enrolled(bind: Engine, label: str = "phone-1", **given: Any) -> Known:
    """A device on shift the whole day, committed."""
    with unit_of_work(bind) as session:
        device = enrol(session, label, **given)
        on_shift(session, device)
    return device


def stored(bind: Engine) -> dict[str, int]:
    """How many rows each table has."""
    return {table: rows_of(bind, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def reasons(bind: Engine) -> Counter[str]:
    """How many were kept aside, by reason."""
    return Counter(dict(rows_of(bind, "SELECT reason, count(*) FROM fixes_aside GROUP BY reason")))
