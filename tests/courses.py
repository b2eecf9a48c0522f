"""Courses of cases: any steps that the table allows, one after another, with what new boundaries do in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from layers.cases.loop import steps
from layers.cases.replay import Happening, Standing

OPENED = datetime(2026, 3, 27, 8, tzinfo=UTC)
KNOWN_KINDS = ("received", "imported", "moved", "kept", "retimed")
"""Kinds of events that are neither a state nor a step."""
AT_INTAKE = ("reported", "on_site", "queued", "dispatched")


@st.composite
def courses(
    draw: Any, *, milestones: tuple[str, ...] = ("stop",), units: tuple[str, ...] = ("hours",), most: int = 14
) -> list[Happening]:
    """The events of a case from the day it came in, minutes to days apart.

    Args:
        draw: Of hypothesis.
        milestones: What the step `reach` may name.
        units: Units of extensions.
        most: The most steps.
    """
    found = [Happening(OPENED, "received", {}), Happening(OPENED, draw(st.sampled_from(AT_INTAKE)), {})]
    standing = Standing().after(found[1])
    at = OPENED
    for _ in range(draw(st.integers(0, most))):
        at += timedelta(minutes=draw(st.one_of(st.integers(0, 90), st.integers(0, 3000))))
        possible = [step for step in steps().values() if standing.state in step.sources]
        kinds = [step.name for step in possible] * 2 + (["moved", "kept", "retimed"] if standing.stage else [])
        if not kinds:
            break
        # Steps that change the state come more often than notes.
        moving = [step.name for step in possible if step.to is not None]
        kind = draw(st.sampled_from(kinds + moving * 6))
        event = Happening(at, kind, _detail(draw, kind, standing, milestones, units))
        standing = standing.after(event)
        found.append(event)
    return found


def _detail(
    draw: Any, kind: str, standing: Standing, milestones: tuple[str, ...], units: tuple[str, ...]
) -> dict[str, Any]:
    if kind == "merge":
        return {"into": 10_000_001}
    if kind == "reach":
        return {"milestone": draw(st.sampled_from(milestones))}
    if kind == "grant_extension":
        unit = draw(st.sampled_from(units))
        return {"amount": draw(st.integers(1, 3) if unit == "working_days" else st.integers(1, 72)), "unit": unit}
    if kind == "moved":
        # Where the work is done, it stays; else it may have to wait for a dispatcher.
        done = standing.stage in ("assess", "archive")
        return {"state": standing.state, "queue_reason": None} if done else {"queue_reason": draw(_REASONS)}
    return {}


_REASONS = st.sampled_from([None, None, "outside", "no_person"])
