"""Rows of a chunk under examination: the good ones go on, each bad one leaves once, with its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.readers.chunk import BadRow, raw_row, showable

Mask = NDArray[np.bool_]


class Sieve:
    """The rows of one chunk with the mask of those still good.

    Attributes:
        frame: All rows of the chunk, with `row_no`.
        good: Which are still good, shape (n,).
        bad: Those set aside so far, the reader's own first.
    """

    def __init__(self, frame: pd.DataFrame, bad: list[BadRow]) -> None:
        self.frame = frame.reset_index(drop=True)
        self.good: Mask = np.ones(len(frame), dtype=bool)
        self.bad = list(bad)

    def reject(self, mask: Any, *, field: str, reason: Any, show: tuple[str, ...] = (), detail: str = "") -> None:
        """Set rows aside; rows that left before keep their first reason.

        Args:
            mask: Boolean, shape (n,).
            field: Column at fault.
            reason: One code for all, or an array of codes, shape (n,).
            show: Columns whose values tell the value at fault; the one column when not given.
            detail: A plain sentence for people.
        """
        leaving = np.flatnonzero(np.asarray(mask, dtype=bool) & self.good)
        for at in leaving:
            row = self.frame.iloc[at]
            given = [row.get(name) for name in show or (field,)]
            code = reason if isinstance(reason, str) else str(reason[at])
            missing = all(value is None or value is pd.NA or value != value for value in given)
            shown = None if missing else showable(", ".join(str(value) for value in given))
            self.bad.append(BadRow(int(row["row_no"]), field, shown, code, raw_row(row), detail))
        self.good[leaving] = False
