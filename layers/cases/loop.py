"""The loop as data: the states of a case, the steps that lead from one to another, and who may take them."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# What stands in `from` for every open state, and in `to` for the state before a pause.
_OPEN, _BACK = "open", "back"


@dataclass(frozen=True)
class State:
    """A state of a case.

    Attributes:
        name: Its name.
        stage: The one of the six steps of the loop that it belongs to; None once the case is closed.
        is_open: Whether somebody still has something to do.
        is_paused: Whether clocks stand still.
        zh, en: Its name for people.
    """

    name: str
    stage: str | None
    is_open: bool
    is_paused: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Step:
    """Something a person does with a case.

    Attributes:
        name: Its name, and the kind of its event.
        sources: States in which it is allowed.
        to: The state it leads to; None where the state stays, 'back' for the one before a pause.
        roles: Who may take it.
        needs, may: Fields that must and may be given.
        clock: Its effect on the clocks of the stage: pause, resume, extend, void (it is left undone), or none but
            that of the change of stage.
        counts: The count of the case that it raises: returns, reworks, level, or none.
        guard: A further condition by name, or none.
        zh, en: Its name for people.
    """

    name: str
    sources: frozenset[str]
    to: str | None
    roles: frozenset[str]
    needs: tuple[str, ...]
    may: tuple[str, ...]
    clock: str | None
    counts: str | None
    guard: str | None
    zh: str
    en: str

    def target(self, state: str, paused_state: str | None) -> str:
        """The state after the step, from the state before it and the one before the pause."""
        if self.to is None:
            return state
        if self.to == _BACK:
            assert paused_state is not None, "a pause remembers where it came from"
            return paused_state
        return self.to


@cache
def states() -> dict[str, State]:
    """All states by name, in the order of the loop.

    >>> states()["suspended"].stage, states()["suspended"].is_paused, states()["archived"].stage
    ('handle', True, None)
    """
    return {
        row["state"]: State(
            row["state"],
            row["stage"] or None,
            row["is_open"] == "yes",
            row["is_paused"] == "yes",
            row["zh"],
            row["en"],
        )
        for row in _rows("states.csv")
    }


@cache
def closed_states() -> tuple[str, ...]:
    """Names of the states in which nobody has anything to do any more.

    >>> closed_states()
    ('archived', 'rejected', 'merged')
    """
    return tuple(name for name, state in states().items() if not state.is_open)


@cache
def steps() -> dict[str, Step]:
    """All steps by name.

    >>> steps()["dispatch"].needs, sorted(steps()["dispatch"].sources)
    (('owner',), ['queued', 'reported'])
    """
    return {
        row["step"]: Step(
            row["step"],
            _sources(row["from"]),
            row["to"] or None,
            frozenset(row["roles"].split()),
            tuple(row["needs"].split()),
            tuple(row["may"].split()),
            row["clock"] or None,
            row["counts"] or None,
            row["guard"] or None,
            row["zh"],
            row["en"],
        )
        for row in _rows("steps.csv")
    }


@cache
def roles() -> frozenset[str]:
    """All roles that may take some step.

    >>> "dispatcher" in roles(), "mayor" in roles()
    (True, False)
    """
    return frozenset().union(*(step.roles for step in steps().values()))


def allowed(state: str, of_roles: Collection[str]) -> tuple[Step, ...]:
    """The steps that people of these roles may take in a state, guards aside.

    >>> [step.name for step in allowed("fed_back", ["verifier"])]
    ['pass', 'fail', 'note']
    """
    return tuple(step for step in steps().values() if state in step.sources and step.roles & frozenset(of_roles))


def _sources(text: str) -> frozenset[str]:
    if text == _OPEN:
        return frozenset(name for name, state in states().items() if state.is_open)
    return frozenset(text.split())


def _rows(name: str) -> Iterator[dict[str, str]]:
    with files("data").joinpath("loop", name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)
