"""Coordinates as text into numbers, each bad one with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$"
_DECIMAL_COMMA = r"^[+-]?\d+,\d+$"
_NAN = r"^(?i:[+-]?(?:nan|inf|infinity)|null|none|n/a|#n/a)$"


@dataclass(frozen=True, slots=True)
class ParsedNumbers:
    """Numbers with what is wrong with the bad ones, all of shape (n,).

    Args:
        values: The numbers; NaN where bad.
        bad: Which are bad.
        reasons: `empty`, `nan` (also infinite), `decimal_comma` or `not_a_number`; None where good.
    """

    values: NDArray[np.float64]
    bad: NDArray[np.bool_]
    reasons: NDArray[np.object_]


def text_array(values: Any) -> pa.Array:  # whatever pandas takes
    """The values as an Arrow array of trimmed text; missing and empty ones are null."""
    series = pd.Series(values)
    if not isinstance(series.dtype, pd.StringDtype):
        series = series.map(str, na_action="ignore").astype("str")
    text = pc.utf8_trim_whitespace(pa.Array.from_pandas(series, type=pa.string()))
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    return pc.if_else(pc.equal(text, ""), None, text)


def parse_coordinates(values: Any) -> ParsedNumbers:  # whatever pandas takes
    """Parse coordinates, vectorised.

    Args:
        values: Text or numbers, of shape (n,).

    >>> parsed = parse_coordinates(["113.65", " -1e2 ", "", "NaN", "34,75", "34°45'"])
    >>> parsed.values[:2].tolist(), parsed.reasons[2:].tolist()
    ([113.65, -100.0], ['empty', 'nan', 'decimal_comma', 'not_a_number'])
    """
    series = pd.Series(values)
    reasons = np.full(len(series), None, dtype=object)
    if series.dtype.kind in "iuf":
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        reasons[np.isinf(numbers)] = "nan"
        reasons[np.isnan(numbers)] = "empty"
    else:
        text = text_array(series)
        is_number = pc.match_substring_regex(text, _NUMBER)
        numbers = pc.cast(pc.if_else(is_number, text, None), pa.float64()).to_numpy(zero_copy_only=False)
        reasons[np.isnan(numbers)] = "not_a_number"
        reasons[_matches(text, _DECIMAL_COMMA)] = "decimal_comma"
        reasons[_matches(text, _NAN) | np.isinf(numbers)] = "nan"
        reasons[text.is_null().to_numpy(zero_copy_only=False)] = "empty"
    bad = reasons != None  # noqa: E711  # elementwise
    return ParsedNumbers(np.where(bad, np.nan, numbers), bad.astype(bool), reasons)


def _matches(text: pa.Array, pattern: str) -> NDArray[np.bool_]:
    found = pc.match_substring_regex(text, pattern).fill_null(False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
