"""How fast points find their grids, beside other engines; how that grows; what one moved border takes.

Grids are irregular cells that tile a city, points are clustered. Every engine is loaded, indexed and analysed before
the clock starts; peers get points that are rounded to the lattice already, ours rounds them within its time. Every
answer is compared with ours, point by point. The ratio is our rate divided by the engine's. With the most
points only ours runs in every round, the others once.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from locating import engines, growth, moves, postgis
from locating.ground import Ground, ground
from locating.memory import alone, peak_mb, resident_mb
from rounds import Engine, Promise, Report, Row, Table, interleaved, options

from data.settings import DatabaseSettings

OURS = "gridkeeper"
SJOIN = ("geopandas.sjoin, points within grids", "geopandas.sjoin, grids cover points")
EXACT = ("PostGIS", "shapely")
IN_MEMORY: dict[str, Callable[[Ground], engines.Peer]] = {
    OURS: engines.Ours,
    "shapely STRtree of the points": engines.TreeOverPoints,
    "shapely STRtree of the grids": engines.TreeOverGrids,
    SJOIN[0]: engines.FramesWithin,
    SJOIN[1]: engines.FramesCovering,
    "DuckDB SPATIAL_JOIN": engines.DuckDb,
    "SedonaDB": engines.SedonaDb,
}


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        grids: Of the comparison and of the growth by points.
        points: Of the comparison.
        most_points: Of a second one.
        growing_points: How many points ours is also asked for, before `chunks` times the most.
        growing_grids: How many grids are built.
        stored: Points in the store under the moving border.
        moves: How often it moves.
    """

    grids: int
    points: int
    most_points: int
    growing_points: list[int]
    chunks: int
    growing_grids: list[int]
    stored: int
    moves: int
    rounds: int


FULL = Size(
    grids=10_000,
    points=1_000_000,
    most_points=10_000_000,
    growing_points=[100_000, 1_000_000, 10_000_000],
    chunks=10,
    growing_grids=[1_000, 10_000, 70_000],
    stored=10_000_000,
    moves=1000,
    rounds=5,
)
QUICK = Size(
    grids=1_000,
    points=100_000,
    most_points=200_000,
    growing_points=[10_000, 100_000],
    chunks=2,
    growing_grids=[200, 1_000],
    stored=100_000,
    moves=100,
    rounds=2,
)


class Comparison:
    """All engines on the same grids and points."""

    def __init__(self, home: Path, grids: int, points: int) -> None:
        self.points = points
        self.ground = ground(home, grids, points)
        self.missing: list[str] = []
        self.peers = {name: peer for name in IN_MEMORY if (peer := self._loaded(name))}
        self.peers |= postgis.load(home, self.ground)

    def _loaded(self, name: str) -> engines.Peer | None:
        print(f"Loading {self.points:,} points into {name} (not timed)", flush=True)
        try:
            return IN_MEMORY[name](self.ground)
        except Exception as error:
            print(f"{name} is missing: {error}", flush=True)
            self.missing.append(name)
            return None

    def measure(self, *, rounds: int, often: set[str]) -> dict[str, float]:
        """Median seconds; engines that are not named in `often` run once."""
        timed = {name: Engine(peer.run, rounds=rounds if name in often else 1) for name, peer in self.peers.items()}
        return interleaved(timed, rounds=rounds)

    def rows(self, seconds: dict[str, float]) -> list[Row]:
        """The table's rows, every answer compared with ours."""
        ours = self.peers[OURS].answer()
        wrong = {name: int((peer.answer() != ours).sum()) for name, peer in self.peers.items()}
        self.peers.clear()
        self.ground = self.ground.first(0)  # what peers made of it goes too
        gc.collect()
        return [
            Row(name, spent, self.points / spent, spent / seconds[OURS], None if name == OURS else wrong[name])
            for name, spent in seconds.items()
        ]


def _peak_mb(name: str, home: Path, grids: int, points: int) -> float:
    """The most memory that grids, points, one engine and its answer take in a process of their own, above libraries."""
    libraries_mb = resident_mb()
    peer = IN_MEMORY[name](ground(home, grids, points))
    peer.run()
    return peak_mb() - libraries_mb


def compare(report: Report, home: Path, size: Size) -> None:
    """All engines in every round, and what is promised of them."""
    comparison = Comparison(home, size.grids, size.points)
    seconds = comparison.measure(rounds=size.rounds, often=set(comparison.peers))
    rows = comparison.rows(seconds)
    for row in rows:
        if row.engine in IN_MEMORY:
            row.peak_mb = alone(_peak_mb, row.engine, home, size.grids, size.points)
    report.rows += rows
    least = {name: spent / seconds[OURS] for name, spent in seconds.items() if name != OURS}
    fastest = min(least, key=least.__getitem__)
    sjoin = min(least[name] for name in SJOIN)
    default = least[postgis.DEFAULT_PLAN]
    missing = len(comparison.missing)
    report.promises += [
        Promise("times the rate of geopandas.sjoin, its faster form", 45, sjoin, sjoin >= 45),
        Promise(f"times the rate of the fastest peer ({fastest})", 45, least[fastest], least[fastest] >= 45),
        Promise("times the rate of PostGIS with its default plan", 400, default, default >= 400),
        Promise("peers that are missing", 0, missing, not missing),
        _none_elsewhere(rows, size.points),
    ]


def compare_most(report: Report, home: Path, size: Size) -> None:
    """The same with the most points: ours in every round, the others once."""
    comparison = Comparison(home, size.grids, size.most_points)
    rows = comparison.rows(comparison.measure(rounds=size.rounds, often={OURS}))
    report.rows += [replace(row, engine=f"{row.engine}, {size.most_points:,} points") for row in rows]
    report.promises.append(_none_elsewhere(rows, size.most_points))


def _none_elsewhere(rows: list[Row], points: int) -> Promise:
    wrong = sum(row.mismatches or 0 for row in rows if row.engine.startswith(EXACT))
    return Promise(f"of {points:,} points that shapely or PostGIS place elsewhere", 0, wrong, wrong == 0)


def grow(report: Report, home: Path, size: Size) -> None:
    """Ours with ever more points and grids."""
    base = ground(home, size.grids, size.growing_points[-1])
    by_points = growth.by_points(base, size.growing_points, chunks=size.chunks)
    by_grids = growth.by_grids(home, size.growing_grids, points=size.points)
    report.tables += [by_points, by_grids]
    (*_, before, most, _), last = (row[-1] for row in by_points.rows), by_grids.rows[-1]
    peak, resident = last[4], last[5]
    report.promises += [
        Promise("rate at 10 M points as a share of that at 1 M, at least", 0.8, most / before, most / before >= 0.8),
        Promise("MB at the peak of building 70,000 grids, at most", 1024, peak, peak <= 1024),
        Promise("MB kept for 70,000 grids, at most", 500, resident, resident <= 500),
    ]


def move(report: Report, home: Path, size: Size) -> None:
    """One border moves, again and again."""
    moved = moves.move(ground(home, size.grids, size.stored), size.moves)
    p50, p99 = (float(value) * 1000 for value in np.quantile(moved.seconds, [0.5, 0.99]))
    columns = ["stored points", "grids", "moves", "p50 ms", "p99 ms", "changed hands", "bytes a point", "mismatches"]
    figures = [size.stored, size.grids, size.moves, p50, p99, moved.flips, moved.bytes_a_point, moved.mismatches]
    report.tables.append(Table("one moved border: index update and re-assignment", columns, [figures]))
    report.promises += [
        Promise("ms p50 of one moved border, below", 0.5, p50, p50 < 0.5),
        Promise("ms p99 of one moved border, below", 3, p99, p99 < 3),
        Promise("bytes a point in the store, at most", 40, moved.bytes_a_point, moved.bytes_a_point <= 40),
        Promise("stored points that a rebuild places elsewhere", 0, moved.mismatches, moved.mismatches == 0),
    ]


def main() -> None:
    """Measure and report."""
    chosen = options("locate")
    size = QUICK if chosen.quick else FULL
    home = DatabaseSettings().home
    report = Report("locate", judged=not chosen.quick)
    for part in (compare, grow, move, compare_most):
        part(report, home, size)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
