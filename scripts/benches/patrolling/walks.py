"""People with telephones who walk about in the city of the benchmarks, each in and around one grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from locating.ground import Ground
from redrawing.city import TREE
from settled import settle
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.dialects.postgresql import Range

from data.binary_rows import Column, copy_rows
from data.roles import OWNER
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from data.tables import Device, Shift, Staff
from gis.crs import to_lattice
from layers.patrols.days import make_days
from layers.patrols.fixes import Floats, Ints, hash_of
from layers.patrols.instants import us_of

FIXES_A_DAY = 2_880
_WALKS_MS, _METRES_A_DEGREE = 1.2, 111_320.0
_PEOPLE_AT_ONCE = 50


@dataclass(frozen=True)
class Person:
    """Someone on shift with a device; `home` is where the walks of each day begin, in degrees."""

    staff_no: str
    staff_id: int
    device_id: int
    shift_id: int
    home: tuple[float, float]


def enrol(settings: DatabaseSettings, town: Ground, count: int, days: list[datetime]) -> list[Person]:
    """People of the city with a device each and one shift over all days, spread over the grids."""
    bind = engine(settings)
    middle = shapely.get_coordinates(shapely.centroid(town.cells))
    homes = middle[np.random.default_rng(1).permutation(len(middle))[np.arange(count) % len(middle)]].tolist()
    valid = Range(days[0], days[-1] + timedelta(days=1))
    with unit_of_work(bind) as session:
        staff = session.execute(select(Staff.id, Staff.staff_no).where(Staff.tree == TREE).order_by(Staff.id)).all()
        rows = [
            {
                "tree": TREE,
                "label": f"phone-{days[0].date()}-{number}",
                "datum": "wgs84",
                "secret_hash": hash_of(f"{days[0].date()} {number}"),
                "staff_id": staff[number % len(staff)].id,
            }
            for number in range(count)
        ]
        devices = session.scalars(insert(Device).returning(Device.id, sort_by_parameter_order=True), rows).all()
        shifts = session.scalars(
            insert(Shift).returning(Shift.id, sort_by_parameter_order=True),
            [
                {"device_id": device, "staff_id": row["staff_id"], "team": "bench", "valid": valid}
                for device, row in zip(devices, rows, strict=True)
            ],
        ).all()
    bind.dispose()
    people = (staff[number % len(staff)] for number in range(count))
    return [
        Person(person.staff_no, person.id, device, shift, (home[0], home[1]))
        for person, device, shift, home in zip(people, devices, shifts, homes, strict=True)
    ]


def write(settings: DatabaseSettings, people: list[Person], days: list[datetime], span: timedelta) -> None:
    """Copy a day of fixes for each person and day into the table, at even steps over the span of the day."""
    bind = engine(settings, statement_limit_s=0)
    make_days(bind, [day.date() for day in days])
    rng = np.random.default_rng(2)
    step_us = int(span / timedelta(microseconds=1)) // FIXES_A_DAY
    for day in days:
        at = us_of(day) + np.arange(FIXES_A_DAY) * step_us
        for first in range(0, len(people), _PEOPLE_AT_ONCE):
            some = people[first : first + _PEOPLE_AT_ONCE]
            home = np.array([one.home for one in some])
            # Half an hour or so in one direction, then another.
            turned = np.cumsum(rng.normal(0, 0.15, (len(some), FIXES_A_DAY)), axis=1)
            metres = _WALKS_MS * step_us / 1e6
            east = np.cumsum(np.cos(turned), axis=1) * metres + rng.normal(0, 4, turned.shape)
            north = np.cumsum(np.sin(turned), axis=1) * metres + rng.normal(0, 4, turned.shape)
            shrink = np.cos(np.radians(home[:, 1:]))
            lon = to_lattice((home[:, :1] + east / (_METRES_A_DEGREE * shrink)).ravel())
            lat = to_lattice((home[:, 1:] + north / _METRES_A_DEGREE).ravel())
            _copy(bind, some, np.tile(at, len(some)), lon, lat)
    bind.dispose()
    settle(settings, analyze=("fixes",))


def _copy(bind: Engine, people: list[Person], at: Ints, lon: Floats, lat: Floats) -> None:
    n = len(at)

    def each(name: str) -> Ints:
        return np.repeat([getattr(one, name) for one in people], FIXES_A_DAY)

    columns = {
        "device_id": Column("bigint", each("device_id")),
        "at": Column("instant", at),
        "lon": Column("double", lon),
        "lat": Column("double", lat),
        "raw_x": Column("double", lon),
        "raw_y": Column("double", lat),
        "raw_datum": Column("text", np.full(n, b"wgs84")),
        "accuracy_m": Column("real", np.full(n, 6.0)),
        "staff_id": Column("bigint", each("staff_id")),
        "shift_id": Column("bigint", each("shift_id")),
        "received_at": Column("instant", at),
    }
    with unit_of_work(bind) as session:
        copy_rows(session, "fixes", columns)


def forget(settings: DatabaseSettings) -> None:
    """No fixes are known."""
    owner = engine(settings, role=OWNER, statement_limit_s=0)
    with unit_of_work(owner) as session:
        session.execute(text("TRUNCATE fixes"))
    owner.dispose()
