"""Clients that post reports as fast as they are answered, and clients that follow what happens."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

CLIENTS = 8
_PATIENCE_S = 60


def request(path: str, port: int, body: dict[str, Any]) -> bytes:
    """A request as it travels."""
    sent = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent


def post_all(port: int, requests: Sequence[bytes]) -> None:
    """Post all of them on a few connections, each as soon as the one before is answered."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(_post, port, requests[first::CLIENTS]) for first in range(CLIENTS)]:
            done.result()


def _post(port: int, requests: Sequence[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for sent in requests:
            connection.sendall(sent)
            _answer(connection)


def _answer(connection: socket.socket) -> None:
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 201"):
        raise SystemExit(got.decode(errors="replace"))
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)


@dataclass
class Followed:
    """What clients saw: seconds from sending a report to hearing of it, and how many of how many were told."""

    seconds: list[float] = field(default_factory=list)
    expected: int = 0


def follow(port: int, requests: Sequence[bytes], *, clients: int, apart_s: float) -> Followed:
    """Let clients follow while reports are sent one after the other."""
    return asyncio.run(_follow(port, requests, clients, apart_s))


async def _follow(port: int, requests: Sequence[bytes], clients: int, apart_s: float) -> Followed:
    found = Followed(expected=clients * len(requests))
    sent_at: list[float] = []
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
    for reader, writer in streams:
        writer.write(f"GET /api/v1/live HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        while not (await reader.readline()).startswith(b"id:"):
            pass
    following = [asyncio.create_task(_hear(reader, len(requests), sent_at, found)) for reader, _ in streams]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for one in requests:
        sent_at.append(time.perf_counter())
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        await asyncio.sleep(apart_s)
    await asyncio.wait(following, timeout=_PATIENCE_S)
    for _, one_writer in [*streams, (reader, writer)]:
        one_writer.close()
    return found


async def _hear(reader: asyncio.StreamReader, count: int, sent_at: list[float], found: Followed) -> None:
    heard = 0
    while heard < count and (line := await reader.readline()):
        # One event of each report says that it came in.
        if line.startswith(b"data:") and b'"kind" : "received"' in line:
            found.seconds.append(time.perf_counter() - sent_at[heard])
            heard += 1
