"""The wake-up: who follows the events of cases hears that there is something new, and reads it by itself."""

from __future__ import annotations

import logging
import time
from threading import Lock, Timer

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

CHANNEL = "gridkeeper_cases"

# A NOTIFY in each transaction would make all commits wait for each other.
_APART_S = 0.05
_LOG = logging.getLogger("gridkeeper")


class Bell:
    """Wakes all who listen, in this process and others: at most once in 50 ms, on a connection of its own.

    Args:
        bind: Engine that says how the database is reached; with it the bell falls silent.
    """

    def __init__(self, bind: Engine) -> None:
        self._bind = bind
        self._connection: Connection | None = None
        self._state = Lock()
        self._sending = Lock()
        self._next: Timer | None = None
        self._rung_at = float("-inf")
        event.listen(bind, "engine_disposed", self._close)

    def ring(self) -> None:
        """Say, after a commit, that it wrote events; this waits for nothing."""
        with self._state:
            if self._next is not None:
                return
            # A program that ends waits for this thread: nothing is left unsaid.
            self._next = Timer(max(0.0, self._rung_at + _APART_S - time.monotonic()), self._send)
            self._next.name = "bell"
            self._next.start()

    def _send(self) -> None:
        with self._sending:
            with self._state:
                if self._next is None:  # said already, when the engine was disposed of
                    return
                self._next, self._rung_at = None, time.monotonic()
            for is_last in (False, True):
                try:
                    self._opened().exec_driver_sql(f"NOTIFY {CHANNEL}")
                    return
                except SQLAlchemyError as fault:
                    self._drop()
                    # Who listens lost the database as well, and reads on when it is back.
                    if is_last:
                        _LOG.info("nobody was woken: %s", fault)

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = of_its_own(self._bind)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _close(self, _: Engine) -> None:
        with self._state:
            under_way = self._next
        if under_way is not None:
            under_way.cancel()
            self._send()
        with self._sending:
            self._drop()


def of_its_own(bind: Engine) -> Connection:
    """A connection that commits by itself and is not the pool's: it is kept as long as it is needed."""
    connection = bind.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    return connection
