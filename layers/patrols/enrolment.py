"""Devices and shifts come in as tables, by the way that staff and duties come in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Device, Shift
from gis.declarations import find_datum
from gis.errors import BadInput
from layers.patrols.fixes import hash_of
from layers.staff.intake import BadCell, PeopleTable, Row, known_id, people_of, period_of, text_of, yes_or_no

_SECRET_BYTES = 16
# As much as a secret of ours has; a telephone number, a serial number or a name can be guessed.
_SHORTEST_SECRET = 20
_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def devices_table(minted: dict[str, str], *, datum: str | None) -> PeopleTable:
    """How devices are read.

    Args:
        minted: Gets the secret of each new device that the file gives none, by label: the only time that it is seen.
        datum: What the positions of devices are in of which the file does not say it.
    """

    def reader(session: Session, tree: str, _: str) -> Callable[[Row], Row]:
        hashes = dict(session.execute(select(Device.label, Device.secret_hash).where(Device.tree == tree)).all())
        people = people_of(session, tree)

        def one(row: Row) -> Row:
            values: Row = {"tree": tree, "label": text_of(row, "label"), "datum": _datum(row, datum)}
            if "staff_no" in row:
                named = row["staff_no"] is not None
                values["staff_id"] = known_id(people, row, "staff_no", "unknown_staff") if named else None
            if "active" in row:
                values["active"] = yes_or_no(row, "active")
            # Last: a secret that is made for a row which is then set aside would be nobody's.
            return values | {"secret_hash": _secret_hash(row, hashes, minted)}

        return one

    said = ("datum", "staff_no", "secret", "active")
    return PeopleTable("devices", Device, ("tree", "label"), ("label",), said, reader)


def _datum(row: Row, otherwise: str | None) -> str:
    said = row.get("datum") or otherwise
    if said is None:
        raise BadCell("datum", "empty")
    try:
        return find_datum(said).name
    except BadInput as error:
        raise BadCell("datum", error.code, error.detail) from error


def _secret_hash(row: Row, hashes: dict[str, str], minted: dict[str, str]) -> str:
    """The hash of a secret that is given, kept or made; adds it to what is known of the city."""
    label, given = row["label"], row.get("secret")
    if given is None and label in hashes:
        return hashes[label]
    if given is None:
        given = minted[label] = secrets.token_urlsafe(_SECRET_BYTES)
    elif len(given) < _SHORTEST_SECRET:
        detail = f"A secret has at least {_SHORTEST_SECRET} characters; leave it empty, and one is made."
        raise BadCell("secret", "secret_short", detail)
    found = hash_of(given)
    if any(one == found and other != label for other, one in hashes.items()):
        raise BadCell("secret", "secret_shared", "Another device has this secret.")
    hashes[label] = found
    return found


def _shifts(session: Session, tree: str, time_zone: str) -> Callable[[Row], Row]:
    rows = session.execute(select(Device.label, Device.id, Device.staff_id).where(Device.tree == tree)).all()
    ids, carriers = {label: id_ for label, id_, _ in rows}, {id_: staff_id for _, id_, staff_id in rows}
    people = people_of(session, tree)
    taken: dict[int, list[Range[datetime]]] = {}
    asked = select(Shift.device_id, func.lower(Shift.valid), func.upper(Shift.valid)).where(
        Shift.device_id.in_(carriers)
    )
    for device_id, since, until in session.execute(asked):
        taken.setdefault(device_id, []).append(Range(since, until))

    def one(row: Row) -> Row:
        device_id = known_id(ids, row, "device", "unknown_device")
        if row.get("staff_no") is None and carriers[device_id] is not None:
            staff_id = carriers[device_id]
        else:
            staff_id = known_id(people, row, "staff_no", "unknown_staff")
        text_of(row, "valid_from"), text_of(row, "valid_to")
        valid = period_of(row, time_zone)
        others = taken.setdefault(device_id, [])
        if valid not in others:
            if any(_meet(valid, other) for other in others):
                raise BadCell("valid_from", "shifts_overlap", "The device is on another shift in part of it.")
            others.append(valid)
        said = {"team": row["team"]} if "team" in row else {}
        return {"device_id": device_id, "valid": valid, "staff_id": staff_id, **said}

    return one


def _meet(one: Range[datetime], other: Range[datetime]) -> bool:
    first, last = _ALWAYS
    return (one.lower or first) < (other.upper or last) and (other.lower or first) < (one.upper or last)


SHIFTS = PeopleTable(
    "shifts", Shift, ("device_id", "valid"), ("device", "valid_from", "valid_to"), ("staff_no", "team"), _shifts
)
