"""A step with a case as it comes in over HTTP."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.cases import Text, storable_text


def _require_storable(value: Any) -> None:
    if isinstance(value, str):
        storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_storable(inner)
    for name in value if isinstance(value, dict) else ():
        storable_text(name)


class StepAsked(BaseModel):
    """The name of the step and, beside it, its fields; which these are is told by the table of steps.

    Attributes:
        step: Name of the step.
    """

    model_config = ConfigDict(extra="allow")

    step: Text = Field(min_length=1, max_length=40)

    @model_validator(mode="after")
    def _is_storable(self) -> StepAsked:
        _require_storable(self.fields)
        return self

    @property
    def fields(self) -> dict[str, Any]:
        """What was said with the step."""
        return self.__pydantic_extra__ or {}
