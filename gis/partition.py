"""A fresh plan: atoms dealt out to so many parts, each in one piece, with loads that differ little.

gerrychain draws a start: random spanning trees are cut in two until there are as many parts as asked. Where that is
not even enough, small moves follow (`gis.suggest`), and where these end too early, two neighbours are joined and cut
anew. At last borders are straightened as far as the loads allow. The same seed gives the same plan.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import networkx
import numpy as np
from gerrychain import Graph
from gerrychain.tree import bipartition_tree
from numpy.typing import ArrayLike

from gis.atoms import Ints, Links
from gis.contiguity import Beside, holds_together, pieces
from gis.edges import Floats
from gis.errors import BadInput
from gis.plans import Plan, require_load
from gis.suggest import even_out

TOLERANCE = 0.05
"""How far a load may be from the mean, as a share of it."""

# How far from even the two sides of a cut may be, at first; a tree in which there is none is tried this often.
_FIRST_TOLERANCE = 0.02
_TREES = 20
# After so many cuts, or so many in vain one after another, the plan is taken as it is. A cut is in vain if it would
# leave more than this share of a gap.
_RECUTS, _IN_VAIN = 300, 50
_GAIN = 0.9


@dataclass(frozen=True)
class Parted:
    """A fresh plan.

    Attributes:
        part: The part of each atom (n,), from 0 up.
        deviation: How far the load farthest from the mean is from it, by the mean.
    """

    part: Ints
    deviation: float


def partition(load: ArrayLike, links: Links, parts: int, *, seed: int, tolerance: float = TOLERANCE) -> Parted:
    """Deal atoms out to parts.

    Args:
        load: What each atom weighs (n,), 0 or more.
        links: Which atoms lie beside each other, with bridges where they do not hang together.
        parts: How many parts, at least 1.
        seed: The same number gives the same plan.
        tolerance: How far a load may be from the mean, as a share of it. A plan that does not reach this, because an
            atom is too heavy or there are too few, is the best that was found.

    Raises:
        BadInput: `too_few_blocks`, `no_load`.

    >>> row = Links(np.array([[0, 1], [1, 2], [2, 3]]), np.ones(3))
    >>> made = partition([1.0, 2.0, 2.0, 1.0], row, 2, seed=1)
    >>> abs(np.diff(made.part)).tolist(), made.deviation
    ([0, 1, 0], 0.0)
    """
    weight = np.asarray(load, dtype=np.float64)
    require_atoms(len(weight), parts)
    require_load(weight)
    if len(pieces(links.beside(len(weight)), set(range(len(weight))))) > 1:
        raise ValueError("the atoms must hang together; see gis.atoms.bridged")
    chance = random.Random(seed)
    part = np.zeros(len(weight), dtype=np.int64)
    _cut(part, np.arange(len(weight)), 0, parts, weight, links.beside(len(weight)), chance)
    plan = Plan(part, weight, links)
    _balance(plan, tolerance, chance)
    _straighten(plan, tolerance)
    return Parted(plan.part, plan.deviation)


def require_atoms(count: int, parts: int) -> None:
    """Refuse to deal out fewer atoms than there are to be parts.

    Raises:
        BadInput: `too_few_blocks`.

    >>> require_atoms(3, 3)
    """
    if not 1 <= parts <= count:
        detail = f"{count} blocks cannot be dealt out to {parts} parts."
        raise BadInput("too_few_blocks", detail, field="parts", value=parts, values={"blocks": count})


def _cut(
    part: Ints,
    atoms: Ints,
    first: int,
    parts: int,
    load: Floats,
    beside: Beside,
    chance: random.Random,
) -> None:
    """Give atoms that hang together the parts from the first on, by cutting them in two again and again."""
    part[atoms] = first
    if parts == 1:
        return
    one, other = _halves(atoms, parts // 2 / parts, load, beside, chance)
    whole = float(load[atoms].sum())
    share = float(load[one].sum()) / whole if whole else len(one) / len(atoms)
    fits = min(max(round(share * parts), 1, parts - len(other)), parts - 1, len(one))
    _cut(part, one, first, fits, load, beside, chance)
    _cut(part, other, first + fits, parts - fits, load, beside, chance)


def _halves(
    atoms: Sequence[int] | Ints, share: float, load: Floats, beside: Beside, chance: random.Random
) -> tuple[Ints, Ints]:
    """Cut atoms that hang together in two pieces, the first with about this share of the load."""
    inside = {int(atom) for atom in atoms}
    # Atoms without any load must not all end on one side, or there would be too few for the parts of the other.
    light = max(float(load[list(inside)].sum()), 1.0) * 1e-6 / len(inside)
    graph = networkx.Graph()
    for atom in sorted(inside):
        graph.add_node(atom, load=float(load[atom]) + light)
        graph.add_edges_from((atom, other) for other in beside[atom] if atom < other and other in inside)
    made = Graph.from_networkx(graph).convert_from_nx_to_rx()
    target = share * sum(graph.nodes[atom]["load"] for atom in graph)
    tolerance = _FIRST_TOLERANCE
    while True:
        try:
            side = bipartition_tree(
                made, "load", target, tolerance, single_district_cut=True, max_attempts=_TREES, rng=chance
            )
            break
        except RuntimeError:
            tolerance *= 1.5
    one = np.sort(np.array([*made.original_nx_node_ids_for_set(set(side))], dtype=np.int64))
    return one, np.array(sorted(inside.difference(one.tolist())), dtype=np.int64)


def _balance(plan: Plan, tolerance: float, chance: random.Random) -> None:
    """Even the parts out; where moves end too early, join one that is too far off to a neighbour and cut both anew."""
    changed: tuple[int, ...] | None = None
    in_vain = 0
    for _ in range(_RECUTS):
        if changed != ():
            for _move in even_out(plan, until=tolerance, changed=changed):
                pass
        off = np.flatnonzero(np.abs(plan.loads / plan.loads.mean() - 1) > tolerance).tolist()
        if not off or in_vain == _IN_VAIN:
            return
        changed = _recut(plan, chance.choice(off), chance)
        in_vain = 0 if changed else in_vain + 1


def _recut(plan: Plan, part: int, chance: random.Random) -> tuple[int, ...]:
    """Join a part to a neighbour and cut the two anew, if that makes them more even; the two, or none."""
    others = plan.neighbours(part)
    if not others:
        return ()
    other = chance.choice(others)
    one, _ = _halves(sorted(plan.atoms[part] | plan.atoms[other]), 0.5, plan.load, plan.beside, chance)
    mine = set(one.tolist())
    gap = abs(2 * float(plan.load[one].sum()) - float(plan.loads[part] + plan.loads[other]))
    if gap > abs(float(plan.loads[part] - plan.loads[other])) * _GAIN:
        return ()
    theirs = plan.atoms[part] - mine
    plan.give(sorted(plan.atoms[other] & mine), part)
    plan.give(sorted(theirs), other)
    return part, other


def _straighten(plan: Plan, tolerance: float) -> None:
    """Give single atoms to the neighbour they share most border with, as long as loads stay within the tolerance."""
    mean = float(plan.loads.mean())
    low, high = mean * (1 - tolerance), mean * (1 + tolerance)
    waiting = list(range(len(plan.part)))
    for atom in waiting:
        giver = int(plan.part[atom])
        border: dict[int, float] = {}
        for other, metres in plan.beside[atom].items():
            border[int(plan.part[other])] = border.get(int(plan.part[other]), 0.0) + metres
        taker = max(border, key=lambda part: (border[part], -part), default=giver)
        load = plan.load[atom]
        if border.get(taker, 0.0) <= border.get(giver, 0.0) or len(plan.atoms[giver]) == 1:
            continue
        if plan.loads[giver] - load < low or plan.loads[taker] + load > high:
            continue
        ring = {other for other in plan.beside[atom] if plan.part[other] == giver}
        if holds_together(plan.beside, plan.atoms[giver] - {atom}, ring):
            plan.give([atom], taker)
            waiting += plan.beside[atom]
