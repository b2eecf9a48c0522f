"""Density, Gi* with permutations, and who lies beside whom, beside scikit-learn, esda and libpysal.

Density: a million points that gather in places, on 1.2 million cells. scikit-learn's tree would take the best part of
an hour for all of these, and a day if it were exact; so it may err by a thousandth, is timed on 400 of them, evenly
drawn, and scaled; building it is counted whole. The error is that against the sum over all points at 400 cells, half of
them those with the highest values. Gi*: counts of 10,000 grids, 999 permutations; esda runs with numba, compiled before
the clock starts, and gets weights that have their diagonal already. Adjacency: the same 10,000 grids of about 97
vertices. Ratios are their time divided by ours.
"""

from __future__ import annotations

import gc
import warnings
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from gathering.peers import Floats, Permuting, Tree, rook
from locating.ground import cells_of
from rounds import Engine, Promise, Report, Row, Table, interleaved, options

from data.settings import DatabaseSettings
from gis.density import density, exact_density
from gis.neighbours import Neighbours, shared_edges
from gis.significance import getis_ord, permuted

OURS, PEER = "gridkeeper", "scikit-learn, scaled from 400 cells"
PERMUTATIONS, SEED = 999, 11
ERROR_OF_PEAK, DENSITY_TIMES, PERMUTED_TIMES = 1e-3, 1000, 3
CELLS_TIMED = 400
# Metres: of the ground, of the kernel, and how far points gather around their places.
SIDE_M, BANDWIDTH_M, GATHERED_M = 10_950.0, 50.0, 250.0
CELLS_A_BANDWIDTH = (3, 5, 10, 20)


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    points: int
    grids: int
    rounds: int


FULL = Size(points=1_000_000, grids=10_000, rounds=5)
QUICK = Size(points=50_000, grids=400, rounds=2)


def gathered(count: int) -> tuple[Floats, Floats]:
    """Points around 300 places."""
    rng = np.random.default_rng(SEED)
    places = rng.uniform(0, SIDE_M, (300, 2))
    x, y = (places[rng.integers(0, len(places), count)] + rng.normal(0, GATHERED_M, (count, 2))).T
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def surfaces(report: Report, size: Size) -> None:
    """Ours for all cells, theirs for some and scaled."""
    x, y = gathered(size.points)
    kernel = {"bandwidth_m": BANDWIDTH_M, "bounds": (0.0, 0.0, SIDE_M, SIDE_M)}
    found = density(x, y, **kernel)
    rng = np.random.default_rng(SEED)
    rows, columns = np.unravel_index(rng.choice(found.values.size, CELLS_TIMED, replace=False), found.values.shape)
    places = np.column_stack([found.x[columns], found.y[rows]])
    tree = Tree(x, y, bandwidth_m=BANDWIDTH_M, rtol=ERROR_OF_PEAK)
    engines = {OURS: Engine(lambda: density(x, y, **kernel)), PEER: Engine(lambda: tree.at(places), rounds=3)}
    seconds = interleaved(engines, rounds=size.rounds)
    seconds[PEER] = tree.built_s + seconds[PEER] * found.values.size / CELLS_TIMED
    for name, took in seconds.items():
        report.rows.append(Row(f"density: {name}", took, size.points / took, took / seconds[OURS]))
    off = error(found.values, found.x, found.y, x, y)
    figures = [f"{size.points:,}", found.values.size, found.peak, off * 1e3]
    report.tables.append(Table("the surface", ["points", "cells", "peak per km²", "off, 1e-3 peak"], [figures]))
    alone = [[str(cells), 1e3 * worst_of_one(cells)] for cells in CELLS_A_BANDWIDTH]
    report.tables.append(Table("a single point, at the worst of 49 places", ["cells, bandw.", "off, 1e-3 peak"], alone))
    most = max(off, *(worst / 1e3 for _, worst in alone))
    times = seconds[PEER] / seconds[OURS]
    report.promises += [
        Promise("error of the density by its peak, at most", ERROR_OF_PEAK, most, most <= ERROR_OF_PEAK),
        Promise("times as fast as scikit-learn, scaled from 400 cells", DENSITY_TIMES, times, times >= DENSITY_TIMES),
    ]


def error(values: Floats, at_x: Floats, at_y: Floats, x: Floats, y: Floats) -> float:
    """The largest difference from the exact kernel by the peak: at the highest cells and at some others."""
    half = CELLS_TIMED // 2
    highest = np.argpartition(values.ravel(), -half)[-half:]
    rows, columns = np.unravel_index(
        np.append(highest, np.random.default_rng(SEED + 1).integers(0, values.size, half)), values.shape
    )
    truth = exact_density(x, y, at_x[columns], at_y[rows], bandwidth_m=BANDWIDTH_M)
    return float(np.abs(values[rows, columns] - truth).max() / truth.max())


def worst_of_one(cells: int) -> float:
    """The same of a single point, wherever in its cell it lies."""
    size = BANDWIDTH_M / cells
    worst = 0.0
    for share in np.linspace(0, 1, 49):
        x, y = np.array([share * size]), np.array([(share * 7 % 1) * size])
        found = density(x, y, bandwidth_m=BANDWIDTH_M, cell_m=size, bounds=(-250.0, -250.0, 250.0, 250.0))
        at_x, at_y = (axis.ravel() for axis in np.meshgrid(found.x, found.y))
        truth = exact_density(x, y, at_x, at_y, bandwidth_m=BANDWIDTH_M)
        worst = max(worst, float(np.abs(found.values.ravel() - truth).max() / truth.max()))
    return worst


def adjacency(report: Report, cells: np.ndarray, size: Size) -> Neighbours:
    """Who shares a border with whom."""
    table = gpd.GeoSeries(list(cells))
    engines = {OURS: Engine(lambda: shared_edges(cells), prepare=cleared)}
    engines["libpysal"] = Engine(lambda: rook(table), prepare=cleared, rounds=2)
    seconds = interleaved(engines, rounds=size.rounds)
    ours, theirs = (
        set(zip(np.repeat(np.arange(len(one)), one.count).tolist(), one.indices.tolist(), strict=True))
        for one in (shared_edges(cells), rook(table))
    )
    wrong = len(ours ^ theirs)
    for name, took in seconds.items():
        mismatches = wrong if name == OURS else None
        report.rows.append(Row(f"adjacency: {name}", took, len(cells) / took, took / seconds[OURS], mismatches))
    report.promises.append(Promise("pairs of neighbours on which libpysal and ours do not agree", 0, wrong, wrong == 0))
    return shared_edges(cells)


def permutations(report: Report, beside: Neighbours, size: Size) -> None:
    """Gi* with z, p, and p of 999 permutations."""
    rng = np.random.default_rng(SEED)
    # Counts as of cases that gather: some 100 to a grid, smooth over neighbours.
    level = rng.gamma(2.0, 1.0, len(beside))
    counts = rng.poisson(100 * (beside.sums(level) + level) / (beside.count + 1)).astype(np.float64)
    theirs = Permuting(counts, beside, permutations=PERMUTATIONS, seed=SEED)
    processes = {"esda": 1, "esda, 2 processes": 2}
    # Once for the compiler.
    for number in processes.values():
        theirs.prepare()
        theirs.run(number)
    ours = Engine(lambda: (getis_ord(counts, beside), permuted(counts, beside, seed=SEED)), prepare=cleared)
    engines = {OURS: ours}
    for name, number in processes.items():
        engines[name] = Engine(lambda number=number: theirs.run(number), prepare=theirs.prepare)
    seconds = interleaved(engines, rounds=size.rounds)
    for name, took in seconds.items():
        report.rows.append(Row(f"Gi*, 999 permutations: {name}", took, len(beside) / took, took / seconds[OURS]))
    theirs.prepare()
    other, p = theirs.run(1), permuted(counts, beside, seed=SEED)
    apart = float(np.nanmax(np.abs(getis_ord(counts, beside).z - other.Zs)))
    beyond = float((np.abs(p - other.p_sim) > 3 * np.sqrt(2 * other.p_sim * (1 - other.p_sim) / PERMUTATIONS)).mean())
    times = min(seconds[name] for name in processes) / seconds[OURS]
    report.promises += [
        Promise("times as fast as esda, Gi* with 999 permutations", PERMUTED_TIMES, times, times >= PERMUTED_TIMES),
        Promise("largest difference of z from esda's, at most", 1e-9, apart, apart <= 1e-9),
        Promise("share of grids whose p is beyond three deviations, at most", 0.01, beyond, beyond <= 0.01),
    ]


def cleared() -> None:
    """Clear away what the others left: weights are thousands of dictionaries, and Python does it when it likes."""
    gc.collect()


def main() -> None:
    """Measure and report."""
    chosen = options("hotspots")
    size = QUICK if chosen.quick else FULL
    report = Report("hotspots", judged=not chosen.quick)
    warnings.simplefilter("ignore")
    surfaces(report, size)
    permutations(report, adjacency(report, cells_of(DatabaseSettings().home, size.grids), size), size)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
