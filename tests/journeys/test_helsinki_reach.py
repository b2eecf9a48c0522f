"""Central Helsinki out of OpenStreetMap: minutes on foot beside those of networkx, and how many people they cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import networkx as nx
import numpy as np
import pytest
import shapely
from sqlalchemy.orm import Session

from data.readers.features import read_features
from gis.metric import points_to_metric
from layers.reach.asking import Asked, meant
from layers.reach.city import NOT_WALKED, SLOWER, reached
from layers.reach.sites import sites
from layers.reach.telling import reach
from tests.cluster import Database
from tests.journeys.commands import gridkeeper_within

pytestmark = pytest.mark.shared_data

SERVICE = Asked(scheme="helsinki", service="pharmacy", minutes=5)
SRID = 32635


def done(database: Database, *words: object) -> dict[str, Any]:
    told = gridkeeper_within(database, *words)
    assert told.code == 0, told.err
    return told.facts


def minutes_by_networkx(file: Path, stations: np.ndarray, buildings: np.ndarray) -> np.ndarray:
    """From places in metres to the nearest station, every vertex of every walked street being a node."""
    streets = read_features(file, layer="streets").to_crs(SRID)
    walked = streets[~streets["kind"].isin(NOT_WALKED)]
    graph = nx.Graph()
    for line, kind in zip(walked.geometry, walked["kind"], strict=True):
        for one, other in zip(line.coords[:-1], line.coords[1:], strict=True):
            cost = float(np.hypot(*np.subtract(one, other))) * SLOWER.get(kind, 1.0)
            if one != other and not (graph.has_edge(one, other) and graph[one][other]["cost"] <= cost):
                graph.add_edge(one, other, cost=cost)
    big = [nodes for nodes in nx.connected_components(graph) if graph.subgraph(nodes).size("cost") >= 500]
    graph = graph.subgraph(set().union(*big)).copy()
    edges = list(graph.edges(data="cost"))
    tree = shapely.STRtree(shapely.linestrings([(one, other) for one, other, _ in edges]))
    stations_on: dict[int, list[tuple[int, float, float]]] = {}
    for kind, points in (("station", stations), ("building", buildings)):
        places = shapely.points(points)
        for number, (place, edge) in enumerate(zip(places, tree.nearest(places), strict=True)):
            one, other, cost = edges[edge]
            share = tree.geometries[edge].project(place, normalized=True)
            leg = tree.geometries[edge].distance(place)
            if kind == "station":
                stations_on.setdefault(int(edge), []).append((number, share, leg))
            for station, at, first in stations_on.get(int(edge), []) if kind == "building" else ():
                graph.add_edge((kind, number), ("station", station), cost=first + abs(share - at) * cost + leg)
            if leg <= 500:
                graph.add_edge((kind, number), one, cost=leg + share * cost)
                graph.add_edge((kind, number), other, cost=leg + (1 - share) * cost)
    # Nobody walks through a building that is on the way.
    buildings_in = [node for node in graph if node[0] == "building"]
    ways = nx.multi_source_dijkstra_path_length(
        graph.subgraph(set(graph) - set(buildings_in)), [node for node in graph if node[0] == "station"], weight="cost"
    )
    found = np.full(len(buildings), np.inf)
    for node in buildings_in:
        found[node[1]] = min((ways.get(to, np.inf) + way["cost"] for to, way in graph[node].items()), default=np.inf)
    return found / 80


def test_walks_in_helsinki_are_those_of_networkx_and_cover_its_people(
    database: Database, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    extract = shared_data / "buildings/helsinki_center.osm.pbf"
    raster = shared_data / "buildings/helsinki_population_grid_2020.gpkg"
    squares = geopandas.read_file(raster)
    grids = tmp_path / "grids.gpkg"
    squares.assign(code=squares["id"].astype(str)).to_file(grids)
    done(database, "import", "grids", grids, "--scheme", "helsinki", "--accept-problems")
    for theme, count in (("streets", 2525), ("buildings", 494), ("places", 96)):
        read = done(database, "import", theme, extract, "--tree", "helsinki")
        assert (read["read"], read["stored"] + read["quarantined"]) == (count, count)
    spread = done(database, "import", "population", raster, "--tree", "helsinki", "--people", "population")
    assert spread["people"] == squares["population"].sum() == spread["people_given"] + spread["people_without_building"]

    with Session(database.app) as session:
        what = meant(session, SERVICE)
        assert what.scheme.metric_srid == SRID
        found, told, more = reached(session, what), reach(session, SERVICE), sites(session, SERVICE, k=2)
    at = [
        np.column_stack(points_to_metric(one.lon, one.lat, srid=SRID)) for one in (found.stations, found.city.buildings)
    ]
    expected = minutes_by_networkx(extract, *at)
    ours = found.minutes
    assert (np.isinf(ours) == np.isinf(expected)).all()
    known = np.isfinite(expected)
    off = np.abs(ours[known] - expected[known]) / expected[known]
    total = told["total"]
    with capsys.disabled():
        print(
            f"\nHelsinki: {known.sum()} of {len(ours)} buildings lead to one of {len(told['stations'])} pharmacies, "
            f"at most {off.max():.2%} off networkx; within {SERVICE.minutes:g} minutes {total['people_within']} of "
            f"{total['people']} people ({total['people_share']:.1%}), {total['buildings_within']} buildings; one more: "
            f"{more['sites'][0]['gains_people']} people"
        )
    assert known.sum() == 474
    assert off.max() < 0.05
    assert total["people"] == spread["people_given"]
    assert total["people_share"] == pytest.approx(0.451, abs=0.005)
