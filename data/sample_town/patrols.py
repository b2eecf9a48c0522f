"""Patrols of a town: telephones, shifts of two teams, places to be seen, plans, and the walks of the last days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas
import numpy as np
import pandas as pd
import shapely

from data.sample_town.lines import Floats
from data.sample_town.merging import Ints
from data.sample_town.mesh import Mesh
from data.sample_town.places import DEGREE_M
from data.sample_town.sizes import TIME_ZONE, Size
from data.sample_town.walks import Streets, heard, walk
from gis.gcj import wgs84_to_gcj02

DAYS = 3
"""Days with walks; the last one is the day on which the sample is made, and goes up to then."""
_SHIFTS_AHEAD = 7
# Team, and from which hour to which it is on duty.
_TEAMS = (("一队", 8, 12), ("二队", 14, 18))
_GRIDS_A_WALKER, _MOST_WALKERS = 10, 60
_EVERY_S, _SELDOM_S = 15.0, 300.0
_COLUMNS = ("device", "at", "lon", "lat", "accuracy_m")


@dataclass(frozen=True)
class Patrols:
    """Tables with the columns that `gridkeeper import` reads.

    Attributes:
        devices: label, datum, staff_no.
        shifts: device, staff_no, team, valid_from, valid_to.
        points: label, name, lon, lat, datum, radius_m, weekdays, opens, closes, times, dwell_s.
        plans: label, staff_no, team, day, weekdays, opens, closes, grids, points, dwell_s.
        fixes: device, at (whole seconds since 1970), lon, lat (in the datum of the device), accuracy_m.
    """

    devices: pd.DataFrame
    shifts: pd.DataFrame
    points: pd.DataFrame
    plans: pd.DataFrame
    fixes: pd.DataFrame


@dataclass(frozen=True)
class _Walker:
    number: int
    staff_no: str
    grid_code: str
    home: Floats
    # The node of the place that is to be seen near the home; half of the walkers have one.
    sight: int | None

    @property
    def label(self) -> str:
        return f"phone-{self.number:02d}"

    @property
    def point(self) -> str:
        return f"D{self.number:02d}"

    @property
    def datum(self) -> str:
        return "gcj02" if self.number % 3 == 0 else "wgs84"

    @property
    def team(self) -> tuple[str, int, int]:
        return _TEAMS[self.number % 2]


def patrols(
    mesh: Mesh,
    size: Size,
    duty: geopandas.GeoDataFrame,
    roads: geopandas.GeoDataFrame,
    duties: pd.DataFrame,
    *,
    until: datetime,
    seed: int,
) -> Patrols:
    """Make the patrols of a town.

    Args:
        mesh: The town's planar graph.
        size: Its counts.
        duty: Duty grids.
        roads: Streets, by their number in the mesh.
        duties: Who has which grid.
        until: Now, for the sample.
        seed: The source of chance, together with walker and day.
    """
    streets = Streets.of(mesh)
    today = until.astimezone(ZoneInfo(TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    walkers = _walkers(mesh, streets, size, duty, duties)
    days = [today + timedelta(days=day) for day in range(1 - DAYS, _SHIFTS_AHEAD + 1)]
    frames = list(_fixes(streets, walkers, days[:DAYS], until, seed))
    empty = pd.DataFrame(columns=list(_COLUMNS))
    return Patrols(
        devices=pd.DataFrame([{"label": one.label, "datum": one.datum, "staff_no": one.staff_no} for one in walkers]),
        shifts=pd.DataFrame([_shift(one, day) for one in walkers for day in days]),
        points=pd.DataFrame([_point(one, mesh, streets, roads) for one in walkers if one.sight is not None]),
        plans=pd.DataFrame(_plans(walkers, days[DAYS - 2])),
        fixes=pd.concat(frames, ignore_index=True) if frames else empty,
    )


def _walkers(
    mesh: Mesh, streets: Streets, size: Size, duty: geopandas.GeoDataFrame, duties: pd.DataFrame
) -> list[_Walker]:
    workers = duties[duties["role"] == "grid_worker"].drop_duplicates("staff_no")
    count = min(size.duty // _GRIDS_A_WALKER, _MOST_WALKERS, len(workers))
    chosen = workers.iloc[np.linspace(0, len(workers) - 1, count).astype(np.int64)]
    cells = duty.set_index("code").geometry[chosen["grid_code"]].to_numpy()
    homes = shapely.get_coordinates(shapely.point_on_surface(cells)) * DEGREE_M
    found, taken = [], set[int]()
    for number, (staff_no, code, home) in enumerate(
        zip(chosen["staff_no"], chosen["grid_code"], homes, strict=True), start=1
    ):
        sight = _sight(mesh, streets, home, taken) if number % 4 in (1, 2) else None
        taken.add(sight if sight is not None else -1)
        found.append(_Walker(number, staff_no, code, home, sight))
    return found


def _sight(mesh: Mesh, streets: Streets, home: Floats, taken: set[int]) -> int | None:
    """The nearest crossing of two streets that nobody has yet."""
    for node in streets.near(home).tolist():
        if node not in taken and len(_crossing(mesh, streets, node)) > 1:
            return int(node)
    return None


def _crossing(mesh: Mesh, streets: Streets, node: int) -> Ints:
    return np.unique(mesh.street[streets.way[streets.first[node] : streets.first[node + 1]]])


def _shift(walker: _Walker, day: datetime) -> dict[str, object]:
    team, begin, end = walker.team
    return {
        "device": walker.label,
        "staff_no": walker.staff_no,
        "team": team,
        "valid_from": (day + timedelta(hours=begin)).isoformat(),
        "valid_to": (day + timedelta(hours=end)).isoformat(),
    }


def _point(walker: _Walker, mesh: Mesh, streets: Streets, roads: geopandas.GeoDataFrame) -> dict[str, object]:
    node = walker.sight or 0
    names = roads.loc[_crossing(mesh, streets, node), "name"].tolist()
    _, begin, end = walker.team
    # Some in the first hour, some at any time of the shift, one long ago: nobody will be there at night.
    hours = ((begin, begin + 1), (begin, end), (22, 6))[walker.number // 2 % 3]
    return {
        "label": walker.point,
        "name": f"{names[0]}与{names[1]}路口",
        "lon": mesh.nodes[node, 0],
        "lat": mesh.nodes[node, 1],
        "datum": "wgs84",
        "radius_m": 30,
        "weekdays": None,
        "opens": f"{hours[0]:02d}:00",
        "closes": f"{hours[1]:02d}:00",
        "times": 2 if walker.number % 8 == 2 else 1,
        "dwell_s": 600 if walker.number % 2 else 0,
    }


def _plans(walkers: Sequence[_Walker], day: datetime) -> Iterator[dict[str, object]]:
    for walker, other in zip(walkers, [*walkers[1:], walkers[0]], strict=True):
        team, begin, end = walker.team
        common = {"staff_no": walker.staff_no, "opens": f"{begin:02d}:00", "closes": f"{end:02d}:00", "dwell_s": 300}
        yield {"label": f"P{walker.number:02d}", "weekdays": "1-7", "grids": walker.grid_code, **common}
        if walker.number in (1, len(walkers)):
            # Once a grid of somebody else, where the walker never comes; the last one is heard too seldom to tell.
            once = {"day": day.date().isoformat(), "grids": f"{walker.grid_code};{other.grid_code}"}
            yield {"label": f"P{walker.number:02d}-once", **once, **common}
    for of, (team, begin, end) in enumerate(_TEAMS):
        sights = [one.point for one in walkers if one.sight is not None and one.number % 2 == of]
        if sights:
            hours = {"opens": f"{begin:02d}:00", "closes": f"{end:02d}:00", "dwell_s": 0}
            yield {"label": f"P-{team}", "team": team, "weekdays": "1-7", "points": ";".join(sights), **hours}


def _fixes(
    streets: Streets, walkers: Sequence[_Walker], days: Sequence[datetime], until: datetime, seed: int
) -> Iterator[pd.DataFrame]:
    for walker in walkers:
        _, begin, end = walker.team
        stay = [] if walker.sight is None else [walker.sight]
        for nth, day in enumerate(days):
            start = day + timedelta(hours=begin)
            seconds = min((day + timedelta(hours=end)).timestamp(), until.timestamp()) - start.timestamp()
            if seconds <= 0:
                continue
            rng = np.random.default_rng([seed, 8, walker.number, nth])
            walked = walk(streets, walker.home, (end - begin) * 3600.0, stay, rng)
            # One telephone is heard so seldom that nothing can be said of its walks.
            every_s = _SELDOM_S if walker.number == len(walkers) else _EVERY_S
            at, place, accuracy = heard(walked, seconds, every_s, rng)
            lon, lat = place.T
            if walker.datum == "gcj02":
                lon, lat = (np.round(axis, 7) for axis in wgs84_to_gcj02(lon, lat))
            rows = (walker.label, at + int(start.timestamp()), lon, lat, accuracy)
            yield pd.DataFrame(dict(zip(_COLUMNS, rows, strict=True)))
