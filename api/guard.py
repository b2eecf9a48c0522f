"""The gate before every request: meant for us, from a page of ours, no NUL, no body larger than ours ever are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes, urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Misdirected, TooLarge, problem
from gis.errors import BadInput, GridError
from layers.errors import Forbidden

BODY_LIMIT_BYTES = 1_000_000
# The one address that takes more.
PHOTO_LIMIT_BYTES = 10_000_000
_PHOTOS = re.compile(r"/api/v1/cases/[^/]+/photos")
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """Refuses what no client of ours sends.

    A page of another site can make a browser send requests here, or point its own name at 127.0.0.1; both show
    in Origin and Host.

    Args:
        app: What it guards.
        hosts: Further names of ours, as a browser sends them.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = PHOTO_LIMIT_BYTES if _PHOTOS.fullmatch(scope["path"]) else BODY_LIMIT_BYTES
        try:
            self._refuse_strangers(scope)
            _refuse_nul(scope)
            _refuse_announced_size(scope, limit)
        except GridError as error:
            await problem(error)(scope, receive, send)
            return
        await self._app(scope, _limited(receive, limit), send)

    def _refuse_strangers(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(host, scope):
            detail = "This service does not answer under that host name; GRIDKEEPER_HOSTS lists further names."
            raise Misdirected("host_not_ours", detail, field="Host", value=host)
        if origin is not None and not self._is_ours(_host_of(origin), scope):
            raise Forbidden(
                "origin_not_ours", "Pages of other sites may not call this service.", field="Origin", value=origin
            )

    def _is_ours(self, host: str, scope: Scope) -> bool:
        host = host.lower()
        if host in self._hosts:
            return True
        name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        name, port = (name, port) if colon else (host, "443" if scope["scheme"] == "https" else "80")
        return name in _THIS_MACHINE and port == str((scope.get("server") or ("", 0))[1])


def _host_of(origin: str) -> str:
    parts = urlsplit(origin)
    return parts.netloc if parts.scheme in ("http", "https") else ""


def _refuse_nul(scope: Scope) -> None:
    if "\0" in scope["path"] or b"\0" in unquote_to_bytes(scope["query_string"]):
        raise BadInput("nul_character", "The address holds a NUL character; take it out.", field="address")


def _refuse_announced_size(scope: Scope, limit: int) -> None:
    announced = Headers(scope=scope).get("content-length", "0")
    if not announced.isdecimal() or int(announced[:20]) > limit:
        raise TooLarge(
            "body_too_large",
            f"The body may have {limit:,} bytes. Import large files with the command line.",
            field="Content-Length",
            value=announced,
        )


def _limited(receive: Receive, limit: int) -> Receive:
    """A body that was not announced is counted as it comes."""
    taken = 0

    async def receive_counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413)
        return message

    return receive_counted
