"""Ground dealt out anew: cut along what is drawn, each face given to a grid, faces of one grid joined again.

All edits that move ground are made by this, and all edits end in the same check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.edits_checked import check_edit, check_tiled
from gis.edits_cut import NEAR, Cut, Edge, Node, cut, with_nodes, without_nodes
from gis.edits_units import in_degrees, in_units, joined
from gis.errors import BadInput

Cells = Mapping[int, BaseGeometry]
Label = Callable[[Cut], list[int | None]]
"""Says whose each face is from now on."""


@dataclass(frozen=True)
class Edited:
    """Grids before and after an edit; `Locator.replace(before, after, numbers)` takes it as it is.

    Attributes:
        numbers: The grids whose polygons changed (k,), in order.
        before: Their polygons until then (k,), None for a grid that is new.
        after: Their polygons from then on (k,), None for a grid that ends.
    """

    numbers: tuple[int, ...]
    before: tuple[BaseGeometry | None, ...]
    after: tuple[BaseGeometry | None, ...]

    @property
    def torn(self) -> dict[int, int]:
        """Grids that are in more parts than before -> how many parts."""
        counts = shapely.get_num_geometries(np.array([self.before, self.after], dtype=np.object_))
        rows = zip(self.numbers, *counts.tolist(), strict=True)
        return {number: now for number, then, now in rows if now > max(then, 1)}

    def undone(self) -> Edited:
        """The edit that takes this one back."""
        return Edited(self.numbers, self.after, self.before)

    def on(self, cells: Cells) -> dict[int, BaseGeometry]:
        """Grids with this edit made; others stay the objects they are."""
        now = {**cells, **dict(zip(self.numbers, self.after, strict=True))}
        return {number: ground for number, ground in now.items() if ground is not None}


def redrawn(
    cells: Cells,
    stage: list[int],
    drawn: BaseGeometry,
    label: Label,
    *,
    nothing: str = "no_ground_here",
    afresh: bool = False,
) -> Edited:
    """Cut the ground of some grids along what is drawn, and deal out the faces anew.

    Args:
        cells: The grids and their neighbours.
        stage: Which ones.
        drawn: Lines, or polygons of which the outlines are meant, in lattice units.
        label: Says whose each face is from now on.
        nothing: The code of the refusal where nothing changes.
        afresh: Whether the old borders count for nothing: grids may end, and narrow pieces may change hands.

    Raises:
        BadInput: `no_ground_here` or the code given instead, `grid_would_end`, and those of every edit.

    >>> drawn = shapely.LineString([(2**22, -5), (2**22, 2**24 + 5)])
    >>> label = lambda made: [7 if face.centroid.x > 2**22 else 8 for face in made.faces]
    >>> redrawn({7: shapely.box(0, 0, 1, 1)}, [7], drawn, label).on({})[8].area
    0.25
    """
    units = in_units(cells)
    reach = shapely.box(*drawn.bounds)
    stage = [one for one in stage if afresh or shapely.dwithin(units[one], reach, 2 * NEAR)]
    if not stage:
        raise _nothing(nothing, drawn)
    made = _cut(units, stage, shapely.boundary(drawn) if drawn.area else drawn)
    labels = label(made)
    changed = {one for pair in zip(made.owners, labels, strict=True) if pair[0] != pair[1] for one in pair}
    if not changed:
        raise _nothing(nothing, drawn)
    goes = [[None if face is None else labels[face] for face in pair] for pair in made.pieces.values()]
    kept = {node for edge, (left, right) in zip(made.pieces, goes, strict=True) if left != right for node in edge}
    nodes = {edge: [node for node in some if node in kept] for edge, some in made.nodes.items()}
    dropped = {node for some in made.nodes.values() for node in some} - kept
    after: dict[int, BaseGeometry | None] = dict(with_vertices(units, nodes))
    # Its faces have all vertices yet, so a taker from elsewhere must have them too until they are joined.
    pieces = {one: [with_nodes(units[one], made.nodes)] for one in changed if one in units and one not in stage}
    dealt = _dealt(made, labels, changed)
    for (_, taker), faces in dealt.items():
        pieces.setdefault(taker, []).extend(faces)
    for one in sorted(number for number in changed if number is not None):
        if one not in pieces and not afresh:
            raise BadInput(
                "grid_would_end",
                f"This is all the ground of grid {one}; merge the grids if it is to end.",
                value=one,
                where=in_degrees(units[one]),
            )
        after[one] = without_nodes(joined(pieces[one]), dropped) if one in pieces else None
    moved = [] if afresh else [without_nodes(joined(faces), dropped) for faces in dealt.values()]
    return edited(cells, units, after, moved)


def _cut(units: Cells, stage: list[int], lines: BaseGeometry) -> Cut:
    try:
        return cut({one: units[one] for one in stage}, lines)
    except BadInput:
        check_tiled(units)
        raise


def _dealt(
    made: Cut, labels: list[int | None], changed: set[int | None]
) -> dict[tuple[int | None, int], list[BaseGeometry]]:
    """The faces that each grid which changes has from each, what it keeps of its own among them."""
    found: dict[tuple[int | None, int], list[BaseGeometry]] = {}
    for face, owner, taker in zip(made.faces, made.owners, labels, strict=True):
        if taker is not None and taker in changed:
            found.setdefault((owner, taker), []).append(face)
    return found


def _nothing(code: str, drawn: BaseGeometry) -> BadInput:
    where = in_degrees(drawn)
    if code == "line_does_not_cut":
        return BadInput(
            "line_does_not_cut", "The line does not cut the grid; draw it from border to border.", where=where
        )
    if code == "nothing_changes":
        return BadInput("nothing_changes", "All ground stays with the grid that has it.", where=where)
    return BadInput("no_ground_here", "Inside what is drawn lies no ground that could be given.", where=where)


def edited(cells: Cells, units: Cells, after: Mapping[int, BaseGeometry | None], moved: list[BaseGeometry]) -> Edited:
    """Check what an edit made, and tell it in degrees.

    Args:
        cells: The grids given, in degrees.
        units: The same in lattice units.
        after: Those that changed in lattice units, None for one that ends.
        moved: Ground that changed hands, and what its giver keeps, in lattice units.

    Raises:
        BadInput: What `check_edit` refuses.

    >>> cells = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1)}
    >>> done = edited(cells, in_units(cells), {1: None, 2: shapely.box(0, 0, 2**25, 2**24)}, [])
    >>> done.after[0], done.after[1].area
    (None, 2.0)
    """
    check_edit(units, after, moved)
    numbers = tuple(sorted(after))
    now = tuple(None if after[one] is None else in_degrees(after[one]) for one in numbers)
    return Edited(numbers, tuple(cells.get(one) for one in numbers), now)


def with_vertices(units: Cells, nodes: Mapping[Edge, list[Node]]) -> dict[int, BaseGeometry]:
    """The grids that have one of the borders, with its new vertices.

    >>> made = with_vertices({1: shapely.box(0, 0, 2, 2), 2: shapely.box(2, 0, 4, 2)}, {((0, 0), (2, 0)): [(1, 0)]})
    >>> list(made), made[1].wkt
    ([1], 'POLYGON ((2 0, 2 2, 0 2, 0 0, 1 0, 2 0))')
    """
    places = [node for some in nodes.values() for node in some]
    if not places:
        return {}
    reach = shapely.MultiPoint(places)
    tree = STRtree(list(units.values()))
    near = tree.query(reach, predicate="dwithin", distance=NEAR).tolist()
    wider = {number: with_nodes(ground, nodes) for row, (number, ground) in enumerate(units.items()) if row in near}
    return {number: ground for number, ground in wider.items() if ground is not units[number]}
