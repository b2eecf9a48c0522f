"""`gridkeeper check`: recompute every stored placement in SQL, every state and clock from events; list what differs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Placement, Scheme
from layers.batches import Progress, unheard
from layers.cases.check_loop import replayed_again
from layers.grids.schemes import scheme_named


@dataclass(frozen=True)
class Difference:
    """One stored value that is not what the rule gives."""

    number: str
    scheme: str
    field: str
    stored: str | None
    expected: str | None


@dataclass
class CheckReport:
    """Placements looked at, cases of which every event is known, and what differed."""

    placements: int = 0
    replayed: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """How many cases have a difference."""
        return len({difference.number for difference in self.differences})


def check(session: Session, *, scheme: str | None = None) -> CheckReport:
    """Recompute the placements of one scheme, or of all.

    Args:
        session: A session without a statement time-out; temporary tables go with its transaction.
        scheme: Name of the one scheme to look at.
    """
    chosen = _chosen(session, scheme)
    parts = [_check_scheme(session, one) for one in chosen]
    return _summed([*parts, *_check_loops(session, chosen)], _references(session, chosen))


def check_side_by_side(bind: Engine, *, scheme: str | None = None, progress: Progress = unheard) -> CheckReport:
    """The same with a connection for each scheme, two at a time.

    Args:
        bind: Engine without a statement time-out.
        scheme: Name of the one scheme to look at.
        progress: Told how many placements a scheme has, once they are recomputed; by any thread.
    """

    def one(chosen: Scheme) -> CheckReport:
        with Session(bind) as session:
            report = _check_scheme(session, chosen)
        progress(report.placements)
        return report

    with Session(bind) as session, ThreadPoolExecutor(2) as pool:
        chosen = _chosen(session, scheme)
        parts = list(pool.map(one, chosen))
        return _summed([*parts, *_check_loops(session, chosen)], _references(session, chosen))


def _chosen(session: Session, scheme: str | None) -> list[Scheme]:
    if scheme:
        return [scheme_named(session, scheme)]
    return list(session.scalars(select(Scheme).order_by(Scheme.id)))


def _check_scheme(session: Session, scheme: Scheme) -> CheckReport:
    placements = select(func.count()).select_from(Placement).where(Placement.scheme_id == scheme.id)
    return CheckReport(session.scalar(placements) or 0, 0, _placements(session, scheme))


def _check_loops(session: Session, chosen: list[Scheme]) -> list[CheckReport]:
    found = []
    for tree in sorted({one.tree for one in chosen}):
        replayed, differences = replayed_again(session, tree)
        found.append(CheckReport(0, replayed, [Difference(one[0], tree, *one[1:]) for one in differences]))
    return found


def _references(session: Session, chosen: list[Scheme]) -> list[Difference]:
    found = [_listed(session, "check_routing", {"tree": tree}) for tree in sorted({one.tree for one in chosen})]
    return [*chain.from_iterable(found), *_listed(session, "check_orphans", {})]


def _summed(parts: list[CheckReport], references: list[Difference]) -> CheckReport:
    differences = chain.from_iterable(part.differences for part in parts)
    placements, replayed = sum(part.placements for part in parts), sum(part.replayed for part in parts)
    return CheckReport(placements, replayed, [*differences, *references])


def _listed(session: Session, name: str, values: dict[str, Any]) -> list[Difference]:
    rows = session.execute(statement(name), values)
    return [Difference(r.number, r.scheme, r.field, r.stored, r.expected) for r in rows]


def _placements(session: Session, scheme: Scheme) -> list[Difference]:
    session.execute(text("SET LOCAL jit = off"))
    session.execute(statement("check_cells"), {"scheme_id": scheme.id, "srid": scheme.metric_srid})
    rows = session.execute(
        statement("check_placements"),
        {
            "scheme_id": scheme.id,
            "srid": scheme.metric_srid,
            "near_limit_m": scheme.near_limit_m,
            "extent": scheme.extent,
            "tree": scheme.tree,
        },
    ).all()
    session.execute(text("DROP TABLE check_cells"))
    return [Difference(r.number, scheme.name, r.field, r.stored, r.expected) for r in rows]
