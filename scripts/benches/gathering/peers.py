"""scikit-learn, esda and libpysal, each in the form that is fastest for what is asked."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import esda
import geopandas as gpd
import libpysal
import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KernelDensity

from gis.neighbours import Neighbours, neighbours_of

Floats = NDArray[np.float64]
_BENCHES = Path(__file__).resolve().parents[1]


class Tree:
    """scikit-learn's tree; `built_s` is what it took to grow."""

    def __init__(self, x: Floats, y: Floats, *, bandwidth_m: float, **how: float) -> None:
        start = time.perf_counter()
        self.tree = KernelDensity(bandwidth=bandwidth_m, **how).fit(np.column_stack([x, y]))
        self.built_s = time.perf_counter() - start

    def at(self, places: Floats) -> Floats:
        """Logarithms of the density at places (m, 2)."""
        return self.tree.score_samples(places)


class Permuting:
    """esda's Gi* with permutations."""

    def __init__(self, counts: Floats, beside: Neighbours, *, permutations: int, seed: int) -> None:
        # Its processes would find the benchmark `coverage` too; everything of this folder is loaded by now.
        sys.path[:] = [place for place in sys.path if Path(place).resolve() != _BENCHES]
        ends = zip(beside.indptr[:-1].tolist(), beside.indptr[1:].tolist(), strict=True)
        self.near = {at: beside.indices[a:b].tolist() for at, (a, b) in enumerate(ends)}
        self.counts = counts
        self.how = {"permutations": permutations, "keep_simulations": False, "seed": seed}

    def prepare(self) -> None:
        """Make weights with their diagonal, outside the clock; each run takes it out of those that it is given."""
        self.weights = libpysal.weights.fill_diagonal(libpysal.weights.W(self.near, silence_warnings=True), 1)
        self.weights.transform = "b"
        gc.collect()

    def run(self, processes: int) -> esda.G_Local:
        """z and p of every grid."""
        return esda.G_Local(self.counts, self.weights, transform="B", star=None, n_jobs=processes, **self.how)


def rook(table: gpd.GeoSeries) -> Neighbours:
    """libpysal's neighbours, by vertices that both have."""
    found = libpysal.graph.Graph.build_contiguity(table, rook=True, strict=False).sparse.tocoo()
    return neighbours_of(np.column_stack([found.row, found.col]), len(table))
