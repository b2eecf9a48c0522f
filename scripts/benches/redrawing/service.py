"""The whole preview over HTTP, from a service of its own on a real port."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.settings import DatabaseSettings

_GRIDKEEPER = Path(sys.executable).with_name("gridkeeper")
_START_LIMIT_S = 60


@dataclass
class Previews:
    """What previews took.

    Attributes:
        first_s: The first one, which reads the city into memory.
        held_mb: Memory of the service afterwards.
        seconds: Each of the others that was not refused.
        bytes: The length of each answer as it travelled, compressed.
        refused: How many edits were refused.
    """

    first_s: float = 0.0
    held_mb: float = 0.0
    seconds: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    refused: int = 0


def preview_all(settings: DatabaseSettings, edits: list[Mapping[str, Any]], *, saved: int) -> Previews:
    """Save the first edits in a draft, then preview each of the others on top of them."""
    found = Previews()
    with _served(settings) as (port, process):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
        _, draft, _ = _post(client, "/api/v1/drafts", {"scheme": "bench", "name": "bench"})
        address = f"/api/v1/drafts/{draft['id']}"
        found.first_s, first, _ = _post(client, f"{address}/preview", {})
        tag = first["etag"]
        for edit in edits[:saved]:
            _, answer, _ = _post(client, f"{address}/edits", edit, tag=tag)
            tag = _tag(tag, answer["draft"]["revision"])
        for edit in edits[saved:]:
            seconds, answer, length = _post(client, f"{address}/preview", {"edit": edit})
            if answer["grids"] is None:
                found.refused += 1
                continue
            found.seconds.append(seconds)
            found.bytes.append(length)
        status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        found.held_mb = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
    return found


def _tag(tag: str, revision: int) -> str:
    draft, _, version = tag.split("-")
    return f"{draft}-r{revision}-{version}"


def _post(client: http.client.HTTPConnection, path: str, body: Any, *, tag: str = "") -> tuple[float, Any, int]:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip", "If-Match": tag}
    sent = json.dumps(body)
    start = time.perf_counter()
    client.request("POST", path, sent, {name: value for name, value in headers.items() if value})
    answer = client.getresponse()
    told = answer.read()
    seconds = time.perf_counter() - start
    length = len(told)
    if answer.headers.get("content-encoding") == "gzip":
        told = gzip.decompress(told)
    if answer.status >= 300:
        raise SystemExit(f"{path}: {answer.status} {told[:500]!r}")
    return seconds, json.loads(told), length


@contextmanager
def _served(settings: DatabaseSettings) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The service as a person starts it, until the block ends; its port and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**os.environ, "GRIDKEEPER_HOME": str(settings.home), "GRIDKEEPER_DATABASE": settings.database}
    process = subprocess.Popen([_GRIDKEEPER, "serve", "--port", str(port)], env=env, stdout=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > give_up:
                    raise SystemExit("the service did not start") from None
                time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=30)
