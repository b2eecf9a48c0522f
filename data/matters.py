"""Names of matters by their code, for the pages and the sample town: those of the sample catalogue."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

SAMPLE_CATALOGUE = Path(__file__).parent / "sample_town" / "catalogue"
"""The files of the sample catalogue, as `gridkeeper import catalogue` reads them."""


@cache
def matters() -> dict[str, dict[str, str]]:
    """Code to name by language, without the numbers that were replaced.

    >>> matters()["06010"]["en"]
    'Exposed rubbish'
    """
    with (SAMPLE_CATALOGUE / "matters.csv").open(encoding="utf-8") as lines:
        return {
            row["code"]: {"zh": row["name_zh"], "en": row["name_en"]}
            for row in csv.DictReader(lines)
            if not row["same_as"]
        }


@cache
def classes() -> dict[str, dict[str, str]]:
    """First two digits of a code to the name of the large class by language; where standards differ, by the newest.

    >>> classes()["09"]["en"]
    'Street order'
    """
    found: dict[str, dict[str, str]] = {}
    with (SAMPLE_CATALOGUE / "matters.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["code"][:2], {"zh": row["class_zh"], "en": row["class_en"]})
    return found
