"""Rasters in metres as pictures for web maps, and hours of the day as the clock of a city shows them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gis.crs import WEB_SRID, transformer
from gis.wall_clock import HOUR_US, local_days, microseconds, shown_hours
from gis.web_image import web_image

# Three degrees from the middle of its zone, where the grid of the metric CRS lies askew.
SRID, WEST_M, SOUTH_M = 4547, 770_000.0, 4_400_000.0


def test_every_pixel_is_taken_from_its_place_in_the_raster():
    image = web_image((450, 300), west_m=WEST_M, south_m=SOUTH_M, cell_m=100, srid=SRID, most_px=500)
    rows, columns = np.meshgrid(np.arange(image.height) + 0.5, np.arange(image.width) + 0.5, indexing="ij")
    to_web = transformer(4326, WEB_SRID)
    (west, east), (south, north) = to_web.transform([image.west, image.east], [image.south, image.north])
    web_x = west + columns / image.width * (east - west)
    web_y = north - rows / image.height * (north - south)
    x, y = transformer(WEB_SRID, SRID).transform(web_x, web_y)
    assert np.abs(image.column - ((np.array(x) - WEST_M) / 100 - 0.5)).max() < 0.01
    assert np.abs(image.row - ((np.array(y) - SOUTH_M) / 100 - 0.5)).max() < 0.01
    plane = np.add.outer(np.arange(450) * 2.0, np.arange(300) * 3.0)
    shown = image.of(plane)
    inside = np.isfinite(shown)
    # The raster lies askew in the picture: its corners touch the edges, and beside it there is nothing.
    assert 0.85 < inside.mean() < 1
    deep = inside & (np.minimum(image.row, image.column) > 9) & (image.row < 440) & (image.column < 290)
    assert np.abs(shown - (image.row * 2 + image.column * 3))[deep].max() < 0.01


def test_a_smooth_surface_keeps_its_peak_and_a_hole_stays_a_hole():
    cells = np.arange(60) - 30.3
    bump = np.exp(-np.add.outer(cells**2, cells**2) / (2 * 5**2))
    image = web_image(bump.shape, west_m=500_000, south_m=3_800_000, cell_m=40, srid=SRID, most_px=117)
    exact = np.exp(-((image.row - 30.3) ** 2 + (image.column - 30.3) ** 2) / (2 * 5**2))
    shown = image.of(bump)
    assert np.nanmax(np.abs(shown - exact)) < 5e-4
    bump[30, 30] = np.nan
    holed = image.of(bump)
    near = np.hypot(image.row - 30, image.column - 30)
    assert np.isnan(holed[near < 0.9]).all()
    assert np.isfinite(holed[(near > 1.5) & np.isfinite(shown)]).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 1)])
def test_the_smallest_rasters_have_a_picture(shape):
    image = web_image(shape, west_m=500_000, south_m=3_800_000, cell_m=40, srid=SRID, most_px=500)
    assert np.nanmax(image.of(np.full(shape, 2.0))) == pytest.approx(2)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai", "America/St_Johns"])
def test_hours_are_what_the_clock_shows_when_it_is_changed_too(zone):
    clock = ZoneInfo(zone)
    days = local_days(date(2026, 1, 1), date(2026, 12, 31), clock, most=365)
    at = np.arange(days[0].start, days[-1].end, 7 * HOUR_US // 8)
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    shown = [(begin + timedelta(microseconds=us)).astimezone(clock).hour for us in at.tolist()]
    assert shown_hours(at, days, clock).tolist() == shown
    assert days[0].start == microseconds(datetime(2026, 1, 1, tzinfo=clock))
