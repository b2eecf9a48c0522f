"""Devices and shifts come in as tables, by the way that staff and duties come in."""

from __future__ import annotations

import secrets
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Device, Shift
from data.tables.patrols import TRAVELS
from gis.declarations import find_datum
from gis.errors import BadInput
from layers.patrols.fixes import hash_of
from layers.staff.intake import BadCell, PeopleTable, Row, known_id, people_of, period_of, text_of, yes_or_no

_SECRET_BYTES = 16
# As much as a secret of ours has; a telephone number, a serial number or a name can be guessed.
_SHORTEST_SECRET = 20
Span = tuple[datetime, datetime]
_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def devices_table(minted: dict[str, str], *, datum: str | None) -> PeopleTable:
    """How devices are read.

    Args:
        minted: Gets the secret of each new device that the file gives none, by label: the only time that it is seen.
        datum: What the positions of devices are in of which the file does not say it.
    """

    def reader(session: Session, tree: str, _: str) -> Callable[[Row], Row]:
        hashes = dict(session.execute(select(Device.label, Device.secret_hash).where(Device.tree == tree)).all())
        whose = {one: label for label, one in hashes.items()}
        people = people_of(session, tree)

        def one(row: Row) -> Row:
            values: Row = {"tree": tree, "label": text_of(row, "label"), "datum": _datum(row, datum)}
            if "staff_no" in row:
                named = row["staff_no"] is not None
                values["staff_id"] = known_id(people, row, "staff_no", "unknown_staff") if named else None
            if "active" in row:
                values["active"] = yes_or_no(row, "active")
            if "travel" in row:
                values["travel"] = _travel(row)
            # Last: a secret that is made for a row which is then set aside would be nobody's.
            return values | {"secret_hash": _secret_hash(row, hashes, whose, minted)}

        return one

    said = ("datum", "staff_no", "secret", "active", "travel")
    return PeopleTable("devices", Device, ("tree", "label"), ("label",), said, reader)


def _datum(row: Row, otherwise: str | None) -> str:
    said = row.get("datum") or otherwise
    if said is None:
        raise BadCell("datum", "empty")
    try:
        return find_datum(said).name
    except BadInput as error:
        raise BadCell("datum", error.code, error.detail) from error


def _travel(row: Row) -> str:
    word = str(row["travel"] or TRAVELS[0]).lower()
    if word not in TRAVELS:
        raise BadCell("travel", "unknown_word", f"A device travels by {', '.join(TRAVELS)}.")
    return word


def _secret_hash(row: Row, hashes: dict[str, str], whose: dict[str, str], minted: dict[str, str]) -> str:
    """The hash of a secret that is given, kept or made; adds it to what is known of the city.

    Args:
        row: The device.
        hashes: Label -> hash of its secret.
        whose: The other way round.
        minted: Gets a secret that is made.
    """
    label, given = row["label"], row.get("secret")
    if given is None and label in hashes:
        return hashes[label]
    if given is None:
        given = minted[label] = secrets.token_urlsafe(_SECRET_BYTES)
    elif len(given) < _SHORTEST_SECRET:
        detail = f"A secret has at least {_SHORTEST_SECRET} characters; leave it empty, and one is made."
        raise BadCell("secret", "secret_short", detail)
    found = hash_of(given)
    if whose.get(found, label) != label:
        raise BadCell("secret", "secret_shared", "Another device has this secret.")
    whose.pop(hashes.get(label, ""), None)
    hashes[label], whose[found] = found, label
    return found


def _shifts(session: Session, tree: str, time_zone: str) -> Callable[[Row], Row]:
    rows = session.execute(select(Device.label, Device.id, Device.staff_id).where(Device.tree == tree)).all()
    ids, carriers = {label: id_ for label, id_, _ in rows}, {id_: staff_id for _, id_, staff_id in rows}
    people = people_of(session, tree)
    taken: dict[int, list[Span]] = {}
    asked = select(Shift.device_id, func.lower(Shift.valid), func.upper(Shift.valid)).where(
        Shift.device_id.in_(carriers)
    )
    for device_id, since, until in session.execute(asked.order_by(func.lower(Shift.valid).nulls_first())):
        taken.setdefault(device_id, []).append(_span(since, until))

    def one(row: Row) -> Row:
        device_id = known_id(ids, row, "device", "unknown_device")
        if row.get("staff_no") is None and carriers[device_id] is not None:
            staff_id = carriers[device_id]
        else:
            staff_id = known_id(people, row, "staff_no", "unknown_staff")
        text_of(row, "valid_from"), text_of(row, "valid_to")
        valid = period_of(row, time_zone)
        if not _has_room(taken.setdefault(device_id, []), _span(valid.lower, valid.upper)):
            raise BadCell("valid_from", "shifts_overlap", "The device is on another shift in part of it.")
        said = {"team": row["team"]} if "team" in row else {}
        return {"device_id": device_id, "valid": valid, "staff_id": staff_id, **said}

    return one


def _span(since: datetime | None, until: datetime | None) -> Span:
    first, last = _ALWAYS
    return since or first, until or last


def _has_room(taken: list[Span], wanted: Span) -> bool:
    """Whether a span is among some, or meets none of them and now is; they are in order, and none meets another.

    >>> day = datetime(2026, 5, 4, tzinfo=UTC)
    >>> eight, nine, ten = (day.replace(hour=hour) for hour in (8, 9, 10))
    >>> taken = [(eight, nine)]
    >>> [_has_room(taken, one) for one in ((nine, ten), (eight, nine), (eight, ten), _ALWAYS)]
    [True, True, False, False]
    """
    place = bisect_left(taken, wanted)
    if taken[place : place + 1] == [wanted]:
        return True
    beside = taken[max(place - 1, 0) : place + 1]
    if any(since < wanted[1] and wanted[0] < until for since, until in beside):
        return False
    taken.insert(place, wanted)
    return True


SHIFTS = PeopleTable(
    "shifts", Shift, ("device_id", "valid"), ("device", "valid_from", "valid_to"), ("staff_no", "team"), _shifts
)
