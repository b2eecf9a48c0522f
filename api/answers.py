"""Answers that a client may keep and ask again about."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Request, Response

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".gpx": "application/gpx+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def as_file(name: str, write: Callable[[Path], object]) -> Response:
    """A file to be kept under this name, whose suffix says what it is; nobody on the way keeps it.

    Args:
        name: Its name, in ASCII.
        write: Writes it to a path.
    """
    with tempfile.TemporaryDirectory(prefix="gridkeeper-") as folder:
        file = Path(folder) / name
        write(file)
        body = file.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=_MEDIA_TYPES[file.suffix], headers=headers)


def canonical_json(value: Any) -> bytes:
    """JSON in one form only: the same value gives the same bytes, whatever the order of its members.

    >>> canonical_json({"b": 1, "a": "网格"}) == canonical_json({"a": "网格", "b": 1})
    True
    """
    return _CANONICAL.encode(value).encode()


def revalidated(request: Request, body: bytes, *, media_type: str) -> Response:
    """The body under an ETag, or 304 when the client has it.

    The tag is weak: the same content may travel compressed or not.
    """
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag.removeprefix("W/") in _known(request):
        return Response(status_code=304, headers=headers)
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _known(request: Request) -> list[str]:
    tags = request.headers.get("if-none-match", "").split(",")
    return [tag.strip().removeprefix("W/") for tag in tags]
