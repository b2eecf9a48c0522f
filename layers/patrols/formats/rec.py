"""What the OwnTracks recorder keeps: a line for each message, instant, kind and JSON with tabs between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layers.patrols.fixes import Fix
from layers.patrols.formats.owntracks import fix_of


def fixes_of(lines: Iterable[str]) -> Iterator[tuple[int, Fix | None]]:
    """Each message with the number of its line, and None where it is no fix; empty lines are no messages.

    >>> line = '2015-08-24T05:55:07Z\\t*\\t{"_type":"location","tst":1440395361,"lat":52.4,"lon":10.0}'
    >>> [(number, fix and fix.y) for number, fix in fixes_of([line, "", "2015-08-24T05:55:14Z\\t-\\t{}"])]
    [(1, 52.4), (3, None)]
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, fix_of(line.rpartition("\t")[2])
