"""What a limit is: how long a part of a step of the loop may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The milestone that is the end of the step itself.
END = "end"


@dataclass(frozen=True)
class Limit:
    """How long a milestone of a stage may take.

    Attributes:
        stage: One of the six steps of the loop.
        milestone: `END`, or the name of a part of the stage.
        amount: How many of the unit.
        unit: hours, working_hours or working_days.
        source: The text that says so.
    """

    stage: str
    milestone: str
    amount: float
    unit: str
    source: str


LimitsOf = Callable[[str], Sequence[Limit]]
"""Gives the limits of a stage for one case."""


def no_limits(_: str) -> Sequence[Limit]:
    """The limits of a city without a catalogue."""
    return ()
