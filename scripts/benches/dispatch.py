"""How fast the dispatch centre is: reports posted, told to all who watch, and the late ones of ten million cases.

Reports go to the service over HTTP, where each gets grid, person, clock, offered duplicates, events and a place in the
outbox; a bare endpoint in the same process writes the same case row into the same table, through the same pool, and
nothing else. They run in turn; the ratio is our rate divided by the bare one.
"""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dispatching import load, queue
from dispatching.service import BARE
from redrawing import city
from rounds import Engine, Promise, Report, Row, Table, interleaved, options
from serving import module, served
from sqlalchemy import text

from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from layers.actor import Actor
from layers.cases.intake import Report as CaseReport
from layers.cases.intake import receive

DATABASE = "bench_dispatch"
OURS, BARELY = "gridkeeper POST /cases", "bare INSERT of the case row"
_REPORTS = "/api/v1/cases"
# The first reports after a start find rules, plans and connections missing; they are not timed.
_COLD = 100
_GRIDKEEPER = Path(sys.executable).with_name("gridkeeper")


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        posts: Reports of a round.
        rounds: How often ours and the bare endpoint are asked.
        clients, events: Who watches, and how many reports they hear of.
        cases: In the table when the late ones are asked for.
        pages: How often they are.
    """

    posts: int
    rounds: int
    clients: int
    events: int
    cases: int
    pages: int


FULL = Size(posts=2_000, rounds=5, clients=100, events=40, cases=10_000_000, pages=300)
QUICK = Size(posts=200, rounds=2, clients=100, events=10, cases=100_000, pages=20)


def reports(settings: DatabaseSettings, count: int) -> list[dict[str, Any]]:
    """Reports like those of the sample town at other places; the first is stored, for the bare endpoint to copy."""
    bind = engine(settings)
    asked = "SELECT ST_X(geom), ST_Y(geom), category, description, source FROM cases ORDER BY id LIMIT 2000"
    with bind.connect() as connection:
        rows = connection.execute(text(asked)).all()
    chance, found = random.Random(5), []
    for lon, lat, category, description, source in chance.choices(rows, k=count):
        at = {"lon": lon + chance.uniform(-1e-3, 1e-3), "lat": lat + chance.uniform(-1e-3, 1e-3), "datum": "wgs84"}
        found.append({**at, "category": category, "description": description, "source": source})
    given = {name: value for name, value in found[0].items() if name not in ("lon", "lat")}
    with unit_of_work(bind) as session:
        receive(session, Actor("bench"), CaseReport(x=found[0]["lon"], y=found[0]["lat"], **given))
    bind.dispose()
    return found


def posts(report: Report, port: int, bodies: list[dict[str, Any]], size: Size) -> None:
    """Ours beside the bare endpoint."""
    sent = {
        name: [load.request(path, port, body) for body in bodies] for name, path in ((OURS, _REPORTS), (BARELY, BARE))
    }
    for requests in sent.values():
        load.post_all(port, requests[:_COLD])
    engines = {name: Engine(lambda requests=requests: load.post_all(port, requests)) for name, requests in sent.items()}
    seconds = interleaved(engines, rounds=size.rounds)
    for name, taken in seconds.items():
        report.rows.append(Row(name, taken, len(bodies) / taken, seconds[BARELY] / taken))
    ratio = seconds[BARELY] / seconds[OURS]
    report.promises.append(Promise("of the bare endpoint's reports/s, at least", 0.5, ratio, ratio >= 0.5))


def live(report: Report, port: int, bodies: list[dict[str, Any]], size: Size) -> None:
    """From sending a report to everyone having heard of it."""
    requests = [load.request(_REPORTS, port, body) for body in bodies[: size.events]]
    load.post_all(port, requests[:_COLD])
    found = load.follow(port, requests, clients=size.clients, apart_s=0.1)
    p50, p99 = (float(value) * 1000 for value in np.quantile(found.seconds, [0.5, 0.99]))
    heard = len(found.seconds)
    columns = ["clients", "reports", "heard", "p50 ms", "p99 ms"]
    report.tables.append(
        Table("from sending a report to hearing of it", columns, [[size.clients, size.events, heard, p50, p99]])
    )
    report.promises += [
        Promise("events of all that were to be told", found.expected, heard, heard == found.expected),
        Promise("ms p99 from sending a report to hearing of it, at most", 100, p99, p99 <= 100),
    ]


def late(report: Report, settings: DatabaseSettings, size: Size) -> None:
    """The first page of the late cases and how many there are."""
    queue.fill(settings, size.cases)
    bind = engine(settings)
    queue.late(bind, 20)
    seconds, rows, count = queue.late(bind, size.pages)
    bind.dispose()
    p50, p99 = (float(value) * 1000 for value in np.quantile(seconds, [0.5, 0.99]))
    columns = ["cases", "late", "on the page", "p50 ms", "p99 ms"]
    report.tables.append(
        Table("first page of late cases and their number", columns, [[size.cases, count, rows, p50, p99]])
    )
    report.promises.append(Promise("ms p50 of the first page of late cases, at most", 10, p50, p50 <= 10))


def main() -> None:
    """Measure and report."""
    chosen = options("dispatch")
    size = QUICK if chosen.quick else FULL
    report = Report("dispatch", judged=not chosen.quick)
    settings = city.database(DatabaseSettings(), DATABASE)
    env = {"GRIDKEEPER_HOME": str(settings.home), "GRIDKEEPER_DATABASE": settings.database}
    subprocess.run([_GRIDKEEPER, "demo"], env=env, check=True)
    bodies = reports(settings, size.posts)
    with served(settings, module("dispatching.service")) as service:
        live(report, service.port, bodies, size)
        posts(report, service.port, bodies, size)
    late(report, settings, size)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
