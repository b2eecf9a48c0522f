"""How fast a planner sees what a new border would do: which of ten million cases change hands, and the whole preview.

The kernel moves the borders of an edit and re-assigns the points beside them; PostGIS is asked for the same cases with
the same polygons, before and after. They run in turn, round by round, and every answer is compared. Then the whole
preview is taken over HTTP from a service as a person starts it: draft, geometry, figures, transfers, balance, duties,
boards. The ratio is the engine's time divided by ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from locating.ground import ground
from redrawing import city, kernel, service
from redrawing.edits import Drawn, some_edits
from redrawing.kernel import EXACT, OURS
from rounds import Promise, Report, Row, Table, options

from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from layers.grids.schemes import scheme_named
from layers.rezoning.ground import Ground, base_of

DATABASE = "bench_redraw"


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        grids, cases: Of the city.
        edits: How many are drawn, for the kernel and for the service.
        saved: How many of them are saved in the draft before previews are timed.
        rounds: How often the kernel and its peers are asked for each.
    """

    grids: int
    cases: int
    edits: int
    saved: int
    rounds: int


FULL = Size(grids=10_000, cases=10_000_000, edits=400, saved=5, rounds=5)
QUICK = Size(grids=400, cases=200_000, edits=60, saved=2, rounds=2)


def edits_of(settings: DatabaseSettings, count: int) -> list[Drawn]:
    """What is drawn on the city's published boundaries."""
    bind = engine(settings)
    with unit_of_work(bind) as session:
        found = some_edits(session, Ground(base_of(session, scheme_named(session, "bench")), {}), count)
    bind.dispose()
    return found


def compare(report: Report, engines: dict[str, kernel.Engine], drawn: list[Drawn], size: Size) -> None:
    """The kernel beside PostGIS."""
    found = kernel.measure(engines, [one.made for one in drawn], rounds=size.rounds)
    quantiles = {name: np.quantile(one.seconds, [0.5, 0.99]) for name, one in found.items()}
    p50, p99 = quantiles[OURS]
    for name, (half, most) in quantiles.items():
        wrong = None if name == OURS else found[name].mismatches
        report.rows.append(Row(f"{name}, p50", half, 1 / half, half / p50, wrong))
        report.rows.append(Row(f"{name}, p99", most, 1 / most, most / p99, wrong))
    columns = ["edits", *(f"{whose} {part} ms" for whose in ("ours", "PostGIS", "roughly") for part in ("p50", "p99"))]
    figures = [float(value) * 1000 for one in quantiles.values() for value in one]
    report.tables.append(Table("which cases change hands", columns, [[len(drawn), *figures]]))
    times = quantiles[EXACT] / quantiles[OURS]
    wrong = found[EXACT].mismatches
    report.promises += [
        Promise("times as fast as PostGIS selecting the same cases, p50", 20, times[0], bool(times[0] >= 20)),
        Promise("times as fast as PostGIS selecting the same cases, p99", 20, times[1], bool(times[1] >= 20)),
        Promise("cases that PostGIS and ours do not agree on", 0, wrong, wrong == 0),
    ]


def preview(report: Report, settings: DatabaseSettings, drawn: list[Drawn], size: Size) -> None:
    """The whole preview over HTTP."""
    found = service.preview_all(settings, [one.data for one in drawn], saved=size.saved)
    p50, p99 = (float(value) * 1000 for value in np.quantile(found.seconds, [0.5, 0.99]))
    columns = ["cases", "grids", "previews", "p50 ms", "p99 ms", "p50 kB", "refused", "first s", "service MB"]
    kilobytes = float(np.median(found.bytes)) / 1000
    figures = [size.cases, size.grids, len(found.seconds), p50, p99, kilobytes, found.refused]
    report.tables.append(Table("the whole preview over HTTP", columns, [[*figures, found.first_s, found.held_mb]]))
    report.promises += [
        Promise("ms p50 of the whole preview over HTTP, at most", 50, p50, p50 <= 50),
        Promise("ms p99 of the whole preview over HTTP, at most", 250, p99, p99 <= 250),
    ]


def main() -> None:
    """Measure and report."""
    chosen = options("redraw")
    size = QUICK if chosen.quick else FULL
    report = Report("redraw", judged=not chosen.quick)
    home = DatabaseSettings()
    town = ground(home.home, size.grids, size.cases)
    settings = city.database(home, DATABASE)
    city.fill(settings, town)
    drawn = edits_of(settings, size.edits)
    engines = kernel.load(settings, town)
    compare(report, engines, drawn, size)
    engines.clear()
    preview(report, settings, drawn, size)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
