"""What is asked of the queue."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Text
from layers.dispatch.queue import MOST_ROWS, Filters

_MOST_VALUES = 100


class QueueAsked(BaseModel):
    """A page of the queue; a filter may be given several times, and any of its values will do.

    Attributes:
        tree: The city; that of the scheme which takes reports when absent.
        state, clock: Their names.
        matter, department, area, grid: Their codes.
        staff: Staff numbers.
        overdue: Only cases past their deadline.
        text: What the number, the category or the description holds.
        after: `next` of the page before.
        limit: Cases on the page.
    """

    model_config = ConfigDict(extra="forbid")

    tree: Text | None = Field(default=None, max_length=100)
    state: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    clock: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    matter: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    department: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    area: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    grid: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    staff: list[Text] = Field(default=[], max_length=_MOST_VALUES)
    overdue: bool = False
    text: Text | None = Field(default=None, max_length=200)
    after: Text | None = Field(default=None, max_length=60)
    limit: int = Field(default=100, ge=1, le=MOST_ROWS)

    def filters(self) -> Filters:
        """The filters for the verb."""
        return Filters(
            state=self.state,
            clock=self.clock,
            matter=self.matter,
            department=self.department,
            area=self.area,
            grid=self.grid,
            staff=self.staff,
            overdue=self.overdue,
            text=self.text,
        )
