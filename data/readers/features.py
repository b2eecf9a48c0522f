"""Any vector file in: one GeoDataFrame with a reference system, its text decoded, its rows numbered."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from pandas.api.types import is_datetime64_any_dtype, is_float_dtype
from pyproj import CRS

from data.readers.archives import corrupt, existing, unpack, zip_members
from data.readers.chunk import free_name
from data.readers.columns import check_names
from data.readers.geojson import read_geojson
from data.readers.osm import LAYERS as OSM_LAYERS
from data.readers.osm import PBF, XML, read_osm
from data.readers.reference import named_crs, settled_crs
from data.readers.shapefile import shapefile_codec
from gis.errors import BadInput, GridError

_GEOJSON = (".geojson", ".json")
_PARQUET = (".parquet", ".geoparquet", ".pq")
# What each kind begins with: GDAL goes by content, and some contents (VRT, pipelines) open other files and hosts.
_FIRST_BYTES = {".shp": b"\x00\x00\x27\x0a", ".gpkg": b"SQLite format 3\x00", ".fgb": b"fgb", ".kml": b"<"}
_ARCHIVES = (".zip", ".kmz")
VECTOR_SUFFIXES = (*_GEOJSON, *_PARQUET, *_FIRST_BYTES, PBF, XML)
_KML_HEAD_BYTES = 8192


def read_features(
    path: Path | str,
    *,
    layer: str | None = None,
    usual: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
) -> gpd.GeoDataFrame:
    """Read a vector file: GeoJSON, GeoPackage, Shapefile, KML, GeoParquet, FlatGeobuf, OpenStreetMap; or one in a zip.

    Args:
        path: The file; a Shapefile by its .shp with the other parts beside it, or zipped.
        layer: Which layer, where there are several; in a zip of several files, the name of the file.
        usual: The one that is meant where none is named and one is called so.
        crs: The reference system, for files that do not say theirs.
        encoding: The text encoding, for files that do not say theirs.

    Returns:
        Columns `row_no` (number of the feature, from 1), the attributes, and the active geometry `geom` (None
        where the file has none or an unreadable one; `attrs["unreadable"]` says why, by row number, for
        GeoJSON). Whole numbers with gaps are Int64. Columns of the file named `row_no` or `geom` become
        `row_no_in_file`, `geom_in_file`. `crs` is always set; x comes before y.

    Raises:
        BadInput: `file_missing`, `file_empty`, `file_unreadable`, `file_corrupt`, `file_incomplete`,
            `file_too_large`, `unknown_format`, `no_geometry`, `layer_missing`, `layer_unknown`, `crs_missing`,
            `crs_unknown`, `crs_contradiction`, `encoding_missing`, `encoding_wrong`, `encoding_unknown`,
            `column_duplicate`, `archive_too_large`, `archive_unsafe`, `archive_locked`.
    """
    file = existing(path)
    given = named_crs(crs) if crs else None
    if file.suffix.lower() not in _ARCHIVES:
        return _finished(_read(file, layer, usual, given, encoding), given, file.name)
    members = zip_members(file)
    chosen, layer = _chosen(file, members, layer)
    with tempfile.TemporaryDirectory() as folder:
        stem = str(Path(chosen).with_suffix(""))
        parts = [member for member in members if str(Path(member.filename).with_suffix("")) == stem]
        unpack(file, parts if chosen.lower().endswith(".shp") else [_named(members, chosen)], Path(folder))
        inside = Path(folder) / f"{Path(chosen).stem}{Path(chosen).suffix.lower()}"
        return _finished(_read(inside, layer, usual, given, encoding), given, f"{Path(chosen).name} in {file.name}")


def _named(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    return next(member for member in members if member.filename == name)


def _chosen(file: Path, members: list[zipfile.ZipInfo], layer: str | None) -> tuple[str, str | None]:
    """The member of a zip to read, and the layer to read in it."""
    names = [member.filename for member in members if member.filename.lower().endswith(VECTOR_SUFFIXES)]
    if not names:
        held = ", ".join(member.filename for member in members[:10]) or "nothing"
        detail = f"{file.name} holds no file with shapes ({held}); known are {', '.join(VECTOR_SUFFIXES)}."
        raise BadInput("unknown_format", detail, field="file", value=file.name)
    if len(names) == 1:
        return names[0], None if layer == Path(names[0]).stem else layer
    return _pick(file.name, names, layer), None


def _pick(file: str, names: list[str], layer: str | None, usual: str | None = None) -> str:
    layer = usual if layer is None and usual in names else layer
    listed = ", ".join(names[:30]) + (" …" if len(names) > 30 else "")
    if layer is None:
        detail = f"{file} holds several layers; name one with --layer: {listed}."
        raise BadInput("layer_missing", detail, field="layer", values={"layers": names})
    fitting = [name for name in names if layer in (name, Path(name).name, Path(name).stem)]
    if len(fitting) != 1:
        detail = f"{file} has {'no' if not fitting else 'more than one'} layer {layer}; it has {listed}."
        raise BadInput("layer_unknown", detail, field="layer", value=layer, values={"layers": names})
    return fitting[0]


def _read(
    file: Path, layer: str | None, usual: str | None, given: CRS | None, encoding: str | None
) -> gpd.GeoDataFrame:
    kind = file.suffix.lower()
    if kind in _GEOJSON:
        return read_geojson(file, encoding=encoding, given=given)
    if kind in _PARQUET:
        return _read_geoparquet(file)
    if kind in (PBF, XML):
        return read_osm(file, _pick(file.name, list(OSM_LAYERS), layer, usual))
    if kind not in _FIRST_BYTES:
        detail = f"{file.name} is of no kind this program reads; known are {', '.join(VECTOR_SUFFIXES)} and .zip."
        raise BadInput("unknown_format", detail, field="file", value=file.name)
    _check_content(file, kind)
    codec = shapefile_codec(file, encoding=encoding) if kind == ".shp" else None
    return _read_gdal(file, layer, usual, codec)


def _check_content(file: Path, kind: str) -> None:
    with file.open("rb") as stream:
        head = stream.read(_KML_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    # XML entities are no part of KML, and can be made to grow without end.
    is_kml = b"<kml" in head and b"<!DOCTYPE" not in head and b"<!ENTITY" not in head
    if not head.startswith(_FIRST_BYTES[kind]) or (kind == ".kml" and not is_kml):
        raise corrupt(file.name, f"its content is not that of a {kind} file")


def _read_geoparquet(file: Path) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(file)
    except ValueError as error:
        if "geo" in str(error).lower() and "metadata" in str(error).lower():
            detail = f"{file.name} is a Parquet file without shapes."
            raise BadInput("no_geometry", detail, field="file", value=file.name) from error
        raise corrupt(file.name, "it is no sound GeoParquet file") from error
    except Exception as error:  # a damaged file may fail anywhere in the decoder
        raise corrupt(file.name, "it is no sound Parquet file") from error


def _read_gdal(file: Path, layer: str | None, usual: str | None, codec: str | None) -> gpd.GeoDataFrame:
    with warnings.catch_warnings():
        # GDAL's remarks on measures, winding and the like are no concern of the caller.
        warnings.simplefilter("ignore")
        try:
            layers = [str(name) for name, kind in pyogrio.list_layers(file) if kind is not None]
        except Exception as error:  # GDAL's drivers raise whatever they like on damaged files
            raise corrupt(file.name, "it breaks off or is damaged") from error
        if not layers:
            raise BadInput("no_geometry", f"{file.name} holds no layer with shapes.", field="file", value=file.name)
        name = layers[0] if layer is None and len(layers) == 1 else _pick(file.name, layers, layer, usual)
        try:
            # GDAL knows fewer encodings than Python: it hands the bytes over as Latin-1, to be decoded here.
            encoding = "ISO-8859-1" if codec else None
            info = pyogrio.read_info(file, layer=name, encoding=encoding)
            check_names(info["fields"], file.name)
            frame = pyogrio.read_dataframe(file, layer=name, encoding=encoding, on_invalid="ignore")
        except GridError:
            raise
        except UnicodeDecodeError as error:
            raise corrupt(file.name, f"layer {name} holds text that is not UTF-8") from error
        except Exception as error:  # as above
            raise corrupt(file.name, f"layer {name} breaks off or is damaged") from error
    if file.suffix == ".fgb" and len(frame) != info["features"]:
        # Only this driver passes over a missing end in silence.
        raise corrupt(file.name, f"it announces {info['features']} features and holds {len(frame)}")
    typed = _with_types(frame, info)
    return _decoded(typed, codec) if codec else typed


def _decoded(frame: gpd.GeoDataFrame, codec: str) -> gpd.GeoDataFrame:
    def decode(text: object) -> object:
        return text.encode("latin-1").decode(codec) if isinstance(text, str) else text

    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype):
            frame[name] = frame[name].map(decode, na_action="ignore")
    return frame.rename(columns=decode)


def _with_types(frame: gpd.GeoDataFrame, info: dict[str, list[str]]) -> gpd.GeoDataFrame:
    """Whole numbers stay whole where some are missing, and dates stay dates (as text, without a time)."""
    for name, dtype, ogr_type in zip(info["fields"], info["dtypes"], info["ogr_types"], strict=True):
        if name in frame.columns:
            column: pd.Series = frame[name]
            if dtype.startswith("int") and is_float_dtype(column):
                frame[name] = column.astype("Int64")
            elif ogr_type == "OFTDate" and is_datetime64_any_dtype(column):
                frame[name] = column.dt.strftime("%Y-%m-%d").astype("str")
    return frame


def _finished(frame: pd.DataFrame, given: CRS | None, file: str) -> gpd.GeoDataFrame:
    if not isinstance(frame, gpd.GeoDataFrame):
        raise BadInput("no_geometry", f"{file} holds no shapes.", field="file", value=file)
    check_names(frame.columns, file)
    crs = settled_crs(frame.crs, given, file=file)
    unreadable = frame.attrs.get("unreadable", {})
    active = frame.geometry.name
    features: gpd.GeoDataFrame = free_name(frame, "row_no")
    if active != "geom":
        features = free_name(features, "geom")
        features = features.rename_geometry("geom")
    features = features.set_crs(crs, allow_override=True).reset_index(drop=True)
    features.insert(0, "row_no", range(1, len(features) + 1))
    features.attrs["unreadable"] = unreadable
    return features
