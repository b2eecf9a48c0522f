"""The page on the loop says what the tables say."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from layers.cases.fields import READERS
from layers.cases.loop import roles, steps
from layers.cases.loop_told import STAGES
from layers.cases.reasons import ROLES

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs/loop.md").read_text(encoding="utf-8")


def told(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without backticks."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def written(name: str) -> list[list[str]]:
    with (PROJECT / "data/loop" / name).open(encoding="utf-8") as lines:
        return list(csv.reader(lines))[1:]


@pytest.mark.parametrize(("heading", "file"), [("States", "states.csv"), ("Steps", "steps.csv")])
def test_the_tables_of_the_page_are_the_files(heading: str, file: str):
    assert told(heading) == written(file)


def test_the_stages_and_roles_of_the_page_are_those_of_the_program():
    assert [row[0] for row in told("Stages")] == list(STAGES)
    assert [tuple(row) for row in told("Who may do what")] == [
        (
            role,
            ROLES[role]["zh"],
            ROLES[role]["en"],
            " ".join(one.name for one in steps().values() if role in one.roles),
        )
        for role in sorted(roles())
    ]


def test_every_field_of_a_step_is_explained_and_can_be_read():
    explained = {name for row in told("Fields") for name in re.findall(r"\w+", row[0])}
    used = {name for step in steps().values() for name in (*step.needs, *step.may)}
    assert used == explained == set(READERS)
