"""Sheets, Parquet and points as rows, the columns by name, and what is written read back."""

from __future__ import annotations

import json
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from data.readers import BadRow, Chunk, named_columns, read_rows, require
from gis.errors import BadInput


def only(path: Path, **options: object) -> Chunk:
    (chunk,) = read_rows(path, **options)
    return chunk


def refused(path: Path, **options: object) -> BadInput:
    with pytest.raises(BadInput) as caught:
        list(read_rows(path, **options))
    return caught.value


def workbook(path: Path, *sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, start=1):
        page = book.create_sheet(f"sheet {number}")
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def points(path: Path, geoms: list[shapely.Geometry | None], crs: str = "EPSG:4326", **columns: list[object]) -> Path:
    frame = gpd.GeoDataFrame(columns, geometry=geoms, crs=crs)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


def test_cells_become_the_text_a_csv_would_hold(tmp_path: Path) -> None:
    moment = datetime(2024, 3, 5, 14, 30)
    header = ["编号", "lon", "at", "day", "clock", "ok", "code", None]
    row = [410102000000, 113.5, moment, date(2024, 3, 5), time(8, 30), True, "007", None]
    path = workbook(tmp_path / "a.xlsx", [header, row, [], [2.0, None, None, date(2024, 1, 2)]])
    chunk = only(path)
    assert chunk.frame.columns.tolist() == ["row_no", *header[:-1]]
    assert chunk.frame["row_no"].tolist() == [2, 4]
    first = ["410102000000", "113.5", "2024-03-05 14:30:00", "2024-03-05", "08:30:00", "TRUE", "007"]
    assert chunk.frame.iloc[0, 1:].tolist() == first
    assert chunk.frame.iloc[1, 1] == "2"
    assert chunk.frame.iloc[1].isna().tolist() == [False, False, True, True, False, True, True, True]


def test_a_date_without_an_hour_in_its_format_is_a_bare_date(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["day", "midnight"], [datetime(2024, 3, 5), datetime(2024, 3, 5)]])
    book = openpyxl.load_workbook(path)
    book.active["A2"].number_format = "yyyy/m/d"
    book.active["B2"].number_format = "yyyy/m/d h:mm"
    book.save(path)
    assert only(path).frame.iloc[0, 1:].tolist() == ["2024-03-05", "2024-03-05 00:00:00"]


def test_rows_of_a_sheet_with_errors_or_too_many_cells_are_set_aside(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id", "name"], [1, "a"], [2, "#N/A"], [3, "c", "d"], [4, "d"]])
    chunk = only(path)
    assert chunk.frame["id"].tolist() == ["1", "4"]
    assert [(b.row_no, b.field, b.reason) for b in chunk.bad] == [(3, "name", "cell_error"), (4, None, "columns")]


def test_a_workbook_with_several_sheets_asks_for_one(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id"], [1]], [], [["id"], [2]])
    assert refused(path).values["sheets"] == ["sheet 1", "sheet 3"]
    assert only(path, sheet="sheet 3").frame["id"].tolist() == ["2"]
    assert refused(path, sheet="x").code == "sheet_unknown"
    assert only(workbook(tmp_path / "b.xlsx", [["id"], [1]], [])).frame["id"].tolist() == ["1"]


def test_a_sheet_without_header_or_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    assert refused(workbook(tmp_path / "a.xlsx", [])).code == "header_missing"
    assert refused(workbook(tmp_path / "b.xlsx", [["id", "id"], [1, 2]])).code == "column_duplicate"
    assert only(workbook(tmp_path / "c.xlsx", [["id", "x"]])).frame.empty


def test_a_workbook_that_is_a_bomb_or_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * 120_000_000)
    assert refused(path).code == "archive_too_large"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    assert refused(path).code == "file_corrupt"


def test_sheets_come_in_chunks(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["id"], *([n] for n in range(25))])
    chunks = list(read_rows(path, chunk_rows=10))
    assert [len(chunk.frame) for chunk in chunks] == [10, 10, 5]
    assert chunks[2].frame["row_no"].tolist() == [22, 23, 24, 25, 26]


def test_parquet_keeps_types_and_comes_in_chunks(tmp_path: Path) -> None:
    table = pa.table({
        "id": pa.array([1, None, 3], pa.int64()),
        "day": pa.array([date(2024, 1, 2)] * 3),
        "kind": pa.array(["a", "b", "a\0"]).dictionary_encode(),
        "more": pa.array([{"a": 1}, None, {"a": 2}]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    chunks = list(read_rows(tmp_path / "a.parquet", chunk_rows=2))
    first = chunks[0].frame
    assert first["row_no"].tolist() == [1, 2]
    assert [str(value) for value in first["id"]] == ["1", "<NA>"]
    assert first["day"].tolist() == ["2024-01-02"] * 2
    assert first["more"].tolist()[0] == '{"a": 1}'
    assert chunks[1].frame.empty
    assert [(b.row_no, b.field, b.reason, b.raw["kind"]) for b in chunks[1].bad] == [(3, "kind", "nul", "a␀")]
    pq.write_table(table.slice(0, 0), tmp_path / "none.parquet")
    assert only(tmp_path / "none.parquet").frame.columns.tolist() == ["row_no", "id", "day", "kind", "more"]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
def test_the_points_of_a_vector_file_become_columns(tmp_path: Path, suffix: str) -> None:
    geoms = [shapely.Point(113.5, 34.5), shapely.MultiPoint([(113.6, 34.6)]), None, shapely.box(0, 0, 1, 1)]
    path = points(tmp_path / f"a{suffix}", geoms, name=["a", "b", "c", "d"], lon=[1, 2, 3, 4])
    chunk = only(path)
    assert chunk.crs == "EPSG:4326"
    assert chunk.frame.columns.tolist() == ["row_no", "name", "lon_in_file", "lon", "lat"]
    assert chunk.frame["lon"].tolist()[:2] == [113.5, 113.6]
    assert chunk.frame["lat"].isna().tolist() == [False, False, True]
    assert [(b.row_no, b.field, b.reason) for b in chunk.bad] == [(4, "geom", "not_a_point")]


def test_points_keep_the_reference_system_of_their_file(tmp_path: Path) -> None:
    path = points(tmp_path / "a.gpkg", [shapely.Point(460000, 3846000)] * 3, crs="EPSG:4547")
    chunks = list(read_rows(path, chunk_rows=2))
    assert [len(chunk.frame) for chunk in chunks] == [2, 1]
    assert chunks[1].crs == "EPSG:4547"
    assert chunks[1].frame["lon"].tolist() == [460000.0]


def test_a_point_that_geojson_cannot_hold_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    good = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    bad = {"type": "Feature", "properties": {"a": "b"}, "geometry": {"type": "Point", "coordinates": ["1", 2]}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [bad, good]}))
    chunk = only(path)
    assert chunk.frame["row_no"].tolist() == [2]
    assert [(b.row_no, b.reason, b.raw) for b in chunk.bad] == [(1, "geometry_unreadable", {"a": "b"})]


def test_the_reference_system_a_caller_names_comes_with_each_chunk(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    assert only(tmp_path / "a.csv", crs="EPSG:4547").crs == "EPSG:4547"
    assert only(tmp_path / "a.csv").crs is None


ROLES = ("id", "lon", "lat", "parent_code")


def test_columns_are_named_by_a_file_and_an_option_goes_before_it(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('[columns]\nid = "编号"\nlon = "经度(lon)"\n', encoding="utf-8")
    assert named_columns(dict.fromkeys(ROLES), path) == {"id": "编号", "lon": "经度(lon)"}
    options = dict.fromkeys(ROLES) | {"lon": "x", "lat": "y"}
    assert named_columns(options, path) == {"id": "编号", "lon": "x", "lat": "y"}
    assert named_columns(options, None) == {"lon": "x", "lat": "y"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[columns", "it is not TOML"),
        ("[colums]\nid = 'x'\n", "it must hold one table, [columns]"),
        ("[a]\n[columns]\n", "it must hold one table, [columns]"),
        ("[columns]\nid = 1\n", "id must name a column, in quotes."),
        ("[columns]\nid = ''\n", "id must name a column, in quotes."),
        (
            "[columns]\nparent = 'x'\n",
            "this import asks for no 'parent'; did you mean parent_code? It asks for: id, lon, lat, parent_code.",
        ),
        ("[columns]\nzzz = 'x'\n", "this import asks for no 'zzz'. It asks for: id, lon, lat, parent_code."),
    ],
)
def test_a_file_that_names_columns_is_refused_with_what_is_wrong_in_it(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(BadInput) as caught:
        named_columns(dict.fromkeys(ROLES), tmp_path / "map.toml")
    assert caught.value.code == "mapping_bad"
    assert f"The mapping map.toml cannot be used: {sentence}" in caught.value.detail


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(BadInput, match=r"did you mean Longitude\? The columns are: id, Longitude\.") as caught:
        require(["row_no", "id", "Longitude"], {"id": "id", "at": None, "lon": "longitude"})
    assert (caught.value.code, caught.value.field, caught.value.value) == ("column_missing", "lon", "longitude")
    require(["id"], {"id": "id"})


def test_a_bad_row_says_what_it_is() -> None:
    assert BadRow(3, "lon", "x", "not_a_number", {"lon": "x"}).detail == ""
