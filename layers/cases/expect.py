"""`--expect`: how well official grids agree under each datum the positions might be in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.tables import Scheme
from gis.datum import hypotheses
from layers.cases.placing import Placer
from layers.cases.rows import Reports

# Another datum is worth a warning when it agrees on this share of the rows more.
WARN_AT = 0.01


def same_grid(official: Any, code: Any, name: Any) -> NDArray[np.bool_]:
    """Whether official values name the same grids as ours, by code or by name, shape (n,).

    Codes that are whole numbers compare as numbers, for files lose leading zeros.

    >>> same_grid(["0111", "7", "柳园"], ["111", "8", "A"], ["x", "y", "柳园"]).tolist()
    [True, False, True]
    """
    return np.array([plain(o) == plain(c) or o == n for o, c, n in zip(official, code, name, strict=True)], dtype=bool)


def plain(value: Any) -> str:
    """A grid's code or name in the form in which two of them compare.

    >>> plain("0111"), plain("111.0"), plain(" A1 ")
    ('111', '111', 'A1')
    """
    text = str(value).strip().removesuffix(".0")
    return text.lstrip("0") or "0" if text.isdecimal() else text


class Expectation:
    """Agreement of an official column with our grids, summed over chunks, per datum hypothesis."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.rows: Counter[str] = Counter()
        self.agree: Counter[str] = Counter()
        self.agree_as_declared = self.rows_as_declared = 0

    def compare(self, reports: Reports, placer: Placer, scheme: Scheme) -> None:
        """Add a chunk."""
        official = reports.frame[self.column]
        given = official.notna().to_numpy()
        for declared in {str(name) for name in reports.datum}:
            rows = given & (reports.datum == declared)
            for name, (lon, lat) in hypotheses(reports.raw_x[rows], reports.raw_y[rows], datum=declared).items():
                grids = [placer.names.get(int(id_)) for id_ in placer.today(scheme, lon, lat)]
                same = same_grid(
                    official[rows], [g.code if g else "" for g in grids], [g.name if g else "" for g in grids]
                )
                self.rows[name] += len(same)
                self.agree[name] += int(same.sum())
                if name == declared:
                    self.rows_as_declared += len(same)
                    self.agree_as_declared += int(same.sum())

    def shares(self) -> dict[str, float]:
        """Datum name to the share of rows that agree under it."""
        return {name: self.agree[name] / rows for name, rows in self.rows.items() if rows}

    def sentence(self) -> str:
        """How well the column agrees under each datum."""
        shares = ", ".join(f"{share:.1%} as {name}" for name, share in self.shares().items())
        return f"Column '{self.column}' agrees with our grids for {shares or 'no row'}."

    def warnings(self, declared: str | None) -> list[str]:
        """A sentence for each datum that fits better than the declared one by a percentage point or more."""
        ours = self.agree_as_declared / self.rows_as_declared if self.rows_as_declared else 0.0
        return [
            f"Column '{self.column}' agrees for {ours:.1%} of the rows as {declared or 'each row declares'}, but for "
            f"{share:.1%} as {name}: was the datum declared rightly?"
            for name, share in self.shares().items()
            if share - ours >= WARN_AT
        ]
