"""What every benchmark shares: engines interleaved in rounds, medians, one table, one JSON object last."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """One engine's figures; `ratio` is its rate divided by ours, or ours by it, as the benchmark says."""

    engine: str
    seconds: float
    rate: float
    ratio: float
    mismatches: int | None = None


@dataclass
class Promise:
    """What is promised, what is needed, what was measured."""

    what: str
    need: float
    got: float | None
    holds: bool


@dataclass
class Report:
    """A finished benchmark."""

    name: str
    rows: list[Row] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)

    def show(self, *, as_json: bool) -> None:
        """Print the table, the promises and, when asked, one JSON object as the last line."""
        print(f"{'engine':<34}{'seconds':>10}{'per second':>14}{'ratio':>9}{'mismatches':>12}")
        for row in self.rows:
            wrong = "-" if row.mismatches is None else row.mismatches
            print(f"{row.engine:<34}{row.seconds:>10.3f}{row.rate:>14,.0f}{row.ratio:>9.3f}{wrong:>12}")
        for promise in self.promises:
            got = "not measured" if promise.got is None else f"{promise.got:.3f}"
            print(f"{'holds' if promise.holds else 'DOES NOT HOLD'}: {promise.what}: need {promise.need}, got {got}")
        if as_json:
            print(json.dumps(asdict(self)))


@dataclass(frozen=True)
class Engine:
    """What is timed, and what is put in order before each run outside the clock."""

    run: Callable[[], None]
    prepare: Callable[[], None] = lambda: None


def interleaved(engines: dict[str, Engine], *, rounds: int) -> dict[str, float]:
    """Median seconds of each engine, all of them run once in every round, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(rounds):
        for name, engine in engines.items():
            engine.prepare()
            start = time.perf_counter()
            engine.run()
            seconds[name].append(time.perf_counter() - start)
            print(f"round {number + 1}: {name} {seconds[name][-1]:.2f} s", flush=True)
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def options(name: str, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of every benchmark: --quick and --json."""
    parser = argparse.ArgumentParser(prog=f"scripts/bench {name}")
    parser.add_argument("--quick", action="store_true", help="a small run within a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser.parse_args(arguments)
