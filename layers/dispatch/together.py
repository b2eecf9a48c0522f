"""One reading for all who ask while it is under way: at the start of a shift everybody asks for the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock

_lock = Lock()
_under_way: dict[Hashable, Future[bytes]] = {}


def read_together(key: Hashable, read: Callable[[], bytes]) -> bytes:
    """What `read` gives, or what it gives to somebody who asked before and waits for it still.

    Args:
        key: What is read; who gives the same one gets the same.
        read: Reads it. What it raises reaches all who wait.

    >>> read_together("the cases", lambda: b"[]")
    b'[]'
    """
    with _lock:
        found = _under_way.get(key)
        mine = _under_way[key] = Future() if found is None else found
    if found is not None:
        return found.result()
    try:
        mine.set_result(read())
    except BaseException as fault:
        mine.set_exception(fault)
    finally:
        with _lock:
            del _under_way[key]
    return mine.result()
