"""The stream of what happens to cases."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from api.live import Live
from layers.dispatch.feed import Cursor

router = APIRouter()

# A client that takes nothing for so long is cut.
_PATIENCE_S = 5.0


class LiveResponse(StreamingResponse):
    """A stream whose client has to keep up."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send the stream; it ends where the client takes nothing."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(_PATIENCE_S):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            # Not ended as it should be, so the server closes the connection.
            return


@router.get("/live", response_class=LiveResponse)
async def live(
    request: Request,
    tree: Annotated[str | None, Query(description="Only what happens in this city.")] = None,
    after: Annotated[str | None, Query(description="Where to begin, as told with the list of cases.")] = None,
    last_event_id: Annotated[str | None, Header(description="The last event seen; wins over `after`.")] = None,
) -> LiveResponse:
    """What happens to cases, as it happens: events `case` and `resync`."""
    seen = last_event_id or after
    hub: Live = request.app.state.live
    stream = await hub.stream(Cursor.parse(seen) if seen else None, tree)
    return LiveResponse(stream.chunks(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
