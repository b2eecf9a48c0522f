"""How soon a supervisor sees one person's day among ten million fixes.

The fixes lie in ten past days first, and then all of them in the day that is being written. Each time a service as a
person starts it is asked what the page asks for: the coverage of one person on one day, and the trace. The first
question also builds the ground of the boundary version, and is told apart.
"""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from locating.ground import ground
from patrolling.walks import FIXES_A_DAY, enrol, forget, write
from redrawing import city
from rounds import Promise, Report, Row, Table, options
from serving import served

from data.settings import DatabaseSettings

DATABASE = "bench_patrol"


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        grids: Of the city.
        fixes: Stored, in each of the two ways.
        days: How many past days they lie in, the first way.
        asked: For how many people the page is asked.
    """

    grids: int
    fixes: int
    days: int
    asked: int


FULL = Size(grids=10_000, fixes=10_000_000, days=10, asked=100)
QUICK = Size(grids=400, fixes=200_000, days=5, asked=10)


def page(client: http.client.HTTPConnection, staff: str, day: datetime) -> tuple[float, dict[str, Any], dict[str, Any]]:
    """What the page asks for a person's day: seconds, the coverage, the traces."""
    date = day.date().isoformat()
    start = time.perf_counter()
    answers = []
    for what in ("coverage", "traces"):
        path = f"/api/v1/patrols/{what}?scheme={city.TREE}&from={date}&to={date}&staff={staff}"
        client.request("GET", path, headers={"X-Actor": "bench", "X-Role": "supervisor"})
        answer = client.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {told[:500]!r}")
        answers.append(told)
    seconds = time.perf_counter() - start
    coverage, traces = (json.loads(told) for told in answers)
    return seconds, coverage, traces


def measure(
    report: Report, settings: DatabaseSettings, title: str, people: list[str], day: datetime, size: Size
) -> None:
    """Ask for the day of some people, one after the other."""
    chosen = np.random.default_rng(3).choice(len(people), min(size.asked, len(people)), replace=False).tolist()
    with served(settings) as service:
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=900)
        first_s = page(client, people[0], day)[0]
        seconds, fixes, visits = [], [], []
        for number in chosen:
            took, coverage, traces = page(client, people[number], day)
            seconds.append(took)
            fixes.append(sum(len(one["at"]) + len(one["dropped"]) for one in traces["traces"]))
            visits.append(coverage["total"]["visits"])
    if min(fixes) < FIXES_A_DAY:
        raise SystemExit(f"a day has {min(fixes)} fixes, not {FIXES_A_DAY}")
    p50, p99 = (float(one) for one in np.quantile(seconds, [0.5, 0.99]))
    report.rows.append(Row(title, p50, 1 / p50, 1.0))
    columns = ["fixes stored", "a day", "visits p50", "p50 ms", "p99 ms", "first s"]
    figures = [size.fixes, int(np.median(fixes)), int(np.median(visits)), p50 * 1000, p99 * 1000, first_s]
    report.tables.append(Table(title, columns, [figures]))
    report.promises.append(Promise(f"s p99 of a person's day, {title}, at most", 1.0, p99, p99 <= 1.0))


def main() -> None:
    """Measure and report."""
    chosen = options("patrol")
    size = QUICK if chosen.quick else FULL
    report = Report("patrol", judged=not chosen.quick)
    home = DatabaseSettings()
    town = ground(home.home, size.grids, 10_000)
    settings = city.database(home, DATABASE)
    city.fill(settings, town)
    now = datetime.now(UTC)
    today = datetime.combine(now.date(), datetime.min.time(), tzinfo=UTC)
    past = [today - timedelta(days=number) for number in range(size.days, 0, -1)]
    ways = {
        "fixes in past days": (past, timedelta(days=1), past[-1]),
        "all in the day being written": ([today], now - today, today),
    }
    for title, (days, span, day) in ways.items():
        people = enrol(settings, town, size.fixes // (FIXES_A_DAY * len(days)), days)
        print(f"Writing {size.fixes:,} fixes, {title} (not timed)", flush=True)
        write(settings, people, days, span)
        measure(report, settings, title, [one.staff_no for one in people], day, size)
        forget(settings)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
