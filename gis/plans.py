"""A plan as a graph: which part each atom belongs to, how loads spread, and what may change hands without a tear.

A part is what one grid has. Nothing here knows shapes: atoms are numbers, and `Links` says which lie beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

import numpy as np
from numpy.typing import ArrayLike

from gis.atoms import Ints, Links
from gis.balance import imbalance
from gis.edges import Floats
from gis.errors import BadInput


def require_load(loads: ArrayLike) -> None:
    """Refuse to balance what nothing has.

    Raises:
        BadInput: `no_load`.

    >>> require_load([0.0, 3.0])
    """
    if not np.asarray(loads).sum() > 0:
        raise BadInput(
            "no_load",
            "There is nothing of this measure here; choose another one, or import what it counts.",
            field="measure",
        )


class Plan:
    """Atoms dealt out to parts.

    Args:
        part: The part of each atom (n,), -1 for one that nobody may have.
        load: What each atom weighs (n,), 0 or more.
        links: Which atoms lie beside each other.
        base: What each part weighs (p,) besides its atoms; as many parts as this has.

    Attributes:
        part: The part of each atom (n,).
        load: What each atom weighs (n,).
        loads: What each part weighs (p,).
        beside: For each atom those beside it and the border shared with them, in metres.
        atoms: For each part its atoms.

    >>> row = Links(np.array([[0, 1], [1, 2], [2, 3]]), np.ones(3))
    >>> plan = Plan([0, 0, 0, 1], [4.0, 2.0, 3.0, 1.0], row)
    >>> plan.loads.tolist(), plan.imbalance, round(plan.spread, 3)
    ([9.0, 1.0], 1.6, 0.8)
    """

    def __init__(self, part: ArrayLike, load: ArrayLike, links: Links, *, base: ArrayLike | None = None) -> None:
        self.part: Ints = np.array(part, dtype=np.int64)
        self.load: Floats = np.asarray(load, dtype=np.float64)
        parts = int(self.part.max(initial=-1)) + 1 if base is None else len(np.asarray(base))
        self.beside = links.beside(len(self.part))
        held = np.flatnonzero(self.part >= 0)
        self.loads: Floats = np.bincount(self.part[held], self.load[held], minlength=parts).astype(np.float64)
        if base is not None:
            self.loads += np.asarray(base, dtype=np.float64)
        self.atoms: list[set[int]] = [set() for _ in range(parts)]
        for atom, owner in zip(held.tolist(), self.part[held].tolist(), strict=True):
            self.atoms[owner].add(atom)

    @property
    def spread(self) -> float:
        """Standard deviation of the loads by their mean; 0 where there is no load."""
        mean = float(self.loads.mean())
        return float(self.loads.std()) / mean if mean else 0.0

    @property
    def imbalance(self) -> float:
        """The largest load less the smallest, by the mean; 0 where there is no load."""
        return imbalance(self.loads)

    @property
    def deviation(self) -> float:
        """How far the load farthest from the mean is from it, by the mean; 0 where there is no load."""
        mean = float(self.loads.mean())
        return float(np.abs(self.loads - mean).max()) / mean if mean else 0.0

    def give(self, atoms: Iterable[int], taker: int) -> None:
        """Give atoms that other parts have to a part."""
        for atom in atoms:
            giver = int(self.part[atom])
            self.atoms[giver].remove(atom)
            self.atoms[taker].add(atom)
            self.part[atom] = taker
            self.loads[giver] -= self.load[atom]
            self.loads[taker] += self.load[atom]

    def neighbours(self, part: int) -> list[int]:
        """The parts that share border with a part, in order."""
        found = {int(self.part[other]) for atom in self.atoms[part] for other in self.beside[atom]}
        return sorted(found - {part, -1})

    def border_m(self, atom: int, others: Set[int]) -> float:
        """How much border an atom shares with others."""
        beside = self.beside[atom]
        return sum(metres for other, metres in beside.items() if other in others)
