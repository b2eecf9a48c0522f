"""What is asked of a preview."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from api.schemas.edits import Edit


class PreviewAsked(BaseModel):
    """What would a draft do?

    Attributes:
        edit: One more edit, not saved yet; the draft as it stands when absent.
    """

    model_config = ConfigDict(extra="forbid")

    edit: Edit | None = None
