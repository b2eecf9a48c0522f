"""A point exactly on a long border, between its vertices: both engines and the check know that it is on it."""

from datetime import UTC, datetime

import geopandas
import numpy as np
import shapely
from shapely import box

from gis.ownership import Coverage
from layers.actor import SYSTEM
from layers.cases.assign import decide
from layers.cases.check import check
from layers.cases.intake import Report, receive
from layers.grids.intake import GridColumns, import_grids
from layers.grids.lookup import places_at
from layers.grids.schemes import SchemeSpec

# A border that runs obliquely over 11 km, so that the metric CRS bends it by millimetres.
WEST = shapely.Polygon([(113.5, 34.5), (113.5625, 34.5), (113.625, 34.5625), (113.5, 34.5625)])
EAST = shapely.Polygon([(113.5625, 34.5), (113.75, 34.5), (113.75, 34.5625), (113.625, 34.5625)])
ON_IT = [(113.5625 + step * 2.0**-9, 34.5 + step * 2.0**-9) for step in range(1, 32)]


def test_a_point_between_the_vertices_of_a_border_is_on_it_everywhere(session):
    frame = geopandas.GeoDataFrame({"code": ["a", "b"], "row_no": [1, 2]}, geometry=[EAST, WEST], crs=4326)
    import_grids(session, SYSTEM, frame, spec=SchemeSpec(name="two"), columns=GridColumns(code="code"), file="two")
    coverage = Coverage([EAST, WEST], [1, 2], metric_srid=4547)
    lon, lat = np.array(ON_IT).T
    found = coverage.judge(lon, lat, near_limit_m=10, far_limit_m=5000)
    assert found.own.tolist() == [0] * len(ON_IT)
    assert found.edge_distance_m.tolist() == [0.0] * len(ON_IT)
    for x, y in ON_IT[::6]:
        places = places_at(session, x, y, at=datetime.now(UTC), scheme="two")
        assert places[0].grid is not None
        assert (places[0].grid.code, places[0].edge_distance_m) == ("a", 0.0)
        assert decide(places, None).reasons[0]["code"] == "on_border"
        receive(session, SYSTEM, Report(x=x, y=y, datum="wgs84", scheme="two"))
    assert check(session, scheme="two").differences == []


def test_a_point_one_lattice_unit_beside_a_border_is_not_on_it():
    coverage = Coverage([box(113.5, 34.5, 113.625, 34.5625)], [1], metric_srid=4547)
    found = coverage.judge([113.5625, 113.5625], [34.5, 34.5 + 2.0**-24], near_limit_m=10, far_limit_m=5000)
    assert found.edge_distance_m[0] == 0
    assert 0.004 < found.edge_distance_m[1] < 0.012
