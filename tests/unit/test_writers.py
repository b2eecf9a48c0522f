"""Files out: whole, harmless in a spreadsheet, and readable again."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from data.readers import BadRow, read_features, read_rows
from data.writers import write_layer, write_quarantine
from gis.errors import BadInput


def layer(geoms: list[shapely.Geometry | None] | None = None, crs: str | None = "EPSG:4326") -> gpd.GeoDataFrame:
    columns = {"name": ["中原区", "=1+1"], "code": ["-007", "@x"], "n": [1, 2]}
    return gpd.GeoDataFrame(columns, geometry=geoms or [shapely.Point(113.7, 34.7), None], crs=crs)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet"])
def test_what_is_written_reads_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_layer(layer(), path)
    found = read_features(path)
    by_name = found.set_index("name")
    assert set(found["name"]) == {"中原区", "=1+1"}
    assert by_name.geom["中原区"].coords[0] == (113.7, 34.7)
    assert by_name.geom["=1+1"] is None
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


def test_a_projected_layer_becomes_degrees_where_the_format_wants_them(tmp_path: Path) -> None:
    projected = layer([shapely.Point(113.7, 34.7)] * 2).to_crs("EPSG:4547")
    write_layer(projected, tmp_path / "a.geojson")
    write_layer(projected, tmp_path / "a.csv")
    write_layer(projected, tmp_path / "a.gpkg")
    assert read_features(tmp_path / "a.geojson").geom[0].distance(shapely.Point(113.7, 34.7)) < 1e-9
    assert (tmp_path / "a.csv").read_text().splitlines()[1].split(",")[3].startswith("113.7")
    assert read_features(tmp_path / "a.gpkg").crs == "EPSG:4547"


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path) -> None:
    texts = ["=1+1", "+8613800000000", "-87.6", "-x", "@a", "\tx", "ok", "+a", "1=2"]
    frame = pd.DataFrame({"=head": texts, "n": range(-1, 8)})
    guarded = ["'=1+1", "+8613800000000", "-87.6", "'-x", "'@a", "'\tx", "ok", "'+a", "1=2"]
    write_layer(frame, tmp_path / "a.csv")
    write_layer(frame, tmp_path / "a.xlsx")
    (chunk,) = read_rows(tmp_path / "a.csv")
    assert chunk.frame["'=head"].tolist() == guarded
    assert chunk.frame["n"].tolist()[0] == "-1"
    cells = list(openpyxl.load_workbook(tmp_path / "a.xlsx")["rows"].iter_rows())
    assert [row[0].value for row in cells] == ["'=head", *guarded]
    assert {row[0].data_type for row in cells} == {"s"}
    assert cells[1][1].value == -1


def test_shapes_that_are_not_points_become_wkt(tmp_path: Path) -> None:
    write_layer(layer([shapely.box(0, 0, 1, 1), None]), tmp_path / "a.csv")
    (chunk,) = read_rows(tmp_path / "a.csv")
    assert chunk.frame.columns.tolist() == ["row_no", "name", "code", "n", "wkt"]
    assert chunk.frame["wkt"][0].startswith("POLYGON")
    assert pd.isna(chunk.frame["wkt"][1])


def test_times_missing_values_and_nested_values_are_plain_text(tmp_path: Path) -> None:
    at = pd.Series([pd.Timestamp("2024-01-02 03:04:05", tz="UTC"), pd.NaT])
    frame = pd.DataFrame({"at": at, "more": [{"a": "中"}, None], "n": pd.array([1, None], dtype="Int64")})
    for suffix in (".csv", ".xlsx"):
        write_layer(frame, tmp_path / f"a{suffix}")
        (chunk,) = read_rows(tmp_path / f"a{suffix}")
        assert chunk.frame.iloc[0, 1:].tolist() == ["2024-01-02T03:04:05+00:00", '{"a": "中"}', "1"]


def test_an_empty_layer_can_be_written(tmp_path: Path) -> None:
    for suffix in (".geojson", ".gpkg", ".parquet", ".csv", ".xlsx"):
        write_layer(layer().iloc[:0], tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").stat().st_size > 0


@pytest.mark.parametrize(("frame", "name", "code"), [
    (pd.DataFrame({"a": [1]}), "a.geojson", "no_geometry"),
    (layer(), "a.shp", "unknown_format"),
    (layer(), "a", "unknown_format"),
    (layer(crs=None), "a.gpkg", "crs_missing"),
    (pd.DataFrame({"a": ["x" * 40_000]}), "a.xlsx", "value_too_long"),
    (pd.DataFrame({"a": [1]}), "nowhere/a.csv", "file_unwritable"),
])  # fmt: skip
def test_what_cannot_be_written_is_named_and_leaves_nothing(
    tmp_path: Path, frame: pd.DataFrame, name: str, code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        write_layer(frame, tmp_path / name)
    assert caught.value.code == code
    assert not list(tmp_path.iterdir())


def test_a_file_that_was_there_is_replaced_or_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("old")
    with pytest.raises(BadInput):
        write_layer(pd.DataFrame({"a": ["x" * 40_000]}), path)
    assert path.read_text() == "old"
    write_layer(pd.DataFrame({"a": ["x"]}), path)
    assert path.read_bytes()[:2] == b"PK"


def test_rows_set_aside_are_written_with_their_reason_and_what_stood_there(tmp_path: Path) -> None:
    rows = [
        BadRow(3, "lon", "x", "not_a_number", {"id": "1", "lon": "x"}, "Not a number."),
        BadRow(9, None, None, "quote", {"line": '=2,"b'}, "A quote."),
    ]
    write_quarantine(iter(rows), tmp_path / "bad.csv")
    assert (tmp_path / "bad.csv").read_text().splitlines() == [
        "row_no,field,value,reason,detail,id,lon,line",
        "3,lon,x,not_a_number,Not a number.,1,x,",
        '9,,,quote,A quote.,,,"\'=2,""b"',
    ]
    (chunk,) = read_rows(tmp_path / "bad.csv")
    assert chunk.frame["row_no_in_file"].tolist() == ["3", "9"]
    with pytest.raises(BadInput):
        write_quarantine(rows, tmp_path / "bad.xlsx")
