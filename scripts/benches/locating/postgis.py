"""PostGIS: two plans over the same tables, indexed and ANALYZEd, in the cluster of the benchmark."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import psycopg2
import shapely
from psycopg2.extensions import cursor as Cursor

from data import embedded
from data.roles import ADMIN
from gis.crs import STORED_SRID
from locating.engines import lowest
from locating.ground import Ground, Ints

DEFAULT_PLAN, FROM_THE_POINTS = "PostGIS, default plan", "PostGIS, from the points' index"
WAYS = {DEFAULT_PLAN: ("grids", "grids_geom"), FROM_THE_POINTS: ("plain_grids", "points_geom")}
DATABASE = "bench_locate"
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0), b"\xff\xff"
# A row of COPY BINARY with an int4 and a point in EWKB, each preceded by its length.
_POINT_ROW = np.dtype(
    [
        *(("fields", ">i2"), ("of_id", ">i4"), ("id", ">i4"), ("of_geom", ">i4")),
        *(("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")),
    ]
)
_ANSWER_ROW = np.dtype([("fields", ">i2"), ("a", ">i4"), ("point", ">i4"), ("b", ">i4"), ("grid_no", ">i4")])
_POINT_WITH_SRID = 0x20000001
_TABLES = """
DROP TABLE IF EXISTS answer, points, grids, plain_grids;
CREATE UNLOGGED TABLE points (point integer, geom geometry(Point, 4326));
CREATE UNLOGGED TABLE grids (grid_no integer, geom geometry(Geometry, 4326));
"""
# The plain copy has no index, so that the planner can only look points up by theirs.
_INDEXES = (
    "CREATE INDEX points_geom ON points USING gist (geom)",
    "CREATE INDEX grids_geom ON grids USING gist (geom)",
    "CREATE UNLOGGED TABLE plain_grids AS SELECT * FROM grids",
    *("VACUUM ANALYZE points", "VACUUM ANALYZE grids", "VACUUM ANALYZE plain_grids"),
)
_JOIN = "SELECT p.point, g.grid_no FROM points p JOIN {grids} g ON ST_Covers(g.geom, p.geom)"


class Postgis:
    """One way to ask; the tables are loaded once for all ways."""

    def __init__(self, tables: Cursor, count: int, *, grids: str, index: str) -> None:
        self.cursor, self.count = tables, count
        self.join = _JOIN.format(grids=grids)
        tables.execute(f"EXPLAIN {self.join}")
        plan = "\n".join(line for (line,) in tables.fetchall())
        if index not in plan:
            raise SystemExit(f"PostGIS does not look up {index}:\n{plan}")

    def run(self) -> None:
        self.cursor.execute(f"DROP TABLE IF EXISTS answer; CREATE UNLOGGED TABLE answer AS {self.join}")

    def answer(self) -> Ints:
        sink = io.BytesIO()
        self.cursor.copy_expert("COPY answer TO STDOUT (FORMAT binary)", sink)
        found = np.frombuffer(sink.getbuffer()[len(_COPY_HEAD) : -len(_COPY_END)], dtype=_ANSWER_ROW)
        return lowest(self.count, found["point"], found["grid_no"])


def load(home: Path, ground: Ground) -> dict[str, Postgis]:
    """Both ways to ask, over tables with this ground."""
    tables = _database(home)
    tables.execute(_TABLES)
    shapes = shapely.to_wkb(shapely.set_srid(ground.cells, STORED_SRID), hex=True, include_srid=True)
    rows = "".join(f"{number}\t{shape}\n" for number, shape in zip(ground.grid_no, shapes, strict=True))
    tables.copy_expert("COPY grids FROM STDIN", io.StringIO(rows))
    xy = ground.rounded
    points = np.empty(len(xy), dtype=_POINT_ROW)
    points["fields"], points["of_id"], points["of_geom"] = 2, 4, 25
    points["order"], points["kind"], points["srid"] = 1, _POINT_WITH_SRID, STORED_SRID
    points["id"], points["x"], points["y"] = np.arange(len(xy)), xy[:, 0], xy[:, 1]
    tables.copy_expert("COPY points FROM STDIN (FORMAT binary)", io.BytesIO(_COPY_HEAD + points.tobytes() + _COPY_END))
    for statement in _INDEXES:
        tables.execute(statement)
    return {name: Postgis(tables, len(xy), grids=grids, index=index) for name, (grids, index) in WAYS.items()}


def _database(home: Path) -> Cursor:
    cluster = embedded.start(home, print)

    def connect(name: str) -> Cursor:
        db = psycopg2.connect(host=str(cluster.place.run), port=embedded.PORT, user=ADMIN, dbname=name)
        db.autocommit = True
        return db.cursor()

    server = connect("postgres")
    server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {DATABASE}")
    tables = connect(DATABASE)
    tables.execute("CREATE EXTENSION postgis")
    return tables
