"""What is said of drafts: a new one, a change, a comment."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.cases import Text
from api.schemas.edits import Position
from layers.grids.schemes import DEFAULT_SCHEME


class NewDraft(BaseModel):
    """A draft to be made on the newest version of a scheme."""

    model_config = ConfigDict(extra="forbid")

    scheme: Text = Field(default=DEFAULT_SCHEME, min_length=1, max_length=100)
    name: Text = Field(min_length=1, max_length=100)


class DraftChange(BaseModel):
    """What is to change; what is absent stays.

    Attributes:
        name: Its new name.
        state: The state it goes to.
        settings: Settings to change, null for the usual value.
    """

    model_config = ConfigDict(extra="forbid")

    name: Text | None = Field(default=None, min_length=1, max_length=100)
    state: Literal["draft", "in_review", "approved", "scheduled", "published", "withdrawn"] | None = None
    settings: dict[Text, Any] | None = None


class Comment(BaseModel):
    """Something said about a draft, of a place in EPSG:4326 when one is given."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(min_length=1, max_length=4000)
    at: Position | None = None
