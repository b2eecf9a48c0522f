"""The formulas of measures as data: what each counts, out of what, and what is left out of both."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files

# A share of fewer cases than this is marked: one case more or less moves it by a tenth.
SMALL = 10
# What is told of a case; data/sql/measure_facts.sql has a column for each.
FACTS = (
    *("received", "rejected", "merged", "filed", "dispatched", "handled", "handled_late", "handled_unmeasured"),
    *("closed", "late", "unmeasured", "urgent", "escalated", "reworked", "returned", "deferred", "suspended"),
)


@dataclass(frozen=True)
class Measure:
    """A number and what it is a share of.

    Conditions are facts with a space for `and`, `|` for `or` and `!` for `not`.

    Attributes:
        name: Its name.
        zh, en: Its name for people.
        denominator: Which cases it is about; "" for a mere count.
        numerator: Which of these it counts.
        excluded: Facts; a case with one of them is counted on neither side.
        decimals: Digits after the point of the percentage; halves go up.
    """

    name: str
    zh: str
    en: str
    numerator: str
    denominator: str
    excluded: str
    decimals: int

    @property
    def about(self) -> str:
        """The denominator's condition in SQL; of a mere count, all cases."""
        terms = [_sql(term) for term in self.denominator.split()]
        return " AND ".join([*terms, *(f"NOT {_fact(one)}" for one in self.excluded.split())]) or "true"

    @property
    def counted(self) -> str:
        """The numerator's condition in SQL: what it counts is always among what it is about."""
        return " AND ".join([self.about, *(_sql(term) for term in self.numerator.split())])

    def value(self, numerator: int, denominator: int) -> dict[str, object]:
        """What is told of it: a share is null, with the reason, where there is nothing that it is a share of.

        >>> closed_in_time = measures()["closed_in_time"]
        >>> closed_in_time.value(0, 0)["percent"], closed_in_time.value(0, 0)["reason"]
        (None, 'no_cases')
        >>> closed_in_time.value(1, 16)
        {'numerator': 1, 'denominator': 16, 'percent': 6.3, 'few': False, 'reason': None}
        """
        if not self.denominator:
            return {"numerator": numerator, "denominator": None, "percent": None, "few": False, "reason": "count"}
        share = None
        if denominator:
            exact = Decimal(100 * numerator) / denominator
            share = float(exact.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP))
        return {
            "numerator": numerator,
            "denominator": denominator,
            "percent": share,
            "few": denominator < SMALL,
            "reason": None if denominator else "no_cases",
        }


@cache
def measures() -> dict[str, Measure]:
    """All measures by name, in the order in which they are told."""
    with files("data").joinpath("measures.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    found = [
        Measure(
            row["measure"],
            row["zh"],
            row["en"],
            row["numerator"],
            row["denominator"],
            row["excluded"],
            int(row["decimals"] or 0),
        )
        for row in rows
    ]
    return {one.name: one for one in found}


def _sql(term: str) -> str:
    """One term of a condition in SQL.

    >>> _sql("closed|late"), _sql("!late")
    ('(closed OR late)', '(NOT late)')
    """
    words = [f"NOT {_fact(word[1:])}" if word.startswith("!") else _fact(word) for word in term.split("|")]
    return f"({' OR '.join(words)})"


def _fact(word: str) -> str:
    assert word in FACTS, f"data/measures.csv names {word}, which is no fact"
    return word
