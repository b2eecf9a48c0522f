"""The state of a case worked out from its events alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from layers.cases.loop import Step, states, steps


@dataclass(frozen=True)
class Happening:
    """An event of a case: when, of what kind, with which details."""

    at: datetime
    kind: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """How a case stands.

    Attributes:
        state: Its state.
        paused_state: The state before the pause it is in; None when it is in none.
        reworks, returns, level: How often it failed verification, was returned, went up for a missed deadline.
        supervised: Whether a supervisor follows it.
        merged_into: The number of the case that it was merged into.
        closed_at: When it was closed.
    """

    state: str = "reported"
    paused_state: str | None = None
    reworks: int = 0
    returns: int = 0
    level: int = 0
    supervised: bool = False
    merged_into: int | None = None
    closed_at: datetime | None = None

    @property
    def stage(self) -> str | None:
        """The step of the loop that it is in, that from before a pause; None once closed."""
        return states()[self.paused_state or self.state].stage

    def after(self, event: Happening) -> Standing:
        """How it stands after one more event."""
        step = steps().get(event.kind)
        if step is not None:
            return self._after_step(step, event)
        if event.kind == "imported":
            return self._imported(event.detail)
        if event.kind in states():
            # What intake decided is an event named by the state.
            return self._in(event.kind, event.at)
        state = event.detail.get("state") if event.kind != "moved" else _moved_to(self.state, event.detail)
        return self._in(state, event.at) if isinstance(state, str) else self

    def _imported(self, detail: Mapping[str, Any]) -> Standing:
        """A file tells the state, and when the case was closed, if anybody knows."""
        state, closed_at = states()[detail["state"]], detail.get("closed_at")
        return replace(
            self,
            state=state.name,
            # What comes in a pause was being handled before.
            paused_state="handling" if state.is_paused else None,
            closed_at=None if closed_at is None else datetime.fromisoformat(closed_at),
        )

    def _after_step(self, step: Step, event: Happening) -> Standing:
        found = self._in(step.target(self.state, self.paused_state), event.at)
        if step.counts is not None:
            found = replace(found, **{step.counts: getattr(found, step.counts) + 1})
        if step.name == "supervise":
            return replace(found, supervised=True)
        if step.name == "merge":
            return replace(found, merged_into=int(event.detail["into"]))
        return found

    def _in(self, name: str, at: datetime) -> Standing:
        state = states()[name]
        paused_from = None
        if state.is_paused:
            paused_from = self.paused_state if states()[self.state].is_paused else self.state
        closed_at = None if state.is_open else (self.closed_at or at)
        return replace(self, state=name, paused_state=paused_from, closed_at=closed_at)


def _moved_to(state: str, detail: Mapping[str, Any]) -> str:
    """The state after a publication moved a case; the first such events did not name it."""
    if "state" in detail:
        return str(detail["state"])
    if detail.get("queue_reason"):
        return "queued"
    return "dispatched" if state in ("reported", "queued") else state


def replay(events: Iterable[Happening]) -> Standing:
    """How a case stands after its events, in their order.

    >>> day = datetime(2026, 5, 3, 8)
    >>> replay([Happening(day, "received", {}), Happening(day, "queued", {}), Happening(day, "dispatch", {})]).state
    'dispatched'
    """
    found = Standing()
    for event in events:
        found = found.after(event)
    return found
