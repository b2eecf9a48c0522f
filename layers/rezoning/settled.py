"""What a planner settles for a draft: what is balanced, what work takes, the band that figures should keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeGuard

from gis.balance import MEASURES, Band, Effort
from gis.errors import BadInput

_TOO_MUCH = 1e15


@dataclass(frozen=True)
class Settled:
    """The settings of a draft, with what nobody said filled in.

    Attributes:
        measure: One of `gis.balance.MEASURES`.
        effort: Minutes for cases, households and streets.
        band: Where each grid's figure should lie, in the unit of the measure; None where nobody said.
    """

    measure: str
    effort: Effort
    band: Band | None


def settled(settings: Mapping[str, Any]) -> Settled:
    """The settings as stored with a draft, read and checked.

    Raises:
        BadInput: `unknown_measure`, `bad_weight`, `bad_band`.

    >>> settled({}).measure, settled({"weights": {"case": 30}}).effort.case
    ('staff_hours', 30.0)
    """
    measure = settings.get("measure") or MEASURES[0]
    if measure not in MEASURES:
        raise BadInput(
            "unknown_measure",
            f"There is no such measure; known: {', '.join(MEASURES)}.",
            field="measure",
            value=measure,
        )
    band = settings.get("band")
    return Settled(measure, _effort(settings.get("weights") or {}), None if band is None else _band(band))


def _effort(weights: object) -> Effort:
    known = [field.name for field in fields(Effort)]
    given = weights if isinstance(weights, Mapping) else {"weights": None}
    minutes: dict[str, float] = {}
    for name, value in given.items():
        if name not in known or not _is_number(value):
            raise BadInput(
                "bad_weight",
                f"Weights are minutes for {', '.join(known)}.",
                field="weights",
                value=f"{name}: {value}",
            )
        minutes[name] = float(value)
    return Effort(**minutes)


def _band(band: object) -> Band:
    low, high = (band.get("low"), band.get("high")) if isinstance(band, Mapping) else (None, None)
    if not _is_number(low) or not _is_number(high):
        raise BadInput("bad_band", "A band has two numbers, low and high.", field="band", value=band)
    return Band(float(low), float(high))


def _is_number(value: object) -> TypeGuard[int | float]:
    # A whole number may be sent that no float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _TOO_MUCH
