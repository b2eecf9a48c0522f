"""Who asks while the same is being read waits for that reading."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from layers.dispatch.together import read_together


def test_those_who_ask_meanwhile_share_one_reading_and_the_next_one_reads_anew():
    readings: list[int] = []
    begun, may_end = Event(), Event()

    def read() -> bytes:
        readings.append(1)
        begun.set()
        may_end.wait(10)
        return b"%d" % len(readings)

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(read_together, "cases", read)
        assert begun.wait(10)
        others = [pool.submit(read_together, "cases", read) for _ in range(7)]
        assert read_together("something else", lambda: b"x") == b"x"
        assert not any(other.done() for other in others)
        may_end.set()
        assert {one.result(10) for one in [first, *others]} == {b"1"}
    assert read_together("cases", read) == b"2"


def test_a_reading_that_fails_fails_for_all_and_blocks_nobody():
    begun, may_fail = Event(), Event()

    def fail() -> bytes:
        begun.set()
        may_fail.wait(10)
        raise ValueError("no")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read_together, "cases", fail)
        assert begun.wait(10)
        second = pool.submit(read_together, "cases", lambda: b"mine")
        may_fail.set()
        with pytest.raises(ValueError, match="no"):
            first.result(10)
        assert second.exception(10) is not None or second.result(10) == b"mine"
    assert read_together("cases", lambda: b"now") == b"now"
