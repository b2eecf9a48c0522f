"""The short way of fixes: nobody can tell it from the whole way but by the time that it takes."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

import api.app as module
from api.routes import fixes, telephones
from data.session import unit_of_work
from tests.cluster import Cluster, Database
from tests.conftest import FROM_HERE
from tests.patrolling import enrol, on_shift, secret_of, stored
from tests.routes.requests import told
from tests.server import served
from tests.town import at

NOW = datetime.now(UTC).replace(microsecond=0)
LON, LAT = at(1, 1)
SECRET = secret_of("phone-1")
JSON = {"Content-Type": "application/json"}
PHONE = {**JSON, "X-Device": SECRET}
BASIC = {**JSON, "Authorization": "Basic " + b64encode(f"phone-1:{SECRET}".encode()).decode()}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FIX = {"at": (NOW - timedelta(minutes=1)).isoformat(), "x": LON, "y": LAT, "accuracy_m": 6}
MESSAGE = {"_type": "location", "lat": LAT, "lon": LON, "tst": int(NOW.timestamp()) - 60, "acc": 8}
OSMAND = f"id={SECRET}&lat={LAT}&lon={LON}&timestamp={int(NOW.timestamp()) - 60}&speed=10"
LOCATION = {"timestamp": FIX["at"], "coords": {"latitude": LAT, "longitude": LON, "speed": 1}}
TAKEN = {
    "a batch": ("POST", "/api/v1/fixes", PHONE, {"fixes": [FIX]}),
    "a batch of none": ("POST", "/api/v1/fixes", PHONE, {"fixes": []}),
    "a batch with its datum": ("POST", "/api/v1/fixes", PHONE, {"fixes": [FIX], "datum": "gcj02"}),
    "a batch in its encoding": (
        "POST", "/api/v1/fixes", PHONE | {"Content-Type": "application/json; charset=utf-8"}, {"fixes": [FIX, FIX]}
    ),
    "a batch of who is off shift": (
        "POST", "/api/v1/fixes", PHONE | {"X-Device": secret_of("phone-2")}, {"fixes": [FIX]}
    ),
    "OwnTracks": ("POST", "/pub?u=phone-1&d=x", BASIC, MESSAGE),
    "OwnTracks without a place": ("POST", "/pub", BASIC, {"_type": "dump"}),
    "OwnTracks without a body": ("POST", "/pub", BASIC, b""),
    "OsmAnd in the address": ("GET", f"/osmand?{OSMAND}", {}, None),
    "OsmAnd posted": ("POST", f"/osmand?{OSMAND}", {}, b""),
    "OsmAnd in a form": ("POST", "/osmand", FORM, OSMAND.encode()),
    "OsmAnd in JSON": ("POST", "/osmand", JSON, {"device_id": SECRET, "location": LOCATION}),
}  # fmt: skip
REFUSED = {
    "OsmAnd in the body of a GET": ("GET", "/osmand", JSON, {"device_id": SECRET, "location": LOCATION}),
    "no JSON": ("POST", "/api/v1/fixes", PHONE, b"{"),
    "NaN": ("POST", "/api/v1/fixes", PHONE, b'{"fixes": [{"at": "2026-05-03T08:00:00Z", "x": NaN, "y": 1}]}'),
    "no UTF-8": ("POST", "/api/v1/fixes", PHONE, b'{"fixes": [], "datum": "\xff"}'),
    "half a character": ("POST", "/api/v1/fixes", PHONE, b'{"fixes": [], "datum": "\\ud800"}'),
    "no body": ("POST", "/api/v1/fixes", PHONE, b""),
    "a number as text": ("POST", "/api/v1/fixes", PHONE, {"fixes": [FIX | {"x": "113.6"}]}),
    "another type": ("POST", "/api/v1/fixes", PHONE | {"Content-Type": "text/plain"}, {"fixes": [FIX]}),
    "no secret": ("POST", "/api/v1/fixes", JSON, {"fixes": [FIX]}),
    "an empty secret": ("POST", "/api/v1/fixes", PHONE | {"X-Device": ""}, {"fixes": [FIX]}),
    "a long secret": ("POST", "/api/v1/fixes", PHONE | {"X-Device": "x" * 201}, {"fixes": [FIX]}),
    "an unknown secret": ("POST", "/api/v1/fixes", PHONE | {"X-Device": "guessed"}, {"fixes": [FIX]}),
    "another method": ("PUT", "/api/v1/fixes", PHONE, {"fixes": [FIX]}),
    "another host": ("POST", "/api/v1/fixes", PHONE | {"Host": "elsewhere"}, {"fixes": [FIX]}),
    "another site": ("POST", "/api/v1/fixes", PHONE | {"Origin": "http://elsewhere"}, {"fixes": [FIX]}),
    "OwnTracks as somebody else": ("POST", "/pub?u=phone-2", BASIC, MESSAGE),
    "OwnTracks without signing in": ("POST", "/pub", JSON, MESSAGE),
    "OsmAnd without a device": ("GET", "/osmand?lat=1", {}, None),
    "OsmAnd of an unknown device": ("GET", "/osmand?id=guessed&lat=1&lon=2&timestamp=3", {}, None),
    "OsmAnd with no JSON": ("POST", "/osmand", JSON, b"[]"),
    "OsmAnd of an unknown device in JSON": ("POST", "/osmand", JSON, {"device_id": "guessed", "location": LOCATION}),
}
Request = tuple[str, str, dict[str, str], Any]


@pytest.fixture(scope="module")
def town_of_phones(cluster: Cluster, town_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """One is on shift, one is not."""
    with cluster.clone(town_template, next(clone_name)) as made:
        with unit_of_work(made.app) as session:
            device = enrol(session, "phone-1", active=True)
            on_shift(session, device, NOW - timedelta(days=3), NOW + timedelta(days=1))
            enrol(session, "phone-2", active=True)
        yield made


@pytest.fixture(scope="module")
def short(town_of_phones: Database) -> Iterator[TestClient]:
    """The service."""
    with TestClient(module.create_app(town_of_phones.settings), **FROM_HERE) as calling:
        yield calling


@pytest.fixture(scope="module")
def whole(town_of_phones: Database) -> Iterator[TestClient]:
    """The service without a short way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SHORT_WAYS", {})
        with TestClient(module.create_app(town_of_phones.settings), **FROM_HERE) as calling:
            yield calling


def answered(service: TestClient, town: Database, request: Request, *, in_pieces: bool = False) -> tuple[Any, ...]:
    """What is answered and what is stored, by a service that has heard nothing before."""
    with unit_of_work(town.owner) as session:
        session.execute(text("TRUNCATE fixes, fixes_aside, fixes_off_shift"))
    method, address, headers, body = request
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    answer = service.request(method, address, headers=headers, content=iter([content]) if in_pieces else content)
    return answer.status_code, answer.headers, answer.content, stored(town.app)


@pytest.mark.parametrize("request_", [*TAKEN.values(), *REFUSED.values()], ids=[*TAKEN, *REFUSED])
def test_both_ways_answer_and_store_the_same(
    short: TestClient, whole: TestClient, town_of_phones: Database, request_: Request
):
    assert answered(short, town_of_phones, request_) == answered(whole, town_of_phones, request_)


@pytest.mark.parametrize("name", [name for name, request in TAKEN.items() if isinstance(request[3], dict)])
def test_a_body_that_was_not_announced_is_taken_as_well(short: TestClient, town_of_phones: Database, name: str):
    request = TAKEN[name]
    at_once, in_pieces = (answered(short, town_of_phones, request, in_pieces=one) for one in (False, True))
    assert in_pieces == at_once


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_well_formed_does_not_go_the_whole_way(
    short: TestClient, town_of_phones: Database, name: str, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> None:
        raise AssertionError

    for part in (fixes, telephones):
        monkeypatch.setattr(part, "written", never)
    assert answered(short, town_of_phones, TAKEN[name])[0] == 200


def test_whoever_comes_when_too_many_wait_is_told_so(short: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(short.app.state.fixes.writer, "_most_waiting", 0)  # type: ignore[attr-defined]
    answer = short.post("/api/v1/fixes", json={"fixes": [FIX]}, headers=PHONE)
    told(answer, 503, "fixes_waiting")
    assert int(answer.headers["retry-after"]) > 0


def test_whoever_goes_in_the_middle_of_a_message_leaves_nothing(town_of_phones: Database):
    with served(town_of_phones) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        head = f"POST /api/v1/fixes HTTP/1.1\r\nHost: {host}:{port}\r\nX-Device: {SECRET}\r\nContent-Length: 500\r\n"
        with socket.create_connection((host, int(port))) as line:
            line.sendall(head.encode() + b'Content-Type: application/json\r\n\r\n{"fixes"')
        answer = httpx2.post(f"{address}/api/v1/fixes", json={"fixes": []}, headers=PHONE)
    assert (answer.status_code, answer.json()["received"]) == (200, 0)
