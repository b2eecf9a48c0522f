"""Instants as options give them."""

from __future__ import annotations

from datetime import datetime

from data.readers.times import parse_times
from gis.errors import BadInput


def parse_instant(value: str, *, tz: str | None = None) -> datetime:
    """An instant from an option; without a zone it is on the clock of `tz`, without either it is UTC.

    >>> parse_instant("2026-05-03", tz="Asia/Shanghai").isoformat()
    '2026-05-02T16:00:00+00:00'
    """
    parsed = parse_times([value], tz=tz or "UTC")
    if parsed.bad[0]:
        raise BadInput(
            "bad_instant",
            f"'{value}' is no instant; write it like 2026-05-03T08:00:00+08:00.",
            field="at",
            value=value,
        )
    instant: datetime = parsed.at[0].to_pydatetime()
    return instant
