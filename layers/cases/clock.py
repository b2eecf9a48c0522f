"""The clocks of a case, worked out from its events: when each limit began, is due and was met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gis.working_time import BeyondCalendar, Pause, WorkingTime, deadline
from layers.cases.loop import Step, states, steps
from layers.cases.replay import Happening, Standing
from layers.matters.limits import END, Limit, LimitsOf

# A case that came by file: what happened to it before is not known step by step.
_IMPORTED = "imported"
_HANDLED = "handle"


@dataclass(frozen=True)
class Clock:
    """One limit on one round of a stage.

    Attributes:
        stage, round: The stage, and how many times it had been entered by then.
        milestone: The part of the stage, or `END`.
        started_at: When the stage was entered.
        due_at: The deadline; None where a pause holds it, or no calendar reaches it.
        met_at: When it was met, in time or not.
        void: Whether the stage was left without it.
        state: running, paused, beyond_calendar, unmeasured (of a case that came by file), or stopped: met or void.
    """

    stage: str
    round: int
    milestone: str
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    void: bool
    state: str


@dataclass(frozen=True)
class Face:
    """What the row of a case shows of its clocks.

    Attributes:
        clock: One of `data.tables.loop.CLOCKS`.
        due_at: The earliest deadline that is not met; None unless the clock is running.
        due_milestone: What is due then.
    """

    clock: str
    due_at: datetime | None = None
    due_milestone: str | None = None


@dataclass
class _Round:
    """A stage from when it was entered until it was left."""

    stage: str
    number: int
    started_at: datetime
    limits: Sequence[Limit]
    is_imported: bool = False
    pauses: list[Pause] = field(default_factory=list)
    extensions: list[tuple[float, str]] = field(default_factory=list)
    met: dict[str, datetime] = field(default_factory=dict)
    left_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        """Whether its clocks stand still."""
        return bool(self.pauses) and self.pauses[-1][1] is None

    def pause(self, at: datetime, *, is_paused: bool) -> None:
        """Begin or end a pause, if that changes anything."""
        if is_paused and not self.is_paused:
            self.pauses.append((at, None))
        elif self.is_paused and not is_paused:
            self.pauses[-1] = (self.pauses[-1][0], at)

    def take(self, step: Step, event: Happening, at: datetime) -> None:
        """What a step does within the stage: it meets the milestone of its name, or that which it names."""
        milestone = event.detail["milestone"] if "milestone" in step.needs else step.name
        self.met.setdefault(milestone, at)
        if step.clock == "extend":
            self.extensions.append((float(event.detail["amount"]), event.detail["unit"]))

    def leave(self, at: datetime, *, is_done: bool) -> None:
        """The stage is left, done or not."""
        self.left_at = at
        if is_done:
            self.met[END] = at

    def clock(self, limit: Limit, calendar: WorkingTime | None) -> Clock:
        """The clock of one limit."""
        met_at = self.met.get(limit.milestone)
        stopped_at = met_at or self.left_at
        due_at, is_beyond = None, False
        try:
            due_at = self._due_at(limit, calendar, before=stopped_at)
        except BeyondCalendar:
            is_beyond = True
        state = "running"
        if stopped_at is None and self.is_paused:
            state = "paused"
        elif is_beyond and self.is_imported:
            state = "unmeasured"
        elif stopped_at is not None:
            state = "stopped"
        elif is_beyond:
            state = "beyond_calendar"
        is_void = met_at is None and self.left_at is not None
        return Clock(self.stage, self.number, limit.milestone, self.started_at, due_at, met_at, is_void, state)

    def _due_at(self, limit: Limit, calendar: WorkingTime | None, *, before: datetime | None) -> datetime | None:
        """The deadline with the extensions, which are of the end; pauses after it was met have no say."""
        pauses = [pause for pause in self.pauses if before is None or pause[0] < before]
        parts = [(limit.amount, limit.unit)]
        for amount, unit in self.extensions if limit.milestone == END else ():
            if unit == parts[-1][1]:
                parts[-1] = (parts[-1][0] + amount, unit)
            else:
                parts.append((amount, unit))
        due_at: datetime | None = self.started_at
        for amount, unit in parts:
            if due_at is not None:
                due_at = deadline(calendar, due_at, amount, unit, pauses=pauses)
        return due_at


def clocks(
    events: Sequence[Happening], rules: LimitsOf, calendar: WorkingTime | None, *, opened: datetime
) -> list[Clock]:
    """All clocks of a case, in the order in which its stages were entered.

    Entering a stage starts one for each of its limits. Leaving it meets the limit on its end and voids the others that
    are not met; where the stage is left undone (returned, rejected, merged, or sent back by a new boundary), all of
    these are void. While the case is paused no clock of it runs.

    Args:
        events: All events of the case, in their order.
        rules: The limits that held when the case came in: they hold for its whole life.
        calendar: The working times that they count by.
        opened: When the case came in.

    Raises:
        BadInput: An extension or a limit has an amount or a unit that is none.

    >>> day = datetime.fromisoformat("2026-05-03T08:00:00Z")
    >>> came_in = [Happening(day, "received", {}), Happening(day, "queued", {})]
    >>> rules = {"dispatch": [Limit("dispatch", "end", 0.5, "hours", "a rule")]}
    >>> [(one.stage, str(one.due_at)) for one in clocks(came_in, lambda stage: rules.get(stage, ()), None, opened=day)]
    [('dispatch', '2026-05-03 08:30:00+00:00')]
    """
    return [one.clock(limit, calendar) for one in _rounds(events, rules, opened) for limit in one.limits]


def face(of_clocks: Sequence[Clock], standing: Standing) -> Face:
    """What the row of a case shows of its clocks.

    Args:
        of_clocks: All clocks of the case.
        standing: How it stands after the same events.

    >>> face([], Standing())
    Face(clock='no_limit', due_at=None, due_milestone=None)
    """
    if standing.stage is None:
        return Face("unmeasured" if any(one.state == "unmeasured" for one in of_clocks) else "stopped")
    waiting = [one for one in of_clocks if one.met_at is None and not one.void]
    found = {one.state for one in waiting}
    if "running" in found:
        due = [(one.due_at, one.milestone) for one in waiting if one.state == "running" and one.due_at is not None]
        return Face("running", *min(due, key=lambda one: one[0]))
    return next((Face(name) for name in ("paused", "beyond_calendar", "unmeasured") if name in found), Face("no_limit"))


def _rounds(events: Sequence[Happening], rules: LimitsOf, opened: datetime) -> list[_Round]:
    standing, at = Standing(), opened
    found: list[_Round] = []
    if events and events[0].kind != _IMPORTED:
        found.append(_entered(found, standing, at, rules))
    for event in events:
        before, standing = standing, standing.after(event)
        if event.kind == _IMPORTED:
            found += _imported(standing, at, rules)
            continue
        # A clock of the machine that was put back makes nothing happen before what happened already.
        at = max(at, event.at)
        step = steps().get(event.kind)
        if found and found[-1].left_at is None:
            if step is not None:
                found[-1].take(step, event, at)
            found[-1].pause(at, is_paused=states()[standing.state].is_paused)
            if standing.stage != before.stage:
                found[-1].leave(at, is_done=_is_done(step, before, standing))
        if standing.stage not in (None, before.stage):
            found.append(_entered(found, standing, at, rules))
    return found


def _entered(earlier: Sequence[_Round], standing: Standing, at: datetime, rules: LimitsOf) -> _Round:
    assert standing.stage is not None, "a closed case enters no stage"
    number = 1 + sum(one.stage == standing.stage for one in earlier)
    return _Round(standing.stage, number, at, [one for one in rules(standing.stage) if _is_ahead(one, standing.state)])


def _is_ahead(limit: Limit, state: str) -> bool:
    """Whether its milestone can still be met; what is done again is not accepted again."""
    step = steps().get(limit.milestone)
    return step is None or state in step.sources


def _imported(standing: Standing, opened: datetime, rules: LimitsOf) -> list[_Round]:
    """What is known of a case that came by file: when it came in and, if it is closed, perhaps when.

    Only the end of a stage is measured, for nobody was asked for its parts. A closed case was being handled from the
    first day to the last.
    """
    if standing.stage is None and standing.closed_at is None:
        return []
    stage = standing.stage or _HANDLED
    found = _Round(stage, 1, opened, [limit for limit in rules(stage) if limit.milestone == END], is_imported=True)
    found.pause(opened, is_paused=states()[standing.state].is_paused)
    if standing.closed_at is not None:
        found.leave(max(opened, standing.closed_at), is_done=True)
    return [found]


def _is_done(step: Step | None, before: Standing, after: Standing) -> bool:
    """Whether a stage that is left is done; new boundaries that send a case back leave it undone."""
    if step is not None:
        return step.clock != "void"
    stages = [state.stage for state in states().values()]
    return stages.index(before.stage) < stages.index(after.stage)
