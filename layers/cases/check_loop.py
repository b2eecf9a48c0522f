"""State, counts and clocks of cases as they are stored, beside what their events give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from data.sql import statement
from layers.cases.winding import Deriver, kinds_that_measure

# Cases looked at together: their events are in memory.
_ROWS = 2_000

Found = tuple[str, str, str | None, str | None]
"""Number, field, stored, expected."""


def replayed_again(session: Session, tree: str) -> tuple[int, list[Found]]:
    """Replay the events of the cases of a city: how many there are, and where what is stored differs.

    Args:
        session: A session without a statement time-out.
        tree: The city.
    """
    deriver, after, replayed = Deriver(session), 0, 0
    differences: list[Found] = []
    values = {"tree": tree, "kinds": kinds_that_measure(), "most": _ROWS}
    while ids := session.scalars(statement("cases_in_loop"), values | {"after": after}).all():
        after, replayed = ids[-1], replayed + len(ids)
        clocks = _stored_clocks(session, ids)
        for row, derived in deriver.derive(ids):
            expected = derived.columns() | {_clock(one): _times(one) for one in derived.clock_rows()}
            stored = {name: getattr(row, name) for name in derived.columns()} | clocks[row.id]
            differences += _different(str(row.id), stored, expected)
    return replayed, differences


def _different(number: str, stored: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Found]:
    for name in sorted({*stored, *expected}):
        if stored.get(name) != expected.get(name):
            yield number, name, _shown(stored.get(name)), _shown(expected.get(name))


def _shown(value: Any) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return None if value is None else str(value)


def _clock(row: Any) -> str:
    return f"clock {row['stage']} {row['round']} {row['milestone']}"


def _times(row: Any) -> tuple[Any, ...]:
    return row["started_at"], row["due_at"], row["met_at"], row["void"]


def _stored_clocks(session: Session, ids: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in session.execute(statement("clocks_of_cases"), {"cases": list(ids)}).mappings():
        found[row["case_id"]][_clock(row)] = _times(row)
    return found
