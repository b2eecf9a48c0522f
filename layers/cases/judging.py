"""Between reading a chunk of reports and storing it: place, person, decision for every row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.readers.chunk import BadRow, Chunk
from data.readers.columns import require
from data.tables import Scheme
from gis.datum import suspect_swap
from layers.cases.assign import Decision, decide
from layers.cases.expect import Expectation
from layers.cases.history import Historian, History
from layers.cases.placing import Placements, Placer
from layers.cases.rows import Reports, RowOptions, read_reports, settled_options
from layers.matters.held import ANY_PLACE
from layers.staff.duties import Answer, who_answers


@dataclass
class Judged:
    """One chunk, ready to be stored; arrays and lists have one entry for each good row.

    Attributes:
        placements: One for each scheme, the routing scheme first.
        routing: Index of the placement that routes.
        state, queue_reason, staff_id: As in `Decision`.
        reasons: The decisions' reasons as JSON text.
        task_grid: Grid that gets the task, -1 for none.
        history: What the catalogue says; None in a city without one.
        judged_by: Scheme id to its newest version when the boundaries were read.
        columns, source: As in `RowOptions`.
        bad: Rows set aside.
        rows: Rows read, good and bad.
    """

    reports: Reports
    placements: list[Placements]
    routing: NDArray[np.int64]
    state: list[str]
    queue_reason: list[str | None]
    staff_id: list[int | None]
    reasons: list[str]
    task_grid: NDArray[np.int64]
    history: History | None
    judged_by: dict[int, int]
    columns: dict[str, str]
    source: str
    bad: list[BadRow]
    rows: int

    @property
    def ids(self) -> pd.Index:
        """Source ids of the good rows, where the file has any."""
        return pd.Index(self.reports.frame[self.columns["id"]]) if "id" in self.columns else pd.Index([])

    def pick(self, name: str) -> NDArray[Any]:
        """An attribute of the routing placement of each row."""
        return _pick(self.placements, self.routing, name)


class ChunkJudge:
    """Everything between reading a chunk and storing it; keeps coverages and answers between chunks."""

    def __init__(self, session: Session, routing: Scheme, options: RowOptions, expectation: Expectation | None) -> None:
        self._session = session
        self._routing = routing
        self._options = options
        self._expectation = expectation
        self._placer = Placer(session, routing)
        self.judged_by = self._placer.newest
        self._bounds = self._placer.get_ready(routing)
        self._historian = Historian(session, routing.tree, options)
        self._now = datetime.now(UTC)
        self._answers: dict[int, Answer] = {}
        self._decided: dict[tuple[Any, ...], tuple[Decision, list[str]]] = {}
        self._checked = False

    @property
    def remarks(self) -> list[str]:
        """What a person should know of how the points were placed."""
        return self._placer.remarks

    def judge(self, chunk: Chunk, *, again: bool = False) -> Judged:
        """Place and decide the good rows of a chunk; the others are set aside.

        Args:
            chunk: Rows as read.
            again: Whether another judge had it before, so that the expectation knows it.
        """
        if not self._checked:
            names = [str(name) for name in chunk.frame.columns]
            self._options = settled_options(self._options, names, crs=chunk.crs)
            require(names, {"expect": self._expectation.column if self._expectation else None})
            self._checked = True
        reports = read_reports(chunk, self._options, now=self._now)
        if self._expectation and not again:
            self._expectation.compare(reports, self._placer, self._routing)
        placements = self._placer.place(reports.lon, reports.lat, reports.occurred_at)
        good = self._reject_unplaceable(reports, placements[0])
        if not good.all():
            reports = reports.keep(good)
            for one in placements:
                one.keep(good)
        routing = _routing(placements)
        task = self._task_grids(reports, placements, routing)
        decisions = self._decide(reports, placements, routing, task)
        kept = [
            decision.with_state(asked) for (decision, _), asked in zip(decisions, self._asked(reports), strict=True)
        ]
        state = [decision.state for decision in kept]
        return Judged(
            reports=reports,
            placements=placements,
            routing=routing,
            state=state,
            queue_reason=[decision.queue_reason for decision in kept],
            staff_id=[decision.staff_id for decision in kept],
            reasons=[reasons for _, reasons in decisions],
            task_grid=task,
            history=self._historian.tell(reports, place_class=self._place_classes(task), state=state),
            judged_by=self.judged_by,
            columns=self._options.columns,
            source=self._options.source,
            bad=reports.sieve.bad,
            rows=len(chunk.frame) + len(chunk.bad),
        )

    def _asked(self, reports: Reports) -> list[str]:
        """The state that each row comes with; where none is said, by whether it says when it was closed."""
        if np.isnat(reports.closed_at).all():
            otherwise: Any = "reported"
        else:
            otherwise = pd.Series(np.where(np.isnat(reports.closed_at), "reported", "archived"), dtype="str")
        return list(reports.column(self._options.columns, "state").fillna(otherwise))

    def _reject_unplaceable(self, reports: Reports, placed: Placements) -> NDArray[np.bool_]:
        none_then = placed.version == 0
        uncovered = ~placed.covers & ~none_then
        far = placed.outside_m > self._routing.far_limit_m
        swapped = suspect_swap(reports.lon, reports.lat, bounds=self._bounds) & far
        for mask, reason, detail in (
            (none_then, "no_boundaries_then", "The scheme had no boundaries at that time."),
            (uncovered, "not_covered", "The scheme is partial and has no grid here."),
            (
                swapped,
                "too_far_swapped",
                "Too far outside; with the coordinates swapped it would lie inside.",
            ),
            (far & ~swapped, "too_far", f"More than {self._routing.far_limit_m:.0f} m outside all grids."),
        ):
            if mask.any():
                rows = np.isin(reports.sieve.frame["row_no"].to_numpy(), reports.row_no[mask])
                lon, lat = self._options.columns["lon"], self._options.columns["lat"]
                reports.sieve.reject(rows, field=lon, reason=reason, show=(lon, lat), detail=detail)
        return np.asarray(~(none_then | uncovered | far))

    def _task_grids(
        self, reports: Reports, placements: list[Placements], routing: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        task = self._with_ground_today(reports, placements[0])
        for index in np.unique(routing[routing > 0]):
            # Where a partial scheme has no ground any more, the task goes where it would go without that scheme.
            partial = self._with_ground_today(reports, placements[index])
            task = np.where((routing == index) & (partial >= 0), partial, task)
        missing = set(np.unique(task[task >= 0]).tolist()) - self._answers.keys()
        if missing:
            self._answers |= who_answers(self._session, missing, at=self._now)
        return task

    def _place_classes(self, task: NDArray[np.int64]) -> NDArray[Any]:
        """What kind of place each row lies in: that of its grid, the city's outside all grids."""
        grids, of = np.unique(task, return_inverse=True)
        answers = (self._answers.get(grid) for grid in grids.tolist())
        classes = [(one and one.place_class) or ANY_PLACE for one in answers]
        return np.array(classes, dtype=object)[of]

    def _with_ground_today(self, reports: Reports, placed: Placements) -> NDArray[np.int64]:
        """The owning grids; for one that is gone, today's grid of its scheme on the same ground, -1 for none."""
        task = placed.grid_id.copy()
        gone = ~placed.current & (task >= 0)
        if gone.any():
            task[gone] = self._placer.today(placed.scheme, reports.lon[gone], reports.lat[gone])
        return task

    def _decide(
        self,
        reports: Reports,
        placements: list[Placements],
        routing: NDArray[np.int64],
        task: NDArray[np.int64],
    ) -> list[tuple[Decision, str]]:
        """A decision, and its reasons as JSON, for each row.

        Rows that differ in nothing but their distance to the edge share both; the distance is put into the text.
        """
        grid, edge, second, near, version = (
            _pick(placements, routing, name)
            for name in ("grid_id", "edge_distance_m", "second_id", "near_border", "version")
        )
        arrays = (routing, version, grid, task, second, near, edge == 0, reports.datum)
        keys = zip(*(values.tolist() for values in arrays), strict=True)
        decided = []
        for row, (key, inside, edge_m) in enumerate(zip(keys, (grid >= 0).tolist(), edge.tolist(), strict=True)):
            known = self._decided.get(key) if inside else None
            if known is None:
                known = self._decide_row(placements, row, key[0], task=key[3], datum=key[-1])
                if inside:
                    self._decided[key] = known
            decided.append((known[0], _distance(edge_m).join(known[1])))
        return decided

    def _decide_row(
        self, placements: list[Placements], row: int, index: int, *, task: int, datum: str
    ) -> tuple[Decision, list[str]]:
        """The decision on a row, and its reasons as JSON, cut where the distance to the edge stands."""
        chosen = [placements[0]] if index == 0 else [placements[0], placements[index]]
        places = [self._placer.place_of(one, row, today_id=task) for one in chosen]
        decision = decide(places, self._answers.get(task), datum=datum)
        edge_m = float(placements[index].edge_distance_m[row])
        return decision, json.dumps(decision.reasons, ensure_ascii=False).split(_distance(edge_m))


def _distance(edge_m: float) -> str:
    return f'"edge_distance_m": {edge_m!r}'


def _routing(placements: list[Placements]) -> NDArray[np.int64]:
    """For each row the index of the scheme that routes it; the same rule as `assign.routing_place`."""
    out = np.zeros(len(placements[0].grid_id), dtype=np.int64)
    # The other schemes come highest priority first, so the last one written here wins rightly.
    for index in range(len(placements) - 1, 0, -1):
        scheme = placements[index].scheme
        if scheme.extent == "partial" and scheme.priority > 0:
            out[placements[index].grid_id >= 0] = index
    return out


def _pick(placements: list[Placements], routing: NDArray[np.int64], name: str) -> NDArray[Any]:
    """An attribute of the routing placement of each row."""
    out = getattr(placements[0], name).copy()
    for index in range(1, len(placements)):
        rows = routing == index
        out[rows] = getattr(placements[index], name)[rows]
    return np.asarray(out)
