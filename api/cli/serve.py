"""`gridkeeper serve`: the HTTP service on the loopback address."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from api.app import create_app
from api.cli.demo import SampleSize, load_sample
from api.cli.output import output_of
from api.cli.service import service_engine
from data.session import read_only
from data.settings import ServiceSettings
from gis.errors import GridError
from layers.cases.warming import warm
from layers.dispatch.cities import city
from layers.dispatch.kept_cases import reading_of
from layers.errors import NotFound

HOST = "127.0.0.1"
# How long answers under way may take when the service ends.
_LAST_ANSWERS_S = 20


class Server(uvicorn.Server):
    """Says that it is there when it is, not before, and ends the live streams when it ends.

    Args:
        app: What it serves.
        ready: Called when it listens, before the first answer.
    """

    def __init__(self, app: FastAPI, *, ready: Callable[[], None] = lambda: None) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_LAST_ANSWERS_S,
        )
        super().__init__(config)
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, after the answers under way; streams have no end of their own."""
        self._app.state.live.close()
        await super().shutdown(sockets)


def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="TCP port on 127.0.0.1; else GRIDKEEPER_PORT, else 8000.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Load the sample town where there is nothing.")] = False,
) -> None:
    """Serve the map and the API until interrupted."""
    out = output_of(context)
    chosen = port or ServiceSettings().port
    listener = listen(chosen)
    bind = service_engine(out, long=True)
    if sample:
        load_sample(bind, out, SampleSize.TOWN, if_empty=True)
    # The first dispatcher shall not wait for the open cases; a city without schemes has none.
    with suppress(NotFound), read_only(bind) as session:
        reading_of(session, city(session, None))
    bind.dispose()
    app = create_app()

    def ready() -> None:
        # Without it the first reports take longer, and whoever asks is told what is amiss.
        with suppress(SQLAlchemyError, GridError):
            warm(app.state.engine)
        out.show(f"Gridkeeper is at http://{HOST}:{chosen}")

    server = Server(app, ready=ready)
    server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(1)


def listen(port: int) -> socket.socket:
    """The listening socket, taken before anything slow is begun.

    Raises:
        GridError: Another program has the port.
    """
    # Of a socket that does not say it is TCP, asyncio leaves Nagle's delay on: 40 ms for every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise GridError(
            "port_taken",
            f"Port {port} cannot be used ({error.strerror}). Stop who has it, or choose another: "
            "gridkeeper serve --port 8001.",
            field="port",
            value=port,
        ) from error
    return listener
