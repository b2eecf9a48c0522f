"""The page at / and its files, as HTTP sees them."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from maps.assets import STATIC
from tests.routes.requests import told


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "spoken"),
    [
        ("", None, "", "zh-CN"),
        ("", None, "en-GB,en;q=0.9", "en"),
        ("", None, "fr, zh;q=0.2, en;q=0.1", "zh-CN"),
        ("", "en", "zh", "en"),
        ("", "klingon", "en", "en"),
        ("?lang=zh", "en", "en", "zh-CN"),
        ("?lang=en", None, "zh", "en"),
    ],
)
def test_the_language_is_asked_for_remembered_or_preferred(client: TestClient, query, cookie, accepted, spoken):
    if cookie:
        client.cookies.set("lang", cookie)
    answer = client.get(f"/{query}", headers={"Accept-Language": accepted})
    assert f'<html lang="{spoken}">' in answer.text
    assert answer.headers["content-language"] == spoken
    assert ("lang=" in answer.headers.get("set-cookie", "")) == bool(query)


def test_another_language_is_refused(client: TestClient):
    assert client.get("/?lang=fr").status_code == 422


def test_the_policy_carries_the_nonce_of_the_page_and_never_the_same(client: TestClient):
    answers = [client.get("/") for _ in range(2)]
    nonces = [re.search(r"'nonce-([^']+)'", one.headers["content-security-policy"])[1] for one in answers]
    assert nonces[0] != nonces[1]
    for nonce, answer in zip(nonces, answers, strict=True):
        assert f'nonce="{nonce}"' in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_every_file_the_page_loads_is_ours_and_may_be_kept(client: TestClient):
    page = client.get("/").text
    links = re.findall(r'(?:src|href)="(/[^"]*)"', page)
    assert len([link for link in links if link.startswith("/static/")]) > 4
    for link in links:
        answer = client.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link
        if link.startswith("/static/"):
            assert "immutable" in answer.headers["cache-control"]


def test_a_file_without_its_version_is_asked_for_again(client: TestClient):
    name = next((STATIC / "js").glob("*.js")).name
    assert client.get(f"/static/js/{name}").headers["cache-control"] == "no-cache"


def test_the_scripts_of_a_page_travel_as_one_file_in_their_order(client: TestClient):
    (link,) = re.findall(r'src="(/static/scripts.js[^"]*)"', client.get("/dispatch").text)
    answer = client.get(link.replace("&amp;", "&"))
    own = [(STATIC / "js" / f"{name}.js").read_text("utf-8") for name in ("core", "dispatch-store", "dispatch-page")]
    places = [answer.text.index(script) for script in own]
    assert places == sorted(places)
    older = client.get(link.partition("&amp;")[0] + "&v=0123456789ab")
    assert (older.text, older.headers["cache-control"]) == (answer.text, "no-cache")


@pytest.mark.parametrize("names", ["nothing", "core,nothing", "../../assets", "core,", ""])
def test_scripts_that_there_are_not_are_not_found(client: TestClient, names: str):
    assert client.get("/static/scripts.js", params={"names": names}).status_code == 404


def test_more_scripts_than_a_page_has_are_not_looked_for(client: TestClient):
    names = ",".join(["core"] * 201)
    told(client.get("/static/scripts.js", params={"names": names}), 422, "invalid_value")


def test_the_icon_is_answered_here(client: TestClient):
    assert client.get("/favicon.ico").status_code == 204
