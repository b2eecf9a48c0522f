"""Atoms in pieces: which hang together, by who lies beside whom."""

from __future__ import annotations

from collections.abc import Set

Beside = list[dict[int, float]]
"""For each atom those beside it, and the border shared with them in metres."""


def pieces(beside: Beside, atoms: Set[int]) -> list[set[int]]:
    """Atoms in pieces that hang together, the one with the lowest atom first.

    >>> pieces([{1: 1.0}, {0: 1.0}, {}], {0, 1, 2})
    [{0, 1}, {2}]
    """
    left, found = set(atoms), []
    while left:
        piece = _reached(beside, left, min(left))
        left -= piece
        found.append(piece)
    return found


def holds_together(beside: Beside, atoms: Set[int], some: Set[int]) -> bool:
    """Whether some of the atoms are all in one piece of them; True where there are none of these.

    >>> holds_together([{1: 1.0}, {0: 1.0}, {}], {0, 1, 2}, {0, 1})
    True
    >>> holds_together([{1: 1.0}, {0: 1.0}, {}], {0, 1, 2}, {1, 2})
    False
    """
    return not some or some <= _reached(beside, atoms, min(some), until=some)


def _reached(beside: Beside, atoms: Set[int], first: int, until: Set[int] | None = None) -> set[int]:
    """Atoms that hang together with the first; the search ends early when it has found all of `until`."""
    reached, waiting = {first}, [first]
    missing = len(until - reached) if until is not None else -1
    for atom in waiting:
        if not missing:
            break
        for other in beside[atom]:
            if other in atoms and other not in reached:
                reached.add(other)
                waiting.append(other)
                missing -= until is not None and other in until
    return reached
