"""The real `gridkeeper` command, as a person would call it, on a database of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli import app
from tests.cluster import Database

COMMAND = Path(sys.executable).with_name("gridkeeper")


@dataclass(frozen=True)
class Told:
    """What a command said: its exit code, its lines, and the object on its last line."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads(self.out.splitlines()[-1])


def gridkeeper(database: Database, *arguments: object) -> Told:
    """Run a command with --json; it may not end in a stack trace."""
    words = [COMMAND, *map(str, arguments), "--json"]
    done = subprocess.run(words, env=database.env, capture_output=True, text=True, encoding="utf-8")
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return Told(done.returncode, done.stdout, done.stderr)


def gridkeeper_within(database: Database, *arguments: object) -> Told:
    """The same command in this process, which saves the seconds of its start."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"], env=database.env, catch_exceptions=False)
    return Told(done.exit_code, done.stdout, done.stderr)


@contextmanager
def service(database: Database, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`gridkeeper serve` as a process of its own, from when it says that it is there."""
    words = [COMMAND, "serve", "--port", str(port)]
    process = subprocess.Popen(words, env=database.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Gridkeeper is at")
        yield process
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
