"""From the drawing plane to the ground: turned, gently bent, and stretched towards the edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.sample_town.lines import Floats
from data.sample_town.sizes import CENTRE, Size
from gis.crs import STORED_SRID, to_lattice, transformer

METRIC_SRID = 4547
_TURN = np.radians(7.0)


@dataclass(frozen=True)
class Bend:
    """A smooth map of the plane onto itself; waves are (length_m, slope, heading, phase)."""

    waves: Floats
    radius_m: float
    stretch: float

    def metric(self, drawn: Floats) -> Floats:
        """Points of the drawing plane as EPSG:4547 metres, shape (n, 2)."""
        moved = drawn.copy()
        for length, slope, heading, phase in self.waves:
            along = drawn[:, 0] * np.cos(heading) + drawn[:, 1] * np.sin(heading)
            swing = slope * length / (2 * np.pi) * np.sin(2 * np.pi * along / length + phase)
            moved += np.c_[-np.sin(heading) * swing, np.cos(heading) * swing]
        far = np.hypot(*moved.T) / self.radius_m
        moved *= (1 + self.stretch * far**1.5)[:, None]
        turn = np.array([[np.cos(_TURN), np.sin(_TURN)], [-np.sin(_TURN), np.cos(_TURN)]])
        return np.asarray(moved @ turn + np.array(transformer(STORED_SRID, METRIC_SRID).transform(*CENTRE)))


def bend(size: Size, rng: np.random.Generator) -> Bend:
    """A bend for a town of this size: waves a few kilometres long, and longer ones where there is room."""
    lengths = [w for w in (2_600, 3_900, 7_000, 13_000, 29_000) if w < 3.2 * size.radius_m]
    waves = np.array([(w, 0.1, rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)) for w in lengths])
    return Bend(waves, size.radius_m, size.stretch)


def lonlat(metric: Floats) -> Floats:
    """EPSG:4547 metres as EPSG:4326 degrees, each coordinate rounded to the lattice by itself."""
    return to_lattice(np.c_[transformer(METRIC_SRID, STORED_SRID).transform(metric[:, 0], metric[:, 1])])
