"""Small moves that even out a plan: a few adjacent atoms go from a part to a lighter neighbour, and nothing tears.

A move of load w from a part of load a to one of load b is only ever made when 0 < w < a - b. The two loads then end up
between the old ones, so the spread falls and the imbalance does not rise, whatever the other parts weigh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gis.contiguity import holds_together, pieces
from gis.edges import Floats
from gis.plans import Plan

MOST_ATOMS = 12
"""The most atoms that one move gives, unless asked otherwise."""

BEND_LIMIT = 3.0
"""A move may make a border at most so many times as long as the border it replaces; so parts do not grow tongues."""

# Of the moves between two parts that gain nearly as much as the best, the one with the least cost is taken.
_NEARLY = 0.9
# A move of less than this share of the mean load, or one that leaves less than that between the two, is nobody's while.
_LEAST = 1e-3
# Where a move may begin: so many atoms along the common border of two parts, spread over it.
_MOST_STARTS = 24


@dataclass(frozen=True)
class Move:
    """Some atoms that one part gives to another.

    Attributes:
        giver: Whose they are.
        taker: Who gets them.
        atoms: Which ones, in order.
        load: What they weigh.
        cost: What it costs to move them.
        gain: By how much it lowers the sum of the squares of all loads, halved.
    """

    giver: int
    taker: int
    atoms: tuple[int, ...]
    load: float
    cost: float
    gain: float

    @property
    def worth(self) -> float:
        """Gain for each unit of cost; what costs less than one unit counts as one."""
        return self.gain / max(self.cost, 1.0)


def suggest(
    plan: Plan, *, cost: ArrayLike, focus: Iterable[int] | None = None, most_atoms: int = MOST_ATOMS
) -> list[Move]:
    """The best move between each two neighbours, the most worthwhile first.

    Args:
        plan: The plan; it stays as it is.
        cost: What it costs to move each atom (n,), for example its households.
        focus: Parts of which one gives or takes; all if None.
        most_atoms: The most atoms that one move gives.

    >>> from gis.atoms import Links
    >>> row = Links(np.array([[0, 1], [1, 2], [2, 3]]), np.ones(3))
    >>> suggest(Plan([0, 0, 0, 1], [4.0, 2.0, 3.0, 1.0], row), cost=np.ones(4))
    [Move(giver=0, taker=1, atoms=(2,), load=3.0, cost=1.0, gain=15.0)]
    """
    costs = np.asarray(cost, dtype=np.float64)
    pairs = _neighbours(plan, range(len(plan.loads)) if focus is None else focus)
    found = [best_move(plan, *pair, cost=costs, most_atoms=most_atoms) for pair in pairs]
    return sorted((move for move in found if move), key=lambda move: (-move.worth, move.giver, move.taker))


def best_move(
    plan: Plan, giver: int, taker: int, *, cost: Floats, most_atoms: int = MOST_ATOMS, bend_limit: float = BEND_LIMIT
) -> Move | None:
    """The move between two parts that lowers the spread most, or nearly so at less cost; None where there is none.

    Args:
        plan: The plan; it stays as it is.
        giver: Who gives.
        taker: Who gets.
        cost: What it costs to move each atom (n,).
        most_atoms: The most atoms given.
        bend_limit: How many times as long as the old one the new border may be.

    >>> from gis.atoms import Links
    >>> row = Links(np.array([[0, 1], [1, 2]]), np.ones(2))
    >>> best_move(Plan([0, 0, 1], [1.0, 1.0, 1.0], row), 0, 1, cost=np.ones(3)) is None
    True
    """
    gap = float(plan.loads[giver] - plan.loads[taker])
    least = _LEAST * float(plan.loads.mean())
    moves = []
    for given in _movable(plan, giver, taker, (least, gap - least), most_atoms, bend_limit):
        atoms = tuple(sorted(given))
        load = float(plan.load[list(atoms)].sum())
        moves.append(Move(giver, taker, atoms, load, float(cost[list(atoms)].sum()), load * (gap - load)))
    enough = max((move.gain for move in moves), default=0.0) * _NEARLY
    good = [move for move in moves if move.gain >= enough]
    return min(good, key=lambda move: (move.cost, len(move.atoms), move.atoms), default=None)


def even_out(
    plan: Plan,
    *,
    cost: ArrayLike | None = None,
    until: float = 0.0,
    most_atoms: int = MOST_ATOMS,
    changed: Iterable[int] | None = None,
) -> Iterator[Move]:
    """Make moves, each the one that is worth most, as long as there is one; the plan changes.

    Args:
        plan: The plan.
        cost: What it costs to move each atom (n,); where None, the move that lowers the spread most is made.
        until: Ends when no load is farther from the mean than this share of it.
        most_atoms: The most atoms that one move gives.
        changed: Parts that changed since no move was left; all if None.

    Yields:
        Each move after it was made.

    >>> from gis.atoms import Links
    >>> row = Links(np.array([[0, 1], [1, 2], [2, 3], [3, 4]]), np.ones(4))
    >>> plan = Plan([0, 0, 0, 0, 1], [2.0, 2.0, 2.0, 2.0, 2.0], row)
    >>> [(move.atoms, plan.loads.tolist()) for move in even_out(plan)]
    [((3,), [6.0, 4.0])]
    """
    costs = np.zeros(len(plan.load)) if cost is None else np.asarray(cost, dtype=np.float64)
    best: dict[tuple[int, int], Move | None] = {}
    parts = range(len(plan.loads)) if changed is None else changed
    while plan.deviation > until:
        best = {pair: move for pair, move in best.items() if not {*parts} & {*pair}}
        for pair in _neighbours(plan, parts):
            best[pair] = best_move(plan, *pair, cost=costs, most_atoms=most_atoms)
        moves = [move for move in best.values() if move]
        if not moves:
            return
        move = max(moves, key=lambda one: (one.worth, -one.giver, -one.taker))
        plan.give(move.atoms, move.taker)
        parts = (move.giver, move.taker)
        yield move


def _neighbours(plan: Plan, parts: Iterable[int]) -> list[tuple[int, int]]:
    """Pairs of neighbours of which one is named, the heavier first."""
    pairs = {tuple(sorted((part, other))) for part in parts for other in plan.neighbours(part)}
    return [(b, a) if plan.loads[b] > plan.loads[a] else (a, b) for a, b in sorted(pairs)]


def _movable(
    plan: Plan, giver: int, taker: int, limits: tuple[float, float], most_atoms: int, bend_limit: float
) -> Iterator[frozenset[int]]:
    """Sets of atoms that the giver can give: in one piece, on the common border, and neither part is torn by it."""
    own, theirs = plan.atoms[giver], plan.atoms[taker]
    starts = sorted(atom for atom in own if not theirs.isdisjoint(plan.beside[atom]))
    seen: set[frozenset[int]] = set()
    for start in starts[:: max(1, -(-len(starts) // _MOST_STARTS))]:
        given: set[int] | None = {start}
        while given is not None:
            given = _closed(plan, own, given)
            load = float(plan.load[list(given)].sum())
            key = frozenset(given)
            if len(given) > most_atoms or len(given) == len(own) or load >= limits[1] or key in seen:
                break
            seen.add(key)
            if load > limits[0] and _bend(plan, own, theirs, given) <= bend_limit:
                yield key
            given = _grown(plan, own, theirs, given, limits[1] - load)


def _closed(plan: Plan, own: set[int], given: set[int]) -> set[int]:
    """What is given, and what else of the giver would be cut off from the rest of it by that."""
    rest = own - given
    ring = {other for atom in given for other in plan.beside[atom] if other in rest}
    if holds_together(plan.beside, rest, ring):
        return given
    cut = [piece for piece in pieces(plan.beside, rest) if not ring.isdisjoint(piece)]
    main = max(cut, key=lambda piece: (plan.load[list(piece)].sum(), len(piece), -min(piece)))
    return given.union(*(piece for piece in cut if piece is not main))


def _bend(plan: Plan, own: set[int], theirs: set[int], given: set[int]) -> float:
    """The new border by the old one."""
    new = sum(plan.border_m(atom, own - given) for atom in given)
    old = sum(plan.border_m(atom, theirs) for atom in given)
    return new / old if old else np.inf


def _grown(plan: Plan, own: set[int], theirs: set[int], given: set[int], room: float) -> set[int] | None:
    """One more atom, the one that adds least border; None where none fits."""
    beside = sorted({other for atom in given for other in plan.beside[atom] if other in own and other not in given})
    fitting = [atom for atom in beside if plan.load[atom] < room]
    if not fitting:
        return None
    joined, rest = given | theirs, own - given

    def saved_m(atom: int) -> float:
        return plan.border_m(atom, joined) - plan.border_m(atom, rest)

    return {*given, max(fitting, key=saved_m)}
