"""How fast a file of cases becomes cases, events and placements, beside a bare COPY of the same rows.

Ours is the whole command: start, read the CSV, place every row in every scheme of the city, decide on grid and person,
store with all constraints and indexes. The peer copies finished rows into tables without any constraint or index,
as text and as binary; the faster one counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.extensions import connection as Connection
from rounds import Engine, Promise, Report, Row, interleaved, options

from api import cli as command
from data import embedded
from data.roles import ADMIN
from data.sample_town import generate
from data.settings import DatabaseSettings
from layers.cases.placing import Placer

TABLES = ("cases", "placements", "case_events")
UNTIL = datetime(2026, 11, 20, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
GRIDKEEPER = Path(sys.executable).with_name("gridkeeper")
TEMPLATE, OURS = "bench_district", "bench_import"
OPTIONS = (
    *("--scheme", "district-duty", "--id", "source_id", "--lon", "x", "--lat", "y", "--datum-column", "datum"),
    *("--at", "occurred_at", "--category", "category", "--description", "description", "--state", "state"),
    *("--source", "source"),
)


class Bench:
    """A cluster with the ground of a district, a file of cases, and finished rows to copy."""

    def __init__(self, cases: int) -> None:
        self.cases = cases
        self.home = DatabaseSettings().home
        self.peak_mb = self.check_s = 0.0
        self.file = self.home / f"cases-{cases}.csv"
        print(f"Making a district and a file of {cases:,} cases (not timed)", flush=True)
        self._gridkeeper(TEMPLATE, "demo", "--size", "district", "--cases", "1", "--if-empty")
        self._admin(TEMPLATE, "ANALYZE")
        self._write_file()
        self.clone()
        self.load()
        self._keep_rows()

    def clone(self) -> None:
        """A fresh database with the ground and no cases but one."""
        self._admin(
            "postgres", f"DROP DATABASE IF EXISTS {OURS} WITH (FORCE)", f"CREATE DATABASE {OURS} TEMPLATE {TEMPLATE}"
        )

    def load(self) -> None:
        """The whole command, as a person would run it."""
        self._gridkeeper(OURS, "import", "cases", str(self.file), *OPTIONS)

    def empty(self) -> None:
        """Tables with the same columns and nothing else."""
        for table in TABLES:
            self._admin(OURS, f"DROP TABLE IF EXISTS bare_{table}", f"CREATE TABLE bare_{table} (LIKE {table})")

    def copy(self, form: str) -> None:
        """COPY the finished rows."""
        with self._connect(OURS) as db, db.cursor() as cursor:
            for table in TABLES:
                with self._rows(table, form).open("rb") as source:
                    cursor.copy_expert(f"COPY bare_{table} FROM STDIN (FORMAT {form})", source)
            db.commit()

    def mismatches(self) -> int:
        """Placements that `gridkeeper check` finds wrong."""
        self.clone()
        self.load()
        start = time.perf_counter()
        done = subprocess.run([GRIDKEEPER, "check", "--json"], env=self._env(OURS), capture_output=True, text=True)
        self.check_s = time.perf_counter() - start
        return len(json.loads(done.stdout.splitlines()[-1])["differences"])

    def _write_file(self) -> None:
        frames = generate("district", until=UNTIL, cases=self.cases).reports()
        for number, frame in enumerate(frames):
            frame.to_csv(self.file, mode="a" if number else "w", header=not number, index=False)

    def _keep_rows(self) -> None:
        with self._connect(OURS) as db, db.cursor() as cursor:
            for table in TABLES:
                for form in ("text", "binary"):
                    with self._rows(table, form).open("wb") as sink:
                        cursor.copy_expert(f"COPY {table} TO STDOUT (FORMAT {form})", sink)

    def _rows(self, table: str, form: str) -> Path:
        return self.home / f"{table}.{form}"

    def _gridkeeper(self, database: str, *arguments: str) -> None:
        process = subprocess.Popen([GRIDKEEPER, *arguments], env=self._env(database), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"gridkeeper {' '.join(arguments)} failed")
        self.peak_mb = max(self.peak_mb, usage.ru_maxrss / 1024) if "cases" in arguments else self.peak_mb

    def _env(self, database: str) -> dict[str, str]:
        return {**os.environ, "GRIDKEEPER_DATABASE": database}

    def _connect(self, database: str) -> Connection:
        return psycopg2.connect(
            host=str(embedded.find(self.home).place.run), port=embedded.PORT, user=ADMIN, dbname=database
        )

    def _admin(self, database: str, *statements: str) -> None:
        db = self._connect(database)
        db.autocommit = True
        for statement in statements:
            db.cursor().execute(statement)
        db.close()


def profile(bench: Bench) -> Report:
    """One import within this process, with a clock around the placing of its points."""
    seconds = {"grid, distance, second choice": 0.0, "the whole import": 0.0}
    place = Placer.place

    def timed(placer: Placer, *arrays: Any) -> Any:
        start = time.perf_counter()
        placed = place(placer, *arrays)
        seconds["grid, distance, second choice"] += time.perf_counter() - start
        return placed

    os.environ["GRIDKEEPER_DATABASE"] = OURS
    bench.clone()
    Placer.place = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    command.app(["import", "cases", str(bench.file), *OPTIONS], standalone_mode=False)
    seconds["the whole import"] = time.perf_counter() - start
    Placer.place = place  # type: ignore[method-assign]
    placing, whole = seconds.values()
    report = Report("import --profile")
    report.rows = [Row(name, spent, bench.cases / spent, spent / whole) for name, spent in seconds.items()]
    need = "grid, distance and second choice as a share of the import, at most"
    report.promises = [Promise(need, 0.05, placing / whole, placing / whole < 0.05)]
    return report


def main() -> None:
    """Measure and report."""
    chosen = options("import", profile="only the share of placing in one import")
    cases = 100_000 if chosen.quick else 1_000_000
    bench = Bench(cases)
    if chosen.profile:
        profile(bench).show(as_json=chosen.json)
        return
    engines = {
        "gridkeeper import cases": Engine(bench.load, bench.clone),
        "bare COPY, text": Engine(lambda: bench.copy("text"), bench.empty),
        "bare COPY, binary": Engine(lambda: bench.copy("binary"), bench.empty),
    }
    seconds = interleaved(engines, rounds=3)
    bare = min(seconds[name] for name in engines if name.startswith("bare"))
    ours = seconds["gridkeeper import cases"]
    wrong = bench.mismatches()
    report = Report("import")
    for name in engines:
        found = wrong if name.startswith("grid") else None
        report.rows.append(Row(name, seconds[name], cases / seconds[name], bare / seconds[name], found))
    report.rows.append(Row("gridkeeper check", bench.check_s, cases / bench.check_s, bare / bench.check_s))
    report.promises = [
        Promise("rate as a share of the faster bare COPY", 0.15, bare / ours, bare / ours >= 0.15),
        Promise("peak memory of our process in MB, at most", 1000, bench.peak_mb, bench.peak_mb < 1000),
        Promise("check in s, at most the import's", ours, bench.check_s, bench.check_s <= ours),
        Promise("differences found by gridkeeper check", 0, wrong, wrong == 0),
    ]
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
