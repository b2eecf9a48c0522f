"""Broken coverages mended, ours beside maup's smart_repair: how long it takes and what is wrong afterwards.

Two real ones, Tainan's villages and Denver's precincts of 2018 (`../shared/data`; left out where that is not), and
coverages that were broken on purpose, so that the right answer is known. Ours gets cells as an import makes them, maup
the same file in metres. Pairs that overlap and slivers are counted in each answer as it is; for the rest both are
brought to the lattice and looked at as an import does.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import geopandas
import maup
import numpy as np
import pyogrio
import shapely
from rounds import Promise, Report, Row, Table, options

from gis.edges import Geometries
from gis.metric import to_metric
from gis.repair import repair
from gis.shapes import densify, to_cells
from gis.topology import overlapping, problems
from tests.breakages import broken

SHARED = Path(__file__).resolve().parents[3] / "shared/data/bad"
OURS, MAUP = "gridkeeper", "maup.smart_repair"
COLUMNS = [
    *("", "pairs", "slivers", "overlaps", "T-junctions"),
    *("narrow gaps", "wide gaps", "holes", "cells lost", "m2 moved"),
]
# What a gap is that should be closed, by its mean width; breakages are up to 2.7 m wide.
NARROW_M, BROKEN_NARROW_M = 1.0, 3.0
TOWN_SRID = 4547


# Of these there should be none: overlaps, T-junctions, narrow gaps, cells lost.
_TO_BE_GONE = (2, 3, 4, 7)
SLIVER_M2 = 1.0


@dataclass
class Patient:
    """A coverage to be mended.

    Attributes:
        name: What it is called.
        cells: As an import makes them (n,).
        plane: As the file has them, in metres (n,).
        srid: Its metric CRS.
        narrow_m: Gaps up to this mean width are to be closed.
        truth: How it was before it was broken, where that is known.
    """

    name: str
    cells: Geometries
    plane: Geometries
    srid: int
    narrow_m: float = NARROW_M
    truth: Geometries | None = None


@dataclass
class Score:
    """Seconds, and what was wrong afterwards, summed over patients."""

    seconds: float = 0.0
    faults: list[float] = field(default_factory=lambda: [0.0] * (len(COLUMNS) - 1))
    sound: int = 0
    wrong_m2: float = 0.0
    patients: int = 0

    def add(self, seconds: float, faults: list[float], wrong_m2: float) -> None:
        """One more patient."""
        self.seconds += seconds
        self.faults = [a + b for a, b in zip(self.faults, faults, strict=True)]
        self.sound += not any(faults[row] for row in _TO_BE_GONE)
        self.wrong_m2 += wrong_m2
        self.patients += 1


def real(name: str, file: str, srid: int, **reading: str) -> Patient:
    """A file of polygons as an import reads it."""
    frame = pyogrio.read_dataframe(SHARED / file, **reading)
    frame = frame.set_crs(srid) if frame.crs is None else frame
    cells, _ = to_cells(densify(frame.geometry.values, source_crs=frame.crs))
    return Patient(name, cells, np.asarray(frame.to_crs(srid).geometry.values), srid)


def by_us(patient: Patient) -> Geometries:
    """Mended by us."""
    labels = range(len(patient.cells))
    return repair(patient.cells, metric_srid=patient.srid, labels=labels, gap_limit_m=patient.narrow_m).cells


def by_maup(patient: Patient) -> Geometries:
    """Mended by maup, in metres."""
    frame = geopandas.GeoDataFrame(geometry=patient.plane, crs=patient.srid)
    with quiet():
        return np.asarray(maup.smart_repair(frame).geometry.values)


def slivers(polygons: Geometries, in_metres: Callable[[Geometries], Geometries]) -> float:
    """Holes of all polygons together that are smaller than a square metre."""
    parts = shapely.get_parts(shapely.union_all(polygons))
    holes = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    return float((shapely.area(in_metres(np.array(holes, dtype=object))) < SLIVER_M2).sum())


def judged(
    patient: Patient, cells: Geometries, own: Geometries, in_metres: Callable[[Geometries], Geometries]
) -> tuple[list[float], float]:
    """Faults and ground moved, and ground that is not as the truth has it, in square metres.

    Args:
        patient: What was mended.
        cells: The answer on the lattice.
        own: The answer as it was given.
        in_metres: Brings that to metres.
    """
    there = ~shapely.is_missing(cells) & ~shapely.is_empty(cells)
    found = problems(cells[there], metric_srid=patient.srid, labels=np.flatnonzero(there).tolist())
    narrow = [one for one in found if one.kind == "gap" and one.width_m <= patient.narrow_m]
    kinds = [one.kind for one in found]
    moved = apart_m2(patient.cells, cells, patient.srid)
    faults = [float(len(overlapping(own))), slivers(own, in_metres), kinds.count("overlap"), kinds.count("t_junction")]
    faults += [len(narrow), kinds.count("gap") - len(narrow)]
    wrong = 0.0 if patient.truth is None else apart_m2(patient.truth, cells, patient.srid)
    return [*faults, kinds.count("hole"), float((~there).sum()), moved], wrong


def apart_m2(one: Geometries, other: Geometries, srid: int) -> float:
    """How much ground cells have that differs."""
    both = np.where(shapely.is_missing(other), shapely.Polygon(), other)
    apart = shapely.symmetric_difference(one, both)
    return float(shapely.area(to_metric(apart, srid=srid)).sum())


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress and the advice of others."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def mended(patients: list[Patient], engine: str) -> Score:
    """All patients mended by one engine."""
    score = Score()
    for patient in patients:
        start = time.perf_counter()
        own = by_us(patient) if engine == OURS else by_maup(patient)
        seconds = time.perf_counter() - start
        if engine == OURS:
            score.add(seconds, *judged(patient, own, own, partial(to_metric, srid=patient.srid)))
        else:
            cells, _ = to_cells(densify(own, source_crs=patient.srid))
            score.add(seconds, *judged(patient, cells, own, np.asarray))
    return score


def before(patients: list[Patient]) -> Score:
    """What is wrong when nothing is mended."""
    score = Score()
    for patient in patients:
        score.add(0.0, *judged(patient, patient.cells, patient.plane, np.asarray))
    return score


def groups(*, quick: bool) -> dict[str, list[Patient]]:
    """Coverages by the name of their table."""
    some: dict[str, list[Patient]] = {}
    if SHARED.is_dir():
        some["Tainan, 752 villages"] = [real("tainan", "tainan_villages_big5_twd97.zip", 3826, encoding="big5")]
        some["Denver 2018, 356 precincts"] = [real("denver", "DenverCo_precincts2018_orig.zip", 32613)]
    made = [broken(seed) for seed in range(10 if quick else 200)]
    name = f"{len(made)} coverages broken on purpose"
    for one in made:
        plane = to_metric(one.cells, srid=TOWN_SRID)
        some.setdefault(name, []).append(Patient(name, one.cells, plane, TOWN_SRID, BROKEN_NARROW_M, one.truth))
    return some


def main() -> None:
    """Measure and report."""
    chosen = options("repair")
    report = Report("repair", judged=not chosen.quick)
    worst, ours_last = np.inf, Score()
    for name, patients in groups(quick=chosen.quick).items():
        as_came, ours, theirs = before(patients), mended(patients, OURS), mended(patients, MAUP)
        cells = sum(len(patient.cells) for patient in patients)
        for engine, score in ((OURS, ours), (MAUP, theirs)):
            ratio = ours.seconds / score.seconds
            report.rows.append(Row(f"{name}: {engine}", score.seconds, cells / score.seconds, ratio))
            print(f"{name}: {engine} {score.seconds:.1f} s", flush=True)
        rows = [[label, *score.faults] for label, score in (("as it came", as_came), (OURS, ours), ("maup", theirs))]
        report.tables.append(Table(name, COLUMNS, rows))
        worst, ours_last = min(worst, theirs.seconds / ours.seconds), ours
        if patients[0].truth is not None:
            told = [[label, score.sound, score.wrong_m2] for label, score in ((OURS, ours), ("maup", theirs))]
            report.tables.append(Table("beside the truth", ["", "without fault", "m2 elsewhere"], told))
        left = sum(ours.faults[row] for row in (*_TO_BE_GONE, 0, 1))
        report.promises.append(Promise(f"{name}: faults left and cells lost, at most", 0, left, left == 0))
    share = ours_last.sound / ours_last.patients
    report.promises += [
        Promise("broken coverages without a fault afterwards, share", 1, share, share == 1),
        Promise("times as fast as maup, the least of all, at least", 3, worst, worst >= 3),
    ]
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
