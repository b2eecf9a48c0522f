"""Connections that each send a request as soon as the one before is answered, and how long each answer took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence


class Connection(asyncio.Protocol):
    """One connection with the requests that it is to send."""

    def __init__(self, requests: Sequence[bytes], took_s: list[float]) -> None:
        self._left, self._took_s = iter(requests), took_s
        self._got = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if not head.startswith(b"HTTP/1.1 200") or b'"stored":1' not in body:
            self.done.set_exception(SystemExit(self._got.decode(errors="replace")))
            return
        self._took_s.append(time.perf_counter() - self._sent_at)
        self._got = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or SystemExit("the connection was closed"))

    def _next(self) -> None:
        request = next(self._left, None)
        if request is None:
            self.done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]


def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> list[float]:
    """Send all requests; the seconds that each answer took."""
    took_s: list[float] = []
    asyncio.run(_send_all(port, requests, connections, took_s))
    return took_s


async def _send_all(port: int, requests: Sequence[bytes], connections: int, took_s: list[float]) -> None:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda first=first: Connection(requests[first::connections], took_s), "127.0.0.1", port
        )
        for first in range(connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in made))
    for transport, _ in made:
        transport.close()
