"""Coverages in files: built once, mapped by all, never half there."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import shapely

from data import snapshots
from data.snapshots import shared_coverage
from gis.errors import GridError
from gis.ownership import Coverage
from tests.meshes import Mesh


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRIDKEEPER_HOME", str(tmp_path))
    return tmp_path / "coverages"


def mesh() -> Mesh:
    return Mesh(np.random.default_rng(4), across=12, owners=20)


def built() -> Coverage:
    return Coverage(*mesh().cells(), metric_srid=4547)


def unexpected() -> Coverage:
    raise AssertionError("it was there already")


def judged(coverage: Coverage) -> list[list[float]]:
    lon, lat = mesh().points(4000)
    found = coverage.judge(lon, lat, near_limit_m=10, far_limit_m=5000)
    return [np.nan_to_num(getattr(found, field.name), nan=-2).tolist() for field in fields(found)]


def test_a_coverage_from_a_file_judges_as_the_one_that_was_built(folder):
    fresh = shared_coverage("one", built)
    mapped = shared_coverage("one", unexpected)
    assert judged(mapped) == judged(fresh) == judged(built())
    assert (mapped.bounds, mapped.metric_srid) == (built().bounds, 4547)


def test_every_process_maps_the_file_read_only(folder):
    raster = shared_coverage("one", built).locator.raster
    assert not any(array.flags.writeable for array in (raster.table, raster.border, raster.edges))


def test_borders_moved_in_a_mapped_locator_leave_the_file_as_it_was(folder):
    ours = mesh()
    before = dict(zip(*reversed(ours.cells()), strict=True))
    locator = shared_coverage("one", built).locator
    for _ in range(20):
        touched = ours.edit()
        after = {owner: ours.cell(owner) for owner in touched}
        locator.replace([before[owner] for owner in touched], list(after.values()), touched)
        before |= after
    assert judged(shared_coverage("one", unexpected)) == judged(built())


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" + data[1:]])
def test_a_file_that_is_not_whole_is_built_again(folder, damage: Callable[[bytes], bytes]):
    shared_coverage("one", built)
    path = folder / "one.coverage"
    path.write_bytes(damage(path.read_bytes()))
    assert judged(shared_coverage("one", built)) == judged(built())
    shared_coverage("one", unexpected)


def test_what_a_crash_left_aside_is_written_over(folder):
    folder.mkdir()
    (folder / "aside").write_bytes(b"half a file")
    assert judged(shared_coverage("one", built)) == judged(built())
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "one.coverage"]


def test_a_file_of_another_format_is_built_again(folder, monkeypatch):
    monkeypatch.setattr(snapshots, "_FORMAT", "gridkeeper coverage 0")
    shared_coverage("one", built)
    monkeypatch.undo()
    monkeypatch.setenv("GRIDKEEPER_HOME", str(folder.parent))
    assert judged(shared_coverage("one", built)) == judged(built())


def build_and_tell(note: Path) -> Coverage:
    with note.open("a") as sink:
        sink.write(f"{os.getpid()}\n")
    return built()


def ask(note: Path) -> int:
    return len(shared_coverage("one", lambda: build_and_tell(note)).locator.grid_no)


def test_processes_that_ask_at_once_build_it_once(folder, tmp_path):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(ask, [tmp_path / "note"] * 6, chunksize=1) == [20] * 6
    assert len((tmp_path / "note").read_text().splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "one.coverage"]


def test_a_coverage_that_is_refused_leaves_no_file(folder):
    with pytest.raises(GridError, match="overlap"):
        shared_coverage("two", lambda: Coverage(shapely.box([0, 1], 0, [2, 3], 1), [1, 2], metric_srid=32631))
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_no_grids_at_all_are_fine(folder):
    empty = shared_coverage("none", lambda: Coverage([], [], metric_srid=32631))
    assert empty.owners([0.5], [0.5]).tolist() == [-1]


def test_a_folder_that_cannot_be_written_is_named(folder):
    folder.write_text("in the way")
    with pytest.raises(GridError) as refused:
        shared_coverage("one", built)
    assert (refused.value.code, refused.value.field) == ("snapshot_not_written", "GRIDKEEPER_HOME")


def test_the_files_used_last_are_kept(folder, monkeypatch):
    monkeypatch.setattr(snapshots, "_MOST_FILES", 2)
    for name in ("a", "b", "c"):
        shared_coverage(name, built)
        os.utime(folder / f"{name}.coverage", (ord(name), ord(name)))
    shared_coverage("b", unexpected)
    shared_coverage("d", built)
    assert sorted(path.name for path in folder.glob("*.coverage")) == ["b.coverage", "d.coverage"]
