"""Columns as they travel, made lists of numbers again by what the docs say of them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np


def unpacked(column: dict[str, Any]) -> list[Any]:
    """The numbers of a column, None for nothing."""
    raw = np.frombuffer(base64.b64decode(column["data"]), dtype="<" + column["type"])
    is_nothing = np.isnan(raw) if column["type"] == "f8" else raw == np.iinfo(raw.dtype).max
    told = [column["from"] + one * column["step"] for one in raw.tolist()]
    return [None if nothing else one for nothing, one in zip(is_nothing.tolist(), told, strict=True)]


def unpacked_columns(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer with its columns as lists."""
    return answer | {"columns": {name: unpacked(column) for name, column in answer["columns"].items()}}
