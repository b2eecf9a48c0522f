"""A city to be redrawn: grids in a database of the benchmark, with millions of cases, buildings, streets and people.

Grids come in as any planner's do; cases and what is built are copied straight into their tables, for making them one
by one would take an hour.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas
import numpy as np
import psycopg2
import shapely
from locating.ground import Ground
from psycopg2.extensions import connection as Connection
from settled import settle

from data import embedded
from data.embedded_place import PORT
from data.ready import ensure_ready
from data.roles import ADMIN
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from gis.crs import STORED_SRID
from layers.actor import Actor
from layers.grids.intake import GridColumns, import_grids
from layers.grids.schemes import SchemeSpec

TREE = "bench"
FIRST_CASE = 10_000_001
PLANNER = Actor("planner", ("planner",))
_AT_ONCE = 250_000
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_POINT_WITH_SRID = 0x20000001
_HOUSES_A_GRID, _STREETS_A_GRID, _GRIDS_AN_AREA = 20, 3, 25
# Of a hundred cases so many are not archived yet.
_OPEN = 3


def database(home_settings: DatabaseSettings, name: str) -> DatabaseSettings:
    """A new, empty database of the benchmark."""
    embedded.start(home_settings.home, print)
    with closing(_admin(home_settings, "postgres")) as server:
        server.cursor().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    made = DatabaseSettings(database_url=None, owner_url=None, home=home_settings.home, database=name)
    ensure_ready(made, print)
    return made


def fill(settings: DatabaseSettings, town: Ground) -> None:
    """Put the whole city into an empty database."""
    print(f"Importing {len(town.cells):,} grids (not timed)", flush=True)
    _grids(settings, town)
    with closing(_admin(settings, settings.database)) as db:
        print(f"Copying {len(town.lon):,} cases, and what is built (not timed)", flush=True)
        cursor = db.cursor()
        cursor.execute("DROP INDEX ix_cases_geom")
        for rows in _cases(town):
            copied = io.BytesIO(_COPY_HEAD + rows.tobytes() + _COPY_END)
            cursor.copy_expert(f"COPY cases ({', '.join(_CASE)}) FROM STDIN (FORMAT binary)", copied)
        cursor.execute("SELECT setval(pg_get_serial_sequence('cases', 'id'), %s)", (FIRST_CASE + len(town.lon),))
        cursor.execute("CREATE INDEX ix_cases_geom ON cases USING gist (geom)")
        _built(cursor, town)
        cursor.execute(_PEOPLE)
    settle(settings, vacuum=("cases", "buildings", "streets", "duties", "staff", "boundaries", "grids", "areas"))


def _admin(settings: DatabaseSettings, name: str) -> Connection:
    place = embedded.find(settings.home).place
    db = psycopg2.connect(host=str(place.run), port=PORT, user=ADMIN, dbname=name)
    db.autocommit = True
    return db


def _grids(settings: DatabaseSettings, town: Ground) -> None:
    """Grids with the numbers they have, in areas of some that lie together."""
    order = np.argsort(town.grid_no)
    cells, number = town.cells[order], town.grid_no[order]
    middle = shapely.get_coordinates(shapely.centroid(cells))
    across = max(1, round(np.sqrt(len(cells) / _GRIDS_AN_AREA)))
    edges = [np.quantile(some, np.linspace(0, 1, across + 1)[1:-1]) for some in middle.T]
    column, row = (np.searchsorted(edge, some) for edge, some in zip(edges, middle.T, strict=True))
    parents = [f"{1000 + one}" for one in (column * across + row).tolist()]
    rows = {"row_no": np.arange(1, len(cells) + 1), "code": [str(one) for one in number], "parent": parents}
    frame = geopandas.GeoDataFrame(rows, geometry=cells, crs=STORED_SRID).rename_geometry("geom")
    columns = GridColumns(code="code", parent_code="parent", parent_level="community")
    # Its days are those that fixes are kept in, so that a day of somebody lies in one of them at any hour.
    spec = SchemeSpec(name="bench", tree=TREE, time_zone="UTC")
    long = engine(settings, statement_limit_s=0)
    with unit_of_work(long) as session:
        import_grids(session, PLANNER, frame, spec=spec, columns=columns, file="bench")
    long.dispose()


_CASE = {
    "id": ">i8",
    "tree": "S5",
    "scheme_id": ">i4",
    "source": "S5",
    "state": "S8",
    "occurred_at": ">i8",
    "occurred_precision": "S7",
    "received_at": ">i8",
    "raw_x": ">f8",
    "raw_y": ">f8",
    "raw_datum": "S5",
    "reasons": "V3",
    "geom": [("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")],
}


def _cases(town: Ground) -> Iterator[Any]:
    """Rows as COPY BINARY takes them: cases of the last year, most of them archived."""
    wire: list[Any] = [("fields", ">i2")]
    for name, kind in _CASE.items():
        wire += [(f"length of {name}", ">i4"), (name, kind)]
    dtype, rng = np.dtype(wire), np.random.default_rng(17)
    now_us = int((datetime.now(UTC) - _EPOCH) / timedelta(microseconds=1))
    year_us = 360 * 24 * 3600 * 10**6
    fixed = {"tree": b"bench", "scheme_id": 1, "source": b"bench", "occurred_precision": b"instant"}
    fixed |= {"raw_datum": b"wgs84", "reasons": np.void(b"\x01[]")}
    for first in range(0, len(town.lon), _AT_ONCE):
        xy = town.rounded[first : first + _AT_ONCE]
        rows = np.zeros(len(xy), dtype=dtype)
        rows["fields"] = len(_CASE)
        for name in _CASE:
            rows[f"length of {name}"] = dtype[name].itemsize
        for name, value in fixed.items():
            rows[name] = value
        rows["id"] = np.arange(first, first + len(xy)) + FIRST_CASE
        rows["state"] = np.where(rng.integers(0, 100, len(xy)) < _OPEN, b"handling", b"archived")
        rows["occurred_at"] = rows["received_at"] = now_us - rng.integers(0, year_us, len(xy))
        rows["raw_x"], rows["raw_y"] = xy.T
        place = rows["geom"]
        place["order"], place["kind"], place["srid"], place["x"], place["y"] = 1, _POINT_WITH_SRID, STORED_SRID, *xy.T
        yield rows


def _built(cursor: Any, town: Ground) -> None:
    """Houses of some metres, and streets of some hundred."""
    rng = np.random.default_rng(23)
    box = shapely.bounds(town.cells)
    at = rng.uniform(*(np.repeat(side, _HOUSES_A_GRID, axis=0) for side in (box[:, :2], box[:, 2:])))
    size = rng.uniform(1e-4, 3e-4, at.shape)
    houses = shapely.box(at[:, 0], at[:, 1], *(at + size).T)
    households = rng.integers(0, 40, len(at))
    shapes = shapely.to_wkb(
        shapely.set_srid(shapely.multipolygons(houses[:, None]), STORED_SRID), hex=True, include_srid=True
    )
    rows = enumerate(zip(households.tolist(), shapes.tolist(), strict=True))
    lines = (f"{TREE}\tB{n}\t{homes}\t{homes * 3}\t{shape}\n" for n, (homes, shape) in rows)
    _copy(cursor, "buildings (tree, source_id, households, people, geom)", lines)
    ends = [
        rng.uniform(*(np.repeat(side, _STREETS_A_GRID, axis=0) for side in (box[:, :2], box[:, 2:]))) for _ in range(3)
    ]
    streets = shapely.multilinestrings(shapely.linestrings(np.stack(ends, axis=1))[:, None])
    shapes = shapely.to_wkb(shapely.set_srid(streets, STORED_SRID), hex=True, include_srid=True)
    _copy(cursor, "streets (tree, source_id, geom)", (f"{TREE}\tS{n}\t{shape}\n" for n, shape in enumerate(shapes)))


def _copy(cursor: Any, table: str, lines: Iterator[str]) -> None:
    cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("".join(lines)))


_PEOPLE = f"""
    INSERT INTO staff (tree, staff_no, name) SELECT '{TREE}', 'P' || id, 'Person ' || id FROM grids;
    INSERT INTO duties (staff_id, grid_id, role, leads, valid)
    SELECT s.id, g.id, 'grid_lead', true, '[2020-01-01,)' FROM grids g JOIN staff s ON s.staff_no = 'P' || g.id"""
