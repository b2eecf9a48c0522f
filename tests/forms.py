"""The two forms of a test that can be made larger: the short one runs always, the long one with `--long`."""

from __future__ import annotations

from typing import Any

import pytest


def forms(*, short: Any, long: Any) -> list[Any]:
    """Values for `parametrize`, or for `params` of a fixture."""
    return [pytest.param(short, id="short"), pytest.param(long, id="long", marks=pytest.mark.long)]
