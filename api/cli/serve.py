"""`gridkeeper serve`: the HTTP service on the loopback address."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Annotated

import typer
import uvicorn

from api.cli.demo import SampleSize, load_sample
from api.cli.output import output_of
from api.cli.service import service_engine
from data.settings import ServiceSettings
from gis.errors import GridError

HOST = "127.0.0.1"


class Server(uvicorn.Server):
    """Says that it is there when it is, not before."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()


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
    bind.dispose()
    config = uvicorn.Config("api.app:create_app", factory=True, log_level="warning", server_header=False)
    server = Server(config, ready=lambda: out.show(f"Gridkeeper is at http://{HOST}:{chosen}"))
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
