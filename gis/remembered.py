"""What was worked out from shapes, remembered by the very objects: a planner who drags a border changes few of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

Thing = TypeVar("Thing")
Key = tuple[Any, ...]


class Remembered(Generic[Thing]):
    """Results by the objects that they came from; those used least lately are forgotten.

    Shapes never change, so the same objects give the same result; equal ones that are other objects are others.

    Args:
        most: How many results are kept.

    >>> squares = Remembered[int](most=100)
    >>> squares.all([(2,), (3,)], lambda keys: [number * number for (number,) in keys])
    [4, 9]
    >>> squares.all([(3,), (4,)], lambda keys: [number * number for (number,) in keys if number != 3])
    [9, 16]
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._lock = Lock()
        # The key's objects are kept with the result, so that no other object ever gets their ids.
        self._known: OrderedDict[tuple[int, ...], tuple[Key, Thing]] = OrderedDict()

    def all(self, keys: Sequence[Key], make: Callable[[list[Key]], Sequence[Thing]]) -> list[Thing]:
        """The results for keys (n,), each a tuple of objects.

        Args:
            keys: What is asked for.
            make: Is given the keys that are not known, none twice, and gives the results for them in their order.
        """
        ids = [tuple(map(id, key)) for key in keys]
        with self._lock:
            found = {one: self._known[one][1] for one in ids if one in self._known}
            for one in found:
                self._known.move_to_end(one)
        fresh = {one: key for one, key in zip(ids, keys, strict=True) if one not in found}
        if fresh:
            made = dict(zip(fresh, make(list(fresh.values())), strict=True))
            found |= made
            with self._lock:
                self._known |= {one: (fresh[one], thing) for one, thing in made.items()}
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return [found[one] for one in ids]
