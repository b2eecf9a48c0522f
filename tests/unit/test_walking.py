"""Walks along streets, beside shortest paths that a library of others finds on a graph of its own."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import shapely
from shapely import LineString

from gis.population import people_of_cells
from gis.reach_areas import cut_by_minutes, ground_within
from gis.siting import best_sites
from gis.walking import NO_WAY, access, network, walk
from gis.walking_joined import joined

METRES_A_MINUTE = 80.0


def crooked_town(seed, *, side=9, gone=0.25):
    """Streets of a town on whole metres: a bent lattice from which some are gone, a ring, and a double street."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * 100 + rng.integers(
        -20, 21, (side, side, 2)
    )
    lines = []
    for one, other in ((corner[:, :-1], corner[:, 1:]), (corner[:-1], corner[1:])):
        for begin, end in zip(one.reshape(-1, 2), other.reshape(-1, 2), strict=True):
            if rng.random() > gone:
                lines.append(LineString([begin, (begin + end) // 2 + rng.integers(-9, 10, 2), end]))
    ring = corner[0, 0] + np.array([[0, 0], [-50, 0], [-50, -50], [0, 0]])
    double = LineString([corner[1, 1], corner[1, 1] + [30, 70], corner[2, 1]])
    return np.array([*lines, LineString(ring), double], dtype=object)


def by_networkx(lines, slower, stations, places):
    """Cost from each place to the nearest station, on a graph of single straight pieces cut at every foot of a leg."""
    pieces = [(a, b, factor) for line, factor in zip(lines, slower, strict=True) for a, b in pairwise(line.coords)]
    shapes, feet = shapely.linestrings([(a, b) for a, b, _ in pieces]), {}
    for kind, points in (("station", stations), ("place", places)):
        for number, here in enumerate(shapely.points(points)):
            far = shapely.distance(shapes, here)
            nearest = int(far.argmin())
            feet.setdefault(nearest, []).append((shapes[nearest].project(here), (kind, number), far[nearest]))
    graph = nx.Graph()

    def join(one, other, cost):
        if not graph.has_edge(one, other) or graph[one][other]["cost"] > cost:
            graph.add_edge(one, other, cost=cost)

    for number, (a, b, factor) in enumerate(pieces):
        long = np.hypot(*np.subtract(a, b))
        stops = sorted(
            [(0.0, a, 0.0), (long, b, 0.0), *((at, ("foot", who), leg) for at, who, leg in feet.get(number, []))],
            key=lambda stop: stop[0],
        )
        for (at, one, _), (then, other, _) in pairwise(stops):
            join(one, other, (then - at) * factor)
        for _, foot, leg in stops:
            if foot[0] == "foot":
                join(foot, foot[1], leg)
    found = nx.multi_source_dijkstra_path_length(graph, [("station", k) for k in range(len(stations))], weight="cost")
    return np.array([found.get(("place", k), np.inf) for k in range(len(places))])


@pytest.mark.parametrize("seed", range(3))
def test_walks_are_as_long_as_those_of_networkx(seed):
    lines, rng = crooked_town(seed), np.random.default_rng(seed)
    slower = rng.choice([1.0, 2.0], len(lines), p=[0.8, 0.2])
    made = network(lines, slower=slower)
    stations, places = rng.uniform(-30, 830, (5, 2)), rng.uniform(-30, 830, (150, 2))
    walked = walk(made, access(made, *stations.T, most_m=500))
    metres, by = walked.of(access(made, *places.T, most_m=500))
    expected = by_networkx(lines, slower, stations, places)
    assert (np.isinf(metres) == np.isinf(expected)).all()
    known = np.isfinite(expected)
    assert known.sum() > 100
    assert np.abs(metres[known] - expected[known]).max() < 1e-6
    # The station that is named is the one whose walk this is.
    for station in range(5):
        alone = walk(made, access(made, *stations[[station]].T, most_m=500)).of(access(made, *places.T, most_m=500))[0]
        assert np.abs(alone[by == station] - metres[by == station]).max(initial=0) < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_streets_are_cut_where_the_minutes_change_and_nothing_of_them_is_lost(seed):
    lines, rng = crooked_town(seed, gone=0.4), np.random.default_rng(seed)
    made = network(lines)
    walked = walk(made, access(made, *rng.uniform(0, 800, (4, 2)).T, most_m=500))
    cuts = cut_by_minutes(walked, METRES_A_MINUTE, step=1)
    assert shapely.length(cuts.lines).sum() == pytest.approx(shapely.length(lines).sum())
    for share in (0.01, 0.5, 0.99):
        middle = shapely.get_coordinates(shapely.line_interpolate_point(cuts.lines, share, normalized=True))
        minutes = walked.of(access(made, *middle.T, most_m=500))[0] / METRES_A_MINUTE
        assert (np.isinf(minutes) == np.isinf(cuts.minutes)).all()
        known = np.isfinite(minutes)
        assert (minutes[known] <= cuts.minutes[known] + 1e-6).all()
        assert (np.ceil(minutes[known] - 1e-6) >= np.ceil(cuts.minutes[known] - 1e-6)).all()
    near, far = ground_within(walked, np.array([200.0, 400.0]), beside_m=25)
    # Round ends of buffers are not quite round: half a metre.
    assert far.buffer(0.6).contains(near)
    assert (shapely.distance(far, cuts.lines[cuts.minutes <= 400 / METRES_A_MINUTE]) == 0).all()
    beyond = cuts.lines[cuts.minutes > 1 + 400 / METRES_A_MINUTE]
    assert not far.buffer(-24.9).intersects(beyond).any()


def test_of_two_stations_on_one_street_each_place_has_the_nearer():
    made = network(shapely.from_wkt(["LINESTRING (0 0, 100 0)"]))
    stations = access(made, [20.0, 80.0, 80.0], [0.0, 0.0, 9.0], most_m=50)
    metres, by = walk(made, stations).of(access(made, [0.0, 45.0, 70.0, 100.0], np.zeros(4), most_m=50))
    assert metres.tolist() == [20.0, 25.0, 10.0, 20.0]
    assert by.tolist() == [0, 0, 1, 1]
    cuts = cut_by_minutes(walk(made, stations), 10, step=1)
    assert cuts.minutes.max() == 3
    assert shapely.length(cuts.lines).sum() == 100


def test_a_network_of_nothing_leads_nowhere():
    none = network(np.array([], dtype=object))
    assert access(none, [1.0], [1.0], most_m=9).edge.tolist() == [NO_WAY]
    made = network(shapely.from_wkt(["LINESTRING (0 0, 100 0)", None, "LINESTRING EMPTY"]))
    for streets in (none, made):
        nobody = walk(streets, access(streets, [], [], most_m=9))
        metres, by = nobody.of(access(streets, [1.0], [1.0], most_m=9))
        assert (metres.tolist(), by.tolist()) == ([np.inf], [-1])
        assert not np.isfinite(cut_by_minutes(nobody, 80, step=1).minutes).any()
        assert ground_within(nobody, np.array([100.0]), beside_m=9)[0].is_empty


def test_pieces_are_told_and_small_ones_passed_over():
    made = network(
        shapely.from_wkt(["LINESTRING (0 0, 100 0)", "LINESTRING (0 10, 20 10)", "LINESTRING (500 0, 900 0)"])
    )
    assert made.piece_m.tolist() == [400, 100, 20]
    assert access(made, [5.0], [9.0], most_m=50).leg_m.tolist() == [1]
    assert access(made, [5.0], [9.0], most_m=50, least_piece_m=50).leg_m.tolist() == [9]


def test_crossings_and_ends_that_fall_short_are_joined_and_bridges_left_alone_unless_asked():
    lines = shapely.from_wkt(["LINESTRING (0 0, 100 0)", "LINESTRING (50 -50, 50 50)", "LINESTRING (80 0.4, 80 60)"])
    assert len(network(lines).piece_m) == 3
    whole = network(joined(lines, within_m=0.5))
    assert len(whole.piece_m) == 1
    assert whole.length_m.sum() == pytest.approx(259.6, abs=0.1)
    assert len(network(joined(lines, within_m=0.3)).piece_m) == 2
    # What is joined already stays as it is.
    town = crooked_town(7, gone=0)
    assert network(joined(town, within_m=1)).length_m.sum() == pytest.approx(network(town).length_m.sum())


@pytest.mark.parametrize("seed", range(3))
def test_the_best_sites_are_those_that_trying_all_would_find(seed):
    lines, rng = crooked_town(seed, side=7), np.random.default_rng(seed)
    made = network(lines)
    x, y = rng.uniform(0, 600, (2, 80))
    weight, at = rng.integers(0, 9, 80), access(made, x, y, most_m=100)
    found = best_sites(made, at, x, y, weight, limit_m=150, count=3, apart_m=1)
    lacks = np.ones(80, dtype=bool)
    for site in found:
        gains = []
        for place in made.node_xy:
            metres = walk(made, access(made, *place[:, None], most_m=1)).of(at)[0]
            gains.append(weight[lacks & (metres <= 150)].sum())
        assert site.gain == max(gains)
        assert gains[site.node] == site.gain == weight[site.places].sum()
        assert lacks[site.places].all()
        lacks[site.places] = False


def test_nothing_is_proposed_where_nothing_lacks():
    made = network(crooked_town(1))
    nowhere = access(made, [], [], most_m=1)
    assert best_sites(made, nowhere, [], [], [], limit_m=100, count=3) == []
    far = access(made, [9e6], [9e6], most_m=1)
    assert best_sites(made, far, [9e6], [9e6], [1], limit_m=100, count=3) == []
    idle = access(made, [0.0], [0.0], most_m=100)
    assert best_sites(made, idle, [0.0], [0.0], [0], limit_m=100, count=3) == []
    # Neither a limit of a step nor a place in another country takes more memory than a city.
    near = access(made, [0.0, 3e6], [0.0, 3e6], most_m=1e8)
    assert best_sites(made, near, [0.0, 3e6], [0.0, 3e6], [1, 1], limit_m=0.5, count=3) == []


def test_people_of_cells_are_whole_and_add_up():
    rng = np.random.default_rng(5)
    cells = shapely.box(*np.array([(c, r, c + 1, r + 1) for c in range(6) for r in range(5)]).T)
    people, (x, y) = rng.integers(0, 400, 30), rng.uniform(-0.5, 6, (2, 200))
    found, homeless = people_of_cells(cells, people, x, y, rng.choice([0.0, 40.0, 900.0], 200))
    inside = shapely.intersects_xy(shapely.box(0, 0, 6, 5), x, y)
    assert ((found >= 0) == inside).all()
    assert found[inside].sum() + homeless.sum() == people.sum()
    assert people_of_cells(cells, people, [], [], [])[1].tolist() == people.tolist()
