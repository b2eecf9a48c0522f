"""Things that are dear to make and never change: kept in memory, made once even when many ask at the same time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """The things used last, each under a key that stands for that thing for ever.

    Args:
        most: How many are kept.

    >>> squares = Kept[int](most=2)
    >>> [squares.get(number, lambda number=number: number * number) for number in (2, 3, 2)]
    [4, 9, 4]
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._things: OrderedDict[Hashable, Future[Thing]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """The thing of this key; the first to ask makes it while the others wait for it.

        Whatever `make` raises reaches all who waited, and nothing is kept.
        """
        with self._lock:
            known = self._things.get(key)
            promised = known or self._things.setdefault(key, Future())
            self._things.move_to_end(key)
            while len(self._things) > self._most:
                self._things.popitem(last=False)
        if known is None:
            try:
                promised.set_result(make())
            except BaseException as error:
                with self._lock:
                    if self._things.get(key) is promised:
                        del self._things[key]
                promised.set_exception(error)
        return promised.result()
