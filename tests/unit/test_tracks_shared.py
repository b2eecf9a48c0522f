"""Real traces: lengths, times and stops beside those of MovingPandas, whatever the order in which fixes came."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import geopandas as gpd
import movingpandas
import numpy as np
import pandas as pd
import pyogrio
import pytest

from gis.quality import Demands, carries, quality
from gis.tracks import SPEEDS_MS, Fate, Kind, Limits, Track, tracked
from gis.wall_clock import SECOND_US

pytestmark = [pytest.mark.shared_data, pytest.mark.filterwarnings("ignore:The inplace keyword")]

# These people also drive.
BY_CAR = Limits(max_speed_ms=SPEEDS_MS["car"])


def trace_of(times: pd.Series, lon: np.ndarray, lat: np.ndarray, order: np.ndarray | None = None) -> Track:
    at = times.dt.as_unit("us").astype("int64").to_numpy()
    order = np.arange(len(at)) if order is None else order
    return tracked(at[order], lon[order], lat[order], np.full(len(order), np.nan), limits=BY_CAR)


def theirs(track: Track) -> movingpandas.Trajectory:
    """The kept fixes of a track as MovingPandas takes them."""
    times = pd.DatetimeIndex(pd.to_datetime(track.at, unit="us"), name="t")
    points = gpd.GeoDataFrame(index=times, geometry=gpd.points_from_xy(track.lon, track.lat), crs=4326)
    return movingpandas.Trajectory(points, 1)


def parts_of(track: Track) -> list[movingpandas.Trajectory]:
    """The same, split by MovingPandas where there is a gap."""
    gap = timedelta(seconds=track.limits.gap_s)
    return list(movingpandas.ObservationGapSplitter(theirs(track)).split(gap=gap).trajectories)


@pytest.fixture(scope="module")
def five(shared_data: Path) -> list[Track]:
    """The five trajectories of the small GeoLife file."""
    fixes = pyogrio.read_dataframe(shared_data / "tracks/geolife_small.gpkg")
    fixes["t"] = pd.to_datetime(fixes["t"], utc=True)
    parts = [part for _, part in fixes.groupby("trajectory_id")]
    return [trace_of(part["t"], part.geometry.x.to_numpy(), part.geometry.y.to_numpy()) for part in parts]


@pytest.fixture(scope="module")
def ten(shared_data: Path) -> pd.DataFrame:
    """The fixes of GeoLife's ten users (the file has eleven)."""
    return pd.read_parquet(shared_data / "tracks/geolife_10users.parquet")


@pytest.fixture(scope="module")
def one_user(ten: pd.DataFrame) -> Track:
    """Eleven days of the first of them."""
    own = ten[ten["user"] == "000"]
    return trace_of(own["tracked_at"], own["lon"].to_numpy(), own["lat"].to_numpy())


def test_lengths_and_times_are_those_of_moving_pandas(five, one_user):
    for track in [*five, one_user]:
        whole = theirs(track)
        assert track.legs.length_m.sum() == pytest.approx(whole.get_length(), rel=1e-9)
        assert track.legs.seconds.sum() == whole.get_duration().total_seconds()


def test_what_lies_between_gaps_is_as_long_and_lasts_as_long_as_moving_pandas_says(five, one_user):
    for track in [*five, one_user]:
        parts, silent = parts_of(track), track.legs.seconds > track.limits.gap_s
        assert track.legs.length_m[~silent].sum() == pytest.approx(sum(one.get_length() for one in parts), rel=1e-9)
        lasts_s = sum(one.get_duration().total_seconds() for one in parts)
        assert track.legs.seconds[~silent].sum() == pytest.approx(lasts_s)
        assert (track.legs.kind[silent] == Kind.gap).all()


def test_stops_agree_with_moving_pandas_in_at_least_four_fifths_of_their_time(five, one_user):
    """It measures the width of a stop across a box around it, so its stops are a little shorter and one more or less
    lasts long enough."""
    width_m, least = 2 * BY_CAR.stop_radius_m, timedelta(seconds=BY_CAR.stop_min_s)
    for tracks in (five, [one_user]):
        ours_s = theirs_s = both_s = 0.0
        for track in tracks:
            ours = [(track.at[a], track.at[b]) for a, b in zip(track.stops.first, track.stops.last, strict=True)]
            detectors = [movingpandas.TrajectoryStopDetector(part, n_processes=1) for part in parts_of(track)]
            found = [stop for one in detectors for stop in one.get_stop_time_ranges(width_m, least)]
            other = [[int(end.timestamp() * SECOND_US) for end in (one.t_0, one.t_n)] for one in found]
            assert abs(len(ours) - len(other)) <= 1
            ours_s += sum(b - a for a, b in ours) / SECOND_US
            theirs_s += sum(b - a for a, b in other) / SECOND_US
            both_s += sum(max(min(b, d) - max(a, c), 0) for a, b in ours for c, d in other) / SECOND_US
        assert both_s / (ours_s + theirs_s - both_s) >= 0.8
        assert ours_s == pytest.approx(theirs_s, rel=0.1)


def test_ten_users_give_the_same_traces_in_any_order_and_all_their_fixes_are_accounted_for(ten):
    rng, count = np.random.default_rng(6), 0
    for _, own in ten.groupby("user"):
        fixes = own["tracked_at"], own["lon"].to_numpy(), own["lat"].to_numpy()
        once, again = trace_of(*fixes), trace_of(*fixes, order=rng.permutation(np.tile(np.arange(len(own)), 2)))
        assert sum(again.counts().values()) == 2 * len(own)
        assert [again.counts().get(fate) for fate in (Fate.kept, Fate.too_fast)] == [
            once.counts().get(fate) for fate in (Fate.kept, Fate.too_fast)
        ]
        for name in ("at", "lon", "lat"):
            assert np.array_equal(getattr(once, name), getattr(again, name))
        assert np.array_equal(once.legs.kind, again.legs.kind)
        assert np.array_equal(once.stops.dwell_s, again.stops.dwell_s)
        # One of them went by train, which no class of ours does.
        assert once.counts()[Fate.kept] >= 0.8 * len(own)
        count += sum(once.counts().values())
    assert count == len(ten) == 164_531


def test_fixes_of_every_ten_minutes_carry_no_rate(shared_data: Path):
    every = gpd.read_parquet(shared_data / "tracks/earthranger_patrols_2015.parquet")
    own = every[every["patrol_id"] == every["patrol_id"].mode()[0]]
    track = trace_of(own["fixtime"], own.geometry.x.to_numpy(), own.geometry.y.to_numpy())
    found = quality([(track, (int(track.at[0]), int(track.at[-1])))])
    assert found.interval_median_s == pytest.approx(600, abs=60)
    assert {"too_sparse", "too_many_gaps"} <= {one.code for one in carries(found, Demands())}
