"""Values as the JSON text that statements take."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any


def as_json(value: Any) -> str:
    """A value of plain types and instants as JSON.

    Chinese stands as it is: escaped, it is twice as long and has a backslash for each character, which the driver
    escapes again.

    >>> from datetime import UTC
    >>> as_json([{"at": datetime(2026, 5, 4, tzinfo=UTC), "name": "网格"}])
    '[{"at": "2026-05-04T00:00:00+00:00", "name": "网格"}]'
    """
    return json.dumps(value, default=datetime.isoformat, ensure_ascii=False)
