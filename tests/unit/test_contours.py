from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.contours import ground_above


def test_the_ground_above_a_level_is_that_of_the_field_with_its_holes_and_islands():
    y, x = np.mgrid[0:81, 0:101].astype(np.float64)
    away = np.hypot(x - 40, y - 40)
    field = np.maximum(10 - np.abs(away - 20), 6 - np.hypot(x - 85, y - 40))
    ground = ground_above(field, 2.0)
    ring = shapely.Point(40, 40).buffer(28, quad_segs=64) - shapely.Point(40, 40).buffer(12, quad_segs=64)
    exact = ring | shapely.Point(85, 40).buffer(4, quad_segs=64)
    assert ground.is_valid
    assert [len(part.interiors) for part in shapely.get_parts(ground)] == [1, 0]
    assert (ground ^ exact).area < 0.005 * exact.area
    assert ground.hausdorff_distance(exact) < 0.1


def test_opposite_corners_above_a_level_hang_together_and_the_rest_does_not():
    field = np.zeros((5, 5))
    field[1, 1] = field[2, 2] = field[3, 3] = field[1, 3] = 1
    ground = ground_above(field, 0.5)
    assert ground.geom_type == "Polygon"
    assert ground.is_valid
    assert all(shapely.contains_xy(ground, [1, 2, 3, 3], [1, 2, 3, 1]))
    assert not any(shapely.contains_xy(ground, [2, 1, 2, 3], [1, 2, 3, 2]))


def test_where_nothing_is_above_there_is_no_ground_and_what_leaves_the_field_is_refused():
    assert ground_above(np.zeros((3, 4)), 0.0).is_empty
    with pytest.raises(ValueError, match="along its rim"):
        ground_above(np.ones((3, 4)), 0.5)
