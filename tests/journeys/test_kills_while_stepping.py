"""The service is killed while people take steps: every step that was answered is on record, and the rest is whole."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.orm import Session

from data.session import unit_of_work
from layers.cases.check import check
from tests.cluster import Database
from tests.forms import forms
from tests.imports import rows_of
from tests.journeys.commands import free_port, service
from tests.stepping import give_town_rules, reported

_PEOPLE = 4
_HEADERS = {"X-Actor": "han", "X-Role": "handler verifier dispatcher"}


def first_look(client: httpx2.Client, address: str) -> httpx2.Response:
    """The case, as soon as the service listens."""
    give_up = time.monotonic() + 20
    while True:
        try:
            return client.get(address)
        except httpx2.ConnectError:
            assert time.monotonic() < give_up, "the service does not listen"
            time.sleep(0.05)


def keep_stepping(address: str, accepted: list[str]) -> None:
    """Take step after step with one case until the service is gone; the words of those that were answered."""
    with httpx2.Client(timeout=30, headers=_HEADERS) as client, suppress(httpx2.HTTPError):
        seen = first_look(client, address)
        for turn in range(10_000):
            word = f"{address[-8:]} {len(accepted)} {turn}"
            step = {"dispatched": "accept", "handling": "feed_back", "fed_back": "fail"}[seen.json()["state"]]
            body = {"step": step, "reason" if step == "fail" else "note": word}
            answer = client.post(f"{address}/steps", json=body, headers={"If-Match": seen.headers["etag"]})
            if answer.status_code != 200:
                return
            accepted.append(word)
            seen = answer


@pytest.mark.parametrize("kills", forms(short=2, long=20))
def test_a_killed_service_loses_no_accepted_step(town: Database, tmp_path: Path, kills: int):
    chance = random.Random(2026)
    with unit_of_work(town.app) as session:
        give_town_rules(session, tmp_path)
        numbers = [reported(session) for _ in range(_PEOPLE)]
    port = free_port()
    accepted: list[list[str]] = [[] for _ in numbers]
    for _ in range(kills):
        enough = sum(map(len, accepted)) + _PEOPLE
        addresses = [f"http://127.0.0.1:{port}/api/v1/cases/{number}" for number in numbers]
        pairs = zip(addresses, accepted, strict=True)
        people = [threading.Thread(target=keep_stepping, args=pair) for pair in pairs]
        with service(town, port) as process:
            for one in people:
                one.start()
            give_up = time.monotonic() + 30
            while sum(map(len, accepted)) < enough:
                assert time.monotonic() < give_up, "nobody got to take a step"
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 1))
            process.kill()
            for one in people:
                one.join()
    stored = {word for (word,) in rows_of(town.app, _WORDS)}
    assert [word for words in accepted for word in words if word not in stored] == []
    with Session(town.app) as session:
        assert check(session).differences == []


_WORDS = """
SELECT COALESCE(detail ->> 'note', detail ->> 'reason') FROM case_events WHERE kind IN ('accept', 'feed_back', 'fail')
"""
