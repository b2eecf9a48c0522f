"""Work that goes on while what came before is used."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


def ahead(items: Iterable[T]) -> Generator[T]:
    """The items in their order, each made in another thread while the one before is used.

    What goes wrong as an item is made is raised where it would have come. Who stops early closes the generator, which
    waits for the item that is being made.

    Args:
        items: Gives the items; only that thread asks it for them.

    >>> list(ahead(number * 2 for number in range(3)))
    [0, 2, 4]
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        following = thread.submit(next, source, _END)
        while (item := following.result()) is not _END:
            following = thread.submit(next, source, _END)
            yield item
