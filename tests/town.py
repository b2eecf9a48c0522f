"""A small town drawn by hand, on lattice coordinates: each place in it is there for a rule.

Squares are 2^-8 degree wide, about 358 m by 433 m; `at(column, row)` is a corner, halves are middles.

    row 5  +--------+--------------------+-------------------+
           | D07    |  D08 Tannery       |  D09 Old market   |     D09 ended on 1 July 2024: its ground went to D03.
    row 4  +--------+------+-------------+-------------------+
           |  D05 Mill     |  D06 Quay   |  D03 Academy      |     The border D05 | D06 moved that day from
    row 2  +---------------+-------------+   +-----------+   |     column 2 to column 2.5.
           |  D01 Wharf    |  D02 Lane   |   | D04 Pump  |   |     D04 lies in a hole of D03.
    row 0  +---------------+-------------+---+-----------+---+
           0               2             4   5           7   8
    D07 has a second part, the square west of column 0 in row 0. The partial scheme `dedicated` has one grid,
    Z01 Station, from (1.5, 0.5) to (2.5, 1.5), across the border D01 | D02.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import shapely
from shapely import MultiPolygon, box
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.session import unit_of_work
from data.tables import Absence, Area, Boundary, Building, Duty, Grid, Place, Scheme, SchemeVersion, Staff, Street
from gis.crs import STORED_SRID, transformer
from tests.cluster import Database

WEST, SOUTH, SQUARE = 113.625, 34.75, 2.0**-8
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MOVED = datetime(2024, 7, 1, tzinfo=UTC)
LEAD_CHANGED = datetime(2025, 1, 1, tzinfo=UTC)
METRIC_SRID = 4547


def at(column: float, row: float) -> tuple[float, float]:
    """Longitude and latitude of a place in squares from the south-west corner; exact on the lattice."""
    return WEST + column * SQUARE, SOUTH + row * SQUARE


def squares(*boxes: tuple[float, float, float, float], less: Any = None) -> MultiPolygon:
    """Boxes in squares (west, south, east, north) as one multipolygon, with a hole when told."""
    ground = shapely.union_all([box(*at(w, s), *at(e, n)) for w, s, e, n in boxes])
    ground = ground if less is None else ground.difference(less)
    return MultiPolygon(getattr(ground, "geoms", [ground]))


_PUMP = squares((5, 1, 7, 3))
_D07 = squares((0, 4, 1, 5), (-1, 0, 0, 1))
# code, name, area, ground in version 1, ground in version 2
_DUTY = (
    ("D01", "Wharf 码头", "S1", squares((0, 0, 2, 2)), None),
    ("D02", "Lane 老街", "S1", squares((2, 0, 4, 2)), None),
    ("D03", "Academy 书院", "S2", squares((4, 0, 8, 4), less=_PUMP), squares((4, 0, 8, 5), less=_PUMP)),
    ("D04", "Pump 水厂", "S2", _PUMP, None),
    ("D05", "Mill 磨坊", "S1", squares((0, 2, 2, 4)), squares((0, 2, 2.5, 4))),
    ("D06", "Quay 新港", "S1", squares((2, 2, 4, 4)), squares((2.5, 2, 4, 4))),
    ("D07", "Corners 两角", "S1", _D07, None),
    ("D08", "Tannery 皮坊", "S1", squares((1, 4, 4, 5)), None),
    ("D09", "Old market 旧市", "S2", squares((4, 4, 8, 5)), MultiPolygon()),
)


def build_town(database: Database) -> None:
    """Put the town, and a lakeside city far away from it, into a migrated database."""
    with unit_of_work(database.owner) as session:
        areas = _areas(session)
        grids = _duty(session, areas) | _dedicated(session) | _lakeside(session)
        _people(session, grids, areas)
        _ground(session)


def _areas(session: Session) -> dict[str, Area]:
    rows = {
        "C1": ("county", "410199000000", "Bend county 河湾区", squares((0, 0, 8, 5), (-1, 0, 0, 1))),
        "S1": ("street", "410199001000", "West street 西街道", squares((0, 0, 4, 5), (-1, 0, 0, 1))),
        "S2": ("street", "410199002000", "East street 东街道", squares((4, 0, 8, 5))),
    }
    areas = {
        key: Area(tree="town", level=level, code=code, name=name, geom=geom)
        for key, (level, code, name, geom) in rows.items()
    }
    session.add_all(areas.values())
    session.flush()
    areas["S1"].parent_id = areas["S2"].parent_id = areas["C1"].id
    return areas


def _scheme(session: Session, versions: int, **given: Any) -> Scheme:
    scheme = Scheme(**{"metric_srid": METRIC_SRID, "time_zone": "Asia/Shanghai", "version": versions, **given})
    session.add(scheme)
    session.flush()
    for number in range(1, versions + 1):
        valid = _first(versions) if number == 1 else Range(MOVED, None)
        row = SchemeVersion(scheme_id=scheme.id, version=number, valid=valid, reason="drawn by hand", actor="planner")
        session.add(row)
    return scheme


def _first(versions: int) -> Range[datetime]:
    return Range(FIRST, MOVED if versions > 1 else None)


def _grid(session: Session, scheme: Scheme, grid_no: int, code: str, name: str, area: Area | None) -> Grid:
    grid = Grid(scheme_id=scheme.id, grid_no=grid_no, code=code, name=name, area_id=area.id if area else None)
    session.add(grid)
    session.flush()
    return grid


def _boundary(session: Session, grid: Grid, version: int, valid: Range[datetime], geom: MultiPolygon) -> None:
    srid = session.get_one(Scheme, grid.scheme_id).metric_srid
    area_m2 = shapely.transform(geom, transformer(STORED_SRID, srid).transform, interleaved=False).area
    row = Boundary(
        scheme_id=grid.scheme_id,
        grid_id=grid.id,
        grid_no=grid.grid_no,
        version=version,
        valid=valid,
        area_m2=area_m2,
        geom=geom,
    )
    session.add(row)


def _duty(session: Session, areas: dict[str, Area]) -> dict[str, Grid]:
    scheme = _scheme(session, 2, name="duty", tree="town", title="Duty grids 责任网格", kind="duty", extent="whole")
    grids = {}
    for grid_no, (code, name, area, then, now) in enumerate(_DUTY, start=1):
        grid = grids[code] = _grid(session, scheme, grid_no, code, name, areas[area])
        if now is None:
            _boundary(session, grid, 1, Range(FIRST, None), then)
            continue
        _boundary(session, grid, 1, Range(FIRST, MOVED), then)
        if not now.is_empty:
            _boundary(session, grid, 2, Range(MOVED, None), now)
    return grids


def _dedicated(session: Session) -> dict[str, Grid]:
    station = {"title": "Dedicated grids 专属网格", "kind": "dedicated", "extent": "partial", "priority": 10}
    scheme = _scheme(session, 1, name="dedicated", tree="town", **station)
    grid = _grid(session, scheme, 1, "Z01", "Station 车站", None)
    _boundary(session, grid, 1, Range(FIRST, None), squares((1.5, 0.5, 2.5, 1.5)))
    return {"Z01": grid}


def _lakeside(session: Session) -> dict[str, Grid]:
    zone = {"metric_srid": 32616, "time_zone": "America/Chicago"}
    scheme = _scheme(session, 1, name="beats", tree="lakeside", title="Beats", kind="beats", extent="whole", **zone)
    grids = {}
    for grid_no, west in ((1, -87.75), (2, -87.6875)):
        grid = grids[f"B{grid_no}"] = _grid(session, scheme, grid_no, f"B{grid_no}", f"Beat {grid_no}", None)
        beat = MultiPolygon([box(west, 41.875, west + 0.0625, 41.9375)])
        _boundary(session, grid, 1, Range(FIRST, None), beat)
    return grids


def _people(session: Session, grids: dict[str, Grid], areas: dict[str, Area]) -> None:
    """D01 has a lead, D02's is away with a substitute, D03's with none but a deputy; D04 and D07 have nobody and
    D06's substitute is away too: the street answers. D05 changed its lead. The lakeside has no staff at all."""
    names = ["Wang 王一", "Li 李二", "Zhao 赵三", "Sun 孙四", "Zhou 周五", "Wu 吴六"]
    names += ["Zheng 郑七", "Feng 冯八", "Chen 陈九", "Qian 钱十", "He 何十一"]
    staff = [
        Staff(tree="town", staff_no=f"P{number:02}", name=name, phone=f"555-01{number:02}")
        for number, name in enumerate(names, start=1)
    ]
    session.add_all(staff)
    session.flush()
    wang, li, zhao, sun, zhou, wu, zheng, feng, chen, qian, he = (person.id for person in staff)
    always, sick = Range(FIRST, None), Range(LEAD_CHANGED, None)

    def lead(grid: str, staff_id: int, valid: Range[datetime] = always) -> Duty:
        return Duty(staff_id=staff_id, grid_id=grids[grid].id, role="grid_lead", leads=True, valid=valid)

    session.add_all(
        [
            lead("D01", wang),
            lead("D02", li),
            lead("D03", sun),
            lead("D05", feng, Range(FIRST, LEAD_CHANGED)),
            lead("D05", chen, Range(LEAD_CHANGED, None)),
            lead("D06", qian),
            lead("D08", wang),
            lead("D09", feng),
            lead("Z01", zhao),
            Duty(staff_id=zhou, grid_id=grids["D03"].id, role="deputy", leads=False, valid=always),
            Duty(staff_id=zhao, grid_id=grids["D01"].id, role="grid_worker", leads=False, valid=always),
            Duty(staff_id=wu, area_id=areas["S1"].id, role="street_lead", leads=True, valid=always),
            Duty(staff_id=zheng, area_id=areas["S2"].id, role="street_lead", leads=True, valid=always),
            Absence(staff_id=li, substitute_id=zhao, kind="sick", valid=sick),
            Absence(staff_id=qian, substitute_id=he, kind="leave", valid=sick),
            Absence(staff_id=he, kind="leave", valid=sick),
            Absence(staff_id=sun, kind="training", valid=sick),
        ]
    )


def _ground(session: Session) -> None:
    for number, (column, row, households) in enumerate(((0.5, 0.5, 12), (3, 1, 40), (6, 2, 1)), start=1):
        geom = squares((column, row, column + 0.125, row + 0.125))
        row_ = Building(tree="town", source_id=f"b{number}", name=f"House {number}", households=households, geom=geom)
        session.add(row_)
    line = shapely.multilinestrings([[at(0, 2), at(4, 2)]])
    session.add(Street(tree="town", source_id="s1", name="Bend road 河湾路", kind="road", geom=line))
    far_from_it = shapely.Point(at(0.75, 0.5))
    session.add(Place(tree="town", source_id="p1", name="Market kiosk 市亭", service="kiosk", geom=far_from_it))
