"""Instants as whole microseconds since 1970, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def us_of(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant.

    >>> us_of(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(us: int) -> datetime:
    """The instant in UTC.

    >>> instant_of(86_400_000_001).isoformat()
    '1970-01-02T00:00:00.000001+00:00'
    """
    return _EPOCH + us * _MICROSECOND


def day_of(us: int) -> date:
    """The day of UTC that an instant lies in.

    >>> day_of(86_399_999_999).isoformat()
    '1970-01-01'
    """
    return instant_of(us).date()
