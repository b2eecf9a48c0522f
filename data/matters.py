"""Names of matters by their national code (2026 numbering), for the sample town and the map; rules are data."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def matters() -> dict[str, dict[str, str]]:
    """Code to name by language.

    >>> matters()["06010"]["en"]
    'Exposed rubbish'
    """
    with files("data").joinpath("matters.csv").open(encoding="utf-8") as lines:
        return {row["code"]: {"zh": row["zh"], "en": row["en"]} for row in csv.DictReader(lines)}
