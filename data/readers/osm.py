"""Extracts of OpenStreetMap: streets, buildings, and places that people go to, with our names of columns."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from data.readers.archives import corrupt

LAYERS = ("streets", "buildings", "places")
PBF, XML = ".pbf", ".osm"
_TAGS = Path(__file__).with_name("osm.ini")
_HEAD_BYTES = 4096
_XML_ROOT = re.compile(rb"(<\?xml[^>]*\?>)?\s*(<!--(?:(?!-->).)*-->\s*)*<osm[\s>]", re.DOTALL)

NO_FOOT = "no_foot"
"""The kind of a way that is closed to people on foot, whatever way it is."""

SERVICES = {
    "amenity": (
        *("bank", "clinic", "college", "community_centre", "dentist", "doctors", "fire_station", "hospital"),
        *("kindergarten", "library", "marketplace", "nursing_home", "pharmacy", "police", "post_office", "public_bath"),
        *("school", "social_centre", "social_facility", "toilets", "townhall", "university"),
    ),
    "healthcare": ("clinic", "centre", "doctor", "hospital", "pharmacy", "dentist"),
    "shop": ("convenience", "greengrocer", "supermarket"),
}
"""Tag -> its values that are services; the first tag that has one names the service of a place."""


def read_osm(file: Path, layer: str) -> gpd.GeoDataFrame:
    """Read one of `LAYERS`: `streets` (source_id, name, kind), `buildings` (source_id, name, address) or `places`.

    A street is any way tagged as a highway; its kind is that tag, or `NO_FOOT`. Places are points and grounds of the
    kinds in `SERVICES` (source_id, name, service), each as one point. A source id is the kind of object, n, w or r, and
    its number.

    Raises:
        BadInput: `file_corrupt`.
    """
    _check(file)
    return _LAYERS[layer](file)


def _check(file: Path) -> None:
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    is_pbf = head[4:].startswith(b"\n\tOSMHeader")
    is_xml = _XML_ROOT.match(head) and b"<!DOCTYPE" not in head and b"<!ENTITY" not in head
    if not (is_xml if file.suffix.lower() == XML else is_pbf):
        raise corrupt(file.name, f"its content is not that of a {file.suffix} file of OpenStreetMap")


def _read(file: Path, name: str) -> gpd.GeoDataFrame:
    with warnings.catch_warnings():
        # An extract cuts grounds apart, and the driver remarks on each.
        warnings.simplefilter("ignore")
        try:
            return pyogrio.read_dataframe(file, layer=name, on_invalid="ignore", CONFIG_FILE=str(_TAGS))
        except Exception as error:  # the driver raises whatever it likes on damaged files
            raise corrupt(file.name, "it breaks off or is damaged") from error


def _streets(file: Path) -> gpd.GeoDataFrame:
    lines = _read(file, "lines")
    ways = lines[lines["highway"].notna()]
    allowed = ways["foot"].isin(["yes", "designated", "permissive", "destination"])
    closed = ways["foot"].isin(["no", "private"]) | (ways["access"].isin(["no", "private"]) & ~allowed)
    columns = {
        "source_id": "w" + ways["osm_id"],
        "name": ways["name"],
        "kind": ways["highway"].mask(closed, NO_FOOT),
    }
    return _frame(columns, ways)


def _buildings(file: Path) -> gpd.GeoDataFrame:
    ground = _read(file, "multipolygons")
    houses = ground[ground["building"].notna() & (ground["building"] != "no")]
    address = (houses["addr_street"] + " " + houses["addr_housenumber"].fillna("")).str.strip()
    return _frame({"source_id": _ground_id(houses), "name": houses["name"], "address": address}, houses)


def _places(file: Path) -> gpd.GeoDataFrame:
    points, ground = _read(file, "points"), _read(file, "multipolygons")
    ids = pd.concat(["n" + points["osm_id"], _ground_id(ground)])
    ground["geometry"] = ground.geometry.representative_point()
    every = pd.concat([points, ground])
    service = pd.Series(None, index=range(len(every)), dtype="str")
    for tag, values in SERVICES.items():
        said = every[tag].reset_index(drop=True)
        service = service.fillna(said.where(said.isin(values)))
    served = service.notna().to_numpy()
    columns = {"source_id": ids[served], "name": every["name"][served], "service": service.to_numpy()[served]}
    return _frame(columns, every[served])


def _ground_id(ground: gpd.GeoDataFrame) -> pd.Series:
    return pd.Series(("w" + ground["osm_way_id"]).fillna("r" + ground["osm_id"]))


def _frame(columns: dict[str, pd.Series], shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    plain = {name: pd.Series(values).to_numpy() for name, values in columns.items()}
    return gpd.GeoDataFrame(plain, geometry=shapes.geometry.to_numpy(), crs=shapes.crs)


_LAYERS: dict[str, Callable[[Path], gpd.GeoDataFrame]] = {
    "streets": _streets,
    "buildings": _buildings,
    "places": _places,
}
