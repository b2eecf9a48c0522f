"""What people say with a step: each field by its name, read and judged alone before anything is looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from data.tables.catalogue import TIME_UNITS
from gis.datum import Position, to_position
from gis.errors import BadInput
from layers.cases.loop import Step

MOST_CHARACTERS = 2_000
MOST_PHOTOS = 20
MOST_ASSISTING = 20
# 1 to 5, the best.
GRADES = range(1, 6)
LEVELS = range(1, 10)
_MOST_AMOUNT = 10_000
_MOST_DIGITS = 18
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class OwnerName:
    """Who is to handle a case, as people name it: a person by staff number, or a department by code."""

    staff_no: str | None = None
    department: str | None = None


@dataclass(frozen=True)
class Told:
    """A position as it was told, with what it is in the stored CRS."""

    x: float
    y: float
    stored: Position


def read_fields(step: Step, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a step, each in the form in which the program uses it; null, "" and [] count as not given.

    Args:
        step: The step.
        given: Field name to what was said.

    Raises:
        BadInput: `field_missing`, `field_unknown` or `field_unusable`; or the position cannot be used.
    """
    said = {name: value for name, value in given.items() if value not in (None, "", [])}
    known = (*step.needs, *step.may)
    for name in said:
        if name not in known:
            raise BadInput(
                "field_unknown",
                f"The step {step.name} has no field {name[:100]}; it has {', '.join(known) or 'none'}.",
                field=name[:100],
                values={"needs": step.needs, "may": step.may},
            )
    for name in step.needs:
        if name not in said:
            raise BadInput(
                "field_missing",
                f"The step {step.name} needs {', '.join(step.needs)}; {name} is missing.",
                field=name,
                values={"needs": step.needs, "may": step.may},
            )
    read = {name: READERS[name](name, value) for name, value in said.items()}
    return _joined(read)


def _joined(read: dict[str, Any]) -> dict[str, Any]:
    """The same with what only makes sense together in one: limits and places."""
    if read.get("unit") == "working_days" and read.get("amount", 1) % 1:
        raise _unusable("amount", read["amount"], "working days are counted whole")
    if {"lon", "lat", "datum"} <= read.keys():
        read["pin"] = _told({name: read.pop(name) for name in ("lon", "lat", "datum")})
    return read


def _unusable(field: str, value: object, why: str) -> BadInput:
    return BadInput("field_unusable", f"{field} cannot be used: {why}.", field=field, value=value)


def _text(name: str, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MOST_CHARACTERS:
        raise _unusable(name, value, f"it must be a text of 1 to {MOST_CHARACTERS} characters")
    return text


def _number(name: str, value: Any) -> float:
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        number = None
    if number is None or not isfinite(number):
        raise _unusable(name, value, "it must be a finite number")
    return number


def _amount(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0 < number <= _MOST_AMOUNT:
        raise _unusable(name, value, f"it must be more than 0 and at most {_MOST_AMOUNT}")
    return number


def _unit(name: str, value: Any) -> str:
    if value not in TIME_UNITS:
        raise _unusable(name, value, f"it must be one of {', '.join(TIME_UNITS)}")
    return str(value)


def _one_of(values: range) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value not in values:
            raise _unusable(name, value, f"it must be a whole number from {values[0]} to {values[-1]}")
        return value

    return read


def case_number(name: str, value: Any) -> int:
    """The number of a case that a field holds, as a number or as a text.

    Raises:
        BadInput: `field_unusable`.
    """
    number = number_in(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    if number is None:
        raise _unusable(name, value, "it must be the number of a case")
    return number


def number_in(digits: str) -> int | None:
    """The number that digits are; None where they are none, or more than a case's number can have.

    >>> number_in("10000001"), number_in("-1"), number_in("٣"), number_in("9" * 19)
    (10000001, None, None, None)
    """
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS else None


def _owner(name: str, value: Any) -> OwnerName:
    if isinstance(value, Mapping) and len(value) == 1 and value.keys() <= {"staff_no", "department"}:
        ((kind, code),) = value.items()
        return OwnerName(**{kind: _text(name, code)})
    raise _unusable(name, value, 'it must be {"staff_no": …} or {"department": …}')


def _distinct(name: str, value: Any, most: int) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        raise _unusable(name, value, f"it must be a list of at most {most}")
    return list(dict.fromkeys(_text(name, one) for one in value))


def _departments(name: str, value: Any) -> list[str]:
    return _distinct(name, value, MOST_ASSISTING)


def _photos(name: str, value: Any) -> list[str]:
    found = _distinct(name, value, MOST_PHOTOS)
    for one in found:
        if not _SHA256.fullmatch(one):
            raise _unusable(name, one, "a photo is named by the SHA-256 of its content, 64 digits of 0-9 and a-f")
    return found


def _position(name: str, value: Any) -> Told:
    if isinstance(value, Mapping) and value.keys() == {"lon", "lat", "datum"}:
        return _told(
            {
                "lon": _number(name, value["lon"]),
                "lat": _number(name, value["lat"]),
                "datum": _text(name, value["datum"]),
            }
        )
    raise _unusable(name, value, 'it must be {"lon": …, "lat": …, "datum": …}')


def _told(place: Mapping[str, Any]) -> Told:
    return Told(place["lon"], place["lat"], to_position(place["lon"], place["lat"], datum=place["datum"]))


READERS: dict[str, Callable[[str, Any], Any]] = {
    "note": _text,
    "reason": _text,
    "milestone": _text,
    "grid": _text,
    "datum": _text,
    "staff": _text,
    "owner": _owner,
    "right_owner": _owner,
    "assisting": _departments,
    "photos": _photos,
    "position": _position,
    "lon": _number,
    "lat": _number,
    "amount": _amount,
    "unit": _unit,
    "into": case_number,
    "grade": _one_of(GRADES),
    "level": _one_of(LEVELS),
}
"""Field name -> how it is read."""
