"""The short way of fixes, which come by the thousand a second: one that is well formed is taken in before the
application looks for its route, its parameters and its encoding, which cost more than all the rest.

Whatever cannot be taken in so, goes the whole way as if nobody had looked at it, and is told there what is wrong; so
there is nothing here that a client could notice but the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from layers.patrols.fixes import Sent, Taken


@dataclass(frozen=True)
class Way:
    """How a kind of request is read and answered.

    Attributes:
        read: What a request with this body brings, None where that takes a closer look. It may raise instead.
        answer: What is said after the commit.
    """

    read: Callable[[Request, bytes], Sent | None]
    answer: Callable[[Taken], Response]


class ShortWay:
    """Takes fixes in, and leaves all else to the application.

    Args:
        app: The application.
        ways: By method and path.
    """

    def __init__(self, app: ASGIApp, *, ways: Mapping[tuple[str, str], Way]) -> None:
        self._app, self._ways = app, ways

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        way = self._ways.get((scope.get("method", ""), scope.get("path", "")))
        if way is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        has_length, is_chunked = (name in request.headers for name in ("content-length", "transfer-encoding"))
        # A body that was not announced may turn out to be too large while it comes, and that of a GET says nothing.
        if is_chunked or has_length == (request.method == "GET"):
            await self._app(scope, receive, send)
            return
        messages = await _received(receive)
        answer = await _taken(way, request, messages)
        if answer is None:
            await self._app(scope, _again(messages, receive), send)
        else:
            await answer(scope, receive, send)


async def _received(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


async def _taken(way: Way, request: Request, messages: list[Message]) -> Response | None:
    """The answer after the commit, None where there is none."""
    if messages[-1]["type"] != "http.request":  # the client has gone
        return None
    try:
        sent = way.read(request, b"".join(message.get("body", b"") for message in messages))
        found = None if sent is None else await request.app.state.fixes.written(sent)
    except Exception:  # whatever it is, it is met again on the whole way: to send fixes twice changes nothing
        return None
    return None if found is None else way.answer(found)


def _again(messages: list[Message], receive: Receive) -> Receive:
    left = iter(messages)

    async def receive_again() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return receive_again
