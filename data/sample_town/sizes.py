"""How big a sample town is: three sizes, every count fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SizeName = Literal["town", "district", "city"]
CENTRE = (113.65, 34.75)
TIME_ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Size:
    """Counts and measures of one size; lengths in metres of the drawing plane, before it is bent and stretched."""

    name: SizeName
    tree: str
    radius_m: float
    # How much longer the ground is than the drawing at the edge, less one: fields need larger grids than streets.
    stretch: float
    arterial_m: float
    rings: tuple[float, ...]
    diagonals: int
    # The finest whole coverage: coding atoms in a town, micro-grids in a city.
    atom_scheme: Literal["unit", "micro"]
    atoms: int
    duty: int
    dedicated: int
    communities: int
    streets: int
    counties: int
    buildings: int
    cases: int


# The city has 70,000 grids in three schemes, in about the proportions a city of this kind has published.
_COUNTS = {
    "town": (900, 120, 6, 30, 6, 1, 5_000, 3_600),
    "district": (12_000, 3_000, 80, 375, 25, 1, 100_000, 300_000),
    "city": (46_800, 18_700, 4_500, 2_340, 156, 12, 1_000_000, 10_000_000),
}

SIZES: dict[str, Size] = {
    "town": Size("town", "town", 2_150, 0.0, 760, (0.52,), 1, "unit", *_COUNTS["town"]),
    "district": Size("district", "district", 10_500, 0.25, 900, (0.3, 0.72), 2, "unit", *_COUNTS["district"]),
    "city": Size("city", "city", 22_500, 0.8, 1_000, (0.16, 0.38, 0.7), 3, "micro", *_COUNTS["city"]),
}
