"""Requests that wait for the writer of fixes on the event loop, which is woken once for all that share a commit."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from layers.patrols.fixes import Sent, Taken
from layers.patrols.writer import Answer, Writer


class Waiting:
    """The requests of one event loop.

    Args:
        writer: Answers them in the order in which they ask.
        loop: The loop.

    Attributes:
        writer: The same.
    """

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        self.writer, self._loop = writer, loop
        self._asked: deque[tuple[Answer, asyncio.Future[Taken | None]]] = deque()
        writer.told = self._wake

    async def written(self, sent: Sent) -> Taken | None:
        """What became of fixes, after their commit; None where no device has the secret.

        Raises:
            Unavailable: Too many wait already.
        """
        told: asyncio.Future[Taken | None] = self._loop.create_future()
        self._asked.append((self.writer.put(sent), told))
        return await told

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it all who waited
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        while self._asked and self._asked[0][0].done():
            answer, told = self._asked.popleft()
            if told.done():  # whoever asked has gone
                continue
            if fault := answer.exception():
                told.set_exception(fault)
            else:
                told.set_result(answer.result())
