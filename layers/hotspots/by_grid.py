"""Which grids have more cases, or fewer, than chance would bring together: Getis-Ord Gi* and local Moran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from gis.edges import Floats
from gis.errors import BadInput
from gis.neighbours import Neighbours
from gis.rates import empirical_bayes
from gis.significance import LocalMoran, Significance, false_discovery, getis_ord, local_moran, permuted, two_sided
from layers.hotspots.asking import Asked, meant, require_share
from layers.hotspots.ground import Built, Lattice, built_in, lattice_of
from layers.hotspots.points import Ints, Points, points_of
from layers.hotspots.steps import Step, frames_of

Statistic = Literal["gi", "moran"]
Value = Literal["count", "per_km2", "per_1000_households", "per_1000_people", "smoothed"]
METHODS: dict[Statistic, str] = {"gi": "getis_ord_star", "moran": "local_moran"}
ALPHA, PERMUTATIONS = 0.05, 999
MOST_PERMUTATIONS = 9_999
# By what cases are counted -> unit of the values.
_UNITS: dict[Value, str] = {
    "count": "cases",
    "per_km2": "cases_per_km2",
    "per_1000_households": "cases_per_1000_households",
    "per_1000_people": "cases_per_1000_people",
}
_QUADRANTS = {"HH": "high-high", "LL": "low-low", "HL": "high-low", "LH": "low-high"}
_CONFIDENCES = ((0.01, 99), (0.05, 95), (0.1, 90))


@dataclass(frozen=True, kw_only=True)
class Judging:
    """How grids are judged.

    Attributes:
        statistic: Gi* or local Moran.
        value: What is compared.
        alpha: The share of false discoveries that is borne.
        permutations: How often values are shuffled; 0 to go by the normal distribution.
        seed: By what.
        step: Also tell counts for each step of the period.
    """

    statistic: Statistic = "gi"
    value: Value = "count"
    alpha: float = ALPHA
    permutations: int = 0
    seed: int = 0
    step: Step | None = None

    def __post_init__(self) -> None:
        require_share(self.alpha, "alpha")
        if not 0 <= self.permutations <= MOST_PERMUTATIONS:
            detail = f"permutations is {self.permutations}; give 0 to {MOST_PERMUTATIONS:,}."
            raise BadInput("bad_threshold", detail, field="permutations", value=self.permutations)


@dataclass(frozen=True, eq=False)
class Judged:
    """Grids and what came out for each, (g,) each; NaN for grids without a value.

    Attributes:
        points: The cases.
        lattice: The grids.
        judging: How they were judged.
        base_kind: What rates are counted by: households, or people where nobody counted households.
        base: That number.
        base_unknown: In how many buildings of the grids nobody counted them.
        value, smoothed: What is compared; the rate drawn towards that of all grids, the more so the less it rests on.
        has_value: Which grids take part.
        found: Of these, in their order: statistic, z, p and the like.
        p: Two-sided, by which is judged: that of shuffling where values were shuffled.
        p_permuted: p by shuffling, one-sided; None without.
        discovered, threshold: Which hold against false discoveries, and up to which p.
    """

    points: Points
    lattice: Lattice
    judging: Judging
    base_kind: str
    base: Ints
    base_unknown: int
    value: Floats
    smoothed: Floats
    has_value: NDArray[np.bool_]
    found: Significance
    p: Floats
    p_permuted: Floats | None
    discovered: NDArray[np.bool_]
    threshold: float


def judged(session: Session, asked: Asked, judging: Judging) -> Judged:
    """Judge the grids of a scheme by the cases of a question.

    Grids that have nothing to count by take no part: the others are judged as if they were not there.

    Raises:
        NotFound: `unknown_scheme`.
        BadInput: `bad_period`, `bad_hours`, `nothing_built`, `too_many_steps`.
    """
    points = points_of(session, meant(session, asked))
    lattice, built = lattice_of(session, points), built_in(session, points)
    counts = points.counts()
    kind, base = _base(built, judging.value, points.meant.scheme.tree)
    # Drawn towards all grids alike: drawn towards its neighbours it would be like them, and chance look like a spot.
    smoothed = 1000 * empirical_bayes(counts, base)
    value = _values(judging.value, counts, base, lattice, smoothed)
    has_value = np.isfinite(value)
    among = lattice.neighbours.among(has_value)
    found = (getis_ord if judging.statistic == "gi" else local_moran)(value[has_value], among)
    p_permuted = _shuffled(value[has_value], among, judging)
    p = found.p if p_permuted is None else two_sided(p_permuted)
    discovered, threshold = false_discovery(p, alpha=judging.alpha, tested=found.tested)
    rates = kind, base, built.unknown[kind], value, smoothed
    return Judged(points, lattice, judging, *rates, has_value, found, p, p_permuted, discovered, threshold)


def grids_told(found: Judged) -> dict[str, Any]:
    """The answer of `GET /api/v1/hotspots/grids`."""
    judging, points = found.judging, found.points
    head = {
        **points.told(),
        "statistic": judging.statistic,
        "method": METHODS[judging.statistic],
        "value": judging.value,
        "unit": _UNITS.get(judging.value, f"cases_per_1000_{found.base_kind}"),
        "base": found.base_kind,
        "base_unknown": found.base_unknown,
        "alpha": judging.alpha,
        "permutations": judging.permutations,
        "seed": judging.seed if judging.permutations else None,
        "threshold": number_told(found.threshold),
        "islands": int(np.count_nonzero(found.lattice.neighbours.islands)),
        "grids": rows_of(found),
    }
    if judging.step is None:
        return head
    timed = points.timed() if judging.step == "hour" else points
    frames = frames_of(timed, judging.step)
    told = [{**one.told(), "counts": timed.counts(one.rows).tolist()} for one in frames]
    return {**head, "frames": told}


def rows_of(found: Judged) -> list[dict[str, Any]]:
    """A row for each grid, in the order of their numbers."""
    cells, islands = found.lattice.cells, found.lattice.neighbours.islands.tolist()
    places = np.cumsum(found.has_value) - 1
    result = found.found
    quadrant = result.quadrant if isinstance(result, LocalMoran) else None
    rows = []
    for at, cases in enumerate(found.points.counts().tolist()):
        row = {
            "grid_no": int(cells.grid_no[at]),
            "code": cells.code[at],
            "name": cells.name[at],
            "cases": cases,
            "base": int(found.base[at]),
            "value": number_told(found.value[at]),
            "smoothed": number_told(found.smoothed[at]),
            "island": islands[at],
            **_NOT_JUDGED,
        }
        if found.has_value[at]:
            one = int(places[at])
            confidence = _confidence(float(found.p[one])) if result.tested[one] else 0
            kind = _kind(float(result.z[one]), "" if quadrant is None else str(quadrant[one]))
            row |= {
                "z": number_told(result.z[one]),
                "p": number_told(result.p[one]),
                "p_permuted": None if found.p_permuted is None else float(found.p_permuted[one]),
                "hot": kind if confidence or found.discovered[one] else "none",
                "confidence": confidence,
                "found": bool(found.discovered[one]),
            }
        rows.append(row)
    return rows


_NOT_JUDGED = {"z": None, "p": None, "p_permuted": None, "hot": "none", "confidence": 0, "found": False}


def _base(built: Built, value: Value, tree: str) -> tuple[str, Ints]:
    """What rates are counted by."""
    kind = "people" if value == "per_1000_people" else "households"
    if value in ("count", "per_km2", "smoothed") and not built.households.any():
        kind = "people"
    base = built.people if kind == "people" else built.households
    if value not in ("count", "per_km2") and not base.any():
        detail = f"The city '{tree}' has no {kind} to count cases by; import buildings, or take count or per_km2."
        raise BadInput("nothing_built", detail, field="value", value=value)
    return kind, base


def _values(value: Value, counts: Ints, base: Ints, lattice: Lattice, smoothed: Floats) -> Floats:
    if value == "smoothed":
        return smoothed
    if value == "count":
        return counts.astype(np.float64)
    by = lattice.area_km2 if value == "per_km2" else base / 1000
    return np.asarray(np.divide(counts, by, out=np.full(len(counts), np.nan), where=by > 0))


def _shuffled(values: Floats, among: Neighbours, judging: Judging) -> Floats | None:
    if not judging.permutations:
        return None
    return permuted(values, among, statistic=judging.statistic, permutations=judging.permutations, seed=judging.seed)


def _kind(z: float, quadrant: str) -> str:
    return _QUADRANTS[quadrant] if quadrant else "hot" if z > 0 else "cold"


def _confidence(p: float) -> int:
    return next((percent for most, percent in _CONFIDENCES if p <= most), 0)


def number_told(value: Any) -> float | None:
    """A number for JSON, None where there is none.

    >>> number_told(np.float64(1) / 3), number_told(np.nan)
    (0.333333333333, None)
    """
    return float(f"{value:.12g}") if np.isfinite(value) else None
