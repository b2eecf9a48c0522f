"""Random plans over random atoms, and what is true of any plan, found out by other means than the product's."""

from __future__ import annotations

from dataclasses import dataclass

import networkx
import numpy as np

from gis.atoms import Links, links
from gis.plans import Plan
from tests.meshes import Mesh

METRIC_SRID = 4547


@dataclass(frozen=True)
class Ground:
    """Quadrilaterals as atoms, with loads of which many are nothing and few are large."""

    atoms: np.ndarray
    load: np.ndarray
    links: Links


def ground(seed: int, *, across: int = 9) -> Ground:
    """A mesh of quadrilaterals; corners that touch are no borders."""
    rng = np.random.default_rng(seed)
    mesh = Mesh(rng, across=across, owners=across**2 - 1)
    mesh.dealt = np.arange(1, across**2 + 1).reshape(across, across)
    atoms, _ = mesh.cells()
    load = np.rint(rng.pareto(1.2, len(atoms)) * 20) * (rng.random(len(atoms)) < 0.8)
    return Ground(atoms, load, links(atoms, metric_srid=METRIC_SRID))


def grown_plan(of: Ground, parts: int, seed: int) -> Plan:
    """Parts grown from random atoms, each in one piece; so loads differ widely."""
    rng = np.random.default_rng(seed)
    beside = of.links.beside(len(of.atoms))
    part = np.full(len(of.atoms), -1)
    part[rng.choice(len(of.atoms), size=parts, replace=False)] = np.arange(parts)
    while (part < 0).any():
        for atom in rng.permutation(np.flatnonzero(part < 0)).tolist():
            taken = [other for other in beside[atom] if part[other] >= 0]
            if taken:
                part[atom] = part[rng.choice(taken)]
    return Plan(part, of.load, of.links)


def components(of: Links, part: np.ndarray) -> dict[int, int]:
    """Part -> in how many pieces it is."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(part)))
    graph.add_edges_from(pair for pair in of.pairs.tolist() if part[pair[0]] == part[pair[1]])
    counts: dict[int, int] = {}
    for piece in networkx.connected_components(graph):
        owner = int(part[min(piece)])
        counts[owner] = counts.get(owner, 0) + 1
    return counts


def spread_of(part: np.ndarray, load: np.ndarray) -> tuple[float, float]:
    """Standard deviation, and largest less smallest, of the loads of parts, by their mean."""
    sums = [float(load[part == one].sum()) for one in range(int(part.max()) + 1)]
    mean = sum(sums) / len(sums)
    return (sum((one - mean) ** 2 for one in sums) / len(sums)) ** 0.5 / mean, (max(sums) - min(sums)) / mean
