"""A period in steps: days, weeks, months, or the hours of the day."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gis.errors import BadInput
from layers.hotspots.asking import Meant
from layers.hotspots.points import Points

Step = Literal["day", "week", "month", "hour"]
MOST_STEPS = 120


@dataclass(frozen=True, eq=False)
class Frame:
    """A step of a period.

    Attributes:
        since, until: First and last day, both included; of an hour when it begins and when the next one does.
        rows: Which of the cases fall into it (n,).
    """

    since: str
    until: str
    rows: NDArray[np.bool_]

    def told(self) -> dict[str, Any]:
        """The same for the answer."""
        return {"from": self.since, "to": self.until, "n": int(self.rows.sum())}


def frames_of(points: Points, step: Step | None) -> list[Frame]:
    """The steps of a period, in order; one step for all of it without a word.

    Weeks begin on the first day of the period, months are those of the calendar; the last one may be cut short.
    Cases of which only the day is known must be left out before where hours are asked for.

    Raises:
        BadInput: `too_many_steps`.
    """
    if step == "hour":
        hour = points.hour
        chosen = points.meant.hours or list(range(24))
        return [Frame(f"{one:02}:00", f"{(one + 1) % 24:02}:00", hour == one) for one in chosen]
    spans = _spans(points.meant, step)
    if len(spans) > MOST_STEPS:
        raise BadInput(
            "too_many_steps",
            f"The period has {len(spans)} steps of a {step}; at most {MOST_STEPS} are told. Ask for fewer days or "
            "longer steps.",
            field="step",
            value=step,
            values={"most": MOST_STEPS},
        )
    days, day = points.meant.days, points.day
    return [
        Frame(days[first].date.isoformat(), days[last].date.isoformat(), (day >= first) & (day <= last))
        for first, last in spans
    ]


def _spans(what: Meant, step: Step | None) -> list[tuple[int, int]]:
    """First and last day of each step, as places among the days."""
    dates = [day.date for day in what.days]

    def belongs(place: int) -> object:
        if step == "month":
            return dates[place].year, dates[place].month
        return None if step is None else place // (7 if step == "week" else 1)

    groups = [list(places) for _, places in groupby(range(len(dates)), key=belongs)]
    return [(places[0], places[-1]) for places in groups]
