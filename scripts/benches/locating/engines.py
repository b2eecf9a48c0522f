"""The engines: ours and those of others, each loaded and indexed first and then asked for the grid of every point.

A peer answers with pairs of point and grid; on a border it finds several grids, and the lowest number counts.
Each class is loaded by its constructor, untimed; `run` is timed; `answer` reads the last run's answer, untimed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import duckdb
import duckdb_extension_spatial
import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import sedonadb
import shapely
from numpy.typing import ArrayLike

from gis.locator import OUTSIDE, Locator
from locating.ground import Ground, Ints


class Peer(Protocol):
    """One engine, loaded."""

    def run(self) -> None:
        """Find the grid of every point."""

    def answer(self) -> Ints:
        """The grid_no (m,) of every point as the last run found it, `OUTSIDE` for none."""


def lowest(count: int, point: ArrayLike, grid_no: ArrayLike) -> Ints:
    """The lowest number (count,) of each point's grids."""
    none = np.iinfo(np.int32).max
    found = np.full(count, none, dtype=np.int32)
    np.minimum.at(found, np.asarray(point), np.asarray(grid_no, dtype=np.int32))
    return np.where(found == none, np.int32(OUTSIDE), found)


class Ours:
    """The locator; rounding to the lattice is part of the time."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.locator = Locator(ground.cells, ground.grid_no)

    def run(self) -> None:
        self.found = self.locator.locate(self.ground.lon, self.ground.lat)

    def answer(self) -> Ints:
        return self.found


class TreeOverPoints:
    """A shapely STRtree of the points, asked with all prepared grids at once."""

    def __init__(self, ground: Ground) -> None:
        self.count, self.grid_no, self.cells = len(ground.lon), ground.grid_no, ground.cells
        shapely.prepare(self.cells)
        self.tree = shapely.STRtree(ground.places)
        self.tree.query(self.cells[:1])  # it is built at the first question

    def run(self) -> None:
        self.pairs = self.tree.query(self.cells, predicate="covers")

    def answer(self) -> Ints:
        cell, point = self.pairs
        return lowest(self.count, point, self.grid_no[cell])


class TreeOverGrids:
    """A shapely STRtree of the grids, asked with all points at once, then exactly by prepared grids."""

    def __init__(self, ground: Ground) -> None:
        self.count, self.grid_no, self.cells = len(ground.lon), ground.grid_no, ground.cells
        shapely.prepare(self.cells)
        self.xy = ground.rounded
        self.points = shapely.points(self.xy)
        self.tree = shapely.STRtree(self.cells)
        self.tree.query(self.points[:1])

    def run(self) -> None:
        point, cell = self.tree.query(self.points)
        inside = shapely.intersects_xy(self.cells[cell], self.xy[point, 0], self.xy[point, 1])
        self.pairs = point[inside], cell[inside]

    def answer(self) -> Ints:
        point, cell = self.pairs
        return lowest(self.count, point, self.grid_no[cell])


class Frames:
    """geopandas.sjoin with the spatial index of both frames built before."""

    def __init__(self, ground: Ground) -> None:
        self.points, self.grids = ground.frames
        self.points.sindex.query(ground.cells[:1])
        self.grids.sindex.query(self.points.geometry.array[:1])

    def answer(self) -> Ints:
        return lowest(len(self.points), self.joined["point"], self.joined["grid_no"])


class FramesWithin(Frames):
    """Points within grids, as the manual does it: a point on a border is within none."""

    def run(self) -> None:
        self.joined = geopandas.sjoin(self.points, self.grids, predicate="within")


class FramesCovering(Frames):
    """Grids covering points: as fast, and right on borders."""

    def run(self) -> None:
        self.joined = geopandas.sjoin(self.grids, self.points, predicate="covers")


class DuckDb:
    """DuckDB's SPATIAL_JOIN into a table, the extension loaded from the installed file."""

    def __init__(self, ground: Ground) -> None:
        extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension"))
        self.count = len(ground.lon)
        self.db = duckdb.connect()
        self.db.execute(f"LOAD '{extension}'; SET enable_progress_bar = false")
        xy = ground.rounded
        frames = {
            "raw_points": pd.DataFrame({"point": np.arange(self.count), "x": xy[:, 0], "y": xy[:, 1]}),
            "raw_grids": pd.DataFrame({"grid_no": ground.grid_no, "wkb": shapely.to_wkb(ground.cells)}),
        }
        for name, frame in frames.items():
            self.db.register(name, frame)
        self.db.execute("CREATE TABLE points AS SELECT point, ST_Point(x, y) AS geom FROM raw_points")
        self.db.execute("CREATE TABLE grids AS SELECT grid_no, ST_GeomFromWKB(wkb) AS geom FROM raw_grids")
        for name in frames:
            self.db.unregister(name)

    def run(self) -> None:
        self.db.execute(
            "CREATE OR REPLACE TEMP TABLE answer AS "
            "SELECT p.point, g.grid_no FROM points p JOIN grids g ON ST_Covers(g.geom, p.geom)"
        )

    def answer(self) -> Ints:
        found = self.db.execute("SELECT point, grid_no FROM answer").fetchnumpy()
        return lowest(self.count, found["point"], found["grid_no"])


class SedonaDb:
    """SedonaDB's spatial join of two tables in memory, into an Arrow table."""

    def __init__(self, ground: Ground) -> None:
        self.count = len(ground.lon)
        self.db = sedonadb.connect()
        for name, frame in zip(("points", "grids"), ground.frames, strict=True):
            self.db.create_data_frame(frame).to_memtable().to_view(name)

    def run(self) -> None:
        query = "SELECT p.point, g.grid_no FROM points p JOIN grids g ON ST_Covers(g.geometry, p.geometry)"
        self.found = pa.table(self.db.sql(query))

    def answer(self) -> Ints:
        return lowest(self.count, self.found["point"], self.found["grid_no"])
