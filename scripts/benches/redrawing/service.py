"""The whole preview over HTTP, from a service of its own on a real port."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving import served

from data.settings import DatabaseSettings


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
    with served(settings) as service:
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=900)
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
        status = Path(f"/proc/{service.pid}/status").read_text().splitlines()
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
