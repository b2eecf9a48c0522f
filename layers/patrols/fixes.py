"""Fixes on their way in: as they were sent, in bulk, and what became of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

STORED, REPEAT, OFF_SHIFT = "stored", "repeat", "off_shift"
"""What becomes of a fix, beside the reasons of `layers.patrols.sieve`."""

DAY_US = 86_400_000_000
# Instants that a fix can have at all: from 1970 to 2200, far inside what every part can hold.
FIRST_INSTANT_US, LAST_INSTANT_US = 0, 7_258_118_400_000_000


class Fix(NamedTuple):
    """One fix as sent; numbers alone, so that many of them make one array.

    Attributes:
        at: Microseconds since 1970; a float holds them exactly until the year 2255.
        x: Longitude or easting, in the datum that the device declares.
        y: Latitude or northing.
        accuracy_m: How far off it may be; NaN where the device does not say.
        speed_ms: Metres a second; NaN where it does not say.
        course: Degrees from north, clockwise; NaN where it does not say.
        mock: 1 where the device says that a program made the position up, else 0.
    """

    at: float
    x: float
    y: float
    accuracy_m: float = nan
    speed_ms: float = nan
    course: float = nan
    mock: float = 0.0


@dataclass(frozen=True)
class Sent:
    """What one request brings.

    Attributes:
        secret: Says which device sends.
        fixes: In any order.
        label: The label that the sender says the device has; None where it says nothing.
        datum: What the sender says the positions are in; None for what the device declares.
    """

    secret: str
    fixes: Sequence[Fix]
    label: str | None = None
    datum: str | None = None


@dataclass
class Batch:
    """Fixes of any number of devices of any number of cities, in any order.

    Attributes:
        device: Row of `devices`, shape (n,).
        fix: As `Fix`, shape (n, 7).
        datum: What each position is in, canonical or not, shape (n,).
        always: Whether to take them as on shift, whatever the shifts say.
    """

    device: Ints
    fix: Floats
    datum: Texts
    always: bool = False

    def __len__(self) -> int:
        return len(self.device)

    @property
    def at(self) -> Ints:
        """Microseconds since 1970, shape (n,)."""
        return self.fix[:, 0].astype(np.int64)


@dataclass(frozen=True)
class Taken:
    """What became of some fixes; `received` is the sum of all others.

    Attributes:
        received: How many came.
        stored: How many are new in `fixes`.
        repeats: How many were known by device and instant.
        off_shift: How many came outside a shift; their positions were not kept.
        aside: How many were kept aside, by reason.
        unreadable: How many had no instant or no place at all.
    """

    received: int = 0
    stored: int = 0
    repeats: int = 0
    off_shift: int = 0
    aside: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0


def taken(fate: Iterable[str]) -> Taken:
    """The sums of some fates.

    >>> taken(["stored", "mock", "repeat", "stored"])
    Taken(received=4, stored=2, repeats=1, off_shift=0, aside={'mock': 1}, unreadable=0)
    """
    counts = Counter(fate)
    received = counts.total()
    stored, repeats, off_shift = (counts.pop(name, 0) for name in (STORED, REPEAT, OFF_SHIFT))
    return Taken(received, stored, repeats, off_shift, dict(sorted(counts.items())))


def hash_of(secret: str) -> str:
    """A device's secret as it is stored.

    >>> hash_of("a")[:8]
    'ca978112'
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
