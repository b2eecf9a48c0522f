"""Webhooks by the command line: added, listed, paused, told again; their secrets are shown once."""

from __future__ import annotations

from tests.cluster import Database
from tests.happenings import report_one
from tests.journeys.commands import gridkeeper_within

URL = "http://127.0.0.1:9/hook"


def test_a_webhook_from_its_first_to_its_last_command(town: Database):
    added = gridkeeper_within(
        town, "webhooks", "add", URL, "--tree", "town", "--kinds", "dispatched, note", "--as", "anna"
    )
    assert added.code == 0, added.err
    number, secret = str(added.facts["webhook"]), added.facts["secret"]
    assert secret in added.out.splitlines()[1]
    report_one(town)
    (listed,) = gridkeeper_within(town, "webhooks", "list").facts["webhooks"]
    assert (listed["url"], listed["tree"], listed["kinds"]) == (URL, "town", ["dispatched", "note"])
    assert (listed["state"], listed["actor"], listed["behind"]) == ("active", "anna", 2)
    assert secret not in gridkeeper_within(town, "webhooks", "list").out
    assert gridkeeper_within(town, "webhooks", "pause", number).facts["state"] == "paused"
    assert f"{URL} (town, dispatched, note): paused" in gridkeeper_within(town, "webhooks", "list").out
    assert gridkeeper_within(town, "webhooks", "resume", number).facts["state"] == "active"
    again = gridkeeper_within(town, "webhooks", "replay", number, "--after", "0-0")
    assert again.facts == {"webhook": int(number), "state": "active", "cursor": "0-0"}


def test_what_cannot_be_done_is_said_in_a_sentence(town: Database):
    for words, code in (
        (("add", "ftp://127.0.0.1/hook"), "bad_webhook_url"),
        (("add", URL, "--kinds", "party"), "unknown_kind"),
        (("add", URL, "--after", "yesterday"), "bad_cursor"),
        (("pause", "7"), "unknown_webhook"),
        (("replay", "7", "--after", "1-1"), "unknown_webhook"),
    ):
        refused = gridkeeper_within(town, "webhooks", *words)
        assert (refused.code, refused.facts["error"]["code"]) == (2, code), refused
