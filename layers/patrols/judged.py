"""How surely traces are known, as it is told beside each rate, and why a rate is withheld."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from gis.quality import Demands, Period, Quality, carries, quality
from gis.tracks import Track
from layers.patrols.walked import WalkedDay

Watched = list[tuple[Track, Period]]
_DIGITS = {"interval_median_s": 1, "interval_p90_s": 1, "longest_silence_s": 0, "accuracy_median_m": 1}


def watched_on(days: Iterable[WalkedDay]) -> Watched:
    """The traces of some days, each with a time in which it should be known."""
    return [(one.day.track, period) for one in days for period in one.day.watched]


def quality_of(days: Iterable[WalkedDay]) -> Quality:
    """How surely the traces of some days are known."""
    return quality(watched_on(days))


def told(found: Quality) -> dict[str, Any]:
    """Quality as it is told: None for what nobody can say.

    >>> told(quality([]))["traced"] is None
    True
    """
    return {name: rounded(value, _DIGITS.get(name, 4)) for name, value in vars(found).items()}


def withheld(found: Quality) -> list[dict[str, Any]]:
    """Why rates are withheld; empty where the data can carry them.

    >>> [one["reason"] for one in withheld(quality([]))]
    ['too_few_fixes', 'too_many_gaps']
    """
    return [
        {"reason": one.code, "value": rounded(one.value, 4), "demand": one.demand} for one in carries(found, Demands())
    ]


def rounded(value: float, digits: int) -> float | int | None:
    """A number as it is told.

    >>> rounded(0.123456, 4), rounded(float("nan"), 1), rounded(7, 4)
    (0.1235, None, 7)
    """
    if not math.isfinite(value):
        return None
    return value if isinstance(value, int) else round(float(value), digits)


def share(part: float, whole: float) -> float | None:
    """A share as it is told; None where there is nothing to have a share of.

    >>> share(1, 3), share(0, 0)
    (0.3333, None)
    """
    return rounded(min(part / whole, 1.0), 4) if whole else None
