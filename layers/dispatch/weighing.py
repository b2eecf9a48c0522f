"""Who should have a case, from all that speaks for somebody. Pure.

Each sign for an owner has a weight. The confidence in an owner is the weight of its signs by the weight of all signs,
with 1 for an owner that nothing speaks for: it lies between 0 and 1, and those of one case add up to less than 1. What
is known of a place raises it from case to case.

- `SETTLED`, 12 for each settled dispute of the same matter near by: a referee looked at it.
- `PAST`, 20 times the share of the last cases of the same matter in the grid that the owner had when their handling was
  verified. The share is smoothed after Laplace, k / (n + 2): one case says little, fifty say nearly all.
- `RULE`, 8 for the one that the catalogue names: its department, or the person of the grid.
- `NAMED`, 8 for the one that was named when the case was last returned.
- `LEANING`, 1 for the person of the grid where a department is named, for each that assists, and for the person of the
  grid across a border that is near.

Who has returned the case itself counts `RETURNED`, a quarter of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from layers.cases.reasons import Reason

SETTLED, PAST, RULE, NAMED, LEANING = 12.0, 20.0, 8.0, 8.0, 1.0
RETURNED = 0.25
MOST_CHOICES = 3
_SOMEBODY_ELSE = 1.0
# Laplace's: one case for the owner's kind of answer and one against it, before any was seen.
_UNSEEN = 2


class Who(NamedTuple):
    """A person or a department, by its id."""

    kind: Literal["staff", "department"]
    id: int


@dataclass(frozen=True)
class Sign:
    """Something that speaks for an owner.

    Attributes:
        who: The owner.
        weight: How much it counts.
        reason: The code and values of its sentence.
    """

    who: Who
    weight: float
    reason: Reason


@dataclass(frozen=True)
class Choice:
    """An owner that a case may go to.

    Attributes:
        who: The owner.
        confidence: From 0 to 1.
        why: What speaks for it and against it.
    """

    who: Who
    confidence: float
    why: list[Reason]


def past_weight(cases: int, total: int) -> float:
    """The weight of having had some of the last cases of a kind.

    >>> round(past_weight(1, 1), 1), round(past_weight(48, 48), 1)
    (6.7, 19.2)
    """
    return PAST * cases / (total + _UNSEEN)


def best(signs: Iterable[Sign], returned: Mapping[Who, Reason]) -> list[Choice]:
    """The owners that most speaks for, the best first.

    Args:
        signs: All that speaks for somebody.
        returned: Who has returned the case, with the reason to tell.

    >>> office, person = Who("department", 3), Who("staff", 9)
    >>> signs = [Sign(office, RULE, {"code": "department"}), Sign(person, LEANING, {"code": "lead"})]
    >>> [(choice.who.kind, choice.confidence) for choice in best(signs, {})]
    [('department', 0.8), ('staff', 0.1)]
    >>> [choice.confidence for choice in best(signs, {office: {"code": "returned"}})]
    [0.5, 0.25]
    """
    weights: dict[Who, float] = {}
    why: dict[Who, list[Reason]] = {}
    for sign in signs:
        weights[sign.who] = weights.get(sign.who, 0.0) + sign.weight
        why.setdefault(sign.who, []).append(sign.reason)
    for who in returned.keys() & weights.keys():
        weights[who] *= RETURNED
        why[who].append(returned[who])
    total = sum(weights.values()) + _SOMEBODY_ELSE
    found = [Choice(who, round(weight / total, 3), why[who]) for who, weight in weights.items()]
    return sorted(found, key=lambda choice: -choice.confidence)[:MOST_CHOICES]
