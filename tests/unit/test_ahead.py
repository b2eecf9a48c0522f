"""Work that goes on while what came before is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from threading import Event, current_thread

import pytest

from data.ahead import ahead


def test_the_next_item_is_made_while_one_is_used():
    begun = [Event() for _ in range(3)]

    def made() -> Iterator[int]:
        for number in range(3):
            begun[number].set()
            yield number

    for number in ahead(made()):
        assert number == 2 or begun[number + 1].wait(5)
        assert number > 0 or not begun[2].is_set()


def test_what_goes_wrong_is_raised_where_the_item_would_have_come():
    def made() -> Iterator[int]:
        yield 1
        raise ValueError("the second is broken")

    items = ahead(made())
    assert next(items) == 1
    with pytest.raises(ValueError, match="the second is broken"):
        next(items)


def test_who_stops_early_has_no_thread_left():
    threads = set()

    def made() -> Iterator[int]:
        while True:
            threads.add(current_thread())
            yield 1

    with closing(ahead(made())) as some:
        assert next(some) == 1
    assert [one.is_alive() for one in threads] == [False]
