"""How fast points find their grids, beside other engines; how that grows; what one moved border takes.

Grids are irregular cells that tile a city, points are clustered. Every engine is loaded, indexed and analysed before
the clock starts; peers get points that are rounded to the lattice already, ours rounds them within its time. Every
answer is compared with ours, point by point. The ratio is our rate divided by the engine's. Where there are most
points, only ours, geopandas and the fastest peer run in every round, the others once.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
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
        points: Of each comparison.
        growing_points: How many points ours is also asked for, before `chunks` times the most.
        growing_grids: How many grids are built.
        stored: Points in the store under the moving border.
        moves: How often it moves.
    """

    grids: int
    points: list[int]
    growing_points: list[int]
    chunks: int
    growing_grids: list[int]
    stored: int
    moves: int
    rounds: int


FULL = Size(
    grids=10_000,
    points=[1_000_000, 10_000_000],
    growing_points=[100_000, 1_000_000, 10_000_000],
    chunks=10,
    growing_grids=[1_000, 10_000, 70_000],
    stored=10_000_000,
    moves=1000,
    rounds=5,
)
QUICK = Size(
    grids=1_000,
    points=[100_000],
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
        self.home, self.points = home, points
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
            Row(
                f"{name}, {self.points:,} points",
                spent,
                self.points / spent,
                spent / seconds[OURS],
                None if name == OURS else wrong[name],
                alone(_peak_mb, name, self.home, len(self.ground.cells), self.points) if name in IN_MEMORY else None,
            )
            for name, spent in seconds.items()
        ]


def _peak_mb(name: str, home: Path, grids: int, points: int) -> float:
    """The most memory that grids, points, one engine and its answer take in a process of their own, above libraries."""
    libraries_mb = resident_mb()
    peer = IN_MEMORY[name](ground(home, grids, points))
    peer.run()
    return peak_mb() - libraries_mb


def compare(report: Report, home: Path, size: Size) -> None:
    """The comparison at each number of points, and what is promised of it."""
    ratios: dict[str, list[float]] = {}
    missing: set[str] = set()
    wrong = 0
    often = set(IN_MEMORY) | set(postgis.WAYS)
    for points in size.points:
        comparison = Comparison(home, size.grids, points)
        seconds = comparison.measure(rounds=size.rounds, often=often)
        rows = comparison.rows(seconds)
        report.rows += rows
        missing |= set(comparison.missing)
        wrong += sum(row.mismatches or 0 for row in rows if row.engine.startswith(EXACT))
        for name, spent in seconds.items():
            ratios.setdefault(name, []).append(spent / seconds[OURS])
        peers = {name: spent for name, spent in seconds.items() if name != OURS}
        often = {OURS, *SJOIN, min(peers, key=peers.__getitem__)}
    least = {name: min(found) for name, found in ratios.items() if name != OURS}
    sjoin, fastest = min(least[name] for name in SJOIN), min(least.values())
    default = least[postgis.DEFAULT_PLAN]
    report.promises += [
        Promise("times the rate of geopandas.sjoin, its faster form", 45, sjoin, sjoin >= 45),
        Promise(
            f"times the rate of the fastest peer ({min(least, key=least.__getitem__)})", 45, fastest, fastest >= 45
        ),
        Promise("times the rate of PostGIS with its default plan", 400, default, default >= 400),
        Promise("points that shapely or PostGIS place elsewhere", 0, wrong, wrong == 0),
        Promise("peers that are missing", 0, len(missing), not missing),
    ]


def grow(report: Report, home: Path, size: Size) -> None:
    """Ours with ever more points and grids."""
    base = ground(home, size.grids, size.growing_points[-1])
    by_points = growth.by_points(base, size.growing_points, chunks=size.chunks)
    by_grids = growth.by_grids(home, size.growing_grids, points=size.points[0])
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
    for part in (compare, grow, move):
        part(report, home, size)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
