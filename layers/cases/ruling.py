"""What the catalogue says of a report: its matter, who handles it, and the deadlines that begin when it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from layers.cases.assign import Decision
from layers.cases.derived import Derived, Facts, derive
from layers.cases.finding import Finding
from layers.cases.replay import Happening
from layers.matters.held import ANY_PLACE, DIRECT, Catalogue, Edition, MatterRef, Rule, held

# What each process saw last, by database and city.
_editions: dict[tuple[str, str], Edition | None] = {}


@dataclass(frozen=True)
class Ruling:
    """What becomes of a report by place, matter and time.

    Attributes:
        catalogue: The one that was asked; None for a city without.
        matter: What it is about; None for what the catalogue does not know.
        rule: Who handles that.
        facts: What decides on its limits.
        decision: State, person and reasons.
        events: What is told of the first moment.
        derived: What follows from these.
    """

    catalogue: Catalogue | None
    matter: MatterRef | None
    rule: Rule | None
    facts: Facts
    decision: Decision
    events: Sequence[Happening]
    derived: Derived

    def described(self) -> dict[str, Any]:
        """What a caller is told of it, beside where it lies."""
        unit = self.rule and self.rule.department_id
        department = self.catalogue.departments[unit] if self.catalogue and unit else None
        matter, face = self.matter, self.derived.face
        return {
            "state": self.decision.state,
            "queue_reason": self.decision.queue_reason,
            "urgency": self.facts.urgency,
            "matter": matter and {"standard": matter.standard, "code": matter.code, **matter.names},
            "department": department and {"code": department.code, **department.names},
            "clock": face.clock,
            "due_at": face.due_at and face.due_at.isoformat(),
        }


def rule_on(
    found: Finding, catalogue: Catalogue | None, *, category: str | None, source: str, urgency: str, at: datetime
) -> Ruling:
    """Ask a catalogue about a report that was placed.

    Args:
        found: Where it lies and who answers there.
        catalogue: The one that holds.
        category: What it is about, by a code of the catalogue's.
        source: Where it came from.
        urgency: How urgent it is.
        at: When it came in.
    """
    matter = catalogue.matter(category) if catalogue else None
    place_class = (found.answer and found.answer.place_class) or ANY_PLACE
    facts = Facts(at, matter.id if matter else None, urgency, place_class)
    rule = catalogue.rule(facts.matter_id, urgency, place_class) if catalogue else None
    decision = _decided(found.decision, catalogue, rule, source)
    detail = {
        "queue_reason": decision.queue_reason,
        "staff_id": decision.staff_id,
        "department_id": rule and rule.department_id,
    }
    events = [Happening(at, "received", {"source": source}), Happening(at, decision.state, detail)]
    return Ruling(catalogue, matter, rule, facts, decision, events, derive(facts, events, catalogue))


def _decided(decision: Decision, catalogue: Catalogue | None, rule: Rule | None, source: str) -> Decision:
    if catalogue is None:
        return decision
    reasons = list(decision.reasons)
    if rule and rule.department_id:
        reasons.append({"code": "department", "department": dict(catalogue.departments[rule.department_id].names)})
    # A dispatcher decides on what nobody answers for, whoever is to look at it.
    if decision.queue_reason is None and catalogue.path(source) != DIRECT:
        return replace(decision, state="on_site", reasons=[*reasons, {"code": "on_site"}])
    return replace(decision, reasons=reasons)


def known_catalogue(session: Session, tree: str) -> Catalogue | None:
    """The catalogue of a city as this process saw it last, without a statement; None before it saw any.

    Whoever stores by it tells which edition it was; where another one holds, it is told here with `learn` and asked
    again.
    """
    edition = _editions.get(_key(session, tree))
    return None if edition is None else held(session, edition)


def learn(session: Session, tree: str, edition: Edition | None) -> None:
    """Remember which edition of a city's catalogue holds; None for a city without."""
    _editions[_key(session, tree)] = edition


def _key(session: Session, tree: str) -> tuple[str, str]:
    return str(session.get_bind().engine.url), tree
