"""What a validator found, told in plain words: which field, which value, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gis.errors import BadInput

# Validator's error type -> what is wrong, as the end of a sentence that begins with the field's name.
_WRONG = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number, not NaN or Infinity",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be a text",
    "string_unicode": "must be a text of whole Unicode characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "timezone_aware": "needs its offset from UTC, like 2026-05-03T08:00:00+08:00 (in an address write + as %2B)",
    "datetime_type": "must be an instant like 2026-05-03T08:00:00+08:00",
    "datetime_parsing": "must be an instant like 2026-05-03T08:00:00+08:00 (in an address write + as %2B)",
    "datetime_from_date_parsing": "must be an instant like 2026-05-03T08:00:00+08:00 (in an address write + as %2B)",
    "union_tag_invalid": "must say a {discriminator} that is one of {expected_tags}",
    "union_tag_not_found": "must say its {discriminator}",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "bool_type": "must be true or false",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "model_attributes_type": "must be one JSON object, sent as application/json",
}


def invalid_input(found: Sequence[Any]) -> BadInput:
    """All that a validator found as one error: the first in full, the rest in `values`.

    Args:
        found: Errors as pydantic gives them: type, loc, msg, input, ctx.

    >>> error = invalid_input([{"type": "missing", "loc": ("query", "lon"), "msg": "", "input": None}])
    >>> error.detail, error.field, error.value
    ('lon is missing.', 'lon', None)
    """
    told = [_one(error) for error in found]
    first = told[0]
    code = "body_not_json" if found[0]["type"] == "json_invalid" else "invalid_value"
    return BadInput(code, first["detail"], field=first["field"], value=first["value"], values={"errors": told})


def _one(error: dict[str, Any]) -> dict[str, Any]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "json_invalid":
        detail = f"The body is not JSON: {context.get('error')} at character {error['loc'][-1]}."
        return {"field": "body", "value": None, "detail": detail}
    field = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    value = error.get("input")
    shown = None if kind in ("missing", "model_attributes_type") or value is None else _shortened(value)
    wrong = _WRONG[kind].format(**context) if kind in _WRONG else _own_words(error["msg"])
    return {"field": field, "value": shown, "detail": f"{field} {wrong}."}


def _own_words(message: str) -> str:
    words = message.removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def _shortened(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()[:200]
