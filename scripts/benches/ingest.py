"""How fast fixes come in: a file of them beside a bare COPY, and single ones over HTTP beside a bare endpoint.

The COPY goes into the same table with the same key, of rows that were made before the clock starts. The bare endpoint
is FastAPI that validates the same body and answers, by the same server; ours is the service as `gridkeeper serve` does
it, and answers after the commit of a fix that was judged, located and not known before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ingesting import copies, load
from redrawing import city
from rounds import Engine, Promise, Report, Row, Table, interleaved, options
from serving import module, served
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import Range

from data.roles import OWNER
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from data.tables import Device, Scheme, Shift, Staff
from layers.actor import Actor
from layers.batches import Summary
from layers.patrols.bulk import import_fixes
from layers.patrols.fixes import hash_of
from layers.patrols.reading import Reading, read_fixes

DATABASE = "bench_ingest"
OURS, BARE, STAGED = "gridkeeper import of a file", "binary COPY, same key", "COPY aside, ON CONFLICT"
SERVED, BARELY = "gridkeeper POST /fixes", "bare FastAPI"
_GRIDKEEPER = Path(sys.executable).with_name("gridkeeper")
_CONNECTIONS = 32
_DEVICES = 1_000


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        fixes: In the file.
        requests: Single fixes of a round.
        rounds: How often each.
    """

    fixes: int
    requests: int
    rounds: int


FULL = Size(fixes=1_000_000, requests=20_000, rounds=3)
QUICK = Size(fixes=100_000, requests=2_000, rounds=2)


def enrol(settings: DatabaseSettings) -> tuple[str, list[str], tuple[float, ...]]:
    """Devices on shift in the sample town: its name, their labels, and the bounds of its grids."""
    labels = [f"bench-{number}" for number in range(_DEVICES)]
    bind = engine(settings)
    now = datetime.now(UTC)
    with unit_of_work(bind) as session:
        tree = session.scalars(select(Scheme.tree).where(Scheme.name == "duty")).one()
        staff_id = session.scalars(select(Staff.id).where(Staff.tree == tree).limit(1)).one()
        rows = [
            {"tree": tree, "label": label, "datum": "wgs84", "secret_hash": hash_of(label), "staff_id": staff_id}
            for label in labels
        ]
        ids = session.scalars(insert(Device).returning(Device.id), rows).all()
        valid = Range(now - timedelta(days=3), now + timedelta(days=1))
        session.execute(insert(Shift), [{"device_id": id_, "staff_id": staff_id, "valid": valid} for id_ in ids])
        asked = (
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) e FROM boundaries) b"
        )
        bounds = tuple(session.execute(text(asked)).one())
    bind.dispose()
    return tree, labels, bounds


def made_up(labels: list[str], bounds: tuple[float, ...], count: int) -> pd.DataFrame:
    """Fixes half a minute apart up to an hour ago, as a file holds them: one device after the other."""
    chance = np.random.default_rng(6)
    west, south, east, north = bounds
    each = count // len(labels)
    last = pd.Timestamp.now("UTC").floor("s") - pd.Timedelta(hours=1)
    at = last - pd.to_timedelta(np.arange(each)[::-1] * 30, unit="s")
    return pd.DataFrame(
        {
            "device": np.repeat(labels, each),
            "at": np.tile(at, len(labels)),
            "lon": chance.uniform(west, east, count),
            "lat": chance.uniform(south, north, count),
            "accuracy_m": chance.uniform(3, 20, count),
            "speed_ms": chance.uniform(0, 2, count),
            "course": chance.uniform(0, 360, count),
        }
    )


def empty(settings: DatabaseSettings) -> None:
    """No fixes are known, and no day is to be summarised."""
    owner = engine(settings, role=OWNER)
    with unit_of_work(owner) as session:
        session.execute(text("TRUNCATE fixes, fixes_aside, fixes_off_shift, patrol_days_due"))
    owner.dispose()


def bulk(report: Report, settings: DatabaseSettings, tree: str, file: Path, size: Size) -> None:
    """A file of new fixes, and the same file again."""
    bind = engine(settings, statement_limit_s=0)

    def ours() -> Summary:
        pieces = read_fixes(file, Reading(columns={}))
        return import_fixes(bind, Actor("bench"), pieces, tree=tree, file=file, kept_days=30)

    first = ours()  # boundaries are read and days made
    if first.stored != size.fixes:
        raise SystemExit(f"stored {first.stored} of {size.fixes}: {first.counts()}")
    start = time.perf_counter()
    again = ours()
    again_s = time.perf_counter() - start
    pieces = copies.kept(bind)
    clean = partial(empty, settings)
    seconds = interleaved(
        {
            OURS: Engine(ours, clean),
            BARE: Engine(lambda: copies.copy_bare(bind, pieces), clean),
            STAGED: Engine(lambda: copies.copy_staged(bind, pieces), clean),
        },
        rounds=size.rounds,
    )
    for name, taken in seconds.items():
        report.rows.append(Row(name, taken, size.fixes / taken, seconds[BARE] / taken))
    columns = ["fixes", "repeats", "seconds", "per second"]
    report.tables.append(
        Table("the same file again", columns, [[size.fixes, again.already_there, again_s, size.fixes / again_s]])
    )
    ratio = seconds[BARE] / seconds[OURS]
    report.promises += [
        Promise("of a binary COPY into the same table with the same key, at least", 0.5, ratio, ratio >= 0.5),
        Promise("repeats that were stored", 0, again.stored, again.stored == 0),
    ]
    empty(settings)
    bind.dispose()


def requests(labels: list[str], frame: pd.DataFrame, port: int, round_: int, count: int) -> list[bytes]:
    """Single fixes of many devices, none sent before, of the last minutes as telephones send them."""
    made = []
    since = datetime.now(UTC) - timedelta(minutes=15)
    for number in range(count):
        row: Any = frame.iloc[number % len(frame)]
        at = since + timedelta(seconds=round_ * 60 + number // len(labels), milliseconds=number % 1_000)
        fix = {"at": at.isoformat(), "x": row.lon, "y": row.lat, "accuracy_m": 5.0, "speed_ms": 1.2, "course": 90.0}
        body = json.dumps({"fixes": [fix]}).encode()
        head = (
            f"POST /api/v1/fixes HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"X-Device: {labels[number % len(labels)]}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def single(report: Report, settings: DatabaseSettings, labels: list[str], frame: pd.DataFrame, size: Size) -> None:
    """Single fixes over HTTP, each answered after its commit."""
    took_s, rounds = dict[str, list[float]](), {SERVED: 0, BARELY: 0}
    with served(settings) as ours, served(settings, module("ingesting.bare")) as bare:
        ports = {SERVED: ours.port, BARELY: bare.port}
        waiting: dict[str, list[bytes]] = {}

        def prepare(name: str) -> None:
            rounds[name] += 1
            waiting[name] = requests(labels, frame, ports[name], rounds[name], size.requests)

        def run(name: str) -> None:
            took_s[name] = load.send_all(ports[name], waiting[name], connections=_CONNECTIONS)

        for name in ports:  # the first ones find everything cold
            prepare(name)
            run(name)
        engines = {name: Engine(partial(run, name), partial(prepare, name)) for name in ports}
        seconds = interleaved(engines, rounds=size.rounds)
    for name, taken in seconds.items():
        report.rows.append(Row(name, taken, size.requests / taken, seconds[BARELY] / taken))
    milliseconds = {
        name: [float(one) * 1000 for one in np.quantile(took, [0.5, 0.99])] for name, took in took_s.items()
    }
    report.tables.append(
        Table(
            f"single fixes on {_CONNECTIONS} connections, last round",
            ["", "p50 ms", "p99 ms"],
            [[name.split()[0], *found] for name, found in milliseconds.items()],
        )
    )
    ratio, rate, p99 = seconds[BARELY] / seconds[SERVED], size.requests / seconds[SERVED], milliseconds[SERVED][1]
    report.promises += [
        Promise("of a bare FastAPI endpoint, at least", 0.3, ratio, ratio >= 0.3),
        Promise("single fixes a second, at least", 1_700, rate, rate >= 1_700),
        Promise("ms p99 of a single fix, at most", 200, p99, p99 <= 200),
    ]


def main() -> None:
    """Measure and report."""
    chosen = options("ingest")
    size = QUICK if chosen.quick else FULL
    report = Report("ingest", judged=not chosen.quick)
    settings = city.database(DatabaseSettings(), DATABASE)
    env = {"GRIDKEEPER_HOME": str(settings.home), "GRIDKEEPER_DATABASE": settings.database}
    subprocess.run([_GRIDKEEPER, "demo"], env=env, check=True)
    empty(settings)  # the sample town has walks of its own
    tree, labels, bounds = enrol(settings)
    frame = made_up(labels, bounds, size.fixes)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "fixes.parquet")
        frame.to_parquet(file)
        bulk(report, settings, tree, file, size)
    single(report, settings, labels, frame, size)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
