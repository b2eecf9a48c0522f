"""How fast the share of every grid that lies within 30 m of where people went is told, and how near it comes.

200 tracks of 2,880 fixes walk along streets that run east and north, over 10,000 grids. Ours measures along rows;
shapely buffers and unites what is near each grid, in the forms of `covering.engines`, with as many threads. All run in
turn. The errors are those against legs buffered with 64 segments a quarter, which is worked out once and not timed, in
the grids that are touched. The ratio is the engine's time divided by ours.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from covering.engines import (
    EXACT_SEGMENTS,
    ExactStreets,
    OfLegs,
    OfWalks,
    OurBuildings,
    Ours,
    OurStreets,
    TheirBuildings,
    TheirStreets,
    exact,
)
from covering.town import Floats, Town, kept, town
from rounds import Engine, Promise, Report, Row, Table, interleaved, options

from data.settings import DatabaseSettings

OURS = "gridkeeper"
THREADS = 2
TIMES, MEAN_PERCENT, MOST_PERCENT = 30, 0.05, 1.0
# Streets whose exact lengths are worked out to be compared; every so manieth.
STREETS_COMPARED = 2_000


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    grids: int
    tracks: int
    fixes: int
    rounds: int


FULL = Size(grids=10_000, tracks=200, fixes=2_880, rounds=5)
QUICK = Size(grids=400, tracks=8, fixes=1_000, rounds=2)


def shares(report: Report, there: Town, truth: Floats, size: Size) -> None:
    """Ours beside the forms of shapely."""
    start = time.perf_counter()
    ours = Ours(there)
    built_s = time.perf_counter() - start
    theirs = {
        f"shapely, walks, {THREADS} threads": OfWalks(there, threads=THREADS),
        "shapely, walks, 1 thread": OfWalks(there, threads=1),
        f"shapely, legs united, {THREADS} threads": OfLegs(there, threads=THREADS),
    }
    # The first form is the fastest; one round of the others says so.
    rounds = dict(zip(theirs, (3, 1, 1), strict=True))
    engines = {OURS: Engine(ours.run), **{name: Engine(one.run, rounds=rounds[name]) for name, one in theirs.items()}}
    seconds = interleaved(engines, rounds=size.rounds)
    touched = truth > 0
    errors = {name: 100 * np.abs(one.shares() - truth) for name, one in {OURS: ours, **theirs}.items()}
    for name, took in seconds.items():
        report.rows.append(Row(name, took, len(there.legs) / took, took / seconds[OURS]))
    rows = [
        [name.replace("shapely, ", "")[:14], float(e[touched].mean()), float(e.max())] for name, e in errors.items()
    ]
    title = f"error of the share, per cent, of {int(touched.sum()):,} touched grids"
    report.tables.append(Table(title, ["", "mean", "most"], rows))
    sheets = ours.ground.sheets
    figures = [len(truth), built_s, ours.ground.nbytes / 1e6, sum(len(sheet.spans) for sheet in sheets)]
    report.tables.append(Table("tables of the ground, once per version", ["grids", "s", "MB", "spans"], [figures]))
    times = min(seconds[name] for name in theirs) / seconds[OURS]
    _, mean, most = rows[0]
    report.promises += [
        Promise("times as fast as the fastest form of shapely", TIMES, times, times >= TIMES),
        Promise("mean error of the share in per cent, at most", MEAN_PERCENT, mean, mean <= MEAN_PERCENT),
        Promise("largest error of the share in per cent, at most", MOST_PERCENT, most, most <= MOST_PERCENT),
    ]


def nearby(report: Report, there: Town) -> None:
    """Streets and buildings."""
    streets, houses = OurStreets(there), OurBuildings(there)
    peers = TheirStreets(there, threads=1), TheirBuildings(there, threads=1)
    works = {"streets": streets, "streets, shapely": peers[0], "buildings": houses, "buildings, shapely": peers[1]}
    engines = {name: Engine(one.run, rounds=1 if "shapely" in name else None) for name, one in works.items()}
    took = interleaved(engines, rounds=3)
    some = slice(None, None, max(len(there.streets) // STREETS_COMPARED, 1))
    truth = ExactStreets(there, threads=1, segments=EXACT_SEGMENTS).metres_of(there.streets[some])
    off_m, off_theirs_m = (np.abs(one[some] - truth).max(initial=0) for one in (streets.metres(), peers[0].found))
    wrong = len(np.setxor1d(houses.found, peers[1].found))
    report.tables.append(
        Table(
            "streets and buildings within reach; largest error of ours and of shapely, and wrong answers of ours",
            ["", "number", "ours s", "shapely s", "ratio", "off", "shapely off"],
            [
                [name, count, took[name], took[f"{name}, shapely"], took[f"{name}, shapely"] / took[name], off, theirs]
                for name, count, off, theirs in (
                    ("streets", len(there.streets), f"{off_m:.4f} m", f"{off_theirs_m:.4f} m"),
                    ("buildings", len(there.buildings), wrong, "-"),
                )
            ],
        )
    )
    report.promises.append(Promise("buildings on which shapely and ours do not agree", 0, wrong, wrong == 0))


def main() -> None:
    """Measure and report."""
    chosen = options("coverage")
    size = QUICK if chosen.quick else FULL
    report = Report("coverage", judged=not chosen.quick)
    home = DatabaseSettings().home
    there = town(home, grids=size.grids, tracks=size.tracks, fixes=size.fixes)
    truth = kept(home / f"shares-{size.grids}-{size.tracks}-{size.fixes}", lambda: exact(there))
    shares(report, there, truth, size)
    nearby(report, there)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
