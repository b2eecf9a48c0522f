"""Growing few regions out of many cells: the smallest joins the neighbour it fits best, again and again."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from data.sample_town.lines import Floats

Ints = NDArray[np.int64]


def merge(weight: Floats, pairs: Ints, tie_m: Floats, border_m: Floats, *, count: int) -> Ints:
    """Join cells into regions, each connected over shared edges.

    The smallest region joins the neighbour with which it shares most border, reckoned by `tie_m` (short where a
    river or an arterial divides them), and of equals the lighter one.

    Args:
        weight: Weight of each cell, shape (n,).
        pairs: Neighbours over an edge, shape (m, 2).
        tie_m: For each pair the length of shared border, made shorter by what divides them.
        border_m: Length of the whole border of each cell, shape (n,).
        count: How many regions to leave.

    Returns:
        For each cell the number of its region, 0 … count - 1, in the order of their first cells. More regions than
        `count` are left only where cells without neighbours leave no choice.
    """
    near: list[dict[int, float]] = [{} for _ in weight]
    for (i, j), tie in zip(pairs.tolist(), tie_m.tolist(), strict=True):
        near[i][j] = near[i].get(j, 0.0) + tie
        near[j][i] = near[j].get(i, 0.0) + tie
    heavy, around = weight.tolist(), border_m.tolist()
    into = np.arange(len(heavy))
    heap = list(zip(heavy, range(len(heavy)), strict=True))
    heapq.heapify(heap)
    left = len(heavy)
    while left > count and heap:
        w, i = heapq.heappop(heap)
        if into[i] != i or w != heavy[i] or not near[i]:
            continue
        j = max(near[i], key=lambda k: (near[i][k] / min(around[i], around[k]) / (heavy[k] + w) ** 0.6, -k))
        _join(near, i, j)
        into[i] = j
        around[j] += around[i] - 2 * near[j].pop(i, 0.0)
        around[j] = max(around[j], 1.0)
        heavy[j] += w
        heapq.heappush(heap, (heavy[j], j))
        left -= 1
    while (into != into[into]).any():
        into = into[into]
    _, first, label = np.unique(into, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return np.asarray(order[label], dtype=np.int64)


def _join(near: list[dict[int, float]], i: int, j: int) -> None:
    """Give the neighbours of region i to region j; what they shared stays in `near[j][i]`."""
    shared = near[i].pop(j)
    for k, tie in near[i].items():
        del near[k][i]
        near[k][j] = near[k].get(j, 0.0) + tie
        near[j][k] = near[j].get(k, 0.0) + tie
    near[i].clear()
    near[j][i] = shared
