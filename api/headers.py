"""Headers on every answer: a browser shall neither guess types nor show us inside other sites."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROTECTIVE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_AS_SENT = [(name.lower().encode(), value.encode()) for name, value in PROTECTIVE.items()]


class ProtectiveHeaders:
    """Adds the protective headers an answer does not carry yet; a page brings its own content security policy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [one for one in _AS_SENT if one[0] not in names]
            await send(message)

        await self._app(scope, receive, send_with_headers)
