"""What every benchmark shares: engines interleaved in rounds, medians, one table, one JSON object last."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Row:
    """One engine's figures; `ratio` is its rate divided by ours, or ours by it, as the benchmark says."""

    engine: str
    seconds: float
    rate: float
    ratio: float
    mismatches: int | None = None
    peak_mb: float | None = None


@dataclass
class Table:
    """Figures of another kind, below the engines."""

    title: str
    columns: list[str]
    rows: list[list[Any]]

    def show(self) -> None:
        """Print it."""
        print(f"\n{self.title}\n" + "".join(f"{column:>15}" for column in self.columns))
        for row in self.rows:
            print("".join(f"{self._shown(value):>15}" for value in row))
        print()

    @staticmethod
    def _shown(value: Any) -> str:
        return str(value) if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


@dataclass
class Promise:
    """What is promised, what is needed, what was measured."""

    what: str
    need: float
    got: float | None
    holds: bool


@dataclass
class Report:
    """A finished benchmark; one that is not `judged` was too small for what it promises."""

    name: str
    rows: list[Row] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    judged: bool = True

    def show(self, *, as_json: bool) -> None:
        """Print the table, the promises and, when asked, one JSON object as the last line."""
        width = max(len(row.engine) for row in self.rows) + 2
        print(f"{'engine':<{width}}{'seconds':>10}{'per second':>14}{'ratio':>10}{'mismatches':>12}{'peak MB':>10}")
        for row in self.rows:
            wrong = "-" if row.mismatches is None else row.mismatches
            peak = "-" if row.peak_mb is None else f"{row.peak_mb:,.0f}"
            figures = f"{row.seconds:>10.3f}{row.rate:>14,.0f}{row.ratio:>10.3f}{wrong:>12}{peak:>10}"
            print(f"{row.engine:<{width}}{figures}")
        for table in self.tables:
            table.show()
        for promise in self.promises:
            got = "not measured" if promise.got is None else f"{promise.got:.3f}"
            verdict = "holds" if promise.holds else "DOES NOT HOLD"
            print(f"{verdict if self.judged else 'not judged'}: {promise.what}: need {promise.need}, got {got}")
        if as_json:
            print(json.dumps(asdict(self)))


@dataclass(frozen=True)
class Engine:
    """What is timed, what is put in order before each run outside the clock, and in how many rounds if not in all."""

    run: Callable[[], object]
    prepare: Callable[[], None] = lambda: None
    rounds: int | None = None


def interleaved(engines: dict[str, Engine], *, rounds: int) -> dict[str, float]:
    """Median seconds of each engine, run in turn in every round; slow ones may leave the last rounds out."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(rounds):
        for name, engine in engines.items():
            if engine.rounds is not None and number >= engine.rounds:
                continue
            engine.prepare()
            start = time.perf_counter()
            engine.run()
            seconds[name].append(time.perf_counter() - start)
            print(f"round {number + 1}: {name} {seconds[name][-1]:.3f} s", flush=True)
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def options(name: str, arguments: Sequence[str] | None = None, **flags: str) -> argparse.Namespace:
    """The options of every benchmark, --quick and --json, and further flags with what they mean."""
    parser = argparse.ArgumentParser(prog=f"scripts/bench {name}")
    parser.add_argument("--quick", action="store_true", help="a small run within a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    for flag, meaning in flags.items():
        parser.add_argument(f"--{flag}", action="store_true", help=meaning)
    return parser.parse_args(arguments)
