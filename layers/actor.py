"""Who acts: travels from the edge into every verb and event."""

from __future__ import annotations

from dataclasses import dataclass

# The role of whoever names none.
RESIDENT = "resident"


@dataclass(frozen=True)
class Actor:
    """A person or program that does something.

    Attributes:
        name: Who; "anonymous" for a request without a name.
        roles: What the actor may do; the first one is written into events.
        area: Code of the area the actor is bound to, None for no bound.
    """

    name: str
    roles: tuple[str, ...] = (RESIDENT,)
    area: str | None = None

    @property
    def role(self) -> str:
        """The role under which the actor's events are recorded."""
        return self.roles[0]


SYSTEM = Actor("gridkeeper", ("system",))
