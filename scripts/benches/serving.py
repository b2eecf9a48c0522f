"""A service in a process of its own, for as long as it is measured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.settings import DatabaseSettings

PORT = "PORT"
"""Stands for the port among the words of a command."""
GRIDKEEPER = (str(Path(sys.executable).with_name("gridkeeper")), "serve", "--port", PORT)
"""The service as a person starts it."""
_START_LIMIT_S = 60


@dataclass(frozen=True)
class Service:
    """Where a service is heard, and its process."""

    port: int
    pid: int


def module(name: str, *words: str) -> tuple[str, ...]:
    """A module of the benchmarks as a command, with the port and then the words as its arguments."""
    return (sys.executable, "-m", name, PORT, *words)


@contextmanager
def served(settings: DatabaseSettings, command: tuple[str, ...] = GRIDKEEPER) -> Iterator[Service]:
    """A service that answers, until the block ends.

    Args:
        settings: Its database.
        command: What is run.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    env = {
        **os.environ,
        "GRIDKEEPER_HOME": str(settings.home),
        "GRIDKEEPER_DATABASE": settings.database,
        "PYTHONPATH": str(Path(__file__).parent),
    }
    words = [str(port) if word == PORT else word for word in command]
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL)
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
        yield Service(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
