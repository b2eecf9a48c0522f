"""Places by name: Chinese and Latin, any part of a word, the best first, found through the index."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sql import statement
from layers.dispatch.places import places
from tests.cluster import Database

_BUILDINGS = (
    ("柏谷小区1号楼", "葵溪路486号院1号楼"),
    ("柏谷小区11号楼", "葵溪路486号院11号楼"),
    ("小柏谷", "葵溪东路4号"),
    ("Old Mill", "12 Bend Road"),
    ("Ｍｉｌｌ 100%_x", None),
    (None, "人民路３号"),
    ("谷柏楼", None),
)


@pytest.fixture
def named(town_session: Session) -> Session:
    """The town with some names."""
    for number, (name, address) in enumerate(_BUILDINGS):
        town_session.execute(
            text(
                "INSERT INTO buildings (tree, source_id, name, address, geom) "
                "SELECT 'town', 'n' || :number, :name, :address, geom FROM buildings WHERE source_id = 'b1'"
            ),
            {"number": number, "name": name, "address": address},
        )
    return town_session


def names(session: Session, asked: str, **more) -> list[str]:
    return [place["name"] or place["address"] for place in places(session, asked, "town", **more)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("柏谷", ["柏谷小区1号楼", "柏谷小区11号楼", "小柏谷"]),
        ("小柏谷", ["小柏谷"]),
        ("谷小", ["柏谷小区1号楼", "柏谷小区11号楼"]),
        ("葵溪 486", ["柏谷小区1号楼", "柏谷小区11号楼"]),
        ("1号楼 柏谷", ["柏谷小区1号楼", "柏谷小区11号楼"]),
        ("葵溪路4", ["柏谷小区1号楼", "柏谷小区11号楼"]),
        ("mill", ["Mill 100%_x", "Old Mill"]),
        ("OLD m", ["Old Mill"]),
        ("bend road", ["Bend road 河湾路", "Old Mill"]),
        ("河湾", ["Bend road 河湾路"]),
        ("人民路3", ["人民路３号"]),
        ("％_x", ["Mill 100%_x"]),
        ("%%", []),
        ("__", []),
        ("\\\\", []),
        ("谷 柏", []),
        ("柏楼", ["谷柏楼"]),
        ("柏", []),
        (" ", []),
    ],
)
def test_a_place_is_found_by_any_part_of_its_name_or_address(named: Session, asked: str, found: list[str]):
    # The name in full-width letters is told as it is stored.
    assert [name.replace("Ｍｉｌｌ", "Mill") for name in names(named, asked)] == found


def test_a_place_lies_where_it_is_drawn(named: Session):
    (street,) = places(named, "河湾路", "town")
    assert (street["kind"], street["address"]) == ("street", None)
    assert (street["lon"], street["lat"]) == pytest.approx((113.633, 34.7578), abs=0.01)
    on_it = text("SELECT ST_DWithin(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 1e-9) FROM streets")
    assert named.scalar(on_it, street)
    assert places(named, "Old Mill", "town")[0]["kind"] == "building"


def test_a_street_in_pieces_is_told_once(named: Session):
    named.execute(
        text(
            "INSERT INTO streets (tree, source_id, name, geom) SELECT tree, 's' || n, name, geom FROM streets, "
            "generate_series(2, 5) n"
        )
    )
    assert names(named, "河湾") == ["Bend road 河湾路"]


def test_no_more_are_told_than_asked_for_and_none_of_another_city(named: Session):
    assert len(names(named, "柏谷", limit=1)) == 1
    assert places(named, "柏谷", "lakeside") == []


def test_two_chinese_characters_are_found_through_the_index(town: Database):
    many = """INSERT INTO buildings (tree, source_id, name, geom) SELECT 'town', 'm' || n, '枣阁' || n || '号', geom
        FROM buildings, generate_series(1, 3000) n WHERE source_id = 'b1'"""
    values = {
        "tree": "town",
        "grams": ["柏谷"],
        "patterns": ["%柏谷%"],
        "whole": "柏谷",
        "begins": "柏谷%",
        "limit": 20,
    }
    with town.owner.begin() as owner:
        owner.execute(text(many))
        owner.execute(text("ANALYZE buildings"))
        plan = "\n".join(owner.scalars(text(f"EXPLAIN {statement('places').text}"), values))
    assert "ix_buildings_grams" in plan
