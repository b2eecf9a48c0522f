"""Thresholds: numbers that somebody chose, each with a name, refused where they make no sense."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gis.errors import BadInput


@dataclass(frozen=True)
class Thresholds:
    """What sets of thresholds have in common: every number in them is finite and not below 0.

    Raises:
        BadInput: `bad_threshold`.

    >>> @dataclass(frozen=True)
    ... class Patience(Thresholds):
    ...     wait_s: float = 5
    >>> Patience(wait_s=0).wait_s
    0
    >>> Patience(wait_s=float("nan"))
    Traceback (most recent call last):
    gis.errors.BadInput: 'wait_s' is nan; give a number from 0 up.
    """

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < math.inf:
                raise BadInput(
                    "bad_threshold", f"'{name}' is {value}; give a number from 0 up.", field=name, value=value
                )
