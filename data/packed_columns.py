"""Columns of numbers inside a JSON text: base64 of the narrowest whole numbers that hold them.

A hundred thousand numbers written out as digits take ten times as long to write and to read.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The last value of each is kept for nothing. What lies farther apart, as a year that was mistyped, goes as it is.
_KINDS: tuple[tuple[str, float], ...] = (("u1", 2**8 - 1), ("u2", 2**16 - 1), ("u4", 2**32 - 1), ("f8", np.nan))


def packed(values: NDArray[Any], *, step: float = 1, known: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """A column for JSON; number n of it is `from + raw[n] * step`.

    For nothing stands the largest raw number, or what is no number where these are floating.

    Args:
        values: Whole multiples of `step` (n,).
        step: What they are multiples of; a power of two where they are fractions, so that they come out exactly.
        known: Which of them there are (n,); all if not given.

    Returns:
        `type` (u1, u2, u4: unsigned; f8: floating; all little endian), `from`, `step`, `data` (base64).

    >>> packed(np.array([10000007, 10000001, 10000300]))
    {'type': 'u2', 'from': 10000001, 'step': 1, 'data': 'BgAAACsB'}
    >>> packed(np.array([0.5, 0.0]), step=0.25, known=np.array([True, False]))
    {'type': 'u1', 'from': 0.5, 'step': 0.25, 'data': 'AP8='}
    >>> packed(np.array([0, 2**40]))["type"]
    'f8'
    """
    whole = (values if step == 1 else np.rint(values / step)).astype(np.int64)
    counted = whole if known is None else whole[known]
    low = int(counted.min()) if len(counted) else 0
    span = int(counted.max()) - low if len(counted) else 0
    kind, nothing = next((one for one in _KINDS if span < one[1]), _KINDS[-1])
    raw = (whole - low).astype(f"<{kind}")
    if known is not None:
        raw[~known] = nothing
    return {
        "type": kind,
        "from": low * step,
        "step": step,
        "data": base64.b64encode(raw.tobytes()).decode("ascii"),
    }
