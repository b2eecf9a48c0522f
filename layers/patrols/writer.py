"""One thread that writes the fixes of all requests which wait: many requests, one COPY, one commit.

A request is answered after the commit that holds its fixes, never before. While one commit is under way the next
requests gather, so the more there are the more of them share one.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from itertools import islice
from threading import Condition, Thread

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from data.session import read_only
from data.sql import statement
from layers.errors import Unavailable
from layers.patrols.fixes import Batch, Sent, Taken, hash_of, taken
from layers.patrols.sieve import canonical
from layers.patrols.taking import Device, Taker

# Fixes that may wait; a second of what one process can write. Whoever comes then is told to come again.
_MOST_WAITING = 50_000
_MOST_AT_ONCE = 20_000
# A group is complete when nobody has come for so long, or when it has waited for so long.
_QUIET_S, _GATHER_S = 0.0005, 0.01
# For so long a device is believed to be what it was when it was looked up.
_KNOWN_S = 10.0
_MOST_KNOWN = 100_000
_LOG = logging.getLogger("gridkeeper")

Answer = Future[Taken | None]
"""What became of the fixes of one request; None where no device has its secret."""


class Writer:
    """Gathers what requests bring, and writes it.

    Args:
        bind: Engine of the service role.
        kept_days: For how many days fixes are kept; 0 for ever.
        most_waiting: Fixes that may wait.

    Attributes:
        told: Called when a group has its answers, which are given in the order of asking.
    """

    def __init__(self, bind: Engine, *, kept_days: int, most_waiting: int = _MOST_WAITING) -> None:
        self._bind, self._most_waiting = bind, most_waiting
        self._taker = Taker(bind, kept_days=kept_days)
        self._known: dict[str, tuple[float, Device]] = {}
        self._waiting: deque[tuple[Sent, Answer]] = deque()
        self.told: Callable[[], None] = lambda: None
        self._fixes = 0
        self._is_open = True
        self._changed = Condition()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Write until the block ends, and then what still waits."""
        thread = Thread(target=self._write, name="fixes", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            with self._changed:
                self._is_open = False
                self._changed.notify()
            thread.join()

    def put(self, sent: Sent) -> Answer:
        """Have fixes written; the answer is there after their commit.

        Raises:
            Unavailable: `fixes_waiting`: more wait already than can be written within a moment.
        """
        answer: Answer = Future()
        with self._changed:
            if self._fixes >= self._most_waiting or not self._is_open:
                raise Unavailable("fixes_waiting", "More fixes wait than can be written now; send these again later.")
            self._waiting.append((sent, answer))
            self._fixes += len(sent.fixes)
            if len(self._waiting) == 1:
                self._changed.notify()
        return answer

    def _write(self) -> None:
        with closing(self._taker):
            while group := self._next():
                self._answer(group)
                self.told()

    def _next(self) -> list[tuple[Sent, Answer]]:
        with self._changed:
            while not self._waiting and self._is_open:
                self._changed.wait()
            self._gather()
            group, fixes = [], 0
            while self._waiting and fixes < _MOST_AT_ONCE:
                group.append(self._waiting.popleft())
                fixes += len(group[-1][0].fixes)
            self._fixes -= fixes
        return group

    def _gather(self) -> None:
        """Let those come who were answered a moment ago: what a commit costs is much the same for one and for many."""
        seen, give_up = 0, time.monotonic() + _GATHER_S
        while self._is_open and seen < len(self._waiting) < _MOST_AT_ONCE and time.monotonic() < give_up:
            seen = len(self._waiting)
            self._changed.wait(_QUIET_S)

    def _answer(self, group: Sequence[tuple[Sent, Answer]]) -> None:
        try:
            found = self._take([sent for sent, _ in group])
        except Exception as fault:  # whoever waits has to hear of it, whatever it is
            alone = len(group) == 1 or isinstance(fault, OperationalError | InterfaceError)
            if not alone:
                # One of them cannot be written: the others shall not be kept out by it.
                for single in group:
                    self._answer([single])
                return
            _LOG.warning("fixes of %s requests were not written: %s", len(group), fault)
            for _, answer in group:
                answer.set_exception(fault)
            return
        for (_, answer), one in zip(group, found, strict=True):
            answer.set_result(one)

    def _take(self, sent: Sequence[Sent]) -> list[Taken | None]:
        devices = self._devices([hash_of(one.secret) for one in sent])
        known = [
            device if device and one.label in (None, device.label) else None
            for one, device in zip(sent, devices, strict=True)
        ]
        pairs = [(one, device) for one, device in zip(sent, known, strict=True) if device and one.fixes]
        fates = iter(self._fates(pairs))
        return [
            None if device is None else next(fates) if one.fixes else Taken()
            for one, device in zip(sent, known, strict=True)
        ]

    def _devices(self, hashes: Sequence[str]) -> list[Device | None]:
        now = time.monotonic()
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        asked = {one for one in hashes if one not in self._known or self._known[one][0] < now}
        if asked:
            with read_only(self._bind) as session:
                rows = session.execute(statement("devices_by_secret"), {"hashes": list(asked)}).all()
            found = {row.secret_hash: (now + _KNOWN_S, Device(*row[1:])) for row in rows}
            for gone in asked - found.keys():
                self._known.pop(gone, None)
            self._known |= found
        return [self._known[one][1] if one in self._known else None for one in hashes]

    def _fates(self, pairs: Sequence[tuple[Sent, Device]]) -> list[Taken]:
        if not pairs:
            return []
        counts = [len(sent.fixes) for sent, _ in pairs]
        batch = Batch(
            device=np.repeat(np.array([device.id for _, device in pairs], dtype=np.int64), counts),
            fix=np.array([fix for sent, _ in pairs for fix in sent.fixes], dtype=np.float64),
            datum=np.repeat(np.array([canonical(sent.datum) for sent, _ in pairs], dtype=object), counts),
        )
        devices = {device.id: device for _, device in pairs}
        fate = iter(self._taker.take(batch, devices, now_us=time.time_ns() // 1000).tolist())
        return [taken(islice(fate, count)) for count in counts]
