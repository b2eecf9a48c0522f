"""The service is killed while devices send: every fix that was answered is stored, and none twice."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from data.session import unit_of_work
from tests.cluster import Database
from tests.forms import forms
from tests.imports import rows_of
from tests.journeys.commands import free_port, service
from tests.patrolling import enrol, on_shift, secret_of
from tests.town import at

_DEVICES = 6
_BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)


class Device:
    """Sends one fix after the other, and again those that nobody answered.

    Attributes:
        sent: Seconds after the beginning of the fixes that were sent.
        accepted: Of these, the answered ones.
    """

    def __init__(self, label: str, address: str) -> None:
        self._headers, self._address = {"X-Device": secret_of(label)}, address
        self.sent: list[int] = []
        self.accepted: list[int] = []

    def send_until_killed(self) -> None:
        """Keep sending until the service is gone."""
        with httpx2.Client(timeout=30, headers=self._headers) as client:
            self._wait(client)
            with suppress(httpx2.HTTPError):
                while True:
                    self._send(client)

    def _wait(self, client: httpx2.Client) -> None:
        give_up = time.monotonic() + 20
        while True:
            with suppress(httpx2.ConnectError):
                client.get(self._address)
                return
            assert time.monotonic() < give_up, "the service does not listen"
            time.sleep(0.05)

    def _send(self, client: httpx2.Client) -> None:
        unanswered = sorted(set(self.sent) - set(self.accepted))[-3:]
        self.sent.append(len(self.sent))
        x, y = at(1, 1)
        seconds = [*unanswered, self.sent[-1]]
        fixes = [{"at": (_BEGIN + timedelta(seconds=one)).isoformat(), "x": x, "y": y} for one in seconds]
        answer = client.post(self._address, json={"fixes": fixes})
        assert answer.status_code == 200, answer.text
        assert answer.json()["stored"] + answer.json()["repeats"] == len(seconds)
        self.accepted += seconds


@pytest.mark.parametrize("kills", forms(short=2, long=20))
def test_a_killed_service_loses_no_fix_that_it_answered_and_stores_none_twice(town: Database, kills: int):
    chance = random.Random(2026)
    labels = [f"phone-{number}" for number in range(_DEVICES)]
    with unit_of_work(town.app) as session:
        ids = []
        for label in labels:
            device = enrol(session, label)
            on_shift(session, device, _BEGIN - timedelta(days=1), _BEGIN + timedelta(days=3))
            ids.append(device.id)
    port = free_port()
    devices = [Device(label, f"http://127.0.0.1:{port}/api/v1/fixes") for label in labels]
    for _ in range(kills):
        enough = sum(len(one.accepted) for one in devices) + 20 * _DEVICES
        sending = [threading.Thread(target=one.send_until_killed) for one in devices]
        with service(town, port) as process:
            for one in sending:
                one.start()
            give_up = time.monotonic() + 30
            while sum(len(one.accepted) for one in devices) < enough:
                assert time.monotonic() < give_up, "nobody got to send"
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.5))
            process.kill()
            for one in sending:
                one.join()
    for device_id, device in zip(ids, devices, strict=True):
        rows = rows_of(town.app, f"SELECT at FROM fixes WHERE device_id = {device_id} ORDER BY at")
        stored = [round((instant - _BEGIN).total_seconds()) for (instant,) in rows]
        assert len(stored) == len(set(stored))
        assert set(device.accepted) <= set(stored) <= set(device.sent)
