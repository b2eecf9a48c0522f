"""Measures and letters by the command line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.session import unit_of_work
from layers.dispatch.formulas import measures
from tests.cluster import Database
from tests.journeys.commands import gridkeeper_within
from tests.stepping import SUE, give_town_rules, reported, step


def test_measures_are_exported_and_letters_decided_on(town: Database, tmp_path: Path):
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path)
        number = reported(session)
        for _ in range(2):
            step(session, number, "notify", SUE, reason="late")
    file = tmp_path / "measures.csv"
    period = ("--from", "2020-01-01", "--to", "2090-01-01")
    told = gridkeeper_within(town, "export", "measures", "-o", file, "--by", "department", *period)
    assert told.facts == {"layer": "measures", "rows": 2 * len(measures()), "file": str(file)}
    table = pd.read_csv(file).set_index(["name_en", "measure"])
    assert table.loc[("Sanitation", "filed"), "numerator"] == 1
    listed = gridkeeper_within(town, "letters", "list", "--tree", "town", "--state", "draft")
    (letter,) = listed.facts["letters"]
    assert "draft: Sanitation: you are asked to come to a talk" in listed.out
    dropped = gridkeeper_within(town, "letters", "drop", letter["letter"], "--note", "settled", "--as", "sue")
    assert (dropped.facts["state"], dropped.facts["decided_by"], dropped.facts["note"]) == ("dropped", "sue", "settled")
    again = gridkeeper_within(town, "letters", "send", letter["letter"])
    assert (again.code, again.facts["error"]["code"]) == (2, "letter_decided")
    refused = gridkeeper_within(town, "export", "measures", "-o", file, "--by", "planet")
    assert (refused.code, refused.facts["error"]["code"]) == (2, "unknown_word")
