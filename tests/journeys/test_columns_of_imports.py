"""Every import takes the names of columns from options, from a TOML file, or from both."""

from __future__ import annotations

from pathlib import Path

import pytest
from shapely import LineString

from tests.cluster import Database
from tests.imports import grid_frame, rows_of, write_csv
from tests.journeys.commands import gridkeeper_within
from tests.town import at, squares

HOUSE = squares((0.5, 0.5, 0.625, 0.625))
ROAD = LineString([at(0, 0), at(1, 0)])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One file for each import, with columns that no option names by itself."""
    two = (("A1", squares((0, 0, 2, 2))), ("A2", squares((2, 0, 4, 2))))
    said = {"编号": ["A1", "A2"], "名称": ["甲", "乙"], "街道": ["S1", "S1"], "街道名": ["东街", "东街"]}
    grid_frame(two, **said).drop(columns=["code"]).to_file(tmp_path / "cells.gpkg")
    house = {"楼号": ["H1"], "楼名": ["甲楼"], "地址": ["一号"], "户数": [3], "人口": [9]}
    grid_frame([("x", HOUSE)], **house).to_file(tmp_path / "houses.gpkg")
    grid_frame([("x", ROAD)], **{"路号": ["R1"], "路名": ["河湾路"], "类型": ["lane"]}).to_file(tmp_path / "roads.gpkg")
    staff = write_csv(
        tmp_path / "staff.csv", [("P1", "王一", "555", "街道办")], header=("工号", "姓名", "电话", "单位")
    )
    duties = [("P1", "grid_lead", "是", "2026-01-01", "", "", "A1", "")]
    header = ("工号", "岗位", "负责", "上岗", "离岗", "方案", "网格", "区域")
    absences = [("P1", "2026-06-01", "2026-06-08", "sick")]
    return {
        "cells": tmp_path / "cells.gpkg",
        "houses": tmp_path / "houses.gpkg",
        "roads": tmp_path / "roads.gpkg",
        "staff": staff,
        "duties": write_csv(tmp_path / "duties.csv", duties, header=header),
        "absences": write_csv(tmp_path / "absences.csv", absences, header=("编号", "开始", "结束", "原因")),
    }


def mapping(folder: Path, **columns: str) -> Path:
    file = folder / f"{'-'.join(columns)}.toml"
    lines = [f'{role} = "{column}"\n' for role, column in columns.items()]
    file.write_text("[columns]\n" + "".join(lines), encoding="utf-8")
    return file


def done(database: Database, *words: object) -> None:
    told = gridkeeper_within(database, "import", *words)
    assert told.code == 0, told.err
    batches = told.facts.get("batches", [told.facts])
    assert [batch["quarantined"] for batch in batches] == [0] * len(batches)


def test_grids_and_areas_take_their_columns_from_a_file(database: Database, files: dict[str, Path], tmp_path: Path):
    columns = mapping(tmp_path, code="编号", name="名称", parent_code="街道", parent_name="街道名")
    done(database, "areas", files["cells"], "--tree", "t", "--level", "community", "--columns", columns)
    named = [("A1", "甲"), ("A2", "乙"), ("S1", "东街")]
    assert rows_of(database.app, "SELECT code, name FROM areas ORDER BY code") == named
    done(database, "grids", files["cells"], "--columns", columns, "--parent-level", "street")
    assert rows_of(database.app, "SELECT code, name FROM grids ORDER BY code") == named[:2]
    assert rows_of(database.app, "SELECT name FROM areas WHERE tree = 'duty'") == [("东街",)]


def test_an_option_goes_before_the_file(database: Database, files: dict[str, Path], tmp_path: Path):
    columns = mapping(tmp_path, code="街道", name="名称")
    done(database, "grids", files["cells"], "--columns", columns, "--code", "编号")
    assert rows_of(database.app, "SELECT code, name FROM grids ORDER BY code") == [("A1", "甲"), ("A2", "乙")]


@pytest.mark.parametrize("by_file", [True, False])
def test_blocks_take_their_columns_from_options_or_a_file(
    database: Database, files: dict[str, Path], tmp_path: Path, by_file: bool
):
    columns = {"id": "楼号", "name": "楼名", "households": "户数", "people": "人口"}
    options = [word for role, column in columns.items() for word in (f"--{role}", column)]
    for _ in range(2):
        said = ("--columns", mapping(tmp_path, **columns)) if by_file else options
        done(database, "atoms", files["houses"], "--tree", "t", *said)
    stored = rows_of(database.app, "SELECT tree, source_id, name, households, people FROM atoms")
    assert stored == [("t", "H1", "甲楼", 3, 9)]


@pytest.mark.parametrize("by_file", [True, False])
def test_buildings_and_streets_take_their_columns_from_options_or_a_file(
    database: Database, files: dict[str, Path], tmp_path: Path, by_file: bool
):
    houses = {"id": "楼号", "name": "楼名", "address": "地址", "households": "户数", "people": "人口"}
    roads = {"id": "路号", "name": "路名", "kind": "类型"}
    for command, columns in (("buildings", houses), ("streets", roads)):
        options = [word for role, column in columns.items() for word in (f"--{role}", column)]
        said = ("--columns", mapping(tmp_path, **columns)) if by_file else options
        done(database, command, files["houses" if command == "buildings" else "roads"], "--tree", "t", *said)
    stored = rows_of(database.app, "SELECT source_id, name, address, households, people FROM buildings")
    assert stored == [("H1", "甲楼", "一号", 3, 9)]
    assert rows_of(database.app, "SELECT source_id, name, kind FROM streets") == [("R1", "河湾路", "lane")]


def test_staff_duties_and_absences_take_their_columns_from_files(
    database: Database, files: dict[str, Path], tmp_path: Path
):
    done(database, "grids", files["cells"], "--code", "编号", "--tree", "t")
    staff = mapping(tmp_path, staff_no="工号", name="姓名", organisation="单位")
    duties = mapping(
        tmp_path, staff_no="工号", role="岗位", leads="负责", valid_from="上岗", valid_to="离岗", scheme="方案",
        grid_code="网格", area_code="区域",
    )  # fmt: skip
    absences = mapping(tmp_path, staff_no="编号", valid_from="开始", valid_to="结束", kind="原因")
    done(
        database, "staff", files["staff"], "--tree", "t", "--columns", staff, "--phone", "电话",
        "--duties", files["duties"], "--duties-columns", duties,
        "--absences", files["absences"], "--absences-columns", absences,
    )  # fmt: skip
    stored = rows_of(database.app, "SELECT staff_no, name, phone, organisation FROM staff")
    assert stored == [("P1", "王一", "555", "街道办")]
    duty = "SELECT d.role, d.leads, g.code FROM duties d JOIN grids g ON g.id = d.grid_id"
    assert rows_of(database.app, duty) == [("grid_lead", True, "A1")]
    assert rows_of(database.app, "SELECT kind FROM absences") == [("sick",)]


@pytest.mark.parametrize(
    "words",
    [
        ("grids", "cells"),
        ("areas", "cells", "--tree", "t", "--level", "county"),
        ("cases", "staff"),
        ("staff", "staff", "--tree", "t"),
        ("buildings", "houses", "--tree", "t"),
        ("streets", "roads", "--tree", "t"),
        ("atoms", "houses", "--tree", "t"),
    ],
)
def test_a_word_that_an_import_does_not_know_is_refused_with_those_it_knows(
    database: Database, files: dict[str, Path], tmp_path: Path, words: tuple[str, ...]
):
    command, file, *more = words
    told = gridkeeper_within(
        database, "import", command, files[file], *more, "--columns", mapping(tmp_path, nmae="名称")
    )
    assert (told.code, told.facts["error"]["code"]) == (2, "mapping_bad")
    assert "this import asks for no 'nmae'" in told.err
    assert "It asks for: " in told.err


def test_columns_of_a_file_that_is_not_given_are_refused(database: Database, files: dict[str, Path], tmp_path: Path):
    columns = mapping(tmp_path, staff_no="工号")
    told = gridkeeper_within(
        database, "import", "staff", files["staff"], "--tree", "t", "--columns", columns, "--duties-columns", columns
    )
    assert (told.code, told.facts["error"]["code"], told.facts["error"]["field"]) == (2, "file_missing", "duties")
    assert "give it with --duties." in told.err
