"""Files that are there whole or not at all: written aside, brought to the disk and renamed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process and thread at a time in a folder, which is made if need be; the lock goes with who holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def put(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Make a file under its name; call it `alone` in the file's folder.

    Args:
        path: Its name; what is there already is replaced.
        write: Writes the content.
    """
    aside = path.with_name("aside")  # one is written at a time; what a crash leaves here the next one writes over
    with aside.open("wb") as sink:
        write(sink)
        sink.flush()
        os.fsync(sink.fileno())
    aside.rename(path)
    entry = os.open(path.parent, os.O_RDONLY)
    os.fsync(entry)
    os.close(entry)
