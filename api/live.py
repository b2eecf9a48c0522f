"""What happens to cases, told at once to everyone who has a page open: one reader for the whole process.

A thread listens for the wake-up, reads the events once, and hands them to the event loop as bytes. There they stand in
one window that all streams share, so a stream costs no memory however slow its client is; one that falls out of the
window is ended, and its client comes back with the last event it saw.
"""

from __future__ import annotations

import asyncio
import json
import logging
import selectors
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Event as Flag
from threading import Lock, Thread
from weakref import WeakSet

from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.bell import CHANNEL, of_its_own
from data.session import read_only
from layers.dispatch import feed
from layers.dispatch.cities import city
from layers.dispatch.feed import Cursor, Event
from layers.errors import Outdated

# Read at once at the most; who is farther behind reads the cases anew.
MOST_EVENTS = 1_000
WINDOW = 4 * MOST_EVENTS
# Sent at once at the most: what a slow client has not taken yet is held for it alone.
_MOST_SENT = 100
_KEEP_ALIVE_S = 15.0
# How soon to look again for events that wait for the end of an older transaction: at once, then ever less often.
_LOOK_AGAIN_S, _LOOK_AGAIN_MOST_S = 0.01, 0.1
_AFTER_A_FAULT_S = 1.0
_COME_BACK_MS = 1_000
_LOG = logging.getLogger("gridkeeper")


@dataclass(frozen=True)
class Frame:
    """One event as it is sent; `tree` is None where it concerns all cities."""

    cursor: Cursor
    tree: str | None
    sent: bytes


class Live:
    """The events of a process for all its streams.

    Args:
        bind: Engine of the service role.
        also: Set with each wake-up: others that have something to do then.
    """

    def __init__(self, bind: Engine, *, also: Sequence[Flag] = ()) -> None:
        self._bind = bind
        self._also = also
        self._loop = asyncio.get_running_loop()
        self._window: deque[Frame] = deque(maxlen=WINDOW)
        # How many frames there ever were; a place is such a number.
        self._end = 0
        self._told = feed.START
        self._news = asyncio.Event()
        self._is_closed = False
        self._streams: WeakSet[Stream] = WeakSet()
        # Up to where the thread has read; None while nobody wants to know.
        self._read: Cursor | None = None
        self._reading = Lock()
        self._stopping = Flag()
        # A byte through it makes the thread look at once.
        self._nudge, self._nudged = socket.socketpair()
        self._thread = Thread(target=self._listen, name="live", daemon=True)

    @contextmanager
    def listening(self) -> Iterator[Live]:
        """Listen until the block ends."""
        self._thread.start()
        try:
            yield self
        finally:
            self.close()
            self._stopping.set()
            self._nudge.close()
            self._thread.join()
            self._nudged.close()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def close(self) -> None:
        """End all streams; their clients come back when the service does."""
        self._is_closed = True
        self._wake_streams()

    async def stream(self, after: Cursor | None, tree: str | None) -> Stream:
        """A stream of what happens after a place, or from now on; of one city, or of all.

        Raises:
            NotFound: `unknown_tree`.
            OperationalError: The database does not answer.
        """
        made = Stream(self, self._end, tree)
        self._streams.add(made)
        made.begin(*await asyncio.to_thread(self._missed, after, tree))
        return made

    def _missed(self, after: Cursor | None, tree: str | None) -> tuple[Cursor, list[Frame]]:
        """What happened after a place, and up to where this was read."""
        with self._reading, read_only(self._bind) as session:
            if tree is not None:
                city(session, tree)
            if self._read is None:
                self._read = feed.now(session)
                # What waits for an older transaction was rung for when nobody wanted to know.
                self._nudge.send(b".")
            if after is None:
                return self._read, []
            try:
                found = _events(session, after)
            except Outdated:
                found = _anew(session)
            return found.cursor, found.frames

    def _listen(self) -> None:
        told = False
        while not self._stopping.is_set():
            try:
                with self._heard() as connection:
                    told = False
                    # What happened while nobody listened.
                    waits, again_s = self._read_on(), _LOOK_AGAIN_S
                    while self._wait(connection, again_s if waits else None):
                        waits = self._read_on()
                        again_s = min(2 * again_s, _LOOK_AGAIN_MOST_S) if waits else _LOOK_AGAIN_S
            except Exception as fault:  # whatever it is, events will come
                if not told:
                    _LOG.warning("live events wait: %r", fault)
                told = True
                self._stopping.wait(_AFTER_A_FAULT_S)

    @contextmanager
    def _heard(self) -> Iterator[DriverConnection]:
        connection = of_its_own(self._bind)
        try:
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, DriverConnection)
            yield driver
        finally:
            connection.invalidate()
            connection.close()

    def _wait(self, connection: DriverConnection, limit_s: float | None) -> bool:
        """Wait for the wake-up or a nudge; False when the service ends."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(connection, selectors.EVENT_READ)
            waiting.register(self._nudged, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in waiting.select(limit_s)]
        if self._stopping.is_set():
            return False
        if self._nudged in ready:
            self._nudged.recv(64)
        connection.poll()
        connection.notifies.clear()
        return True

    def _read_on(self) -> bool:
        """Read what is new, if anybody wants to know, and hand it on; whether events wait that cannot be read yet."""
        for flag in self._also:
            flag.set()
        with self._reading:
            if not self._streams:
                self._read = None
            if self._read is None:
                return False
            try:
                with read_only(self._bind) as session:
                    found = _events(session, self._read)
            except Outdated:  # the database was restored under our feet
                self._read = None
                self._loop.call_soon_threadsafe(self._forget)
                return False
            self._read = found.cursor
            self._loop.call_soon_threadsafe(self._publish, found)
            return found.waits

    def _publish(self, found: _Found) -> None:
        self._window.extend(found.frames)
        self._end += len(found.frames)
        self._told = found.cursor
        if found.frames:
            self._wake_streams()

    def _forget(self) -> None:
        """Let every stream fall out of the window."""
        self._window.clear()
        self._end += 1
        self._told = feed.START
        self._wake_streams()

    def _wake_streams(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def after(self, place: int) -> tuple[list[Frame], int] | None:
        """The next frames from a place on, and the place behind them; None when some are gone, or the service ends."""
        begin = self._end - len(self._window)
        if self._is_closed or place < begin:
            return None
        frames = list(islice(self._window, place - begin, place - begin + _MOST_SENT))
        return frames, place + len(frames)

    async def news(self) -> Cursor | None:
        """Wait for the next frames; when there are none for a while, the place up to which there were none."""
        try:
            async with asyncio.timeout(_KEEP_ALIVE_S):
                await self._news.wait()
        except TimeoutError:
            return self._told
        return None


class Stream:
    """What one client is sent.

    Args:
        live: Where it comes from.
        place: From which frame on.
        tree: The city, or None for all.
    """

    def __init__(self, live: Live, place: int, tree: str | None) -> None:
        self._live, self._place, self._tree = live, place, tree
        self._sent = feed.START
        self._missed: list[Frame] = []

    def begin(self, cursor: Cursor, missed: list[Frame]) -> None:
        """Begin with what the client missed, which was read up to a place."""
        self._sent, self._missed = cursor, missed

    async def chunks(self) -> AsyncIterator[bytes]:
        """Bytes to be sent, until the service ends or the client is too slow."""
        yield b"retry: %d\n\n" % _COME_BACK_MS
        while self._missed:
            yield self._joined(self._missed[:_MOST_SENT])
            del self._missed[:_MOST_SENT]
        yield _place(self._sent)
        while (found := self._live.after(self._place)) is not None:
            frames, self._place = found
            # What was missed is read by another way, and may reach farther than what is told to all.
            fresh = [frame for frame in frames if frame.cursor > self._sent]
            if fresh:
                self._sent = fresh[-1].cursor
            if told := self._joined(fresh):
                yield told
            elif frames:
                continue
            elif (quiet := await self._live.news()) is not None:
                self._sent = max(self._sent, quiet)
                yield b": nothing new\n" + _place(self._sent)

    def _joined(self, frames: list[Frame]) -> bytes:
        return b"".join(frame.sent for frame in frames if self._tree is None or frame.tree in (None, self._tree))


@dataclass(frozen=True)
class _Found:
    """What was read: up to where, as what it is sent, and whether events wait that cannot be read yet."""

    cursor: Cursor
    frames: list[Frame]
    waits: bool


def _events(session: Session, after: Cursor) -> _Found:
    page = feed.read(session, after, MOST_EVENTS)
    if page.is_full:
        return _anew(session)
    return _Found(page.cursor, [_frame(event) for event in page.events], page.waits)


def _anew(session: Session) -> _Found:
    """What makes clients read all cases anew, and follow from now on."""
    moment = feed.now(session)
    return _Found(moment, [Frame(moment, None, _block("resync", {"tree": None}, moment))], True)


def _frame(event: Event) -> Frame:
    # Who follows a file row by row is told a million times.
    if event.kind == "imported":
        return Frame(event.cursor, event.tree, _block("resync", {"tree": event.tree}, event.cursor))
    return Frame(event.cursor, event.tree, _block("case", event.body, event.cursor))


def _block(name: str, body: str | dict[str, str | None], cursor: Cursor) -> bytes:
    data = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\nid: {cursor}\n\n".encode()


def _place(cursor: Cursor) -> bytes:
    """Moves what the client will say it has seen, and tells it nothing."""
    return f"id: {cursor}\n\n".encode()
