"""The service on a real port, for browsers and for clients that speak raw HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from api.app import create_app
from api.cli.serve import Server
from tests.cluster import Database

_START_LIMIT_S = 20


@contextmanager
def served(database: Database) -> Iterator[str]:
    """Serve a database on a free port until the block ends; yields the address, without a slash at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(create_app(database.settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    give_up = time.monotonic() + _START_LIMIT_S
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        assert time.monotonic() < give_up, "the service did not start in time"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=_START_LIMIT_S)
        listener.close()
