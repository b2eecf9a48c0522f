"""Which cases change hands: the kernel of the preview beside PostGIS, on the same boundaries, before and after.

PostGIS has the points alone, in the order of a space-filling curve, with an index on them, and nothing else to do. It
works out the ground that changed and looks its points up. On a border the lowest number owns a point, which it has to
judge for each; without that rule it is faster, and wrong for the points on borders.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import psycopg2
import shapely
from locating.ground import Ground
from psycopg2.extensions import cursor as Cursor

from data import embedded
from data.embedded_place import PORT
from data.roles import ADMIN
from data.settings import DatabaseSettings
from gis.crs import STORED_SRID
from gis.edits import Edited
from gis.locator import Locator
from gis.point_store import PointStore
from redrawing.city import FIRST_CASE

OURS = "gridkeeper: move borders, re-assign points"
EXACT, NEARLY = "PostGIS, the same cases", "PostGIS, borders not judged"
Answer = set[tuple[int, ...]]

_TABLES = (
    "CREATE SCHEMA peer",
    "CREATE UNLOGGED TABLE peer.points AS SELECT id, geom FROM cases ORDER BY geom",
    "CREATE INDEX ON peer.points USING gist (geom)",
    "CREATE UNLOGGED TABLE peer.grids AS SELECT grid_no, geom FROM boundaries",
    "CREATE INDEX ON peer.grids USING gist (geom)",
    "VACUUM (FREEZE, ANALYZE) peer.points",
    "VACUUM (FREEZE, ANALYZE) peer.grids",
)
_CELLS = """
    WITH cell AS MATERIALIZED (
        SELECT * FROM unnest(%s::int[], %s::geometry[], %s::geometry[]) AS c (no, was, now)
    )"""
# A hair wider than what changed: overlays in doubles leave out points on its very edge, and each is judged anyway.
_EXACT = f"""{_CELLS}, moved AS MATERIALIZED (
        SELECT CASE WHEN was IS NULL OR now IS NULL THEN COALESCE(was, now) ELSE ST_SymDifference(was, now) END AS geom
        FROM cell
    ), near AS MATERIALIZED (
        SELECT DISTINCT p.id, p.geom FROM moved JOIN peer.points p ON ST_DWithin(moved.geom, p.geom, 1e-9)
    ), ring AS MATERIALIZED (
        SELECT DISTINCT g.grid_no AS no, g.geom FROM moved JOIN peer.grids g ON g.geom && moved.geom
    ), later AS MATERIALIZED (
        SELECT no, geom FROM ring WHERE no NOT IN (SELECT no FROM cell)
        UNION ALL SELECT no, now FROM cell WHERE now IS NOT NULL
    ), hit AS (
        SELECT n.id, no AS was, NULL::int AS now
        FROM ring CROSS JOIN LATERAL (SELECT id FROM near WHERE ST_Covers(ring.geom, near.geom)) n
        UNION ALL
        SELECT n.id, NULL, no
        FROM later CROSS JOIN LATERAL (SELECT id FROM near WHERE ST_Covers(later.geom, near.geom)) n
    )
    SELECT id, COALESCE(min(was), -1), COALESCE(min(now), -1) FROM hit
    GROUP BY id HAVING min(was) IS DISTINCT FROM min(now)"""
_NEARLY = f"""{_CELLS}, piece AS MATERIALIZED (
        SELECT a.no AS giver, b.no AS taker, ST_CollectionExtract(ST_Intersection(a.was, b.now), 3) AS geom
        FROM cell a JOIN cell b ON a.no <> b.no AND a.was && b.now
    )
    SELECT p.id, giver, taker FROM piece JOIN peer.points p ON ST_Covers(piece.geom, p.geom)"""


class Engine(Protocol):
    """Whoever can say which cases change hands."""

    def ask(self, edit: Edited) -> tuple[float, Iterable[Any]]:
        """The seconds it took, and the rows: each case with the numbers of its grids before and after, -1 for none."""


class Ours:
    """The locator and the store of points; a move is taken back outside the clock."""

    def __init__(self, town: Ground) -> None:
        self.locator = Locator(town.cells, town.grid_no, also=np.arange(1, len(town.cells) + 1000))
        self.store = PointStore(self.locator, town.lon, town.lat, keys=np.arange(len(town.lon)) + FIRST_CASE)

    def ask(self, edit: Edited) -> tuple[float, Iterable[Any]]:
        start = time.perf_counter()
        flips = self.store.reassign(self.locator.replace(edit.before, edit.after, edit.numbers))
        seconds = time.perf_counter() - start
        self.store.reassign(self.locator.replace(edit.after, edit.before, edit.numbers))
        return seconds, np.column_stack(flips)


class Postgis:
    """One way to ask PostGIS; it reads only."""

    def __init__(self, cursor: Cursor, statement: str) -> None:
        self.cursor, self.statement = cursor, statement

    def ask(self, edit: Edited) -> tuple[float, Iterable[Any]]:
        given = ([int(one) for one in edit.numbers], _shapes(edit.before), _shapes(edit.after))
        start = time.perf_counter()
        self.cursor.execute(self.statement, given)
        rows = self.cursor.fetchall()
        return time.perf_counter() - start, rows


def load(settings: DatabaseSettings, town: Ground) -> dict[str, Engine]:
    """Ours, and both ways to ask PostGIS, over the same cases."""
    place = embedded.find(settings.home).place
    db = psycopg2.connect(host=str(place.run), port=PORT, user=ADMIN, dbname=settings.database)
    db.autocommit = True
    cursor = db.cursor()
    for statement in _TABLES:
        cursor.execute(statement)
    cursor.execute("SET default_transaction_read_only = on")
    return {OURS: Ours(town), EXACT: Postgis(cursor, _EXACT), NEARLY: Postgis(cursor, _NEARLY)}


@dataclass(frozen=True)
class Figures:
    """What one engine took.

    Attributes:
        seconds: Of each edit (n,), the median of all rounds.
        mismatches: Cases that it names and ours does not, or the other way round, in all rounds.
    """

    seconds: Any
    mismatches: int


def measure(engines: dict[str, Engine], edits: list[Edited], *, rounds: int) -> dict[str, Figures]:
    """Every engine in turn is asked for all edits, round after round; the first round is not counted."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in engines}
    wrong = dict.fromkeys(engines, 0)
    for number in range(rounds + 1):
        said: dict[str, list[Answer]] = {}
        for name, one in engines.items():
            asked = [one.ask(edit) for edit in edits]
            seconds[name].append([spent for spent, _ in asked])
            said[name] = [{tuple(map(int, row)) for row in rows} for _, rows in asked]
        for name, answers in said.items():
            wrong[name] += sum(len(one ^ ours) for one, ours in zip(answers, said[OURS], strict=True))
        print(f"round {number} of {rounds}", flush=True)
    return {name: Figures(np.median(runs[1:], axis=0), wrong[name]) for name, runs in seconds.items()}


def _shapes(cells: Any) -> list[str | None]:
    told = shapely.to_wkb(shapely.set_srid(np.array(cells, dtype=np.object_), STORED_SRID), hex=True, include_srid=True)
    return [None if cell is None else shape for cell, shape in zip(cells, told, strict=True)]
