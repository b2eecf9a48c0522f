"""Thirteen weeks of cases in the hand-drawn town, each kind of them there for a question about hot spots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from data.session import unit_of_work
from layers.grids.schemes import SchemeSpec
from tests.cluster import Database
from tests.imports import take_cases, take_grids, write_csv
from tests.statements import noting
from tests.town import SQUARE, at, squares

# A Monday and a Sunday; times are those of Shanghai.
FIRST, LAST = "2026-02-02", "2026-05-03"
WEEKS = 13
PERIOD = {"from": FIRST, "to": LAST}
SPREAD, NIGHTLY, PILED, DATED, OUTSIDE = 120, 60, 30, 10, 5
_HEADER = ("id", "lon", "lat", "at", "category", "state")


def happen(town: Database, folder: Path) -> None:
    """Rubbish is spread evenly over town and time, ten pieces of it with the day alone, five outside of town. Noise is
    made in D04, by night. In the last week thirty holes are dug on one place of D02, and there is a single lamp in D05.
    One more hole was dug twice, and one was none; neither counts. Two years before something was stolen in D09.

    Besides, there is a scheme whose two grids overlap and hold all that lies in town."""
    chance = np.random.default_rng(7)
    rows: list[tuple[Any, ...]] = []

    def add(category: str, columns: Any, lines: Any, minutes: Any, *, state: str = "", day_only: bool = False) -> None:
        places = zip(np.broadcast_to(columns, len(minutes)), np.broadcast_to(lines, len(minutes)), minutes, strict=True)
        for column, line, minute in places:
            when = datetime.fromisoformat(FIRST) + timedelta(minutes=int(minute))
            told = when.date().isoformat() if day_only else when.isoformat(sep=" ")
            rows.append((f"r{len(rows)}", *at(column, line), told, category, state))

    span = WEEKS * 7 * 1440
    add("rubbish", chance.uniform(0, 8, SPREAD), chance.uniform(0, 4, SPREAD), chance.integers(0, span, SPREAD))
    add("rubbish", 1.0, chance.uniform(0, 4, DATED), chance.integers(0, span, DATED), day_only=True)
    add("rubbish", 8.2, 1.5, np.arange(OUTSIDE) * 60)
    nights = chance.integers(0, WEEKS * 7 - 1, NIGHTLY) * 1440 + chance.integers(22 * 60, 29 * 60, NIGHTLY)
    add("noise", *(middle + chance.normal(0, 0.15, NIGHTLY) for middle in (6, 2)), nights)
    add("hole", 3.5, 1.5, span - 7 * 1440 + np.arange(PILED) * 300)
    add("hole", 3.5, 1.5, [span - 5000], state="rejected")
    add("hole", 3.5, 1.5, [span - 4000])
    add("lamp", 1.0, 3.0, [span - 3000])
    add("theft", 6.0, 4.5, [-600 * 1440])
    file = write_csv(folder / "cases.csv", rows, header=_HEADER)
    more = {name: name for name in ("at", "category", "state")}
    summary = take_cases(town.app, file, columns=more)
    assert summary.stored == len(rows), summary
    with unit_of_work(town.owner) as session:
        twice = "source_id = :id"
        session.execute(
            text(
                "UPDATE cases SET state = 'merged', queue_reason = NULL, clock = 'no_limit', due_at = NULL, "
                f"merged_into = (SELECT min(id) FROM cases WHERE category = 'hole') WHERE {twice}"
            ),
            {"id": f"r{len(rows) - 3}"},
        )
        halves = [("L1", squares((0, 0, 5, 5))), ("L2", squares((4, 0, 8, 5)))]
        take_grids(session, halves, spec=SchemeSpec(name="loose", tree="town"), accept_problems=True)


@contextmanager
def statements(bind: Connection) -> Iterator[list[str]]:
    """The statements that are sent meanwhile; those by COPY are not among them."""
    sent: list[str] = []

    with noting(bind, lambda sql, _: sent.append(sql)):
        yield sent


def square_of(column: float, line: float) -> str:
    """A box of half a square around a place of the town, as a parameter."""
    lon, lat = at(column, line)
    half = SQUARE / 4
    return ",".join(str(edge) for edge in (lon - half, lat - half, lon + half, lat + half))
