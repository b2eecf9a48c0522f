"""The layers over HTTP: catalogue, pages, tiles, counts, schemes; caching and bad parameters."""

from __future__ import annotations

import gzip

import pytest
from starlette.testclient import TestClient

from layers.catalog import LAYERS
from tests.routes.requests import a_report, told

LAYER = "/api/v1/layers"


def report(client: TestClient, *places, **more) -> None:
    for column, row in places:
        assert client.post("/api/v1/cases", json=a_report(column, row, **more)).status_code == 201


def test_the_catalogue_names_every_layer_with_its_filters(client: TestClient):
    listed = client.get(LAYER).json()["layers"]
    assert {one["name"] for one in listed} == set(LAYERS)
    for one in listed:
        assert set(one["title"]) == {"zh", "en"}
        assert "scheme" in one["filters"]
        assert one["geometry_type"]
        assert one["properties"]


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_layer_answers_as_geojson_and_as_tiles(client: TestClient, name):
    report(client, (1, 1))
    answer = client.get(f"{LAYER}/{name}/items", params={"scheme": "duty"})
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert body["numberReturned"] == len(body["features"]) > 0
    assert set(body["features"][0]["properties"]) == set(LAYERS[name].properties)
    tile = client.get(f"{LAYER}/{name}/tiles/13/6681/3251.mvt", params={"scheme": "duty"})
    assert tile.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert name.encode() in tile.content
    assert client.get(f"{LAYER}/{name}/tiles/13/0/0.mvt").status_code == 204


def test_following_next_visits_every_feature_once(client: TestClient):
    report(client, *[(number / 10, 1) for number in range(25)])
    href, seen = f"{LAYER}/cases/items?limit=10&scheme=duty", []
    while href:
        body = client.get(href).json()
        seen += [feature["id"] for feature in body["features"]]
        links = {link["rel"]: link["href"] for link in body["links"]}
        assert links["self"].startswith(f"{LAYER}/cases/items?")
        href = links.get("next")
    assert len(seen) == len(set(seen)) == 25


def test_grids_are_those_of_today_or_of_the_asked_instant(client: TestClient):
    def found(**asked):
        body = client.get(f"{LAYER}/grids/items", params={"scheme": "duty", **asked}).json()
        return sorted(one["properties"]["code"] for one in body["features"])

    assert "D09" not in found()
    assert "D09" in found(at="2024-03-01T00:00:00Z")


def test_a_case_carries_what_the_map_shows(client: TestClient):
    report(client, (2, 0.25), category="litter")
    (feature,) = client.get(f"{LAYER}/cases/items").json()["features"]
    properties = feature["properties"]
    assert (properties["grid_code"], properties["near_border"]) == ("D01", True)
    assert (properties["category"], properties["state"]) == ("litter", "dispatched")
    assert feature["geometry"]["coordinates"] == pytest.approx([113.6328125, 34.7509765625], abs=1e-8)


def test_bbox_state_category_and_time_filter(client: TestClient):
    report(client, (1, 1), category="litter", occurred_at="2024-02-01T00:00:00Z")
    report(client, (6, 5.5), (6, 2), category="noise", occurred_at="2025-02-01T00:00:00Z")

    def found(**asked):
        return client.get(f"{LAYER}/cases/items", params=asked).json()["numberReturned"]

    assert found() == 3
    assert found(bbox="113.625,34.75,113.63,34.76") == 1
    assert found(state="queued") == 1
    assert found(category="noise") == 2
    assert found(**{"from": "2025-01-01T00:00:00+08:00"}) == 2
    assert found(**{"to": "2025-01-01T00:00:00+08:00"}) == 1
    assert found(scheme="beats") == 0


@pytest.mark.parametrize("value", ["' OR 1=1 --", "litter'; DROP TABLE cases; --", ":state", "%(x)s", "\\", "litter"])
@pytest.mark.parametrize("name", ["category", "state", "scheme", "dataset"])
def test_a_filter_is_a_value_and_never_sql(client: TestClient, name, value):
    report(client, (1, 1), category="bin")
    answer = client.get(f"{LAYER}/cases/items", params={name: value})
    assert answer.status_code == 200
    assert answer.json()["features"] == []
    assert client.get(f"{LAYER}/cases/items").json()["numberReturned"] == 1


@pytest.mark.parametrize(
    ("address", "status", "code", "field"),
    [
        ("nope/items", 404, "unknown_layer", "layer"),
        ("nope/tiles/1/0/0.mvt", 404, "unknown_layer", "layer"),
        ("cases/items?colour=red", 422, "unknown_filter", "colour"),
        ("cases/items?1=1) OR (1=1", 422, "unknown_filter", "1"),
        ("cases/items?state=a&state=b", 422, "given_twice", "state"),
        ("cases/items?limit=0", 422, "invalid_value", "limit"),
        ("cases/items?limit=10001", 422, "invalid_value", "limit"),
        ("cases/items?limit=ten", 422, "invalid_value", "limit"),
        ("cases/items?after=99999999999999999999", 422, "invalid_value", "after"),
        ("cases/items?bbox=1,2,3", 422, "bad_bbox", "bbox"),
        ("cases/items?bbox=1,2,3,x", 422, "bad_bbox", "bbox"),
        ("cases/items?bbox=nan,2,3,4", 422, "bad_bbox", "bbox"),
        ("cases/items?bbox=3,2,1,4", 422, "bad_bbox", "bbox"),
        ("cases/items?bbox=34,113,35,114", 422, "bad_bbox", "bbox"),
        ("cases/items?from=yesterday", 422, "bad_instant", "from"),
        ("cases/items?from=2024-01-01", 422, "bad_instant", "from"),
        ("cases/tiles/3/8/0.mvt", 422, "no_such_tile", "tile"),
        ("cases/tiles/99/0/0.mvt", 422, "no_such_tile", "tile"),
        ("cases/tiles/a/0/0.mvt", 422, "invalid_value", "z"),
        ("cases/tiles/1/0/0.mvt?colour=red", 422, "unknown_filter", "colour"),
        ("grids/counts?scheme=nope", 404, "unknown_scheme", "scheme"),
        ("grids/counts?colour=red", 422, "invalid_value", "colour"),
        ("grids/counts?from=2024-01-01", 422, "invalid_value", "from"),
    ],
)
def test_bad_parameters_are_refused_by_name(client: TestClient, address, status, code, field):
    assert told(client.get(f"{LAYER}/{address}"), status, code)["field"] == field


@pytest.mark.parametrize(
    "address", ["grids/items?scheme=duty", "grids/tiles/13/6681/3251.mvt", "grids/counts", "cases/tiles/13/0/0.mvt"]
)
def test_what_is_known_is_not_sent_again_until_it_changes(client: TestClient, address):
    first = client.get(f"{LAYER}/{address}")
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
        again = client.get(f"{LAYER}/{address}", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(f"{LAYER}/{address}", headers={"If-None-Match": '"other"'}).content == first.content


def test_the_tag_of_a_layer_changes_with_the_layer(client: TestClient):
    address = f"{LAYER}/cases/items"
    tag = client.get(address).headers["etag"]
    report(client, (1, 1))
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_large_answers_travel_compressed(client: TestClient):
    with client.stream("GET", f"{LAYER}/grids/items", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert gzip.decompress(raw).startswith(b'{"type":"FeatureCollection"')


def test_counts_add_up_in_every_sum(client: TestClient):
    report(client, (1, 0.25), (1, 0.25), (2, 1), category="litter", occurred_at="2025-02-01T00:00:00Z")
    report(client, (6, 5.5), occurred_at="2025-03-01T00:00:00Z")
    body = client.get(f"{LAYER}/grids/counts").json()
    assert body["counts"] == {"1": 3}
    assert (body["outside"], body["total"]) == (1, 4)
    assert body["by_state"] == {"dispatched": 3, "queued": 1}
    assert body["by_category"] == {"litter": 3}
    assert (body["first_at"], body["last_at"]) == ("2025-02-01T00:00:00+00:00", "2025-03-01T00:00:00+00:00")
    dedicated = client.get(f"{LAYER}/grids/counts?scheme=dedicated").json()
    assert (dedicated["counts"], dedicated["total"]) == ({"1": 1}, 1)


def test_counts_are_filtered_and_empty_ones_are_whole(client: TestClient):
    report(client, (1, 0.25), category="litter", occurred_at="2025-02-01T00:00:00Z")
    for asked in (
        {"state": "queued"},
        {"category": "x"},
        {"from": "2025-02-01T00:00:01Z"},
        {"to": "2025-02-01T00:00:00Z"},
    ):
        body = client.get(f"{LAYER}/grids/counts", params=asked).json()
        assert (body["counts"], body["total"], body["outside"], body["first_at"]) == ({}, 0, 0, None)
    assert client.get(f"{LAYER}/grids/counts", params={"from": "2025-02-01T00:00:00Z"}).json()["total"] == 1


def test_schemes_tell_where_they_are_and_how_much_is_in_them(client: TestClient):
    report(client, (1, 1))
    schemes = {one["name"]: one for one in client.get("/api/v1/schemes").json()["schemes"]}
    assert set(schemes) == {"duty", "dedicated", "beats"}
    duty = schemes["duty"]
    assert duty["bounds"] == [113.62109375, 34.75, 113.65625, 34.76953125]
    assert (duty["grids"], duty["cases"], duty["version"]) == (8, 1, 2)
    assert (duty["kind"], duty["extent"], duty["tree"], duty["time_zone"]) == ("duty", "whole", "town", "Asia/Shanghai")
