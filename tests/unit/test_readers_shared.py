"""Real files: read rightly, or refused with a named error."""

from __future__ import annotations

import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
import shapely

from data.readers import BadRow, parse_coordinates, parse_times, read_features, read_rows
from gis.errors import BadInput, GridError

pytestmark = pytest.mark.shared_data


def read(path: Path, **options: object) -> tuple[pd.DataFrame, list[BadRow]]:
    chunks = list(read_rows(path, **options))
    return pd.concat([chunk.frame for chunk in chunks], ignore_index=True), [b for c in chunks for b in c.bad]


def unpacked(archive: Path, folder: Path) -> list[Path]:
    with zipfile.ZipFile(archive) as source:
        source.extractall(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def code_of(path: Path, **options: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_features(path, **options)
    return caught.value.code


def test_tainan_asks_for_its_encoding_and_then_gives_752_villages(shared_data: Path) -> None:
    path = shared_data / "bad/tainan_villages_big5_twd97.zip"
    assert code_of(path) == "encoding_missing"
    assert code_of(path, encoding="gbk") == "encoding_wrong"
    with pytest.warns(UserWarning, match="16 of 3036 values hold characters that big5 leaves to each office"):
        villages = read_features(path, encoding="big5")
    assert len(villages) == 752
    assert villages["TOWN"].nunique() == 37
    assert set(villages["COUNTY"]) == {"臺南市"}
    assert villages["VILLAGE"].tolist()[:2] == ["內角里", "蓮潭里"]
    assert sum(not name.endswith(("里", "村")) for name in villages["VILLAGE"]) == 0
    west, south, east, north = villages.to_crs(4326).total_bounds
    assert 120.0 < west < east < 120.7
    assert 22.8 < south < north < 23.5
    assert abs(villages.geom.area / villages["Shape_Area"] - 1).max() < 1e-9


def test_zhengzhou_in_gbk_has_the_names_and_places_of_its_source(shared_data: Path) -> None:
    districts = read_features(shared_data / "bad/zhengzhou_gbk_cgcs2000_cm114E.zip")
    source = read_features(shared_data / "boundaries/zhengzhou_districts_datav.geojson")
    assert districts.crs == "EPSG:4547"
    assert districts["名称"].tolist() == source["name"].tolist()
    back = districts.to_crs(4326)
    assert shapely.hausdorff_distance(back.geom.to_numpy(), source.geom.to_numpy()).max() < 1e-7


@pytest.mark.parametrize(("name", "rows", "crs"), [
    ("chicago_beats.gpkg", 277, "EPSG:4326"),
    ("nyc_tracts2010_epsg2263.zip", 2166, "EPSG:2263"),
    ("sf_neighborhoods.zip", 41, "EPSG:4326"),
    ("DenverCo_blocks.zip", 10149, "EPSG:2232"),
    ("zhengzhou_city_fence_2016.geojson", 1, "EPSG:4326"),
    ("nyc_police_precincts.geojson", 76, "EPSG:4326"),
])  # fmt: skip
def test_boundaries_are_read(shared_data: Path, name: str, rows: int, crs: str) -> None:
    found = read_features(shared_data / "boundaries" / name)
    assert (len(found), found.crs) == (rows, crs)
    assert not found.geom.isna().any()


def test_the_strict_geojson_reader_and_gdal_see_the_same_shapes(shared_data: Path) -> None:
    for path in sorted((shared_data / "boundaries").glob("*.geojson")):
        gdal = pyogrio.read_dataframe(path)
        assert shapely.equals_exact(read_features(path).geom.to_numpy(), gdal.geometry.to_numpy()).all()


def test_layers_of_bubenec_are_listed_and_read(shared_data: Path) -> None:
    path = shared_data / "buildings/bubenec.gpkg"
    with pytest.raises(BadInput, match="tessellation, buildings, streets, plots"):
        read_features(path)
    assert len(read_features(path, layer="plots")) == 407


def test_kml_is_read(shared_data: Path) -> None:
    found = read_features(shared_data / "bad/mapit_example.kml")
    assert found["Name"].tolist() == ["London"]
    assert found.geom.iloc[0].geom_type == "Polygon"


@pytest.mark.parametrize("name", ["fiona_data", "pyshp_shapefiles", "geojsonhint_good_bad", "boston311_csv_variants"])
def test_every_odd_file_is_read_or_refused_by_name(shared_data: Path, tmp_path: Path, name: str) -> None:
    for path in [shared_data / f"bad/{name}.zip", *unpacked(shared_data / f"bad/{name}.zip", tmp_path)]:
        with suppress(GridError):
            assert read_features(path, encoding="latin-1").crs is not None
        with suppress(GridError):
            list(read_rows(path, encoding="latin-1", crs="EPSG:3857"))


def test_good_geojson_is_read_and_bad_geojson_has_no_shape_or_is_refused(shared_data: Path, tmp_path: Path) -> None:
    for path in unpacked(shared_data / "bad/geojsonhint_good_bad.zip", tmp_path):
        if path.suffix == ".geojson" and path.parent.name == "good":
            found = read_features(path)
            assert not found.attrs["unreadable"]
            assert found.geom.isna().sum() == (path.stem == "nullgeometry")
    assert read_features(tmp_path / "bad/short-line.geojson").geom.isna().all()
    assert code_of(tmp_path / "bad/bad-json.geojson") == "file_corrupt"


def test_shapefiles_without_prj_or_cpg_ask(shared_data: Path, tmp_path: Path) -> None:
    unpacked(shared_data / "bad/pyshp_shapefiles.zip", tmp_path)
    assert code_of(tmp_path / "merge.shp") == "crs_missing"
    assert len(read_features(tmp_path / "blockgroups.zip", crs="EPSG:4326")) == 663
    assert code_of(tmp_path / "blockgroups_multishapefile.zip") == "layer_missing"
    assert len(read_features(tmp_path / "blockgroups_multishapefile.zip", layer="blockgroups2", crs="EPSG:4326")) == 663
    assert code_of(tmp_path / "latin1.shp") == "file_incomplete"
    assert code_of(tmp_path / "empty_zipfile.zip") == "unknown_format"


@pytest.mark.parametrize(("name", "columns", "rows", "empty"), [
    ("chicago_crimes_2019_sample50k.csv.gz", ("longitude", "latitude", "date"), 50_000, 266),
    ("houston_crime_2010.csv.gz", ("lon", "lat", "time"), 86_314, 5),
    ("nyc_311_2026_06_sample10k.csv", ("longitude", "latitude", "created_date"), 10_000, 114),
    ("sf_311_sample.csv.gz", ("Long", "Lat", "Opened"), 4_984, 0),
    ("sf_robbery_2019.csv", ("longitude", "latitude", "date_time"), 951, 0),
    ("zhengzhou_poi_restaurants.csv.gz", ("经度(lon)", "纬度(lat)", None), 17_574, 0),
])  # fmt: skip
def test_incidents_are_read_to_the_last_row(
    shared_data: Path, name: str, columns: tuple[str, str, str | None], rows: int, empty: int
) -> None:
    frame, bad = read(shared_data / "incidents" / name)
    assert (len(frame), bad) == (rows, [])
    lon, lat = parse_coordinates(frame[columns[0]]), parse_coordinates(frame[columns[1]])
    assert Counter(lon.reasons)["empty"] == lon.bad.sum() == lat.bad.sum() == empty
    if columns[2]:
        # Houston's column is in UTC: on the clock of Chicago it holds times that never were.
        at = parse_times(frame[columns[2]], tz="UTC" if name.startswith("houston") else "America/Chicago")
        assert not at.bad.any()
        assert set(at.precision) == {"day" if columns[2] == "date" else "instant"}


def test_points_and_parquet_come_as_rows(shared_data: Path) -> None:
    frame, bad = read(shared_data / "incidents/philadelphia_bicycle_thefts.geojson")
    assert (len(frame), bad) == (7190, [])
    frame, bad = read(shared_data / "incidents/chicago_crimes_2017_points.parquet")
    assert (len(frame), bad) == (165_567, [])
    assert not parse_times(frame["Date"], tz="America/Chicago").bad.any()
    frame, bad = read(shared_data / "tracks/earthranger_patrols_2015.parquet")
    assert (len(frame), bad) == (8621, [])
    assert frame["lon"].between(37, 40).all()


def test_damaged_copies_of_a_table_keep_what_is_good(shared_data: Path, tmp_path: Path) -> None:
    unpacked(shared_data / "bad/boston311_csv_variants.zip", tmp_path)
    clean, _ = read(tmp_path / "boston311-100.csv")
    assert len(clean) == 100
    for name in ("boston311-100.csv.gz", "boston311-100.tab"):
        frame, bad = read(tmp_path / name)
        assert not bad
        pd.testing.assert_frame_equal(frame, clean)
    frame, bad = read(tmp_path / "boston311-100-bad.tsv")
    assert len(frame) + len(bad) == 100
    assert {row.reason for row in bad} == {"columns"}
    frame, _ = read(tmp_path / "boston311-dmy-100.csv")
    refused = parse_times(frame["open_dt"], tz="America/New_York")
    assert set(refused.reasons) == {"day_month_order"}
    given = parse_times(frame["open_dt"], tz="America/New_York", formats="%d/%m/%Y %H:%M:%S")
    assert given.at.equals(parse_times(clean["open_dt"], tz="America/New_York").at)
    days = parse_times(read(tmp_path / "boston311-100-notime.csv")[0]["open_dt"], tz="America/New_York")
    assert set(days.precision) == {"day"}
    for name in ("boston311-100.csv.sz", "boston311-100.csv.zlib", "boston311-100.jsonl"):
        with pytest.raises(BadInput, match="is of no kind this program reads"):
            read(tmp_path / name)
