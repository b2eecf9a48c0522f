"""Coverages as files that every process maps into memory instead of building its own.

A file is named after one version of a scheme's boundaries (`scheme_versions.snapshot_id`), which never change, so it is
right for ever or not there. It is written aside, brought to the disk and renamed, so nobody ever reads half of one.
It holds a line of JSON that says where each array begins, and the arrays as they lie in memory.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from data.kept_files import alone, put
from data.settings import DatabaseSettings
from gis.borders import Borders
from gis.errors import GridError
from gis.kernel import BORDER, EDGE, RUN
from gis.locator import Locator
from gis.ownership import Coverage
from gis.raster import Raster

# Goes up with every change to the arrays' layout or to what a kernel reads out of them.
_FORMAT = "gridkeeper coverage 1"
_ALIGN = 64
_HEADER = 4096
_MOST_FILES, _MOST_BYTES = 256, 8 << 30
_KINDS = {
    "grid_no": np.dtype(np.int32),
    "table": np.dtype(np.int32),
    "border": BORDER,
    "edges": EDGE,
    "xy": np.dtype(np.float64),
    "runs": RUN,
    "cell_start": np.dtype(np.int32),
    "boxes": np.dtype(np.float64),
}


def shared_coverage(name: str, build: Callable[[], Coverage]) -> Coverage:
    """The coverage in the file of this name; where there is none, the first process to ask builds and writes it.

    Args:
        name: Unique to one version of boundaries and one metric CRS.
        build: Makes the coverage.

    Raises:
        GridError: `snapshot_not_written`, or whatever `build` raises.
    """
    folder = DatabaseSettings().home / "coverages"
    path = folder / f"{name}.coverage"
    try:
        found = _load(path)
        if found is not None:
            return found
        with alone(folder):
            found = _load(path)
            if found is None:
                _save(build(), path)
                _forget_oldest(folder)
    except OSError as error:
        raise GridError(
            "snapshot_not_written",
            f"The boundaries could not be written to {folder} ({error.strerror}); GRIDKEEPER_HOME must name a folder "
            "that this user may write to, with room in it.",
            field="GRIDKEEPER_HOME",
            value=str(folder),
        ) from error
    return found or _require(_load(path), path)


def _require(found: Coverage | None, path: Path) -> Coverage:
    if found is None:
        raise GridError("snapshot_not_written", f"The file {path} was gone or broken right after it was written.")
    return found


def _save(coverage: Coverage, path: Path) -> None:
    raster, borders = coverage.locator.raster, coverage.borders
    arrays: dict[str, NDArray[Any]] = {
        "grid_no": coverage.locator.grid_no,
        "table": raster.table,
        "border": raster.border[: raster.borders],
        "edges": raster.edges[: raster.edges_used],
        "xy": borders.xy,
        "runs": borders.runs,
        "cell_start": borders.cell_start,
        "boxes": borders.boxes,
    }
    starts, end = {}, _HEADER
    for key, array in arrays.items():
        starts[key] = end
        end += -(-array.nbytes // _ALIGN) * _ALIGN
    frame = {name: getattr(raster, name) for name in ("origin", "shift", "columns", "rows")}
    header = {
        "format": _FORMAT,
        "bytes": end,
        "raster": frame,
        "levels": borders.levels,
        "metric_srid": coverage.metric_srid,
        "bounds": coverage.bounds,
        "arrays": {key: (starts[key], *array.shape) for key, array in arrays.items()},
    }

    def write(sink: BinaryIO) -> None:
        sink.write(json.dumps(header).encode().ljust(_HEADER))
        for key, array in arrays.items():
            sink.seek(starts[key])
            sink.write(np.ascontiguousarray(array).data)
        sink.truncate(end)

    put(path, write)


def _load(path: Path) -> Coverage | None:
    """The coverage in a file, or None where there is no such file or another version of Gridkeeper wrote it."""
    try:
        whole = np.memmap(path, dtype=np.uint8, mode="r")
    except (FileNotFoundError, ValueError):  # numpy says ValueError of an empty file
        return None
    try:
        header = json.loads(bytes(whole[:_HEADER]))
    except ValueError:
        return None
    if header.get("format") != _FORMAT or header["bytes"] != len(whole):
        return None
    os.utime(path)  # so that what is used is not forgotten
    arrays = {}
    for key, (start, *shape) in header["arrays"].items():
        stop = start + math.prod(shape) * _KINDS[key].itemsize
        arrays[key] = whole[start:stop].view(_KINDS[key]).reshape(shape)
    xy, runs, cell_start, boxes = (arrays.pop(key) for key in ("xy", "runs", "cell_start", "boxes"))
    borders = Borders(xy, runs, cell_start, boxes, tuple(header["levels"]))
    grid_no = arrays.pop("grid_no")
    frame = header["raster"]
    raster = Raster(
        tuple(frame["origin"]),
        frame["shift"],
        frame["columns"],
        frame["rows"],
        **arrays,
        borders=len(arrays["border"]),
        edges_used=len(arrays["edges"]),
    )
    return Coverage.of_parts(
        Locator.of_raster(raster, grid_no), borders, metric_srid=header["metric_srid"], bounds=tuple(header["bounds"])
    )


def _forget_oldest(folder: Path) -> None:
    """Keep the files used last; whoever has one of the others mapped goes on reading it."""
    files = sorted(folder.glob("*.coverage"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = np.cumsum([path.stat().st_size for path in files])
    for place, path in enumerate(files):
        if place >= _MOST_FILES or (place and total[place] > _MOST_BYTES):
            path.unlink(missing_ok=True)
