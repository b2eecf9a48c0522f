"""`gridkeeper check`: recompute every stored placement in SQL and list the differences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Placement, Scheme
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
    """Placements looked at and what differed."""

    placements: int = 0
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
    report = CheckReport()
    chosen = [scheme_named(session, scheme)] if scheme else session.scalars(select(Scheme).order_by(Scheme.id)).all()
    for one in chosen:
        report.placements += (
            session.scalar(select(func.count()).select_from(Placement).where(Placement.scheme_id == one.id)) or 0
        )
        report.differences += _placements(session, one)
    for tree in sorted({one.tree for one in chosen}):
        report.differences += _listed(session, "check_routing", {"tree": tree})
    report.differences += _listed(session, "check_orphans", {})
    return report


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
