"""How ours grows: with the points, and with the grids."""

from __future__ import annotations

import time
from pathlib import Path

from rounds import Engine, Table, interleaved

from gis.locator import Locator
from locating.ground import Ground, cells_of, clustered, ground, numbers
from locating.memory import alone, forget_peak, peak_mb, resident_mb

ROUNDS = 5


def by_points(base: Ground, sizes: list[int], *, chunks: int) -> Table:
    """One locator, ever more points: the first ones of a ground, and at last many chunks as large as all of it.

    Args:
        base: The ground with the most points that are kept in memory at once.
        sizes: How many of its points.
        chunks: How many chunks of fresh points, made one by one outside the clock; together they are the last size.
    """
    locator = Locator(base.cells, base.grid_no)
    engines = {}
    for size in sizes:
        some = base.first(size)
        engines[f"{size:,} points"] = Engine(lambda some=some: locator.locate(some.lon, some.lat))
    seconds = dict(zip(sizes, interleaved(engines, rounds=ROUNDS).values(), strict=True))
    total = 0.0
    for chunk in range(1, chunks + 1):
        lon, lat = clustered(base.cells, len(base.lon), chunk=chunk)
        start = time.perf_counter()
        locator.locate(lon, lat)
        total += time.perf_counter() - start
    seconds[chunks * len(base.lon)] = total
    rows = [[size, len(base.cells), spent, size / spent] for size, spent in seconds.items()]
    return Table("ours by points", ["points", "grids", "seconds", "points/s"], rows)


def by_grids(home: Path, sizes: list[int], *, points: int) -> Table:
    """Ever more grids, each number in a process of its own."""
    columns = ["grids", "start MB", "polygons MB", "build s", "build peak MB", "resident MB", "locator MB", "points/s"]
    rows = []
    for grids in sizes:
        ground(home, grids, points)  # made here, so that the other process only reads it
        rows.append([grids, *alone(built, home, grids, points)])
    return Table(f"ours by grids, {points:,} points", columns, rows)


def built(home: Path, grids: int, points: int) -> list[float]:
    """What building a locator takes: `by_grids` has the columns. Peak and resident are above start and polygons."""
    start_mb = resident_mb()
    cells, grid_no = cells_of(home, grids), numbers(grids)
    loaded_mb = resident_mb()
    forget_peak()
    start = time.perf_counter()
    locator = Locator(cells, grid_no)
    build_s = time.perf_counter() - start
    peak, resident = peak_mb() - loaded_mb, resident_mb() - loaded_mb
    town = ground(home, grids, points)
    engine = Engine(lambda: locator.locate(town.lon, town.lat))
    (seconds,) = interleaved({f"{grids:,} grids": engine}, rounds=ROUNDS).values()
    return [start_mb, loaded_mb - start_mb, build_s, peak, resident, locator.nbytes / 2**20, points / seconds]
