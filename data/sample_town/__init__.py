"""A seeded, made-up town in the plain of the Yellow River: ground, grids, people and three months of reports.

Every benchmark and demonstration takes its data from here. Names are synthetic; the ground is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import geopandas
import numpy as np
import pandas as pd
import shapely

from data.sample_town.bend import bend
from data.sample_town.buildings import buildings
from data.sample_town.calendar import calendar
from data.sample_town.dedicated import choose, dedicated
from data.sample_town.mesh import mesh
from data.sample_town.patrols import Patrols, patrols
from data.sample_town.people import People, people
from data.sample_town.places import places
from data.sample_town.regions import areas, grids, grow
from data.sample_town.reports import reports
from data.sample_town.sizes import SIZES, TIME_ZONE, Size, SizeName
from data.sample_town.stations import stations
from data.sample_town.streets import addresses, streets

SEED = 20260101


__all__ = ["SEED", "SIZES", "TIME_ZONE", "Patrols", "People", "Size", "SizeName", "Town", "generate"]


@dataclass(frozen=True)
class Town:
    """A town, with the columns that `gridkeeper import` reads.

    Attributes:
        size: Its counts.
        areas: level, code, name, parent_code, geometry; the city first.
        schemes: Scheme name to grids (code, name, parent_code, geometry); `dedicated` is partial.
        streets: source_id, name, kind, geometry.
        buildings: source_id, name, address, households, people, geometry.
        stations: source_id, name, service, geometry.
        people: Staff, duties, absences.
        calendar: day, spans, note, from the year before the reports end to the year after.
        reports: Gives frames of source_id, x, y, datum, category, description, occurred_at, closed_at, state, source.
        patrols: Gives devices, shifts, required points, plans, and the fixes of the last days.
    """

    size: Size
    areas: geopandas.GeoDataFrame
    schemes: dict[str, geopandas.GeoDataFrame]
    streets: geopandas.GeoDataFrame
    buildings: geopandas.GeoDataFrame
    stations: geopandas.GeoDataFrame
    people: People
    calendar: pd.DataFrame
    reports: Callable[[], Iterator[pd.DataFrame]]
    patrols: Callable[[], Patrols]


def generate(size: SizeName, *, until: datetime, seed: int = SEED, cases: int | None = None) -> Town:
    """Make a town; the same arguments make the same town, bit for bit.

    Args:
        size: 'town', 'district' or 'city'.
        until: Aware instant up to which there are reports.
        seed: Another seed makes another town.
        cases: Number of reports, where it is not to be the size's own.
    """
    measures = SIZES[size]
    parts = np.random.default_rng(seed).spawn(6)
    plan = mesh(measures, bend(measures, parts[0]), parts[0])
    regions = grow(plan, measures)
    tree = areas(plan, regions, measures, parts[1])
    communities = tree[tree["level"] == "community"].reset_index(drop=True)
    atoms = grids(plan, regions.atom, regions, communities, word="号")
    duty = grids(plan, regions.duty, regions, communities, word="号网格")
    titles = communities["name"].str.removesuffix("社区").to_numpy(dtype=object)
    roads = streets(plan, titles[regions.community], parts[2])
    walled = choose(plan, regions, measures, parts[1])
    special = dedicated(plan, walled, regions, communities)
    inside = dict(zip(walled.tolist(), special["name"].str[-2:], strict=True))
    houses = buildings(plan, addresses(plan, roads), measures, inside, parts[3])
    centres = shapely.get_coordinates(shapely.centroid(houses.geometry.to_numpy()))
    where = places(plan, regions.duty, centres, parts[4])
    staffed = people(duty, tree, until=until, rng=parts[2])
    return Town(
        size=measures,
        areas=tree,
        schemes={
            "duty": duty,
            measures.atom_scheme: atoms,
            "dedicated": special,
        },
        streets=roads,
        buildings=houses,
        stations=stations(communities, centres),
        people=staffed,
        calendar=calendar(until.year - 1, until.year + 1),
        reports=lambda: reports(
            where, count=cases or measures.cases, until=until, rng=np.random.default_rng([seed, 7])
        ),
        patrols=lambda: patrols(plan, measures, duty, roads, staffed.duties, until=until, seed=seed),
    )
