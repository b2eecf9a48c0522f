"""What never gets in: other hosts, other sites' pages, strangers' names, NUL, huge bodies."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from data.settings import ServiceSettings
from gis.errors import BadInput
from tests.cluster import Database
from tests.conftest import FROM_HERE
from tests.routes.requests import a_report, told
from tests.server import served

ANY = "/api/v1/layers"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"])
def test_the_names_of_this_machine_are_ours(client: TestClient, host):
    assert client.get(ANY, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost.evil.example:8000",
        "",
        "[::1]",
        "::1:8000",
    ],
)
def test_a_request_under_another_host_name_is_misdirected(client: TestClient, host):
    problem = told(client.get(ANY, headers={"Host": host}), 421, "host_not_ours")
    assert problem["field"] == "Host"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:8000"])
def test_our_own_pages_may_call(client: TestClient, origin):
    assert client.get(ANY, headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9000", "null", "file://", "", "http://127.0.0.1"]
)
def test_pages_of_other_sites_may_not_call(client: TestClient, origin):
    told(client.post("/api/v1/cases", json=a_report(), headers={"Origin": origin}), 403, "origin_not_ours")


def test_further_hosts_are_a_setting(shared_town: Database, monkeypatch):
    monkeypatch.setenv("GRIDKEEPER_HOSTS", "grid.example, Grid.example:8443")
    with TestClient(create_app(shared_town.settings), **FROM_HERE) as client:
        for host in ("grid.example", "grid.example:8443"):
            headers = {"Host": host, "Origin": f"https://{host}"}
            assert client.get(ANY, headers=headers).status_code == 200
        told(client.get(ANY, headers={"Host": "grid.example:9"}), 421, "host_not_ours")


def test_a_wrong_setting_is_told_by_its_name(monkeypatch):
    monkeypatch.setenv("GRIDKEEPER_PORT", "none")
    with pytest.raises(BadInput, match="GRIDKEEPER_PORT"):
        ServiceSettings()


def test_a_name_is_accepted_from_this_machine_only(shared_town: Database):
    far = {**FROM_HERE, "client": ("192.0.2.7", 50000)}
    with TestClient(create_app(shared_town.settings), **far) as client:
        answer = client.post("/api/v1/cases", json=a_report(80, 0), headers={"X-Actor": "mayor"})
        told(answer, 403, "actor_not_trusted")
        told(client.post("/api/v1/cases", json=a_report(80, 0)), 422, "too_far")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_name_that_a_proxy_passes_on_is_refused(client: TestClient, header):
    answer = client.post("/api/v1/cases", json=a_report(), headers={"X-Actor": "mayor", header: "127.0.0.1"})
    told(answer, 403, "actor_not_trusted")


@pytest.mark.parametrize("name", [b"", b"  ", b"a" * 101, "a\u202eb".encode()])
def test_a_name_that_is_none_is_refused(client: TestClient, name):
    told(client.post("/api/v1/cases", json=a_report(), headers={"X-Actor": name}), 422, "bad_actor")


@pytest.mark.parametrize("address", [f"{ANY}/cases/items?state=%00", "/api/v1/cases/%00", "/static/%00", "/%00"])
def test_nul_in_an_address_is_refused(client: TestClient, address):
    told(client.get(address), 422, "nul_character")


@pytest.fixture(scope="module")
def address(shared_town: Database) -> Iterator[str]:
    """The service on a real port."""
    with served(shared_town) as url:
        yield url


def post_chunks(url: str, chunks: int, *, announce: bool) -> http.client.HTTPResponse:
    """Send megabytes to the running service over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.putrequest("POST", "/api/v1/cases")
    connection.putheader("Content-Type", "application/json")
    megabyte = b" " * 1_000_000
    if announce:
        connection.putheader("Content-Length", str(chunks * len(megabyte)))
    else:
        connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(chunks):
        connection.send(megabyte if announce else b"%x\r\n%s\r\n" % (len(megabyte), megabyte))
    if not announce:
        connection.send(b"0\r\n\r\n")
    return connection.getresponse()


@pytest.mark.parametrize("announce", [True, False])
def test_a_body_of_100_megabytes_is_refused_and_the_service_lives(address: str, announce):
    answer = post_chunks(address, 100, announce=announce)
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert b'"body_too_large"' in answer.read()
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
