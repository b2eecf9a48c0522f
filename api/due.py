"""The service looks after scheduled drafts: those whose instant has come are published within a second or so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy import Engine

from layers.rezoning.schedule import publish_due

_EVERY_S = 1.0
_AFTER_A_FAULT_S = 5.0
_LOG = logging.getLogger("gridkeeper")


@contextmanager
def publishing_when_due(bind: Engine) -> Iterator[None]:
    """Look every second, in a thread, until the block ends; a publication under way is finished first."""
    stop = Event()
    thread = Thread(target=_watch, args=(bind, stop), name="publish-due", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(bind: Engine, stop: Event) -> None:
    told = False
    while not stop.wait(_AFTER_A_FAULT_S if told else _EVERY_S):
        try:
            for due in publish_due(bind):
                result = f"version {due.done.version}" if due.done else f"refused: {due.refused}"
                _LOG.info("scheduled draft %s: %s", due.draft_id, result)
            told = False
        except Exception as fault:  # whatever it is, the next draft's instant will come
            if not told:
                _LOG.warning("scheduled drafts wait: %s", fault)
            told = True
