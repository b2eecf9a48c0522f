"""How the database reads its tables for the statements that our own code sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tests.statements import noting


@dataclass(frozen=True)
class Reading:
    """What the plans of some statements read.

    Attributes:
        whole: Tables that are read from end to end, once for each time.
        indexes: Indexes by which rows are found.
    """

    whole: tuple[str, ...]
    indexes: frozenset[str]


def reading(session: Session, call: Callable[[], Any]) -> Reading:
    """Make a call and have every statement explained that it sent through the session."""
    nodes = plan_nodes(session, call)
    return Reading(
        whole=tuple(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"),
        indexes=frozenset(node["Index Name"] for node in nodes if "Index Name" in node),
    )


def plan_nodes(session: Session, call: Callable[[], Any], *, how: str = "FORMAT JSON") -> list[dict[str, Any]]:
    """The nodes of the plans of all statements that a call sends, as EXPLAIN gives them with some options."""
    sent: list[tuple[str, Any]] = []

    def note(sql: str, values: Any) -> None:
        if not sql.startswith(("SET ", "PREPARE ")):
            sent.append((sql, values))

    connection = session.connection()
    with noting(connection, note):
        call()
    plans = [connection.exec_driver_sql(f"EXPLAIN ({how}) {sql}", values).scalar_one() for sql, values in sent]
    return [node for plan in plans for node in _nodes(plan[0]["Plan"])]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
