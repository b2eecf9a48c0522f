"""Random histories of a small city, beside what must then hold in it, told in the plainest way.

The ground is a block of squares. A version deals each square to a grid or to nobody, so grids come with several parts,
holes and corners that touch, appear, go and come back. Places are corners, edges, middles and places outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import strategies as st
from shapely import MultiPolygon

from tests.town import squares

COLUMNS, ROWS = 4, 3
SQUARES = list(product(range(COLUMNS), range(ROWS)))
DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(40)]
BEGINNING, MUCH_LATER = datetime.min.replace(tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)

# Column and row in halves of squares.
Place = tuple[int, int]
# A place, and the instant at which it happened, None for now.
Case = tuple[Place, datetime | None]
# The code of the grid each square belongs to, None for a gap.
Dealt = tuple[str | None, ...]


@dataclass(frozen=True)
class Publish:
    """New boundaries of a scheme; `since` None is the beginning for the first version, now for a later one."""

    scheme: str
    dealt: Dealt
    since: datetime | None

    @property
    def cells(self) -> list[tuple[str, MultiPolygon]]:
        """Code and ground of each grid."""
        boxes: dict[str, list[tuple[float, float, float, float]]] = {}
        for (column, row), code in zip(SQUARES, self.dealt, strict=True):
            if code:
                boxes.setdefault(code, []).append((column, row, column + 1, row + 1))
        return [(code, squares(*boxes[code])) for code in sorted(boxes)]


@dataclass(frozen=True)
class Arrive:
    """Cases that come in one by one or in a file."""

    cases: list[Case]
    in_a_file: bool


Step = Publish | Arrive


@dataclass
class Versions:
    """All versions of a scheme, and its grids in the order in which they got their numbers."""

    extent: str
    since: list[datetime] = field(default_factory=list)
    dealt: list[Dealt] = field(default_factory=list)
    grids: list[str] = field(default_factory=list)

    def add(self, dealt: Dealt, since: datetime) -> None:
        """A version is published; one that changes nothing is none."""
        if self.dealt[-1:] != [dealt]:
            self.since.append(since)
            self.dealt.append(dealt)
            self.grids += sorted({code for code in dealt if code} - set(self.grids))

    def at(self, when: datetime) -> int:
        """The version that holds then, 0 for none."""
        return sum(since <= when for since in self.since)

    def owner(self, place: Place, when: datetime) -> str | None:
        """Of the grids that cover the place then, the one with the lowest number."""
        if not self.at(when):
            return None
        covering = [
            code
            for (column, row), code in zip(SQUARES, self.dealt[self.at(when) - 1], strict=True)
            if code and 0 <= place[0] - 2 * column <= 2 and 0 <= place[1] - 2 * row <= 2
        ]
        return min(covering, key=self.grids.index, default=None)

    def placement(self, place: Place, when: datetime) -> tuple[int, str | None] | None:
        """Version and owner of a place; None where the scheme has nothing to say."""
        owner = self.owner(place, when)
        return (self.at(when), owner) if self.at(when) and (owner or self.extent == "whole") else None


_DEALT = st.tuples(*[st.sampled_from("ABCD") | st.none()] * len(SQUARES)).filter(any)
_PLACES = st.tuples(st.integers(-1, 2 * COLUMNS + 1), st.integers(-1, 2 * ROWS + 1))


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """What happens in a city, beginning with the first boundaries of its routing scheme.

    Days go by between the steps. Most boundaries begin on the day they are published and most cases happened before,
    so most steps are taken; the others must be refused.
    """
    today = draw(st.integers(0, 2))
    dealt = {"routing": draw(_DEALT), "beside": draw(_DEALT)}
    history: list[Step] = [Publish("routing", dealt["routing"], draw(st.sampled_from([None, DAYS[today]])))]
    for _ in range(draw(st.integers(3, 10))):
        today += draw(st.integers(0, 3))
        day = DAYS[today]
        if draw(st.booleans()):
            scheme = draw(st.sampled_from(["routing", "beside"]))
            dealt[scheme] = draw(_DEALT | st.just(dealt[scheme]))
            since = draw(st.sampled_from([day] * 8 + [DAYS[today // 2], None, MUCH_LATER]))
            history.append(Publish(scheme, dealt[scheme], since))
        else:
            instants = st.sampled_from([day, *DAYS[max(0, today - 4) : today + 1], DAYS[0], DAYS[today + 1], None])
            cases = draw(st.lists(st.tuples(_PLACES, instants), min_size=1, max_size=6))
            history.append(Arrive(cases, draw(st.booleans())))
    return history
