"""Fixes over HTTP: answered after their commit, once each, from known devices only."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import httpx2
import pytest
from starlette.testclient import TestClient

from data.session import unit_of_work
from layers.errors import Unavailable
from layers.patrols.fixes import Sent
from layers.patrols.writer import Writer
from tests.cluster import Database
from tests.imports import rows_of
from tests.patrolling import enrol, on_shift, reasons, secret_of, stored
from tests.routes.requests import told
from tests.server import served
from tests.town import at

NOW = datetime.now(UTC).replace(microsecond=0)
PHONE = {"X-Device": secret_of("phone-1")}
BASIC = {"Authorization": "Basic " + b64encode(f"phone-1:{secret_of('phone-1')}".encode()).decode()}
NOTHING = {"received": 0, "stored": 0, "repeats": 0, "off_shift": 0, "aside": {}, "unreadable": 0}


@pytest.fixture(autouse=True)
def phones(town: Database) -> None:
    """One on shift, one off shift, one that is not in use."""
    with unit_of_work(town.app) as session:
        for label, active, days in (("phone-1", True, 29), ("phone-2", True, 0), ("phone-3", False, 29)):
            device = enrol(session, label, active=active)
            if days:
                on_shift(session, device, NOW - timedelta(days=days), NOW + timedelta(days=1))


def a_fix(minutes_ago: float = 1, column: float = 1, **more: object) -> dict[str, object]:
    x, y = at(column, 1)
    return {"at": (NOW - timedelta(minutes=minutes_ago)).isoformat(), "x": x, "y": y, "accuracy_m": 6, **more}


def test_a_batch_is_stored_and_counted(committing_client: TestClient, town: Database):
    fixes = [a_fix(1), a_fix(2), a_fix(1), a_fix(3, mock=True), a_fix(4, 300)]
    answer = committing_client.post("/api/v1/fixes", json={"fixes": fixes}, headers=PHONE)
    assert answer.status_code == 200
    assert answer.json() == NOTHING | {
        "received": 5, "stored": 2, "repeats": 1, "aside": {"made_up": 1, "too_far": 1},
    }  # fmt: skip
    again = committing_client.post("/api/v1/fixes", json={"fixes": fixes}, headers=PHONE)
    assert again.json() == NOTHING | {"received": 5, "repeats": 5}
    assert stored(town.app) == {"fixes": 2, "fixes_aside": 2, "fixes_off_shift": 0}


def test_off_shift_a_fix_is_counted_and_its_position_is_not_kept(committing_client: TestClient, town: Database):
    headers = {"X-Device": secret_of("phone-2")}
    answer = committing_client.post("/api/v1/fixes", json={"fixes": [a_fix()]}, headers=headers)
    assert answer.json() == NOTHING | {"received": 1, "off_shift": 1}
    assert stored(town.app) == {"fixes": 0, "fixes_aside": 0, "fixes_off_shift": 1}


@pytest.mark.parametrize("secret", ["nobody's", secret_of("phone-3"), "", "0" * 64])
def test_a_device_that_is_not_known_or_not_in_use_is_refused(committing_client: TestClient, town: Database, secret):
    answer = committing_client.post("/api/v1/fixes", json={"fixes": [a_fix()]}, headers={"X-Device": secret})
    told(answer, 401, "unknown_device")
    assert set(stored(town.app).values()) == {0}


def test_secrets_are_not_stored(town: Database):
    assert rows_of(town.app, "SELECT count(*) FROM devices d WHERE d::text LIKE '%secret of%'") == [(0,)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"at": "2026-05-03T08:00:00"}, "fixes.0.at"),
        ({"at": 1777766400}, "fixes.0.at"),
        ({"at": "2300-05-03T08:00:00Z"}, "fixes.0.at"),
        ({"x": "113.6"}, "fixes.0.x"),
        ({"y": None}, "fixes.0.y"),
        ({"accuracy_m": "much"}, "fixes.0.accuracy_m"),
    ],
)
def test_what_is_no_fix_is_refused_with_its_field(committing_client: TestClient, wrong, field):
    answer = committing_client.post("/api/v1/fixes", json={"fixes": [a_fix(**wrong)]}, headers=PHONE)
    assert told(answer, 422, "invalid_value")["field"] == field


def test_a_datum_that_the_device_does_not_declare_puts_its_fixes_aside(committing_client: TestClient, town: Database):
    for minute, datum in enumerate(["gcj02", "mars", "EPSG:4326"]):
        body = {"fixes": [a_fix(minute)], "datum": datum}
        assert committing_client.post("/api/v1/fixes", json=body, headers=PHONE).status_code == 200
    assert reasons(town.app) == {"wrong_datum": 2}
    assert stored(town.app)["fixes"] == 1


def test_a_gpx_file_is_taken_in(committing_client: TestClient, town: Database):
    lon, lat = at(1, 1)
    when = (NOW - timedelta(minutes=3)).isoformat().replace("+00:00", "Z")
    point = f'<trkpt lat="{lat}" lon="{lon}">'
    points = f"{point}<time>{when}</time></trkpt>{point}</trkpt>"
    body = f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{points}</trkseg></trk></gpx>'
    answer = committing_client.post("/api/v1/fixes/gpx", content=body, headers=PHONE)
    assert answer.json() == NOTHING | {"received": 2, "stored": 1, "unreadable": 1}
    told(committing_client.post("/api/v1/fixes/gpx", content="<kml/>", headers=PHONE), 422, "gpx_unreadable")
    told(committing_client.post("/api/v1/fixes/gpx", content="x", headers=PHONE), 422, "gpx_unreadable")
    evil = '<!DOCTYPE gpx [<!ENTITY a "b">]><gpx>&a;</gpx>'
    for text in (evil.encode(), evil.encode("utf-16")):
        told(committing_client.post("/api/v1/fixes/gpx", content=text, headers=PHONE), 422, "gpx_unreadable")


def a_message(minutes_ago: float = 1, **more: object) -> dict[str, object]:
    lon, lat = at(1, 1)
    tst = int((NOW - timedelta(minutes=minutes_ago)).timestamp())
    return {"_type": "location", "lat": lat, "lon": lon, "tst": tst, "tid": "JJ", "acc": 8, **more}


def test_owntracks_is_heard(committing_client: TestClient, town: Database):
    for message in (a_message(1, vel=36, cog=90), a_message(1), a_message(2, acc=5000)):
        answer = committing_client.post("/pub?u=phone-1&d=x", json=message, headers={**BASIC, "X-Limit-U": "phone-1"})
        assert (answer.status_code, answer.json()) == (200, [])
    assert rows_of(town.app, "SELECT speed_ms, course FROM fixes") == [(10, 90)]
    assert reasons(town.app) == {"inaccurate": 1}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"_type": "dump", "configuration": {}}', b'{"_type": "location"}', b"\xff", b'{"_type": 5}',
     b'{"_type": "location", "lat": "x", "lon": 1, "tst": 1e400}'],
)  # fmt: skip
def test_owntracks_hears_success_whatever_it_says(committing_client: TestClient, town: Database, body):
    answer = committing_client.post("/pub", content=body, headers=BASIC)
    assert (answer.status_code, answer.json()) == (200, [])
    assert set(stored(town.app).values()) == {0}


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/pub", {}),
        ("/pub?u=phone-2", BASIC),
        ("/pub", {**BASIC, "X-Limit-U": "phone-2"}),
        ("/pub", {"Authorization": "Basic " + b64encode(f"phone-2:{secret_of('phone-1')}".encode()).decode()}),
        ("/pub", {"Authorization": "Basic " + b64encode(b"phone-1:guessed").decode()}),
        ("/pub", {"Authorization": "Basic %%%"}),
        ("/pub", {"Authorization": "Bearer x"}),
    ],
)
def test_owntracks_is_asked_to_sign_in_as_who_it_is(committing_client: TestClient, town: Database, address, headers):
    answer = committing_client.post(address, json=a_message(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert stored(town.app)["fixes"] == 0


def osmand(minutes_ago: float, **more: object) -> dict[str, object]:
    lon, lat = at(1, 1)
    when = int((NOW - timedelta(minutes=minutes_ago)).timestamp())
    return {
        "id": secret_of("phone-1"),
        "lat": lat,
        "lon": lon,
        "timestamp": when,
        "speed": 10,
        "charge": "false",
        **more,
    }


def test_osmand_is_heard_in_its_three_encodings(committing_client: TestClient, town: Database):
    lon, lat = at(1, 1)
    coords = {"latitude": lat, "longitude": lon, "accuracy": 7, "speed": 2.5, "heading": -1, "altitude": 100}
    location = {"timestamp": (NOW - timedelta(minutes=4)).isoformat(), "coords": coords, "battery": {"level": -1}}
    milliseconds = int((NOW - timedelta(minutes=5)).timestamp() * 1000)
    answers = [
        committing_client.get("/osmand", params=osmand(1)),
        committing_client.post("/osmand", params=osmand(2)),
        committing_client.post("/osmand", data=osmand(3)),
        committing_client.post("/osmand", json={"device_id": secret_of("phone-1"), "location": location}),
        committing_client.get("/osmand", params=osmand(5, timestamp=milliseconds)),
        committing_client.get("/osmand", params=osmand(1)),
        committing_client.get("/osmand", params={"id": secret_of("phone-1"), "alarm": "sos"}),
    ]
    assert [(one.status_code, one.content) for one in answers] == [(200, b"")] * 7
    speeds = [round(speed, 3) for (speed,) in rows_of(town.app, "SELECT speed_ms FROM fixes ORDER BY at DESC")]
    assert speeds == [5.144, 5.144, 5.144, 2.5, 5.144]


def test_osmand_hears_which_device_is_not_known_in_its_own_way(committing_client: TestClient):
    told(committing_client.get("/osmand", params=osmand(1, id="guessed")), 400, "unknown_device")
    told(committing_client.post("/osmand", data=osmand(1, id="guessed")), 400, "unknown_device")
    told(committing_client.post("/osmand", json={"device_id": "guessed", "location": {}}), 404, "unknown_device")
    told(committing_client.get("/osmand"), 400, "device_missing")
    told(
        committing_client.post("/osmand", content=b"[]", headers={"Content-Type": "application/json"}),
        400,
        "body_not_json",
    )


@pytest.mark.shared_data
def test_the_recorded_messages_of_owntracks_are_all_heard(committing_client: TestClient, shared_data: Path):
    lines = (shared_data / "media/owntracks_booklet_payloads.jsonl").read_text().splitlines()
    recorded = (shared_data / "media/owntracks_demo_iphone.rec").read_text().splitlines()
    messages = [json.loads(line)["payload"] for line in lines] + [json.loads(line.split("\t")[2]) for line in recorded]
    assert len(messages) > 50
    for message in messages:
        answer = committing_client.post("/pub", json=message, headers=BASIC)
        assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.shared_data
def test_the_recorded_gpx_files_are_taken_in_or_told_why_not(committing_client: TestClient, shared_data: Path):
    with ZipFile(shared_data / "media/gpx_kml_tcx_gpxpy.zip") as archive:
        for name in archive.namelist():
            answer = committing_client.post("/api/v1/fixes/gpx", content=archive.read(name), headers=PHONE)
            assert answer.status_code == 200 or answer.json()["code"] == "gpx_unreadable", name
            if answer.status_code == 200:
                counts = answer.json()
                parts = counts["stored"] + counts["repeats"] + counts["off_shift"] + counts["unreadable"]
                assert counts["received"] == parts + sum(counts["aside"].values())


def test_many_who_send_at_once_share_commits_and_each_gets_its_own_counts(town: Database):
    with served(town) as address:
        answers: list[tuple[int, int]] = []

        def send(number: int) -> None:
            with httpx2.Client(headers=PHONE, timeout=30) as client:
                for turn in range(20):
                    body = {"fixes": [a_fix(number * 20 + turn), a_fix(number * 20 + turn)]}
                    found = client.post(f"{address}/api/v1/fixes", json=body).json()
                    answers.append((found["stored"], found["repeats"]))

        people = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for one in people:
            one.start()
        for one in people:
            one.join()
    assert answers == [(1, 1)] * 160
    assert stored(town.app)["fixes"] == 160


def test_whoever_comes_when_too_many_wait_is_told_to_come_again(town: Database):
    writer = Writer(town.app, kept_days=0, most_waiting=2)
    x, y = at(1, 1)
    fixes = [(NOW.timestamp() * 1e6, x, y, 5.0, 0.0, 0.0, 0.0)] * 2
    first = writer.put(Sent(secret_of("phone-1"), fixes))
    with pytest.raises(Unavailable) as refused:
        writer.put(Sent(secret_of("phone-1"), fixes))
    assert refused.value.code == "fixes_waiting"
    with writer.writing():
        assert (found := first.result(timeout=20)) is not None
        assert (found.stored, found.repeats) == (1, 1)
