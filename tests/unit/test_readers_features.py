"""Vector files: shapes with a reference system and decoded text, or a named refusal."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.readers import read_features
from gis.errors import BadInput, GridError

DRIVERS = {
    ".geojson": "GeoJSON", ".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".kml": "LIBKML", ".shp": "ESRI Shapefile",
}  # fmt: skip
SQUARE = shapely.box(113.0, 34.0, 113.1, 34.1)


def frame(names: list[str], crs: str | None = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": names}, geometry=[SQUARE] * len(names), crs=crs)


def save(source: gpd.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        source.to_parquet(path)
    else:
        source.to_file(path, driver=DRIVERS[path.suffix])
    return path


def shapefile(
    folder: Path, names: list[str], *, encoding: str, drop: tuple[str, ...] = (), crs: str = "EPSG:4547"
) -> Path:
    folder.mkdir()
    path = folder / "areas.shp"
    frame(names, crs).to_file(path, encoding=encoding)
    for suffix in drop:
        path.with_suffix(suffix).unlink()
    return path


def zipped(shp: Path) -> Path:
    path = shp.parent.parent / f"{shp.parent.name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in shp.parent.iterdir():
            archive.write(part, f"inside/{part.name}")
    return path


def geojson(tmp_path: Path, content: Any, name: str = "a.geojson") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def feature(geometry: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {}, **members}


def refused(path: Path, **options: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_features(path, **options)
    assert "\n" not in caught.value.detail
    return caught.value


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet", ".kml"])
def test_each_format_gives_rows_numbers_names_and_a_reference_system(tmp_path: Path, suffix: str) -> None:
    path = save(frame(["中原区", "二七区"]), tmp_path / f"areas{suffix}")
    found = read_features(path)
    assert found.crs == "EPSG:4326"
    assert found["row_no"].tolist() == [1, 2]
    assert found["Name" if suffix == ".kml" else "name"].tolist() == ["中原区", "二七区"]
    assert found.geometry.name == "geom"
    assert found.geom.iloc[0].equals(SQUARE)


@pytest.mark.parametrize("shape", [SQUARE, shapely.Point(1, 2)])
def test_a_bare_geometry_and_a_single_feature_are_geojson(tmp_path: Path, shape: shapely.Geometry) -> None:
    bare = json.loads(shapely.to_geojson(shape))
    for content in (bare, feature(bare), {"type": "FeatureCollection", "features": [feature(bare)]}):
        found = read_features(geojson(tmp_path, content))
        assert found.geom.tolist() == [shape]
        assert found.crs == "EPSG:4326"


def test_the_old_crs_member_of_geojson_counts_and_a_contradiction_is_refused(tmp_path: Path) -> None:
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    point = {"type": "Point", "coordinates": [460000, 3846000]}
    path = geojson(tmp_path, {"type": "FeatureCollection", "crs": member, "features": [feature(point)]})
    assert read_features(path).crs == "EPSG:4547"
    assert read_features(path, crs="EPSG:4547").crs == "EPSG:4547"
    assert refused(path, crs="EPSG:4326").code == "crs_contradiction"
    undeclared = geojson(tmp_path, feature(point))
    assert read_features(undeclared, crs="4547").crs == "EPSG:4547"
    unknown = geojson(tmp_path, {**feature(point), "crs": None})
    assert refused(unknown).code == "crs_missing"
    assert refused(undeclared, crs="EPSG:999999").code == "crs_unknown"


def test_a_bad_feature_loses_its_shape_and_the_others_stay(tmp_path: Path) -> None:
    good = {"type": "Point", "coordinates": [113.5, 34.5]}
    features = [
        feature({"type": "Point", "coordinates": ["113", 34]}, id=7),
        feature(good, id=8),
        feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, id=9),
        good,
        feature(None, id=11),
    ]
    found = read_features(geojson(tmp_path, {"type": "FeatureCollection", "features": features}))
    assert found.geom.isna().tolist() == [True, False, True, True, True]
    assert sorted(found.attrs["unreadable"]) == [1, 3, 4]
    assert "Polygon" in found.attrs["unreadable"][3]
    assert found["id"].tolist()[1] == 8


def test_codes_with_gaps_stay_whole_numbers(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [1, 2]}
    rows = [feature(point, properties={"code": 410102, "tags": ["a", 1]}), feature(point, properties={"code": None})]
    found = read_features(geojson(tmp_path, {"type": "FeatureCollection", "features": rows}))
    assert str(found["code"].iloc[0]) == "410102"
    assert found["tags"].iloc[0] == '["a", 1]'
    found.drop(columns="row_no").to_file(tmp_path / "b.gpkg")
    assert str(read_features(tmp_path / "b.gpkg")["code"].iloc[0]) == "410102"


@pytest.mark.parametrize("content", [
    "", "{", "[]", '"x"', "{}", "null", '{"type": "Topology"}', '{"type": "FeatureCollection"}', "[" * 100_000,
    '<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>', '{"type": "gdal_streamed_alg"}',
])  # fmt: skip
def test_what_is_not_geojson_is_refused(tmp_path: Path, content: str) -> None:
    assert refused(geojson(tmp_path, content)).code in ("file_corrupt", "file_empty")


def test_a_polygon_of_a_million_vertices_passes_the_reader(tmp_path: Path) -> None:
    turns = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = shapely.polygons(np.column_stack([113 + np.cos(turns), 34 + np.sin(turns)]))
    text = f'{{"type": "Feature", "properties": null, "geometry": {shapely.to_geojson(ring)}}}'
    found = read_features(geojson(tmp_path, text))
    assert shapely.get_num_coordinates(found.geom.iloc[0]) == 1_000_001


@pytest.mark.parametrize("encoding", ["gbk", "big5"])
def test_a_shapefile_says_its_encoding_by_its_cpg(tmp_path: Path, encoding: str) -> None:
    names = ["中原区", "惠济"] if encoding == "gbk" else ["許功蓋", "臺南市"]
    shp = shapefile(tmp_path / "areas", names, encoding=encoding)
    for path in (shp, zipped(shp)):
        found = read_features(path)
        assert found["name"].tolist() == names
        assert found.crs == "EPSG:4547"


@pytest.mark.parametrize("encoding", ["gbk", "big5", "ISO-8859-1"])
def test_a_shapefile_without_cpg_asks_for_the_encoding(tmp_path: Path, encoding: str) -> None:
    names = ["plain", "Ærø" if encoding == "ISO-8859-1" else "中原"]
    shp = shapefile(tmp_path / "areas", names, encoding=encoding, drop=(".cpg",))
    error = refused(shp)
    assert error.code == "encoding_missing"
    assert "--encoding" in error.detail
    assert "record 2, column name" in error.detail
    assert read_features(zipped(shp), encoding=encoding)["name"].tolist() == names


def test_ascii_text_needs_no_cpg(tmp_path: Path) -> None:
    assert read_features(shapefile(tmp_path / "areas", ["a"], encoding="utf-8", drop=(".cpg",)))["name"].tolist() == [
        "a"
    ]


def test_a_wrong_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "areas", ["中原区"], encoding="gbk", drop=(".cpg",))
    assert refused(shp, encoding="utf-8").code == "encoding_wrong"


def test_a_shapefile_without_prj_asks_for_the_reference_system(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "areas", ["a"], encoding="utf-8", drop=(".prj",))
    error = refused(shp)
    assert error.code == "crs_missing"
    assert "--crs" in error.detail
    assert read_features(shp, crs="EPSG:4547").crs == "EPSG:4547"


def test_a_prj_without_a_code_is_used_and_named_by_the_caller(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "areas", ["a"], encoding="utf-8", crs="EPSG:3826")
    shp.with_suffix(".prj").write_text(
        'PROJCS["TM2[TWD97]",GEOGCS["GRS80",DATUM["D_GRS_1980",SPHEROID["GRS_1980",6378137.0,298.257222101]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["False_Easting",250000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",121.0],'
        'PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    assert read_features(shp).crs.name == "TM2[TWD97]"
    assert read_features(shp, crs="EPSG:3826").crs == "EPSG:3826"
    assert refused(shp, crs="EPSG:3825").code == "crs_contradiction"
    assert refused(shp, crs="EPSG:4326").code == "crs_contradiction"


def test_a_shapefile_without_its_parts_is_refused(tmp_path: Path) -> None:
    error = refused(shapefile(tmp_path / "areas", ["a"], encoding="utf-8", drop=(".shx", ".dbf")))
    assert error.code == "file_incomplete"
    assert error.values["missing"] == [".shx", ".dbf"]


def test_several_layers_are_listed_and_one_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    frame(["a"]).to_file(path, layer="plots")
    frame(["b"]).to_file(path, layer="streets")
    error = refused(path)
    assert error.code == "layer_missing"
    assert error.values["layers"] == ["plots", "streets"]
    assert read_features(path, layer="streets")["name"].tolist() == ["b"]
    assert refused(path, layer="roads").code == "layer_unknown"


def test_several_files_in_a_zip_are_layers(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("x/a.geojson", json.dumps(feature({"type": "Point", "coordinates": [1, 2]})))
        archive.writestr("x/b.geojson", json.dumps(feature({"type": "Point", "coordinates": [3, 4]})))
        archive.writestr("__MACOSX/x/._a.geojson", "junk")
    assert refused(tmp_path / "two.zip").code == "layer_missing"
    assert read_features(tmp_path / "two.zip", layer="b").geom.iloc[0].x == 3


def test_zip_bombs_and_names_that_lead_out_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.geojson", b" " * 120_000_000)
    assert refused(tmp_path / "bomb.zip").code == "archive_too_large"
    for name in ("../a.geojson", "/a.geojson", "x/../../a.geojson", "..\\a.geojson", "C:\\a.geojson"):
        with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
            archive.writestr(name, "{}")
        assert refused(tmp_path / "out.zip").code == "archive_unsafe"
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    assert refused(tmp_path / "empty.zip").code == "unknown_format"


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".parquet", ".kml", ".geojson", ".zip"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_file_that_breaks_off_is_refused_or_read_but_never_fails_otherwise(
    tmp_path: Path, suffix: str, share: float
) -> None:
    if suffix == ".zip":
        path = zipped(shapefile(tmp_path / "areas", ["a"] * 50, encoding="utf-8"))
    else:
        path = save(frame([f"area {i}" for i in range(500)]), tmp_path / f"areas{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert refused(path).code in ("file_corrupt", "no_geometry")


def test_a_column_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "areas", ["a"], encoding="utf-8")
    table = gpd.GeoDataFrame({"name": ["a"], "namf": ["b"]}, geometry=[SQUARE], crs="EPSG:4547")
    table.to_file(shp)
    dbf = shp.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"namf", b"name"))
    assert refused(shp).code == "column_duplicate"


def test_columns_called_like_ours_are_kept_under_another_name(tmp_path: Path) -> None:
    properties = {"row_no": 5, "geom": "x", "geometry": "y"}
    path = geojson(tmp_path, feature({"type": "Point", "coordinates": [1, 2]}, properties=properties))
    found = read_features(path)
    assert found.columns.tolist() == ["row_no", "row_no_in_file", "geom_in_file", "geometry_in_file", "geom"]
    assert found.geometry.name == "geom"


def test_a_file_of_another_kind_under_a_known_name_is_not_opened(tmp_path: Path) -> None:
    source = '<OGRVRTLayer name="x"><SrcDataSource>/etc/hostname</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{source}</OGRVRTDataSource>"
    for suffix in (".kml", ".gpkg", ".fgb", ".geojson"):
        path = tmp_path / f"a{suffix}"
        path.write_text(vrt)
        assert refused(path).code == "file_corrupt"


def test_kml_with_entities_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_text('<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "aaaa">]><kml><Document/></kml>')
    assert refused(path).code == "file_corrupt"


def test_a_table_without_shapes_has_no_geometry(tmp_path: Path) -> None:
    frame(["a"]).drop(columns="geometry").to_parquet(tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet").code == "no_geometry"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_raise_nothing_but_a_named_error(tmp_path: Path, data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from([".geojson", ".gpkg", ".fgb", ".parquet", ".kml", ".shp"]))
    (tmp_path / f"areas{suffix}").unlink(missing_ok=True)
    path = save(frame(["a", "b"]), tmp_path / f"areas{suffix}")
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(GridError):
        assert read_features(path).crs is not None
