"""What the service looks after by itself, each in a thread: scheduled drafts, webhooks, and whatever comes due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread

from sqlalchemy import Engine

from layers.dispatch.delivery import deliver_next
from layers.dispatch.escalation import escalate_due
from layers.patrols.closing import close_next_day, mark_days_over, prepare_grounds, tidy_next_day
from layers.patrols.days import look_after_days
from layers.rezoning.schedule import publish_due

_AFTER_A_FAULT_S = 5.0
# Under a stream of reports each look takes its share of the machine from them.
_APART_S = 0.2
# One that answers slowly shall not hold up all the others.
_SENDERS = 2
_LOG = logging.getLogger("gridkeeper")


@dataclass(frozen=True)
class Watch:
    """Something that is looked after.

    Attributes:
        name: What it is, for the log.
        look: Does some of what is due; whether there may be more. Many processes look at the same time, so it has to
            make sure that each thing is done once.
        every_s: How often to look.
        on_events: Whether to look at once when something happens to a case.
        wake: Set by whoever knows that there is something to be seen.
    """

    name: str
    look: Callable[[], bool]
    every_s: float
    on_events: bool = False
    wake: Event = field(default_factory=Event)


def watches(bind: Engine, *, fixes_kept_days: int = 0) -> list[Watch]:
    """All that the service looks after; whatever is due by a clock gets its line here.

    Args:
        bind: Engine of the service role.
        fixes_kept_days: For how many days fixes are kept; 0 for ever.
    """
    sender = partial(deliver_next, bind)
    days = Watch("days of fixes", partial(look_after_days, bind, kept_days=fixes_kept_days), 600.0)
    over = Watch("days of patrols that are over", partial(mark_days_over, bind), 600.0)
    grounds = Watch("ground of patrols", partial(prepare_grounds, bind), 30.0)
    for watch in (days, over, grounds):
        watch.wake.set()  # the first time at once: the service may have been away for long
    return [
        Watch("scheduled drafts", partial(_publish_due, bind), 1.0),
        Watch("escalations", partial(escalate_due, bind, given_up=set()), 10.0),
        days,
        over,
        grounds,
        Watch("summaries of patrols", partial(close_next_day, bind, kept_days=fixes_kept_days), 30.0),
        Watch("order of fixes", partial(tidy_next_day, bind), 600.0),
        *(Watch(f"webhooks {number}", sender, 5.0, on_events=True) for number in range(1, _SENDERS + 1)),
    ]


@contextmanager
def looking_after(watched: Sequence[Watch]) -> Iterator[None]:
    """Look after all of them until the block ends; what is under way is finished first."""
    stop = Event()
    threads = [Thread(target=_look, args=(watch, stop), name=watch.name, daemon=True) for watch in watched]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for watch in watched:
            watch.wake.set()
        for thread in threads:
            thread.join()


def _look(watch: Watch, stop: Event) -> None:
    told = False
    while True:
        # After a fault nobody needs to be quick.
        (stop if told else watch.wake).wait(_AFTER_A_FAULT_S if told else watch.every_s)
        watch.wake.clear()
        try:
            while not stop.is_set() and watch.look():
                pass
            told = False
        except Exception as fault:  # whatever it is, the next thing will come due
            if not told:
                _LOG.warning("%s wait: %s", watch.name, fault)
            told = True
        if stop.wait(_APART_S):
            return


def _publish_due(bind: Engine) -> bool:
    for due in publish_due(bind):
        result = f"version {due.done.version}" if due.done else f"refused: {due.refused}"
        _LOG.info("scheduled draft %s: %s", due.draft_id, result)
    return False
