"""What follows from the events of a case: its state and counts, its clocks, and the face of them that its row shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from layers.cases.clock import Clock, Face, clocks, face
from layers.cases.replay import Happening, Standing, replay
from layers.matters.held import Catalogue
from layers.matters.limits import LimitsOf, no_limits


@dataclass(frozen=True)
class Facts:
    """What of a case decides on its limits, from the day it came in."""

    received_at: datetime
    matter_id: int | None
    urgency: str
    place_class: str


@dataclass(frozen=True)
class Derived:
    """All that can be worked out again from the events of a case."""

    standing: Standing
    clocks: list[Clock]
    face: Face

    def columns(self) -> dict[str, Any]:
        """The columns of `cases` that follow from it."""
        stands, shown = self.standing, self.face
        return {
            "state": stands.state,
            "paused_state": stands.paused_state,
            "reworks": stands.reworks,
            "returns": stands.returns,
            "level": stands.level,
            "supervised": stands.supervised,
            "merged_into": stands.merged_into,
            "closed_at": stands.closed_at,
            "clock": shown.clock,
            "due_at": shown.due_at,
            "due_milestone": shown.due_milestone,
        }

    def clock_rows(self) -> list[dict[str, Any]]:
        """Its rows of `case_clocks`, but for the number of the case and the city."""
        return [
            {
                "stage": one.stage,
                "round": one.round,
                "milestone": one.milestone,
                "started_at": one.started_at,
                "due_at": one.due_at,
                "met_at": one.met_at,
                "void": one.void,
            }
            for one in self.clocks
        ]


def derive(facts: Facts, events: Sequence[Happening], catalogue: Catalogue | None) -> Derived:
    """Work it out.

    Args:
        facts: Of the case.
        events: All of its events, in their order.
        catalogue: The one that held when it came in; None for a city without.
    """
    limits: LimitsOf = no_limits
    calendar = None
    if catalogue is not None:
        limits = catalogue.limits_of(facts.matter_id, facts.urgency, facts.place_class)
        calendar = catalogue.calendar
    standing = replay(events)
    found = clocks(events, limits, calendar, opened=facts.received_at)
    return Derived(standing, found, face(found, standing))


def happening(row: RowMapping) -> Happening:
    """An event as it is stored."""
    return Happening(row["at"], row["kind"], row["detail"] or {})
