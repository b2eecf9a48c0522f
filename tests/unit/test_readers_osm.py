"""Extracts of OpenStreetMap: what becomes a street, a building, a place; and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from shapely import LineString, Point

from data.readers.features import read_features
from gis.errors import BadInput

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a yard -->\n<osm version="0.6">\n'
NODES = [
    (1, 113.65, 34.75, {"amenity": "pharmacy", "name": "Lane pharmacy"}),
    (2, 113.651, 34.75, {"amenity": "bench"}),
]
NODES += [(number, 113.65 + number % 2 * 1e-3, 34.75 + number // 5 * 1e-3, {}) for number in (3, 4, 5, 6)]
WAYS = [
    (10, [3, 4], {"highway": "residential", "name": "Lane"}),
    (11, [4, 6], {"highway": "primary", "foot": "no"}),
    (12, [3, 5], {"highway": "service", "access": "private"}),
    (13, [5, 6], {"highway": "path", "access": "private", "foot": "yes"}),
    (14, [3, 6], {"railway": "rail"}),
    (15, [3, 4, 6, 5, 3], {"building": "yes", "addr:street": "Lane", "addr:housenumber": "7", "shop": "supermarket"}),
    (16, [3, 4, 6, 3], {"building": "no"}),
]


def tagged(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{name}" v="{value}"/>' for name, value in tags.items())


def extract(folder: Path) -> Path:
    nodes = [f'<node id="{id_}" lon="{lon}" lat="{lat}">{tagged(tags)}</node>' for id_, lon, lat, tags in NODES]
    ways = [
        f'<way id="{id_}">{"".join(f"""<nd ref="{node}"/>""" for node in nodes_)}{tagged(tags)}</way>'
        for id_, nodes_, tags in WAYS
    ]
    path = folder / "yard.osm"
    path.write_text(HEAD + "\n".join([*nodes, *ways, "</osm>"]), encoding="utf-8")
    return path


def test_streets_are_the_highways_and_those_closed_to_walkers_are_called_so(tmp_path: Path):
    found = read_features(extract(tmp_path), layer="streets")
    kinds = dict(zip(found["source_id"], found["kind"], strict=True))
    assert kinds == {"w10": "residential", "w11": "no_foot", "w12": "no_foot", "w13": "path"}
    assert found["name"].tolist()[0] == "Lane"
    assert found.geometry[0].equals(LineString([(113.651, 34.75), (113.65, 34.75)]))
    assert found.crs.to_epsg() == 4326


def test_buildings_have_their_address_and_places_their_service(tmp_path: Path):
    houses = read_features(extract(tmp_path), usual="buildings")
    assert houses[["source_id", "address"]].to_numpy().tolist() == [["w15", "Lane 7"]]
    places = read_features(extract(tmp_path), usual="places")
    assert places[["source_id", "service"]].to_numpy().tolist() == [["n1", "pharmacy"], ["w15", "supermarket"]]
    assert places["name"][0] == "Lane pharmacy"
    assert {shape.geom_type for shape in places.geometry} == {"Point"}
    assert places.geometry[0].equals(Point(113.65, 34.75))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("yard.osm", "<OGRVRTDataSource><osm/></OGRVRTDataSource>"),
        ("yard.osm", HEAD.replace("<osm", '<!DOCTYPE osm [<!ENTITY a "b">]><osm')),
        ("yard.osm", HEAD + '<node id="1" lon="1"'),
        ("yard.osm.pbf", "0000"),
        ("yard.osm.pbf", "\0\0\0\x0d\n\tOSMHeader\x18R"),
    ],
)
def test_what_is_no_extract_is_refused(tmp_path: Path, name: str, content: str):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        read_features(path, layer="streets")
    assert caught.value.code == "file_corrupt"


def test_an_extract_is_read_by_one_of_its_three_layers(tmp_path: Path):
    for layer, code in ((None, "layer_missing"), ("lines", "layer_unknown")):
        with pytest.raises(BadInput) as caught:
            read_features(extract(tmp_path), layer=layer, usual="areas")
        assert caught.value.code == code
        assert caught.value.values == {"layers": ["streets", "buildings", "places"]}
