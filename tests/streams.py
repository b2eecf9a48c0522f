"""Live streams as a browser follows them, many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60


@dataclass
class Told:
    """One event of a stream: its name and data; `at` is when it came, on the loop's clock."""

    name: str
    data: Any
    id: str
    at: float


@dataclass
class Following:
    """An open stream.

    Attributes:
        seen: The last id that was told, as a browser would send it back.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: str = ""
    _fields: dict[str, str] = field(default_factory=dict)

    async def line(self) -> str:
        """The next line; nothing at the end."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self.reader.readline()).decode()

    async def next(self) -> Told | None:
        """The next event; None when the stream has ended."""
        while line := await self.line():
            name, _, value = line.rstrip("\n").partition(":")
            if line != "\n":
                self._fields[name] = value.removeprefix(" ")
                continue
            fields, self._fields = self._fields, {}
            self.seen = fields.get("id", self.seen)
            if "data" in fields:
                at = asyncio.get_running_loop().time()
                return Told(fields["event"], json.loads(fields["data"]), self.seen, at)
        return None

    async def begun(self) -> None:
        """Wait until the stream says from where on it tells."""
        while not self.seen:
            line = await self.line()
            assert line, "the stream ended"
            name, _, value = line.rstrip("\n").partition(":")
            self.seen = value.strip() if name == "id" else ""

    async def some(self, count: int) -> list[Told]:
        """The next events, so many."""
        found: list[Told] = []
        # Longer than a stream is silent.
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < count:
                told = await self.next()
                assert told is not None, f"the stream ended after {len(found)} events"
                found.append(told)
        return found


@asynccontextmanager
async def following(url: str, *, query: str = "", last: str = "", limit: int = 2**20) -> AsyncIterator[Following]:
    """A stream of the service at an address.

    Args:
        url: Address of the service.
        query: Parameters.
        last: The last id seen, as a browser sends it when it comes back.
        limit: Bytes taken in before they are read.
    """
    host = urlsplit(url).netloc
    reader, writer = await asyncio.open_connection(*host.split(":"), limit=limit)
    seen = f"Last-Event-ID: {last}\r\n" if last else ""
    # In HTTP/1.0 the stream comes as it is, not in chunks.
    writer.write(f"GET /api/v1/live?{query} HTTP/1.0\r\nHost: {host}\r\n{seen}\r\n".encode())
    stream = Following(reader, writer)
    head = []
    while (line := await stream.line()).strip():
        head.append(line.strip().lower())
    assert "200 ok" in head[0], head
    assert "content-type: text/event-stream; charset=utf-8" in head
    try:
        yield stream
    finally:
        writer.close()
